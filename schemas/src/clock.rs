//! The clocks of a case. Legal ceilings and a centre's own targets are separate clocks on the same case; which rules
//! exist, how long they are and what they start at is configuration. Here are their names and a computed deadline.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocabulary::words;

words! {
    /// Which clock.
    Clock {
        Dispatch = "dispatch", "分流";
        SignFor = "sign_for", "签收";
        Object = "object", "派单异议";
        PetitionDecide = "petition_decide", "信访机构转送或告知";
        PetitionNotice = "petition_notice", "书面告知";
        ClaimResolve = "claim_resolve", "申诉求决办理";
        ReviewRequest = "review_request", "申请复查";
        ReviewDecide = "review_decide", "复查办理";
        RecheckRequest = "recheck_request", "申请复核";
        RecheckDecide = "recheck_decide", "复核办理";
        HotlineAnswer = "hotline_answer", "热线答复";
        Resolve = "resolve", "办结";
        Mediation = "mediation", "调解";
    }
}

impl Clock {
    /// Whether it runs against whoever has the case. The others are rights: who does not use one in time loses it, and
    /// nothing is late.
    pub fn is_duty(self) -> bool {
        !matches!(self, Self::Object | Self::ReviewRequest | Self::RecheckRequest)
    }

    /// Whether it runs against whoever dispatches: it ends with the dispatch.
    pub fn is_of_desk(self) -> bool {
        matches!(self, Self::Dispatch | Self::PetitionDecide)
    }

    /// Whether it belongs to the part a department has: without one it does not run. The others are the citizen's, whoever
    /// has the case.
    pub fn is_of_part(self) -> bool {
        matches!(self, Self::SignFor | Self::Object | Self::Resolve)
    }
}

/// When a clock runs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deadline {
    /// Which clock.
    pub clock: Clock,
    /// When.
    pub at: Timestamp,
    /// The year's table of holidays was not known: only weekends were counted, and it will be computed anew.
    #[serde(default)]
    pub provisional: bool,
    /// The law or the local rule it comes from.
    pub source: String,
}
