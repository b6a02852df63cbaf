//! A happening in words for the terminal: Chinese, with the English term beside. Pure; says nothing personal, because the
//! read model it is made from holds nothing personal.

use huiliu_schemas::case::Case;
use huiliu_schemas::decision::{Decision, Verdict};
use huiliu_schemas::event::{Actor, EventBody};
use huiliu_schemas::vocabulary::Role;
use huiliu_schemas::{Channel, DepartmentId};

use crate::directory::Directory;
use crate::readmodel::{HappeningRow, Overview};

/// Puts happenings into words.
pub struct Words {
    directory: Directory,
    /// Whether the terminal shows colours.
    colours: bool,
}

/// A label: its Chinese, its English, its colour.
type Label = (&'static str, &'static str, u8);

impl Words {
    /// Names come from this directory.
    pub fn new(directory: Directory, colours: bool) -> Self {
        Self { directory, colours }
    }

    /// The lines of one happening; none where there is nothing to show.
    pub fn lines(&self, happening: &HappeningRow, case: &Case) -> Vec<String> {
        let event = &happening.event;
        let Some(body) = &event.body else { return Vec::new() };
        let number = happening.number.as_str();
        let line = |label: Label, text: String| vec![self.line(event.at, label, number, &text)];
        match body {
            EventBody::Registered(new) => {
                line(("来件", "arrived", 36), format!("{} → {}", new.channel, self.matter(case)))
            }
            EventBody::Dispatched { decision, .. } => {
                let to = match decision {
                    Some(decision) => format!("{}    {}", self.assignees(decision), why(decision)),
                    None => format!("{}    人工派单 by hand", self.sent_to(happening)),
                };
                line(("派单", "to", 34), to)
            }
            EventBody::Triaged { decision, .. } => line(("分拨", "triage", 33), reasons(decision)),
            EventBody::SignedFor { department, .. } => line(("签收", "signed for", 35), self.name(department)),
            EventBody::Accepted { department, .. } => line(("受理", "accepted", 35), self.name(department)),
            EventBody::Progressed { department } => line(("进展", "progress", 35), self.name(department)),
            EventBody::ReturnRequested { department, reason, suggested, .. } => {
                let suggested = suggested.as_ref().map(|s| format!("，建议 suggests {}", self.name(s)));
                let said = format!("{}：{}{}", self.name(department), reason.chinese(), suggested.unwrap_or_default());
                line(("退单", "hand-back", 31), said)
            }
            EventBody::ReturnGranted { department, .. } => {
                line(("准退", "granted", 33), format!("派单员同意 {} 退单", self.name(department)))
            }
            EventBody::ReturnRefused { department, .. } => {
                line(("不退", "refused", 33), format!("派单员裁定仍由 {} 办理", self.name(department)))
            }
            EventBody::Resolved { department, solved, .. } => {
                line(("办结", "resolved", 32), format!("{}：{}", self.name(department), solved.chinese()))
            }
            EventBody::Supplemented(more) if more.seen.is_some() && more.channel != case.channel => {
                line(("同案", "one case", 96), same_case(case, &more.channel))
            }
            EventBody::MediationHeld { session, .. } => {
                let outcome = session.outcome.map_or("结果未报", |outcome| outcome.chinese());
                line(("调解", "mediation", 36), format!("调解室 room {} 结束：{outcome}", session.id))
            }
            EventBody::AnswerDelivered(_) => Vec::new(),
            EventBody::Superseded { .. } => Vec::new(),
            other => {
                line(("另有", "also", 90), format!("{} {} · {}", other.chinese(), other.name(), self.by(&event.actor)))
            }
        }
    }

    /// What a source holds of an answer, in its own words.
    pub fn answered(&self, happening: &HappeningRow, channel: &str, shown: &str) -> String {
        let text = format!("{channel} 系统内现为 the source now shows: {shown}");
        self.line(happening.event.at, ("回写", "answered", 92), happening.number.as_str(), &text)
    }

    /// The queues in one line.
    pub fn summary(&self, o: &Overview) -> String {
        let mut longest: Vec<_> = o.departments.iter().filter(|d| d.queued > 0).collect();
        longest.sort_by_key(|d| std::cmp::Reverse(d.queued));
        let longest = longest.iter().take(4).map(|d| match d.department.parse() {
            Ok(id) => format!("{} {}", self.short_name(&id), d.queued),
            Err(_) => format!("{} {}", d.department, d.queued),
        });
        let t = &o.totals;
        let text = format!(
            "── 案件 cases {} │ 待签收 queued {} │ 分拨台 triage {} │ 在办 held {} │ 办结 ended {} │ 已答复 answered {} │ 队列 queues: {} ──",
            t.cases,
            t.queued,
            t.triage,
            t.held,
            t.ended,
            o.answers.told,
            longest.collect::<Vec<_>>().join("，")
        );
        self.paint(1, &text)
    }

