// The status page. Shows what the read model says and changes nothing. Data only ever enters the page as text.
"use strict";

const TEXT = {
  zh: {
    title: "汇流", find_label: "查案件", find: "查", find_hint: "编号 / 来源编号 / 电话 / 证件号 / 词语", flow: "案件流向", channels: "渠道来件", channel: "渠道",
    minutes: "近 60 分钟", hour: "1 时", day: "24 时", total: "合计", departments: "承办单位队列", department: "单位",
    queued: "待签收", held: "在办", ended: "办结", oldest: "最久未签", happenings: "最近发生", time: "时间", number: "案件编号",
    what: "事件", who: "单位", why: "为什么", triage: "分拨台", figures: "质量", close: "关闭", key_title: "请输入运维密钥",
    key: "密钥", enter: "进入", key_wrong: "密钥无效或无权查看。", hold: "暂停", go: "继续", live: "实时", as_of: "日志位置",
    lost: "连接中断，正在重试", cut: "连接中断，请稍后再试。", late: "未在时限内得到应答，请稍后再试。", unanswered: "暂不能应答，正在重试", idle: "未在受理", unsure: "实时（是否受理未知）",
    no_engine: "引擎（nats-server）不可用：来件与办理均无法写入，来源得到 503。", no_work: "本网关正在启动或停止，暂不受理。", no_room: "新件被拒收（503），单位仍可办理：{why}", cases: "登记案件", answered: "答复已送达", waiting: "待送达", refused: "来源拒收",
    rule_share: "规则直接派单", triage_share: "转人工分拨", by_hand: "人工派单", return_rate: "退单率", returns: "退单 申请 / 准 / 不准",
    pending: "退单待裁定", unreadable: "日志中有 {n} 条报文无法读取，须人工处理。", files_refused: "{what} 的新文件有误未启用，仍用版本 {version}（{since} 起）：{why}", none: "暂无", other: "English", more: "更多",
    facts: "事项（由来件归一）", decision: "派单依据", history: "经过", entries: "队列条目", answers: "答复回写", sources: "来源编号",
    rule: "规则", matched: "命中", beaten: "胜过", excluded: "排除", confidence: "把握", directory: "目录版本", no_rule: "未按规则派单", detail: "明细",
    stage: "阶段", appeal: "诉求", matter: "事项", division: "属地", registered: "登记", updated: "更新", deadline: "最近期限", warning: "预警",
    assignments: "经办单位", live_entry: "有效", dead_entry: "已失效", missing: "未入日志", told: "已送达", no_way: "无回写通道", rejected: "拒收", not_found: "没有这个案件", found: "查找结果", found_by: "符合", capped: "尚未查完：可能的案件太多，可加词缩小范围。",
    deadlines: "期限", provisional: "暂定", requested_return: "申请退单", form: "来件形式", occurred_at: "发生时间", source_deadline: "来源期限",
    source_class: "来源分类", place_names: "地点", suggested_unit: "来源建议单位", urgency: "紧急程度", persons_count: "人数", affected_count: "涉及人数",
    flags: "标记", evidence: "佐证", point: "坐标", unknown_codes: "未译代码", registered_at: "来源登记", offered: "待签收", signed_for: "已签收",
    released: "已退出", lead: "主办", participant: "协办", hub: "系统", candidates: "候选",
  },
  en: {
    title: "Huiliu", find_label: "Find", find: "Go", find_hint: "number / source no. / phone / ID no. / words", flow: "Flow", channels: "Arrivals", channel: "Channel",
    minutes: "last 60 min", hour: "1 h", day: "24 h", total: "all", departments: "Department queues", department: "Department",
    queued: "queued", held: "held", ended: "ended", oldest: "oldest", happenings: "Happenings", time: "Time", number: "Case",
    what: "Event", who: "Department", why: "Why", triage: "Triage desk", figures: "Quality", close: "Close", key_title: "Operator key",
    key: "Key", enter: "Enter", key_wrong: "The key is not valid, or may not see this.", hold: "Pause", go: "Resume", live: "Live", as_of: "log",
    lost: "Connection lost, retrying", cut: "Connection lost: try again later.", late: "Not answered in time: try again later.", unanswered: "No answer for now, retrying", idle: "Takes no reports", unsure: "Live (whether work is taken is not known)",
    no_engine: "nats-server does not answer: nothing can be taken in or done, sources get 503.", no_work: "This gateway is starting or stopping and takes no work.", no_room: "New reports are refused (503), departments go on: {why}", cases: "Cases", answered: "Answered back", waiting: "waiting", refused: "refused by source",
    rule_share: "Dispatched by rule", triage_share: "Sent to triage", by_hand: "Dispatched by hand", return_rate: "Return rate", returns: "Returns asked / granted / refused",
    pending: "Returns to rule on", unreadable: "{n} log messages cannot be read: a person must look.", files_refused: "The new files of {what} are wrong and not in use; version {version} (since {since}) runs on: {why}", none: "None", other: "中文", more: "More",
    facts: "The matter, as the submission became", decision: "Why it went there", history: "History", entries: "Queue entries", answers: "Write-back", sources: "Source numbers",
    rule: "Rule", matched: "Matched", beaten: "Beat", excluded: "Ruled out", confidence: "Confidence", directory: "Directory", no_rule: "Not by a rule", detail: "Detail",
    stage: "Stage", appeal: "Appeal", matter: "Matter", division: "Division", registered: "Registered", updated: "Updated", deadline: "Next deadline", warning: "Warning",
    assignments: "Departments", live_entry: "live", dead_entry: "dead", missing: "not in log", told: "delivered", no_way: "no way back", rejected: "refused", not_found: "No such case", found: "Found", found_by: "Found by", capped: "Not all were looked into: add a word to narrow it down.",
    deadlines: "Deadlines", provisional: "provisional", requested_return: "asks to hand back", form: "Form", occurred_at: "Occurred", source_deadline: "Source's deadline",
    source_class: "Source's class", place_names: "Place", suggested_unit: "Suggested unit", urgency: "Urgency", persons_count: "Persons", affected_count: "Affected",
    flags: "Flags", evidence: "Evidence", point: "Point", unknown_codes: "Unknown codes", registered_at: "At source", offered: "offered", signed_for: "signed for",
    released: "out", lead: "lead", participant: "participant", hub: "hub", candidates: "Candidates",
  },
};
/** Words the server sends as codes only. */
const ZH = {
  anonymous: "匿名", confidential: "保密", public: "公开", joint: "联名", threat: "扬言", grave: "重大紧急", repeated: "重复信访", backlog: "积案",
  blue: "蓝", yellow: "黄", orange: "橙", red: "红", call: "来电", letter: "来信", visit: "来访", online: "网信", field: "巡查", referred: "转来",
};
const TONES = {
  registered: "accent", dispatched: "queued", triaged: "triage", triage: "triage", signed_for: "held", accepted: "held", in_progress: "held",
  progressed: "held", resolved: "ended", closed: "ended", answer_delivered: "ended", assessed: "ended", revisited: "ended",
  return_requested: "bad", return_granted: "triage", return_refused: "bad", declined: "bad", withdrawn: "bad", urged: "triage", reopened: "bad", warned: "bad",
  red: "warn-red", orange: "warn-orange", yellow: "warn-yellow", blue: "warn-blue",
};
const POLL_MS = 1500;
/** A connection that broke without a word is not waited for; a hub that gives up after 10 s may still say so. */
const PATIENCE_MS = 15000;
/** A search may wait for its turn first, and look for as long: no sooner than the hub itself gives up. */
const SEARCH_PATIENCE_MS = 45000;
const HAPPENINGS = 50;
/** What a header can carry: with any other key every question would fail before it is asked. */
const SENDABLE = /^[\x21-\x7e]+$/;

