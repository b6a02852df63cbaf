//! What may pass for the number of an order in another system's numbering. Cases that name the same number become one: so
//! what strangers may have in common is none, be it a telephone, the hotline's own number, a date or a word for "unknown".
//! A map whose numbers look otherwise says what shape they have.

use crate::looks::{is_digits, is_id_shaped, is_placeholder};

/// What is expected where one stands.
pub(crate) const EXPECTED: &str =
    "the number of one order, at least 8 characters long, or a `shape` that says what it looks like";

const SHORTEST: usize = 8;
const FEWEST_DIGITS: usize = 6;
/// Digits in a row somewhere in it: fewer are those of a date with separators.
const LONGEST_RUN: usize = 5;

/// Whether it can hardly be anything else than a number of its own.
pub(crate) fn is_order_number(text: &str) -> bool {
    if is_uuid(text) {
        return true;
    }
    let groups = groups(text);
    let numbers: Vec<&Group<'_>> = groups.iter().filter(|group| !group.is_service()).collect();
    let digits: String = numbers.iter().map(|group| group.digits()).collect();
    let run = numbers.iter().flat_map(|group| group.runs()).map(str::len).max().unwrap_or_default();
    text.chars().count() >= SHORTEST
        && text.chars().all(|c| c.is_alphanumeric() || "-_/.#()[]（）〔〕【】－—–".contains(c))
        && !is_placeholder(text)
        && !is_identity(text)
        && !groups.iter().any(Group::is_phone)
        && digits.len() >= FEWEST_DIGITS
        && run >= LONGEST_RUN
        && !is_day(&digits)
        && !is_filler(&digits)
}

/// Numbers that stand behind one of these words in a text of half width (`工单号：GD2026030100017`), or are joined to it where it is
/// one of figures (`12345-2026030100000001`), and can hardly be anything else.
pub(crate) fn after<'t>(text: &'t str, words: &[String]) -> impl Iterator<Item = &'t str> {
    let is_behind = |before: &str| {
        let before = before.trim_end_matches(|c| " :#([【“\"'号编码是为".contains(c));
        words.iter().any(|word| before.ends_with(word.as_str()))
    };
    // `热线-260301-000001` is whole with its word, and has a shape.
    let joined = |run: &'t str| {
        let rest = words.iter().find_map(|word| run.strip_prefix(word.as_str())?.strip_prefix('-'))?;
        Some(if is_digits(rest) { rest } else { run })
    };
    let number = move |(at, run): (usize, &'t str)| match joined(run) {
        None => Some(run).filter(|run| !run.starts_with('-') && is_behind(&text[..at])),
        joined => joined,
    };
    let whole = |number: &'t str| number.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    runs(text).filter_map(number).map(whole).filter(|number| is_order_number(number) && !is_time(number))
}

/// Letters and figures of ASCII with what stands between those of one number, and where they begin.
fn runs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
    let mut at = 0;
    let pieces = text.split_inclusive(move |c| !belongs(c)).map(move |piece| {
        let from = at;
        at += piece.len();
        (from, piece.trim_end_matches(|c| !belongs(c)))
    });
    pieces.filter(|(_, run)| !run.is_empty())
}

/// `20260301153000`, and the same without its seconds.
fn is_time(digits: &str) -> bool {
    let part =
        |range, most| digits.get(range).and_then(|part: &str| part.parse().ok()).is_some_and(|part: u32| part < most);
    matches!(digits.len(), 12 | 14)
        && is_digits(digits)
        && is_day(&digits[..8])
        && part(8..10, 24)
        && part(10..12, 60)
        && (digits.len() == 12 || part(12..14, 60))
}

/// A key of a database, with its dashes or without.
fn is_uuid(text: &str) -> bool {
    let hex: Vec<char> = text.chars().filter(|c| *c != '-').collect();
    let dashes = text.len() - hex.len();
    hex.len() == 32
        && matches!(dashes, 0 | 4)
        && hex.iter().all(char::is_ascii_hexdigit)
        && hex.iter().any(|c| *c != hex[0])
}

