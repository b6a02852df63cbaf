//! What each field is for, and how sure that is: by its name, and by what its values look like. Every guess carries its
//! evidence. Pure.

use huiliu_schemas::content::PersonRole;

use super::columns::Column;
use super::times::{is_time_value, time_form};
use super::words;
use crate::looks;
use crate::map::{datum_named, is_count, pair_of, point_of};
use crate::names::{self, How, PERSON};

/// With fewer values it says nothing that all of them differ.
const FEW: usize = 3;
/// From here on, in characters, it is a text and no address or name.
const LONG: usize = 40;

/// How sure a guess is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    Low,
    Middle,
    High,
}

impl Sure {
    /// As it stands before a guess.
    pub(super) fn said(self) -> &'static str {
        match self {
            Self::High => "高 high",
            Self::Middle => "中 medium",
            Self::Low => "低 low",
        }
    }
}

/// What a field is probably for.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    /// A field of ours, or a word of `names.csv` that stands for several of them.
    pub(super) what: &'static str,
    pub(super) role: Option<PersonRole>,
    pub(super) sure: Sure,
    pub(super) why: Evidence,
}

/// Why, in both languages.
#[derive(Debug, Clone, Default)]
pub(super) struct Evidence(Vec<(String, String)>);

impl Evidence {
    pub(super) fn add(&mut self, zh: impl Into<String>, en: impl Into<String>) {
        self.0.push((zh.into(), en.into()));
    }

    /// `甲；乙 (a; b)`.
    pub(super) fn said(&self) -> String {
        let join = |of: fn(&(String, String)) -> &String, with: &str| {
            self.0.iter().map(of).cloned().collect::<Vec<_>>().join(with)
        };
        format!("{} ({})", join(|(zh, _)| zh, "；"), join(|(_, en)| en, "; "))
    }
}

/// What the values say to a guess that the name makes.
enum Says {
    For,
    Nothing,
    Against,
}

/// What a field is for; none where neither its name nor its values tell.
pub(super) fn guess(column: &Column) -> Option<Guess> {
    // Of several meanings the one the values speak for; of those, the first.
    let meanings = names::meanings(&column.path).into_iter().filter_map(|meaning| by_name(column, meaning)).rev();
    let mut by_name = meanings.max_by_key(|(how, guess)| (guess.sure, *how));
    // What belongs to whoever handles the case is the citizen's under no name.
    let is_handlers = names::is_handlers(&column.path);
    let by_values = by_values(column).filter(|guess| !is_handlers || !guess.what.starts_with(PERSON));
    if let (Some((how, name)), Some(values)) = (&by_name, &by_values)
        && (name.sure < values.sure || *how == How::Ending && name.sure == values.sure || outdone(*how, name, values))
    {
        by_name = None;
    }
    let mut guess = by_name.map(|(_, guess)| guess).or(by_values).or_else(|| is_handlers.then(handlers))?;
    if guess.what == "facts.place_names" && column.values.iter().any(|value| looks::is_door(value)) {
        (guess.what, guess.sure) = ("content.address", guess.sure.min(Sure::Middle));
        guess.why.add("有的详细到门牌", "some are exact to the door");
    }
    if guess.what == "content.address"
        && let Some(role) = names::whose(&column.path).flatten()
    {
        (guess.what, guess.role) = ("persons.address", Some(role));
    }
    if guess.what.starts_with(PERSON) && names::is_strangers(&column.path) {
        guess.sure = Sure::Low;
        guess.why.add("看名称不知道是谁的", "the name does not say whose it is");
    }
    guess.why.add(format!("{} 条记录有值", column.filled), format!("filled in {} records", column.filled));
    Some(listed(column, guess))
}

/// Whether the values say better than the name what a field is: a kind whose words are of another list.
fn outdone(how: How, name: &Guess, values: &Guess) -> bool {
    matches!(name.what, "class.name" | "class.code" | "content.reply") && how < How::Wholly && is_worded(values.what)
}

