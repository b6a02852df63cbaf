//! Offering a live entry again whose message is gone from QUEUES: acknowledged by mistake, or lost by the department after
//! it took it. The same entry is appended once more on its own subject, and QUEUES sources it. Nothing dead is ever
//! offered again, and nothing that still stands in the queue is doubled.

use async_nats::HeaderMap;
use huiliu_schemas::{CaseId, DepartmentId, subjects};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{QueueError, Queues, away};
use crate::doors::principal::Principal;
use crate::engine::batch::{BatchError, OutMessage, commit_batch};
use crate::engine::read;
use crate::engine::streams::{self, CASES, QUEUES};
use crate::problem::{Kind, Problem};
use crate::traces::{TRACEPARENT, of_nats};

/// Who had it offered again; beside the entry in CASES.
pub const REOFFERED_BY: &str = "Huiliu-Reoffered-By";
/// Why.
pub const REOFFERED_BECAUSE: &str = "Huiliu-Reoffered-Because";

/// Why an entry is offered again. A closed list: free words could name a person, and headers are not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// It was acknowledged and nobody has it.
    AcknowledgedByMistake,
    /// The department's own system took it and lost it.
    LostByDepartment,
}

impl Because {
    /// The word as it stands in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcknowledgedByMistake => "acknowledged_by_mistake",
            Self::LostByDepartment => "lost_by_department",
        }
    }
}

/// An entry that was offered again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Reoffered {
    /// The sequence of its new message in CASES.
    pub sequence: u64,
    /// The sequence of the one before.
    pub former: u64,
}

/// Why it is not offered again.
#[derive(Debug, Error)]
pub enum ReofferError {
    /// The queue or the log does not answer.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// It asks nothing of the department any more.
    #[error("entry {0} of the case is not live for this department: {1}")]
    Dead(u32, String),
    /// It need not be.
    #[error("the entry still stands in QUEUES at sequence {0}: it is handed out again by itself")]
    StillQueued(u64),
    /// QUEUES has not sourced everything yet, so that it cannot be told whether the entry is there.
    #[error("QUEUES is behind the log: try again when it has caught up")]
    Lagging,
    /// Only the reconciler mends that.
    #[error("the log has no message of this entry: run `huiliu queue reconcile`")]
    NeverOffered,
    /// Somebody else did it a moment ago.
    #[error("the entry was offered again by somebody else just now")]
    Overtaken,
    /// It may have been offered or not.
    #[error("it is unknown whether it was offered again, look at the queue: {0}")]
    Unknown(String),
}

impl Queues {
    /// Offers a live entry again.
    ///
    /// # Errors
    /// See [`ReofferError`]; nothing is appended then, except perhaps where that is unknown.
    pub async fn reoffer(
        &self,
        department: &DepartmentId,
        case: CaseId,
        n: u32,
        who: &Principal,
        because: Because,
    ) -> Result<Reoffered, ReofferError> {
        self.require_live(department, case, n).await?;
        self.require_gone(department, case, n).await?;
        let subject = subjects::entry(department, case, n);
        let former = read::last_from_leader(&self.jetstream, CASES, &subject).await.map_err(away)?;
        let former = former.ok_or(ReofferError::NeverOffered)?;
        let mut headers = stamped(who, because);
        if let Some(trace) = of_nats(Some(&former.headers)) {
            headers.insert(TRACEPARENT, trace);
        }
        let message = OutMessage {
            subject,
            headers,
            payload: former.payload,
            expect_last_subject_sequence: Some(former.sequence),
        };
        match commit_batch(&self.jetstream, &[message]).await {
            Ok(ack) => Ok(Reoffered { sequence: ack.last_sequence, former: former.sequence }),
            Err(BatchError::Conflict { .. }) => Err(ReofferError::Overtaken),
            Err(BatchError::Unknown(why)) => Err(ReofferError::Unknown(why)),
            Err(error) => Err(away(error).into()),
        }
    }

    /// From the log itself, never from the read model.
    async fn require_live(&self, department: &DepartmentId, case: CaseId, n: u32) -> Result<(), ReofferError> {
        let loaded = self.ledger.case(case).await.map_err(QueueError::from)?;
        let Some(loaded) = loaded else { return Err(ReofferError::Dead(n, "there is no such case".into())) };
        if loaded.case.is_live(department, n) {
            return Ok(());
        }
        let lead = loaded.case.last_lead().map_or("nobody", DepartmentId::as_str);
        Err(ReofferError::Dead(n, format!("the case is {}, in the lead is {lead}", loaded.case.stage)))
    }

    async fn require_gone(&self, department: &DepartmentId, case: CaseId, n: u32) -> Result<(), ReofferError> {
        let lag = streams::queues_lag(&self.jetstream).await.map_err(away)?;
        if lag != Some(0) {
            return Err(ReofferError::Lagging);
        }
        let subject = subjects::queue(department, case, n);
        match read::last_from_leader(&self.jetstream, QUEUES, &subject).await.map_err(away)? {
            Some(message) => Err(ReofferError::StillQueued(message.sequence)),
            None => Ok(()),
        }
    }
}

fn stamped(who: &Principal, because: Because) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let kind = if matches!(who, Principal::Machine(_)) { "machine" } else { "operator" };
    headers.insert(REOFFERED_BY, format!("{kind}/{}", who.subject()));
    headers.insert(REOFFERED_BECAUSE, because.as_str());
    headers
}

impl From<ReofferError> for Problem {
    fn from(error: ReofferError) -> Self {
        let detail = error.to_string();
        match error {
            ReofferError::Queue(error) => error.into(),
            ReofferError::Lagging => Self::new(Kind::Unavailable, detail).retry_after(1),
            ReofferError::Unknown(_) => Self::new(Kind::UnknownOutcome, detail).retry_after(2),
            ReofferError::Dead(..)
            | ReofferError::StillQueued(_)
            | ReofferError::NeverOffered
            | ReofferError::Overtaken => Self::new(Kind::Refused, detail),
        }
    }
}
