//! Endpoints for machines, served without a viewer: health and metrics.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::AppState;

/// `health` and `metrics`.
pub fn routes() -> Router<AppState> {
    Router::new().route("/health", get(health)).route("/metrics", get(metrics))
}

/// `GET health`: the process serves.
async fn health() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// `GET metrics`: counts in the text format of Prometheus.
async fn metrics(State(state): State<AppState>) -> Response {
    let kind = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    match state.metrics.page().await {
        Ok(text) => ([kind, (header::CACHE_CONTROL, "no-store")], text).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "the metrics could not be read from the store");
            (StatusCode::SERVICE_UNAVAILABLE, "The store could not be read; the log says why.\n")
                .into_response()
        }
    }
}
