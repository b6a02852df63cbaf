//! The closed language of the `conditions` column: clauses joined by `;`, all of which must hold:
//! `appeal=dispute|complaint`, `form=visit`, `persons>=5`, `persons<5`, `affected>=30`, `flag=joint`, `flag!=anonymous`.
//! An unknown number of persons counts as 1, an unknown number of affected as the number of persons.

use std::collections::{BTreeMap, BTreeSet};

use huiliu_schemas::submission::Flags;
use huiliu_schemas::vocabulary::{Appeal, Form};

/// What the clauses are held against.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// 诉求类型.
    pub appeal: Option<Appeal>,
    /// 来件形式.
    pub form: Option<Form>,
    /// 人数.
    pub persons: Option<u32>,
    /// 涉及人数.
    pub affected: Option<u32>,
    /// Flags.
    pub flags: Flags,
}

/// The conditions of one entry. Two of them can be compared: that is how `check` finds ties beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    text: String,
    count: usize,
    appeals: Option<BTreeSet<Appeal>>,
    forms: Option<BTreeSet<Form>>,
    persons: Range,
    affected: Range,
    flags: BTreeMap<Flag, bool>,
    contradictory: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    low: u32,
    high: u32,
}

impl Default for Range {
    /// A case has and affects at least one person.
    fn default() -> Self {
        Self { low: 1, high: u32::MAX }
    }
}

impl Range {
    fn cut(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.min(other.high) }
    }

    fn is_empty(self) -> bool {
        self.low > self.high
    }

    fn holds(self, value: u32) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

type Flag = &'static str;
type FlagReader = fn(&Flags) -> bool;

const FLAGS: [(Flag, &str, FlagReader); 8] = [
    ("anonymous", "匿名", |f| f.anonymous),
    ("confidential", "保密", |f| f.confidential),
    ("public", "公开", |f| f.public),
    ("joint", "联名", |f| f.joint),
    ("threat", "扬言", |f| f.threat),
    ("grave", "重大紧急", |f| f.grave),
    ("repeated", "重复", |f| f.repeated),
    ("backlog", "积案", |f| f.backlog),
];

/// What a cell that is not in the language should have looked like.
pub(crate) const EXPECTED: &str = "clauses joined by `;`: appeal=<word>|<word>, form=<word>, persons>=N, persons<N, affected>=N, \
     affected<N, flag=<flag>, flag!=<flag>";

impl Conditions {
    /// Reads a cell; nothing if it is not in the language.
    pub fn read(text: &str) -> Option<Self> {
        let mut read = Self::default();
        let mut clauses: Vec<&str> = text.split([';', '；']).map(str::trim).filter(|c| !c.is_empty()).collect();
        clauses.sort_unstable();
        clauses.dedup();
        for clause in &clauses {
            read.add(clause)?;
        }
        read.text = clauses.join(";");
        read.count = clauses.len();
        Some(read)
    }

    fn add(&mut self, clause: &str) -> Option<()> {
        if let Some(flag) = clause.strip_prefix("flag!=") {
            return self.add_flag(flag, false);
        }
        if let Some((key, number)) = clause.split_once(">=") {
            return self.add_range(key, Range { low: number.trim().parse().ok()?, high: u32::MAX });
        }
        if let Some((key, number)) = clause.split_once('<') {
            let bound: u32 = number.trim().parse().ok()?;
            return self.add_range(key, Range { low: 0, high: bound.checked_sub(1)? });
        }
        let (key, words) = clause.split_once('=')?;
        match key.trim() {
            "flag" => self.add_flag(words, true),
            "appeal" => self.add_appeals(words),
            "form" => self.add_forms(words),
            _ => None,
        }
    }

    fn add_flag(&mut self, word: &str, wanted: bool) -> Option<()> {
        let word = word.trim();
        let flag = FLAGS.iter().find(|(en, zh, _)| *en == word || *zh == word)?.0;
        let before = self.flags.insert(flag, wanted);
        self.contradictory |= before.is_some_and(|b| b != wanted);
        Some(())
    }

    fn add_range(&mut self, key: &str, range: Range) -> Option<()> {
        let slot = match key.trim() {
            "persons" => &mut self.persons,
            "affected" => &mut self.affected,
            _ => return None,
        };
        *slot = slot.cut(range);
        Some(())
    }

    fn add_appeals(&mut self, words: &str) -> Option<()> {
        let set = words.split('|').map(|w| Appeal::read(w.trim())).collect::<Option<BTreeSet<_>>>()?;
        self.appeals = cut(self.appeals.as_ref(), Some(&set));
        Some(())
    }

