//! What an adapter yields from one upstream record: no field name of an upstream system is left in it, and
//! no department is in it yet.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::ids::SourceId;
use crate::places::{DivisionCode, MatterCode, Point};
use crate::vocabulary::{Appeal, Form, MediationOutcome, Satisfaction, Solved, UpstreamState, Warning, words};

words! {
    /// What the record is for.
    Intent {
        Matter = "matter", "新事项";
        Supplement = "supplement", "补充";
        Urge = "urge", "催办";
        Withdraw = "withdraw", "撤回";
        Assess = "assess", "评价";
        StateChange = "state_change", "上游状态变化";
        Session = "session", "调解场次";
        Notice = "notice", "仅告知";
    }
}

/// One record of one source, understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Submission {
    /// The source's own number for the case.
    pub source: SourceId,
    /// What the record is for.
    pub intent: Intent,
    /// When it happened at the source (last change of the record).
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// The day the source registered it, by the one field that says so and no substitute: its number with another day is
    /// another matter's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_on: Option<jiff::civil::Date>,
    /// The source's own ordering of this record's states. Without it they have none: a time is not one, for the field it was
    /// read from may differ from record to record.
    #[serde(default)]
    pub version: Option<i64>,
    /// Other numbers of the same case, e.g. the hotline order a petition came from.
    #[serde(default)]
    pub aliases: Vec<SourceId>,
    /// Other cases this one refers to, e.g. the earlier order of a repeated call.
    #[serde(default)]
    pub related: Vec<SourceId>,
    /// What is known and not personal.
    pub facts: Facts,
    /// What is personal.
    pub content: Content,
    /// The citizen's view of the result, if the record carries one.
    #[serde(default)]
    pub assessment: Option<Assessment>,
    /// How far the matter is at the source, if the record says.
    #[serde(default)]
    pub upstream: Option<Upstream>,
    /// One mediation session, if the record is about one.
    #[serde(default)]
    pub session: Option<Session>,
    /// The fields of which a case needs one to begin, where the record has none of them and tells of nothing else: it can only
    /// add to a case that is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// What could not be read as it should; the submission stands all the same unless one is blocking.
    #[serde(default)]
    pub problems: Vec<FieldProblem>,
}

impl Submission {
    /// A record of a matter under this number that says nothing else yet.
    pub fn of(source: SourceId) -> Self {
        Self {
            source,
            intent: Intent::Matter,
            at: None,
            registered_on: None,
            version: None,
            aliases: Vec::new(),
            related: Vec::new(),
            facts: Facts::default(),
            content: Content::default(),
            assessment: None,
            upstream: None,
            session: None,
            lacks: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Whether a problem forbids making a case of it.
    pub fn is_blocked(&self) -> bool {
        self.problems.iter().any(|p| p.blocking)
    }

    /// The numbers that tell whose record it is, its own first.
    pub fn numbers(&self) -> impl Iterator<Item = &SourceId> {
        std::iter::once(&self.source).chain(&self.aliases)
    }
}

/// What is known of a matter and is not personal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// 诉求类型.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appeal: Option<Appeal>,
    /// 来件形式.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// When the source registered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<Timestamp>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Timestamp>,
    /// The source's own deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_deadline: Option<Timestamp>,
    /// 事项类别, translated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matter: Option<MatterCode>,
    /// The class as the source wrote it: code and name, carried even where no table translates them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_class: Option<SourceClass>,
    /// 属地, the lowest division the record names by code or unambiguous name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub division: Option<DivisionCode>,
    /// The place as words, most general first (`江北区`, `庄桥街道`, `天合社区`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub place_names: Vec<String>,
    /// Where on the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point: Option<Point>,
    /// The unit the source thinks responsible, as it names it: a hint, never a decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_unit: Option<String>,
    /// The source's own urgency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Warning>,
    /// 人数: persons who came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persons_count: Option<u32>,
    /// 涉及人数: persons affected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub affected_count: Option<u32>,
    /// Flags that bind what may be shown and how fast it goes.
    pub flags: Flags,
    /// References to evidence at the source; never the evidence itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Codes the pack's tables do not know, by field, carried through as they came: those of the record taken last.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unknown_codes: BTreeMap<String, String>,
}

impl Facts {
    /// The facts after `newer` were told: what it leaves out stays; a flag once set stays set.
    pub fn merged(&self, newer: &Self) -> Self {
        fn pick<T: Clone>(new: &Option<T>, old: &Option<T>) -> Option<T> {
            new.clone().or_else(|| old.clone())
        }
        fn fuller<T: Clone>(new: &[T], old: &[T]) -> Vec<T> {
            if new.is_empty() { old.to_vec() } else { new.to_vec() }
        }
        Self {
            appeal: pick(&newer.appeal, &self.appeal),
            form: pick(&newer.form, &self.form),
            registered_at: pick(&newer.registered_at, &self.registered_at),
            occurred_at: pick(&newer.occurred_at, &self.occurred_at),
            source_deadline: pick(&newer.source_deadline, &self.source_deadline),
            matter: pick(&newer.matter, &self.matter),
            source_class: pick(&newer.source_class, &self.source_class),
            division: pick(&newer.division, &self.division),
            place_names: fuller(&newer.place_names, &self.place_names),
            point: pick(&newer.point, &self.point),
            suggested_unit: pick(&newer.suggested_unit, &self.suggested_unit),
            urgency: pick(&newer.urgency, &self.urgency),
            persons_count: pick(&newer.persons_count, &self.persons_count),
            affected_count: pick(&newer.affected_count, &self.affected_count),
            flags: self.flags.merged(newer.flags),
            evidence: fuller(&newer.evidence, &self.evidence),
            unknown_codes: newer.unknown_codes.clone(),
        }
    }
}

impl Flags {
    fn merged(self, newer: Self) -> Self {
        Self {
            anonymous: self.anonymous || newer.anonymous,
            confidential: self.confidential || newer.confidential,
            public: self.public || newer.public,
            joint: self.joint || newer.joint,
            threat: self.threat || newer.threat,
            grave: self.grave || newer.grave,
            repeated: self.repeated || newer.repeated,
            backlog: self.backlog || newer.backlog,
        }
    }
}

/// A class in a source's own words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceClass {
    /// The source's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The source's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Flags of a matter. `None` of the source is `false` here, except for `public`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Flags {
    /// 匿名.
    pub anonymous: bool,
    /// 保密: no department learns who spoke.
    pub confidential: bool,
    /// 公开, when the citizen said so.
    pub public: bool,
    /// 联名.
    pub joint: bool,
    /// 扬言.
    pub threat: bool,
    /// 重大紧急.
    pub grave: bool,
    /// 重复信访.
    pub repeated: bool,
    /// 积案.
    pub backlog: bool,
}

