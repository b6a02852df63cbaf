//! What is told of a case that departments have, had or would have again, and whom it accuses.

use huiliu_schemas::Cause;
use huiliu_schemas::SourceId;
use huiliu_schemas::event::Actor;
use huiliu_schemas::event::Event;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::{Assessment, Intent, Session};
use huiliu_schemas::vocabulary::{Assessor, Complexity, ReturnReason, Role, Satisfaction, Solved};

use super::tests::{job, told};
use super::*;
use crate::directory::tests::shipped;
use crate::doors::principal::Principal;
use crate::queues::readable;
use crate::vault::MasterKey;

/// The township whose the place is, or should be.
const TOWN: &str = "jb-zhuangqiao";
const OF_THE_TOWN: &str = "举报到街道后第二天举报信就到了被举报人手里，当晚对方就来砸我家玻璃。";

fn dept(id: &str) -> DepartmentId {
    id.parse().expect("a department")
}

/// One case at a desk that decides from the shipped directory.
struct Table {
    desk: Desk,
    events: Vec<Event>,
}

impl Table {
    fn begin(job: &Job) -> Self {
        let mut table = Self { desk: Desk::new(Arc::new(shipped())), events: Vec::new() };
        table.take(job, &Told::default());
        table
    }

    fn case(&self) -> Option<Case> {
        Case::fold(&self.events)
    }

    fn decide(&self, job: &Job, told: &Told) -> Result<Decided, Refusal> {
        let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
        let now = "2026-03-04T02:00:00Z".parse().expect("a time");
        self.desk.decide(job, id, self.case().as_ref(), told, Vec::new(), now)
    }

    fn take(&mut self, job: &Job, told: &Told) -> Vec<Event> {
        let Decided::Events(events) = self.decide(job, told).expect("decided") else { panic!("nothing came of it") };
        self.events.extend(events.clone());
        events
    }

    fn has_it(&self, department: &str) -> bool {
        self.case().expect("a case").last_lead() == Some(&dept(department))
    }
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|e| e.body.name()).collect()
}

fn reach(events: &[Event], department: &str) -> bool {
    events.iter().flat_map(|e| &e.entries).any(|entry| entry.department == dept(department))
}

/// A record of the matter, with nothing known but what `say` adds.
fn record(cause: u64, say: impl FnOnce(&mut Submission)) -> Job {
    let mut told = job(cause, "");
    let Work::Record(record) = &mut told.work else { panic!("a record") };
    record.submission.facts = Facts::default();
    record.submission.content = Content::default();
    say(&mut record.submission);
    let submission = record.submission.clone();
    let (channel, master) = (record.channel.clone(), MasterKey::parse(&"07".repeat(32)).expect("a key"));
    told.work = Work::Record(Box::new(Record::new(channel, submission, false, &master)));
    told
}

fn by_operator(cause: &str, command: Command, note: &str) -> Job {
    let case = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let content = Content { note: (!note.is_empty()).then(|| note.into()), ..Content::default() };
    let work = Work::Command { case, command, content, digest: String::new(), seen: None };
    Job { cause: Cause::hub(cause), actor: Actor::Operator { name: "desk".into() }, work }
}

fn dispatch_to(cause: &str, department: &str) -> Job {
    let assignees = vec![Assignee { department: dept(department), role: Role::Lead }];
    by_operator(cause, Command::Dispatch { assignees, not_accused: Vec::new() }, "请办理")
}

fn said(note: &str) -> Content {
    Content { note: Some(note.into()), ..Content::default() }
}

fn by_department(cause: &str, department: &str, command: Command, content: Content) -> Job {
    let case = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let work = Work::Command { case, command, content, digest: String::new(), seen: None };
    Job { cause: Cause::hub(cause), actor: Actor::Department { department: dept(department) }, work }
}

