//! What the desk gives to be decided, on the shipped directory.

use huiliu_schemas::SourceId;
use huiliu_schemas::event::Actor;
use huiliu_schemas::refusal::RefusalCode;
use huiliu_schemas::submission::{Intent, Session};
use huiliu_schemas::vocabulary::{Appeal, ReturnReason};
use huiliu_schemas::{Cause, Channel};

use super::*;
use crate::directory::Directory;
use crate::directory::tests::{shipped, with_line};
use crate::vault::MasterKey;

#[test]
fn only_the_sources_own_version_orders_its_records() {
    let of = |version| Submission {
        at: Some("2026-03-04T02:00:00Z".parse().expect("a time")),
        version,
        ..Submission::of(SourceId::read("hotline:1").expect("a number"))
    };
    let master = MasterKey::parse(&"07".repeat(32)).expect("a key");
    assert_eq!((seen::seen(&of(None), &master).order, seen::seen(&of(Some(7)), &master).order), (None, Some(7)));
}

#[test]
fn red_and_orange_have_the_shorter_clocks() {
    let desk = Sitting { directory: Arc::new(shipped()) };
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let sign_for = |warning, facts: &Facts| {
        let all = desk.deadlines("dispatched", None, warning, facts, now);
        all.into_iter().find(|d| d.clock == Clock::SignFor).expect("a clock").at
    };
    let plain = sign_for(None, &Facts::default());
    assert_eq!(sign_for(Some(Warning::Yellow), &Facts::default()), plain);
    assert!(sign_for(Some(Warning::Orange), &Facts::default()) < plain);
    let by_source = Facts { urgency: Some(Warning::Red), ..Facts::default() };
    assert!(sign_for(None, &by_source) < plain);
}

pub(super) fn job(cause: u64, text: &str) -> Job {
    let submission = Submission {
        facts: Facts {
            appeal: Some(Appeal::Complaint),
            matter: Some("150305".parse().expect("a matter")),
            ..Facts::default()
        },
        content: Content { text: Some(text.into()), ..Content::default() },
        ..Submission::of(SourceId::read("hotline:1").expect("a number"))
    };
    let channel: Channel = "hotline-12345".parse().expect("a channel");
    let record = Record::new(channel.clone(), submission, false, &MasterKey::parse(&"07".repeat(32)).expect("a key"));
    Job { cause: Cause::intake(cause, 0), actor: Actor::Source { channel }, work: Work::Record(Box::new(record)) }
}

#[test]
fn a_threat_told_later_brings_forward_only_what_has_a_rule_for_it() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let decide = |case: Option<&Case>, job: &Job| {
        let Decided::Events(events) = desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided")
        else {
            panic!("nothing came of it")
        };
        events
    };
    let begun = decide(None, &job(1, "老板欠薪"));
    let case = Case::fold(&begun).expect("a case");
    let told = decide(Some(&case), &job(2, "再不解决，今晚就跳楼"));
    let sooner = told.iter().find_map(|e| match &e.body {
        EventBody::Warned { deadlines, .. } => Some(deadlines),
        _ => None,
    });
    let clocks: Vec<Clock> = sooner.expect("warned").iter().map(|d| d.clock).collect();
    assert_eq!(clocks, [Clock::SignFor]);
}

#[test]
fn what_the_source_calls_grave_is_warned_of_however_calm_its_words() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let warned = |cause: u64, text: &str, urgency: Warning, log: &mut Vec<Event>| {
        let mut job = job(cause, text);
        let Work::Record(record) = &mut job.work else { panic!("a record") };
        record.submission.facts.urgency = Some(urgency);
        let decided = desk.decide(&job, id, Case::fold(&*log).as_ref(), &Told::default(), Vec::new(), now);
        let Ok(Decided::Events(events)) = decided else { panic!("nothing came of it") };
        let colour = |event: &Event| match event.body {
            EventBody::Warned { colour, .. } => Some(colour),
            _ => None,
        };
        let colours: Vec<Warning> = events.iter().filter_map(colour).collect();
        log.extend(events);
        colours
    };
    let mut log = Vec::new();
    assert_eq!(warned(1, "路灯不亮", Warning::Yellow, &mut log), [], "nothing out of the ordinary");
    assert_eq!(warned(2, "路灯还是不亮", Warning::Red, &mut log), [Warning::Red]);
    assert_eq!(warned(3, "路灯一直不亮", Warning::Red, &mut log), [], "once");
    assert_eq!(warned(1, "路灯不亮", Warning::Orange, &mut Vec::new()), [Warning::Orange]);
}

