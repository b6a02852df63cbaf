//! `severity.csv` and the two tables of sensitive dates and places: which words and circumstances call for which
//! colour. A line with a word speaks where the word stands; a line without one, where its conditions hold.

use std::sync::Arc;

use huiliu_schemas::places::DivisionCode;
use huiliu_schemas::vocabulary::Warning;
use jiff::civil::Date;

use super::super::spelling::{spelled, spellings, without_shared};
use super::super::vocabulary::{self, Listed, OR, heads};
use super::danger::Danger;
use crate::directory::names::NameIndex;
use crate::directory::problem::Problem;
use crate::directory::table::{Column, Row, file_words, may, must, rows};

/// The file.
pub const FILE: &str = "severity.csv";
/// The file of sensitive dates.
pub const DATES_FILE: &str = "sensitive-dates.csv";
/// The file of sensitive places.
pub const PLACES_FILE: &str = "sensitive-places.csv";
pub(crate) const BUILT_IN: &str = include_str!("severity.csv");

const COLUMNS: &[Column] =
    &[must("word", "词"), must("kind", "类"), may("colour", "颜色"), may("when", "条件"), may("note", "备注")];
const DATE_COLUMNS: &[Column] = &[must("from", "起"), may("to", "止"), must("name", "名称"), may("note", "备注")];
const PLACE_COLUMNS: &[Column] = &[must("name", "名称"), may("division", "属地"), may("note", "备注")];

file_words! {
    /// What a word is about, or what it does to others.
    Kind {
        /// Someone threatens.
        Threat = "threat", "扬言";
        /// Someone may take their own life.
        Suicide = "suicide", "自伤轻生";
        /// Someone was or is attacked.
        Violence = "violence", "暴力";
        /// Wages are owed.
        Wage = "wage", "欠薪";
        /// People act together.
        Group = "group", "群体";
        /// They go over everyone's head.
        Upwards = "upwards", "越级上访";
        /// Something may hurt people.
        Hazard = "hazard", "险情隐患";
        /// People were hurt.
        Injury = "injury", "伤亡";
        /// Water, power, gas or a way out is wanting.
        Lack = "lack", "停供受阻";
        /// Children are concerned.
        Child = "child", "未成年人";
        /// It was said before.
        Repetition = "repetition", "反复反映";
        /// The source says how urgent it is.
        Source = "source", "来源标识";
        /// A sensitive date.
        Date = "date", "敏感日期";
        /// A sensitive place.
        Place = "place", "敏感地点";
        /// Denies what stands right behind it.
        Not = "not", "否定";
        /// May stand between a denial and what it denies.
        Filler = "filler", "虚词";
        /// What was read or made up, or heard of elsewhere.
        Past = "past", "传闻往事";
        /// What was heard, and may be so.
        Rumour = "rumour", "听说";
        /// When or where it was: long ago, or far away.
        Away = "away", "异时异地";
        /// When it is: now or soon.
        Now = "now", "当下";
        /// The citizen: what is said of them is no hearsay.
        Own = "own", "本人";
        /// Guards against what stands behind it.
        Guard = "guard", "防范";
        /// Teaches or exercises what stands before it.
        Lesson = "lesson", "宣教";
        /// What might happen.
        Supposed = "supposed", "假设";
        /// What may be happening, as someone fears.
        Feared = "feared", "担心";
        /// Nothing; a longer word that holds one of the others.
        None = "none", "不计";
        /// A danger to a beast, a plant or a thing, where nobody stands by; of no concern.
        Thing = "thing", "物件";
    }
}

impl Kind {
    /// Whether it says something about the matter itself.
    pub fn speaks(self) -> bool {
        self <= Self::Place
    }
}

/// A condition of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Persons(u32),
    Affected(u32),
    Struck(u32),
    Told(u32),
    /// A word of the kind, of at least the colour if one is given.
    With(Kind, Option<Warning>),
    Threatening,
    Grave,
    Repeated,
    Joint,
    OnSensitiveDate,
    AtSensitivePlace,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Says {
    pub kind: Kind,
    pub colour: Option<Warning>,
    pub when: Vec<Condition>,
    /// The conditions as written.
    pub text: String,
}

