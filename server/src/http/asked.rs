//! What a page is asked for: by whom, as of when, and with which pairs in the address.

use std::sync::Arc;

use app::PageView;
use app::backend::{At, segment};
use app::error::AppError;
use app::instant::{AT, read_instant};
use app::viewer::Viewer;
use axum::extract::{FromRef, FromRequestParts, Query};
use axum::http::request::Parts;
use axum::response::Response;

use super::session::{Sessions, Signed};
use super::{SiteConfig, pages};

/// A page that a viewer asks for.
pub struct Asked {
    /// Who asks.
    pub viewer: Viewer,
    /// As of when.
    pub at: At,
    /// The pairs of the address, without the instant.
    pub pairs: Vec<(String, String)>,
    /// The address as of now, below the prefix and without its slash.
    path: String,
}

impl Asked {
    /// Tells a page its own address, for its ways to other instants.
    pub fn frame(&self, page: PageView) -> PageView {
        page.asked_as(self.path.clone(), self.pairs.clone())
    }

    /// Where the same page is as of now, if the past is asked for.
    pub fn back_to_now(&self) -> Option<&str> {
        matches!(self.at, At::Past(_)).then_some(&self.path)
    }
}

impl<S> FromRequestParts<S> for Asked
where
    S: Send + Sync,
    Arc<Sessions>: FromRef<S>,
    Arc<SiteConfig>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Signed(viewer) = Signed::from_request_parts(parts, state).await?;
        let site = Arc::<SiteConfig>::from_ref(state);
        let refused = |what: String| pages::refused(&site, &AppError::BadRequest { what });
        let all = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Query(mut pairs) = all.map_err(|_| {
            refused("what stands behind the question mark of the address cannot be read".to_owned())
        })?;
        // A form with an empty field means now.
        let instant = pairs.iter().find(|(name, value)| name == AT && !value.trim().is_empty());
        let instant = instant.map(|(_, value)| value.clone());
        pairs.retain(|(name, _)| name != AT);
        let at = match instant {
            Some(text) => At::Past(read_instant(&text).map_err(refused)?),
            None => At::Now,
        };
        let path = parts.uri.path().trim_start_matches('/');
        let path = with_query(path, &pairs);
        Ok(Self { viewer, at, pairs, path })
    }
}

fn with_query(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", segment(name), segment(value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_asks_for_is_kept_on_the_way_back() {
        let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        assert_eq!(with_query("a", &[]), "a");
        assert_eq!(with_query("a", &pairs(&[("q", "x & y"), ("v", "fail")])), "a?q=x%20%26%20y&v=fail");
    }
}
