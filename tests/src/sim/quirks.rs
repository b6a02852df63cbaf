//! The bad habits of an upstream system, each with its own rate; all seeded, all switchable.
//!
//! Holds settings only; where a habit shows is in `dress`, `follow_up`, `weather` and `book`.

use serde::{Deserialize, Serialize};

/// Rates are probabilities, 0 to 1. The default has no bad habits, but GCJ-02 points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quirks {
    /// Requests answered 500 with nothing done.
    pub error_rate: f64,
    /// Write-backs that take effect although their sender sees a 500.
    pub lost_answer_rate: f64,
    /// Requests answered 429 (or the exchange's -1 / -2) with nothing done.
    pub busy_rate: f64,
    /// Requests answered only after `slow_ms`.
    pub slow_rate: f64,
    /// How slow a slow answer is.
    pub slow_ms: u64,
    /// Requests never answered.
    pub hang_rate: f64,
    /// Answers that break off in the middle.
    pub reset_rate: f64,
    /// Answers whose JSON ends in the middle, although all of it was sent.
    pub truncated_rate: f64,
    /// Answers that are a page of HTML with status 200, as a gateway in maintenance gives.
    pub page_rate: f64,
    /// Requests refused as if the key were wrong.
    pub unauthorised_rate: f64,
    /// Requests sent to a login page, as a proxy does that stands before the system.
    pub login_rate: f64,
    /// Dates written in another form than the documented one.
    pub mixed_date_rate: f64,
    /// Absent fields written as `无`, `null`, `0` or left out, instead of `""`.
    pub absent_word_rate: f64,
    /// Petitions with their fields listed plainly, instead of wrapped in `xfj`, `xfr` and `pj`.
    pub flat_rate: f64,
    /// Records first sent without their details, and again with them.
    pub half_filled_rate: f64,
    /// Records sent or listed twice, unchanged.
    pub repeat_rate: f64,
    /// Records that appear later than their own update time says.
    pub late_rate: f64,
    /// The most a late or half-filled record lags.
    pub late_by_s: i64,
    /// Pages and pushes not in the order of their changes.
    pub out_of_order_rate: f64,
    /// Coordinates shifted to GCJ-02, without saying so.
    pub gcj02: bool,
    /// New matters followed by an urge for an earlier one.
    pub urge_rate: f64,
    /// New matters followed by more text for an earlier one.
    pub supplement_rate: f64,
    /// New matters followed by an earlier one filed again under a new number.
    pub repeat_filing_rate: f64,
    /// New matters followed by an earlier one withdrawn by the citizen.
    pub withdraw_rate: f64,
    /// Results followed by a return visit.
    pub visit_rate: f64,
    /// New mediation cases that soon have a session in a room.
    pub room_rate: f64,
    /// Requests a token is good for; 0 for no limit.
    pub token_uses: u32,
    /// Return visits that find the citizen dissatisfied, which reopens the matter.
    pub dissatisfied_rate: f64,
}

impl Default for Quirks {
    fn default() -> Self {
        Self::none()
    }
}

impl Quirks {
    /// A system as its documentation describes it.
    pub fn none() -> Self {
        Self {
            error_rate: 0.0,
            lost_answer_rate: 0.0,
            busy_rate: 0.0,
            slow_rate: 0.0,
            slow_ms: 0,
            hang_rate: 0.0,
            reset_rate: 0.0,
            truncated_rate: 0.0,
            page_rate: 0.0,
            unauthorised_rate: 0.0,
            login_rate: 0.0,
            mixed_date_rate: 0.0,
            absent_word_rate: 0.0,
            flat_rate: 0.0,
            half_filled_rate: 0.0,
            repeat_rate: 0.0,
            late_rate: 0.0,
            late_by_s: 0,
            out_of_order_rate: 0.0,
            gcj02: true,
            urge_rate: 0.0,
            supplement_rate: 0.0,
            repeat_filing_rate: 0.0,
            withdraw_rate: 0.0,
            visit_rate: 0.0,
            dissatisfied_rate: 0.0,
            room_rate: 0.0,
            token_uses: 0,
        }
    }

    /// A system as one meets it.
    pub fn mild() -> Self {
        Self {
            error_rate: 0.01,
            lost_answer_rate: 0.01,
            busy_rate: 0.01,
            slow_rate: 0.02,
            slow_ms: 300,
            mixed_date_rate: 0.2,
            absent_word_rate: 0.3,
            flat_rate: 0.2,
            half_filled_rate: 0.05,
            repeat_rate: 0.03,
            late_rate: 0.03,
            late_by_s: 5,
            out_of_order_rate: 0.05,
            urge_rate: 0.04,
            supplement_rate: 0.04,
            repeat_filing_rate: 0.02,
            withdraw_rate: 0.01,
            visit_rate: 0.5,
            dissatisfied_rate: 0.1,
            room_rate: 0.6,
            token_uses: 25,
            ..Self::none()
        }
    }

    /// A system on its worst day.
    pub fn harsh() -> Self {
        Self {
            error_rate: 0.1,
            lost_answer_rate: 0.1,
            busy_rate: 0.05,
            slow_rate: 0.05,
            slow_ms: 1_000,
            mixed_date_rate: 0.7,
            absent_word_rate: 0.7,
            flat_rate: 0.4,
            half_filled_rate: 0.2,
            repeat_rate: 0.15,
            late_rate: 0.15,
            late_by_s: 20,
            out_of_order_rate: 0.3,
            urge_rate: 0.08,
            supplement_rate: 0.08,
            repeat_filing_rate: 0.05,
            withdraw_rate: 0.03,
            visit_rate: 0.8,
            dissatisfied_rate: 0.25,
            room_rate: 0.8,
            token_uses: 4,
            ..Self::none()
        }
    }

    /// The preset of that name: `none`, `mild` or `harsh`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::none()),
            "mild" => Some(Self::mild()),
            "harsh" => Some(Self::harsh()),
            _ => None,
        }
    }

    /// These quirks with the fields of a partial JSON object put over them.
    pub fn with(&self, changes: &serde_json::Value) -> Result<Self, serde_json::Error> {
        let mut all = serde_json::to_value(self)?;
        if let (Some(all), Some(changes)) = (all.as_object_mut(), changes.as_object()) {
            all.extend(changes.clone());
        }
        serde_json::from_value(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_partial_change_leaves_the_rest() {
        let changed = Quirks::mild().with(&json!({"errorRate": 0.5})).expect("valid");
        assert_eq!(changed, Quirks { error_rate: 0.5, ..Quirks::mild() });
    }

    #[test]
    fn an_unknown_quirk_is_refused_by_name() {
        let refused = Quirks::none().with(&json!({"erorRate": 1})).expect_err("misspelt");
        assert!(refused.to_string().contains("erorRate"), "{refused}");
    }
}
