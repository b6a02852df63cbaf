//! `POST /v1/cases/{case}/commands/{kind}`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};

use super::Api;
use super::caller::Caller;
use crate::commands::{CommandOutcome, CommandRequest, execute};
use crate::problem::Problem;

pub(super) async fn endpoint(
    State(api): State<Arc<Api>>,
    Caller(who): Caller,
    Path((case, kind)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<CommandOutcome>, Problem> {
    let request = CommandRequest::read(&kind, Some(&case), &body)?;
    execute(&api.ledger, &who, request).await.map(Json)
}
