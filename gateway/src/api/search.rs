//! `POST /v1/search`: cases by number, telephone, identity number or words. The question stands in the body, for proxies
//! write addresses down. Every question that looks into sealed content is audited; what was asked is not.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use huiliu_schemas::ids::SourceId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Api;
use super::caller::{Centre, Counted};
use crate::console::views::{CaseItem, Word};
use crate::problem::{Kind, Problem};
use crate::rest::input::Said;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};
use crate::search::{Found, Hit, Mark, Question, SearchError, Why};
use crate::words::Place;

const MOST: usize = 50;
const USUAL: usize = 20;

/// A question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SearchQuestion")]
struct Typed {
    /// What was typed: numbers, telephone or identity numbers, words of two characters or more; all must fit.
    #[schemars(length(min = 1, max = 100))]
    q: String,
    /// `next` of the page before.
    cursor: Option<String>,
    /// How many at most; 20 unless said. Cases that bear what was typed for a number all stand on the first page.
    #[schemars(range(min = 1, max = 50))]
    limit: Option<usize>,
}

/// What was found, best first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchAnswer")]
struct Answer {
    /// As far as the log was read.
    as_of: u64,
    /// Names first, then words in the title, then others; the newest first among equals.
    hits: Vec<HitItem>,
    /// The next page's `cursor`.
    next: Option<String>,
    /// 500 cases were opened, or 15 s went by, without filling the page: `next` goes on.
    capped: bool,
}

/// A case that was found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchHit")]
struct HitItem {
    /// The case, without anything personal.
    case: CaseItem,
    /// Why it was found.
    why: Vec<WhyItem>,
}

/// Why a case was found: what matched, and in which fields.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SearchReason")]
struct WhyItem {
    /// `number`, `source_number`, `telephone`, `identity` or `words`.
    what: &'static str,
    /// As people say it.
    what_zh: &'static str,
    /// In which fields.
    #[serde(rename = "where", skip_serializing_if = "Vec::is_empty")]
    places: Vec<Word>,
    /// The number the source gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<SourceId>,
}

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let says = Operation::post("/v1/search", "searchCases", Tag::Cases, "查找案件", "Find cases")
        .more(
            "按编号、电话、证件号码或文字。问题写在请求体中，因为代理会记录地址。查看内容的查询均留审计记录。 By number, telephone, identity number or words. The question stands in the body, for proxies write \
             addresses down. Every question that looks into content is audited.",
        )
        .by(CENTRE)
        .limited()
        .takes::<Typed>(example!("search"))
        .answers::<Answer>(200, "找到的案件 · What was found", example!("search-found"))
        .fails(&[Kind::InvalidField, Kind::Unavailable]);
    Endpoints::new().on(says, endpoint)
}

async fn endpoint(
    State(api): State<Arc<Api>>,
    Centre(who): Centre,
    _held: Counted,
    Said(typed): Said<Typed>,
) -> Result<Json<Answer>, Problem> {
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
    let found = api.search.answer(api.shares.search(&who)?, asked, after, limit).await?;
    if found.of_content {
        tracing::info!(
            target: "huiliu::audit", who = who.subject(), door = "http", by = kind, hits = found.hits.len(),
            opened = found.opened, "a search by {kind} for {}: {} found", who.subject(), found.hits.len()
        );
    }
    Ok(Json(Answer::from(found)))
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