/// A case that lies in triage, at a place that its code or only its first address tells.
fn in_triage(by_code: bool) -> Table {
    let table = Table::begin(&record(1, |told| {
        told.content.text = Some("邻居占用公共绿地，请处理。".into());
        if by_code {
            told.facts.division = Some("330205006".parse().expect("a division"));
        } else {
            told.content.address = Some("江北区庄桥街道".into());
        }
    }));
    assert_eq!(table.case().expect("a case").stage, Stage::Triage, "{:?}", table.events);
    table
}

fn urge(cause: u64, note: &str) -> Job {
    record(cause, |told| {
        told.source = SourceId::read("hotline:urge").expect("a number");
        (told.intent, told.content) = (Intent::Urge, said(note));
    })
}

fn session(cause: u64, note: &str) -> Job {
    let (level, round, started_at, ended_at, outcome) = (None, None, None, None, None);
    record(cause, |told| {
        (told.intent, told.content) = (Intent::Session, said(note));
        told.session =
            Some(Session { id: "r1".into(), level, round, started_at, ended_at, outcome, digests: Vec::new() });
    })
}

#[test]
fn whose_street_is_meant_says_the_place_the_case_was_routed_by() {
    for by_code in [true, false] {
        let by_hand = by_operator("urge", Command::Urge {}, OF_THE_TOWN);
        for (event, later) in
            [("urged", urge(2, OF_THE_TOWN)), ("mediation_held", session(2, OF_THE_TOWN)), ("urged", by_hand)]
        {
            let mut table = in_triage(by_code);
            table.take(&dispatch_to("by-hand", TOWN), &Told::default());
            assert!(table.has_it(TOWN));
            let events = table.take(&later, &Told::default());
            assert_eq!(names(&events), [event, "triaged"]);
            assert!(!reach(&events, TOWN), "{events:?}");
            assert_eq!(events[0].body.accused_later(), [dept(TOWN)]);
            assert!(table.case().expect("a case").marks.accusation);
        }
    }
}

#[test]
fn whose_street_is_meant_is_known_to_who_dispatches_by_hand() {
    for by_code in [true, false] {
        let table = in_triage(by_code);
        let refused = table.decide(&dispatch_to("by-hand", TOWN), &told(&["邻居占用公共绿地", OF_THE_TOWN]));
        assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused, "{by_code}");
    }
}

/// The rules may not know the place, or the wrong one: whoever dispatched by hand knew better.
#[test]
fn whose_street_is_meant_says_the_township_that_has_the_case() {
    for elsewhere in [None, Some("330205002")] {
        let mut table = Table::begin(&record(1, |told| {
            told.content.text = Some("邻居占用公共绿地，请处理。".into());
            told.facts.division = elsewhere.map(|code| code.parse().expect("a division"));
        }));
        table.take(&dispatch_to("by-hand", TOWN), &Told::default());
        let events = table.take(&urge(2, OF_THE_TOWN), &Told::default());
        assert_eq!((names(&events), reach(&events, TOWN)), (vec!["urged", "triaged"], false), "{elsewhere:?}");
    }
}

/// It is not theirs to do, and still theirs who are meant.
#[test]
fn whose_street_is_meant_says_the_township_that_handed_the_case_back() {
    let mut table = Table::begin(&record(1, |told| told.content.text = Some("邻居占用公共绿地，请处理。".into())));
    table.take(&dispatch_to("by-hand", TOWN), &Told::default());
    let ask = Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None };
    table.take(&by_department("return", TOWN, ask, said("不属于本街道职责")), &Told::default());
    let grant = Command::GrantReturn { department: dept(TOWN), assignees: Vec::new() };
    table.take(&by_operator("grant", grant, ""), &Told::default());
    assert!(!table.has_it(TOWN));
    let refused = table.decide(&dispatch_to("again", TOWN), &told(&["邻居占用公共绿地", OF_THE_TOWN]));
    assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused);
}

