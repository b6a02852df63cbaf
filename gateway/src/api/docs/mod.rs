//! The document of this interface, `/v1/openapi.json`, and `/docs`, a page that shows it: made by the page's own script
//! from the document, with nothing from elsewhere. Neither holds data, and neither needs a key.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;
use huiliu_schemas::export;
use serde_json::json;

use crate::rest::conditional::{Tag as EntityTag, tagged};
use crate::rest::document::document;
use crate::rest::{Endpoints, Operation, Shape, Tag};

static DOCUMENT: LazyLock<String> = LazyLock::new(text);

/// The document, as it is committed in `schemas/json`.
pub fn text() -> String {
    export::text(&document(&super::operations()))
}

pub(super) fn endpoints() -> Endpoints<()> {
    let says = Operation::get("/v1/openapi.json", "openapi", Tag::Site, "本文档（OpenAPI 3.1）", "This document")
        .answers_as(
            200,
            "文档 · The document",
            "application/json",
            Shape::Is(json!({ "type": "object" })),
            "{\"openapi\":\"3.1.0\"}",
        )
        .tagged();
    Endpoints::new()
        .on(says, serve)
        .file("/docs", "docsPage", "text/html; charset=utf-8", include_str!("docs.html"))
        .file("/docs/docs.css", "docsStyle", "text/css; charset=utf-8", include_str!("docs.css"))
        .file("/docs/docs.js", "docsScript", "text/javascript; charset=utf-8", include_str!("docs.js"))
}

async fn serve(headers: HeaderMap) -> Response {
    tagged(&headers, &EntityTag::of_bytes(DOCUMENT.as_bytes()), "application/json", DOCUMENT.as_bytes().to_vec())
}
