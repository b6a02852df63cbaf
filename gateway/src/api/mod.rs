//! The HTTP door. Every endpoint is behind a credential or a signature, except the three a load balancer and a metrics
//! collector ask on the same machine (`/healthz`, `/readyz`, `/metrics`), the pages, and the document that describes them
//! all. An endpoint is added in its module's `endpoints`, with what is said of it.

mod admit;
mod backup;
mod caller;
mod cases;
mod channels;
mod commands;
mod dead;
mod docs;
mod health;
mod push;
mod queue;
mod queues;
mod receipts;
mod search;
mod try_out;
mod versions;

use std::sync::Arc;

use async_nats::jetstream::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backup::source::Backups;
use crate::channels::Channels;
use crate::console::Labels;
use crate::doors::reload::SharedCredentials;
use crate::doors::shares::Shares;
use crate::engine::room::Room;
use crate::engine::streams;
use crate::files::FollowFiles;
use crate::intake::receipts::Receipts;
use crate::intake::replay::Replay;
use crate::intake::store::IntakeStore;
use crate::ledger::Ledger;
use crate::problem::{Kind, Problem};
use crate::queues::Queues;
use crate::queues::reconcile::Reconciler;
use crate::readmodel::ReadHandle;
use crate::rest::{Endpoints, Operation, limits};
use crate::search::Search;
use crate::traces::Traces;

pub use admit::Bodies;
pub use docs::text as openapi;
pub use push::accept;

/// A body of records over this is refused unstored; it must stay below the engine's largest message.
pub const BODY_CAP: usize = 6 << 20;

/// What the endpoints need.
#[derive(Clone)]
pub struct Api {
    /// What is stored, for looking at it.
    pub jetstream: Context,
    /// The channels that are switched on.
    pub channels: Channels,
    /// What each holder of keys may ask.
    pub shares: Arc<Shares>,
    /// How much may be taken in at once.
    pub bodies: Bodies,
    /// The way into INTAKE.
    pub store: IntakeStore,
    /// Receipts.
    pub receipts: Receipts,
    /// The way back for dead letters.
    pub replay: Replay,
    /// The ledger.
    pub ledger: Ledger,
    /// The queues.
    pub queues: Queues,
    /// The read model.
    pub reads: ReadHandle,
    /// Finds cases by what people know of them.
    pub search: Search,
    /// Compares and mends on demand.
    pub reconciler: Reconciler,
    /// Copies everything on demand.
    pub backups: Backups,
    /// The directory and the packs, as their files change.
    pub follow_files: FollowFiles,
    /// Whose credentials are good.
    pub credentials: SharedCredentials,
    /// Whether the engine is there.
    pub connected: watch::Receiver<bool>,
    /// Whether we take work.
    pub ready: watch::Receiver<bool>,
    /// Cancelled when the hub stops: nobody waits for anything any more.
    pub shutdown: CancellationToken,
    /// Whether there is room for new reports.
    pub room: Room,
    /// Figures.
    pub figures: PrometheusHandle,
    /// Traces.
    pub traces: Traces,
}

/// What the door answers that needs all of [`Api`].
fn endpoints() -> Endpoints<Arc<Api>> {
    Endpoints::new()
        .merge(push::endpoints())
        .merge(try_out::endpoints())
        .merge(receipts::endpoints())
        .merge(queue::endpoints())
        .merge(commands::endpoints())
        .merge(cases::endpoints())
        .merge(search::endpoints())
        .merge(channels::endpoints())
        .merge(queues::endpoints())
        .merge(dead::endpoints())
        .merge(backup::endpoints())
        .merge(versions::endpoints())
        .merge(health::endpoints())
}

/// What anybody may have: pages and the document.
fn pages() -> Endpoints<()> {
    crate::console::page().merge(docs::endpoints())
}

/// Everything there is, as it is described.
pub fn operations() -> Vec<Operation> {
    let described = [endpoints().said(), crate::console::endpoints().said(), pages().said()];
    described.into_iter().flatten().collect()
}

/// Every endpoint.
pub fn routes(api: Api) -> Router {
    let api = Arc::new(api);
    let (desk, channels) = (api.ledger.desk().clone(), api.channels.clone());
    let names = Arc::new(move || Labels::of(&desk.directory(), &channels));
    let jetstream = api.jetstream.clone();
    let end = Arc::new(move || log_end(jetstream.clone()).boxed());
    let operators = crate::console::routes(api.reads.clone(), names, end)
        .layer(middleware::from_fn_with_state(api.clone(), only_the_centre));
    endpoints()
        .router()
        .with_state(api)
        .merge(operators)
        .merge(pages().router())
        .method_not_allowed_fallback(no_such_method)
        .fallback(nothing_here)
        .layer(middleware::from_fn(kept_by_nobody))
        .layer(middleware::from_fn(limits::told))
}

async fn log_end(jetstream: Context) -> Result<u64, Problem> {
    let away = |error: streams::StreamError| Problem::new(Kind::Unavailable, error.to_string()).retry_after(2);
    streams::last_sequence(&jetstream, streams::CASES).await.map_err(away)
}

async fn only_the_centre(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match caller::of_the_centre(&api, request.headers()) {
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// What is answered may be personal: unless it says otherwise, nothing on its way may keep it.
async fn kept_by_nobody(request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with("/v1/");
    let mut answer = next.run(request).await;
    if ours {
        answer.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    answer
}

async fn nothing_here(request: Request) -> Problem {
    Problem::new(Kind::NotFound, format!("there is nothing at {} {}", request.method(), request.uri().path()))
}

async fn no_such_method(request: Request) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("nothing at {} answers to {}", request.uri().path(), request.method()))
}
