//! Serves pages with invented data, to look at the frame and the components and to try the islands under the real policy:
//! `cargo xtask assets && cargo run -p app --example gallery`, then open the address it prints.

// Views are types as deep as the page.
#![recursion_limit = "256"]

mod pages;

use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::PathBuf;

use app::news::News;
use app::{PageView, Site, render};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream::{self, Stream};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

/// What the handlers share.
#[derive(Clone)]
struct Gallery {
    site: Site,
    folder: PathBuf,
    news: broadcast::Sender<News>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let prefix = env::args().nth(1).unwrap_or_else(|| "/services/perijove/".to_owned());
    let address = env::args().nth(2).unwrap_or_else(|| "127.0.0.1:8099".to_owned());
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/site"));
    let gallery = Gallery { site: site(&prefix, &folder)?, folder, news: broadcast::channel(16).0 };
    let inner = Router::new()
        .route("/", get(|State(gallery): State<Gallery>| async move { page(gallery, pages::overview()) }))
        .route(
            "/checklist",
            get(|State(gallery): State<Gallery>| async move { page(gallery, pages::checklist()) }),
        )
        .route("/check", get(|State(gallery): State<Gallery>| async move { page(gallery, pages::check()) }))
        .route("/states", get(|State(gallery): State<Gallery>| async move { page(gallery, pages::states()) }))
        .route("/alone", get(|State(gallery): State<Gallery>| async move { page(gallery, pages::alone()) }))
        .route("/change", get(change))
        .route("/assets/{name}", get(asset))
        .route("/api/events", get(events))
        .with_state(gallery);
    let bare = prefix.trim_end_matches('/');
    let router = if bare.is_empty() { inner } else { Router::new().nest(&format!("{bare}/"), inner) };
    let listener = TcpListener::bind(&address).await?;
    println!("http://{address}{prefix}");
    axum::serve(listener, router).await?;
    Ok(())
}

/// The names of the assets, from the manifest beside them.
fn site(prefix: &str, folder: &std::path::Path) -> Result<Site, Box<dyn Error>> {
    let manifest: leptos::serde_json::Value =
        leptos::serde_json::from_str(&fs::read_to_string(folder.join("manifest.json"))?)?;
    let file = |name: &str| -> &'static str {
        let assets = manifest["assets"].as_array().into_iter().flatten();
        let found =
            assets.into_iter().find(|asset| asset["name"] == name).and_then(|asset| asset["file"].as_str());
        Box::leak(found.unwrap_or_default().to_owned().into_boxed_str())
    };
    Ok(Site {
        prefix: prefix.to_owned(),
        nonce: String::new(),
        css: file("app.css"),
        js: file("app.js"),
        wasm: file("app.wasm"),
        icon: file("icon.svg"),
    })
}

fn page(gallery: Gallery, page: PageView) -> Response {
    // Good enough for invented data: the hasher's keys are random.
    let nonce = format!("{:016x}", RandomState::new().build_hasher().finish());
    let site = Site { nonce, ..gallery.site };
    let policy = site.content_security_policy();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, render(&site, page)).into_response()
}

async fn asset(State(gallery): State<Gallery>, Path(name): Path<String>) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "wasm")) => "application/wasm",
        Some((_, "svg")) => "image/svg+xml",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match fs::read(gallery.folder.join(name)) {
        Ok(content) => ([(header::CONTENT_TYPE, kind)], content).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Pretends that a scan changed something.
async fn change(State(gallery): State<Gallery>) -> &'static str {
    let news = News { cluster: "teaching-eu".to_owned(), scan: Some(43), hubs: Vec::new(), seen: None };
    // Nobody listening is no error.
    let _ = gallery.news.send(news);
    "sent\n"
}

async fn events(State(gallery): State<Gallery>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let stream = stream::unfold(gallery.news.subscribe(), |mut receiver| async move {
        let news = receiver.recv().await.ok()?;
        let event = Event::default().event("changed").data(leptos::serde_json::to_string(&news).ok()?);
        Some((Ok(event), receiver))
    });
    Sse::new(stream)
}
