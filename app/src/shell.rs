//! The HTML document around the frame: head, stylesheet, and the one script that sets the theme and wakes the islands.

use leptos::prelude::*;

use crate::frame::Frame;
use crate::page::PageView;
use crate::site::Site;
use crate::text::visible;

/// Runs before the first paint, so that a stored theme does not flash; the page's addresses reach it as data attributes, which keeps
/// the text of the script the same on every page.
const BOOT: &str = include_str!("boot.js");

/// The document.
pub(crate) fn document(site: &Site, page: PageView) -> impl IntoView + use<> {
    let PageView { frame, body } = page;
    let title = format!("{} · Perijove", visible(&frame.title));
    let script = site.asset(site.js);
    let module = site.asset(site.wasm);
    let nonce = site.nonce.clone();
    view! {
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="referrer" content="same-origin" />
                <title>{title}</title>
                <script nonce=nonce.clone() data-script=script.clone() data-module=module.clone() inner_html=BOOT.trim_end()></script>
                {site.asset(site.css).map(|address| view! { <link rel="stylesheet" href=address /> })}
                {site.asset(site.icon).map(|address| view! { <link rel="icon" type="image/svg+xml" href=address /> })}
                {script.map(|address| view! { <link rel="modulepreload" href=address nonce=nonce /> })}
                {module
                    .map(|address| {
                        view! { <link rel="preload" href=address r#as="fetch" type="application/wasm" crossorigin="anonymous" /> }
                    })}
            </head>
            <Frame view=frame body=body() />
        </html>
    }
}