fn handlers() -> Guess {
    let mut why = Evidence::default();
    why.add("经办人员的，不是诉求人的", "of those who handle the case, not of the citizen");
    Guess { what: "ignore", role: None, sure: Sure::High, why }
}

/// In a list, only persons of a known part, evidence and the last of several replies can be told.
fn listed(column: &Column, mut guess: Guess) -> Guess {
    let person = guess.what.starts_with(PERSON) && names::says_whose(&column.path);
    // A class may be a list of its levels.
    let is_levels = guess.what == "class.name" && column.path.ends_with("[]");
    let is_told = matches!(guess.what, "facts.evidence" | "content.reply" | "ignore" | "related");
    if column.is_listed() && !person && !is_told && !is_levels {
        guess.sure = Sure::Low;
        guess.why.add("在列表里：不知道取哪一个", "in a list: which of them is not known");
    }
    guess
}

fn by_name(column: &Column, meaning: names::Meaning) -> Option<(How, Guess)> {
    let mut why = Evidence::default();
    match meaning.how {
        How::Ending => why.add("名称的末尾相符", "the name ends so"),
        How::Wholly => why.add("名称相符", "the name fits"),
        How::Nearly => why.add("名称相近", "the name nearly fits"),
        How::Partly => why.add("名称有一部分相符", "a part of the name fits"),
    }
    let says = if column.values.is_empty() { Says::Nothing } else { values_say(column, meaning.what, &mut why) };
    let is_telling = is_told_by_name(meaning.what);
    let sure = match (meaning.how, says) {
        (How::Ending, Says::For) => Sure::Middle,
        (How::Ending, Says::Nothing) if is_worded(meaning.what) => Sure::Low,
        // What is enumerated and named so is a list; its words wait in a table.
        (How::Partly, Says::Nothing) if is_worded(meaning.what) && column.is_enumerated() => Sure::Middle,
        (How::Ending, _) => return None,
        (_, Says::Against) => Sure::Low,
        (How::Wholly, Says::For) => Sure::High,
        (How::Wholly, Says::Nothing) if is_telling => Sure::High,
        (How::Nearly, Says::For) if is_distinct(meaning.what) => Sure::High,
        (How::Wholly | How::Nearly, _) | (How::Partly, Says::For) => Sure::Middle,
        (How::Partly, Says::Nothing) if is_telling => Sure::Middle,
        (How::Partly, Says::Nothing) => Sure::Low,
    };
    Some((meaning.how, Guess { what: meaning.what, role: meaning.role, sure, why }))
}

/// Fields of which the name is all there is to go by.
fn is_told_by_name(what: &str) -> bool {
    let free = ["content.", PERSON, "class.", "number."].iter().any(|start| what.starts_with(start));
    free || matches!(
        what,
        "facts.place_names"
            | "facts.suggested_unit"
            | "facts.evidence"
            | "related"
            | "urge"
            | "ignore"
            | "told"
            | "session.id"
            | "datum"
    )
}

/// Fields whose values can be mistaken for nothing else.
fn is_distinct(what: &str) -> bool {
    is_time(what)
        || what.starts_with("facts.flags.")
        || matches!(what, "persons.phone" | "persons.id_number" | "facts.point" | "longitude" | "latitude")
}

/// Fields that hold one of several kinds: a flag is none.
fn is_kind(what: &str) -> bool {
    what.starts_with("class.") || matches!(what, "facts.appeal" | "facts.form")
}

fn is_time(what: &str) -> bool {
    matches!(
        what,
        "registered"
            | "updated"
            | "told"
            | "facts.occurred_at"
            | "facts.source_deadline"
            | "session.started_at"
            | "session.ended_at"
    )
}

/// Fields whose values are words of a list of ours.
pub(super) fn is_worded(what: &str) -> bool {
    matches!(what, "facts.appeal" | "facts.form" | "facts.urgency" | "upstream.state" | "session.outcome" | words::SEX)
        || what.starts_with("assessment.")
}

