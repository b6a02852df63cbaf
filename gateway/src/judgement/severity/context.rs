//! A text read word by word, and what stands around each: denied, told of others, guarded against, only supposed.
//! A threat under a condition (再不解决就跳楼) is a threat; a danger under one (万一着火) is a danger feared.

use std::ops::Range;

use huiliu_schemas::decision::SeverityReason;
use huiliu_schemas::vocabulary::Warning;

use super::super::vocabulary::{Clause, Listed, clauses, ends_sentence};
use super::quoted::{Quoted, quoted};
use super::rules::{FILE, Kind, Rules, Says};

/// A word met.
struct Met<'r> {
    start: usize,
    /// Where its first part ends.
    head: usize,
    end: usize,
    /// Where its last part begins.
    last: usize,
    clause: usize,
    line: &'r Listed<Says>,
}

/// Reads a text; tells of each word that speaks its kind, why it counts or not, whether it counts, and what stands around it.
pub(super) fn read(text: &str, rules: &Rules, mut tell: impl FnMut(Kind, SeverityReason, bool, &str)) {
    let clauses = clauses(text);
    let words = find(text, &clauses, rules);
    let quoted = quoted(text);
    for (i, met) in words.iter().enumerate().filter(|(_, m)| m.line.says.kind.speaks()) {
        let says = &met.line.says;
        let context = Context { text, clauses: &clauses, words: &words, quoted: &quoted, rules };
        let (how, colour, counts) = match context.of(i) {
            Stands::Plain => ("正文提及", says.colour, true),
            Stands::Quoted => ("作品名或转发的旧闻，不计", says.colour, false),
            Stands::Denied => ("被否定，不计", says.colour, false),
            Stands::Told => ("传闻或往事，不计", says.colour, false),
            Stands::Guarded => ("防范性表述，不计", says.colour, false),
            Stands::Supposed => ("假设，最高按黄色", says.colour.min(Some(Warning::Yellow)), true),
            Stands::Feared => ("担心，降一级", says.colour.map(lower), true),
            Stands::Heard => ("听说或转发，最高按橙色", says.colour.min(Some(Warning::Orange)), true),
        };
        let (word, kind) = (met.line.cite(FILE), says.kind.chinese().to_owned());
        tell(says.kind, SeverityReason { word, kind, colour, how: how.to_owned() }, counts, context.around(i));
    }
}

/// The words of a text. Within a plain one no other begins, but a danger in several parts may begin with the shorter head of
/// the two, and within a word that only says when or of whom: 我女儿昨天没有回家, 他又要开车撞我.
fn find<'r>(text: &str, clauses: &[Clause], rules: &'r Rules) -> Vec<Met<'r>> {
    let mut found = Vec::new();
    let (mut from, mut gapped_from, mut clause) = (0, 0, 0);
    for (start, _) in text.char_indices() {
        while clauses.get(clause + 1).is_some_and(|c| c.at.start <= start) {
            clause += 1;
        }
        // Nothing begins within a word that speaks, or is about something else.
        if start < gapped_from {
            continue;
        }
        let (mut taken, mut hidden, mut spoken) = (None, false, false);
        for (head, line) in rules.at(&text[start..]) {
            let gapped = line.gapped.as_ref();
            let within = match gapped {
                Some(_) => hidden,
                None => start < from || taken.is_some_and(|taken| head < taken),
            };
            if within {
                continue;
            }
            let Some(last) = gapped.map_or(Some(0..head), |word| word.last_in(&text[start..])) else { continue };
            let (end, last) = (start + last.end, start + last.start);
            found.push(Met { start, head: start + head, end, last, clause, line });
            if gapped.is_none() {
                taken = Some(head);
                // 去年 and 要是 are no 去 and no 要.
                hidden |= !line.says.kind.speaks() && !matches!(line.says.kind, Kind::Own | Kind::Now);
                // 停电梯困人.
                spoken |= !matches!(line.says.kind, Kind::Own | Kind::Now | Kind::Lack);
            }
        }
        from = taken.map_or(from, |len| start + len);
        gapped_from = if spoken { from } else { gapped_from };
    }
    let hiding: Vec<Range<usize>> =
        found.iter().filter(|m| hides(m, text, &clauses[m.clause])).map(|m| m.start..m.end).collect();
    found.retain(|m| m.line.says.kind != Kind::Lack || !is_of_another_thing(&text[..m.end], &text[m.end..]));
    found.retain(|m| !m.line.says.kind.speaks() || !hiding.iter().any(|h| h.start <= m.last && m.end <= h.end));
    found
}

