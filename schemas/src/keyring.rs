//! The data keys of cases, as they stand in stream KEYS: those of cases that were registered together share a message, so
//! that a thousand cases need not a thousand messages more. To forget a person, the ring is written again without that
//! case's key, and what it was before is erased.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::CaseId;

/// What a message on `key.<ring>` holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRing {
    /// Each case's data key, wrapped by the master key for this case and ring, base64.
    pub keys: BTreeMap<CaseId, String>,
}
