//! What a sender is told: that its bytes are stored, which cases they are, and what was wrong, **as of a position in the
//! log**. A receipt is a view: it can be asked for again and then says more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, CaseNumber, Channel};
use crate::submission::FieldProblem;
use crate::vocabulary::words;

words! {
    /// What became of the whole envelope.
    ReceiptState {
        Stored = "stored", "已入库";
        Quarantined = "quarantined", "已隔离";
    }
}

words! {
    /// What one record is.
    RecordOutcome {
        New = "new", "新案件";
        Repeat = "repeat", "重复报送";
        Supplement = "supplement", "补充";
        Urge = "urge", "催办";
        Withdraw = "withdraw", "撤回";
        Assess = "assess", "评价";
        Superseded = "superseded", "旧报文";
        Updated = "updated", "来源状态变化";
        Recorded = "recorded", "仅存档";
        Echo = "echo", "本中心答复回流";
        Mediation = "mediation", "调解场次";
        Noted = "noted", "仅告知";
        Quarantined = "quarantined", "已隔离";
        Pending = "pending", "处理中";
    }
}

/// One record of the envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordReceipt {
    /// Its place in the envelope, from 0.
    pub index: usize,
    /// The source's own number, if it could be read.
    pub source_id: Option<String>,
    /// The case.
    pub case_id: Option<CaseId>,
    /// Its number.
    pub number: Option<CaseNumber>,
    /// What it is.
    pub outcome: RecordOutcome,
    /// Fields that could not be read as they should.
    pub problems: Vec<FieldProblem>,
    /// Why it was quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// `<channel>.<sequence>`: ask `GET /v1/receipts/{receipt}` for the outcome.
    pub receipt: String,
    /// What became of the envelope.
    pub state: ReceiptState,
    /// The records' outcomes are true as of this sequence of the case log.
    pub as_of: u64,
    /// Every record has been decided.
    pub settled: bool,
    /// Why the whole envelope was quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its records, in order.
    pub records: Vec<RecordReceipt>,
}

/// The name of a receipt: the channel and the envelope's sequence in INTAKE.
pub fn receipt_id(channel: &Channel, sequence: u64) -> String {
    format!("{channel}.{sequence}")
}

/// Reads [`receipt_id`] back.
pub fn parse_receipt_id(text: &str) -> Option<(Channel, u64)> {
    let (channel, sequence) = text.rsplit_once('.')?;
    Some((channel.parse().ok()?, sequence.parse().ok()?))
}