/// Whether the last character before the end of a word begins another thing: 没有电|动车 and 停电|动车 speak of no power.
fn is_of_another_thing(until: &str, after: &str) -> bool {
    let mut things = THINGS.iter().filter_map(|thing| thing.char_indices().nth(1).map(|(at, _)| thing.split_at(at)));
    things.any(|(first, rest)| until.ends_with(first) && after.starts_with(rest))
}

/// A longer word or turn of words that is about something else: 轮胎漏气, 死猫的尸体. Not where somebody, or premises,
/// stand in its gap; and what is said of a beast or thing only where nobody stands in the clause at all.
fn hides(met: &Met<'_>, text: &str, clause: &Clause) -> bool {
    let gap = text.get(met.head..met.last).unwrap_or_default();
    let narrow = gap.chars().count() <= MOST_BETWEEN || !met.line.gapped.as_ref().is_some_and(|word| word.near);
    let apart = narrow && names_nobody(gap);
    let before = &text[clause.at.start..met.start];
    let after = text.get(met.end..clause.at.end).unwrap_or_default();
    let owner = OWNED.iter().any(|o| before.ends_with(o)) && !names(before, BESIDE);
    match met.line.says.kind {
        Kind::None => apart,
        Kind::Thing => apart && (owner || !names_somebody(before)) && !names_somebody(after),
        _ => false,
    }
}

/// Neither somebody nor premises nor what happened.
pub(super) fn names_nobody(text: &str) -> bool {
    !names_somebody(text) && !names(text, PREMISES) && !names(text, HAPPENED)
}

fn names(text: &str, words: &[&str]) -> bool {
    words.iter().any(|w| text.contains(w))
}

fn names_somebody(text: &str) -> bool {
    text.contains(|c| PERSON.contains(c)) || names(text, PEOPLE)
}

/// Things named after water or power; none whose name begins like what is said of a lack (停电工人, 停电影响, 停水产生).
const THINGS: &[&str] = &[
    "电动车",
    "电动自行车",
    "电动汽车",
    "电动三轮",
    "电动摩托",
    "电动单车",
    "电动门",
    "电瓶车",
    "电子屏",
    "电子锁",
    "电子眼",
    "电子监控",
    "电视",
    "电脑",
    "电话",
    "电影院",
    "电影看",
    "电线杆",
    "水泥",
    "水印",
    "水景",
    "水族馆",
    "水产市场",
    "水利设施",
];

/// In words for people: 女孩, 工人, 师傅, 俩.
const PERSON: &str = "人孩娃童婴妈爸父母女男妇夫妻爷奶婆叔伯姨嫂哥姐弟妹师员民友客官倌贩你我他她咱名俩";
/// Words for people whose characters stand in many others: 公园, 主干道, 窗户.
const PEOPLE: &[&str] = &[
    "老公",
    "公公",
    "外公",
    "儿子",
    "老太",
    "太太",
    "学生",
    "老板",
    "业主",
    "车主",
    "店主",
    "户主",
    "农户",
    "住户",
    "商户",
    "养殖户",
    "猪户",
    "女工",
    "电工",
    "两口",
    "三口",
];
/// Premises, and what gas is in: whatever happens to them is no matter of the beast or thing before them.
const PREMISES: &[&str] = &["厂", "店", "馆", "房", "铺", "棚", "燃", "煤", "沼", "液化", "管", "罐", "瓶", "口", "在"];
/// What happened before the word that is about something else: 煤气灶漏气火苗发黄.
const HAPPENED: &[&str] = &[
    "漏",
    "泄",
    "着火",
    "起火",
    "失火",
    "烧起来",
    "烧着了",
    "烧到",
    "烧进",
    "烧上",
    "烧了",
    "烧穿",
    "烧毁",
    "烧坏",
    "爆",
    "炸",
];
/// Before a beast or thing, it is no more than whose it is, or who did it: 邻居家的狗, 我手机, 有人打死流浪猫.
const OWNED: &[&str] = &["的", "家", "家里", "家养", "我", "把", "将", "有人"];
/// Who is beside a beast may have been hurt with it.
const BESIDE: &[&str] = &["和", "与", "跟", "同", "带", "牵", "抱", "遛"];
/// How many characters may stand between a thing and what happened to it.
const MOST_BETWEEN: usize = 4;

