// The documentation page: shows /v1/openapi.json. Everything enters the page as text.
"use strict";

const TEXT = {
  zh: {
    title: "汇流 · 接口文档", filter: "筛选", other: "English", keys: "凭据", none: "无须凭据", parameters: "参数", body: "请求体", answers: "应答",
    example: "示例", shape: "结构", header: "应答头", about: "总则", lost: "文档无法读取", channelKey: "来源系统", departmentKey: "承办单位",
    operatorKey: "中心人员", machineKey: "中心程序", webhookId: "Standard Webhooks 签名", or: "或", any: "任意", one: "其一", list: "列表",
  },
  en: {
    title: "Huiliu · HTTP interface", filter: "Filter", other: "中文", keys: "Keys", none: "no key needed", parameters: "Parameters", body: "Body", answers: "Answers",
    example: "example", shape: "shape", header: "headers", about: "In general", lost: "The document cannot be read", channelKey: "channel", departmentKey: "department",
    operatorKey: "operator", machineKey: "machine", webhookId: "Standard Webhooks signature", or: "or", any: "anything", one: "one of", list: "list of",
  },
};
let language = localStorage.getItem("language") || "zh";
let spec = null;

const at = (id) => document.getElementById(id);
const t = (name) => TEXT[language][name] ?? name;
const resolved = (node) => (node?.$ref ? node.$ref.slice(2).split("/").reduce((found, key) => found?.[key], spec) : node);

/** An element with attributes and children; a string child is text and nothing else. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined));
  return made;
}

/** `zh · en`, or Chinese up to the first Latin sentence: the half in the reader's language. */
function half(text = "") {
  const [zh, en] = text.split(" · ");
  if (en !== undefined) return language === "zh" ? zh : en;
  const both = /^(.*?[。）]) ([\x20-\x7e].*)$/s.exec(text);
  return both ? both[language === "zh" ? 1 : 2] : text;
}

/** Text with `code` and **strong words**. */
function prose(text) {
  const part = (piece) => {
    if (piece.startsWith("`")) return el("code", {}, piece.slice(1, -1));
    if (piece.startsWith("**")) return el("strong", {}, piece.slice(2, -2));
    return piece;
  };
  return el("p", {}, text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).filter(Boolean).map(part));
}

function kind(schema) {
  const s = resolved(schema);
  if (!s || Object.keys(s).length === 0) return t("any");
  if (s.const !== undefined) return JSON.stringify(s.const);
  if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(" | ");
  const several = s.oneOf ?? s.anyOf;
  if (several?.every((v) => v.const !== undefined || v.enum)) return several.map(kind).join(" | ");
  if (several && !s.type) return several.map((v) => (v.$ref ? v.$ref.split("/").pop() : resolved(v).type ?? t("one"))).join(" | ");
  const type = [s.type ?? "object"].flat().join(" | ");
  const more = [s.format, s.pattern, s.minimum !== undefined || s.maximum !== undefined ? `${s.minimum ?? ""}…${s.maximum ?? ""}` : null];
  const of = s.items ? ` ${t("list")} ${kind(s.items)}` : "";
  return [schema.$ref ? schema.$ref.split("/").pop() : type + of, ...more].filter(Boolean).join(" ");
}

/** The fields of a shape; what lies deeper is made when it is opened. */
function fields(schema) {
  const s = resolved(schema) ?? {};
  const inner = s.items ?? (typeof s.additionalProperties === "object" ? s.additionalProperties : null);
  const rows = Object.entries(s.properties ?? {}).map(([name, field]) => {
    const must = s.required?.includes(name) ? "code must" : "code";
    const said = field.description ?? resolved(field)?.description ?? "";
    const line = [el("span", { class: must }, name), " ", el("span", { class: "quiet code" }, kind(field)), said ? ` — ${said}` : ""];
    return hasMore(field) ? el("div", {}, folded(line, () => fields(field))) : el("div", {}, line);
  });
  const choices = (s.oneOf ?? s.anyOf ?? []).filter(hasMore);
  rows.push(...choices.map((choice) => el("div", {}, folded([el("span", { class: "quiet code" }, kind(choice)), ` ${resolved(choice).description ?? ""}`], () => fields(choice)))));
  if (inner && hasMore(inner)) rows.push(fields(inner));
  return el("div", { class: "shape" }, rows);
}

