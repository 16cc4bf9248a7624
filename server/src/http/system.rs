//! Endpoints for machines: health without a viewer, findings as JSON with one.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::AppState;

/// `health`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/health", get(health))
}

/// `GET health`: the process serves.
async fn health() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}
