//! The web side: routes below a prefix known at run time, each behind a viewer except health, metrics, sign-in and assets.

pub mod asked;
pub mod assets;
pub mod events;
mod feeds;
mod forms;
pub mod guard;
pub mod metrics;
pub mod pages;
pub mod session;
pub mod system;

use std::fmt::Write as _;
use std::sync::Arc;

use app::backend::Backend;
use axum::Router;
use axum::extract::FromRef;
use axum::middleware;
use axum::response::Redirect;
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use events::Notices;
use metrics::Metrics;
use session::Sessions;

/// What handlers share; cloning is cheap.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// What pages need to know.
    pub backend: Arc<dyn Backend>,
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// News for open pages.
    pub notices: Notices,
    /// What machines may count.
    pub metrics: Arc<Metrics>,
    /// Where and how it is served.
    pub site: Arc<SiteConfig>,
}

/// Where and how it is served.
#[derive(Debug, Clone)]
pub struct SiteConfig {
    /// The path below which everything is served, with a slash at both ends.
    pub prefix: String,
    /// Further values of the `Host` header to answer.
    pub allowed_hosts: Vec<String>,
    /// The port it listens on.
    pub port: u16,
}

impl SiteConfig {
    /// The name of the cookie that says who is signed in.
    ///
    /// Browsers keep cookies by host and path and not by port (RFC 6265, section 8.5), so that two programs on one host would sign each
    /// other's viewers out if both cookies had one name.
    pub fn session_cookie(&self) -> String {
        let parts = self.prefix.split('/').filter(|part| !part.is_empty());
        parts.fold(format!("perijove-session-{}", self.port), |name, part| name + "-" + &plain(part))
    }
}

/// A segment of the prefix in the characters of a cookie's name; distinct segments stay distinct.
fn plain(segment: &str) -> String {
    segment.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => text.push(char::from(byte)),
            // Writing to a string cannot fail.
            other => drop(write!(text, "_{other:02x}")),
        }
        text
    })
}

/// All routes.
pub fn router(state: AppState) -> Router {
    let prefix = state.site.prefix.clone();
    let inner = pages::routes()
        .merge(forms::routes())
        .merge(feeds::routes())
        .merge(system::routes())
        .route("/assets/{name}", get(assets::serve))
        .route("/api/events", get(events::stream))
        .route("/api/news", get(events::news))
        .route("/sign-in", get(session::sign_in))
        .fallback(pages::not_found);
    let router = match prefix.trim_end_matches('/') {
        "" => inner,
        bare => {
            let with_slash = prefix.clone();
            // The hub links to the prefix with its slash; people type it without.
            Router::new()
                .route(bare, get(move || async move { Redirect::permanent(&with_slash) }))
                .nest(&format!("{bare}/"), inner)
                .fallback(pages::outside_prefix)
        }
    };
    // Compressing would help an attacker who can mix text of his own with a secret and measure the length (BREACH). Pages carry no
    // secret: sessions live in cookies, there are no tokens in forms, and the nonce of the policy is fresh for each response. The one page
    // that shows the address of a new calendar is not compressed. The event
    // stream stays as it is, and so do assets, which were compressed when they were built.
    router
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(state.clone(), guard::check_request))
        .layer(middleware::from_fn(guard::security_headers))
        .with_state(state)
}
