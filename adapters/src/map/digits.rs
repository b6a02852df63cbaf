//! Figures as people write them, brought to ASCII: full-width ones, and Chinese numerals. Pure.

use std::borrow::Cow;

use crate::looks::is_han;

/// A text with its figures as ASCII digits; none where numerals stand together that make no one number (`两三`, `三百五`).
pub(super) fn plain(text: &str) -> Option<Cow<'_, str>> {
    let is_plain = |c: char| c.is_ascii() || (numeral(c).is_none() && unit(c).is_none() && ascii(c) == c);
    if text.is_ascii() || text.chars().all(is_plain) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find(|c| numeral(c).is_none() && unit(c).is_none()).unwrap_or(rest.len());
        let (run, after) = rest.split_at(if end == 0 { c.len_utf8() } else { end });
        match end {
            0 => out.push(ascii(c)),
            _ => out.push_str(&number(run)?),
        }
        rest = after;
    }
    Some(Cow::Owned(out))
}

/// A text with its signs of full width as those of ASCII, and every dash as the one on a keyboard.
pub(super) fn half_width(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| ascii(dashed(c)) == c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| ascii(dashed(c))).collect())
}

fn dashed(c: char) -> char {
    if matches!(c, '‐'..='―' | '−') { '-' } else { c }
}

/// The sign of ASCII that a full-width one stands for.
fn ascii(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    }
}

fn numeral(c: char) -> Option<u32> {
    const NUMERALS: [&str; 10] = ["〇零○", "一", "二两", "三", "四", "五", "六", "七", "八", "九"];
    if !is_han(c) && !matches!(c, '〇' | '○') {
        return None;
    }
    (0..).zip(NUMERALS).find(|(_, signs)| signs.contains(c)).map(|(value, _)| value)
}

fn unit(c: char) -> Option<u32> {
    match c {
        '十' => Some(10),
        '百' => Some(100),
        '千' => Some(1000),
        '万' => Some(10_000),
        _ => None,
    }
}

/// A run of numerals in digits: by its units, or as a year, a numeral of its own or a padded one (`〇三`) digit by digit.
/// Two others side by side are "two or three".
fn number(run: &str) -> Option<String> {
    if run.chars().any(|c| unit(c).is_some()) {
        return by_units(run).map(|value| value.to_string());
    }
    let digits: String = run.chars().filter_map(numeral).filter_map(|value| char::from_digit(value, 10)).collect();
    (matches!(digits.len(), 1 | 4) || digits.starts_with('0')).then_some(digits)
}

fn by_units(run: &str) -> Option<u32> {
    let (mut whole, mut digit, mut last, mut after_zero) = (0, None, u32::MAX, false);
    for c in run.chars() {
        match (numeral(c), unit(c)) {
            (Some(0), _) if digit.is_none() => after_zero = true,
            (Some(value), _) if value > 0 && digit.is_none() => digit = Some(value),
            (_, Some(unit)) if unit < last => {
                whole += digit.take().or((unit == 10 && whole == 0).then_some(1))? * unit;
                (last, after_zero) = (unit, false);
            }
            _ => return None,
        }
    }
    match digit {
        // `三百五` is 350 to the one and 305 to the other.
        Some(_) if last > 10 && !after_zero => None,
        digit => Some(whole + digit.unwrap_or(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_become_digits_and_what_is_two_numbers_none() {
        let cases = [
            ("2026-03-05", Some("2026-03-05")),
            ("２０２６－０３－０５　１５：２０", Some("2026-03-05 15:20")),
            ("二〇二六年三月五日", Some("2026年3月5日")),
            ("二○二六年十月二十一日", Some("2026年10月21日")),
            ("二零二六年〇三月三十日", Some("2026年03月30日")),
            ("三十多户", Some("30多户")),
            ("两百零五", Some("205")),
            ("一千二百三十四", Some("1234")),
            ("一万零五十", Some("10050")),
            ("庄桥街道", Some("庄桥街道")),
            ("两三人", None),
            ("三百五", None),
            ("三四十人", None),
            ("上百人", None),
            ("十二万", None),
        ];
        for (text, expected) in cases {
            assert_eq!(plain(text).as_deref(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_it(text in "[\\PC〇一二十百千万]{0,40}") {
            let _ = plain(&text);
        }
    }
}
