//! A scripted department: signs for what it gets, takes it on, reports a step, and answers; now and then it says that a
//! case is not its own. It knows only what its queue told it, and at the start what it still had in hand.

use std::collections::VecDeque;
use std::time::Duration;

use huiliu_schemas::entry::Entry;
use huiliu_schemas::vocabulary::{EntryKind, Role, Stage};
use huiliu_schemas::{CaseId, DepartmentId};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::door::{Door, Taken};
use crate::readmodel::{CaseRow, Filter, ReadHandle};

/// Steps follow each other quickly at first, so that a watcher soon has seen everything, and calmly later.
const LIVELY: Duration = Duration::from_secs(60);
const QUICK: Duration = Duration::from_millis(1800);
const CALM: Duration = Duration::from_millis(4000);
/// Of so many cases that came by a rule, one is asked to be handed back.
const HANDS_BACK_ONE_IN: usize = 5;

/// Who it is and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its code in the directory.
    pub id: &'static str,
    /// Whether it takes its queue over NATS.
    pub nats: bool,
    /// Whose it thinks the others are.
    pub suggests: &'static str,
    /// Why it hands back.
    pub reason: &'static str,
    /// What it did.
    pub step: &'static str,
    /// What the citizen is told, in turn.
    pub replies: [&'static str; 2],
}

/// The cast: three departments that get much under the shipped directory.
pub const CAST: [Part; 3] = [
    Part {
        id: "jb-enforcement",
        nats: false,
        suggests: "jb-housing",
        reason: "经现场核实，该事项涉及房屋与物业管理，不属于综合行政执法职责范围。",
        step: "执法队员已到现场核查并拍照取证，已向当事人送达整改通知书。",
        replies: [
            "您反映的问题经现场核查属实，当事人已按要求自行整改完毕，我局将加强日常巡查。感谢您的监督。",
            "您反映的情况已现场处置，占道物品和垃圾已清理，后续由中队列入重点巡查。",
        ],
    },
    Part {
        id: "jb-housing",
        nats: true,
        suggests: "jb-enforcement",
        reason: "该处属于违法搭建查处，不属于住房城乡建设部门职责。",
        step: "已约谈物业服务企业，维修方案已报业主委员会表决。",
        replies: [
            "您反映的问题我局已督促物业企业落实，维修人员已进场，预计三个工作日内修复。",
            "经协调，责任单位已完成检修并恢复使用，如再次发生请随时来电。",
        ],
    },
    Part {
        id: "jb-labour",
        nats: true,
        suggests: "jb-mc-labour",
        reason: "双方对劳动关系存在争议，宜先由劳动人事争议人民调解委员会调解。",
        step: "劳动监察员已调取考勤和工资支付记录，并约谈用人单位负责人。",
        replies: [
            "经劳动监察责令，用人单位已支付拖欠的工资，请您查收；如有出入请与监察大队联系。",
            "您咨询的事项可在户籍地街道便民服务中心办理，携带身份证即可，政策口径已电话告知。",
        ],
    },
];

/// One case it has signed for.
struct Held {
    case: CaseId,
    n: u32,
    next: Next,
}

/// What it does next.
#[derive(PartialEq)]
enum Next {
    Accept,
    Progress,
    Resolve,
    HandBack,
    /// The centre has to rule.
    Wait,
}

/// A department at work.
pub struct Department {
    part: Part,
    door: Door,
    held: VecDeque<Held>,
    signed: usize,
    told: usize,
    start: Instant,
}

impl Department {
    /// A department with what it still has in hand.
    pub fn new(part: Part, door: Door, reads: &ReadHandle) -> anyhow::Result<Self> {
        let id: DepartmentId = part.id.parse()?;
        let stages = vec![Stage::SignedFor, Stage::Accepted, Stage::InProgress];
        let filter = Filter { department: Some(id), stages, ..Filter::default() };
        let held = reads.cases(&filter, None, 200)?.cases.iter().rev().map(Held::of).collect();
        Ok(Self { part, door, held, signed: 0, told: 0, start: Instant::now() })
    }

