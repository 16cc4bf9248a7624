//! The pages' routes: each asks the backend for its viewer and renders the answer.

use app::backend::HubName;
use app::error::AppError;
use app::{PageView, Site};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use posture::Timestamp;

use super::asked::Asked;
use super::session::{Signed, random_token};
use super::{AppState, SiteConfig, assets};

/// Every page.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(all_clusters))
        .route("/clusters/{cluster}", get(one_cluster))
        .route("/clusters/{cluster}/gaps", get(gaps))
        .route("/clusters/{cluster}/certificates", get(certificates))
        // The key holds slashes: some proxies pass them on as they are, others as `%2F`.
        .route("/clusters/{cluster}/certificates/{*key}", get(certificate))
        .route("/clusters/{cluster}/access", get(access))
        .route("/clusters/{cluster}/drift", get(drift))
        .route("/clusters/{cluster}/history", get(history))
        .route("/clusters/{cluster}/checks", get(cluster_checklist))
        .route("/clusters/{cluster}/checks/{code}", get(cluster_check))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}", get(hub_checklist))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}/{app}", get(aliased_hub_checklist))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}/reach", get(hub_reach))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}/{app}/reach", get(aliased_hub_reach))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}/checks/{code}", get(hub_check))
        .route("/clusters/{cluster}/hubs/{namespace}/{release}/{app}/checks/{code}", get(aliased_hub_check))
}

