//! A page as the server hands it over, and how it becomes HTML.

use std::sync::Arc;

use hydration_context::SsrSharedContext;
use leptos::prelude::{AnyView, IntoAny, IntoView, Owner, RenderHtml, provide_context};

use crate::frame::{FrameView, Travel};
use crate::shell;
use crate::site::{Shown, Site};

/// A page: what surrounds it and what it shows. Pages are functions that take their data and return one of these.
pub struct PageView {
    pub(crate) frame: FrameView,
    pub(crate) body: Box<dyn FnOnce() -> AnyView>,
}

impl PageView {
    /// A page whose content `body` builds while it is rendered; inside, [`href`](crate::site::href) knows the prefix.
    pub fn new<V: IntoView + 'static>(frame: FrameView, body: impl FnOnce() -> V + 'static) -> Self {
        Self { frame, body: Box::new(move || body().into_any()) }
    }

    /// The page as it was asked for: `path` is its address as of now, below the prefix and without its slash, and `asks` what stands
    /// behind the question mark of that address.
    pub fn asked_as(mut self, path: String, asks: Vec<(String, String)>) -> Self {
        if let Some(travel) = &mut self.frame.travel {
            travel.path = path;
            travel.asks = asks;
        }
        self
    }
}

/// Renders a page as a complete HTML document.
pub fn render(site: &Site, page: PageView) -> String {
    let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
    let html = owner.with(|| {
        provide_context(site.clone());
        provide_context(Shown(page.frame.travel.as_ref().and_then(Travel::at)));
        shell::document(site, page).to_html()
    });
    drop(owner);
    format!("<!doctype html>{html}")
}
