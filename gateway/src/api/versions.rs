//! Which version of the directory and of the packs runs: `GET /v1/versions`; looking at the files at once:
//! `POST /v1/reload`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;

use super::Api;
use super::caller::Centre;
use crate::files::Standing;
use crate::rest::{CENTRE, Endpoints, Operation, Tag, example};

pub(super) fn endpoints() -> Endpoints<Arc<Api>> {
    let versions_say = Operation::get(
        "/v1/versions",
        "listVersions",
        Tag::Centre,
        "运行中的版本",
        "Which versions of the directory and the packs run",
    )
    .by(CENTRE)
    .answers::<Versions>(200, "版本 · The versions", example!("versions"));
    let reload_says = Operation::post("/v1/reload", "reload", Tag::Centre, "立即重载", "Look at the files at once")
        .more("不合格的文件不被采用，原因写在 `refused`。 Files that do not check are not taken; `refused` says why.")
        .by(CENTRE)
        .answers::<Versions>(200, "版本 · The versions", example!("versions"));
    Endpoints::new().on(versions_say, versions).on(reload_says, reload)
}

/// What runs.
#[derive(Serialize, JsonSchema)]
struct Versions {
    /// The directory first, then the packs.
    versions: Vec<Standing>,
}

async fn versions(State(api): State<Arc<Api>>, _centre: Centre) -> Json<Versions> {
    Json(Versions { versions: api.follow_files.standing().await })
}

async fn reload(State(api): State<Arc<Api>>, _centre: Centre) -> Json<Versions> {
    Json(Versions { versions: api.follow_files.now().await })
}