const state = {
  language: localStorage.getItem("language") || "zh", key: null, labels: {}, versions: [], overview: null, triage: null,
  happenings: [], since: null, held: false, open: null, turn: new AbortController(), asking: false, error: null, readiness: null,
};

const at = (id) => document.getElementById(id);
const t = (name) => TEXT[state.language][name] ?? name;
const english = (code) => String(code).replaceAll("_", " ");
const word = (code, zh = ZH[code]) => (state.language === "zh" && zh ? zh : english(code));
const named = (kind, code) => (code ? state.labels[kind]?.[code] ?? code : "—");
const tone = (name) => `t-${TONES[name] ?? "none"}`;

/** An element with attributes and children; a string child is text and nothing else. */
function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") made.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return made;
}

const number = (value) => new Intl.NumberFormat(state.language === "zh" ? "zh-CN" : "en").format(value);
const percent = (value) => (value === null ? "—" : `${(value * 100).toFixed(1)}%`);

/** To the minute; the year only where it is not this one. */
function moment(time) {
  if (!time) return "—";
  const [then, now] = [new Date(time), new Date()];
  const year = then.getFullYear() === now.getFullYear() ? undefined : "numeric";
  return then.toLocaleString("zh-CN", { hour12: false, year, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
}

/** To the second today, else as `moment`: what is from yesterday must not look new. */
function clock(time) {
  const then = new Date(time);
  return then.toDateString() === new Date().toDateString() ? then.toLocaleTimeString("zh-CN", { hour12: false }) : moment(time);
}

function age(seconds) {
  if (seconds === null || seconds === undefined) return "—";
  const zh = state.language === "zh";
  if (seconds < 60) return zh ? `${seconds} 秒` : `${seconds} s`;
  if (seconds < 3600) return zh ? `${Math.floor(seconds / 60)} 分` : `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return zh ? `${Math.floor(seconds / 3600)} 时` : `${Math.floor(seconds / 3600)} h`;
  return zh ? `${Math.floor(seconds / 86400)} 天` : `${Math.floor(seconds / 86400)} d`;
}

/** Text that is read aloud where it changed, and only then. */
function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes these the children. What says the same already stays, for whoever presses, marks or reads it; else what is around that. */
function fill(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const left = [...parent.childNodes];
  const take = (fits) => {
    const found = left.findIndex(fits);
    return found < 0 ? null : left.splice(found, 1)[0];
  };
  const same = children.map((child) => take((old) => old.isEqualNode(child)));
  const now = children.map((child, i) => same[i] ?? refilled(take((old) => frame(old) !== null && frame(old) === frame(child)), child));
  for (const old of left) old.remove();
  now.forEach((node, i) => node === parent.childNodes[i] || parent.insertBefore(node, parent.childNodes[i] ?? null));
  if (focused && !parent.contains(document.activeElement)) parent.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** An element but for what is in it. A button is kept whole or not at all: what pressing it does is seen in its name and its key. */
function frame(node) {
  if (!node.attributes || node.tagName === "BUTTON") return null;
  return [node.tagName, ...[...node.attributes].map(({ name, value }) => `${name}=${value}`)].join("\n");
}

function refilled(old, child) {
  if (!old) return child;
  fill(old, [...child.childNodes]);
  return old;
}

class Refused extends Error {}
/** It was waited for long enough. */
class Late extends Error {}
/** The hub is there, and says why it does not answer this. */
class Told extends Error {
  constructor({ status, title, title_en: english, detail }) {
    super(`${state.language === "zh" ? title : english}: ${detail}`);
    this.status = status;
  }
}

/** Over when it took too long, or when nobody wants it any more. Browsers of before 2024 know no `AbortSignal.any`. */
function until(patience, signal) {
  const late = AbortSignal.timeout(patience);
  if (!signal) return late;
  const either = new AbortController();
  for (const one of [late, signal]) {
    if (one.aborted) either.abort(one.reason);
    else one.addEventListener("abort", () => either.abort(one.reason), { once: true });
  }
  return either.signal;
}

/** Asks, and tells who waited too long from who wants it no more: browsers of before 2024 call both an abort. */
async function ask(path, options = {}) {
  try {
    return await answerTo(path, options);
  } catch (error) {
    const over = ["AbortError", "TimeoutError"].includes(error.name);
    throw over && !options.signal?.aborted ? new Late() : error;
  }
}

/** With something said, it is said in the body. */
async function answerTo(path, options) {
  const { said, signal, patience = PATIENCE_MS, cache = "no-store" } = options;
  const { key } = state;
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  const asked = said ? { method: "POST", headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify(said) } : { headers };
  const answer = await fetch(path, { ...asked, cache, signal: until(patience, signal) });
  if (answer.status === 401 || answer.status === 403) {
    // Another key was given meanwhile: this one is not asked about any more.
    if (key !== state.key) return answerTo(path, options);
    throw new Refused();
  }
  if (answer.status === 404) return null;
  if (answer.headers.get("Content-Type")?.startsWith("application/problem+json")) throw new Told(await answer.json());
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

/** Learns whether the hub takes work: what it has read it tells also when nothing comes in. Unknown where a proxy keeps that back. */
async function askReadiness() {
  const asking = fetch("/readyz", { cache: "no-store", signal: until(PATIENCE_MS) });
  const said = await asking.then((answer) => answer.json()).catch(() => null);
  state.readiness = typeof said?.ready === "boolean" ? said : null;
}

function askKey(wrong = Boolean(state.key)) {
  const dialog = at("ask-key");
  if (dialog.open) return;
  at("ask-why").textContent = wrong ? t("key_wrong") : "";
  dialog.showModal();
}

/** The key is good after all: nobody is asked for one any more. */
function stopAsking() {
  at("key").value = "";
  at("ask-key").close();
}

/** Whether the key can be used at all; if not, another is asked for. */
function useKey(key) {
  if (!SENDABLE.test(key)) {
    askKey(true);
    return false;
  }
  state.key = key;
  sessionStorage.setItem("key", key);
  return true;
}

// ---- the panels

function caseLink(item) {
  return el("button", { class: "link code", type: "button", "data-key": `${item.sequence}-${item.number}`, on: () => openCase(item.number) }, item.number);
}

/** 预警: seen at a glance wherever the case is listed. */
function warningTag(c) {
  return c.warning ? el("span", { class: `tag ${tone(c.warning)}` }, word(c.warning)) : null;
}

function flow(o) {
  const { totals, answers, routing } = o;
  const listed = (stage, label) => el("button", { class: "link", type: "button", "data-key": stage, on: () => openList(label, { stage }) }, label);
  const tile = (kind, label, value, note) => el("li", { class: `t-${kind}` }, el("small", {}, label), el("b", {}, number(value)), el("small", {}, note));
  fill(at("flow"), [
    tile("accent", t("cases"), totals.cases, `${t("rule_share")} ${percent(routing.rule_share)}`),
    tile("triage", listed("triage", t("triage")), totals.triage, `${t("triage_share")} ${percent(routing.triage_share)}`),
    tile("queued", listed("registered,dispatched", t("queued")), totals.queued, oldestNote(o)),
    tile("held", listed("signed_for,accepted,in_progress", t("held")), totals.held, `${t("pending")} ${number(o.returns.pending)}`),
    tile("ended", listed("resolved,assessed,closed,revisited,declined,withdrawn,closed_to_repetition,recorded", t("ended")), totals.ended, `${t("return_rate")} ${percent(o.returns.rate)}`),
    tile(answers.refused ? "bad" : "ended", t("answered"), answers.told, `${t("waiting")} ${number(answers.waiting)} · ${t("refused")} ${number(answers.refused)}`),
  ]);
}

function oldestNote(o) {
  const ages = o.departments.map((d) => d.oldest_age_seconds).filter((s) => s !== null);
  return `${t("oldest")} ${ages.length ? age(Math.max(...ages)) : "—"}`;
}

function spark(values) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const top = Math.max(1, ...values);
  const points = values.map((v, i) => `${(i * 92) / (values.length - 1)},${17 - (v / top) * 15}`);
  for (const [name, shape] of [["polygon", `0,18 ${points.join(" ")} 92,18`], ["polyline", points.join(" ")]]) {
    const line = document.createElementNS(space, name);
    line.setAttribute("points", shape);
    if (name === "polygon") line.setAttribute("class", "area");
    svg.append(line);
  }
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 92 18");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

const figure = (value) => el("td", { class: value ? "n" : "n zero" }, number(value));
const empty = (columns) => el("tr", {}, el("td", { colspan: columns, class: "empty" }, t("none")));

function channels(list) {
  const rows = list.map((c) => el("tr", {},
    el("td", {}, el("button", { class: "link", type: "button", "data-key": c.channel, title: c.channel, on: () => openList(named("channels", c.channel), { channel: c.channel }) }, named("channels", c.channel))),
    el("td", {}, spark(c.minutes)), figure(c.last_hour), figure(c.last_day), figure(c.total)));
  fill(at("channels"), rows.length ? rows : [empty(5)]);
}

function departments(list) {
  const most = Math.max(1, ...list.map((d) => d.queued + d.held));
  const sorted = [...list].sort((a, b) => b.queued + b.held - a.queued - a.held || b.ended - a.ended || a.department.localeCompare(b.department));
  const rows = sorted.map((d) => {
    const bar = el("div", { class: "share", "aria-hidden": "true" }, el("i"), el("i"));
    bar.children[0].style.width = `${(d.queued * 100) / most}%`;
    bar.children[1].style.width = `${(d.held * 100) / most}%`;
    const name = named("departments", d.department);
    return el("tr", {},
      el("td", {}, el("button", { class: "link", type: "button", "data-key": d.department, title: d.department, on: () => openList(name, { department: d.department }) }, name), bar),
      figure(d.queued), figure(d.held), figure(d.ended),
      el("td", { class: d.oldest_age_seconds > 14400 ? "n old" : "n", title: moment(d.oldest_at) }, age(d.oldest_age_seconds)));
  });
  fill(at("departments"), rows.length ? rows : [empty(5)]);
}

/** Where a rule stands; a rule of the law stands in no line. */
const place = (rule) => (rule.line ? `${rule.file}:${rule.line}` : rule.file);

function reason(why) {
  if (!why) return [];
  const parts = [];
  if (why.reasons.length) parts.push(el("span", {}, why.reasons.map((r) => word(r.code, r.zh)).join("；")));
  if (why.rule) parts.push(el("span", {}, `${why.rule.words} `), el("span", { class: "rule" }, place(why.rule)));
  if (why.words) parts.push(el("span", {}, why.words));
  return parts;
}

function doer(event) {
  if (event.type === "triaged") return t("triage");
  if (event.departments.length) return event.departments.map((d) => named("departments", d)).join("、");
  const { actor } = event;
  return actor.kind === "source" ? named("channels", actor.channel) : actor.kind === "hub" ? t("hub") : actor.name ?? "";
}

const eventTag = (event) => el("span", { class: `tag ${tone(event.type)}` }, word(event.type, event.type_zh));

function happenings(fresh) {
  const events = [...state.happenings].reverse();
  const rows = events.map((event) => el("tr", {},
    el("td", { title: event.at }, clock(event.at)), el("td", {}, caseLink(event)), el("td", {}, eventTag(event)),
    el("td", { title: event.departments.join(" ") }, doer(event)), el("td", {}, reason(event.why))));
  // A row is new once, and the same row afterwards.
  for (const row of at("happenings").children) row.removeAttribute("class");
  fill(at("happenings"), rows.length ? rows : [empty(5)]);
  events.forEach((event, i) => fresh.has(event.sequence) && at("happenings").children[i].classList.add("new"));
}

function triage(page, total) {
  at("triage-count").textContent = number(total);
  const cards = page.cases.map((c) => el("li", {},
    el("div", { class: "row" }, caseLink(c), el("span", { class: "quiet" }, age(Math.max(0, Math.floor((Date.now() - new Date(c.updated_at)) / 1000))))),
    el("div", { class: "tags" }, c.reasons.map((r) => el("span", { class: "tag t-triage" }, word(r.code, r.zh)))),
    el("div", { class: "quiet" }, [named("channels", c.channel), c.appeal && word(c.appeal, c.appeal_zh), c.matter && named("matters", c.matter), c.division && named("divisions", c.division)].filter(Boolean).join(" · "))));
  fill(at("triage"), cards.length ? cards : [el("li", { class: "empty" }, t("none"))]);
}

function figures({ routing, returns }) {
  const pair = (name, value) => [el("dt", {}, t(name)), el("dd", {}, value)];
  fill(at("figures"), [
    ...pair("rule_share", `${percent(routing.rule_share)}`), ...pair("triage_share", percent(routing.triage_share)), ...pair("by_hand", number(routing.by_hand)),
    ...pair("return_rate", percent(returns.rate)), ...pair("returns", `${number(returns.requested)} / ${number(returns.granted)} / ${number(returns.refused)}`), ...pair("pending", number(returns.pending)),
  ]);
}

function show(fresh = new Set()) {
  document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
  for (const node of document.querySelectorAll("[data-t]")) say(node, t(node.dataset.t));
  say(at("language"), t("other"));
  at("find-name").placeholder = t("find_hint");
  say(at("hold"), t(state.held ? "go" : "hold"));
  at("hold").setAttribute("aria-pressed", String(state.held));
  const o = state.overview;
  if (o) {
    flow(o);
    channels(o.channels);
    departments(o.departments);
    figures(o);
    triage(state.triage, o.totals.triage);
    happenings(fresh);
  }
  condition();
}

/** How things are: live only where the hub answers and takes work; and whatever a person must know of. */
function condition() {
  const { error, overview: o } = state;
  if (!error && !o) return;
  const idle = state.readiness ? idleness(state.readiness) : [];
  const well = !error && idle.length === 0;
  at("live").classList.toggle("lost", !well);
  at("live").classList.toggle("unsure", well && !state.readiness);
  say(at("live-text"), error ? broken(error) : t(idle.length ? "idle" : state.readiness ? "live" : "unsure"));
  at("live-at").textContent = error ? "" : `${t("as_of")} ${number(o.as_of)} · ${clock(o.at)}`;
  const troubles = [...idle, ...refusals(state.versions)];
  if (error instanceof Told) troubles.unshift(error.message);
  if (o?.unreadable > 0) troubles.push(t("unreadable").replace("{n}", number(o.unreadable)));
  at("trouble").hidden = troubles.length === 0;
  say(at("trouble"), troubles.join("\n"));
}

/** Why nothing comes in, though what is known is told. */
function idleness({ engine, taking_work: taking, no_room: why }) {
  return [engine ? null : t("no_engine"), taking ? null : t("no_work"), why ? t("no_room").replace("{why}", why) : null].filter(Boolean);
}

function broken(error) {
  if (error instanceof Refused) return t("key_wrong");
  return t(error instanceof Told || error instanceof Late ? "unanswered" : "lost");
}

/** Files that were refused: what runs instead, and the first thing that is wrong in them. */
function refusals(versions) {
  const said = ({ what, version, since, refused }) =>
    t("files_refused").replace("{what}", what).replace("{version}", version).replace("{since}", clock(since)).replace("{why}", refused.problems[0] ?? "");
  return versions.filter((v) => v.refused).map(said);
}

// ---- the drawer

/** Something else is asked for: what was open is no longer, and what was asked for before is not waited for. */
function turn() {
  state.open = null;
  state.turn.abort();
  state.turn = new AbortController();
  return state.turn.signal;
}

function openDrawer(title, body) {
  const drawer = at("drawer");
  const first = drawer.hidden;
  at("drawer-title").textContent = title;
  at("drawer-body").replaceChildren(...body);
  drawer.hidden = false;
  if (first) {
    state.before = document.activeElement;
    drawer.focus();
  }
}

function closeDrawer() {
  at("drawer").hidden = true;
  turn();
  state.before?.focus?.();
}

/** A table in the drawer, filled page by page; `load` gives a page's rows and where the next begins. */
async function openTable(title, heads, load) {
  const body = el("tbody");
  const more = el("button", { class: "plain", type: "button" }, t("more"));
  const why = el("p", { class: "quiet", role: "status" });
  const asked = turn();
  let cursor = null;
  const page = async () => {
    more.disabled = true;
    say(why, "");
    try {
      const { rows, next } = await load(cursor === null ? {} : { cursor }, asked);
      body.append(...rows);
      if (!body.children.length) body.append(empty(heads.length));
      cursor = next;
      more.hidden = cursor === null;
    } catch (error) {
      unanswered(error, (text) => say(why, text));
    } finally {
      more.disabled = false;
    }
  };
  more.addEventListener("click", page);
  openDrawer(title, [el("table", {}, el("thead", {}, el("tr", {}, heads.map((name) => el("th", {}, t(name))))), body), why, more]);
  await page();
}

const caseCells = (c) => [el("td", {}, caseLink(c), " ", warningTag(c)), el("td", {}, el("span", { class: `tag ${tone(c.stage)}` }, word(c.stage, c.stage_zh))), el("td", {}, named("departments", c.lead))];

const openList = (title, filter) => openTable(title, ["number", "stage", "department", "matter", "registered"], async (after, asked) => {
  const found = await ask(`/v1/cases?${new URLSearchParams({ ...filter, limit: 50, ...after })}`, { signal: asked });
  return { next: found.next, rows: found.cases.map((c) => el("tr", {}, caseCells(c), el("td", {}, named("matters", c.matter)), el("td", { class: "n" }, moment(c.registered_at)))) };
});

function foundBy(why) {
  const places = (why.where ?? []).map((place) => word(place.code, place.zh));
  return el("div", {}, el("span", { class: "tag" }, word(why.what, why.what_zh)), ` ${why.source ? `${why.source.namespace}:${why.source.id}` : places.join(" · ")}`);
}

/** One case under the very name that was typed is opened at once. */
async function search(q) {
  const page = (after, asked) => ask("/v1/search", { said: { q, ...after }, signal: asked, patience: SEARCH_PATIENCE_MS });
  try {
    const first = await page({}, turn());
    const [hit] = first.hits;
    if (first.hits.length === 1 && first.next === null && ["number", "source_number"].includes(hit.why[0].what)) return await openCase(hit.case.number);
    return await openTable(t("found"), ["number", "stage", "department", "registered", "found_by"], async (after, asked) => {
      const found = after.cursor ? await page(after, asked) : first;
      const rows = found.hits.map(({ case: c, why }) => el("tr", {}, caseCells(c), el("td", { class: "n" }, moment(c.registered_at)), el("td", {}, why.map(foundBy))));
      if (found.capped) rows.push(el("tr", {}, el("td", { colspan: 5, class: "empty" }, t("capped"))));
      return { rows, next: found.next };
    });
  } catch (error) {
    return unanswered(error, (text) => openDrawer(t("found"), [el("p", { class: "empty" }, text)]));
  }
}

async function openCase(name) {
  try {
    const view = await ask(`/v1/cases/${encodeURIComponent(name)}`, { signal: turn(), cache: "reload" });
    if (view) showCase(view);
    else openDrawer(name, [el("p", { class: "empty" }, t("not_found"))]);
  } catch (error) {
    unanswered(error, (text) => openDrawer(name, [el("p", { class: "empty" }, text)]));
  }
}

function showCase(view) {
  state.open = { name: view.case.number, sequence: view.case.sequence };
  openDrawer(view.case.number, caseBody(view));
}

/** The case that is open, as it is now: `no-cache` asks whether it has changed since, and sends nothing if not. */
async function followOpen() {
  const { open, turn: asked } = state;
  const view = await ask(`/v1/cases/${encodeURIComponent(open.name)}`, { cache: "no-cache" });
  if (view && asked === state.turn && view.case.sequence > open.sequence) showCase(view);
}

function pairs(list) {
  const shown = list.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el("dl", { class: "facts" }, shown.flatMap(([name, value]) => [el("dt", {}, t(name)), el("dd", {}, value)]));
}

const heading = (name) => el("h3", {}, t(name));

function caseBody(v) {
  const c = v.case;
  return [
    pairs([
      ["stage", el("span", { class: `tag ${tone(c.stage)}` }, word(c.stage, c.stage_zh))], ["channel", named("channels", c.channel)],
      ["department", named("departments", c.lead)], ["warning", warningTag(c)], ["registered", moment(c.registered_at)],
      ["updated", moment(c.updated_at)], ["sources", v.sources.map((s) => `${s.namespace}:${s.id}`).join("  ")], ["deadline", moment(c.next_deadline)],
    ]),
    heading("facts"), factPairs(v),
    heading("decision"), ...decisionBody(v),
    heading("assignments"), ...assigned(v), heading("entries"), entryTable(v.entries),
    heading("answers"), ...answered(v),
    heading("history"), el("ol", { class: "steps" }, v.history.map(step)),
  ];
}

function factPairs({ facts, case: c }) {
  const flags = Object.entries(facts.flags ?? {}).filter(([, set]) => set).map(([name]) => word(name));
  const plain = ["form", "suggested_unit", "urgency", "persons_count", "affected_count"].map((name) => [name, facts[name] === undefined ? null : word(facts[name])]);
  const times = ["registered_at", "occurred_at", "source_deadline"].map((name) => [name, facts[name] ? moment(facts[name]) : null]);
  const source = facts.source_class && [facts.source_class.code, facts.source_class.name].filter(Boolean).join(" ");
  return pairs([
    ["appeal", c.appeal && word(c.appeal, c.appeal_zh)], ["matter", c.matter && `${named("matters", c.matter)} (${c.matter})`],
    ["division", c.division && `${named("divisions", c.division)} (${c.division})`], ["place_names", facts.place_names?.join(" ")],
    ["source_class", source], ...plain, ...times, ["point", facts.point && `${facts.point.longitude.toFixed(5)}, ${facts.point.latitude.toFixed(5)}`],
    ["flags", flags.join(" · ")], ["evidence", facts.evidence?.join(" ")],
    ["unknown_codes", facts.unknown_codes && Object.entries(facts.unknown_codes).map((p) => p.join("=")).join(" ")],
  ]);
}

function decisionBody({ decision: d, reasons }) {
  if (!d) return [el("p", { class: "quiet" }, t("no_rule"))];
  const meter = el("span", { class: "meter", "aria-hidden": "true" }, el("i"));
  meter.firstChild.style.width = `${d.confidence}%`;
  const ruleLine = (rule, extra) => [el("div", {}, rule.words), el("div", { class: "rule" }, place(rule)), extra ? el("div", { class: "quiet" }, extra) : null];
  const parts = [];
  if (d.rule) parts.push(el("div", { class: "box" }, ruleLine(d.rule)));
  if (reasons.length) parts.push(el("div", { class: "box t-triage" }, el("div", { class: "tags" }, reasons.map((r) => el("span", { class: "tag t-triage" }, word(r.code, r.zh)))),
    d.verdict.candidates?.length ? el("div", { class: "quiet" }, `${t("candidates")}: ${d.verdict.candidates.map((x) => named("departments", x)).join("、")}`) : null));
  parts.push(pairs([
    ["confidence", el("span", {}, meter, ` ${d.confidence}`)], ["directory", el("span", { class: "code" }, d.directory.slice(0, 16))],
  ]));
  const list = (name, items) => items.length && parts.push(el("details", { open: name !== "beaten" }, el("summary", {}, `${t(name)} (${items.length})`), items));
  list("matched", d.matched.map((m) => el("div", {}, el("span", { class: "code" }, `${m.what} = ${m.value}`), el("span", { class: "quiet" }, `  ${m.because}`))));
  list("excluded", d.excluded.map((x) => el("div", {}, named("departments", x.department), el("span", { class: "quiet" }, `  ${x.because}`))));
  list("beaten", d.beaten.map((b) => el("div", { class: "box t-none" }, ruleLine(b.rule, b.because))));
  return parts;
}

function assigned({ assignments, deadlines }) {
  const parts = assignments.map((a) => el("div", {}, `${named("departments", a.department)} `, el("span", { class: "tag" }, t(a.role)), " ",
    el("span", { class: a.state === "released" ? "tag" : `tag ${a.state === "offered" ? "t-queued" : "t-held"}` }, t(a.state)), a.return_requested ? el("span", { class: "tag t-bad" }, t("requested_return")) : null));
  if (deadlines.length) parts.push(el("div", { class: "quiet" }, `${t("deadlines")}: ${deadlines.map((d) => `${word(d.clock, d.clock_zh)} ${moment(d.at)}${d.provisional ? ` (${t("provisional")})` : ""}`).join("；")}`));
  return parts.length ? parts : [el("p", { class: "quiet" }, t("none"))];
}

function entryTable(entries) {
  return el("table", {}, el("tbody", {}, entries.map((e) => el("tr", {}, el("td", { class: "n code" }, `#${e.n}`), el("td", {}, named("departments", e.department)),
    el("td", {}, `${word(e.kind, e.kind_zh)} · ${word(e.role, e.role_zh)}`), el("td", {}, moment(e.created_at)),
    el("td", {}, el("span", { class: `tag ${e.live ? "t-queued" : ""}` }, t(e.live ? "live_entry" : "dead_entry")), e.in_log ? null : el("span", { class: "tag t-bad" }, t("missing")))))));
}

