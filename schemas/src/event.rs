//! What happened to a case. Events are facts: nothing is edited, nothing removed. Each carries what caused it, who
//! did it, and the hash of the one before it; its personal part is sealed before it is stored.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::{Clock, Deadline};
use crate::content::Content;
use crate::decision::Decision;
use crate::ids::{CaseId, CaseNumber, Cause, Channel, DepartmentId, SourceId};
use crate::submission::{Assessment, Facts, Session, Upstream};
use crate::vocabulary::{
    AnswerKind, Assessor, EntryKind, LinkKind, ReturnReason, Role, Solved, UpstreamState, Warning,
};

mod stored;

pub use stored::{
    EventError, Events, MOST_EVENTS, Sealed, StoredEvent, event_types, payload_hash, payload_of, read_payload,
};

/// Who did it. Nobody is anonymous.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// An upstream system, through one of its channels.
    Source {
        /// The channel.
        channel: Channel,
    },
    /// A department.
    Department {
        /// The department.
        department: DepartmentId,
    },
    /// A person at the centre.
    Operator {
        /// The name of the credential.
        name: String,
    },
    /// Another program with a credential of its own.
    Machine {
        /// The name of the credential.
        name: String,
    },
    /// The hub itself, by a rule.
    Hub,
}

/// A queue entry an event creates: one per department that must learn of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct EntryRef {
    /// Whose queue.
    pub department: DepartmentId,
    /// Its number in the case; rises with every entry and is never used again.
    pub n: u32,
    /// What it tells the department.
    pub kind: EntryKind,
    /// Who the department is in the case.
    pub role: Role,
}

