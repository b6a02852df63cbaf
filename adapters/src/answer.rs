//! Answers in a channel's own protocol. Pure: built from what became of each record.

use serde::{Deserialize, Serialize};

/// Which answer a channel's senders expect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// The hub's own receipt.
    #[default]
    Receipt,
    /// The petition exchange's codes.
    PetitionExchange,
}

/// What became of one record, as far as its sender is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordOutcome {
    /// The sender's number of the record; its place in the body when it has none.
    pub id: String,
    /// What became of it.
    pub result: RecordResult,
    /// What of it could not be read as it should, though it was taken: fields and what they should hold, never a value.
    pub problems: Vec<String>,
}

/// What may become of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordResult {
    /// Taken, whatever it changed: a repeat is taken too.
    Taken,
    /// Not understood; kept, and to be sent again when put right.
    Failed {
        /// Why, for the sender's people.
        reason: String,
    },
}

/// Why a whole request was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Its body could not be read.
    BadFormat,
    /// It did not prove where it comes from.
    NotVerified,
    /// The hub cannot take anything just now.
    Busy,
    /// Over the channel's limit.
    TooFrequent,
    /// Nobody knows.
    Unknown,
}

impl Refusal {
    /// The exchange's code.
    pub fn exchange_code(self) -> &'static str {
        match self {
            Self::BadFormat => "0202",
            Self::NotVerified => "0304",
            Self::Busy => "-1",
            Self::TooFrequent => "-2",
            Self::Unknown => "04",
        }
    }
}

/// The petition exchange's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeAnswer {
    /// Numbers taken, with commas.
    pub success_str: String,
    /// Numbers known already: always empty, for what is sent again is taken, and a sender that finds its number in here and not
    /// above may hold it to be refused.
    pub conflict_str: String,
    /// Numbers not understood, and why.
    pub fail_situation_list: Vec<ExchangeFailure>,
    /// `0001` when the request was taken.
    pub code: String,
    /// Words for people: what was not understood, and by which receipt to ask for it.
    pub msg: String,
}

/// One record the exchange must put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeFailure {
    /// Its number.
    pub fail_id: String,
    /// Why.
    pub fail_reason: String,
}

impl ExchangeAnswer {
    /// The answer to a request that was taken; `0404` when no record of it was.
    pub fn of(receipt: &str, outcomes: &[RecordOutcome]) -> Self {
        let failures: Vec<ExchangeFailure> = outcomes.iter().filter_map(failure).collect();
        let all_failed = !outcomes.is_empty() && failures.len() == outcomes.len();
        let failed = match (all_failed, failures.len()) {
            (true, _) => Some("全部未能识别，原文已留存，详见 failSituationList".to_owned()),
            (false, 0) => None,
            (false, some) => Some(format!("{some} 件未能识别，原文已留存，详见 failSituationList")),
        };
        let words = failed.into_iter().chain(doubts(outcomes)).chain([format!("回执 receipt {receipt}")]);
        Self {
            success_str: taken(outcomes),
            conflict_str: String::new(),
            fail_situation_list: failures,
            code: if all_failed { "0404" } else { "0001" }.to_owned(),
            msg: words.collect::<Vec<_>>().join("；"),
        }
    }

    /// The answer to a request that was not taken.
    pub fn refused(refusal: Refusal, msg: impl Into<String>) -> Self {
        Self {
            success_str: String::new(),
            conflict_str: String::new(),
            fail_situation_list: Vec::new(),
            code: refusal.exchange_code().to_owned(),
            msg: msg.into(),
        }
    }
}

/// Most problems said in words: the receipt has them all.
const MOST_SAID: usize = 5;

fn doubts(outcomes: &[RecordOutcome]) -> Option<String> {
    let taken = outcomes.iter().filter(|outcome| outcome.result == RecordResult::Taken);
    let all: Vec<String> = taken.flat_map(|o| o.problems.iter().map(|problem| format!("{} {problem}", o.id))).collect();
    let more = if all.len() > MOST_SAID { "……" } else { "" };
    let said = all.iter().take(MOST_SAID).map(String::as_str).collect::<Vec<_>>().join("，");
    (!all.is_empty()).then(|| format!("已收，{} 处存疑 taken with doubts：{said}{more}", all.len()))
}

fn taken(outcomes: &[RecordOutcome]) -> String {
    outcomes.iter().filter(|o| o.result == RecordResult::Taken).map(|o| o.id.as_str()).collect::<Vec<_>>().join(",")
}

fn failure(outcome: &RecordOutcome) -> Option<ExchangeFailure> {
    match &outcome.result {
        RecordResult::Failed { reason } => {
            Some(ExchangeFailure { fail_id: outcome.id.clone(), fail_reason: reason.clone() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str, result: RecordResult) -> RecordOutcome {
        RecordOutcome { id: id.to_owned(), result, problems: Vec::new() }
    }

    #[test]
    fn the_exchange_hears_of_every_record() {
        let failed = RecordResult::Failed { reason: "xfjbh 缺失".to_owned() };
        let doubted = RecordOutcome { problems: vec!["xfj.bt: text".to_owned()], ..outcome("1", RecordResult::Taken) };
        let answer = ExchangeAnswer::of(
            "petition-portal:7",
            &[doubted.clone(), outcome("#2", failed.clone()), outcome("3", RecordResult::Taken)],
        );
        insta::assert_json_snapshot!(answer, @r##"
        {
          "successStr": "1,3",
          "conflictStr": "",
          "failSituationList": [
            {
              "failId": "#2",
              "failReason": "xfjbh 缺失"
            }
          ],
          "code": "0001",
          "msg": "1 件未能识别，原文已留存，详见 failSituationList；已收，1 处存疑 taken with doubts：1 xfj.bt: text；回执 receipt petition-portal:7"
        }
        "##);
        assert_eq!(ExchangeAnswer::of("r", &[outcome("#0", failed)]).code, "0404");
        let many = ExchangeAnswer::of("r", &vec![doubted; 9]).msg;
        assert!(
            many.contains("9 处") && many.matches("xfj.bt").count() == MOST_SAID && many.ends_with("receipt r"),
            "{many}"
        );
        assert_eq!(ExchangeAnswer::of("r", &[outcome("1", RecordResult::Taken)]).msg, "回执 receipt r");
    }

    #[test]
    fn refusals_have_the_exchange_codes() {
        let codes: Vec<String> =
            [Refusal::BadFormat, Refusal::NotVerified, Refusal::Busy, Refusal::TooFrequent, Refusal::Unknown]
                .into_iter()
                .map(|refusal| ExchangeAnswer::refused(refusal, "").code)
                .collect();
        assert_eq!(codes, ["0202", "0304", "-1", "-2", "04"]);
    }
}