    /// Works until shutdown.
    pub async fn run(mut self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            tokio::select! {
                () = shutdown.cancelled() => return,
                worked = self.turn() => {
                    if let Err(error) = worked {
                        tracing::info!(department = self.part.id, "{}: {error:#}", self.part.id);
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(if self.start.elapsed() < LIVELY { QUICK } else { CALM }) => {}
            }
        }
    }

    /// Takes one entry and does one step of the oldest case in hand.
    async fn turn(&mut self) -> anyhow::Result<()> {
        let idle = self.held.iter().all(|h| h.next == Next::Wait);
        if let Some(taken) = self.door.take(Duration::from_secs(if idle { 5 } else { 0 })).await? {
            self.receive(taken).await?;
        }
        match self.held.iter().position(|h| h.next != Next::Wait) {
            Some(place) => self.step(place).await,
            None => Ok(()),
        }
    }

    async fn receive(&mut self, taken: Taken) -> anyhow::Result<()> {
        let Entry { case_id, n, kind, role, .. } = taken.entry;
        let by_rule = taken.entry.rule.is_some();
        let body = json!({ "id": format!("{case_id}-{n}-sign"), "n": n });
        let signed = self.door.command(&case_id.to_string(), "sign_for", body).await;
        // A refusal means that the entry has died since: there is nothing to do, and it need not come again.
        self.door.acknowledge(taken).await?;
        signed?;
        match kind {
            EntryKind::Dispatch | EntryKind::Reopen if role == Role::Lead => {
                self.signed += usize::from(by_rule);
                let not_ours = by_rule && self.signed % HANDS_BACK_ONE_IN == 2;
                self.forget(case_id);
                let next = if not_ours { Next::HandBack } else { Next::Accept };
                self.held.push_back(Held { case: case_id, n, next });
            }
            EntryKind::Withdraw => self.forget(case_id),
            _ => self.go_on(case_id),
        }
        Ok(())
    }

    /// The centre has ruled that it stays here, or the citizen said more.
    fn go_on(&mut self, case: CaseId) {
        for held in self.held.iter_mut().filter(|h| h.case == case && h.next == Next::Wait) {
            held.next = Next::Accept;
        }
    }

    fn forget(&mut self, case: CaseId) {
        self.held.retain(|h| h.case != case);
    }

    async fn step(&mut self, place: usize) -> anyhow::Result<()> {
        let Some(Held { case, n, next }) = self.held.remove(place) else { return Ok(()) };
        let (kind, body, then) = match next {
            Next::Accept => ("accept", json!({}), Some(Next::Progress)),
            Next::Progress => ("progress", json!({ "note": self.part.step }), Some(Next::Resolve)),
            Next::Resolve => ("resolve", self.answer(), None),
            Next::HandBack => ("request_return", self.hand_back(), Some(Next::Wait)),
            Next::Wait => return Ok(()),
        };
        let mut body: Value = body;
        body["id"] = format!("{case}-{n}-{kind}").into();
        // Refused: the case is no longer what this department believes; its queue will say what it is.
        self.door.command(&case.to_string(), kind, body).await?;
        if let Some(next) = then {
            // Cases are finished one after the other, so that the first answer does not wait for the last case.
            self.held.insert(place.min(self.held.len()), Held { case, n, next });
        }
        Ok(())
    }

    fn answer(&mut self) -> Value {
        let reply = self.part.replies[self.told % self.part.replies.len()];
        self.told += 1;
        json!({ "solved": "yes", "contacted": true, "reply": reply })
    }

    fn hand_back(&self) -> Value {
        json!({ "reason": "not_our_duty", "suggested": self.part.suggests, "note": self.part.reason })
    }
}

impl Held {
    /// A case as the last run left it.
    fn of(row: &CaseRow) -> Self {
        let next = match row.stage {
            _ if row.return_pending => Next::Wait,
            Stage::SignedFor => Next::Accept,
            Stage::Accepted => Next::Progress,
            _ => Next::Resolve,
        };
        Self { case: row.id, n: 0, next }
    }
}
