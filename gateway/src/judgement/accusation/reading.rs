//! A text as clauses and the words found in them, and what part each one named plays: who did it, who was told,
//! who is asked, or only where something is. Knows words and their neighbours; what follows from them is weighed
//! elsewhere.

use std::ops::Range;

use super::super::vocabulary::{Clause, clauses};
use super::lexicon::{Lexicon, Meaning};
use super::words::Kind;

/// A word found.
#[derive(Debug, Clone)]
pub(super) struct Token<'l> {
    pub at: Range<usize>,
    pub clause: usize,
    pub meaning: &'l Meaning,
}

/// The part someone named plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Does something.
    Subject,
    /// Does something, in the passive.
    Agent,
    /// Something is done to it, or for it.
    Object,
    /// It was told of the matter.
    Told,
    /// It is asked to act.
    Asked,
    /// Says only where something is.
    Place,
}

/// A text read.
pub(super) struct Reading<'t, 'l> {
    pub text: &'t str,
    pub clauses: Vec<Clause>,
    pub tokens: Vec<Token<'l>>,
    lexicon: &'l Lexicon,
}

/// Between two names that share a part.
const AND: [&str; 12] = ["、", "和", "与", "及", "跟", "同", "以及", "或", "或者", "还有", "等", "/"];
/// What may stand between a marker and the name it belongs to.
const BETWEEN: [&str; 18] = [
    "我们", "咱们", "我", "本", "该", "当地", "辖区", "所属", "属地", "上级", "贵", "各", "那些", "某", "原", "相关",
    "了", "过",
];
/// Before a name that is where someone lives.
const LIVING: [&str; 8] = ["住", "位于", "地处", "坐落", "来自", "家住", "住在", "地址"];
/// Before whom or what something is done to or for.
const OBJECT: [&str; 24] = [
    "对", "对于", "给", "与", "和", "为", "让", "替", "把", "将", "针对", "假冒", "冒充", "帮", "帮着", "逼", "骂",
    "罚", "护着", "对着", "包庇", "袒护", "纵容", "偏袒",
];
/// What may stand between such a word and the name: 对黑诊所.
const NEAR: usize = 3;
/// How a clause goes on after a township's name when it does something.
const ACTS: [&str; 86] = [
    "不",
    "没",
    "未",
    "一直",
    "长期",
    "至今",
    "多次",
    "从来",
    "根本",
    "就",
    "都",
    "却",
    "也",
    "还",
    "竟",
    "居然",
    "说",
    "答",
    "回",
    "告知",
    "让",
    "叫",
    "把",
    "以",
    "对",
    "为",
    "给",
    "包庇",
    "袒护",
    "纵容",
    "推",
    "拖",
    "装",
    "派",
    "拿",
    "承诺",
    "同意",
    "批",
    "强",
    "违",
    "滥",
    "弄",
    "和",
    "与",
    "、",
    "某",
    "某领导",
    "领导",
    "的",
    "里",
    "有",
    "是",
    "只",
    "总",
    "反",
    "利用",
    "处理",
    "调解",
    "接到",
    "接待",
    "明",
    "故意",
    "存在",
    "伪造",
    "隐瞒",
    "私自",
    "擅自",
    "动用",
    "组织",
    "截",
    "纪",
    "作为",
    "懒",
    "乱",
    "慢",
    "官",
    "真",
    "要",
    "收",
    "到底",
    "在",
    "形",
    "这",
    "人",
    "工作",
    "侵",
];

impl<'t, 'l> Reading<'t, 'l> {
    pub fn of(text: &'t str, lexicon: &'l Lexicon) -> Self {
        let mut reading = Self { text, clauses: clauses(text), tokens: Vec::new(), lexicon };
        reading.find();
        reading
    }

    fn find(&mut self) {
        let mut from = 0;
        let mut clause = 0;
        for (at, _) in self.text.char_indices() {
            while self.clauses.get(clause + 1).is_some_and(|c| c.at.start <= at) {
                clause += 1;
            }
            if at >= from {
                from = self.take(at, clause).unwrap_or(from);
            }
        }
    }

    /// Takes the longest word that begins here, and what stands with it in the lists.
    fn take(&mut self, at: usize, clause: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let mut taken = None;
        for (head, meaning) in self.lexicon.at(rest) {
            if taken.is_some_and(|t| head < t) {
                break;
            }
            let gapped = meaning.gapped();
            let Some(len) = gapped.map_or(Some(head), |word| word.end_in(rest)) else { continue };
            self.tokens.push(Token { at: at..at + len, clause, meaning });
            if gapped.is_none() {
                taken = Some(head);
            }
        }
        taken.map(|len| at + len)
    }

