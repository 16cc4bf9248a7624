//! What forms change: each posts here, and is answered with the page that shows the result.

use app::backend::{NewBaseline, segment};
use app::error::AppError;
use app::instant::parse_instant;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use axum::{Router, extract::rejection::FormRejection};
use posture::Timestamp;
use serde::Deserialize;

use super::session::Signed;
use super::{AppState, pages};

/// Every form that changes something.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/clusters/{cluster}/baselines", post(pin))
        .route("/clusters/{cluster}/baselines/{id}/remove", post(unpin))
}

#[derive(Debug, Deserialize)]
struct PinForm {
    #[serde(default)]
    at: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    note: String,
}

async fn pin(
    Signed(viewer): Signed,
    State(state): State<AppState>,
    Path(cluster): Path<String>,
    form: Result<Form<PinForm>, FormRejection>,
) -> Response {
    let done = async {
        let refuse = |what: String| AppError::BadRequest { what };
        let Form(form) = form.map_err(|_| refuse("the form cannot be read".to_owned()))?;
        let at = match form.at.trim() {
            "" => None,
            text => Some(parse_instant(text, Timestamp::now()).map_err(refuse)?),
        };
        let new = NewBaseline { at, name: form.name, note: form.note };
        let id = state.backend.pin(&viewer, &cluster, &new).await?;
        Ok(format!("clusters/{}/drift?with=baseline-{id}#baselines", segment(&cluster)))
    };
    seen(&state, done.await)
}

async fn unpin(
    Signed(viewer): Signed,
    State(state): State<AppState>,
    Path((cluster, id)): Path<(String, String)>,
) -> Response {
    let done = async {
        let id = id.parse().map_err(|_| AppError::NotFound { what: "such baseline".to_owned() })?;
        state.backend.unpin(&viewer, &cluster, id).await?;
        Ok(format!("clusters/{}/drift#baselines", segment(&cluster)))
    };
    seen(&state, done.await)
}

/// Leads to the page that shows what was done, or says why it was not.
pub(super) fn seen(state: &AppState, done: Result<String, AppError>) -> Response {
    match done {
        Ok(path) => Redirect::to(&format!("{}{path}", state.site.prefix)).into_response(),
        Err(error) => pages::failed(&state.site, &error, None),
    }
}