/// A case with a result of the labour bureau.
fn resolved() -> Table {
    let mut table = Table::begin(&job(1, "老板欠薪"));
    assert!(table.has_it("jb-labour"));
    let reply = Content { reply: Some("已发放".into()), ..Content::default() };
    let resolve = Command::Resolve { solved: Solved::Yes, contacted: true };
    for (command, content) in [(Command::SignFor { n: None }, Content::default()), (resolve, reply)] {
        table.take(&by_department(command.kind().as_str(), "jb-labour", command, content), &Told::default());
    }
    table
}

/// A record from before the first connection, of another source, that joins the case.
fn history(cause: u64, text: &str) -> Job {
    let mut joins = record(cause, |told| {
        told.source = SourceId::read("petition:9").expect("a number");
        told.aliases = vec![SourceId::read("hotline:1").expect("a number")];
        told.content.text = Some(text.into());
    });
    let Work::Record(record) = &mut joins.work else { panic!("a record") };
    record.history = true;
    joins
}

/// The first source shows that the citizen is not satisfied; or the centre says so.
fn dissatisfied() -> [Job; 2] {
    let view = Assessment { solved: None, satisfaction: Some(Satisfaction::Dissatisfied) };
    let Work::Record(first) = job(1, "老板欠薪").work else { panic!("a record") };
    let record = record(9, |told| *told = Submission { assessment: Some(view), ..first.submission.clone() });
    [record, by_operator("assess", Command::Assess { by: Assessor::Citizen, assessment: view }, "")]
}

/// 收受好处 is an accusation and remembered as one; 态度恶劣 only finds fault, and is judged anew each time.
#[test]
fn what_joined_as_history_is_judged_before_the_case_comes_back() {
    for text in ["区人社局局长收受老板好处", "区人社局的人态度恶劣，问了三次都不理，请求发放工资。"]
    {
        for bad in dissatisfied() {
            let mut table = resolved();
            let joined = table.take(&history(3, text), &Told::default());
            assert!(joined.iter().all(|e| e.entries.is_empty()), "{joined:?}");
            assert!(Desk::needs_told(&bad, &table.case().expect("a case")));
            let events = table.take(&bad, &told(&["老板欠薪", text]));
            assert_eq!(names(&events), ["assessed", "reopened", "triaged"], "{text}");
            assert!(!reach(&events, "jb-labour"), "{events:?}");
        }
    }
    for bad in dissatisfied() {
        let mut table = resolved();
        let events = table.take(&bad, &told(&["老板欠薪"]));
        assert_eq!((names(&events), reach(&events, "jb-labour")), (vec!["assessed", "reopened"], true));
    }
}

#[test]
fn history_raises_no_colour() {
    let mut table = resolved();
    assert_eq!(names(&table.take(&history(3, "再不解决，今晚就跳楼"), &Told::default())), ["supplemented"]);
}

/// Reading what was told costs: a record of an ended case that only repeats or echoes needs none of it.
#[test]
fn only_what_brings_a_case_back_needs_what_was_told() {
    let table = resolved();
    let case = table.case().expect("a case");
    assert!(!Desk::needs_told(&job(2, "老板欠薪"), &case));
    assert!(!Desk::needs_told(&history(3, "区人社局局长收受老板好处"), &case));
    let satisfied = Assessment { solved: None, satisfaction: Some(Satisfaction::Satisfied) };
    let pleased = Command::Assess { by: Assessor::Citizen, assessment: satisfied };
    assert!(!Desk::needs_told(&by_operator("assess", pleased, ""), &case));
}