function hasMore(schema) {
  const s = resolved(schema) ?? {};
  const inner = s.items ?? (typeof s.additionalProperties === "object" ? s.additionalProperties : null);
  return Boolean(s.properties || (s.oneOf ?? s.anyOf ?? []).some(hasMore) || (inner && hasMore(inner)));
}

function folded(line, make) {
  const box = el("details", {}, el("summary", {}, line));
  box.addEventListener("toggle", () => box.open && box.children.length === 1 && box.append(make()));
  return box;
}

const shown = (value) => el("pre", {}, typeof value === "string" ? value : JSON.stringify(value, null, 2));

function contents(content) {
  return Object.entries(content ?? {}).map(([media, { schema, example, examples }]) => el("div", {},
    el("code", {}, media),
    hasMore(schema) ? folded([t("shape")], () => fields(schema)) : null,
    example !== undefined && example !== "" ? folded([t("example")], () => shown(example)) : null,
    Object.entries(examples ?? {}).map(([name, e]) => folded([t("example"), " ", el("code", {}, name)], () => shown(e.value)))));
}

function answer([status, said]) {
  const headers = Object.keys(said.headers ?? {});
  return el("div", {},
    folded([el("span", { class: status >= 400 ? "status bad" : "status" }, status), ` ${half(said.description)}`],
      () => el("div", { class: "shape" }, contents(said.content), headers.length ? el("p", { class: "quiet" }, `${t("header")}: ${headers.join(", ")}`) : null)));
}

function operation(path, method, said) {
  const keys = said.security.map((s) => t(Object.keys(s)[0])).join(` ${t("or")} `);
  const parameters = (said.parameters ?? []).map(resolved).map((p) => el("div", {},
    el("span", { class: p.required ? "code must" : "code" }, p.name), " ", el("span", { class: "quiet code" }, `${p.in} ${kind(p.schema)}`), ` — ${half(p.description)}`));
  return el("article", { id: said.operationId },
    el("h3", {}, el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, path), half(said.summary)),
    said.description ? prose(half(said.description)) : null,
    el("p", { class: "quiet" }, `${t("keys")}: ${keys || t("none")}`),
    parameters.length ? [el("h4", {}, t("parameters")), parameters] : null,
    said.requestBody ? [el("h4", {}, t("body")), contents(said.requestBody.content)] : null,
    el("h4", {}, t("answers")), Object.entries(said.responses).map(answer));
}

function show() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = at("title").textContent = t("title");
  at("language").textContent = t("other");
  at("filter-label").textContent = t("filter");
  if (!spec) return;
  const wanted = at("filter").value.trim().toLowerCase();
  const all = Object.entries(spec.paths).flatMap(([path, item]) => Object.entries(item).map(([method, said]) => ({ path, method, said })));
  const found = all.filter(({ path, said }) => `${path} ${said.summary} ${said.operationId}`.toLowerCase().includes(wanted));
  const about = el("section", {}, el("h2", {}, t("about")), el("article", {}, spec.info.description.split("\n\n").map((p) => prose(half(p)))));
  const groups = spec.tags.map((tag) => ({ tag, of: found.filter(({ said }) => said.tags.includes(tag.name)) })).filter(({ of }) => of.length);
  at("contents").replaceChildren(...groups.flatMap(({ tag, of }) => [
    el("h2", {}, half(tag.description).split(/[：.。]/)[0]),
    ...of.map(({ path, said }) => el("a", { href: `#${said.operationId}`, title: path }, half(said.summary)))]));
  at("operations").replaceChildren(...(wanted ? [] : [about]), ...groups.map(({ tag, of }) => el("section", {},
    el("h2", {}, half(tag.description)), of.map(({ path, method, said }) => operation(path, method, said)))));
}

async function start() {
  at("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    localStorage.setItem("language", language);
    show();
  });
  at("filter").addEventListener("input", show);
  show();
  try {
    spec = await (await fetch("/v1/openapi.json")).json();
    show();
    if (location.hash) at(location.hash.slice(1))?.scrollIntoView();
  } catch {
    at("operations").replaceChildren(el("p", { class: "trouble" }, t("lost")));
  }
}

start();
