//! The HTTP door. Every endpoint is behind a credential or a signature, except the three a load balancer and a metrics
//! collector ask on the same machine: `/healthz`, `/readyz`, `/metrics`.

mod backup;
mod caller;
mod cases;
mod channels;
mod commands;
mod dead;
mod health;
mod input;
mod push;
mod queue;
mod queues;
mod receipts;
mod try_out;

use std::sync::Arc;

use async_nats::jetstream::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use crate::backup::source::Backups;
use crate::channels::Channels;
use crate::console::Labels;
use crate::doors::reload::SharedCredentials;
use crate::engine::room::Room;
use crate::intake::receipts::Receipts;
use crate::intake::replay::Replay;
use crate::intake::store::IntakeStore;
use crate::ledger::Ledger;
use crate::problem::{Kind, Problem};
use crate::queues::Queues;
use crate::queues::reconcile::Reconciler;
use crate::readmodel::ReadHandle;

pub use push::{Pushed, accept};

/// A body over this is refused unstored; it must stay below the engine's largest message.
pub const BODY_CAP: usize = 6 << 20;

/// What the endpoints need.
#[derive(Clone)]
pub struct Api {
    /// What is stored, for looking at it.
    pub jetstream: Context,
    /// The channels that are switched on.
    pub channels: Channels,
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
    /// Compares and mends on demand.
    pub reconciler: Reconciler,
    /// Copies everything on demand.
    pub backups: Backups,
    /// Names for codes.
    pub labels: Labels,
    /// Whose credentials are good.
    pub credentials: SharedCredentials,
    /// Whether the engine is there.
    pub connected: watch::Receiver<bool>,
    /// Whether we take work.
    pub ready: watch::Receiver<bool>,
    /// Whether there is room for new reports.
    pub room: Room,
    /// Figures.
    pub figures: PrometheusHandle,
}

/// Every endpoint.
pub fn routes(api: Api) -> Router {
    let api = Arc::new(api);
    let operators = crate::console::routes(api.reads.clone(), api.labels.clone())
        .layer(middleware::from_fn_with_state(api.clone(), only_the_centre));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::figures))
        .route("/v1/channels/{channel}/events", post(push::endpoint))
        .route("/v1/channels/{channel}/try", post(try_out::endpoint))
        .route("/v1/receipts/{receipt}", get(receipts::endpoint))
        .route("/v1/cases/{case}/commands/{kind}", post(commands::endpoint))
        .route("/v1/cases/{case}/content", get(cases::content))
        .route("/v1/queue", get(queue::take))
        .route("/v1/queue/ack", post(queue::acknowledge))
        .merge(queues::routes())
        .merge(channels::routes())
        .merge(dead::routes())
        .merge(backup::routes())
        .with_state(api)
        .merge(crate::console::page())
        .merge(operators)
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_CAP))
}

async fn only_the_centre(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    match caller::of_the_centre(&api, request.headers()) {
        Ok(_) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn nothing_here(request: Request) -> Problem {
    Problem::new(Kind::NotFound, format!("there is nothing at {} {}", request.method(), request.uri().path()))
}