    fn add_forms(&mut self, words: &str) -> Option<()> {
        let set = words.split('|').map(|w| Form::read(w.trim())).collect::<Option<BTreeSet<_>>>()?;
        self.forms = cut(self.forms.as_ref(), Some(&set));
        Some(())
    }

    /// How many clauses there are: more clauses are more specific.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The clauses in their normal order.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every clause holds.
    pub fn hold(&self, facts: &Circumstances) -> bool {
        let persons = facts.persons.unwrap_or(1).max(1);
        let one_of_appeals = self.appeals.as_ref().is_none_or(|set| facts.appeal.is_some_and(|a| set.contains(&a)));
        let one_of_forms = self.forms.as_ref().is_none_or(|set| facts.form.is_some_and(|f| set.contains(&f)));
        one_of_appeals
            && one_of_forms
            && self.persons.holds(persons)
            && self.affected.holds(facts.affected.unwrap_or(persons).max(1))
            && self.flags.iter().all(|(flag, wanted)| read_flag(flag, &facts.flags) == *wanted)
            && !self.contradictory
    }

    /// Whether no case can ever fulfil them.
    pub fn are_impossible(&self) -> bool {
        let no_word = self.appeals.as_ref().is_some_and(BTreeSet::is_empty)
            || self.forms.as_ref().is_some_and(BTreeSet::is_empty);
        no_word || self.contradictory || self.persons.is_empty() || self.affected.is_empty()
    }

    /// What holds when both hold.
    pub fn both(&self, other: &Self) -> Self {
        let clash = other.flags.iter().any(|(flag, wanted)| self.flags.get(flag).is_some_and(|w| w != wanted));
        Self {
            text: String::new(),
            count: self.count + other.count,
            appeals: cut(self.appeals.as_ref(), other.appeals.as_ref()),
            forms: cut(self.forms.as_ref(), other.forms.as_ref()),
            persons: self.persons.cut(other.persons),
            affected: self.affected.cut(other.affected),
            flags: self.flags.iter().chain(&other.flags).map(|(f, w)| (*f, *w)).collect(),
            contradictory: self.contradictory || other.contradictory || clash,
        }
    }

    /// Whether `other` holds whenever these do.
    pub fn imply(&self, other: &Self) -> bool {
        let both = self.both(other);
        both.appeals == self.appeals
            && both.forms == self.forms
            && both.persons == self.persons
            && both.affected == self.affected
            && both.flags == self.flags
            && !both.contradictory
    }
}

fn cut<T: Copy + Ord>(a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<BTreeSet<T>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.intersection(b).copied().collect()),
        (one, other) => one.or(other).cloned(),
    }
}

fn read_flag(flag: &str, flags: &Flags) -> bool {
    FLAGS.iter().find(|(name, _, _)| *name == flag).is_some_and(|(_, _, read)| read(flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Conditions {
        Conditions::read(text).expect("in the language")
    }

    #[test]
    fn clauses_hold_or_not() {
        let facts = Circumstances {
            appeal: Some(Appeal::Dispute),
            persons: Some(6),
            flags: Flags { joint: true, ..Flags::default() },
            ..Circumstances::default()
        };
        let holds =
            ["", "appeal=矛盾纠纷|complaint", "persons>=5;flag=joint", "affected>=6", "flag!=anonymous", "persons<7"];
        let fails = ["appeal=complaint", "persons>=7", "persons<6", "flag!=joint", "flag=匿名", "form=visit"];
        holds.iter().for_each(|c| assert!(read(c).hold(&facts), "{c}"));
        fails.iter().for_each(|c| assert!(!read(c).hold(&facts), "{c}"));
    }

    #[test]
    fn what_is_not_in_the_language_is_refused() {
        for bad in ["appeal=", "appeal=x", "persons=5", "persons>5", "persons>=x", "flag=x", "text~欠薪", "persons<0"]
        {
            assert!(Conditions::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn conditions_are_compared() {
        assert!(read("persons>=5").both(&read("persons<5")).are_impossible());
        assert!(read("appeal=dispute").both(&read("appeal=complaint")).are_impossible());
        assert!(read("flag=joint").both(&read("flag!=joint")).are_impossible());
        assert!(!read("appeal=dispute").both(&read("persons>=5")).are_impossible());
        assert!(read("persons>=5;appeal=dispute").imply(&read("persons>=3")));
        assert!(!read("persons>=3").imply(&read("persons>=5")));
        assert!(read("flag=joint;flag!=joint").are_impossible());
    }
}
