//! The one-time link and the session cookie of the local viewer.
//!
//! The link's token is good for one use and sets an `HttpOnly` cookie; then a fresh link is made, so that a second browser can be let in
//! from the terminal. Tokens are compared by their SHA-256, so that comparing takes the same time whatever was sent.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use app::viewer::Viewer;
use axum::extract::{FromRef, FromRequestParts, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{AppState, SiteConfig};

type Announce = Box<dyn Fn(&str) + Send + Sync>;

/// Who is signed in, and the next one-time token.
pub struct Sessions {
    next: Mutex<[u8; 32]>,
    open: Mutex<BTreeSet<[u8; 32]>>,
    announce: Announce,
}

impl Sessions {
    /// Nobody is signed in; `announce` is told each one-time token, the first one at once.
    pub fn new(announce: impl Fn(&str) + Send + Sync + 'static) -> std::io::Result<Self> {
        let sessions = Self {
            next: Mutex::new([0; 32]),
            open: Mutex::new(BTreeSet::new()),
            announce: Box::new(announce),
        };
        sessions.renew()?;
        Ok(sessions)
    }

    fn renew(&self) -> std::io::Result<()> {
        let token = random_token()?;
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = digest(&token);
        (self.announce)(&token);
        Ok(())
    }

    /// Takes a one-time token and gives the value of a session cookie; `None` if the token is not the present one.
    pub fn redeem(&self, token: &str) -> std::io::Result<Option<String>> {
        {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            if *next != digest(token) {
                return Ok(None);
            }
            // A token is spent before anything else can fail.
            *next = [0; 32];
        }
        let session = random_token()?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(digest(&session));
        self.renew()?;
        Ok(Some(session))
    }

    /// The viewer behind a session cookie's value.
    pub fn viewer(&self, session: &str) -> Option<Viewer> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.contains(&digest(session)).then(Viewer::local)
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// 256 random bits as 64 hexadecimal digits.
pub fn random_token() -> std::io::Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// The viewer who made the request; handlers take it as an argument, and without one the request ends with 401.
pub struct Signed(pub Viewer);

impl<S> FromRequestParts<S> for Signed
where
    S: Send + Sync,
    Arc<Sessions>: FromRef<S>,
    Arc<SiteConfig>: FromRef<S>,
{
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let sessions = Arc::<Sessions>::from_ref(state);
        let site = Arc::<SiteConfig>::from_ref(state);
        let name = site.session_cookie();
        let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
        // A browser may send several of one name, for a shorter path or from an earlier run: any that is known signs in.
        cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .find_map(|(_, value)| sessions.viewer(value))
            .map(Signed)
            .ok_or_else(|| super::pages::signed_out(&site))
    }
}

/// The query of a one-time link.
#[derive(Deserialize)]
pub struct Link {
    token: String,
}

/// `GET sign-in?token=…`: spends the token, sets the cookie and goes to the overview.
pub async fn sign_in(State(state): State<AppState>, Query(link): Query<Link>) -> Response {
    match state.sessions.redeem(&link.token) {
        Ok(Some(session)) => {
            let prefix = &state.site.prefix;
            let name = state.site.session_cookie();
            let cookie = format!("{name}={session}; Path={prefix}; HttpOnly; SameSite=Lax");
            let mut response = Redirect::to(prefix).into_response();
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().insert(header::SET_COOKIE, value);
            }
            response
        }
        Ok(None) => super::pages::spent_link(&state.site),
        Err(error) => {
            tracing::error!(error = %error, "no random bytes could be had for a session");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> (Sessions, Arc<Mutex<Vec<String>>>) {
        let told = Arc::new(Mutex::new(Vec::new()));
        let ear = told.clone();
        (Sessions::new(move |token| ear.lock().unwrap().push(token.to_owned())).unwrap(), told)
    }

    #[test]
    fn a_link_works_once_and_a_fresh_one_follows() {
        let (sessions, told) = sessions();
        let first = told.lock().unwrap()[0].clone();
        let session = sessions.redeem(&first).unwrap().expect("the first use signs in");
        assert!(sessions.viewer(&session).is_some());
        assert!(sessions.redeem(&first).unwrap().is_none());
        let second = told.lock().unwrap()[1].clone();
        assert!(sessions.redeem(&second).unwrap().is_some());
    }

    #[derive(Clone)]
    struct Web(Arc<Sessions>, Arc<SiteConfig>);

    impl FromRef<Web> for Arc<Sessions> {
        fn from_ref(web: &Web) -> Self {
            web.0.clone()
        }
    }

    impl FromRef<Web> for Arc<SiteConfig> {
        fn from_ref(web: &Web) -> Self {
            web.1.clone()
        }
    }

    fn site(port: u16, prefix: &str) -> SiteConfig {
        SiteConfig { prefix: prefix.to_owned(), allowed_hosts: Vec::new(), port }
    }

    #[test]
    fn two_programs_on_one_host_have_cookies_of_their_own() {
        let sites = [site(1, "/"), site(2, "/"), site(1, "/a/b/"), site(1, "/a-b/"), site(1, "/a_2db/")];
        let names: BTreeSet<String> = sites.iter().map(SiteConfig::session_cookie).collect();
        assert_eq!(names.len(), sites.len(), "{names:?}");
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))));
    }

    #[tokio::test]
    async fn an_old_cookie_of_the_same_name_does_not_hide_the_one_that_is_known() {
        let (sessions, told) = sessions();
        let token = told.lock().unwrap()[0].clone();
        let session = sessions.redeem(&token).unwrap().unwrap();
        let site = site(1, "/");
        let name = site.session_cookie();
        let web = Web(Arc::new(sessions), Arc::new(site));
        let signed = async |cookie: String| {
            let request = axum::http::Request::get("/").header(header::COOKIE, cookie).body(()).unwrap();
            Signed::from_request_parts(&mut request.into_parts().0, &web).await.is_ok()
        };
        assert!(signed(format!("{name}=old; {name}={session}; other=1")).await);
        assert!(!signed(format!("{name}=old; perijove-session-2={session}")).await);
    }

    #[test]
    fn a_guess_signs_nobody_in() {
        let (sessions, _) = sessions();
        assert!(sessions.redeem("").unwrap().is_none());
        assert!(sessions.viewer("").is_none());
    }
}