/// What a source says under an order that went astray is kept, and accuses; nobody weighed it when it came, so whoever has the
/// case reads none of it.
#[test]
fn a_record_that_came_too_late_is_for_the_centre() {
    let version = |cause, version, text: &str| {
        record(cause, |told| (told.version, told.content.text) = (Some(version), Some(text.into())))
    };
    let mut table = Table::begin(&version(1, 2, "邻居占用公共绿地，请处理。"));
    table.take(&dispatch_to("by-hand", TOWN), &Told::default());
    let late = table.take(&version(2, 1, OF_THE_TOWN), &Told::default());
    assert_eq!(names(&late), ["superseded"]);
    assert_eq!(late[0].content.text, Some(OF_THE_TOWN.into()));
    let (town, desk) = (Principal::Department(dept(TOWN)), Principal::Operator("desk".parse().expect("a name")));
    assert!(readable(&town, &late[0]).is_empty() && !readable(&town, &table.events[0]).is_empty());
    assert!(!readable(&desk, &late[0]).is_empty());
    let told = Told { merged: crate::keys::told(&table.events), each: crate::keys::tellings(table.events.clone()) };
    assert_eq!(told.merged.text, Some("邻居占用公共绿地，请处理。".into()));
    let assignees = vec![Assignee { department: dept(TOWN), role: Role::Lead }];
    let again = Command::Redispatch { assignees, not_accused: Vec::new() };
    let refused = table.decide(&by_operator("again", again, "请继续办理"), &told);
    assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused);
}

#[test]
fn what_was_said_in_withdrawing_accuses_like_any_telling() {
    let mut table = in_triage(true);
    table.take(&by_operator("withdraw", Command::Withdraw {}, OF_THE_TOWN), &Told::default());
    table.take(&urge(2, "请继续办理"), &Told::default());
    assert_eq!(table.case().expect("a case").stage, Stage::Triage);
    let told = Told { merged: Content::default(), each: crate::keys::tellings(table.events.clone()) };
    let refused = table.decide(&dispatch_to("by-hand", TOWN), &told);
    assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused);
}

/// A progress note tells what a department did, and a dispatch what the centre wants of it: neither is the citizen's.
#[test]
fn what_offices_write_to_each_other_is_no_telling() {
    let mut table = resolved();
    assert_eq!(crate::keys::tellings(table.events.clone()).len(), 1);
    table.take(&dissatisfied()[1], &told(&["老板欠薪"]));
    let assignees = vec![Assignee { department: dept("jb-housing"), role: Role::Lead }];
    let move_it = Command::Redispatch { assignees, not_accused: Vec::new() };
    table.take(&by_operator("move", move_it, "区人社局一再推诿，改派住建局"), &told(&["老板欠薪"]));
    assert_eq!(crate::keys::tellings(table.events).len(), 1);

    // Why an operator takes a case up again is no telling either; what the case says is judged then, all of it.
    for (words, stage) in
        [(&["老板欠薪"][..], Stage::Dispatched), (&["区人社局局长收了老板的钱", "请尽快处理"], Stage::Triage)]
    {
        let mut table = resolved();
        table.take(&by_operator("again", Command::Reopen {}, "区人社局一再推诿，重办"), &told(words));
        assert_eq!(table.case().expect("a case").stage, stage, "{words:?}");
        assert_eq!(crate::keys::tellings(table.events).len(), 1);
    }
}

/// Versions before took a `text` with any command, and judged it with few.
#[test]
fn a_text_that_came_with_a_dispatch_is_judged_and_is_for_the_centre() {
    let mut table = in_triage(true);
    table.take(&dispatch_to("by-hand", "jb-housing"), &Told::default());
    let step = table.events.last_mut().expect("a dispatch");
    step.content.text = Some(OF_THE_TOWN.into());
    let (town, desk) = (Principal::Department(dept(TOWN)), Principal::Operator("desk".parse().expect("a name")));
    assert_eq!(readable(&town, step), said("请办理"));
    assert_eq!(readable(&desk, step), step.content);
    let told = Told { merged: Content::default(), each: crate::keys::tellings(table.events.clone()) };
    let assignees = vec![Assignee { department: dept(TOWN), role: Role::Lead }];
    let on = Command::Redispatch { assignees, not_accused: Vec::new() };
    let refused = table.decide(&by_operator("on", on, "请继续办理"), &told);
    assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused);

    let mut more = by_operator("more", Command::Supplement {}, "");
    let Work::Command { content, .. } = &mut more.work else { panic!("a command") };
    content.text = Some("昨夜又来过。".into());
    let added = table.take(&more, &Told::default());
    assert_eq!(readable(&town, &added[0]), added[0].content, "it was judged when it came");
}

