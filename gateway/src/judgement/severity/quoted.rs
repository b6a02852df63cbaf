//! What a text only quotes: what a film is called, what an advertisement or a message that was passed on says. What somebody
//! said (他说“我要杀了你”), wrote or left behind is no such thing.

use std::ops::Range;

use super::rules::Kind;

/// Marks between which something is quoted.
const MARKS: [(char, char); 5] = [('《', '》'), ('“', '”'), ('"', '"'), ('「', '」'), ('『', '』')];
/// How far the closing mark may be, in characters.
const LONGEST: usize = 60;
/// Right before a mark they say that what follows is a work's.
const WORKS: [&str; 11] =
    ["电影", "影片", "歌曲", "电视剧", "广告", "广告语", "游戏", "短视频", "小说", "话剧", "动画片"];
/// Right before a mark it says that what follows is somebody else's.
const PASSED_ON: &str = "转发";
/// Shortly before a work they say that it is of whoever is spoken of: 他发短视频“…”.
const MAKES: [char; 6] = ['发', '拍', '录', '播', '写', '传'];
/// How far before it.
const MOST_BEFORE_WORK: usize = 3;
/// Right before a title they say that somebody wrote it of themselves: 留下《遗书》.
const WRITES: [&str; 9] = ["标题", "题目", "题", "留下", "写下", "写", "信", "遗书", "朋友圈"];
/// Between these and the mark.
const BETWEEN: [&str; 15] =
    ["了", "的", "是", "为", "：", ":", "名叫", "名为", "叫", "里", "中", "一条", "一部", "一首", "一篇"];

/// What a text only quotes.
pub(super) struct Quoted {
    at: Range<usize>,
    passed_on: bool,
}

impl Quoted {
    /// Whether it takes a word of this kind out of what the text says. Whoever passes on that somebody means to die or to kill
    /// may well know them.
    pub fn holds(&self, word: &Range<usize>, kind: Kind) -> bool {
        let meant = self.passed_on && matches!(kind, Kind::Suicide | Kind::Threat);
        self.at.start <= word.start && word.end <= self.at.end && !meant
    }
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
        let before = before_mark(&text[..mark]);
        let says_more = || text[..mark].contains(char::is_alphanumeric) || text[from..].contains(char::is_alphanumeric);
        let passed_on = open != '《' && before.ends_with(PASSED_ON);
        let work = if open == '《' { !ends(before, &WRITES) && says_more() } else { is_work(before) };
        found.extend((passed_on || work).then_some(Quoted { at: start..end, passed_on }));
    }
    found
}

fn before_mark(mut before: &str) -> &str {
    while let Some(shorter) = BETWEEN.iter().find_map(|word| before.strip_suffix(word)) {
        before = shorter;
    }
    before
}

fn is_work(before: &str) -> bool {
    WORKS.iter().filter_map(|work| before.strip_suffix(work)).any(|maker| {
        let mut near = maker.chars().rev().take(MOST_BEFORE_WORK);
        !near.any(|c| MAKES.contains(&c))
    })
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
            ("放映《我要杀了你》电影", vec!["我要杀了你"]),
            ("放电影“杀了他”，还有游戏名叫\"开炸\"", vec!["杀了他", "开炸"]),
            ("转发了一条：“某地发生爆炸”", vec!["某地发生爆炸"]),
            ("他说“我要杀了你”", vec![]),
            ("孩子留下《遗书》，题为：《我要跳楼》", vec![]),
            ("他拍短视频“我要杀了你”", vec![]),
            ("《我要杀了你", vec![]),
            ("《我要杀了你》！", vec![]),
            ("电影“杀\n他”", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(quoted(text).into_iter().map(|quoted| &text[quoted.at]).collect::<Vec<_>>(), expected, "{text}");
        }
        assert_eq!(quoted(&format!("《{}》", "杀".repeat(LONGEST))).len(), 0);
    }
}
