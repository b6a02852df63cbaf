//! What is told of a case that departments have, had or would have again, and whom it accuses.

use huiliu_schemas::SourceId;
use huiliu_schemas::event::Event;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::{Intent, Session};
use huiliu_schemas::vocabulary::Role;

use super::tests::{job, told};
use super::*;
use crate::directory::tests::shipped;

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
    let work = Work::Command { case, command, content, seen: None };
    Job { cause: Cause::hub(cause), actor: Actor::Operator { name: "desk".into() }, work }
}

fn dispatch_to(cause: &str, department: &str) -> Job {
    let assignees = vec![Assignee { department: dept(department), role: Role::Lead }];
    by_operator(cause, Command::Dispatch { assignees, not_accused: Vec::new() }, "请办理")
}

fn said(note: &str) -> Content {
    Content { note: Some(note.into()), ..Content::default() }
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
        told.session = Some(Session { id: "r1".into(), level, round, started_at, ended_at, outcome });
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