function answered({ answers, history }) {
  const kind = (a) => word(a.what, history.find((h) => h.id === a.event)?.type_zh);
  const kinds = { told: ["told", "t-ended"], waiting: ["waiting", "t-triage"], refused: ["rejected", "t-bad"], no_way: ["no_way", "t-triage"] };
  const parts = answers.map((a) => el("div", {}, el("span", { class: `tag ${kinds[a.state][1]}` }, t(kinds[a.state][0])), ` ${kind(a)}`,
    a.source ? el("span", { class: "code" }, `  → ${a.source.namespace}:${a.source.id}`) : null, a.version === null ? null : el("span", { class: "quiet" }, `  v${a.version}`)));
  return parts.length ? parts : [el("p", { class: "quiet" }, t("none"))];
}

function step(event) {
  return el("li", { class: tone(event.type) }, el("div", {}, eventTag(event), ` ${doer(event)} `, el("span", { class: "quiet" }, moment(event.at)), el("span", { class: "rule" }, `  #${event.sequence}`)),
    el("div", {}, reason(event.why)),
    event.data ? el("details", {}, el("summary", {}, t("detail")), el("pre", {}, JSON.stringify(event.data, null, 1))) : null);
}

// ---- keeping up

function failed(error) {
  state.error = error;
  if (error instanceof Refused) askKey();
  condition();
}