#[test]
fn what_turns_out_graver_is_due_as_if_it_had_been_known() {
    let lines = "claim_resolve,accepted,appeal=complaint,60,days,legal,测试,\n\
                 claim_resolve,accepted,appeal=complaint;urgent=yes,30,days,legal,测试,\n\
                 sign_for,dispatched,urgent=yes;complexity=ordinary,10,minutes,target,测试,\n";
    let files = with_line("deadlines.csv", lines.trim_end());
    let desk = Desk::new(Arc::new(Directory::parse(&files).expect("loads")));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let mut log = Vec::new();
    let mut decide = |job: &Job| {
        let case = Case::fold(&log);
        let decided = desk.decide(job, id, case.as_ref(), &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = decided else { panic!("nothing came of it") };
        log.extend(events);
        Case::fold(&log).expect("a case")
    };
    let case = decide(&job(1, "老板欠薪"));
    let department = case.last_lead().expect("dispatched").clone();
    let department = Actor::Department { department };
    let signing = |case: &Case| {
        let due = case.deadlines.iter().find(|d| d.clock == Clock::SignFor).expect("dispatched");
        due.at.duration_since(now).as_mins()
    };
    assert!(signing(&case) > 30);
    let urge = by_command(Actor::Operator { name: "li".into() }, Command::Urge {}, "再不解决，今晚就跳楼");
    let graver = desk.decide(&urge, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(graver) = graver else { panic!("nothing came of it") };
    let graver = graver.iter().fold(case.clone(), |mut case, event| {
        case.apply(event);
        case
    });
    assert_eq!(signing(&graver), 10, "an ordinary one, where nobody said how complex it is");
    decide(&by_command(department.clone(), Command::SignFor { n: None }, "签收"));
    let case = decide(&by_command(department, Command::Accept {}, "受理"));
    let days = |case: &Case| {
        let due = case.deadlines.iter().find(|d| d.clock == Clock::ClaimResolve).expect("accepted");
        due.at.duration_since(now).as_hours() / 24
    };
    assert_eq!(days(&case), 60);
    assert_eq!(days(&decide(&job(2, "再不解决，今晚就跳楼"))), 30);
}

/// Without a matter, so that a person must look.
fn unsaid(cause: u64, text: &str) -> Job {
    let mut job = job(cause, text);
    if let Work::Record(record) = &mut job.work {
        record.submission.facts.matter = None;
    }
    job
}

fn by_command(actor: Actor, command: Command, words: &str) -> Job {
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let content = Content { note: Some(words.into()), ..Content::default() };
    let cause = format!("{command:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().parse();
    Job {
        cause: Cause::command("somebody", &cause.expect("an id")),
        actor,
        work: Work::Command { case: id, command, content, digest: String::new(), seen: None },
    }
}

#[test]
fn a_case_that_a_person_must_dispatch_has_a_time_for_that() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let housing = || "jb-housing".parse().expect("a department");
    let centre = || Actor::Operator { name: "li".into() };
    let threat = "再不解决，今晚就跳楼";
    for grave in [unsaid(2, threat), by_command(centre(), Command::Urge {}, threat)] {
        let mut log = Vec::new();
        let mut decide = |job: &Job| {
            let case = Case::fold(&log);
            let decided = desk.decide(job, id, case.as_ref(), &Told::default(), Vec::new(), now).expect("decided");
            let Decided::Events(events) = decided else { panic!("nothing came of it") };
            log.extend(events);
            let case = Case::fold(&log).expect("a case");
            let due = |clock| case.deadlines.iter().find(|d| d.clock == clock);
            let minutes = due(Clock::Dispatch).map(|d| d.at.duration_since(now).as_mins());
            (case.stage, minutes, due(Clock::PetitionDecide).is_some())
        };
        assert_eq!(decide(&unsaid(1, "有件事想说一下")), (Stage::Triage, Some(30), true));
        assert_eq!(decide(&grave), (Stage::Triage, Some(5), true));
        let assignees = vec![Assignee { department: housing(), role: Role::Lead }];
        let on = Command::Dispatch { assignees, not_accused: Vec::new() };
        assert_eq!(decide(&by_command(centre(), on, "说明")), (Stage::Dispatched, None, false));
        let back = Command::RequestReturn { reason: ReturnReason::NotOurDuty, suggested: None };
        decide(&by_command(Actor::Department { department: housing() }, back, "说明"));
        let granted = Command::GrantReturn { department: housing(), assignees: Vec::new() };
        let again = decide(&by_command(centre(), granted, "说明"));
        assert_eq!(again, (Stage::Triage, Some(5), false), "it was sent before");
    }
}

#[test]
fn what_was_grave_once_is_dispatched_as_grave() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let decide = |case: Option<&Case>, job: &Job| {
        let decided = desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = decided else { panic!("nothing came of it") };
        events
    };
    let signed_for_within = |log: &[Event]| {
        let case = Case::fold(log).expect("a case");
        let due = case.deadlines.iter().find(|d| d.clock == Clock::SignFor).expect("dispatched");
        due.at.duration_since(now).as_mins()
    };
    let mut log = decide(None, &unsaid(1, "有件事想说一下"));
    let urge = by_command(Actor::Operator { name: "li".into() }, Command::Urge {}, "再不解决，今晚就跳楼");
    log.extend(decide(Case::fold(&log).as_ref(), &urge));
    log.extend(decide(Case::fold(&log).as_ref(), &job(3, "老板欠薪")));
    assert_eq!(signed_for_within(&log), 30);
}

pub(super) fn told(tellings: &[&str]) -> Told {
    let say = |text: &&str| Content { text: Some((*text).into()), ..Content::default() };
    let each: Vec<Content> = tellings.iter().map(say).collect();
    Told { merged: each.iter().fold(Content::default(), |all, one| all.merged(one)), each }
}

/// The lane asks before it decides, and has other records to decide.
#[test]
fn a_decision_that_breaks_down_brings_nothing_back() {
    assert!(!brings_back(|| panic!("cut amiss")));
}

#[test]
fn who_is_accused_later_is_not_given_the_case_by_hand() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let begun = job(1, "老板欠薪");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let decided = desk.decide(&begun, id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(events) = decided else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    let lead = Assignee { department: "jb-housing".parse().expect("a department"), role: Role::Lead };
    let content = Content { note: Some("请住建局办理".into()), ..Content::default() };
    let command = Command::Redispatch { assignees: vec![lead], not_accused: Vec::new() };
    let work = Work::Command { case: id, command, content, digest: String::new(), seen: None };
    let redispatch = Job { cause: Cause::hub("by-hand"), actor: Actor::Operator { name: "desk".into() }, work };
    assert!(Desk::needs_told(&redispatch, &case));
    desk.decide(&redispatch, id, Some(&case), &told(&["老板欠薪"]), Vec::new(), now).expect("nobody is accused");
    let accuses = "老板欠薪，区住建局局长收受老板好处";
    for tellings in [&[accuses][..], &["老板欠薪", accuses, "请尽快"]] {
        let refused = desk.decide(&redispatch, id, Some(&case), &told(tellings), Vec::new(), now);
        assert_eq!(refused.expect_err("the accused").code, RefusalCode::Accused, "{tellings:?}");
    }
}

#[test]
fn whom_a_person_finds_not_to_be_accused_may_have_the_case() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let accuses = "老板欠薪，区人社局局长收受老板好处";
    let begun = job(1, accuses);
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let decided = desk.decide(&begun, id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(mut events) = decided else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    let labour: DepartmentId = "jb-labour".parse().expect("a department");
    let dispatch = |cause: &str, not_accused: &[DepartmentId]| {
        let assignees = vec![Assignee { department: labour.clone(), role: Role::Lead }];
        let command = Command::Dispatch { assignees, not_accused: not_accused.to_vec() };
        let content = Content { note: Some("核实：误判".into()), ..Content::default() };
        let work = Work::Command { case: id, command, content, digest: String::new(), seen: None };
        Job { cause: Cause::hub(cause), actor: Actor::Operator { name: "desk".into() }, work }
    };
    let decide = |job: &Job| desk.decide(job, id, Some(&case), &told(&[accuses]), Vec::new(), now);
    let housing = "jb-housing".parse().expect("a department");
    for not_cleared in [&[][..], &[housing]] {
        let refused = decide(&dispatch("barred", not_cleared)).expect_err("the accused");
        assert_eq!(refused.code, RefusalCode::Accused);
    }
    let decided = decide(&dispatch("cleared", std::slice::from_ref(&labour))).expect("decided");
    let Decided::Events(dispatched) = decided else { panic!("nothing came of it") };
    events.extend(dispatched);
    let case = Case::fold(&events).expect("a case");
    assert_eq!(case.last_lead(), Some(&labour));
    assert!(!case.decision.as_ref().expect("a decision").accused.contains(&labour));
    let plain = desk.decide(&job(2, "请尽快"), id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(plain) = plain else { panic!("nothing came of it") };
    assert!(plain.iter().flat_map(|e| &e.entries).any(|entry| entry.department == labour), "{plain:?}");
}

#[test]
fn whoever_took_over_from_the_accused_is_kept_from_it_too() {
    let desk = Desk::new(Arc::new(shipped()));
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let begun = desk.decide(&job(1, "老板欠薪"), id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(events) = begun else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    let (old, heir) = ("jb-land-old".parse().expect("code"), "jb-natural-resources".parse().expect("code"));
    let sitting = Sitting { directory: desk.directory() };
    assert_eq!(sitting.barred(&[old], &case, [&heir]), vec![heir]);
    let gone = "jb-not-in-the-directory".parse().expect("code");
    assert_eq!(sitting.barred(std::slice::from_ref(&gone), &case, [&gone]).len(), 1);
}

/// In one batch the second record is decided before anyone can read the words of the first.
#[test]
fn whom_a_telling_accuses_is_known_to_the_next_without_its_words() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let begun = desk.decide(&job(1, "请领导关注此事"), id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(mut events) = begun else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    let accuses = job(2, "老板欠薪，区人社局局长收受老板好处");
    let told = desk.decide(&accuses, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(told) = told else { panic!("nothing came of it") };
    events.extend(told);
    let case = Case::fold(&events).expect("a case");
    let plain = job(3, "老板欠薪，请尽快");
    let plain = desk.decide(&plain, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(plain) = plain else { panic!("nothing came of it") };
    let labour = "jb-labour".parse().expect("a department");
    assert!(plain.iter().flat_map(|e| &e.entries).all(|entry| entry.department != labour), "{plain:?}");
}

#[test]
fn who_has_the_case_and_turns_out_to_be_accused_loses_it_to_a_person() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let begun = desk.decide(&job(1, "老板欠薪"), id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(events) = begun else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    let labour: DepartmentId = "jb-labour".parse().expect("a department");
    assert_eq!(case.last_lead(), Some(&labour));
    let accuses = job(2, "老板欠薪，区人社局局长收受老板好处");
    let told = desk.decide(&accuses, id, Some(&case), &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(told) = told else { panic!("nothing came of it") };
    let names: Vec<&str> = told.iter().map(|e| e.body.name()).collect();
    assert_eq!(names, ["supplemented", "triaged"]);
    assert!(told.iter().all(|e| e.entries.is_empty()), "nobody is shown the words: {told:?}");
    assert!(told[0].body.accused_later().contains(&labour), "a person is called: {told:?}");
}

#[test]
fn what_a_session_accuses_is_remembered() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let decide = |job: &Job, case: Option<&Case>| {
        let decided = desk.decide(job, id, case, &Told::default(), Vec::new(), now).expect("decided");
        let Decided::Events(events) = decided else { panic!("nothing came of it") };
        events
    };
    let mut events = decide(&job(1, "老板欠薪"), None);
    let case = Case::fold(&events).expect("a case");
    let mut room = job(2, "老板欠薪，区人社局局长收受老板好处");
    let Work::Record(record) = &mut room.work else { panic!("a record") };
    record.submission.intent = Intent::Session;
    let (level, round, started_at, ended_at, outcome) = (None, None, None, None, None);
    record.submission.session =
        Some(Session { id: "r1".into(), level, round, started_at, ended_at, outcome, digests: Vec::new() });
    events.extend(decide(&room, Some(&case)));
    let case = Case::fold(&events).expect("a case");
    let labour: DepartmentId = "jb-labour".parse().expect("a department");
    assert!(case.marks.accusation && case.decision.as_ref().is_some_and(|d| d.accused.contains(&labour)));
    assert_eq!(crate::keys::tellings(events).len(), 2);
}

#[test]
fn who_was_accused_is_not_sent_the_case_by_what_is_told_later() {
    let desk = Desk::new(Arc::new(shipped()));
    let now = "2026-03-04T02:00:00Z".parse().expect("a time");
    let id = CaseId::of(&SourceId::read("hotline:1").expect("a number"));
    let accuses = "老板欠薪，区人社局局长收受老板好处";
    let begun = desk.decide(&job(1, accuses), id, None, &Told::default(), Vec::new(), now).expect("decided");
    let Decided::Events(events) = begun else { panic!("nothing came of it") };
    let case = Case::fold(&events).expect("a case");
    assert_eq!(case.stage, Stage::Triage);
    let plain =
        desk.decide(&job(2, "老板欠薪，请尽快"), id, Some(&case), &told(&[accuses]), Vec::new(), now).expect("decided");
    let Decided::Events(events) = plain else { panic!("nothing came of it") };
    assert!(events.iter().all(|e| e.entries.is_empty()), "{events:?}");
}
