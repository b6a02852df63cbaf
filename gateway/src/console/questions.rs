//! The routes: parameters in, a question to the read model on a blocking thread, JSON out.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::Labels;
use super::parameters::{CasesParameters, EventsParameters};
use super::views::{CasePageView, CaseView, EventsView};
use crate::problem::{Kind, Problem};
use crate::readmodel::{ReadHandle, ReadModelError};

/// How many questions are asked of the file at once; others wait.
const AT_ONCE: usize = 4;

#[derive(Clone)]
struct Asked {
    reader: ReadHandle,
    labels: Arc<Labels>,
    turns: Arc<Semaphore>,
}

/// See [`super::routes`].
pub(super) fn routes(reader: ReadHandle, labels: Labels) -> Router {
    let asked = Asked { reader, labels: Arc::new(labels), turns: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new()
        .route("/v1/overview", get(overview))
        .route("/v1/labels", get(labels_of))
        .route("/v1/cases", get(cases))
        .route("/v1/cases/{name}", get(case))
        .route("/v1/events", get(events))
        .with_state(asked)
}

async fn overview(State(asked): State<Asked>) -> Response {
    asked.ask(|reader| reader.overview(Timestamp::now()).map(Some)).await
}

async fn labels_of(State(asked): State<Asked>) -> Response {
    fresh(asked.labels.as_ref())
}

async fn cases(State(asked): State<Asked>, query: Result<Query<CasesParameters>, QueryRejection>) -> Response {
    let read = query.map_err(|e| unread(&e)).and_then(|Query(given)| given.read(Timestamp::now()));
    match read {
        Ok((filter, cursor, limit)) => {
            asked.ask(move |reader| reader.cases(&filter, cursor, limit).map(|p| Some(CasePageView::of(&p)))).await
        }
        Err(detail) => Problem::new(Kind::BadRequest, detail).into_response(),
    }
}

async fn case(State(asked): State<Asked>, Path(name): Path<String>) -> Response {
    asked.ask(move |reader| CaseView::find(reader, &name)).await
}

async fn events(State(asked): State<Asked>, query: Result<Query<EventsParameters>, QueryRejection>) -> Response {
    match query.map_err(|e| unread(&e)).and_then(|Query(given)| given.read()) {
        Ok((since, limit)) => asked.ask(move |reader| EventsView::read(reader, since, limit).map(Some)).await,
        Err(detail) => Problem::new(Kind::BadRequest, detail).into_response(),
    }
}

impl Asked {
    /// Asks on a blocking thread; nothing found is a case nobody knows.
    async fn ask<T, F>(self, question: F) -> Response
    where
        T: Serialize + Send + 'static,
        F: FnOnce(&ReadHandle) -> Result<Option<T>, ReadModelError> + Send + 'static,
    {
        let Ok(_turn) = self.turns.acquire().await else { return unavailable() };
        match tokio::task::spawn_blocking(move || question(&self.reader)).await {
            Ok(Ok(Some(answer))) => fresh(&answer),
            Ok(Ok(None)) => {
                Problem::new(Kind::NotFound, "no case has this id, number or source number").into_response()
            }
            Ok(Err(error @ ReadModelError::BeingBuilt { .. })) => {
                Problem::new(Kind::Unavailable, error.to_string()).retry_after(2).into_response()
            }
            Ok(Err(error)) => {
                tracing::error!(%error, rebuild = error.needs_rebuild(), "the read model cannot answer");
                unavailable()
            }
            Err(error) => {
                tracing::error!(%error, "a question to the read model was cut off");
                unavailable()
            }
        }
    }
}

fn unavailable() -> Response {
    let detail = "the read model cannot answer now; the gateway's log says why";
    Problem::new(Kind::Unavailable, detail).retry_after(2).into_response()
}

fn unread(rejection: &QueryRejection) -> String {
    rejection.body_text()
}

fn fresh(answer: &impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}
