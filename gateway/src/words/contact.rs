//! Telephone and identity numbers as people and systems write them, brought into one form.

use super::fold::{half_width, numbers_in};

/// A telephone or identity number. It is personal: there is no `Debug` and no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// A mobile telephone: 11 digits.
    Mobile(String),
    /// A telephone of a house or an office. Who knows the area code does not always write it.
    Landline {
        /// With its leading 0.
        area: Option<String>,
        /// The rest.
        local: String,
    },
    /// An identity card's number in its present form of 18 characters, or another document's.
    Identity(String),
}

impl Contact {
    /// Reads one number.
    pub fn read(text: &str) -> Option<Self> {
        let plain: String =
            text.chars().map(half_width).filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
        let home = ["+86", "0086", "86"].iter().find_map(|code| plain.strip_prefix(code).and_then(telephone));
        home.or_else(|| identity(&plain)).or_else(|| telephone(&plain))
    }

    /// Every number in a field that should hold one.
    pub(super) fn all_in(text: &str) -> Vec<Self> {
        if let Some(whole) = Self::read(text) {
            return vec![whole];
        }
        let plain: Vec<char> = text.chars().map(half_width).collect();
        numbers_in(&plain).into_iter().flat_map(|number| Self::all_in_number(&plain[number])).collect()
    }

    /// What a long number of a text says: one number, or several with a space or a dash between them, or one with an extension
    /// (138-1234-5678 87654321, 0574-87654321-8001). Of its parts, as many as make a number are one.
    pub(super) fn all_in_number(number: &[char]) -> Vec<Self> {
        const MOST_PARTS: usize = 4;
        let whole: String = number.iter().collect();
        if let Some(whole) = Self::read(&whole) {
            return vec![whole];
        }
        let parts: Vec<&str> = whole.split([' ', '-']).collect();
        let (mut found, mut rest) = (Vec::new(), parts.as_slice());
        while !rest.is_empty() {
            let longest = (1..=MOST_PARTS.min(rest.len())).rev();
            let read = longest.filter_map(|n| Some((Self::read(&rest[..n].concat())?, n))).next();
            let taken = read.as_ref().map_or(1, |(_, n)| *n);
            found.extend(read.map(|(contact, _)| contact));
            rest = &rest[taken..];
        }
        found
    }

    /// Whether it is a telephone's.
    pub fn is_telephone(&self) -> bool {
        !matches!(self, Self::Identity(_))
    }

    /// Whether both are the same number. A landline without area code may be anywhere.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Landline { area, local }, Self::Landline { area: other_area, local: other_local }) => {
                local == other_local && (area == other_area || area.is_none() || other_area.is_none())
            }
            _ => self == other,
        }
    }

    /// Whether its check digit is right, if it has one: a number that was mistyped is nobody's.
    pub fn is_sound(&self) -> bool {
        match self {
            Self::Identity(number) if number.len() == 18 => number.ends_with(check(&number[..17])),
            _ => true,
        }
    }

    /// What is hashed: the same for all spellings of the number.
    pub(crate) fn normal(&self) -> &str {
        match self {
            Self::Mobile(number) | Self::Landline { local: number, .. } | Self::Identity(number) => number,
        }
    }
}

fn telephone(plain: &str) -> Option<Contact> {
    let digits = plain.as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match digits {
        [b'1', b'3'..=b'9', ..] if digits.len() == 11 => Some(Contact::Mobile(plain.to_owned())),
        [b'0', second, ..] => {
            let (area, local) = plain.split_at_checked(if matches!(second, b'1' | b'2') { 3 } else { 4 })?;
            is_local(local).then(|| Contact::Landline { area: Some(area.to_owned()), local: local.to_owned() })
        }
        _ if is_local(plain) || is_service(plain) => Some(Contact::Landline { area: None, local: plain.to_owned() }),
        _ => None,
    }
}

fn is_local(digits: &str) -> bool {
    matches!(digits.len(), 7 | 8) && matches!(digits.as_bytes()[0], b'2'..=b'9')
}

fn is_service(digits: &str) -> bool {
    digits.len() == 10 && (digits.starts_with("400") || digits.starts_with("800"))
}

fn identity(plain: &str) -> Option<Contact> {
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let upper = plain.to_ascii_uppercase();
    if !upper.is_ascii() {
        return None;
    }
    let known = match upper.len() {
        18 if is_digits(&upper[..17]) && (is_digits(&upper[17..]) || upper.ends_with('X')) => {
            is_day(&upper[10..14]).then_some(upper)
        }
        15 if is_digits(&upper) => is_day(&upper[8..12]).then(|| modern(&upper)),
        9..=12 if is_document(&upper) => Some(upper),
        _ => None,
    };
    known.map(Contact::Identity)
}

/// Month and day.
fn is_day(digits: &str) -> bool {
    let number = |text: &str| text.parse::<u8>().unwrap_or_default();
    (1..=12).contains(&number(&digits[..2])) && (1..=31).contains(&number(&digits[2..]))
}

/// A passport or a permit: one or two letters and at least seven digits.
fn is_document(upper: &str) -> bool {
    let digits = upper.trim_start_matches(|c: char| c.is_ascii_uppercase());
    matches!(upper.len() - digits.len(), 1 | 2) && digits.len() >= 7 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The 18 characters of a number of 15: its holder was born in the twentieth century (GB 11643).
fn modern(old: &str) -> String {
    let seventeen = format!("{}19{}", &old[..6], &old[6..]);
    format!("{seventeen}{}", check(&seventeen))
}

/// The last place, from the seventeen digits before it.
fn check(seventeen: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let sum: u32 = seventeen.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    CHECKS[sum as usize % 11] as char
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_a_number_of_what() {
        let check = |text: &str, expected: Option<(&str, bool)>| {
            let read = Contact::read(text);
            assert!(read.as_ref().map(|c| (c.normal(), c.is_telephone())) == expected, "{text}");
        };
        check("139 0000 1234", Some(("13900001234", true)));
        check("＋８６ １３９００００１２３４", Some(("13900001234", true)));
        check("0086-574-87654321", None);
        check("010-87654321", Some(("87654321", true)));
        check("0574-8765432", Some(("8765432", true)));
        check("400-800-1234", Some(("4008001234", true)));
        check("33020519880706543x", Some(("33020519880706543X", false)));
        check("110105491231002", Some(("11010519491231002X", false)));
        check("e12345678", Some(("E12345678", false)));
        check("2026030100000001", None);
        check("202603010000000001", None);
        check("12345", None);
        check("路灯", None);
        check("", None);
    }

    proptest! {
        #[test]
        fn a_mobile_is_itself_in_any_spelling(number in "1[3-9][0-9]{9}", at in 1usize..10) {
            let (a, b) = number.split_at(at);
            for spelling in [format!("{a} {b}"), format!("+86{a}-{b}"), format!("86 {number}")] {
                let read = Contact::read(&spelling).expect("a number");
                prop_assert!(read == Contact::Mobile(number.clone()), "{}", spelling);
            }
        }

        #[test]
        fn nothing_makes_it_stumble(text in "\\PC{0,30}") {
            let _any = (Contact::read(&text), Contact::all_in(&text));
        }
    }
}