/// A stretch of days, every year or once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dates {
    from: Day,
    to: Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Yearly(i8, i8),
    Once(Date),
}

/// Everything in force.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    index: NameIndex<usize>,
    words: Vec<Listed<Says>>,
    /// Lines without a word, in an order of their own.
    pub combined: Vec<Listed<Says>>,
    pub not: Vec<String>,
    pub fillers: Vec<String>,
    dates: Vec<Dates>,
    places: Vec<(String, Option<DivisionCode>)>,
    /// What reads as danger.
    pub danger: Arc<Danger>,
}

impl Rules {
    /// Reads the lists; each of the directory's own may be missing.
    pub fn read(own: Option<&str>, dates: Option<&str>, places: Option<&str>, problems: &mut Vec<Problem>) -> Self {
        let mut all = Self { danger: Danger::shipped(), ..Self::default() };
        // Texts are read in simplified characters.
        let own = own.map(|list| spelled(list, OR));
        let mut lines = vocabulary::read(FILE, BUILT_IN, own.as_deref(), COLUMNS, problems, read_row);
        lines.sort_by(|a, b| {
            (&a.word, a.says.kind, a.says.colour, &a.says.text, a.line).cmp(&(
                &b.word,
                b.says.kind,
                b.says.colour,
                &b.says.text,
                b.line,
            ))
        });
        lines.into_iter().for_each(|line| all.add(line));
        for list in [&mut all.not, &mut all.fillers] {
            list.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        }
        all.dates = dates.map(|text| read_dates(text, problems)).unwrap_or_default();
        all.places = places.map(|text| read_places(&without_shared(text), problems)).unwrap_or_default();
        all
    }

    fn add(&mut self, line: Listed<Says>) {
        match line.says.kind {
            _ if line.word.is_empty() => self.combined.push(line),
            Kind::Not => self.not.push(line.word),
            Kind::Filler => self.fillers.push(line.word),
            _ => {
                heads(&line.word).for_each(|head| self.index.insert(head, self.words.len()));
                self.words.push(line);
            }
        }
    }

    /// The words at the beginning of `rest`, longest first, with how long each (or its first part) is.
    pub fn at<'l, 't>(&'l self, rest: &'t str) -> impl Iterator<Item = (usize, &'l Listed<Says>)> + use<'l, 't> {
        let names = self.index.all_at(rest);
        names.flat_map(|(name, values)| values.iter().filter_map(|i| Some((name.len(), self.words.get(*i)?))))
    }

    /// The lines with a word in the directory's own list.
    pub fn own_words(&self) -> impl Iterator<Item = &Listed<Says>> {
        self.words.iter().filter(|l| l.own)
    }

    /// Lines of the directory's own list that ask for a kind no word is of, with that kind.
    pub fn unreachable(&self) -> Vec<(u32, Kind)> {
        let own = self.combined.iter().filter(|l| l.own);
        let asked = own.flat_map(|l| {
            l.says.when.iter().filter_map(|c| match c {
                Condition::With(kind, _) => Some((l.line, *kind)),
                _ => None,
            })
        });
        asked.filter(|(_, kind)| !self.words.iter().any(|w| w.says.kind == *kind)).collect()
    }

    pub fn is_sensitive_date(&self, day: Date) -> bool {
        self.dates.iter().any(|d| d.hold(day))
    }

    pub fn is_sensitive_place(&self, texts: &[&str], at: Option<&DivisionCode>) -> bool {
        self.places.iter().any(|(name, division)| {
            texts.iter().any(|t| t.contains(name.as_str()))
                || division.as_ref().zip(at).is_some_and(|(d, at)| d.contains(at))
        })
    }
}

impl Dates {
    fn hold(&self, day: Date) -> bool {
        let of_year = |month: i8, date: i8| (month, date);
        match (self.from, self.to) {
            (Day::Once(from), Day::Once(to)) => from <= day && day <= to,
            (Day::Yearly(m, d), Day::Yearly(n, e)) => {
                let (from, to, day) = (of_year(m, d), of_year(n, e), of_year(day.month(), day.day()));
                if from <= to { from <= day && day <= to } else { from <= day || day <= to }
            }
            _ => false,
        }
    }
}