/// Holds the values against what the name says, and writes down what they look like.
fn values_say(column: &Column, what: &str, why: &mut Evidence) -> Says {
    let n = column.values.len();
    let mut share = |is: &dyn Fn(&str) -> bool, zh: &str, en: &str| {
        let hits = column.count(is);
        if hits > 0 || n > 0 {
            why.add(format!("{hits}/{n} 个值{zh}"), format!("{hits} of {n} values {en}"));
        }
        match hits {
            _ if column.mostly(is) => Says::For,
            0 => Says::Against,
            _ => Says::Nothing,
        }
    };
    match what {
        "updated" if column.met().len() > 1 && column.mostly(|v| looks::is_digits(v) && v.len() < 8) => {
            share(&|v| looks::is_digits(v), "是小整数（版本号）", "are small numbers (a version)")
        }
        "updated" if n >= FEW && column.met().len() == 1 => {
            why.add("每条都相同", "are all the same");
            Says::Against
        }
        _ if is_time(what) => {
            let form = time_form(column);
            share(&is_time_value, &format!("是时间（{form}）"), &format!("are times ({form})"))
        }
        "persons.phone" => {
            share(&|v| looks::is_phone(v) || is_masked_number(v), "像电话号码", "look like telephone numbers")
        }
        "persons.id_number" => {
            let right = column.count(looks::is_id_number);
            share(
                &|v| looks::is_id_shaped(v) || is_masked_number(v),
                &format!("像身份证号，其中 {right} 个校验位正确"),
                &format!("look like identity numbers, {right} with the right check digit"),
            )
        }
        "facts.division" => share(
            &|v| looks::is_division(v) || v.len() > 12 && looks::is_digits(v) || v.chars().any(looks::is_han),
            "是 6/9/12 位区划代码、网格编号或地名",
            "are division codes, grids or names",
        ),
        "facts.place_names" => share(&|v| v.chars().any(looks::is_han), "是中文名称", "are Chinese names"),
        "longitude" => share(
            &|v| v.parse().is_ok_and(|x: f64| (72.0..=138.0).contains(&x)),
            "落在中国经度范围",
            "are longitudes in China",
        ),
        "latitude" => share(
            &|v| v.parse().is_ok_and(|x: f64| (0.8..=56.0).contains(&x)),
            "落在中国纬度范围",
            "are latitudes in China",
        ),
        "facts.point" => share(&is_point, "是中国境内的“经度,纬度”", "are points in China"),
        _ if what.starts_with("facts.flags.") => share(&looks::is_flag, "是 0/1、是/否", "are yes or no"),
        "facts.persons_count" | "facts.affected_count" | "session.round" => share(&is_count, "是数量", "are counts"),
        "facts.suggested_unit" if !column.values.iter().any(|v| v.chars().any(char::is_alphabetic)) => {
            why.add("没有文字", "have no words in them");
            Says::Against
        }
        "datum" => share(&|v| datum_named(v).is_some(), "是坐标系名称", "are names of reference systems"),
        "class.name" | "class.code" if column.mostly(|v| matches!(v, "Point" | "MultiPoint" | "Polygon")) => {
            why.add("是图形种类", "are kinds of shapes");
            Says::Against
        }
        _ if is_kind(what) && column.mostly(looks::is_flag) => {
            why.add("只有是、否", "are yes or no");
            Says::Against
        }
        _ if is_worded(what) => worded(column, what, why),
        "class.name" | "class.code" => {
            let hits = column.count(|v| words::class(v).is_some());
            why.add(
                format!("{} 种取值，{hits}/{n} 个分类名已有译法", column.met().len()),
                format!("{} classes, {hits} of {n} known by name", column.met().len()),
            );
            let are_names =
                column.is_enumerated() && column.mostly(|v| v.chars().filter(|c| looks::is_han(*c)).count() >= 2);
            if hits > 0 || are_names { Says::For } else { Says::Nothing }
        }
        "source.id" => {
            let met = column.met().len();
            why.add(format!("{met} 个不同的值"), format!("{met} different values"));
            if met == n && column.values.iter().all(|v| v.len() <= 64) { Says::For } else { Says::Nothing }
        }
        "likely.id" => {
            let met = column.met().len();
            why.add(format!("{met} 个不同的值"), format!("{met} different values"));
            if met == n && n >= FEW && column.mostly(looks::is_case_number) { Says::For } else { Says::Nothing }
        }
        // A time, a number or a flag beside an answer is not the answer.
        "content.reply" | "content.note" | "content.demand"
            if column.mostly(|v| !v.chars().any(char::is_alphabetic) || is_time_value(v)) =>
        {
            why.add("没有文字", "have no words in them");
            Says::Against
        }
        // A few words that come again are the code of a result.
        "content.reply" if column.mean_length() <= 6 && column.met().len() < n => {
            why.add("是几个反复出现的短词", "are a few short words that come again");
            Says::Against
        }
        "facts.evidence" if column.mostly(|v| looks::is_digits(v) && v.len() < 4) => {
            why.add("是小整数", "are small numbers");
            Says::Against
        }
        "content.address" if column.mostly(looks::is_place) => {
            why.add("像地址", "look like addresses");
            Says::For
        }
        "content.text" => share(&|v| v.chars().count() >= 6, "是较长的文字", "are longer text"),
        "content.title" => share(
            &|v| (2..=80).contains(&v.chars().count()) && !looks::is_digits(v),
            "是一行文字",
            "are a line of text",
        ),
        "persons.name"
            if column.mostly(|v| v.bytes().any(|b| b.is_ascii_digit()))
                || n > 2 * FEW
                    && column.met().len() * 2 <= n
                    && !column.mostly(|v| looks::is_person_name(v) || v.contains(' ')) =>
        {
            why.add("不像姓名", "do not look like names");
            Says::Against
        }
        "persons.name" => share(&looks::is_person_name, "像姓名", "look like names").unless_against(),
        _ => Says::Nothing,
    }
}

