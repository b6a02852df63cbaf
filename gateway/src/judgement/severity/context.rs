//! A text read word by word, and what stands around each: denied, told of others, guarded against, only supposed.
//! A threat under a condition (再不解决就跳楼) is a threat; a danger under one (万一着火) is a danger feared.

use huiliu_schemas::decision::SeverityReason;
use huiliu_schemas::vocabulary::Warning;

use super::super::vocabulary::{Clause, GAP, Listed, clauses, end_of_gapped};
use super::rules::{FILE, Kind, Rules, Says};

/// A word met.
struct Met<'r> {
    start: usize,
    end: usize,
    clause: usize,
    line: &'r Listed<Says>,
}

/// Reads a text; tells of each word that speaks its kind, why it counts or not, and whether it counts.
pub(super) fn read(text: &str, rules: &Rules, mut tell: impl FnMut(Kind, SeverityReason, bool)) {
    let clauses = clauses(text);
    let words = find(text, &clauses, rules);
    for (i, met) in words.iter().enumerate().filter(|(_, m)| m.line.says.kind.speaks()) {
        let says = &met.line.says;
        let context = Context { text, clauses: &clauses, words: &words, rules };
        let (how, colour, counts) = match context.of(i) {
            Stands::Plain => ("正文提及", says.colour, true),
            Stands::Denied => ("被否定，不计", says.colour, false),
            Stands::Told => ("传闻或往事，不计", says.colour, false),
            Stands::Guarded => ("防范性表述，不计", says.colour, false),
            Stands::Feared => ("假设或担心，最高按黄色", says.colour.min(Some(Warning::Yellow)), true),
        };
        let (word, kind) = (met.line.cite(FILE), says.kind.chinese().to_owned());
        tell(says.kind, SeverityReason { word, kind, colour, how: how.to_owned() }, counts);
    }
}

fn find<'r>(text: &str, clauses: &[Clause], rules: &'r Rules) -> Vec<Met<'r>> {
    let mut found = Vec::new();
    let (mut from, mut clause) = (0, 0);
    for (start, _) in text.char_indices() {
        while clauses.get(clause + 1).is_some_and(|c| c.at.start <= start) {
            clause += 1;
        }
        if start < from {
            continue;
        }
        let mut taken = None;
        for (head, line) in rules.at(&text[start..]) {
            if taken.is_some_and(|t| head < t) {
                break;
            }
            let gapped = line.word.contains(GAP);
            let Some(len) = (if gapped { end_of_gapped(&line.word, &text[start..]) } else { Some(head) }) else {
                continue;
            };
            found.push(Met { start, end: start + len, clause, line });
            if !gapped {
                taken = Some(head);
            }
        }
        from = taken.map_or(from, |len| start + len);
    }
    found
}

/// How a word stands in its text.
enum Stands {
    Plain,
    Denied,
    Told,
    Guarded,
    Feared,
}

struct Context<'c, 't, 'r> {
    text: &'t str,
    clauses: &'c [Clause],
    words: &'c [Met<'r>],
    rules: &'r Rules,
}

impl Context<'_, '_, '_> {
    fn of(&self, i: usize) -> Stands {
        let kind = self.words[i].line.says.kind;
        if kind == Kind::Child || kind == Kind::Repetition {
            Stands::Plain
        } else if self.is_denied(i) {
            Stands::Denied
        } else if self.is_told(i) {
            Stands::Told
        } else if self.is_guarded(i) {
            Stands::Guarded
        } else if self.is_feared(i) {
            Stands::Feared
        } else {
            Stands::Plain
        }
    }

    fn before(&self, i: usize) -> &str {
        &self.text[self.clauses[self.words[i].clause].at.start..self.words[i].start]
    }

    fn after(&self, i: usize) -> &str {
        let end = self.clauses[self.words[i].clause].at.end;
        self.text.get(self.words[i].end..end).unwrap_or_default()
    }

    /// 没有人受伤, 并非要自杀, 不是不想活, 跳楼是不可能的; but 不得不堵路 is no denial.
    fn is_denied(&self, i: usize) -> bool {
        let mut before = self.before(i);
        while let Some(shorter) = self.rules.fillers.iter().find_map(|f| before.strip_suffix(f.as_str())) {
            if self.rules.not.iter().any(|n| before.ends_with(n.as_str())) {
                break;
            }
            before = shorter;
        }
        let denied = self.rules.not.iter().find(|n| before.ends_with(n.as_str()));
        let before_it = denied.map(|n| &before[..before.len() - n.len()]).unwrap_or_default();
        let rhetorical = ["是", "难", "不得", "能", "差点", "险些"].iter().any(|w| before_it.ends_with(w))
            || before.ends_with("不得不");
        let denied_behind = DENIALS.iter().any(|d| self.after(i).starts_with(d));
        denied.is_some() && !rhetorical || denied_behind
    }

    /// What others did, or was long ago; not where the citizen speaks of themselves.
    fn is_told(&self, i: usize) -> bool {
        let (clause, sentence) = (self.words[i].clause, self.sentence(i));
        let near = |m: &&Met<'_>| m.clause + 1 >= clause && self.clauses[m.clause].sentence == sentence;
        let mut past = self.words[..i].iter().rev().take_while(near).filter(|m| m.line.says.kind == Kind::Past);
        past.next().is_some() && !self.of_own(i)
    }

    /// Whether the citizen speaks of themselves in the word's clause.
    fn of_own(&self, i: usize) -> bool {
        let here = |m: &&Met<'_>| m.clause == self.words[i].clause;
        let before = self.words[..i].iter().rev().take_while(here);
        before.chain(self.words[i..].iter().take_while(here)).any(|m| m.line.says.kind == Kind::Own)
    }

    fn is_guarded(&self, i: usize) -> bool {
        let here = self.words[..i].iter().rev().take_while(|m| m.clause == self.words[i].clause);
        let mut guards = here.filter(|m| m.line.says.kind == Kind::Guard);
        let behind = self.words[i + 1..]
            .first()
            .is_some_and(|m| m.line.says.kind == Kind::Guard && m.start == self.words[i].end);
        let near = guards.next().is_some_and(|m| self.text[m.end..self.words[i].start].chars().count() <= 6);
        near || behind
    }

    /// A danger or harm that is only feared. A threat may well stand under a condition.
    fn is_feared(&self, i: usize) -> bool {
        let kind = self.words[i].line.says.kind;
        let clause = self.words[i].clause;
        let here = self.words[..i].iter().rev().take_while(|m| m.clause == clause);
        matches!(kind, Kind::Hazard | Kind::Injury) && here.into_iter().any(|m| m.line.says.kind == Kind::Supposed)
    }

    fn sentence(&self, i: usize) -> usize {
        self.clauses[self.words[i].clause].sentence
    }
}

/// What denies the word before it.
const DENIALS: [&str; 9] = [
    "是不可能",
    "的念头都没有",
    "的想法都没有",
    "是谣言",
    "不属实",
    "的说法不实",
    "是假的",
    "的情况不存在",
    "倒不至于",
];