/// What the citizen or a reviewer thought of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// Whether it was solved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solved: Option<Solved>,
    /// Whether the citizen is satisfied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub satisfaction: Option<Satisfaction>,
}

impl Assessment {
    /// Not satisfied, or not solved: the case is to be handled again.
    pub fn is_bad(&self) -> bool {
        self.solved == Some(Solved::No) || self.satisfaction == Some(Satisfaction::Dissatisfied)
    }
}

/// How far the matter is at the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Upstream {
    /// The state.
    pub state: UpstreamState,
    /// Its code as the source wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// One mediation session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Number of the room or session at the source; empty where a matter's own record tells how its last session ended.
    pub id: String,
    /// 调解层级 1 village group, 2 village committee, 3 township, 4 county.
    #[serde(default)]
    pub level: Option<u8>,
    /// Which time.
    #[serde(default)]
    pub round: Option<u32>,
    /// When it began.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// What came of it.
    #[serde(default)]
    pub outcome: Option<MediationOutcome>,
    /// Digests of the records that told of it last, so that the same minutes are told once. None where it was told of before
    /// they were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<String>,
}

impl Session {
    /// Most digests that are kept.
    pub const MOST_DIGESTS: usize = 8;

    /// The session once it was told of again as `newer`: what that leaves out stays.
    pub fn merged(&self, newer: &Self) -> Self {
        let new = newer.digests.iter().filter(|digest| !self.digests.contains(digest));
        let mut digests: Vec<String> = self.digests.iter().chain(new).cloned().collect();
        digests.drain(..digests.len().saturating_sub(Self::MOST_DIGESTS));
        Self {
            id: newer.id.clone(),
            level: newer.level.or(self.level),
            round: newer.round.or(self.round),
            started_at: newer.started_at.or(self.started_at),
            ended_at: newer.ended_at.or(self.ended_at),
            outcome: newer.outcome.or(self.outcome),
            digests,
        }
    }
}

/// A field that could not be read as it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldProblem {
    /// The field of our schema.
    pub field: String,
    /// Where it should have come from, as the source names it.
    pub source_field: String,
    /// The value met, shortened; masked where the field is personal.
    pub value: Option<String>,
    /// What was expected.
    pub expected: String,
    /// Whether no case can be made without it.
    pub blocking: bool,
}
