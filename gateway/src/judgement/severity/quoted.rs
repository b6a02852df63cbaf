//! What a text only quotes: what a film is called, what an advertisement or a message that was passed on says. What somebody
//! said (他说“我要杀了你”), wrote or left behind is no such thing.

use std::ops::Range;

use super::context::names_nobody;
use super::rules::Kind;

/// Marks between which something is quoted.
const MARKS: [(char, char); 5] = [('《', '》'), ('“', '”'), ('"', '"'), ('「', '」'), ('『', '』')];
/// How far the closing mark may be, in characters.
const LONGEST: usize = 60;
/// Right before a mark they say that what follows is a work's; right behind a title, that it was one's.
const WORKS: [&str; 15] = [
    "电影",
    "影片",
    "放映",
    "歌曲",
    "歌",
    "电视剧",
    "广告",
    "广告语",
    "游戏",
    "小说",
    "话剧",
    "动画",
    "动画片",
    "戏",
    "剧本",
];
/// Between a title and what it is of: 《…》这首歌.
const OF_TITLES: [&str; 6] = ["的", "这部", "那部", "这首", "那首", "这本"];
/// Right before a mark it says that what follows is somebody else's.
const PASSED_ON: &str = "转发";
/// In what was passed on, they say that it is no matter of ours.
const FAR: [&str; 5] = ["某地", "外地", "外省", "外国", "国外"];
/// Right behind what was passed on, they say that it is long over.
const PAST: [&str; 4] = ["旧新闻", "的旧新闻", "旧闻", "的旧闻"];
/// Shortly before a work they say that it is of whoever is spoken of: 他写小说“…”.
const MAKES: [char; 6] = ['发', '拍', '录', '播', '写', '传'];
/// How far before it.
const MOST_BEFORE_WORK: usize = 3;
/// Right before a title they say that somebody wrote it of themselves: 留下《遗书》.
const WRITES: [&str; 9] = ["标题", "题目", "题", "留下", "写下", "写", "信", "遗书", "朋友圈"];
/// A title that ends with them is a rule's.
const LAWS: [&str; 5] = ["条例", "规定", "管理办法", "应急预案", "实施细则"];
/// A title of at most so many characters may be a work's although nothing says so: 《死了都要爱》.
const LONGEST_TITLE: usize = 6;
/// Between these and the mark.
const BETWEEN: [&str; 15] =
    ["了", "的", "是", "为", "：", ":", "名叫", "名为", "叫", "里", "中", "一条", "一部", "一首", "一篇"];

/// What a text only quotes.
#[derive(Debug)]
pub(super) struct Quoted {
    at: Range<usize>,
    of: Of,
}

/// What it is quoted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Work,
    /// Perhaps a work, or a rule.
    Title,
    /// What somebody passes on.
    PassedOn,
    /// The same, of elsewhere or long ago.
    News,
}

impl Quoted {
    /// Whether it takes a word of this kind out of what the text says.
    pub fn sets_aside(&self, word: &Range<usize>, kind: Kind) -> bool {
        match self.of {
            Of::Work => self.holds(word),
            Of::Title | Of::News => self.holds(word) && !is_meant(kind),
            Of::PassedOn => false,
        }
    }

    /// Whether a word of this kind is only heard from somebody: it may well be so.
    pub fn is_heard(&self, word: &Range<usize>, kind: Kind) -> bool {
        self.of == Of::PassedOn && self.holds(word) && !is_meant(kind)
    }

    fn holds(&self, word: &Range<usize>) -> bool {
        self.at.start <= word.start && word.end <= self.at.end
    }
}

/// That somebody means to die or to kill. Whoever passes it on, or puts it in a title, may well know them.
fn is_meant(kind: Kind) -> bool {
    matches!(kind, Kind::Suicide | Kind::Threat)
}

