//! The pages of Perijove: rendered on the server, with a few islands that wake up in the browser.
//!
//! In reading order: `site` (where everything is served), `page` and `render` (a page becomes HTML), `shell` (the document), `frame`
//! (what surrounds every page), `components` (what pages are made of), `islands` (what moves in the browser). Nothing on a page needs
//! the islands to be read or used.

// Views are types as deep as the page.
#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "the component macros write `pub` into every module they are used in")]
#![cfg_attr(
    feature = "ssr",
    expect(clippy::needless_pass_by_value, reason = "a component owns its properties")
)]

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!(
    "the features `ssr` and `hydrate` exclude each other: add `--no-default-features` to build for the browser"
);

#[cfg(feature = "ssr")]
pub mod backend;
#[cfg(feature = "ssr")]
pub mod components;
#[cfg(feature = "ssr")]
pub mod error;
pub mod filter;
#[cfg(feature = "ssr")]
pub mod frame;
#[cfg(feature = "ssr")]
pub mod instant;
pub mod islands;
pub mod news;
#[cfg(feature = "ssr")]
pub mod page;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub mod site;
#[cfg(feature = "ssr")]
pub mod text;
#[cfg(feature = "ssr")]
pub mod viewer;
pub mod when;
#[cfg(feature = "ssr")]
pub mod words;

#[cfg(feature = "ssr")]
pub use page::{PageView, render};
#[cfg(feature = "ssr")]
pub use site::Site;

/// Prepares the browser for the islands; the page's script calls it once, before it wakes the first of them.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