/// One event of one case.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Computed from case, cause and place in the answer.
    pub id: Uuid,
    /// Whose event.
    pub case_id: CaseId,
    /// When it was decided.
    pub at: Timestamp,
    /// What made it happen.
    pub cause: Cause,
    /// Of the first event a command led to: keyed digest of the command and its words, by which another one under the same
    /// id is told from the same one sent again.
    pub asked_digest: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// The queue entries it creates.
    pub entries: Vec<EntryRef>,
    /// What happened.
    pub body: EventBody,
    /// Its personal part.
    pub content: Content,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum EventBody {
    /// 登记: the centre has it.
    Registered(Box<Registered>),
    /// Kept as history only: no dispatch, no clocks.
    Recorded {},
    /// 分拨: no rule decided with enough confidence.
    Triaged {
        /// Why, with candidates.
        decision: Arc<Decision>,
        /// When whoever dispatches must have done so, but for clocks that run already and run out sooner.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deadlines: Vec<Deadline>,
    },
    /// 派单. The departments are in the event's entries.
    Dispatched {
        /// The routing decision acted on; none where a person decided.
        decision: Option<Arc<Decision>>,
        /// When the clocks run out that start here; one of the citizen's that runs already goes on, unless it runs out later.
        deadlines: Vec<Deadline>,
        /// Accused units that the operator found not to be accused.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        not_accused: Vec<DepartmentId>,
    },
    /// 签收.
    SignedFor {
        /// Who signed.
        department: DepartmentId,
        /// For which entry.
        n: u32,
    },
    /// 部门受理.
    Accepted {
        /// Who took it on.
        department: DepartmentId,
        /// Clocks that start here; one that runs already goes on, unless it runs out later.
        deadlines: Vec<Deadline>,
    },
    /// 不予受理.
    Declined {
        /// Who declined; none where the centre did.
        department: Option<DepartmentId>,
        /// The article it rests on.
        article: String,
    },
    /// 不再受理: the law ends it.
    ClosedToRepetition {
        /// The article it rests on.
        article: String,
    },
    /// 退单申请: the department stays answerable until it is granted.
    ReturnRequested {
        /// Who asks.
        department: DepartmentId,
        /// Which entry it hands back.
        n: u32,
        /// Why.
        reason: ReturnReason,
        /// Whose it is, if known.
        suggested: Option<DepartmentId>,
    },
    /// 准予退单.
    ReturnGranted {
        /// Who is released.
        department: DepartmentId,
        /// Which entry.
        n: u32,
    },
    /// 不予退单.
    ReturnRefused {
        /// Whose it stays.
        department: DepartmentId,
        /// Which entry.
        n: u32,
    },
    /// 办理进展.
    Progressed {
        /// Who took the step.
        department: DepartmentId,
    },
    /// 阶段性答复.
    InterimAnswered {
        /// Who answered.
        department: DepartmentId,
    },
    /// 调解场次.
    MediationHeld {
        /// The session.
        session: Session,
        /// Whom the words accuse that nothing told before did: they may not have the case from here on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accused: Vec<DepartmentId>,
    },
    /// 会商研判.
    Conferred {
        /// Who met.
        departments: Vec<DepartmentId>,
    },
    /// 吹哨报到.
    CalledIn {
        /// Who called.
        by: DepartmentId,
        /// Who was called.
        departments: Vec<DepartmentId>,
    },
    /// 办结: the department's result.
    Resolved {
        /// Whose result.
        department: DepartmentId,
        /// What came of it.
        solved: Solved,
        /// Whether the citizen was spoken to.
        contacted: bool,
    },
    /// 评估.
    Assessed {
        /// Whose view.
        by: Assessor,
        /// The view.
        assessment: Assessment,
        /// What the source's record looked like that told it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Box<SourceSeen>>,
        /// Whom the words accuse that nothing told before did: they may not have the case from here on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accused: Vec<DepartmentId>,
    },
    /// 结案.
    Closed {
        /// It was closed at the source, not here.
        at_source: bool,
    },
    /// 回访.
    Revisited {
        /// What the citizen said then.
        assessment: Assessment,
    },
    /// 重办: to whoever led last, in the event's entry; without one a person decides, as the next event says.
    Reopened {
        /// Clocks that start again.
        deadlines: Vec<Deadline>,
        /// What the source's record looked like that asked for it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seen: Option<Box<SourceSeen>>,
    },
    /// 申请复查 / 复核.
    ReviewRequested {
        /// 1 review, 2 re-check.
        level: u8,
    },
    /// 复查 / 复核决定.
    ReviewDecided {
        /// 1 review, 2 re-check.
        level: u8,
        /// Whether the answer stands.
        upheld: bool,
    },
    /// 催办.
    Urged {
        /// The source's record of the urge, if it came as one.
        seen: Option<Box<SourceSeen>>,
        /// Whom the words accuse that nothing told before did: they may not have the case from here on.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accused: Vec<DepartmentId>,
    },
    /// 督办.
    Supervised {},
    /// 约谈.
    Interviewed {
        /// Who was interviewed.
        department: DepartmentId,
    },
    /// 预警.
    Warned {
        /// The colour.
        colour: Warning,
        /// When clocks run out now that it is this grave; none that runs out sooner is put off.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deadlines: Vec<Deadline>,
    },
    /// 延期.
    Extended {
        /// Which clock.
        clock: Clock,
        /// Until when.
        until: Timestamp,
    },
    /// 并案.
    Linked {
        /// With which case.
        to: CaseId,
        /// How.
        kind: LinkKind,
    },
    /// 领导包案.
    Sponsored {},
    /// 补充: the source told more, or another source joined.
    Supplemented(Box<Supplemented>),
    /// The state at the source changed by somebody else's hand.
    UpstreamChanged {
        /// What it is now, and what the source's record then looked like.
        seen: SourceSeen,
        /// The state.
        upstream: Upstream,
    },
    /// A record older than what is known arrived: it changes no field. What it says is kept for the centre.
    Superseded {
        /// Which source said it.
        source: SourceId,
        /// Its order.
        order: i64,
        /// The order already known.
        known: i64,
        /// Digest of what its matter says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        matter_digest: Option<String>,
        /// Digest of the answer it carries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer_digest: Option<String>,
    },
    /// 要求保密: a record asks that nobody learn who spoke, and changes nothing else.
    SecrecyAsked {
        /// 匿名.
        anonymous: bool,
        /// 保密.
        confidential: bool,
    },
    /// 撤回, by the citizen.
    Withdrawn {},
    /// The source has our answer.
    AnswerDelivered(AnswerDelivered),
    /// An event of a later version. Projections pass over it; `decide` refuses unless it is ignorable.
    #[serde(skip)]
    Unknown {
        /// Its type.
        name: String,
        /// Whether a decision may be taken without understanding it.
        ignorable: bool,
    },
}

/// What is known when a case begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// Read over the telephone.
    pub number: CaseNumber,
    /// Where it came in.
    pub channel: Channel,
    /// Always false: what has no number of its own begins no case. It stands in the logs there are.
    #[serde(default)]
    pub weak_identity: bool,
    /// What the source's record looked like.
    pub seen: SourceSeen,
    /// Other numbers of the case.
    #[serde(default)]
    pub aliases: Vec<SourceId>,
    /// Other cases it refers to.
    #[serde(default)]
    pub related: Vec<SourceId>,
    /// What is known.
    pub facts: Facts,
}

/// What came later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Supplemented {
    /// Where it came in.
    pub channel: Channel,
    /// What the source's record looked like; none where a person told more.
    pub seen: Option<SourceSeen>,
    /// Numbers the case did not have before.
    #[serde(default)]
    pub aliases: Vec<SourceId>,
    /// What is known now.
    pub facts: Facts,
    /// Whom the words accuse that nothing told before did: they may not have the case from here on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accused: Vec<DepartmentId>,
}