async fn all_clusters(asked: Asked, State(state): State<AppState>) -> Response {
    let page = async {
        let clusters = state.backend.place(&asked.viewer, asked.at, None).await?.clusters;
        // Where there is one cluster, its overview is the overview.
        let only = if let [only] = clusters.as_slice() { Some(only.as_str()) } else { None };
        let place = state.backend.place(&asked.viewer, asked.at, only).await?;
        let view = state.backend.overview(&asked.viewer, asked.at, only).await?;
        Ok(app::pages::overview(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn one_cluster(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.overview(&asked.viewer, asked.at, Some(&cluster)).await?;
        Ok(app::pages::overview(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn gaps(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.gaps(&asked.viewer, asked.at, &cluster).await?;
        Ok(app::pages::gaps(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn certificates(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let query =
            app::pages::parse_certificates(&asked.pairs).map_err(|what| AppError::BadRequest { what })?;
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.certificates(&asked.viewer, asked.at, &cluster).await?;
        Ok(app::pages::certificates(&place, view, query))
    };
    respond(&state, Some(&asked), page.await)
}

async fn certificate(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, key)): Path<(String, String)>,
) -> Response {
    let place = match state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await {
        Ok(place) => place,
        Err(error) => return respond(&state, Some(&asked), Err(error)),
    };
    match state.backend.certificate(&asked.viewer, asked.at, &cluster, &key).await {
        Err(AppError::NotFound { .. }) => {
            let page = respond(&state, Some(&asked), Ok(app::pages::no_certificate(&place, cluster)));
            with_status(StatusCode::NOT_FOUND, page)
        }
        view => {
            let page = view.map(|view| app::pages::certificate(&place, view));
            respond(&state, Some(&asked), page)
        }
    }
}

async fn access(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let query = app::pages::parse_access(&asked.pairs);
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.access(&asked.viewer, asked.at, &cluster, &query).await?;
        Ok(app::pages::access(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn drift(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let earlier = app::pages::parse_drift(&asked.pairs, Timestamp::now())
            .map_err(|what| AppError::BadRequest { what })?;
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.drift(&asked.viewer, asked.at, &cluster, &earlier).await?;
        Ok(app::pages::drift(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn history(asked: Asked, State(state): State<AppState>, Path(cluster): Path<String>) -> Response {
    let page = async {
        let span = app::pages::parse_history(&asked.pairs).map_err(|what| AppError::BadRequest { what })?;
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.history(&asked.viewer, asked.at, &cluster, span).await?;
        Ok(app::pages::history(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn cluster_checklist(
    asked: Asked,
    State(state): State<AppState>,
    Path(cluster): Path<String>,
) -> Response {
    checklist(asked, state, cluster, None).await
}

async fn hub_checklist(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release)): Path<(String, String, String)>,
) -> Response {
    checklist(asked, state, cluster, Some(usual(namespace, release))).await
}

async fn aliased_hub_checklist(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release, app)): Path<(String, String, String, String)>,
) -> Response {
    checklist(asked, state, cluster, Some(HubName { namespace, release, app })).await
}

/// A hub whose label `app` is the chart's own.
fn usual(namespace: String, release: String) -> HubName {
    HubName { namespace, release, app: "jupyterhub".to_owned() }
}

async fn checklist(asked: Asked, state: AppState, cluster: String, hub: Option<HubName>) -> Response {
    let page = async {
        let filter = app::pages::parse_filter(&asked.pairs).map_err(|what| AppError::BadRequest { what })?;
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.checklist(&asked.viewer, asked.at, &cluster, hub.as_ref()).await?;
        Ok(app::pages::checklist(&place, view, filter))
    };
    respond(&state, Some(&asked), page.await)
}

async fn cluster_check(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, code)): Path<(String, String)>,
) -> Response {
    check(asked, state, cluster, None, code).await
}

async fn hub_check(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release, code)): Path<(String, String, String, String)>,
) -> Response {
    check(asked, state, cluster, Some(usual(namespace, release)), code).await
}

async fn aliased_hub_check(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release, app, code)): Path<(String, String, String, String, String)>,
) -> Response {
    check(asked, state, cluster, Some(HubName { namespace, release, app }), code).await
}

async fn check(
    asked: Asked,
    state: AppState,
    cluster: String,
    hub: Option<HubName>,
    code: String,
) -> Response {
    let page = async {
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.check(&asked.viewer, asked.at, &cluster, hub.as_ref(), &code).await?;
        Ok(app::pages::check(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

async fn hub_reach(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release)): Path<(String, String, String)>,
) -> Response {
    reach(asked, state, cluster, usual(namespace, release)).await
}

async fn aliased_hub_reach(
    asked: Asked,
    State(state): State<AppState>,
    Path((cluster, namespace, release, app)): Path<(String, String, String, String)>,
) -> Response {
    reach(asked, state, cluster, HubName { namespace, release, app }).await
}

async fn reach(asked: Asked, state: AppState, cluster: String, hub: HubName) -> Response {
    let page = async {
        let query = app::pages::parse_reach(&asked.pairs).map_err(|what| AppError::BadRequest { what })?;
        let place = state.backend.place(&asked.viewer, asked.at, Some(&cluster)).await?;
        let view = state.backend.reach(&asked.viewer, asked.at, &cluster, &hub, &query).await?;
        Ok(app::pages::reach(&place, view))
    };
    respond(&state, Some(&asked), page.await)
}

/// Whatever has no route.
pub async fn not_found(Signed(_): Signed, State(state): State<AppState>) -> Response {
    respond(&state, None, Err(AppError::NotFound { what: "page".to_owned() }))
}

/// Outside the prefix nothing is ours, not even the look.
pub async fn outside_prefix(State(state): State<AppState>) -> Response {
    (StatusCode::NOT_FOUND, format!("Perijove is served below {}\n", state.site.prefix)).into_response()
}

/// The page for a request without a viewer.
pub fn signed_out(site: &SiteConfig) -> Response {
    with_status(StatusCode::UNAUTHORIZED, html(site, app::pages::signed_out(Timestamp::now())))
}

/// The page for a one-time link that is not good any more.
pub fn spent_link(site: &SiteConfig) -> Response {
    with_status(StatusCode::FORBIDDEN, html(site, app::pages::spent_link(Timestamp::now())))
}

fn respond(state: &AppState, asked: Option<&Asked>, page: Result<PageView, AppError>) -> Response {
    match page {
        Ok(page) => {
            let page = match asked {
                Some(asked) => asked.frame(page),
                None => page,
            };
            html(&state.site, page)
        }
        Err(error) => failed(&state.site, &error, asked.and_then(Asked::back_to_now)),
    }
}

/// The page for a request that cannot be understood.
pub fn refused(site: &SiteConfig, error: &AppError) -> Response {
    failed(site, error, None)
}

pub(super) fn failed(site: &SiteConfig, error: &AppError, back_to_now: Option<&str>) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    with_status(status, html(site, app::pages::error(error, back_to_now, Timestamp::now())))
}

fn with_status(status: StatusCode, mut response: Response) -> Response {
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

/// Renders a page with a fresh nonce and the policy that names it.
pub(super) fn html(config: &SiteConfig, page: PageView) -> Response {
    let nonce = match random_token() {
        Ok(nonce) => nonce,
        Err(error) => {
            tracing::error!(error = %error, "no random bytes could be had for a nonce");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let site: Site = assets::site(config.prefix.clone(), nonce);
    let policy = site.content_security_policy();
    let mut response = Html(app::render(&site, page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}