    /// Text in a colour, where colours are shown.
    pub fn paint(&self, colour: u8, text: &str) -> String {
        if self.colours { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    fn line(&self, at: jiff::Timestamp, (zh, en, colour): Label, number: &str, text: &str) -> String {
        let time = at.to_zoned(crate::desk::shanghai()).strftime("%H:%M:%S");
        format!("{time} {} {number}  {text}", self.paint(colour, &format!("{zh} {en:<10}")))
    }

    /// 诉求类型 · 事项 · 属地.
    fn matter(&self, case: &Case) -> String {
        let decision = case.decision.as_ref();
        let appeal = case.facts.appeal.map(|a| format!("{} {a}", a.chinese()));
        let code = decision.and_then(|d| d.matter.as_ref()).or(case.facts.matter.as_ref());
        let matter =
            code.map(|c| format!("{} {c}", self.directory.matter_path(c).rsplit(" > ").next().unwrap_or_default()));
        let place = decision.and_then(|d| d.division.as_ref()).or(case.facts.division.as_ref());
        let place = place.map(|d| format!("{} {d}", self.directory.division_name(d).unwrap_or_default()));
        let or = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
        format!("{} · {} · {}", or(appeal, "类型不明"), or(matter, "事项不明"), or(place, "属地不明"))
    }

    fn assignees(&self, decision: &Decision) -> String {
        let Verdict::Dispatch { assignees } = &decision.verdict else { return String::new() };
        let (lead, others): (Vec<_>, Vec<_>) = assignees.iter().partition(|a| a.role == Role::Lead);
        let names = |list: Vec<&huiliu_schemas::decision::Assignee>| {
            list.iter().map(|a| self.name(&a.department)).collect::<Vec<_>>().join("、")
        };
        let with = if others.is_empty() { String::new() } else { format!("（协办 with {}）", names(others)) };
        format!("{}{with}", names(lead))
    }

    fn sent_to(&self, happening: &HappeningRow) -> String {
        happening.event.entries.iter().map(|e| self.name(&e.department)).collect::<Vec<_>>().join("、")
    }

    /// The short name people use, and the code.
    fn name(&self, id: &DepartmentId) -> String {
        format!("{} {id}", self.short_name(id))
    }

    fn short_name<'a>(&'a self, id: &'a DepartmentId) -> &'a str {
        let name = self.directory.department_name(id);
        let whole = |n: &&str| !n.is_empty();
        let short = ["宁波市江北区", "中共宁波市", "宁波市", "江北区"].iter().find_map(|p| name.strip_prefix(p));
        short.unwrap_or(name).split('（').next().filter(whole).unwrap_or(name)
    }

    fn by(&self, actor: &Actor) -> String {
        match actor {
            Actor::Source { channel } => channel.to_string(),
            Actor::Department { department } => self.name(department),
            Actor::Operator { name } | Actor::Machine { name } => name.clone(),
            Actor::Hub => "汇流 hub".to_owned(),
        }
    }
}

/// The case's numbers, source by source, where one came round by another channel.
fn same_case(case: &Case, channel: &Channel) -> String {
    let numbers: Vec<String> =
        case.sources.iter().map(|seen| format!("{} {}", seen.source.namespace, seen.source.id)).collect();
    format!("{channel} 又报来，认出是同一案件 the same matter: {}", numbers.join(" = "))
}

/// The rule's place and words.
fn why(decision: &Decision) -> String {
    match &decision.rule {
        Some(rule) if rule.line > 0 => {
            // Whom it names is told already.
            let words = rule.words.split(" →").next().unwrap_or_default();
            format!("因为 why {}:{} {words}（把握 {}）", rule.file, rule.line, decision.confidence)
        }
        Some(rule) => format!("因为 why {} {}", rule.file, rule.words),
        None => String::new(),
    }
}

fn reasons(decision: &Decision) -> String {
    let Verdict::Triage { reasons, .. } = &decision.verdict else { return String::new() };
    let said: Vec<&str> = reasons.iter().map(|r| r.chinese()).collect();
    format!("转人工 to a person    因为 why {}", said.join("；"))
}