/// Whether a telephone number stands anywhere in it, in any of the forms people write; one without its area code may be
/// something else and is not meant.
pub(crate) fn holds_phone(text: &str) -> bool {
    groups(text).iter().any(|group| group.is_dialled_from_anywhere(&group.national()))
}

/// An identity card's; a number with a division and a day of this decade before its serial is an order's.
fn is_identity(text: &str) -> bool {
    is_id_shaped(text) && !text[6..].starts_with("202")
}

/// Eight digits that are a day of this century or the last.
pub(crate) fn is_day(digits: &str) -> bool {
    let part = |range| digits.get(range).and_then(|part: &str| part.parse::<u32>().ok());
    let (month, day) = (part(4..6), part(6..8));
    digits.len() == 8 && matches!(part(0..4), Some(1900..2100)) && matches!((month, day), (Some(1..=12), Some(1..=31)))
}

/// `000000`, `12345678`: typed because something had to be.
fn is_filler(digits: &str) -> bool {
    let counted = "01234567890123456789012345678901234567890";
    digits.chars().all(|c| digits.starts_with(c)) || counted.starts_with(digits) || counted[1..].starts_with(digits)
}

/// Digits with what people set between the parts of a telephone number.
struct Group<'t> {
    text: &'t str,
    /// A letter stands before it.
    lettered: bool,
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let says_phone = ["电话", "手机", "座机", "联系", "号码"].iter().any(|word| text.contains(word));
    let belongs = |c: char| c.is_ascii_digit() || " -－—–()（）+".contains(c);
    let mut groups = Vec::new();
    let mut rest = text;
    while let Some(from) = rest.find(belongs) {
        let names = |c: char| c.is_ascii_alphabetic() || !says_phone && (c.is_alphabetic() || "〕】]".contains(c));
        let lettered = rest[..from].chars().next_back().is_some_and(names);
        let after = &rest[from..];
        let end = after.find(|c| !belongs(c)).unwrap_or(after.len());
        groups.push(Group { text: &after[..end], lettered });
        rest = &after[end..];
    }
    groups
}

impl Group<'_> {
    fn runs(&self) -> impl Iterator<Item = &str> {
        self.text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty())
    }

    fn digits(&self) -> String {
        self.runs().collect()
    }

    /// `12345`, `110`, `96196`.
    fn is_service(&self) -> bool {
        let digits = self.digits();
        (3..=5).contains(&digits.len()) && digits.starts_with(['1', '9'])
    }

    /// With or without its area code.
    fn is_phone(&self) -> bool {
        let runs = self.national();
        self.is_dialled_from_anywhere(&runs) || self.is_local(&runs)
    }

    /// Without the country's code, where that is set off.
    fn national(&self) -> Vec<&str> {
        let mut runs: Vec<&str> = self.runs().collect();
        if runs.len() > 1 && matches!(runs[0], "86" | "0086") {
            runs.remove(0);
        }
        runs
    }

    /// Mobile, or fixed with its area code, with or without country and extension, or one of those that are free to call.
    fn is_dialled_from_anywhere(&self, runs: &[&str]) -> bool {
        let whole = runs.concat();
        let national = whole.strip_prefix("0086").or_else(|| whole.strip_prefix("86")).unwrap_or(&whole);
        let abroad = self.text.contains('+') && whole.len() > LONGEST_RUN;
        let extension = |from: usize| runs[from.min(runs.len())..].concat().len() <= 6;
        abroad
            || is_mobile(&whole)
            || is_mobile(national)
            || runs.first().is_some_and(|first| (is_mobile(first) || is_free(first) || is_fixed(first)) && extension(1))
            || is_free(&whole)
            || is_fixed(&whole)
            || matches!(runs[..], [area, local, ..] if is_area(area) && is_subscriber(local) && extension(2))
    }

    /// Without its area code: only where no letter says that it is something else.
    fn is_local(&self, runs: &[&str]) -> bool {
        let local = match runs {
            [whole] => matches!(whole.len(), 7 | 8),
            [first, second] if second.len() == 4 && matches!(first.len(), 3 | 4) => true,
            [first, extension] => is_subscriber(first) && extension.len() <= 6,
            _ => false,
        };
        local && !self.lettered
    }
}