impl Says {
    /// A name may be a unit's, or one nobody knows: values that do not look like names say nothing.
    fn unless_against(self) -> Self {
        if matches!(self, Self::Against) { Self::Nothing } else { self }
    }
}

fn worded(column: &Column, what: &str, why: &mut Evidence) -> Says {
    let (met, hits) = (column.met(), column.count(|v| words::known(what, v).is_some()));
    let n = column.values.len();
    let shown: Vec<String> = met.iter().take(8).map(|(value, times)| format!("{value}×{times}")).collect();
    if column.is_enumerated() && !column.values.iter().any(|v| looks::is_personal_number(v)) {
        why.add(
            format!("{} 种代码 {}，{hits}/{n} 个已有译法", met.len(), shown.join(" ")),
            format!("{} codes, {hits} of {n} known", met.len()),
        );
        return if hits * 2 >= n { Says::For } else { Says::Nothing };
    }
    why.add(format!("{} 种取值，不像代码", met.len()), format!("{} values that do not look like codes", met.len()));
    Says::Against
}

/// What the values alone say.
fn by_values(column: &Column) -> Option<Guess> {
    let n = column.values.len();
    let make = |what: &'static str, sure, zh: &str, en: &str| {
        let mut why = Evidence::default();
        why.add(format!("名称未见过；{n} 个值{zh}"), format!("an unknown name; {n} values {en}"));
        let role = what.starts_with(PERSON).then_some(PersonRole::Reporter);
        Some(Guess { what, role, sure, why })
    };
    match () {
        () if n == 0 => None,
        () if column.mostly(looks::is_id_number) => make(
            "persons.id_number",
            Sure::Middle,
            "是 18 位身份证号且校验位正确",
            "are identity numbers with the right check digit",
        ),
        () if column.mostly(looks::is_surely_phone) => {
            make("persons.phone", Sure::Middle, "是电话号码", "are telephone numbers")
        }
        () if column.mostly(looks::is_file) && !is_secret(&column.path) => {
            make("facts.evidence", Sure::Middle, "是文件地址", "are addresses of files")
        }
        () if column.mostly(is_datum) && !column.mostly(looks::is_digits) => {
            make("datum", Sure::Middle, "是坐标系名称", "are names of reference systems")
        }
        () if column.mostly(is_point) => {
            make("facts.point", Sure::Middle, "是中国境内的“经度,纬度”", "are points in China")
        }
        () if column.mostly(|v| looks::is_division(v) && v.len() > 6) && !is_of_a_unit(&column.path) => {
            make("facts.division", Sure::Middle, "是 9/12 位区划代码", "are division codes")
        }
        () if column.mostly(|v| is_time_value(v) && !is_bare_number(v)) => make(
            "told",
            Sure::Low,
            &format!("是时间（{}），看不出是哪个时间", time_form(column)),
            "are times, of what is not known",
        ),
        () if let Some((what, hits)) = by_words(column) => {
            make(what, Sure::Middle, &format!("中 {hits} 个是已知的词"), &format!("of which {hits} are known words"))
        }
        () if column.mostly(looks::is_division_name) => make(
            "facts.place_names",
            Sure::Middle,
            "是区县、街镇、村社区的名称",
            "are names of districts, townships, villages",
        ),
        () if column.mostly(looks::is_place) && column.mean_length() <= LONG => {
            make("content.address", Sure::Middle, "像地址", "look like addresses")
        }
        () if column.mean_length() >= LONG / 2 && column.mostly(|v| v.chars().any(looks::is_han)) => {
            make("content.text", Sure::Low, "是较长的文字", "are longer text")
        }
        () => None,
    }
}

