//! The pages.
#[cfg(feature="hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() { leptos::mount::hydrate_islands(); }