/// One colour lower; what is feared is never less than yellow.
fn lower(colour: Warning) -> Warning {
    match colour {
        Warning::Red => Warning::Orange,
        Warning::Orange => Warning::Yellow,
        other => other,
    }
}

/// How a word stands in its text.
enum Stands {
    Plain,
    Quoted,
    Denied,
    Told,
    Guarded,
    Supposed,
    Feared,
    Heard,
}

struct Context<'c, 't, 'r> {
    text: &'t str,
    clauses: &'c [Clause],
    words: &'c [Met<'r>],
    quoted: &'c [Quoted],
    rules: &'r Rules,
}

impl Context<'_, '_, '_> {
    fn of(&self, i: usize) -> Stands {
        let (kind, word) = (self.words[i].line.says.kind, &self.words[i]);
        let at = word.start..word.end;
        if self.quoted.iter().any(|quoted| quoted.sets_aside(&at, kind)) {
            Stands::Quoted
        } else if kind == Kind::Child || kind == Kind::Repetition {
            Stands::Plain
        } else if self.is_denied(i) {
            Stands::Denied
        } else if self.is_told(i) {
            Stands::Told
        } else if self.is_guarded(i) {
            Stands::Guarded
        } else if self.is_behind(i, Kind::Supposed) {
            Stands::Supposed
        } else if self.is_behind(i, Kind::Feared) {
            Stands::Feared
        } else if self.is_heard(i) || self.quoted.iter().any(|quoted| quoted.is_heard(&at, kind)) {
            Stands::Heard
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

    /// The word's clause, with the one before it in its sentence: 全镇两万人，没水喝. Not where it is of one home among them.
    fn around(&self, i: usize) -> &str {
        let here = self.words[i].clause;
        let of_one = self.text[self.clauses[here].at.clone()].contains("我家");
        let first = here.checked_sub(1).filter(|before| !of_one && self.clauses[*before].sentence == self.sentence(i));
        &self.text[self.clauses[first.unwrap_or(here)].at.start..self.clauses[here].at.end]
    }

    /// 没有人受伤, 并非要自杀, 不是不想活, 跳楼是不可能的; but 不得不堵路 and 别以为我不会跳楼 deny nothing.
    fn is_denied(&self, i: usize) -> bool {
        let after = self.after(i);
        let word = &self.words[i];
        let within = &self.text[word.start..word.last];
        let mut denials = [self.before(i), within].into_iter().filter_map(|before| self.denial(before));
        let denied = denials.any(|(before, not)| !is_rhetorical(before, not, after) && !self.is_disbelieved(i, before));
        // 没有人受伤是假的.
        denied != DENIALS.iter().any(|d| after.starts_with(d))
    }

    /// 没有人受伤？骗人; not where it is asked whether: 有没有人受伤？
    fn is_disbelieved(&self, i: usize, before: &str) -> bool {
        let mut rest = self.text[self.clauses[self.words[i].clause].at.end..].chars();
        let asked = rest.next().is_some_and(|mark| matches!(mark, '？' | '?'));
        let at_once = self.after(i).chars().count() <= MOST_BEFORE_QUESTION;
        let lie = LIES.iter().any(|lie| rest.as_str().trim_start().starts_with(lie));
        at_once && (lie || asked && !WHETHER.iter().any(|whether| before.ends_with(whether)))
    }

    /// The denial that `whole` ends with but for fillers, and what stands before it. 工资没要到我要跳楼 has none:
    /// whoever writes without punctuation begins anew with 我要.
    fn denial<'w>(&self, whole: &'w str) -> Option<(&'w str, &'w str)> {
        let mut before = whole;
        loop {
            if let Some(not) = self.rules.not.iter().find(|n| before.ends_with(n.as_str())) {
                let of_having = HAVING.contains(&not.as_str()) && whole[before.len()..].starts_with(AFTER_HAVING);
                return (!of_having).then(|| before.split_at(before.len() - not.len()));
            }
            let filler = self.rules.fillers.iter().find(|f| before.ends_with(f.as_str()))?;
            before = &before[..before.len() - filler.len()];
            let begins_anew = BEGINS_ANEW.iter().any(|b| filler.starts_with(b));
            if begins_anew && !GOES_ON.iter().any(|g| before.ends_with(g)) {
                return None;
            }
        }
    }

    /// What others did, or was long ago; not where the citizen speaks of themselves, or of what will be.
    fn is_told(&self, i: usize) -> bool {
        let will = WILL.iter().any(|w| self.before(i).ends_with(w));
        let near = (0..i).rev().take_while(|p| self.words[*p].clause + 1 >= self.words[i].clause);
        let told = !will && near.into_iter().any(|p| self.is_hearsay(p, i, Kind::Past) || self.is_away(p, i));
        !self.of_own(i) && (told || self.is_over(i))
    }

    /// 他要跳楼，已经劝下来了; not where it goes on or is only asked for: 劝下来又上去了, 请把他劝下来, 没劝下来.
    fn is_over(&self, i: usize) -> bool {
        let rest = &self.text[self.words[i].end..];
        let near = rest.char_indices().nth(MOST_WITH_OVER).map_or(rest, |(at, _)| &rest[..at]);
        let near = near.split(ends_sentence).next().unwrap_or_default();
        let over =
            OVER.iter().any(|o| near.match_indices(o).any(|(at, _)| is_done(&near[..at], &near[at + o.len()..])));
        over && self.words[i].line.says.kind == Kind::Suicide && !near.contains(['又', '再', '还'])
    }

    /// 听说3号楼着火了: it may well burn.
    fn is_heard(&self, i: usize) -> bool {
        let near = (0..i).rev().take_while(|p| self.words[*p].clause + 1 >= self.words[i].clause);
        !self.of_own(i) && near.into_iter().any(|p| self.is_hearsay(p, i, Kind::Rumour))
    }

    /// Hearsay of the word's clause, or of the one before that does no more than bring it in: 据新闻报道，….
    fn is_hearsay(&self, past: usize, i: usize, kind: Kind) -> bool {
        let (of, clause) = (self.words[past].clause, self.words[i].clause);
        let brings_in = || {
            let next = of + 1 == clause && self.clauses[of].sentence == self.sentence(i);
            next && self.after(past).chars().count() <= MOST_AFTER_HEARSAY
        };
        self.words[past].line.says.kind == kind && (of == clause || brings_in()) && !self.is_now(past, i)
    }

    /// Long ago or far away, said of the word itself: not of what stands between (去年装的燃气管漏气). Wages once owed are
    /// owed, and a threat once made may be carried out.
    fn is_away(&self, away: usize, i: usize) -> bool {
        let (said, word) = (&self.words[away], &self.words[i]);
        if said.line.says.kind != Kind::Away || said.clause != word.clause {
            return false;
        }
        let stays = matches!(word.line.says.kind, Kind::Wage | Kind::Threat) || self.after(i).starts_with('了');
        let between = self.text.get(said.end..word.start).unwrap_or_default();
        let of_another = between.trim_end_matches('的').contains(['的', '了']);
        !stays && !of_another && between.chars().count() <= MOST_AFTER_AWAY && !self.is_now(away, i)
    }

    /// Whether the word's clause speaks of now, after `past`.
    fn is_now(&self, past: usize, i: usize) -> bool {
        let clause = self.words[i].clause;
        let rest = self.words[past + 1..].iter().take_while(|m| m.clause <= clause);
        rest.filter(|m| m.clause == clause).any(|m| m.line.says.kind == Kind::Now)
    }

    /// Whether the citizen speaks of themselves in the word's clause.
    fn of_own(&self, i: usize) -> bool {
        let here = |m: &&Met<'_>| m.clause == self.words[i].clause;
        let before = self.words[..i].iter().rev().take_while(here);
        before.chain(self.words[i..].iter().take_while(here)).any(|m| m.line.says.kind == Kind::Own)
    }

    /// 防止老人摔伤, 火灾逃生演练. What people do or mean to do is guarded against only by a word right beside it.
    fn is_guarded(&self, i: usize) -> bool {
        let word = &self.words[i];
        let deed = matches!(word.line.says.kind, Kind::Threat | Kind::Suicide | Kind::Violence | Kind::Wage);
        let here = (0..i).rev().take_while(|p| self.words[*p].clause == word.clause);
        let guards = here.filter(|p| self.words[*p].line.says.kind == Kind::Guard && !self.is_now(*p, i));
        let happened = word.line.word.ends_with('了') || self.after(i).starts_with('了');
        let guarded = guards.into_iter().any(|p| self.guards(&self.words[p], word, deed));
        guarded && !happened || self.is_taught(i, deed)
    }

    fn guards(&self, guard: &Met<'_>, word: &Met<'_>, deed: bool) -> bool {
        let between = self.text.get(guard.end..word.start).unwrap_or_default();
        let reaches = || between.chars().count() <= MOST_AFTER_GUARD && !between.contains(AFTER_GUARDED);
        let warns = WARNS.contains(&guard.line.word.as_str());
        let undone = UNDONE.iter().any(|u| self.text[..guard.start].ends_with(u));
        !undone && (between.is_empty() && !warns || !deed && reaches())
    }

    fn is_taught(&self, i: usize, deed: bool) -> bool {
        let (word, before, mut after) = (&self.words[i], self.before(i), self.after(i));
        if word.line.word.ends_with('了') || WILL.iter().any(|w| before.ends_with(w)) {
            return false;
        }
        let end = word.end + after.len();
        let here = || self.words[i + 1..].iter().take_while(|m| m.clause == word.clause);
        let lesson = |at: usize| here().any(|m| m.start == at && m.line.says.kind == Kind::Lesson);
        while !lesson(end - after.len()) {
            let shorter = OF_LESSONS.iter().filter(|_| !deed).find_map(|o| after.strip_prefix(o));
            let Some(shorter) = shorter else { return false };
            after = shorter;
        }
        true
    }

    /// A danger or harm shortly behind a word of this kind: only supposed or feared. A threat may well stand under a
    /// condition.
    fn is_behind(&self, i: usize, kind: Kind) -> bool {
        let word = &self.words[i];
        let mut here = self.words[..i].iter().rev().take_while(|m| m.clause == word.clause);
        let near = |m: &Met<'_>| {
            let between = self.text.get(m.end..word.start).unwrap_or_default();
            between.chars().count() <= MOST_AFTER_AWAY && !between.contains('了')
        };
        matches!(word.line.says.kind, Kind::Hazard | Kind::Injury) && here.any(|m| m.line.says.kind == kind && near(m))
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

/// Denials of having or getting something, which is then not the word: 工资没有我要跳楼.
const HAVING: [&str; 4] = ["没", "未", "无", "没有"];
/// What shows that they deny something else than the word.
const AFTER_HAVING: [char; 6] = ['要', '去', '到', '我', '过', '会'];
/// Fillers that begin a statement of their own.
const BEGINS_ANEW: [&str; 2] = ["我", "有人"];
/// Behind these it is still what is denied: 不是我要跳楼, 没发现有人受伤.
const GOES_ON: [&str; 11] = ["不是", "并非", "绝非", "从未", "从没", "发现", "未见", "发生", "造成", "说", "说过"];

/// Whether what is put as a denial says that it may well be: 不是没想过跳楼, 要不要跳楼, 别以为我不会跳楼, 他不会自杀吧.
fn is_rhetorical(before: &str, not: &str, after: &str) -> bool {
    let either_or = not.starts_with('不') && not.chars().last().is_some_and(|c| before.ends_with(c));
    let near = before.char_indices().nth_back(MOST_BEFORE_DENIAL).map_or(before, |(at, _)| &before[at..]);
    either_or
        || OF_NO_DENIAL.iter().any(|w| before.ends_with(w))
        || SUPPOSED.iter().any(|w| near.contains(w))
        || after.starts_with(['吧', '吗', '么', '呢'])
}

/// Behind a denial, they say that nobody believes it.
const LIES: [&str; 9] = ["骗人", "骗谁", "骗鬼", "鬼才信", "谁信", "胡说", "瞎说", "撒谎", "才怪"];
/// Right before a denial, they only ask: 有没有, 是否没有.
const WHETHER: [&str; 5] = ["有", "是否", "是不是", "请问", "问"];
/// How many characters may stand between what is denied and the mark that asks.
const MOST_BEFORE_QUESTION: usize = 2;

/// Right before a denial, they take its force.
const OF_NO_DENIAL: [&str; 11] = ["不是", "难", "不得", "能", "差点", "险些", "一天", "一刻", "无刻", "淹", "埋"];
/// Shortly before a denial, they say that others believe it, or that nobody can be sure of it.
const SUPPOSED: [&str; 16] = [
    "以为",
    "当我",
    "怕我",
    "谁说",
    "难道",
    "难保",
    "保不",
    "不保证",
    "能保证",
    "不敢保证",
    "法保证",
    "不信",
    "不能说",
    "硬说",
    "谎称",
    "骗人说",
];
const MOST_BEFORE_DENIAL: usize = 8;

/// Whether what stands around a word says that it came to that: 已被劝离, 劝下来了.
fn is_done(before: &str, after: &str) -> bool {
    let near = before.char_indices().nth_back(MOST_BEFORE_DENIAL).map_or(before, |(at, _)| &before[at..]);
    let done = after.starts_with('了') || DONE.iter().any(|w| near.contains(w));
    done && !OPEN.iter().any(|w| near.contains(w)) && !IN_VAIN.iter().any(|w| after.contains(w))
}

/// Shortly before a word, they say that it was done.
const DONE: [&str; 4] = ["已", "被", "终于", "打消"];
/// Shortly before a word, they say that it was not, or is asked for.
const OPEN: [&str; 12] = ["没", "未", "不", "请", "快", "派", "能", "求", "帮", "想", "要", "怎么"];
/// Behind a word, they say that it was in vain.
const IN_VAIN: [&str; 4] = ["无效", "未果", "失败", "没用"];

/// Right before a word, they say that it is meant or about to be done.
const WILL: [&str; 5] = ["要", "就", "想", "准备", "打算"];
/// Behind a word, they say that who meant to do it does not any more.
const OVER: [&str; 5] = ["劝下来", "劝住", "劝回来", "劝离", "打消了念头"];
/// How far behind the word they are looked for, in characters.
const MOST_WITH_OVER: usize = 24;
/// How many characters may follow hearsay in a clause that only brings in the next.
const MOST_AFTER_HEARSAY: usize = 2;
/// How many characters may stand between a time or place and what was then or there.
const MOST_AFTER_AWAY: usize = 12;
/// How many characters may stand between a word of guarding and what is guarded against.
const MOST_AFTER_GUARD: usize = 6;
/// Between the two, these show that something else was guarded against: 禁止停车的地方着火.
const AFTER_GUARDED: [char; 10] = ['的', '了', '就', '还', '却', '又', '仍', '但', '不', '没'];
/// Before a word of guarding, they say that nobody did.
const UNDONE: [&str; 5] = ["不", "没", "没有", "没能", "未能"];
/// Said of what people do, they warn that it will be done: 请尽快解决，免得同归于尽.
const WARNS: [&str; 4] = ["免得", "以免", "避免", "以防"];
/// Between a danger and the lesson or exercise in it.
const OF_LESSONS: [&str; 12] =
    ["应急", "安全", "逃生", "事故", "自救", "急救", "救援", "处置", "疏散", "防控", "心理", "的"];