/// The name of a reference system, and no story in which a map is named.
fn is_datum(text: &str) -> bool {
    const LONGEST_NAME: usize = 20;
    text.chars().count() <= LONGEST_NAME && datum_named(text).is_some()
}

/// Whether a code is called an office's: offices are often numbered like the divisions they lie in.
fn is_of_a_unit(path: &str) -> bool {
    let path = path.to_lowercase();
    ["dw", "dept", "org", "unit", "单位", "部门", "机构"].iter().any(|unit| path.contains(unit))
}

/// Fields that are of the account and not of the case.
pub(super) fn is_secret(path: &str) -> bool {
    const SECRETS: [&str; 12] =
        ["pwd", "passw", "secret", "token", "openid", "unionid", "密码", "口令", "avatar", "头像", "icon", "headimg"];
    let last = path.rsplit('.').next().unwrap_or(path).to_lowercase().replace('_', "");
    SECRETS.iter().any(|secret| last.contains(secret))
}

/// A list of ours of which most values are words; yes and no are words of many lists.
fn by_words(column: &Column) -> Option<(&'static str, usize)> {
    if column.mostly(looks::is_flag) {
        return None;
    }
    const LISTS: [&str; 8] = [
        "session.outcome",
        "facts.appeal",
        "upstream.state",
        "assessment.satisfaction",
        "assessment.solved",
        "facts.urgency",
        "facts.form",
        words::SEX,
    ];
    let known = |list: &'static str| {
        (
            list,
            column.count(|v| {
                words::known(list, v).is_some() && v.chars().any(|c| looks::is_han(c) || c.is_ascii_uppercase())
            }),
        )
    };
    let classes = ("class.name", column.count(|v| words::class(v).is_some()));
    let (list, hits) = LISTS.into_iter().map(known).chain([classes]).rev().max_by_key(|(_, hits)| *hits)?;
    (hits * 5 >= column.values.len() * 3).then_some((list, hits))
}

fn is_bare_number(text: &str) -> bool {
    looks::is_digits(text) && !matches!(text.len(), 10 | 13 | 14)
}

fn is_masked_number(text: &str) -> bool {
    text.contains("**") && text.bytes().filter(u8::is_ascii_digit).count() >= 4
}

fn is_point(text: &str) -> bool {
    pair_of(text).is_some_and(|(first, second)| point_of(first, second))
}
