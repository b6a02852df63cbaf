//! A number of a case, as it stands in the log. The last message of a subject counts, so that no number ever leads to two
//! cases. There is a second one only where a case named a number and had no record of it, and the record came and
//! contradicted it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ids::{CaseId, SourceId};

/// What a message on `alias.<namespace>.<hash>` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alias {
    /// Whose number it is.
    pub case_id: CaseId,
    /// The number.
    pub source: SourceId,
}
