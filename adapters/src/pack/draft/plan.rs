//! From guesses about fields to the lines of a map: which field of the source feeds which of ours, in which order, and what
//! is left for a person to decide. Pure.

use std::collections::BTreeMap;

use huiliu_schemas::content::PersonRole;

use super::beside;
use super::columns::Column;
use super::guess::{self, Evidence, Guess, Sure, is_worded};
use super::{times, words};
use crate::map::target_order;
use crate::names::{self, PERSON};

/// A field of the source with what it is taken for.
pub(super) struct Taken<'c> {
    pub(super) column: &'c Column,
    pub(super) guess: Guess,
}

/// One line of the map.
#[derive(Default)]
pub(super) struct Line {
    pub(super) from: Vec<String>,
    /// `need = "required"` and the like.
    pub(super) options: Vec<String>,
    /// What is said above it, a line for each field of the source.
    pub(super) said: Vec<String>,
}

/// Persons of one place and part.
pub(super) struct Persons {
    pub(super) each: Option<String>,
    pub(super) role: PersonRole,
    pub(super) fields: BTreeMap<&'static str, Line>,
}

/// Another number.
pub(super) struct Link {
    /// `aliases` or `related`.
    pub(super) kind: &'static str,
    pub(super) namespace: Option<&'static str>,
    pub(super) line: Line,
}

/// What stands in a table: a code, our word or none, a note.
pub(super) type Row = (String, String, String);

/// The whole map.
#[derive(Default)]
pub(super) struct Plan {
    /// By the field of ours.
    pub(super) fields: BTreeMap<&'static str, Line>,
    pub(super) persons: Vec<Persons>,
    pub(super) links: Vec<Link>,
    /// Paths of numbers that are urged.
    pub(super) urges: Vec<Line>,
    /// Paths that are left, with why.
    pub(super) ignored: Vec<(String, String)>,
    /// Lines that a person may want: the reason, and the candidate.
    pub(super) open: Vec<(String, Option<String>)>,
    pub(super) tables: BTreeMap<&'static str, Vec<Row>>,
    /// The classes of the matter by name are among the built-in ones.
    pub(super) classes: bool,
    /// How many fields were guessed how surely: high, medium, low, not at all.
    pub(super) count: [usize; 4],
}

/// Whose numbers are no case's.
const OTHERS: [&str; 26] = [
    "dept", "org", "unit", "user", "area", "grid", "region", "tenant", "forum", "city", "street", "template", "parent",
    "batch", "open", "cell", "acct", "account", "cust", "meter", "device", "part", "line", "room", "student", "school",
];
/// Codes of one table at most.
const MOST_ROWS: usize = 60;

/// Whether a number is of a department, a person, a place or an account: no case's.
fn is_others(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    guess::is_secret(&path) || OTHERS.iter().any(|what| path.contains(what))
}

/// Makes the map of the fields that were met.
pub(super) fn plan(name: &str, columns: &[Column], records: usize) -> Plan {
    let mut plan = Plan::default();
    let mut taken: Vec<Taken<'_>> = Vec::new();
    for column in columns {
        match guess::guess(column) {
            Some(guess) => taken.push(Taken { column, guess }),
            None => plan.leave(column, None),
        }
    }
    beside::codes_beside_names(&mut taken, columns);
    beside::strangers(&mut taken, columns);
    persons_by_name(&mut taken);
    plan.identify(name, &mut taken, columns, records);
    beside::numbers_of_others(&mut taken, columns);
    plan.open.retain(|(why, _)| !taken.iter().any(|t| why.contains(&format!("`{}`", t.column.path))));
    text_by_length(&mut taken);
    title_by_length(&mut taken);
    registered_first(&mut taken);
    let guessed = |sure| taken.iter().filter(|t| t.guess.sure == sure).count();
    plan.count = [guessed(Sure::High), guessed(Sure::Middle), guessed(Sure::Low), columns.len() - taken.len()];
    taken.sort_by_key(|t| {
        // Of a word and its code, the word: of a state only the first is read.
        let is_code = is_worded(t.guess.what) && t.column.mostly(crate::looks::is_digits);
        (preference(&t.guess), is_code, std::cmp::Reverse(t.guess.sure), std::cmp::Reverse(t.column.filled))
    });
    let has_updates = taken.iter().any(|t| t.guess.what == "updated" && t.guess.sure > Sure::Low);
    for t in &taken {
        match t.guess.sure {
            Sure::Low => plan.leave(t.column, Some(&t.guess)),
            // The case has a number of a known name; another one would make one case of all that share it.
            _ if t.guess.what == "likely.id" => plan.leave(t.column, Some(&t.guess)),
            _ => plan.take(t, has_updates),
        }
    }
    plan.finish(&taken);
    plan
}