    pub fn is_party(&self, i: usize) -> bool {
        self.tokens[i].meaning.kind().is_party()
    }

    /// What stands before a word in its clause.
    pub fn before(&self, i: usize) -> &'t str {
        let token = &self.tokens[i];
        &self.text[self.clauses[token.clause].at.start..token.at.start]
    }

    /// What stands after a word in its clause.
    pub fn after(&self, i: usize) -> &'t str {
        let token = &self.tokens[i];
        let end = self.clauses[token.clause].at.end.max(token.at.end);
        &self.text[token.at.end..end]
    }

    /// The words of the same clause before this one, nearest first.
    pub fn leftwards(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let clause = self.tokens[i].clause;
        (0..i).rev().take_while(move |j| self.tokens[*j].clause == clause)
    }

    /// The words of the same clause after this one.
    pub fn rightwards(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let clause = self.tokens[i].clause;
        (i + 1..self.tokens.len()).take_while(move |j| self.tokens[*j].clause == clause)
    }

    /// What stands between two words.
    pub fn between(&self, i: usize, j: usize) -> &'t str {
        self.text.get(self.tokens[i].at.end..self.tokens[j].at.start).unwrap_or_default()
    }

    /// The one named right before this one, with nothing or 的 between.
    pub fn joined(&self, i: usize) -> Option<usize> {
        let j = self.leftwards(i).next().filter(|j| self.is_party(*j))?;
        matches!(self.between(j, i), "" | "的" | "里的" | "有关" | "相关" | "某" | "内部" | "下属" | "里" | "中")
            .then_some(j)
    }

    /// The one named before this one with which it shares its part: 城管、街道.
    pub fn fellow(&self, i: usize) -> Option<usize> {
        let j = self.leftwards(i).find(|j| self.is_party(*j))?;
        AND.contains(&self.between(j, i).trim()).then_some(j)
    }

    /// The part someone named plays; `known` holds the parts of all named before.
    pub fn role(&self, i: usize, known: &[Option<Role>]) -> Role {
        if let Some(first) = self.joined(i).or_else(|| self.fellow(i)).and_then(|j| known.get(j).copied().flatten()) {
            return match first {
                _ if self.is_only_place(i) => Role::Place,
                Role::Place => Role::Subject,
                first => first,
            };
        }
        let affixes = &self.lexicon.affixes;
        let before = self.marker_before(i);
        if starts_with_any(self.after(i), &affixes.beside) || ends_with_any(before, &LIVING) {
            Role::Place
        } else if ends_with_any(before, &affixes.ask) || self.is_asked(i) {
            Role::Asked
        } else if ends_with_any(before, &affixes.by) {
            Role::Agent
        } else if ends_with_any(before, &affixes.to) {
            Role::Told
        } else if self.is_only_place(i) {
            Role::Place
        } else if self.is_object(i, before) {
            Role::Object
        } else {
            Role::Subject
        }
    }

    fn is_object(&self, i: usize, before: &str) -> bool {
        let nearest = self.leftwards(i).find(|j| self.is_party(*j)).map_or(self.before(i), |j| self.between(j, i));
        let near = OBJECT.iter().filter_map(|o| nearest.rfind(o).map(|at| &nearest[at + o.len()..]));
        ends_with_any(before, &OBJECT) || near.into_iter().any(|gap| gap.chars().count() <= NEAR)
    }

    fn marker_before(&self, i: usize) -> &'t str {
        let mut before = self.before(i);
        let between = || BETWEEN.into_iter().chain(self.lexicon.counties.iter().map(String::as_str));
        while let Some(shorter) = between().find_map(|b| before.strip_suffix(b)) {
            before = shorter;
        }
        before
    }

    /// Whether a word of asking stands before, with nobody else named and nobody held to account between.
    fn is_asked(&self, i: usize) -> bool {
        for j in self.leftwards(i) {
            match self.tokens[j].meaning.kind() {
                Kind::Ask => return self.between(j, i).chars().count() <= 12,
                Kind::Own | Kind::None => {}
                _ => return false,
            }
        }
        false
    }

    /// A township's or community's name that says where something is.
    fn is_only_place(&self, i: usize) -> bool {
        let meaning = self.tokens[i].meaning;
        let may_be = meaning.bare_township || matches!(meaning.listed.word.as_str(), "街道" | "社区" | "乡镇");
        let after = self.after(i);
        let goes_on = after.is_empty() || ACTS.iter().any(|a| after.starts_with(a)) || self.is_followed(i);
        may_be && !goes_on
    }

    /// Whether an office or a fault stands right behind.
    fn is_followed(&self, i: usize) -> bool {
        let next = self.rightwards(i).next();
        next.is_some_and(|j| {
            let kind = self.tokens[j].meaning.kind();
            let office = matches!(kind, Kind::Official | Kind::Staff) || kind == Kind::Unit || kind.is_fault();
            office && self.between(i, j).chars().count() <= 2
        })
    }

    /// Whether someone in office stands right behind a unit's name: 区纪委干部.
    pub fn has_official_behind(&self, i: usize) -> bool {
        let next = self.rightwards(i).next();
        next.is_some_and(|j| self.tokens[j].meaning.kind() == Kind::Official && self.between(i, j).is_empty())
    }

    /// The word of denial right before a fault, if there is one and it is not a rhetorical question.
    pub fn denial(&self, i: usize) -> Option<&'l str> {
        let before = self.before(i);
        if let Some(said) = ["不是说", "不是指责", "不是想说", "并非说"].iter().find(|d| before.contains(*d))
        {
            return Some(said);
        }
        let before = FILLERS.iter().find_map(|f| before.strip_suffix(f)).unwrap_or(before);
        let found = self.lexicon.affixes.not.iter().find(|n| before.ends_with(n.as_str()))?;
        let asking = ["是", "难道", "能", "岂"].iter().any(|q| before[..before.len() - found.len()].ends_with(q));
        let rhetorical = ["是什么", "又是什么", "吗", "还能是"].iter().any(|q| self.after(i).contains(q));
        (!asking && !rhetorical).then_some(found.as_str())
    }

    /// Why a fault does not count, in Chinese.
    pub fn set_aside(&self, i: usize) -> Option<&'static str> {
        if self.denial(i).is_some() {
            return Some("被否定");
        }
        let asked =
            self.leftwards(i).take_while(|j| !self.is_party(*j)).any(|j| self.tokens[j].meaning.kind() == Kind::Ask);
        asked.then_some("属请求内容")
    }

    /// Where a sentence stands.
    pub fn sentence(&self, sentence: usize) -> Range<usize> {
        let first = self.clauses.partition_point(|c| c.sentence < sentence);
        let next = self.clauses.partition_point(|c| c.sentence <= sentence);
        self.clauses[first].at.start..self.clauses[next - 1].at.end
    }

    /// The sentences that speak of someone in office.
    #[cfg(test)]
    pub fn of_office(&self) -> impl Iterator<Item = &'t str> {
        let in_office = |kind: Kind| kind.is_party() && kind != Kind::Private;
        let named = self.tokens.iter().filter(move |t| in_office(t.meaning.kind()));
        let sentences: std::collections::BTreeSet<usize> = named.map(|t| self.clauses[t.clause].sentence).collect();
        sentences.into_iter().map(|sentence| &self.text[self.sentence(sentence)])
    }

    /// A stretch of the text with everyone named in it replaced by what kind of party it is.
    pub fn marked(&self, stretch: Range<usize>) -> String {
        let mut marked = String::with_capacity(stretch.len());
        let mut from = stretch.start;
        let first = self.tokens.partition_point(|t| t.at.start < stretch.start);
        for token in self.tokens[first..].iter().take_while(|t| t.at.start < stretch.end) {
            let within = token.at.start >= from && token.at.end <= stretch.end;
            let Some(mark) = token.meaning.kind().mark().filter(|_| within) else { continue };
            marked.push_str(&self.text[from..token.at.start]);
            marked.push(mark);
            from = token.at.end;
        }
        marked.push_str(&self.text[from..stretch.end]);
        marked
    }
}

/// What may stand between a word of denial and the fault denied.
const FILLERS: [&str; 12] = ["任何", "说", "要说", "什么", "存在", "发现", "人", "有", "去", "说过", "出现", "觉得"];

fn ends_with_any<S: AsRef<str>>(text: &str, words: &[S]) -> bool {
    words.iter().any(|w| text.ends_with(w.as_ref()))
}

fn starts_with_any<S: AsRef<str>>(text: &str, words: &[S]) -> bool {
    words.iter().any(|w| text.starts_with(w.as_ref()))
}