fn read_row(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Says> {
    let kinds = Kind::WORDS.iter().map(|w| w.0).collect::<Vec<_>>().join(", ");
    let kind = row.read("kind", &format!("one of {kinds}"), problems, Kind::read)?;
    let colour = row.read("colour", "blue, yellow, orange, red, or nothing", problems, |text| match text {
        "" => Some(None),
        text => Warning::read(text).map(Some),
    })?;
    let expected = "clauses joined by `;`: persons>=N, affected>=N, struck>=N, told>=N, with=<kind>, with=<kind>:<colour>, flag=threat|grave|repeated|joint, date=sensitive, place=sensitive";
    let when = row.read("when", expected, problems, |text| {
        text.split([';', '；']).map(str::trim).filter(|c| !c.is_empty()).map(read_condition).collect::<Option<Vec<_>>>()
    })?;
    if row.text("word").is_empty() && (when.is_empty() || colour.is_none()) {
        problems.push(row.problem("when", "a word, or a colour and conditions"));
        return None;
    }
    Some(Says { kind, colour, when, text: row.text("when").to_owned() })
}

fn read_condition(text: &str) -> Option<Condition> {
    if let Some((name, number)) = text.split_once(">=") {
        let number = number.trim().parse().ok()?;
        return match name.trim() {
            "persons" => Some(Condition::Persons(number)),
            "affected" => Some(Condition::Affected(number)),
            "struck" => Some(Condition::Struck(number)),
            "told" => Some(Condition::Told(number)),
            _ => None,
        };
    }
    match text.split_once('=').map(|(n, v)| (n.trim(), v.trim()))? {
        ("with", kind) => read_with(kind),
        ("flag", "threat") => Some(Condition::Threatening),
        ("flag", "grave") => Some(Condition::Grave),
        ("flag", "repeated") => Some(Condition::Repeated),
        ("flag", "joint") => Some(Condition::Joint),
        ("date", "sensitive") => Some(Condition::OnSensitiveDate),
        ("place", "sensitive") => Some(Condition::AtSensitivePlace),
        _ => None,
    }
}

fn read_with(text: &str) -> Option<Condition> {
    let (kind, colour) = match text.split_once(':') {
        Some((kind, colour)) => (kind, Some(Warning::read(colour)?)),
        None => (text, None),
    };
    Some(Condition::With(Kind::read(kind).filter(|k| k.speaks())?, colour))
}

fn read_dates(text: &str, problems: &mut Vec<Problem>) -> Vec<Dates> {
    let lines = rows(DATES_FILE, text, DATE_COLUMNS, problems);
    lines.iter().filter_map(|row| read_stretch(row, problems)).collect()
}

fn read_stretch(row: &Row<'_>, problems: &mut Vec<Problem>) -> Option<Dates> {
    let expected = "MM-DD or YYYY-MM-DD";
    let from = row.read("from", expected, problems, read_day)?;
    let to = row.read("to", expected, problems, |t| if t.is_empty() { Some(from) } else { read_day(t) })?;
    let both = |d: &Day| matches!(d, Day::Once(_));
    if both(&from) != both(&to) || matches!((from, to), (Day::Once(f), Day::Once(t)) if t < f) {
        problems.push(row.problem("to", "the same form as `from`, and not before it"));
        return None;
    }
    Some(Dates { from, to })
}

fn read_day(text: &str) -> Option<Day> {
    if let Ok(date) = text.parse::<Date>() {
        return Some(Day::Once(date));
    }
    let (month, day) = text.split_once('-')?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    // A leap year, so that 02-29 is a day.
    Date::new(2024, month, day).ok().map(|_| Day::Yearly(month, day))
}

fn read_places(text: &str, problems: &mut Vec<Problem>) -> Vec<(String, Option<DivisionCode>)> {
    let lines = rows(PLACES_FILE, text, PLACE_COLUMNS, problems);
    let place = |row: &Row<'_>, problems: &mut Vec<Problem>| {
        Some((row.filled("name", problems)?, row.optional("division", "a division code, or nothing", problems)?))
    };
    let named: Vec<(String, _)> = lines.iter().filter_map(|row| place(row, problems)).collect();
    named.iter().flat_map(|(name, at)| spellings(name).into_iter().map(|name| (name, at.clone()))).collect()
}