/** What somebody asked for is not answered: `tell` shows why, in place of what stood there. Who asks for something else wants to hear nothing. */
function unanswered(error, tell) {
  if (error.name === "AbortError") return;
  if (error instanceof Told) tell(error.message);
  else if (error instanceof Refused) tell(t("key_wrong"));
  else tell(t(error instanceof Late ? "late" : "cut"));
}

async function follow() {
  const after = (since) => ask(`/v1/events?${since === null ? "" : `cursor=${since}&`}limit=${HAPPENINGS}`);
  const answer = await after(state.since).catch((error) => {
    // Beyond the end of the log: it was restored from before that place.
    if (state.since === null || error.status !== 422) throw error;
    Object.assign(state, { since: null, happenings: [] });
    return after(null);
  });
  // Too far behind to show one by one: go to the newest.
  const page = answer.more ? await after(null) : answer;
  const fresh = new Set(state.since === null ? [] : page.events.map((e) => e.sequence));
  const known = answer.more ? [] : state.happenings;
  state.happenings = [...known, ...page.events].slice(-HAPPENINGS);
  state.since = page.next;
  return fresh;
}

async function refresh() {
  if (!state.key || state.asking) return;
  state.asking = true;
  try {
    const [overview, waiting, { versions }] =
      await Promise.all([ask("/v1/overview"), ask("/v1/cases?stage=triage&limit=50"), ask("/v1/versions"), askReadiness()]);
    // Names follow the directory and the packs that are in use.
    const named = versions.map((v) => v.version).join();
    if (state.named !== named) Object.assign(state, { labels: await ask("/v1/labels"), named });
    // A log that was begun anew is another log.
    if (state.overview && overview.as_of < state.overview.as_of) Object.assign(state, { since: null, happenings: [] });
    const fresh = state.held ? new Set() : await follow();
    Object.assign(state, { overview, triage: waiting, versions, error: null });
    show(fresh);
    if (at("ask-key").open) stopAsking();
    if (state.open) await followOpen();
  } catch (error) {
    failed(error);
  } finally {
    state.asking = false;
  }
}

function begin() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get("key")?.trim() || sessionStorage.getItem("key");
  if (fragment.has("key")) {
    fragment.delete("key");
    history.replaceState(null, "", fragment.size ? `#${fragment}` : location.pathname);
  }
  at("language").addEventListener("click", () => {
    state.language = state.language === "zh" ? "en" : "zh";
    localStorage.setItem("language", state.language);
    show();
    if (state.open) openCase(state.open.name);
  });
  at("hold").addEventListener("click", () => {
    state.held = !state.held;
    show();
  });
  at("close").addEventListener("click", closeDrawer);
  document.addEventListener("keydown", (event) => event.key === "Escape" && !at("drawer").hidden && closeDrawer());
  at("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const typed = at("find-name").value.trim();
    if (typed) search(typed);
  });
  at("ask-key").addEventListener("close", () => {
    const typed = at("key").value;
    at("key").value = "";
    if (!typed || useKey(typed.trim())) refresh();
  });
  show();
  if (!given) askKey();
  else if (useKey(given)) refresh().then(() => fragment.get("case") && openCase(fragment.get("case")));
  setInterval(() => (document.hidden ? null : refresh()), POLL_MS);
}

begin();
