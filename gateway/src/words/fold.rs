//! A text as it is compared: half width, lower case, letters and digits, and one gap wherever something else stands.

use std::ops::Range;

/// Stands for whatever is neither letter nor digit; it is neither itself.
pub(super) const GAP: char = '·';

/// A number of so many digits is a telephone, an identity, an account or an order: it is no word of a text.
const LONG_NUMBER: usize = 7;

/// Full width to half width, lower case.
pub fn half_width(c: char) -> char {
    let half = match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c => c,
    };
    half.to_lowercase().next().unwrap_or(half)
}

/// The text as it is compared.
pub fn fold(text: &str) -> String {
    without_numbers(&text.chars().map(half_width).collect::<Vec<_>>(), &[])
}

/// The folded pieces between the gaps of a word that was asked for.
pub fn pieces(word: &str) -> Vec<String> {
    fold(word).split(GAP).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// Long numbers in a text, as people write them: digits, with one space or dash between them.
pub(super) fn numbers_in(plain: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < plain.len() {
        if !plain[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = end_of_number(plain, at);
        if plain[at..end].iter().filter(|c| c.is_ascii_digit()).count() >= LONG_NUMBER {
            found.push(at..end);
        }
        at = end;
    }
    found
}

fn end_of_number(plain: &[char], start: usize) -> usize {
    let digit = |at: usize| plain.get(at).is_some_and(char::is_ascii_digit);
    let mut end = start;
    loop {
        match plain.get(end) {
            Some(c) if c.is_ascii_digit() => end += 1,
            Some(' ' | '-') if digit(end + 1) => end += 1,
            // The last place of an identity number.
            Some('x') if plain[start..end].iter().filter(|c| c.is_ascii_digit()).count() == 17 => return end + 1,
            _ => return end,
        }
    }
}

/// Folds half-width characters, with a gap in place of each of these ranges.
pub(super) fn without_numbers(plain: &[char], numbers: &[Range<usize>]) -> String {
    let mut folded = String::with_capacity(plain.len() * 3);
    let mut numbers = numbers.iter().peekable();
    let (mut last, mut gap, mut blank) = (None, false, false);
    for (at, c) in plain.iter().copied().enumerate() {
        while numbers.next_if(|number| number.end <= at).is_some() {}
        if !c.is_alphanumeric() || numbers.peek().is_some_and(|number| number.contains(&at)) {
            // A line may break within a Chinese word.
            let white = c.is_whitespace() || c.is_control() || c == '\u{feff}';
            blank |= white;
            gap |= !white;
            continue;
        }
        let broken = blank && !(last.is_some_and(is_han) && is_han(c));
        if last.is_some() && (gap || broken) {
            folded.push(GAP);
        }
        folded.push(c);
        (last, gap, blank) = (Some(c), false, false);
    }
    folded
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn width_case_and_line_breaks_do_not_matter_and_marks_part_words() {
        let check = |text: &str, expected: &str| assert_eq!(fold(text), expected, "{text}");
        check("ＫＴＶ　噪音，Ａ３区", "ktv·噪音·a3区");
        check("路\r\n灯 不亮", "路灯不亮");
        check("hello  World", "hello·world");
        check("【路灯】；坏了。", "路灯·坏了");
        check("，。", "");
    }

    #[test]
    fn long_numbers_are_gaps() {
        let check = |text: &str, expected: &str| {
            let plain: Vec<char> = text.chars().map(half_width).collect();
            assert_eq!(without_numbers(&plain, &numbers_in(&plain)), expected, "{text}");
        };
        check("18号，电话139 0000-1234联系", "18号·电话·联系");
        check("证件33020519880706543Ｘ号", "证件·号");
        check("123456栋", "123456栋");
    }

    proptest! {
        #[test]
        fn what_stands_in_a_text_stands_in_it_folded(before in "\\PC{0,12}", word in "[路灯小区a-zA-Z０-９]{2,6}", after in "\\PC{0,12}") {
            let folded = fold(&format!("{before}，{word}。{after}"));
            for piece in pieces(&word) {
                prop_assert!(folded.contains(&piece));
            }
        }

        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
