//! Where this Perijove is served: the prefix, the nonce of the response, and the names of the assets.

use leptos::prelude::use_context;
use posture::Timestamp;

use crate::instant::{AT, write_instant};

/// What every page needs to know about the response it becomes part of.
///
/// `prefix` starts and ends with a slash (`/`, `/services/perijove/`). The asset names are file names below `{prefix}assets/`; an
/// empty name leaves the asset out, so that a server built without them still shows plain pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The path below which everything is served.
    pub prefix: String,
    /// The nonce in this response's Content-Security-Policy. Fresh for each response.
    pub nonce: String,
    /// The stylesheet.
    pub css: &'static str,
    /// The script beside the WebAssembly.
    pub js: &'static str,
    /// The WebAssembly.
    pub wasm: &'static str,
    /// The icon of the browser's tab.
    pub icon: &'static str,
}

impl Site {
    /// The address of a page or endpoint: `href("gaps")` is `/services/perijove/gaps`.
    pub fn href(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// The address of an asset, if there is one.
    pub fn asset(&self, file: &str) -> Option<String> {
        (!file.is_empty()).then(|| self.href(&format!("assets/{file}")))
    }

    /// The policy that the response's `Content-Security-Policy` header must carry for this page to work and nothing else to.
    pub fn content_security_policy(&self) -> String {
        let nonce = &self.nonce;
        format!(
            "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; connect-src 'self'; \
             style-src 'self' 'nonce-{nonce}'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    }
}

/// The instant that the page being rendered shows; `None` is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown(pub(crate) Option<Timestamp>);

/// The address of a page below the prefix of the page being rendered, as of the instant that page shows: who looks at the past stays
/// in it until he leaves it. Only inside [`render`](crate::render).
pub fn href(path: &str) -> String {
    match shown() {
        Some(at) => href_now(&at_instant(path, at)),
        None => href_now(path),
    }
}

/// The address of a page as of now, whatever the page being rendered shows.
pub fn href_now(path: &str) -> String {
    use_context::<Site>().map_or_else(|| format!("/{path}"), |site| site.href(path))
}

/// The instant that the page being rendered shows, as a form's hidden field sends it; `None` is now.
pub fn shown() -> Option<Timestamp> {
    use_context::<Shown>().and_then(|Shown(at)| at)
}

/// The same page as of an instant.
pub fn at_instant(path: &str, at: Timestamp) -> String {
    let (page, fragment) =
        path.split_once('#').map_or((path, None), |(page, fragment)| (page, Some(fragment)));
    let joint = if page.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    format!("{page}{joint}{AT}={}{fragment}", write_instant(at))
}

#[cfg(test)]
mod tests {
    use super::Site;

    fn site(prefix: &str) -> Site {
        Site {
            prefix: prefix.to_owned(),
            nonce: "n0".to_owned(),
            css: "app-1.css",
            js: "",
            wasm: "",
            icon: "",
        }
    }

    #[test]
    fn addresses_start_with_the_prefix() {
        assert_eq!(site("/").href("gaps"), "/gaps");
        assert_eq!(site("/services/perijove/").href("gaps"), "/services/perijove/gaps");
        assert_eq!(site("/x/").asset("app-1.css").as_deref(), Some("/x/assets/app-1.css"));
    }

    #[test]
    fn an_instant_joins_what_the_address_says_already() {
        let at = posture::Timestamp::from_second(0).unwrap();
        assert_eq!(super::at_instant("gaps", at), "gaps?at=1970-01-01T00:00:00Z");
        assert_eq!(super::at_instant("a?q=x#ask", at), "a?q=x&at=1970-01-01T00:00:00Z#ask");
    }

    #[test]
    fn an_asset_that_was_not_built_has_no_address() {
        assert_eq!(site("/").asset(""), None);
    }
}
