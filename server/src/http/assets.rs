//! The browser's assets, embedded: hashed names, compressed once when they were built, cached for ever.

use app::Site;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// One asset.
struct Asset {
    /// What code asks for: `app.css`.
    name: &'static str,
    /// The name with the content's hash in it.
    file: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    brotli: &'static [u8],
}

const ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The hashed file name of an asset, empty where it was not built.
fn file(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.file)
}

/// Whether the browser's assets were built into this binary.
pub fn are_embedded() -> bool {
    !ASSETS.is_empty()
}

/// What a page needs to know about the response it becomes part of.
pub fn site(prefix: String, nonce: String) -> Site {
    Site {
        prefix,
        nonce,
        css: file("app.css"),
        js: file("app.js"),
        wasm: file("app.wasm"),
        icon: file("icon.svg"),
    }
}

/// `GET assets/{name}`.
pub async fn serve(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.file == name) else {
        return (StatusCode::NOT_FOUND, "There is no such asset; the page may be older than the server.\n")
            .into_response();
    };
    let takes_brotli = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim().split(';').next() == Some("br")));
    let body = if takes_brotli { asset.brotli } else { asset.bytes };
    let mut response = body.into_response();
    let map = response.headers_mut();
    map.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    map.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    map.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if takes_brotli {
        map.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}
