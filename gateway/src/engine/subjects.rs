//! Which subjects a stream has messages on. The server answers with up to 100,000 of them at a time, in megabytes of JSON,
//! so that answer is read where it lies, and what is wanted of it made of each subject as it comes.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::read::ReadError;
use super::request;

/// How long the server may count the subjects of a queue with hundreds of thousands of entries.
const COUNTING: Duration = Duration::from_secs(60);

#[derive(Serialize)]
struct Question<'a> {
    subjects_filter: &'a str,
    offset: usize,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    state: Option<State<'a>>,
    /// How many subjects match.
    #[serde(default)]
    total: usize,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct State<'a> {
    #[serde(borrow)]
    subjects: Option<&'a RawValue>,
}

/// Some of what there is.
#[derive(Debug, Default)]
pub struct Page<T> {
    /// What was made of the subjects of this page.
    pub made: Vec<T>,
    /// From where to ask for the next one, if there is one.
    pub next: Option<usize>,
}

/// The subjects of a stream that match `filter`, from the `offset`th on, each with how many messages it has.
///
/// # Errors
/// When the server is away or refuses.
pub async fn page<T>(
    context: &Context,
    stream: &str,
    filter: &str,
    offset: usize,
    make: impl FnMut(&str, usize) -> Option<T>,
) -> Result<Page<T>, ReadError> {
    let away = |reason: String| ReadError::Away { stream: stream.to_owned(), reason };
    let malformed = |field| ReadError::Malformed { stream: stream.to_owned(), field };
    let question =
        serde_json::to_vec(&Question { subjects_filter: filter, offset }).map_err(|_| malformed("filter"))?;
    let asked = format!("$JS.API.STREAM.INFO.{stream}");
    let answered = request::ask(&context.client(), &asked, HeaderMap::new(), question.into(), COUNTING).await;
    let payload = answered.map_err(|error| away(error.to_string()))?.payload;
    let answer: Answer<'_> = serde_json::from_slice(&payload).map_err(|_| malformed("answer"))?;
    match (answer.state, answer.error) {
        (_, Some(error)) => Err(ReadError::Refused { stream: stream.to_owned(), reason: error.get().to_owned() }),
        (None, None) => Err(malformed("state")),
        (Some(State { subjects: None }), None) => Ok(Page { made: Vec::new(), next: None }),
        (Some(State { subjects: Some(subjects) }), None) => {
            let mut json = serde_json::Deserializer::from_str(subjects.get());
            let (made, count) = json.deserialize_map(Subjects { make }).map_err(|_| malformed("subjects"))?;
            let read = offset + count;
            Ok(Page { made, next: (count > 0 && read < answer.total).then_some(read) })
        }
    }
}

struct Subjects<F> {
    make: F,
}

impl<'de, T, F: FnMut(&str, usize) -> Option<T>> Visitor<'de> for Subjects<F> {
    type Value = (Vec<T>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("subjects, each with a number of messages")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut made, mut count) = (Vec::new(), 0);
        while let Some((subject, messages)) = map.next_entry::<Cow<'de, str>, usize>()? {
            made.extend((self.make)(&subject, messages));
            count += 1;
        }
        Ok((made, count))
    }
}
