//! How fast the read model takes in a log, and whether it stays as fast as it grows: prints messages per second of each
//! tenth of the log, their ratio, and what the questions of the status page and of a search cost at the end. Texts are as
//! long as asked for; with 0 characters nothing is indexed.
//!
//! `cargo run --release -p huiliu --example readmodel_speed -- [cases] [batch] [characters]`

#![expect(clippy::print_stdout, reason = "it is a program whose purpose is to print")]

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use huiliu::readmodel::{Filter, Indexing, LogMessage, ReadModel, Said};
use huiliu::vault::{DataKey, MasterKey};
use huiliu::words::{Contact, IndexKey, fold, of_words};
use huiliu_schemas::case::Case;
use huiliu_schemas::command::{Action, Command, Given, Order, Submit};
use huiliu_schemas::content::{Content, Person, PersonRole};
use huiliu_schemas::decision::{Assignee, Decision, Matched, RuleRef, Severity, Verdict};
use huiliu_schemas::entry::Entry;
use huiliu_schemas::event::{Actor, Sealed, SourceSeen, payload_of};
use huiliu_schemas::ids::{CaseId, Cause, SourceId};
use huiliu_schemas::lifecycle::{Decided, decide};
use huiliu_schemas::private::Private;
use huiliu_schemas::subjects;
use huiliu_schemas::submission::{Facts, Intent, Submission};
use huiliu_schemas::vocabulary::{Appeal, Role, Stage};
use jiff::Timestamp;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let cases: u64 = arguments.next().map_or(Ok(100_000), |a| a.parse()).context("cases")?;
    let batch: usize = arguments.next().map_or(Ok(1_000), |a| a.parse()).context("batch")?;
    let characters: usize = arguments.next().map_or(Ok(150), |a| a.parse()).context("characters")?;
    let key = DataKey::random()?;
    let index = IndexKey::of(&MasterKey::parse(&"5".repeat(64)).context("master key")?);
    let folder = std::env::temp_dir().join(format!("huiliu-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("read.sqlite");
    let opener = key.clone();
    let indexing = Indexing::new(index.clone(), move |stored| {
        let content = stored.sealed.as_ref().map(|sealed| opener.open(sealed, stored.case_id));
        Ok(content.and_then(Result::ok).unwrap_or_default())
    });
    let mut model = ReadModel::open(&file, indexing.clone())?;
    let mut rates = Vec::new();
    for tenth in 0..10 {
        let range = tenth * cases / 10..(tenth + 1) * cases / 10;
        rates.push(take_in(&mut model, range, batch, &Writer { key: key.clone(), characters })?);
        println!("tenth {tenth}: {:.0} messages/s", rates[rates.len() - 1]);
    }
    println!("last tenth / first tenth: {:.2}", rates[9] / rates[0]);
    ask(&model)?;
    search(&model, &index)?;
    drop(model);
    // A writer that closes alone brings the journal into the file.
    drop(ReadModel::open(&file, indexing)?);
    println!("file: {:.0} bytes per case", std::fs::metadata(&file)?.len() as f64 / cases as f64);
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Only taking in is measured, not the making of the messages.
fn take_in(model: &mut ReadModel, cases: std::ops::Range<u64>, batch: usize, writer: &Writer) -> Result<f64> {
    let (mut spent, mut taken, mut log) = (0.0, 0, Vec::new());
    let mut sequence = model.position();
    for i in cases.clone() {
        write_case(i, &mut sequence, &mut log, writer)?;
        if log.len() >= batch || i + 1 == cases.end {
            let begun = Instant::now();
            model.apply(&log)?;
            spent += begun.elapsed().as_secs_f64();
            taken += log.len();
            log.clear();
        }
    }
    Ok(taken as f64 / spent)
}

fn ask(model: &ReadModel) -> Result<()> {
    let reader = model.reader();
    let timed = |name: &str, question: &dyn Fn() -> Result<usize>| -> Result<()> {
        question()?;
        let begun = Instant::now();
        let found = question()?;
        println!("{name}: {:.2} ms ({found} found)", begun.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    };
    let page = |filter: &Filter| -> Result<usize> { Ok(reader.cases(filter, None, 50)?.cases.len()) };
    timed("overview", &|| Ok(reader.overview(Timestamp::now())?.departments.len()))?;
    timed("latest happenings", &|| Ok(reader.latest_happenings(50)?.len()))?;
    timed("newest cases", &|| page(&Filter::default()))?;
    timed("signed for", &|| page(&Filter { stages: vec![Stage::SignedFor], ..Filter::default() }))?;
    timed("of one department", &|| page(&Filter { department: "d-7".parse().ok(), ..Filter::default() }))?;
    timed("of a matter nobody has", &|| page(&Filter { matter: "99".parse().ok(), ..Filter::default() }))?;
    timed("entries without message", &|| Ok(reader.live_entries_without_message()?.len()))?;
    timed("oldest live entry", &|| Ok(reader.source_queues_from()? as usize))
}

/// What a search asks the index: a rare word, a common one, two, a telephone.
fn search(model: &ReadModel, index: &IndexKey) -> Result<()> {
    let reader = model.reader();
    let timed = |name: &str, tokens: &[_]| -> Result<()> {
        reader.cases_with(tokens, None)?;
        let begun = Instant::now();
        let found = reader.cases_with(tokens, None)?.len();
        println!("search, {name}: {:.2} ms ({found} candidates)", begun.elapsed().as_secs_f64() * 1000.0);
        Ok(())
    };
    let words = |typed: &str| of_words(&fold(typed), false).collect::<Vec<_>>();
    timed("a word of one in forty", &words("路灯"))?;
    timed("a word of every second", &words("小区"))?;
    timed("a word of four characters", &words("下水管道"))?;
    timed("a word nobody wrote", &words("鼹鼠"))?;
    timed("a telephone number", &[index.token(&Contact::read("13900000007").context("a number")?)])
}

/// Writes what citizens say.
struct Writer {
    key: DataKey,
    characters: usize,
}

impl Writer {
    fn content(&self, i: u64) -> Content {
        if self.characters == 0 {
            return Content::default();
        }
        let mut reporter = Person::new(PersonRole::Reporter);
        reporter.phone = Some(Private::new(format!("139{:08}", i % 100_000_000)));
        let mut text = String::new();
        let mut state = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut dice = move |n: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % n
        };
        while text.chars().count() < self.characters {
            match dice(3) {
                // A name of a street, a shop, a block: pairs that hardly anybody else writes.
                0 => text.extend((0..2).filter_map(|_| char::from_u32(0x4e00 + dice(6_000) as u32))),
                _ => text.push_str(SAID[dice(SAID.len() as u64) as usize]),
            }
        }
        if i.is_multiple_of(40) {
            text.push_str("，路灯不亮");
        }
        let title = format!("关于{}的问题", SAID[dice(SAID.len() as u64) as usize]);
        Content { title: Some(title.into()), text: Some(text.into()), persons: vec![reporter], ..Content::default() }
    }
}

const SAID: [&str; 24] = [
    "市民来电反映，",
    "该小区物业",
    "夜间施工噪音扰民，",
    "下水管道堵塞，",
    "占用消防通道",
    "垃圾无人清运，",
    "希望相关部门",
    "尽快处理。",
    "多次投诉未果，",
    "门口每晚有流动摊位",
    "影响居民休息，",
    "道路破损严重，",
    "拖欠工资",
    "要求退款，",
    "停车位不足",
    "油烟直排，",
    "楼上漏水",
    "电动车飞线充电，",
    "村里的河道",
    "发黑发臭，",
    "公交线路调整后",
    "老人出行不便，",
    "请核实",
    "并回复。",
];

/// Registered and dispatched; every second case is signed for at once.
fn write_case(i: u64, sequence: &mut u64, log: &mut Vec<LogMessage>, writer: &Writer) -> Result<()> {
    let source = SourceId { namespace: "hotline".parse()?, id: format!("2026{i:010}") };
    let id = CaseId::of(&source);
    let mut case: Option<Case> = None;
    let mut push = |subject: String, payload: Vec<u8>| {
        *sequence += 1;
        log.push(LogMessage { sequence: *sequence, subject, said: Said::Stored(Bytes::from(payload)) });
    };
    for order in orders(i, &source, writer.content(i))? {
        let Ok(Decided::Events(events)) = decide(case.as_ref(), id, &order, at(i)) else { bail!("not decided") };
        for event in &events {
            match &mut case {
                Some(case) => case.apply(event),
                None => case = Case::begin(event),
            }
        }
        let sealed = events.iter().map(|event| writer.key.seal(&event.content, id, "ring"));
        let sealed: Vec<Option<Sealed>> = sealed.collect::<Result<_, _>>()?;
        push(subjects::case(id), payload_of(&events, &sealed, Some(&"0".repeat(64))));
        if matches!(order.action, Action::Submit(_)) {
            push(
                subjects::alias(&source),
                serde_json::to_vec(&serde_json::json!({ "case_id": id, "source": source }))?,
            );
        }
        let Some(case) = &case else { bail!("no case") };
        for (event, entry) in events.iter().flat_map(|e| e.entries.iter().map(move |x| (e, x))) {
            let payload = serde_json::to_vec(&Entry::of(case, event, entry))?;
            push(subjects::entry(&entry.department, id, entry.n), payload);
        }
    }
    Ok(())
}

fn orders(i: u64, source: &SourceId, content: Content) -> Result<Vec<Order>> {
    let channel: huiliu_schemas::Channel = "hotline-12345".parse()?;
    let department: huiliu_schemas::DepartmentId = format!("d-{}", i % 40).parse()?;
    let seen = SourceSeen {
        source: source.clone(),
        order: Some(1),
        matter_digest: "0".repeat(64),
        answer_digest: None,
        registered_on: None,
        identity_digest: None,
        name_digest: Some("0".repeat(64)),
        phone_digest: Some("0".repeat(64)),
        joint_digests: Vec::new(),
        follow_up: false,
        state: None,
        assessment: None,
        view_digest: None,
    };
    let submission = Submission {
        source: source.clone(),
        intent: Intent::Matter,
        at: None,
        registered_on: None,
        version: Some(1),
        aliases: Vec::new(),
        related: Vec::new(),
        facts: Facts { appeal: Some(Appeal::Complaint), ..Facts::default() },
        content: Content::default(),
        assessment: None,
        upstream: None,
        session: None,
        lacks: Vec::new(),
        problems: Vec::new(),
    };
    let arrive = Order {
        cause: Cause::intake(i, 0),
        asked_digest: None,
        actor: Actor::Source { channel: channel.clone() },
        action: Action::Submit(Box::new(Submit { channel, submission, seen, history: false })),
        content,
        given: Given { decision: Some(decision(&department)?.into()), ..Given::default() },
    };
    let sign = Order {
        cause: Cause::hub(&format!("sign/{i}")),
        asked_digest: None,
        actor: Actor::Department { department },
        action: Action::Command(Command::SignFor { n: None }),
        content: Content::default(),
        given: Given::default(),
    };
    Ok(if i.is_multiple_of(2) { vec![arrive, sign] } else { vec![arrive] })
}

fn decision(lead: &huiliu_schemas::DepartmentId) -> Result<Decision> {
    let matched =
        |what: &str| Matched { what: what.into(), value: "0302".into(), because: "来源编码表译出".into() };
    Ok(Decision {
        directory: "0".repeat(64),
        verdict: Verdict::Dispatch { assignees: vec![Assignee { department: lead.clone(), role: Role::Lead }] },
        rule: Some(RuleRef {
            file: "responsibilities.csv".into(), line: 12, words: "物业服务纠纷由住建局主办".into()
        }),
        matter: Some("0302".parse()?),
        division: Some("330205006".parse()?),
        level: Some(3),
        complexity: None,
        accusation: false,
        accused: Vec::new(),
        matched: vec![matched("matter"), matched("division")],
        beaten: Vec::new(),
        excluded: Vec::new(),
        severity: Severity::default(),
        confidence: 90,
    })
}

fn at(i: u64) -> Timestamp {
    Timestamp::from_second(1_770_000_000 + i.cast_signed() / 10).unwrap_or_default()
}
