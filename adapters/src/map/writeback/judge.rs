//! What an upstream system's answer to a write-back means. Pure; the waiting is the sender's.

use std::time::Duration;

use huiliu_schemas::private::Private;
use jiff::Timestamp;
use serde_json::Value;

use super::Answers;
use crate::charset;
use crate::map::field::{as_text, shortened};
use crate::map::order::version;
use crate::map::path::Path;
use crate::pull::believed;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The source has it. `version` is the version or time (in milliseconds) its record has now: an echo of it
    /// is our own words coming back.
    Delivered {
        /// The record's new version, if the answer names it.
        version: Option<i64>,
    },
    /// Not now, or no one knows: the same again, later.
    Retry {
        /// Why, without personal data.
        reason: String,
        /// Not before this long, if the source said.
        after: Option<Duration>,
    },
    /// The source says a code that its pack has in no list: told again it does no harm, given up it would be lost.
    Unlisted {
        /// Why, without personal data.
        reason: String,
        /// The source's own words: whom they name, nobody knows.
        words: Option<Private>,
        /// Not before this long.
        after: Duration,
    },
    /// The source says that it will never take it: a person is needed.
    Refused {
        /// Why, without personal data.
        reason: String,
        /// The source's own words: whom they name, nobody knows.
        words: Option<Private>,
    },
}

/// Most characters that are kept of a source's words.
const LONGEST_WORDS: usize = 500;
/// A wrong credential, or a code nobody wrote down, is put right by a person, not by hurry.
const PERSON_PAUSE: Duration = Duration::from_secs(300);

pub(super) fn judge(
    answers: &Answers,
    status: u16,
    retry_after: Option<u64>,
    body: &[u8],
    now: Timestamp,
) -> Judgement {
    let after = retry_after.map(Duration::from_secs).map(believed);
    let said = charset::json(body).ok();
    let said = said.as_ref();
    let retry = |after| Judgement::Retry { reason: told(answers, status, said), after };
    match status {
        200..300 => judge_body(answers, status, after, said, now),
        401 | 403 => retry(after.or(Some(PERSON_PAUSE))),
        408 | 425 | 429 | 500.. => retry(after),
        _ if is_in(&answers.already, code(answers, said)) => delivered(answers, said, now),
        _ if refuses(answers, status, said) => refused(answers, status, said),
        _ if code(answers, said).is_some_and(|code| !answers.lists(&code)) => unlisted(answers, status, after, said),
        _ => retry(after),
    }
}

fn unlisted(answers: &Answers, status: u16, after: Option<Duration>, said: Option<&Value>) -> Judgement {
    let (reason, words) = (told(answers, status, said), words(answers, said));
    Judgement::Unlisted { reason, words, after: after.unwrap_or(PERSON_PAUSE) }
}

fn refused(answers: &Answers, status: u16, said: Option<&Value>) -> Judgement {
    Judgement::Refused { reason: told(answers, status, said), words: words(answers, said) }
}

impl Answers {
    fn lists(&self, code: &String) -> bool {
        [&self.ok, &self.already, &self.busy, &self.refused].into_iter().any(|list| list.contains(code))
    }
}

/// Whether the source itself refused: by a code the pack reads so, or, where answers have no code, by a status that is about
/// what was sent. Whatever stands between us and the source answers for it too, with a login page or a page that says the
/// path is not there: that is no word of the source's, and no reason to give an answer up.
fn refuses(answers: &Answers, status: u16, said: Option<&Value>) -> bool {
    match answers.code {
        Some(_) => is_in(&answers.refused, code(answers, said)),
        None => matches!(status, 400 | 409 | 410 | 422),
    }
}

fn judge_body(
    answers: &Answers,
    status: u16,
    after: Option<Duration>,
    said: Option<&Value>,
    now: Timestamp,
) -> Judgement {
    if answers.code.is_none() {
        return delivered(answers, said, now);
    }
    let Some(code) = code(answers, said) else {
        let reason = format!("answer {status} without a readable code: whether it was accepted is not known");
        return Judgement::Retry { reason, after };
    };
    let code = Some(code);
    if is_in(&answers.ok, code.clone()) || is_in(&answers.already, code.clone()) {
        delivered(answers, said, now)
    } else if is_in(&answers.refused, code.clone()) {
        refused(answers, status, said)
    } else if is_in(&answers.busy, code) {
        Judgement::Retry { reason: told(answers, status, said), after }
    } else if refuses_caller(answers, said) {
        Judgement::Retry { reason: told(answers, status, said), after: after.or(Some(PERSON_PAUSE)) }
    } else {
        unlisted(answers, status, after, said)
    }
}

/// Whether the body says what the status 401 would, by a code that the pack does not read otherwise. Not 403: that may be said
/// of the order.
pub(super) fn refuses_caller(answers: &Answers, said: Option<&Value>) -> bool {
    code(answers, said).is_some_and(|code| code == "401" && !answers.lists(&code))
}

/// A version from the future is none, as in a record.
fn delivered(answers: &Answers, said: Option<&Value>, now: Timestamp) -> Judgement {
    let text = at(answers.version.as_ref(), said);
    Judgement::Delivered { version: text.and_then(|text| version(&text, &answers.time, now)) }
}

fn code(answers: &Answers, said: Option<&Value>) -> Option<String> {
    at(answers.code.as_ref(), said)
}

fn at(path: Option<&Path>, said: Option<&Value>) -> Option<String> {
    let text = as_text(path?.get(said?)?)?;
    Some(text.into_owned())
}

fn is_in(list: &[String], code: Option<String>) -> bool {
    code.is_some_and(|code| list.contains(&code))
}

/// Status and code, which go to the log; the source's words may name anybody, and do not.
fn told(answers: &Answers, status: u16, said: Option<&Value>) -> String {
    let code = code(answers, said).map(|code| format!(", code {}", shortened(&code))).unwrap_or_default();
    format!("answer {status}{code}")
}

fn words(answers: &Answers, said: Option<&Value>) -> Option<Private> {
    let words: String = at(answers.message.as_ref(), said)?.chars().take(LONGEST_WORDS).collect();
    (!words.is_empty()).then(|| Private::new(words))
}
