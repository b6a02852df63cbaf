//! What was typed, read as everything it may be: a case's number or id, a source's number, telephone and identity numbers,
//! words. Pure.

use huiliu_schemas::ids::{CaseId, CaseNumber, SourceId};

use crate::words::{Contact, pieces};

/// Longer than anything one looks for.
const MOST_CHARS: usize = 100;
/// A word's shortest form that can be looked up.
const SHORTEST: usize = 2;

/// A question read.
#[derive(Default)]
pub struct Question {
    /// A case's id.
    pub id: Option<CaseId>,
    /// A case's number.
    pub number: Option<CaseNumber>,
    /// A number with its numbering before it.
    pub source: Option<SourceId>,
    /// How a source may write it, if it is a number of a source's.
    pub spellings: Vec<String>,
    /// Telephone and identity numbers, all of them required.
    pub contacts: Vec<Contact>,
    /// Folded words, all of them required.
    pub words: Vec<String>,
    /// It is a case's number but for its last character.
    mistyped: bool,
}

/// Why something cannot be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unaskable {
    /// Nothing was typed.
    #[error("请输入要查的内容 (type what to look for)")]
    Empty,
    /// Too much was typed.
    #[error("最多 {MOST_CHARS} 个字 (at most {MOST_CHARS} characters)")]
    TooLong,
    /// One character alone.
    #[error(
        "至少要有一个两字以上的词：单字无法查找 (at least one word of two characters: one alone cannot be looked for)"
    )]
    TooShort,
    /// A case's number that does not check.
    #[error(
        "校验位不对：编号有一位听错或写错，请核对 (the last character does not check the others: one was misheard or \
         mistyped)"
    )]
    Mistyped,
}

impl Question {
    /// Reads what was typed.
    ///
    /// # Errors
    /// Where there is nothing to look for, or too much.
    pub fn read(typed: &str) -> Result<Self, Unaskable> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(Unaskable::Empty);
        }
        if typed.chars().count() > MOST_CHARS {
            return Err(Unaskable::TooLong);
        }
        let plain = half_width(typed);
        let bare: String = plain.chars().filter(char::is_ascii_alphanumeric).collect();
        let only_number = plain.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == ' ');
        let marked = only_number && (bare.starts_with("hl") || bare.bytes().any(|b| b.is_ascii_digit()));
        let mut question = Self {
            id: plain.parse().ok(),
            number: bare.parse().ok().filter(|_| marked),
            source: SourceId::read(typed),
            spellings: spellings(typed, &plain),
            mistyped: marked
                && (bare.starts_with("hl") || bare.bytes().any(|b| b.is_ascii_alphabetic()))
                && CaseNumber::is_mistyped(&bare),
            ..Self::default()
        };
        question.read_words(typed);
        Ok(question)
    }

    fn read_words(&mut self, typed: &str) {
        if let Some(whole) = Contact::read(typed) {
            self.contacts.push(whole);
            return;
        }
        for word in typed.split_whitespace() {
            match Contact::read(word) {
                Some(contact) => self.contacts.push(contact),
                None => self.words.extend(pieces(word)),
            }
        }
        self.words.sort_unstable();
        self.words.dedup();
    }

    /// Words that can be looked up; the others are only looked for in what was found.
    pub fn indexed(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str).filter(|word| word.chars().count() >= SHORTEST)
    }

    /// Whether what is sealed must be looked into.
    pub fn is_of_content(&self) -> bool {
        !self.contacts.is_empty() || self.indexed().next().is_some()
    }

    /// What must be said if no case has this name.
    pub fn unaskable(&self) -> Option<Unaskable> {
        let named = self.id.is_some() || self.number.is_some() || self.source.is_some();
        match self.is_of_content() || named {
            _ if self.mistyped => Some(Unaskable::Mistyped),
            true => None,
            false => Some(Unaskable::TooShort),
        }
    }
}

/// Half width and lower case, with everything that stands between left where it is.
fn half_width(typed: &str) -> String {
    typed.chars().map(crate::words::half_width).collect()
}

/// As it was typed, in half width, in capitals or not, and without what was put in to read it more easily.
fn spellings(typed: &str, plain: &str) -> Vec<String> {
    let close: String = plain.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let mut all = vec![typed.to_owned(), plain.to_owned(), plain.to_uppercase(), close.to_uppercase(), close];
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::fold;
    use proptest::prelude::*;

    const NUMBER: &str = "HL-P2MN-RWXY-D258";

    fn words(typed: &str) -> Vec<String> {
        Question::read(typed).expect("askable").words
    }

    #[test]
    fn a_number_in_any_form() {
        for typed in
            [NUMBER, "hl p2mn rwxy d258", "P2MNRWXYD258", "ＨＬ－Ｐ２ＭＮ－ＲＷＸＹ－Ｄ２５８", " HL—P2MN—RWXY—D258 "]
        {
            let read = Question::read(typed).expect("askable");
            assert_eq!(read.number.map(|n| n.to_string()).as_deref(), Some(NUMBER), "{typed}");
        }
        let mistyped = |typed: &str| Question::read(typed).expect("askable").mistyped;
        assert!(mistyped("HL-P2MN-RWXY-D259") && mistyped("p2mnrwxyd259"));
        assert!(!mistyped(NUMBER) && !mistyped("路灯") && !mistyped("202603010001"));
    }

    #[test]
    fn a_source_number_in_the_ways_it_may_be_written() {
        let spellings = |typed: &str| Question::read(typed).expect("askable").spellings;
        assert!(spellings("２０２６０３０１００００００01").contains(&"2026030100000001".to_owned()));
        assert!(spellings("wo-2026-7").contains(&"WO-2026-7".to_owned()));
        assert!(spellings("2026 0301 0001").contains(&"202603010001".to_owned()));
        let named = Question::read("hotline-12345：A-7").expect("askable").source.expect("a source");
        assert_eq!(named.to_string(), "hotline-12345:A-7");
    }

    #[test]
    fn words_numbers_and_both() {
        assert_eq!(words("路灯 小区"), ["小区", "路灯"]);
        assert_eq!(words("路灯，坏了"), ["坏了", "路灯"]);
        assert_eq!(words("ＫＴＶ噪音"), ["ktv噪音"]);
        let both = Question::read("路灯 13900001234").expect("askable");
        assert_eq!((both.contacts.len(), both.words.len()), (1, 1));
        let spaced = Question::read("+86 139 0000 1234").expect("askable");
        assert_eq!((spaced.contacts.len(), spaced.words.len()), (1, 0));
    }

    #[test]
    fn what_cannot_be_looked_for_is_said() {
        let refused = |typed: &str| match Question::read(typed) {
            Ok(read) => read.unaskable(),
            Err(unaskable) => Some(unaskable),
        };
        assert_eq!(refused("  "), Some(Unaskable::Empty));
        assert_eq!(refused("灯"), Some(Unaskable::TooShort));
        assert_eq!(refused("路 灯"), Some(Unaskable::TooShort));
        assert_eq!(refused("。，"), Some(Unaskable::TooShort));
        assert_eq!(refused(&"灯".repeat(101)), Some(Unaskable::TooLong));
        assert_eq!(refused("路灯 坏"), None, "the short one is looked for in what the long one finds");
        assert_eq!(refused("HL-P2MN-RWXY-D259"), Some(Unaskable::Mistyped));
    }

    proptest! {
        #[test]
        fn anything_can_be_typed(typed in "\\PC{0,120}") {
            if let Ok(read) = Question::read(&typed) {
                prop_assert!(read.words.iter().all(|word| *word == fold(word)));
            }
        }
    }
}
