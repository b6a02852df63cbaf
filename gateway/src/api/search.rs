//! `POST /v1/search`: cases by number, telephone, identity number or words. The question stands in the body, for proxies
//! write addresses down. Every question that looks into sealed content is audited; what was asked is not.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use huiliu_schemas::ids::SourceId;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::Centre;
use super::input::Said;
use crate::console::views::{CaseItem, Word};
use crate::problem::Problem;
use crate::search::{Found, Hit, Mark, Question, SearchError, Why};
use crate::words::Place;

const MOST: usize = 50;
const USUAL: usize = 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    /// What was typed.
    q: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most.
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Answer {
    as_of: u64,
    hits: Vec<HitItem>,
    next: Option<String>,
    capped: bool,
}

#[derive(Serialize)]
struct HitItem {
    case: CaseItem,
    why: Vec<WhyItem>,
}

/// Why a case was found: what matched, and in which fields.
#[derive(Serialize)]
struct WhyItem {
    what: &'static str,
    what_zh: &'static str,
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    places: Vec<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceId>,
}

pub(super) async fn endpoint(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    Said(typed): Said<Typed>,
) -> Result<impl IntoResponse, Problem> {
    let limit = typed.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::field("limit", Some(&limit.to_string()), "1 to 50"));
    }
    let after = typed.cursor.as_deref().map(|text| {
        text.parse::<Mark>().map_err(|()| Problem::field("cursor", Some(text), "`next` of the page before"))
    });
    let after = after.transpose()?;
    let asked = Question::read(&typed.q).map_err(SearchError::from)?;
    let kind = kind(&asked);
    let found = api.search.answer(asked, after, limit).await?;
    if found.of_content {
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), door = "http", by = kind, hits = found.hits.len(),
            opened = found.opened, "a search by {kind} for {}: {} found", who.subject(), found.hits.len()
        );
    }
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(Answer::from(found))))
}

/// What kind of question about sealed content it is.
fn kind(asked: &Question) -> &'static str {
    match asked.contacts.first() {
        Some(contact) if contact.is_telephone() => "telephone number",
        Some(_) => "identity number",
        None => "words",
    }
}

impl From<Found> for Answer {
    fn from(found: Found) -> Self {
        Self {
            as_of: found.as_of,
            hits: found.hits.into_iter().map(HitItem::from).collect(),
            next: found.next.map(|mark| mark.to_string()),
            capped: found.capped,
        }
    }
}

impl From<Hit> for HitItem {
    fn from(hit: Hit) -> Self {
        Self { case: CaseItem::of(&hit.case), why: hit.why.into_iter().map(WhyItem::from).collect() }
    }
}

impl From<Why> for WhyItem {
    fn from(why: Why) -> Self {
        let (what, what_zh, places, source) = match why {
            Why::Number => ("number", "案件编号", Vec::new(), None),
            Why::SourceNumber(source) => ("source_number", "来源编号", Vec::new(), Some(source)),
            Why::Telephone(places) => ("telephone", "电话", places, None),
            Why::Identity(places) => ("identity", "证件号码", places, None),
            Why::Words(places) => ("words", "文字", places, None),
        };
        Self { what, what_zh, places: places.into_iter().map(word).collect(), source }
    }
}

fn word(place: Place) -> Word {
    Word { code: place.as_str(), zh: place.chinese() }
}
