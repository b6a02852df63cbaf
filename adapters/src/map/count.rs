//! Counts as people write them: `12`, `1,200人`, `约30户`, `三十多人`. Pure.

use super::digits;

/// What a count accepts, for messages.
pub(super) const EXPECTED: &str = "a whole number, such as 12, 12人, 约30户, 三十多人";

/// A number of persons, as far as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) number: u32,
    /// As it was written: neither "about", nor of households.
    pub(super) exact: bool,
}

/// Whether a text is a count, however exact.
pub(crate) fn is_count(text: &str) -> bool {
    read(text, None).is_some()
}

const ABOUT: [&str; 8] = ["大约", "大概", "将近", "超过", "至少", "约", "近", "超"];
const MORE: [&str; 2] = ["余", "多"];
const PERSONS: [&str; 5] = ["人", "名", "位", "个", "口"];
const OTHERS: [&str; 2] = ["户", "家"];
const ROUGHLY: [&str; 3] = ["左右", "上下", "以上"];

/// Reads a count. Of two numbers, or of a range, nobody knows which is meant: that is none. `unit` is what the map says may
/// stand behind the number; without it what people count persons and households in.
pub(super) fn read(text: &str, unit: Option<&str>) -> Option<Count> {
    let bare = unit.and_then(|unit| text.strip_suffix(unit)).unwrap_or(text);
    if let Ok(number) = bare.trim().parse() {
        return Some(Count { number, exact: true });
    }
    let plain = digits::plain(text.trim())?;
    let (is_about, rest) = without(&plain, &ABOUT, |text, word| text.strip_prefix(word));
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(rest.len());
    let (number, rest) = rest.split_at(end);
    let (is_more, rest) = without(rest, &MORE, |text, word| text.strip_prefix(word));
    let (is_roughly, rest) = without(rest, &ROUGHLY, |text, word| text.strip_suffix(word));
    let is_persons = rest.is_empty() || unit == Some(rest) || PERSONS.contains(&rest);
    let number = grouped(number).filter(|_| is_persons || OTHERS.contains(&rest))?;
    Some(Count { number, exact: is_persons && !(is_about || is_more || is_roughly) })
}

/// A text without one of some words at its end or beginning, and whether there was one.
fn without<'t>(text: &'t str, words: &[&str], cut: fn(&'t str, &str) -> Option<&'t str>) -> (bool, &'t str) {
    let cut = words.iter().find_map(|word| cut(text, word));
    (cut.is_some(), cut.unwrap_or(text).trim())
}

/// `1200` and `1,200`; not `2,3`.
fn grouped(number: &str) -> Option<u32> {
    let mut groups = number.split(',');
    let is_grouped = groups.next().is_some_and(|first| !number.contains(',') || first.len() <= 3);
    (is_grouped && groups.all(|group| group.len() == 3)).then(|| number.replace(',', "").parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_what_is_no_one_number_is_not() {
        let cases = [
            ("12", Some((12, true))),
            ("12人", Some((12, true))),
            (" 5 名", Some((5, true))),
            ("1,200人", Some((1200, true))),
            ("１２人", Some((12, true))),
            ("三十二人", Some((32, true))),
            ("约30户", Some((30, false))),
            ("30户", Some((30, false))),
            ("30余人", Some((30, false))),
            ("三十多户", Some((30, false))),
            ("50人左右", Some((50, false))),
            ("200人以上", Some((200, false))),
            ("全村", None),
            ("两三人", None),
            ("十几人", None),
            ("3-5人", None),
            ("2,3人", None),
            ("30户120人", None),
            ("83.0万元", None),
            ("3件", None),
            ("约人", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, None).map(|c| (c.number, c.exact)), expected, "{text}");
        }
        assert_eq!(read("3件", Some("件")), Some(Count { number: 3, exact: true }));
    }
}
