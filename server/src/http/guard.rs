//! What every request must pass, and what every response carries.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{AppState, SiteConfig};

/// Refuses a foreign `Host` (a DNS name rebound to loopback) and requests that another site's page makes.
pub async fn check_request(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !is_known_host(request.headers(), request.uri().host(), &state.site) {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "This address is not one that Perijove answers to. Add it to serve.allowed_hosts if it is yours.\n",
        )
            .into_response();
    }
    let is_sensitive = request.method() != Method::GET && request.method() != Method::HEAD
        || ["/api/events", "/api/news"].iter().any(|path| request.uri().path().ends_with(path));
    if is_sensitive && is_foreign(request.headers()) {
        return (StatusCode::FORBIDDEN, "This request comes from a page of another site.\n").into_response();
    }
    next.run(request).await
}

fn is_known_host(headers: &HeaderMap, authority: Option<&str>, site: &SiteConfig) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|h| h.to_str().ok()).or(authority) else {
        return false;
    };
    let name = host_name(host);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        || site.allowed_hosts.iter().any(|h| h == host || h == name)
}

/// The host without its port; an IPv6 address keeps its brackets.
fn host_name(host: &str) -> &str {
    match host.rfind(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or(host),
    }
}

/// Whether browsers say that another site's page made the request. Programs that are no browsers send neither header.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return true;
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// Headers that every response carries; pages add their content security policy with its nonce themselves.
pub async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let strict = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, strict),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn a_name_rebound_to_loopback_is_refused() {
        let site = SiteConfig { prefix: "/".into(), allowed_hosts: vec!["hub.example.edu".into()], port: 1 };
        assert!(is_known_host(&headers(&[("host", "127.0.0.1:8474")]), None, &site));
        assert!(is_known_host(&headers(&[("host", "[::1]:8474")]), None, &site));
        assert!(is_known_host(&headers(&[("host", "hub.example.edu")]), None, &site));
        assert!(!is_known_host(&headers(&[("host", "evil.example:8474")]), None, &site));
        assert!(!is_known_host(&headers(&[]), None, &site));
    }

    #[test]
    fn a_page_of_another_site_is_foreign_and_a_program_is_not() {
        assert!(is_foreign(&headers(&[("sec-fetch-site", "cross-site")])));
        assert!(is_foreign(&headers(&[("origin", "https://evil.example"), ("host", "localhost:1")])));
        assert!(is_foreign(&headers(&[("origin", "null"), ("host", "localhost:1")])));
        assert!(!is_foreign(&headers(&[("origin", "http://localhost:1"), ("host", "localhost:1")])));
        assert!(!is_foreign(&headers(&[])));
    }
}