/// What a text quotes; not where it is all that the text says.
pub(super) fn quoted(text: &str) -> Vec<Quoted> {
    let mut found = Vec::new();
    let mut from = 0;
    for (mark, c) in text.char_indices() {
        let Some((open, close)) = MARKS.into_iter().find(|(open, _)| *open == c && mark >= from) else { continue };
        let start = mark + open.len_utf8();
        let near = text[start..].char_indices().nth(LONGEST).map_or(text.len(), |(length, _)| start + length);
        let end = text[start..near].find([close, '\n']).map(|length| start + length);
        let Some(end) = end.filter(|end| text[*end..].starts_with(close)) else { continue };
        from = end + close.len_utf8();
        let (before, within, after) = (before_mark(&text[..mark]), &text[start..end], &text[from..]);
        let of = match open {
            '《' => of_title(before, within, after),
            _ if is_work(before) => Some(Of::Work),
            _ if before.ends_with(PASSED_ON) && is_far(within, after) => Some(Of::News),
            _ if before.ends_with(PASSED_ON) => Some(Of::PassedOn),
            _ => None,
        };
        found.extend(of.map(|of| Quoted { at: start..end, of }));
    }
    found
}

fn before_mark(mut before: &str) -> &str {
    while let Some(shorter) = BETWEEN.iter().find_map(|word| before.strip_suffix(word)) {
        before = shorter;
    }
    before
}

fn of_title(before: &str, title: &str, after: &str) -> Option<Of> {
    let kind = OF_TITLES.iter().find_map(|of| after.strip_prefix(of)).unwrap_or(after);
    let work = WORKS.iter().any(|work| kind.starts_with(work)) && !makes(before);
    let says_more = before.contains(char::is_alphanumeric) || after.contains(char::is_alphanumeric);
    let short = title.chars().count() <= LONGEST_TITLE && names_nobody(title);
    let law = LAWS.iter().any(|law| title.ends_with(law));
    match work || is_work(before) {
        true => Some(Of::Work),
        false => (says_more && (short || law) && !ends(before, &WRITES)).then_some(Of::Title),
    }
}

fn is_work(before: &str) -> bool {
    WORKS.iter().filter_map(|work| before.strip_suffix(work)).any(|maker| !makes(maker))
}

fn makes(before: &str) -> bool {
    before.chars().rev().take(MOST_BEFORE_WORK).any(|c| MAKES.contains(&c))
}

fn is_far(within: &str, after: &str) -> bool {
    FAR.iter().any(|far| within.contains(far)) || PAST.iter().any(|past| after.starts_with(past))
}

fn ends(before: &str, words: &[&str]) -> bool {
    words.iter().any(|word| before.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_and_what_was_passed_on_are_quoted_and_what_people_say_is_not() {
        for (text, expected) in [
            ("放映《我要杀了你》电影", vec![("我要杀了你", Of::Work)]),
            ("循环放《今夜让我死去》这首歌", vec![("今夜让我死去", Of::Work)]),
            ("他写了《我要杀了你》小说", vec![]),
            ("放电影“杀了他”，还有游戏名叫\"开炸\"", vec![("杀了他", Of::Work), ("开炸", Of::Work)]),
            ("《死了都要爱》太吵", vec![("死了都要爱", Of::Title)]),
            ("依据《火灾事故调查规定》", vec![("火灾事故调查规定", Of::Title)]),
            ("《我不想活了》求助", vec![]),
            ("《紧急求助：3号楼着火，有人被困》请速派人", vec![]),
            ("转发了一条：“某地发生爆炸”", vec![("某地发生爆炸", Of::News)]),
            ("转发“发生爆炸”的旧闻", vec![("发生爆炸", Of::News)]),
            ("转发“3幢着火了”", vec![("3幢着火了", Of::PassedOn)]),
            ("他说“我要杀了你”", vec![]),
            ("孩子留下《遗书》，题为：《我要跳楼》", vec![]),
            ("他写小说“我要杀了你”", vec![]),
            ("《我要杀了你", vec![]),
            ("《杀了你》！", vec![]),
            ("电影“杀\n他”", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(quoted(text).into_iter().map(|q| (&text[q.at], q.of)).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(quoted(&format!("电影《{}》", "杀".repeat(LONGEST))).len(), 0);
    }
}
