//! The plan as the texts of a folder. Pure.

use std::fmt::Write as _;

use super::plan::{Line, Plan, quoted};
use crate::decode::Format;
use crate::map::target_order;

/// `map.toml`.
pub(super) fn map(plan: &Plan) -> String {
    let mut out = String::from(
        "# 由样例起草 drafted from samples。左边是本平台字段，from 是来源字段（按优先顺序）。\n\
         # 每个来源字段一行说明：高 = 有把握，中、低 = 待确认。以 #? 开头的行由 `huiliu pack lint` 列出，确认后删去该行。\n\
         # Left: our field; from: the source's, in order of preference. Lines that begin with #? are for a person to decide.\n\
         zone = \"Asia/Shanghai\"\n",
    );
    out.push_str("\n# 故意不读的来源字段 left unread on purpose\nignore = [\n");
    for (path, said) in &plan.ignored {
        let _ = writeln!(out, "    {}\n    {},", one_line(said), quoted(path));
    }
    out.push_str("]\n\n[fields]\n");
    let mut fields: Vec<_> = plan.fields.iter().collect();
    fields.sort_by_key(|(target, _)| target_order(target));
    for (target, line) in fields {
        push(&mut out, &format!("\"{target}\""), line);
    }
    for persons in &plan.persons {
        let _ = writeln!(out, "\n[[persons]]\nrole = \"{}\"", persons.role);
        if let Some(each) = &persons.each {
            let _ = writeln!(out, "each = {}", quoted(each));
        }
        for (field, line) in &persons.fields {
            push(&mut out, &format!("fields.{field}"), line);
        }
    }
    for link in &plan.links {
        said(&mut out, "\n", &link.line);
        let _ = writeln!(out, "[[{}]]", link.kind);
        if let Some(namespace) = link.namespace {
            let _ = writeln!(out, "namespace = \"{namespace}\"");
        }
        let _ = writeln!(out, "from = [{}]", listed(&link.line.from));
    }
    for urge in &plan.urges {
        said(&mut out, "\n", urge);
        let path = listed(&urge.from);
        let _ = writeln!(out, "[[intent]]\npresent = {path}\nthen = \"urge\"\nsource = {path}");
    }
    if plan.fields.contains_key("upstream.state") {
        out.push_str("\n# 来源撤销的，本平台撤回 what the source cancels is withdrawn\n[[intent]]\nstate = [\"cancelled\"]\nthen = \"withdraw\"\n");
    }
    open(&mut out, plan);
    out
}

/// What is left: candidates for a person, commented out.
fn open(out: &mut String, plan: &Plan) {
    if plan.open.is_empty() {
        return;
    }
    out.push_str(
        "\n# —— 未采用 not taken ——\n# 要用的：把下一行移到 [fields] 并去掉 #；不用的：写进 ignore。两者都要删去 #? 行。\n\
         # To use one: move its line to [fields] without the #; to leave it: name it in ignore. Delete the #? line.\n",
    );
    for (why, candidate) in &plan.open {
        let _ = writeln!(out, "#? {}", one_line(why));
        if let Some(candidate) = candidate {
            let _ = writeln!(out, "# {candidate}");
        }
    }
}

fn push(out: &mut String, key: &str, line: &Line) {
    said(out, "", line);
    let from = format!("from = [{}]", listed(&line.from));
    let all: Vec<String> = std::iter::once(from).chain(line.options.iter().cloned()).collect();
    let _ = writeln!(out, "{key} = {{ {} }}", all.join(", "));
}

fn said(out: &mut String, before: &str, line: &Line) {
    out.push_str(before);
    for said in &line.said {
        let _ = writeln!(out, "{}", one_line(said));
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn listed(paths: &[String]) -> String {
    paths.iter().map(|path| quoted(path)).collect::<Vec<_>>().join(", ")
}

/// `pack.toml`.
pub(super) fn pack(name: &str, format: Format, lists: &[String]) -> String {
    let format = match format {
        Format::Json => "json",
        Format::Form => "form",
        Format::Csv => "csv",
    };
    format!(
        "# 怎样往来 how it talks。地址、密钥写在设置里，不写在这里 addresses and keys are in the settings, never here.\n\
         name = {name}\nnamespace = {name}\n\
         # 人们怎样称呼它 what people call it\n\
         title = {{ zh = {name}, en = {name} }}\n\n\
         [push]\nformat = \"{format}\"\n\
         # 一批记录所在之处；都没有时整个报文是一条记录 where a batch lies; otherwise the body is one record\n\
         records = [{}]\nverification = [\"standard-webhooks\"]\nanswer = \"receipt\"\n\n\
         # 由本平台去拉取时 if it is pulled instead:\n\
         # key_header = \"X-App-Key\"    （放在 [push] 之前 above [push]）\n\
         # [pull]\n# kind = \"window\"\n# path = \"/api/records\"\n\
         # params = {{ from = \"updatedFrom\", to = \"updatedTo\", page = \"page\", size = \"pageSize\" }}\n\
         # page_size = 100\n# records = \"data.rows\"\n# requests_per_minute = 60\n",
        listed(lists),
        name = quoted(name),
    )
}

/// What makes a spreadsheet program on Chinese Windows read UTF-8, and not GBK.
pub(super) const MARK: &str = "\u{feff}";

/// `tables/NAME.csv`.
pub(super) fn table(rows: &[(String, String, String)]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = std::iter::once(["code", "word", "note"].map(str::to_owned))
        .chain(rows.iter().map(|(code, word, note)| [code.clone(), word.clone(), note.clone()]))
        .all(|row| writer.write_record(row).is_ok());
    let bytes = if written { writer.into_inner().unwrap_or_default() } else { Vec::new() };
    format!("{MARK}{}", String::from_utf8(bytes).unwrap_or_default())
}

/// `README.md`.
pub(super) fn readme(name: &str, plan: &Plan, records: usize, unnamed: &[String]) -> String {
    let [high, middle, low, none] = plan.count;
    let mut out = format!(
        "# {name}\n\n由 {records} 条样例起草：{high} 个来源字段有把握，{middle} 个待确认，{low} 个只有线索，{none} 个未能判断。\n\
         Drafted from {records} sample records: {high} fields of the source are sure, {middle} to be confirmed, {low} no more than a hint, {none} unknown.\n\n\
         1. `huiliu pack lint {name}`：列出待确认的行、未译的代码、未读的字段 lists what is left to decide.\n\
         2. `map.toml`：逐条确认 `#?` 行；`tables/*.csv`：填写 word 列 decide the `#?` lines; fill in the word column.\n\
         3. `huiliu pack try {name} 样例文件`：看一条记录会变成什么 shows what becomes of a record.\n\
         4. `fixtures/*.expected.json`：是起草时的结果，核对无误后保留 what came of the draft; keep it once it is right, then `huiliu pack test {name}` holds it.\n\
         5. 回写：在 `map.toml` 写 `[answers]` 与 `[writeback.*]` how the source is told: see `docs/packs.md`.\n\n\
         `fixtures/` 中的个人信息已换成同样形状的虚构值 personal values in the fixtures are made up in the same shape.\n"
    );
    if !unnamed.is_empty() {
        let keys = unnamed.iter().map(|key| format!("`{}`", one_line(key))).collect::<Vec<_>>().join(" ");
        let _ = writeln!(out, "\n这些字段名无法写成路径 these keys no path can name: {keys}");
    }
    out
}
