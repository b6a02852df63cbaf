//! A text as the judgements read it: traditional characters as simplified, and a word whose characters were set apart
//! (他 要 跳 楼) as the word. What is written in simplified characters and set apart by nothing stays as it is, to the byte.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use serde::Deserialize;

/// The characters of our lists with their traditional forms, looked up in the tables of OpenCC (NOTICE).
/// `shared`: also a simplified character in its own right (著名), read as the other only beside one that is not.
const TABLE: &str = include_str!("simplified.csv");

/// As many gaps in a row set a word's characters apart; fewer part words.
const LEAST_GAPS: usize = 3;

#[derive(Deserialize)]
struct Row {
    simplified: char,
    traditional: String,
    shared: String,
}

#[derive(Clone, Copy)]
struct Simplified {
    to: char,
    shared: bool,
}

static SIMPLIFIED: LazyLock<HashMap<char, Simplified, FixedState>> = LazyLock::new(|| {
    let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize().filter_map(Result::ok);
    let forms = |row: Row| {
        let of = |forms: &str, shared| {
            forms.chars().map(|from| (from, Simplified { to: row.simplified, shared })).collect::<Vec<_>>()
        };
        [of(&row.traditional, false), of(&row.shared, true)].concat()
    };
    rows.flat_map(forms).collect()
});

/// The text as it is judged.
pub(crate) fn plainly(text: &str) -> Cow<'_, str> {
    let simple = simplified(text);
    match together(&simple, LEAST_GAPS, is_gap) {
        Some(together) => Cow::Owned(together),
        None => simple,
    }
}

/// The text without the marks between characters, if there are any: 跳.楼. One alone may as well end a sentence, so that this is
/// another way of reading it and not the only one.
pub(crate) fn without_marks(text: &str) -> Option<String> {
    together(text, 1, |c| is_gap(c) && !c.is_whitespace())
}

/// In simplified characters.
fn simplified(text: &str) -> Cow<'_, str> {
    if text.chars().any(|c| SIMPLIFIED.get(&c).is_some_and(|known| !known.shared)) {
        Cow::Owned(turned(text, true))
    } else {
        Cow::Borrowed(text)
    }
}

/// What is listed in simplified characters, and where some of them are shared, as it stands in a text that was turned too: the
/// list need not be written as the texts are.
pub(crate) fn spellings(listed: &str) -> Vec<String> {
    let mut both = vec![without_shared(listed), turned(listed, true)];
    both.dedup();
    both
}

/// A list of words with all spellings of each. `or` stands between two of the same.
pub(crate) fn spelled(list: &str, or: &str) -> String {
    list.split_inclusive(|c| !is_han(c))
        .map(|word| word.split_at(word.trim_end_matches(|c| !is_han(c)).len()))
        .fold(String::with_capacity(list.len()), |all, (word, mark)| all + &spellings(word).join(or) + mark)
}

/// In simplified characters, but for those that are shared.
pub(crate) fn without_shared(text: &str) -> String {
    turned(text, false)
}

fn turned(text: &str, shared: bool) -> String {
    let known = |c: char| SIMPLIFIED.get(&c).filter(|known| shared || !known.shared);
    text.chars().map(|c| known(c).map_or(c, |known| known.to)).collect()
}

fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\u{3000}' | '.' | '．' | '·' | '•' | '・' | '*' | '＊')
}

/// A Chinese character, the rare ones and 〇 among them.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3007}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// The text with what stands between its characters taken out, wherever `least` of them or more are parted by one each; none
/// if there is no such place.
fn together(text: &str, least: usize, parts: impl Fn(char) -> bool) -> Option<String> {
    if !text.contains(&parts) {
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    let parted = |at: usize| matches!(chars.get(at..at + 3), Some([before, gap, after]) if is_han(*before) && parts(*gap) && is_han(*after));
    let (mut joined, mut at) = (String::with_capacity(text.len()), 0);
    while at < chars.len() {
        let gaps = (at..).step_by(2).take_while(|at| parted(*at)).count();
        let end = at + 2 * gaps;
        if gaps >= least {
            joined.extend(chars[at..end].iter().step_by(2));
        } else {
            joined.extend(&chars[at..end]);
        }
        // The character behind the last gap, or the one here.
        joined.extend(chars.get(end));
        at = end + 1;
    }
    (joined.len() < text.len()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn traditional_characters_and_words_set_apart_are_read_as_any() {
        for (text, expected) in [
            ("他揚言要炸樓", "他扬言要炸楼"),
            ("電梯墜落，有人受傷", "电梯坠落，有人受伤"),
            ("樓上著火了", "楼上着火了"),
            ("著名的乾隆年间", "著名的乾隆年间"),
            ("他 要 跳 楼", "他要跳楼"),
            ("我*想*自*杀，真的", "我想自杀，真的"),
            ("姓名 张三 男", "姓名 张三 男"),
            ("路灯.井盖", "路灯.井盖"),
            ("他  要  跳  楼", "他  要  跳  楼"),
            ("A B C D 1 2 3 4", "A B C D 1 2 3 4"),
            ("", ""),
        ] {
            assert_eq!(plainly(text), expected, "{text}");
        }
        assert_eq!(without_marks("他要跳.楼，不管 了").as_deref(), Some("他要跳楼，不管 了"));
        assert_eq!(without_marks("3.5元。 跳 楼"), None);
    }

    #[test]
    fn what_is_listed_is_met_in_either_script() {
        for (listed, text) in
            [("乾元廣場", "乾元广场"), ("乾元广场", "乾元廣場聚集"), ("乾元广场", "乾元广场"), ("跳樓", "跳楼")]
        {
            assert!(spellings(listed).iter().any(|name| plainly(text).contains(name.as_str())), "{listed}, {text}");
        }
        assert_eq!(spelled("詞,類\n拿|乾電+刀,x\n廣場,乾", "|"), "词,类\n拿|乾电|干电+刀,x\n广场,乾|干");
    }

    #[test]
    fn the_table_reads_whole_and_turns_no_character_twice() {
        let rows = csv::Reader::from_reader(TABLE.as_bytes()).into_deserialize::<Row>();
        let forms: usize =
            rows.map(|row| row.expect("a row")).map(|r| (r.traditional + &r.shared).chars().count()).sum();
        assert_eq!(forms, SIMPLIFIED.len(), "each form once");
        assert!(SIMPLIFIED.values().all(|known| !SIMPLIFIED.contains_key(&known.to)));
    }

    proptest! {
        #[test]
        fn reading_again_changes_nothing(text in "[他要跳樓楼著. ·*，a1]{0,24}") {
            let once = plainly(&text).into_owned();
            let again = plainly(&once);
            prop_assert_eq!(&*again, &once);
        }
    }
}