/// Of several fields for one of ours: names of classes before codes, the newest time first, the longest text first.
fn preference(guess: &Guess) -> usize {
    match guess.what {
        "updated" | "class.name" => 0,
        "told" | "class.code" => 1,
        _ => 2,
    }
}

/// Where nothing is the text of the matter, the longest text is.
fn text_by_length(taken: &mut [Taken<'_>]) {
    if taken.iter().any(|t| t.guess.what == "content.text" && t.guess.sure > Sure::Low) {
        return;
    }
    let candidates = taken.iter().filter(|t| t.guess.sure == Sure::Low && t.guess.what.starts_with("content."));
    let longest = candidates.max_by_key(|t| t.column.mean_length()).filter(|t| t.column.mean_length() >= 12);
    let Some(path) = longest.map(|t| t.column.path.clone()) else { return };
    for t in taken.iter_mut().filter(|t| t.column.path == path) {
        t.take_for("content.text", "样例中最长的文字", "the longest text in the samples");
    }
}

/// Of two texts, a line beside a story is its title, where nothing else is.
fn title_by_length(taken: &mut [Taken<'_>]) {
    /// Fewer characters than any text has that is known as one by its length alone.
    const LINE: usize = 20;
    let is_sure = |t: &Taken<'_>| t.guess.sure > Sure::Low;
    let is_text = |t: &Taken<'_>| t.guess.what == "content.text" && !t.column.is_listed();
    if taken.iter().any(|t| t.guess.what == "content.title" && is_sure(t)) {
        return;
    }
    let longest = taken.iter().filter(|t| is_text(t) && is_sure(t)).map(|t| t.column.mean_length()).max();
    let Some(longest) = longest else { return };
    let is_line = |t: &Taken<'_>| t.column.mean_length() < LINE && t.column.mean_length() * 2 <= longest;
    let lines = taken.iter_mut().filter(|t| is_text(t) && is_line(t));
    if let Some(line) = lines.max_by_key(|t| t.column.filled) {
        line.take_for("content.title", "另有较长的正文", "there is a longer text");
    }
}

/// Where a field is a person's by its name, another that only looks like it is somebody else's.
fn persons_by_name(taken: &mut [Taken<'_>]) {
    let sure: Vec<(&str, Option<PersonRole>)> = taken
        .iter()
        .filter(|t| t.guess.sure == Sure::High && t.guess.what.starts_with(PERSON))
        .map(|t| (t.guess.what, t.guess.role))
        .collect();
    for t in taken.iter_mut().filter(|t| t.guess.sure == Sure::Middle && sure.contains(&(t.guess.what, t.guess.role))) {
        t.guess.sure = Sure::Low;
        t.guess.why.add("另有名称相符的字段", "another field has the name for it");
    }
}

/// Where nothing is the time of registration, the time is that comes before all others.
fn registered_first(taken: &mut [Taken<'_>]) {
    if taken.iter().any(|t| t.guess.what == "registered" && t.guess.sure > Sure::Low) {
        return;
    }
    let most = taken.iter().map(|t| t.column.filled).max().unwrap_or_default();
    let times = taken.iter_mut().filter(|t| t.guess.what == "told" && t.column.filled == most && !t.column.is_listed());
    if let Some(first) = times.min_by_key(|t| times::first_time(t.column)) {
        first.take_for("registered", "各时间中最早的", "the first of the times");
    }
}

impl Taken<'_> {
    /// What was taken is no more than a hint.
    pub(super) fn doubt(&mut self, zh: &str, en: &str) {
        self.guess.sure = Sure::Low;
        self.guess.why.add(zh, en);
    }

    /// What was no more than a hint is taken after all, and asked about.
    pub(super) fn take_for(&mut self, what: &'static str, zh: &str, en: &str) {
        self.guess.what = what;
        self.guess.sure = Sure::Middle;
        self.guess.why.add(zh, en);
    }
}

impl Plan {
    /// Settles which number is the case's own; the others are other names of it.
    fn identify<'c>(&mut self, name: &str, taken: &mut Vec<Taken<'c>>, columns: &'c [Column], records: usize) {
        let own_name = |t: &Taken<'_>| names::numbering(&t.column.path).is_none_or(|of| of == name);
        for t in taken.iter_mut().filter(|t| t.guess.what.strip_prefix("number.") == Some(name)) {
            t.guess.what = "source.id";
        }
        let mut ids: Vec<usize> = (0..taken.len())
            .filter(|i| taken[*i].guess.what == "source.id" && taken[*i].guess.sure > Sure::Low)
            .collect();
        ids.sort_by_key(|i| {
            let t = &taken[*i];
            std::cmp::Reverse((
                own_name(t),
                t.guess.sure,
                t.column.filled,
                t.column.path.to_ascii_lowercase().ends_with("id"),
            ))
        });
        if ids.is_empty() {
            return self.likely_number(taken, columns);
        }
        let filled = taken[ids[0]].column.filled;
        self.number_of_the_others(taken, filled, records);
        for i in ids.into_iter().skip(1) {
            let t = &mut taken[i];
            // Where records of two kinds are mixed, each has its own number.
            if t.column.filled + filled == records {
                continue;
            }
            t.guess.what = match names::numbering(&t.column.path) {
                Some(of) if of != name => names::number_of(of),
                _ if t.guess.sure == Sure::High => "alias",
                // Of a number that is not surely the case's, those who share it would become one case.
                _ => "likely.id",
            };
        }
    }

    /// Where records of two kinds are mixed, what ends like a number and stands in all the others is theirs.
    fn number_of_the_others(&mut self, taken: &mut [Taken<'_>], filled: usize, records: usize) {
        let is_theirs = |t: &Taken<'_>| t.guess.what == "likely.id" && t.column.filled + filled == records;
        let mut theirs = taken.iter_mut().filter(|t| filled < records && is_theirs(t) && !is_others(&t.column.path));
        if let Some(t) = theirs.find(|t| t.column.met().len() == t.column.values.len()) {
            t.take_for(
                "source.id",
                "另一类记录的编号：两类可能同号，用 prefix 区分",
                "the number of the other kind of record: `prefix` tells the two apart",
            );
        }
    }

    /// No field has a known name of a number: the first that is there and different in every record, before others one
    /// whose name ends like a number's.
    fn likely_number<'c>(&mut self, taken: &mut Vec<Taken<'c>>, columns: &'c [Column]) {
        let Some(most) = columns.iter().filter(|c| !c.is_listed()).map(|c| c.filled).max() else { return };
        let is_everywhere = |c: &Column| !c.is_listed() && c.filled == most;
        let by_name = taken
            .iter_mut()
            .filter(|t| t.guess.what == "likely.id" && is_everywhere(t.column) && !is_others(&t.column.path))
            .min_by_key(|t| !names::is_of_a_case(&t.column.path));
        if let Some(number) = by_name {
            number.guess.what = "source.id";
            return;
        }
        let is_own = |c: &Column| is_everywhere(c) && !guess::is_secret(&c.path) && c.met().len() == c.values.len();
        let elsewhere = taken.iter_mut().find(|t| t.guess.what.starts_with("number.") && is_own(t.column));
        if let Some(number) = elsewhere {
            number.take_for("source.id", "没有别的编号", "there is no other number");
            return;
        }
        let is_taken = |c: &Column| taken.iter().any(|t| t.column.path == c.path && t.guess.sure > Sure::Low);
        let free = || columns.iter().filter(|c| is_everywhere(c) && !is_taken(c) && !is_others(&c.path));
        let is_number = |value: &str| crate::looks::is_case_number(value) && !times::is_time_value(value);
        let mut why = Evidence::default();
        let column = match free().find(|c| c.met().len() == c.values.len() && c.mostly(is_number)) {
            Some(column) => {
                why.add(
                    "没有名称像编号的字段；它的值每条都有且互不相同",
                    "no field is named like a number; this one is there and different in every record",
                );
                column
            }
            None => {
                why.add(
                    "没有任何字段像编号，缺了它无法起草：多半不对，务必改正",
                    "nothing looks like a number, and no draft can be without one: most probably wrong, put it right",
                );
                let Some(column) = free().next().or_else(|| columns.iter().find(|c| is_everywhere(c))) else { return };
                column
            }
        };
        taken.retain(|t| t.column.path != column.path);
        self.open.retain(|(why, _)| !why.contains(&format!("`{}`", column.path)));
        taken.push(Taken { column, guess: Guess { what: "source.id", role: None, sure: Sure::Middle, why } });
    }

    /// Puts a field where it belongs.
    fn take(&mut self, t: &Taken<'_>, has_updates: bool) {
        let said = said(t);
        let what = t.guess.what;
        if let Some(field) = what.strip_prefix(PERSON) {
            return self.person(t, field, said);
        }
        let targets: &[&'static str] = match what {
            "registered" => &["facts.registered_at", "at"],
            "updated" => &["at", "version"],
            "told" if has_updates => {
                self.ignored.push((t.column.path.clone(), said));
                return;
            }
            "told" => &["at"],
            "class.name" => &["facts.matter", "facts.source_class.name"],
            "class.code" => &["facts.matter", "facts.source_class.code"],
            "ignore" => {
                self.ignored.push((t.column.path.clone(), said));
                return;
            }
            "longitude" => &["facts.point"],
            // Told of beside the longitude.
            "latitude" | "datum" => return,
            "urge" => {
                self.urges.push(Line { from: vec![t.column.path.clone()], said: vec![said], ..Line::default() });
                return;
            }
            "alias" | "related" => {
                return self.link(if what == "alias" { "aliases" } else { "related" }, None, t, said);
            }
            _ if what.starts_with("number.") => return self.link("aliases", what.strip_prefix("number."), t, said),
            _ => &[what],
        };
        for (at, target) in targets.iter().enumerate() {
            let line = self.fields.entry(target).or_default();
            // The surest is taken first, and what another one says is another order.
            if *target == "version" && !line.from.is_empty() {
                continue;
            }
            line.from.push(t.column.path.clone());
            if at == 0 {
                line.said.push(said.clone());
            }
        }
        self.table(t);
    }

    fn person(&mut self, t: &Taken<'_>, field: &'static str, said: String) {
        let role = t.guess.role.unwrap_or(PersonRole::Reporter);
        let (each, path) = match t.column.path.rsplit_once("[].") {
            Some((list, rest)) => (Some(list.to_owned()), rest.to_owned()),
            None => (None, t.column.path.clone()),
        };
        let place = self.persons.iter().position(|p| p.role == role && p.each == each).unwrap_or_else(|| {
            self.persons.push(Persons { each, role, fields: BTreeMap::new() });
            self.persons.len() - 1
        });
        let line = self.persons[place].fields.entry(field).or_default();
        line.from.push(path);
        line.said.push(said);
        self.table(t);
    }

    fn link(&mut self, kind: &'static str, namespace: Option<&'static str>, t: &Taken<'_>, said: String) {
        let line = Line { from: vec![t.column.path.clone()], said: vec![said], ..Line::default() };
        self.links.push(Link { kind, namespace, line });
    }

    /// Codes that were met wait in a table for their words; what built-in packs know is filled in.
    fn table(&mut self, t: &Taken<'_>) {
        let what = t.guess.what;
        let class = matches!(what, "class.name" | "class.code");
        if !class && !is_worded(what) {
            return;
        }
        let name = if class { "matter" } else { what.rsplit('.').next().unwrap_or(what) };
        let rows = self.tables.entry(name).or_default();
        for (code, times) in t.column.met() {
            if class && words::class(code).is_some() {
                self.classes = true;
                continue;
            }
            let known = if class { None } else { words::known(what, code) };
            let word = known.unwrap_or_default().to_owned();
            let prefilled = if known.is_some() { "，按内置渠道包预填 as built-in packs have it" } else { "" };
            if rows.len() < MOST_ROWS && !rows.iter().any(|(known, ..)| known == code) {
                rows.push((code.to_owned(), word, format!("样例中 {times} 次 met {times} times{prefilled}")));
            }
        }
    }

    /// Leaves a field to a person.
    fn leave(&mut self, column: &Column, guess: Option<&Guess>) {
        let Some(guess) = guess else {
            let mut why = Evidence::default();
            let (n, met) = (column.values.len(), column.met().len());
            if n == 0 {
                why.add("名称未见过，样例中从无值", "an unknown name, and no value in the samples");
            } else {
                let length = column.mean_length();
                why.add(
                    format!("名称未见过；{n} 个值、{met} 种，平均 {length} 字"),
                    format!("an unknown name; {n} values, {met} different, {length} characters on average"),
                );
            }
            return self.open.push((format!("未判断 unknown `{}`：{}", column.path, why.said()), None));
        };
        let target = match guess.what {
            "registered" => "facts.registered_at",
            "updated" | "told" => "at",
            "class.name" => "facts.source_class.name",
            "class.code" => "facts.source_class.code",
            "likely.id" => "source.id",
            other => other,
        };
        let is_target = target_order(target) < target_order("");
        let candidate = is_target.then(|| format!("\"{target}\" = {{ from = [{}] }}", quoted(&column.path)));
        let said = format!("{} `{}` → {target}：{}", guess.sure.said(), column.path, guess.why.said());
        self.open.push((said, candidate));
    }

    /// Options that depend on what else there is.
    fn finish(&mut self, taken: &[Taken<'_>]) {
        let sure = |what: &str| {
            taken.iter().filter(move |t| t.guess.what == what && t.guess.sure > Sure::Low).collect::<Vec<_>>()
        };
        let paths = |found: &[&Taken<'_>]| found.iter().map(|t| quoted(&t.column.path)).collect::<Vec<_>>().join(", ");
        let list = |names: &[&str]| names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(", ");
        let (east, north, datum) = (sure("longitude"), sure("latitude"), sure("datum"));
        if north.is_empty() && !east.is_empty() {
            self.fields.remove("facts.point");
            east.iter().for_each(|t| self.leave(t.column, Some(&t.guess)));
        } else if east.is_empty() {
            north.iter().for_each(|t| self.leave(t.column, Some(&t.guess)));
        }
        for (target, line) in &mut self.fields {
            let table = target.rsplit('.').next().unwrap_or(target);
            match *target {
                "source.id" => line.options.push("need = \"required\"".to_owned()),
                "content.text" | "content.title" => line.options.push("need = \"either\"".to_owned()),
                "facts.registered_at" => line.options.push("need = \"wanted\"".to_owned()),
                "facts.source_deadline" => line.options.push("day = \"end\"".to_owned()),
                "content.reply" if line.from.iter().any(|path| path.contains("[]")) => {
                    line.options.push("pick = \"last\"".to_owned());
                }
                "at" if !sure("told").is_empty() && sure("updated").is_empty() => {
                    line.options.push("pick = \"latest\"".to_owned());
                }
                "facts.matter" => {
                    let tables: &[&str] = if self.classes { &["matter-names", "matter"] } else { &["matter"] };
                    line.options.push(format!("tables = [{}]", list(tables)));
                }
                "facts.point" => {
                    if !north.is_empty() && !east.is_empty() {
                        line.options.push(format!("latitude = [{}]", paths(&north)));
                        line.said.extend(north.iter().map(|t| said(t)));
                    }
                    line.options.push("datum = \"gcj02\"".to_owned());
                    if datum.is_empty() {
                        line.said.push(DATUM.to_owned());
                    } else {
                        line.options.push(format!("datum_from = [{}]", paths(&datum)));
                        line.said.extend(datum.iter().map(|t| said(t)));
                    }
                }
                _ if self.tables.contains_key(table) && is_worded(target) => {
                    line.options.push(format!("tables = [{}]", list(&[table])));
                }
                _ => {}
            }
        }
        for sex in self.persons.iter_mut().filter_map(|p| p.fields.get_mut("sex")) {
            sex.options.push("tables = [\"sex\"]".to_owned());
        }
    }
}

/// From the values alone no one can tell: the two systems lie some hundred metres apart everywhere in China.
const DATUM: &str = "#? 中 medium 坐标系：从数值看不出是 GCJ-02 还是 WGS-84（两者相差约 100–700 米），国内地图多为 GCJ-02，先按 gcj02；请向来源核实 (values cannot tell GCJ-02 from WGS-84; most maps in China give GCJ-02: ask the source)";

/// What is said above a line of a field: a question where it is not sure.
fn said(t: &Taken<'_>) -> String {
    let mark = if t.guess.sure == Sure::High { "#" } else { "#?" };
    format!("{mark} {} `{}`：{}", t.guess.sure.said(), t.column.path, t.guess.why.said())
}

/// A text as TOML writes it in one line: what is commented out must not reach into the next.
pub(super) fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}