/// A source's record as it was last seen: enough to tell a repeat, an older copy, an echo of our own answer, and
/// another person's matter under the same number. Digests are keyed: nothing can be guessed from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceSeen {
    /// Whose record.
    pub source: SourceId,
    /// Its order among the record's states, if the source has one.
    pub order: Option<i64>,
    /// Digest of what the matter says.
    pub matter_digest: String,
    /// Digest of the answer it carries (state, reply), if any.
    pub answer_digest: Option<String>,
    /// The day the source registered it.
    pub registered_on: Option<jiff::civil::Date>,
    /// Digest of the reporter's identity number.
    pub identity_digest: Option<String>,
    /// Digest of the reporter's name.
    pub name_digest: Option<String>,
    /// Digest of the reporter's telephone number.
    pub phone_digest: Option<String>,
    /// Where several speak: the same digests of all of them, as many as are kept. Who stands first may change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joint_digests: Vec<String>,
    /// The record only speaks of another one (an urge is an order of its own): answers go to that other one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow_up: bool,
    /// How far the matter was at the source when it last said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<UpstreamState>,
    /// The citizen's view as the source last showed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessment: Option<Assessment>,
    /// Digest of what a record says that only assesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view_digest: Option<String>,
}

impl SourceSeen {
    /// What is known of the source's record once it was seen again as `newer`: a record that leaves out its order, day,
    /// person, state or answer makes no room for an older copy or for somebody else, and takes nothing back. A view is gone only where the source's own order says
    /// that a record without one, but with a state, came later.
    pub fn seen_again(&self, newer: &Self) -> Self {
        let pick = |new: &Option<String>, old: &Option<String>| new.clone().or_else(|| old.clone());
        let gone = newer.state.is_some() && self.precedes(newer);
        Self {
            source: newer.source.clone(),
            order: newer.order.max(self.order),
            matter_digest: newer.matter_digest.clone(),
            answer_digest: pick(&newer.answer_digest, &self.answer_digest),
            registered_on: newer.registered_on.or(self.registered_on),
            identity_digest: pick(&newer.identity_digest, &self.identity_digest),
            name_digest: pick(&newer.name_digest, &self.name_digest),
            phone_digest: pick(&newer.phone_digest, &self.phone_digest),
            joint_digests: [&newer.joint_digests, &self.joint_digests]
                .into_iter()
                .find(|digests| !digests.is_empty())
                .cloned()
                .unwrap_or_default(),
            follow_up: newer.follow_up,
            state: newer.state.or(self.state),
            assessment: newer.assessment.or(self.assessment.filter(|_| !gone)),
            view_digest: pick(&newer.view_digest, &self.view_digest),
        }
    }

    /// Whether one of the persons of a joint record is among those of the other.
    pub fn shares_person(&self, other: &Self) -> bool {
        fn persons(seen: &SourceSeen) -> impl Iterator<Item = &String> {
            let first = [&seen.identity_digest, &seen.name_digest, &seen.phone_digest];
            first.into_iter().flatten().chain(&seen.joint_digests)
        }
        let joint = !self.joint_digests.is_empty() || !other.joint_digests.is_empty();
        joint && persons(self).any(|person| persons(other).any(|one| one == person))
    }

    /// Whether the source has nothing more to do with it.
    pub fn is_over(&self) -> bool {
        self.state.is_some_and(UpstreamState::is_over)
    }

    /// Whether the other is later by the source's own order.
    pub fn precedes(&self, other: &Self) -> bool {
        self.order.zip(other.order).is_some_and(|(this, other)| this < other)
    }
}

/// Proof that the source got an answer, and what its record will look like when it comes round again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerDelivered {
    /// The event that was told.
    pub event: Uuid,
    /// What kind of answer.
    pub what: AnswerKind,
    /// Which numbering was told.
    pub source: SourceId,
    /// The version the source gave its record for it.
    pub version: Option<i64>,
    /// Digest of the reply as the source will show it.
    pub reply_digest: Option<String>,
    /// It was refused for good: a person must look.
    #[serde(default)]
    pub refused: bool,
    /// Of what is refused: by an answer that the pack lists nowhere, so the source may have taken it. It is told under no other
    /// number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
    /// No channel can tell it, or none is meant to: the source has not heard it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_way: bool,
}

