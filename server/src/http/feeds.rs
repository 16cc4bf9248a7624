//! Calendars of the ends of certificates: the address that programs subscribe to, and the forms that make and revoke one.

mod calendar;

use app::backend::{At, segment};
use app::error::AppError;
use axum::Router;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::forms::seen;
use super::session::{Signed, random_token};
use super::{AppState, pages};

/// The calendars and their forms.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/feeds/{file}", get(feed))
        .route("/clusters/{cluster}/feeds", post(make))
        .route("/clusters/{cluster}/feeds/{id}/revoke", post(revoke))
}

/// `GET feeds/{token}.ics`: needs no session, for calendar programs have none. What is not there and what was revoked look the same.
async fn feed(State(state): State<AppState>, Path(file): Path<String>) -> Response {
    let nothing =
        || (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")], "There is nothing here.\n");
    let Some(token) = file.strip_suffix(".ics") else { return nothing().into_response() };
    match state.backend.feed(token).await {
        Ok(view) => {
            let headers =
                [(header::CONTENT_TYPE, "text/calendar; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
            (headers, calendar::write(&view)).into_response()
        }
        Err(AppError::NotFound { .. }) => nothing().into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, [(header::CACHE_CONTROL, "no-store")], "The calendar could not be made.\n")
                .into_response()
        }
    }
}

#[derive(Debug, Deserialize)]
struct MakeForm {
    #[serde(default)]
    name: String,
}

/// Answers with the page that shows the address: nothing else ever does, so there is nothing to lead to.
async fn make(
    Signed(viewer): Signed,
    State(state): State<AppState>,
    Path(cluster): Path<String>,
    headers: HeaderMap,
    form: Result<Form<MakeForm>, FormRejection>,
) -> Response {
    let done = async {
        let Form(form) =
            form.map_err(|_| AppError::BadRequest { what: "the form cannot be read".to_owned() })?;
        let token = random_token().map_err(|error| {
            tracing::error!(error = %error, "no random bytes could be had for a calendar");
            AppError::Internal { what: "no random bytes could be had".to_owned() }
        })?;
        state.backend.make_feed(&viewer, &cluster, &form.name, &token).await?;
        let place = state.backend.place(&viewer, At::Now, Some(&cluster)).await?;
        let address = format!("{}{}feeds/{token}.ics", origin(&headers), state.site.prefix);
        Ok(app::pages::new_feed(&place, cluster.clone(), form.name.trim(), address))
    };
    match done.await {
        Ok(page) => {
            let mut response = pages::html(&state.site, page);
            // The page holds a secret beside text that somebody may have chosen, so its length must tell nothing (BREACH).
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
            response
        }
        Err(error) => pages::failed(&state.site, &error, None),
    }
}

/// Where the browser sees this server; it was checked that the request comes from a page of ours.
fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let origin = text(header::ORIGIN).filter(|origin| origin.contains("://")).map(str::to_owned);
    origin.unwrap_or_else(|| text(header::HOST).map(|host| format!("http://{host}")).unwrap_or_default())
}

async fn revoke(
    Signed(viewer): Signed,
    State(state): State<AppState>,
    Path((cluster, id)): Path<(String, String)>,
) -> Response {
    let done = async {
        let id = id.parse().map_err(|_| AppError::NotFound { what: "such calendar".to_owned() })?;
        state.backend.revoke_feed(&viewer, &cluster, id).await?;
        Ok(format!("clusters/{}/certificates#feeds", segment(&cluster)))
    };
    seen(&state, done.await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_begins_where_the_browser_is() {
        let host = [(header::HOST, HeaderValue::from_static("hub.example.edu"))];
        let mut headers = HeaderMap::from_iter(host);
        assert_eq!(origin(&headers), "http://hub.example.edu");
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://hub.example.edu"));
        assert_eq!(origin(&headers), "https://hub.example.edu");
        headers.insert(header::ORIGIN, HeaderValue::from_static("null"));
        assert_eq!(origin(&headers), "http://hub.example.edu");
    }
}
