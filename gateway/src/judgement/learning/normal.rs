//! A text without what carries no meaning here: width, case, spaces; and for n-grams, which number it was.

use super::super::spelling::plainly;

/// Full width to half width, lower case, simplified characters, no spaces or control characters.
pub(in crate::judgement) fn plain(text: &str) -> String {
    let text = plainly(text);
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter_map(plain_char) {
        // From here on nothing that this project reads has a case.
        if c >= '\u{2e80}' { plain.push(c) } else { plain.extend(c.to_lowercase()) }
    }
    plain
}

fn plain_char(c: char) -> Option<char> {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0),
        c if c.is_whitespace() || c.is_control() || c == '\u{feff}' => None,
        c => Some(c),
    }
}

/// Every number, code or masked place name (a run of letters and digits with a digit in it, or one letter alone)
/// becomes `0`; at most `most` characters.
pub(in crate::judgement) fn without_numbers(plain: &str, most: usize) -> Vec<char> {
    let mut out = Vec::with_capacity(most.min(plain.len()));
    let mut run = String::new();
    for c in plain.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() {
            run.push(c);
            continue;
        }
        if run.chars().any(|c| c.is_ascii_digit()) || run.len() == 1 {
            out.push('0');
        } else {
            out.extend(run.chars());
        }
        run.clear();
        if out.len() >= most {
            break;
        }
        if c != '\0' {
            out.push(c);
        }
    }
    out.truncate(most);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_spaces_and_numbers_do_not_matter() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_numbers(&plain(text), 100).into_iter().collect::<String>(), expected);
        };
        check("ＫＴＶ 噪音，Ａ３区 2019年5月", "ktv噪音,0区0年0月");
        check("電梯·墜·落 5次，跳·樓·了·吗", "电梯·坠·落0次,跳楼了吗");
        check("A市B7县\nAPP", "0市0县app");
        assert_eq!(without_numbers("一二三四", 3), ['一', '二', '三']);
    }
}