fn is_mobile(digits: &str) -> bool {
    digits.len() == 11 && matches!(digits.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// 400 and 800.
fn is_free(digits: &str) -> bool {
    digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"))
}

/// With its area code; or a service number with one.
fn is_fixed(digits: &str) -> bool {
    (9..=12).contains(&digits.len()) && matches!(digits.as_bytes(), [b'0', b'1'..=b'9', ..])
}

fn is_area(digits: &str) -> bool {
    matches!(digits.len(), 3 | 4) && matches!(digits.as_bytes(), [b'0', b'1'..=b'9', ..])
}

/// Seven or eight digits, but for a day: numbers of orders begin with one.
fn is_subscriber(digits: &str) -> bool {
    matches!(digits.len(), 7 | 8) && !is_day(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_of_orders_are_told_from_all_that_strangers_have_in_common() {
        for number in [
            "热线-260301-000001",
            "热线-260301-1",
            "热线-260301-12345",
            "2026030100000001",
            "3302050020260301001",
            "33020500202603010001",
            "330205202603010001",
            "TJ20260301000017",
            "JB-WG-20260301-0008",
            "20260301-0001",
            "0574-20260301-0001",
            "RX〔2026〕000123",
            "12345-20260301-0001",
            "A1234568",
            "热线-26030112",
            "工单26030113",
            "甬访〔2026〕0301234",
            "a91c7be2-30f4-4b1d-9e07-c2f58d6a1b3e",
            "a91c7be230f44b1d9e07c2f58d6a1b3e",
        ] {
            assert!(is_order_number(number), "{number}");
        }
        for other in [
            "",
            "12345",
            "不详",
            "匿名",
            "4008012345",
            "400-801-2345",
            "0574-87654321-8001",
            "0574-87654321",
            "057487654321",
            "057487654321-8001",
            "0574-12345",
            "057412345",
            "13800000000/13900000000",
            "13800000000",
            "138-0000-0000",
            "8613800000000",
            "+86-13800000000",
            "(86)13800000000",
            "13800000000-1234",
            "+85212345678",
            "13800000000王",
            "电话13800000000",
            "来电号码：13800000000",
            "87654321",
            "8765-4321",
            "电话87654321",
            "87654321转8001",
            "87654321-8001",
            "12345热线",
            "12345热线转办",
            "宁波市12345热线来电",
            "95588来电登记",
            "GD-2",
            "20260301",
            "热线-20260301",
            "JB20260301",
            "2026-03-01",
            "2026年3月1日",
            "2026-03-01 09:00:00",
            "00000000",
            "00000000-0000-0000-0000-000000000000",
            "000000000000",
            "123456789",
            "12345678901",
            "无工单编号",
            "见附件",
            "138****0000",
            "138xxxx0000",
            "330299199003070017",
            "李示例来电反映问题",
            "示范路18号5幢301室",
        ] {
            assert!(!is_order_number(other), "{other}");
        }
    }

    #[test]
    fn a_phone_is_found_wherever_it_stands() {
        for text in ["王先生13800000000", "0574-87654321", "+86 199 0000 0001", "13800000000/13900000000", "4008012345"]
        {
            assert!(holds_phone(text), "{text}");
        }
        for text in ["热线-260301-000001", "12345", "2026030100000001", "87654321", "8765-4321", ""] {
            assert!(!holds_phone(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[\\PC0-9+-]{0,40}") {
            prop_assert!(!is_order_number(&text) || !holds_phone(&text));
        }
    }
}