impl EventBody {
    /// The type's name, as on the wire.
    pub fn name(&self) -> &str {
        match self {
            Self::Registered(_) => "registered",
            Self::Recorded {} => "recorded",
            Self::Triaged { .. } => "triaged",
            Self::Dispatched { .. } => "dispatched",
            Self::SignedFor { .. } => "signed_for",
            Self::Accepted { .. } => "accepted",
            Self::Declined { .. } => "declined",
            Self::ClosedToRepetition { .. } => "closed_to_repetition",
            Self::ReturnRequested { .. } => "return_requested",
            Self::ReturnGranted { .. } => "return_granted",
            Self::ReturnRefused { .. } => "return_refused",
            Self::Progressed { .. } => "progressed",
            Self::InterimAnswered { .. } => "interim_answered",
            Self::MediationHeld { .. } => "mediation_held",
            Self::Conferred { .. } => "conferred",
            Self::CalledIn { .. } => "called_in",
            Self::Resolved { .. } => "resolved",
            Self::Assessed { .. } => "assessed",
            Self::Closed { .. } => "closed",
            Self::Revisited { .. } => "revisited",
            Self::Reopened { .. } => "reopened",
            Self::ReviewRequested { .. } => "review_requested",
            Self::ReviewDecided { .. } => "review_decided",
            Self::Urged { .. } => "urged",
            Self::Supervised {} => "supervised",
            Self::Interviewed { .. } => "interviewed",
            Self::Warned { .. } => "warned",
            Self::Extended { .. } => "extended",
            Self::Linked { .. } => "linked",
            Self::Sponsored {} => "sponsored",
            Self::Supplemented(_) => "supplemented",
            Self::UpstreamChanged { .. } => "upstream_changed",
            Self::Superseded { .. } => "superseded",
            Self::SecrecyAsked { .. } => "secrecy_asked",
            Self::Withdrawn {} => "withdrawn",
            Self::AnswerDelivered(_) => "answer_delivered",
            Self::Unknown { name, .. } => name,
        }
    }

    /// The number of the record it came of, where it is kept.
    pub fn record(&self) -> Option<&SourceId> {
        match self {
            Self::Registered(registered) => Some(&registered.seen.source),
            Self::Supplemented(more) => more.seen.as_ref().map(|seen| &seen.source),
            Self::Assessed { seen, .. } | Self::Reopened { seen, .. } | Self::Urged { seen, .. } => {
                seen.as_ref().map(|seen| &seen.source)
            }
            Self::UpstreamChanged { seen, .. } => Some(&seen.source),
            Self::Superseded { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whom words accuse that were told of a case already decided on, as far as it did not know.
    pub fn accused_later(&self) -> &[DepartmentId] {
        match self {
            Self::Supplemented(more) => &more.accused,
            Self::Urged { accused, .. } | Self::Assessed { accused, .. } | Self::MediationHeld { accused, .. } => {
                accused
            }
            _ => &[],
        }
    }

    /// Whether a decision may be taken by someone who does not know this type.
    fn is_ignorable(&self) -> bool {
        matches!(self, Self::Superseded { .. } | Self::AnswerDelivered(_))
    }

    /// The event as people say it.
    pub fn chinese(&self) -> &str {
        match self {
            Self::Registered(_) => "登记",
            Self::Recorded {} => "存档",
            Self::Triaged { .. } => "转分拨台",
            Self::Dispatched { .. } => "派单",
            Self::SignedFor { .. } => "签收",
            Self::Accepted { .. } => "受理",
            Self::Declined { .. } => "不予受理",
            Self::ClosedToRepetition { .. } => "不再受理",
            Self::ReturnRequested { .. } => "申请退单",
            Self::ReturnGranted { .. } => "准予退单",
            Self::ReturnRefused { .. } => "不予退单",
            Self::Progressed { .. } => "办理进展",
            Self::InterimAnswered { .. } => "阶段性答复",
            Self::MediationHeld { .. } => "调解",
            Self::Conferred { .. } => "会商研判",
            Self::CalledIn { .. } => "吹哨报到",
            Self::Resolved { .. } => "办结",
            Self::Assessed { .. } => "评估",
            Self::Closed { .. } => "结案",
            Self::Revisited { .. } => "回访",
            Self::Reopened { .. } => "重办",
            Self::ReviewRequested { .. } => "申请复查复核",
            Self::ReviewDecided { .. } => "复查复核决定",
            Self::Urged { .. } => "催办",
            Self::Supervised {} => "督办",
            Self::Interviewed { .. } => "约谈",
            Self::Warned { .. } => "预警",
            Self::Extended { .. } => "延期",
            Self::Linked { .. } => "并案",
            Self::Sponsored {} => "领导包案",
            Self::Supplemented(_) => "补充",
            Self::UpstreamChanged { .. } => "来源状态变化",
            Self::Superseded { .. } => "旧报文",
            Self::SecrecyAsked { .. } => "要求保密",
            Self::Withdrawn {} => "撤回",
            Self::AnswerDelivered(_) => "答复已送达来源",
            Self::Unknown { name, .. } => name,
        }
    }
}