/// What the centre added is in no record of the source: it outlives the source's next one.
#[test]
fn what_is_added_by_hand_stands_below_what_the_source_says() {
    let mut table = in_triage(true);
    let text = |text: &str| Content { text: Some(text.into()), ..Content::default() };
    let mut more = by_operator("more", Command::Supplement {}, "");
    let Work::Command { content, .. } = &mut more.work else { panic!("a command") };
    *content = text("昨夜又来过。");
    table.take(&more, &Told::default());
    let told = |table: &Table| crate::keys::told(&table.events).text;
    assert_eq!(told(&table), Some("邻居占用公共绿地，请处理。\n\n昨夜又来过。".into()));
    table.take(&record(3, |told| told.content = text("邻居仍占用公共绿地。")), &Told::default());
    assert_eq!(told(&table), Some("邻居仍占用公共绿地。\n\n昨夜又来过。".into()));
}

/// What is told later is judged by its own words, and says less of the matter than the case knows.
#[test]
fn what_a_step_does_not_say_stays_known() {
    // Where somebody else lives does not move the case there.
    let (of_the_bureau, elsewhere) = ("区住建局局长收了开发商好处", "我洪塘街道的亲戚也说，区住建局局长收了开发商好处");
    let begin = || {
        Table::begin(&record(1, |told| {
            told.facts.matter = Some("010210".parse().expect("a matter"));
            told.content.text = Some("小区物业管理混乱，请处理。".into());
            told.content.address = Some("江北区庄桥街道".into());
        }))
    };
    let known = |table: &Table| {
        let decision = table.case().and_then(|case| case.decision).expect("a decision");
        (decision.matter.clone(), decision.division.clone(), decision.level, decision.complexity)
    };
    for (by_hand, words) in [(false, of_the_bureau), (true, of_the_bureau), (false, elsewhere), (true, elsewhere)] {
        let later = |cause, words: &str| match by_hand {
            true => by_operator(&format!("urge-{cause}"), Command::Urge {}, words),
            false => record(cause, |told| {
                told.source = SourceId::read(&format!("hotline:urge-{cause}")).expect("a number");
                (told.intent, told.content) = (Intent::Urge, said(words));
            }),
        };
        let mut table = begin();
        assert!(table.has_it("jb-housing"), "{:?}", table.events);
        let before = known(&table);
        assert_eq!((before.1.as_ref().map(|d| d.as_str()), before.3), (Some("330205006"), Some(Complexity::Complex)));
        assert_eq!(names(&table.take(&later(2, words), &Told::default())), ["urged", "triaged"]);
        assert_eq!(known(&table), before);
        let by_hand = table.take(&dispatch_to("by-hand", "jb-enforcement"), &Told::default());
        table.take(&later(3, OF_THE_TOWN), &Told::default());
        let assignees = vec![Assignee { department: dept(TOWN), role: Role::Lead }];
        let again = Command::Redispatch { assignees, not_accused: Vec::new() };
        let told = Told { merged: crate::keys::told(&table.events), each: crate::keys::tellings(table.events.clone()) };
        let refused = table.decide(&by_operator("again", again, "请继续办理"), &told);
        assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused);
        // Complex matters have longer than ordinary ones: what is dispatched by hand has as long as what the rules sent.
        assert_eq!(resolve_by(&by_hand), resolve_by(&begin().events));
    }
}

fn resolve_by(events: &[Event]) -> Option<Timestamp> {
    let sent = events.iter().find_map(|event| match &event.body {
        EventBody::Dispatched { deadlines, .. } => Some(deadlines),
        _ => None,
    });
    sent.expect("dispatched").iter().find(|d| d.clock == Clock::Resolve).map(|d| d.at)
}
