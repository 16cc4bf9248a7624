//! The certificates that the API server shows to the client: noted at each connection that is made anyway.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_rustls::MaybeHttpsStream;
use posture::x509::Der;
use tokio::time::Instant;
use tower::{BoxError, Service};

/// How long a chain counts that newer connections do not show: API servers behind one address show one each, and what is told must not go
/// to and fro between them.
const COUNTS: Duration = Duration::from_mins(30);

/// What was shown last.
#[derive(Debug, Clone, Default)]
pub(super) struct Shown(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Each chain with the last time it was shown.
    seen: Vec<(Vec<Der>, Instant)>,
    told: Option<Vec<Der>>,
}

impl Shown {
    fn note(&self, chain: Vec<Der>, now: Instant) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen.retain(|(known, at)| *known != chain && now.duration_since(*at) < COUNTS);
        state.seen.push((chain, now));
    }

    /// The chain that counts: the one that was told before as long as it is still shown, else the newest.
    pub(super) fn chain(&self) -> Option<Vec<Der>> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if !state.seen.iter().any(|(known, _)| Some(known) == state.told.as_ref()) {
            state.told = state.seen.last().map(|(chain, _)| chain.clone());
        }
        state.told.clone()
    }
}

/// A connector that notes what the server shows.
#[derive(Debug, Clone)]
pub(super) struct Noting<C> {
    pub(super) connector: C,
    pub(super) shown: Shown,
}

impl<C, T> Service<http::Uri> for Noting<C>
where
    C: Service<http::Uri, Response = MaybeHttpsStream<T>, Error = BoxError>,
    C::Future: Send + 'static,
{
    type Response = MaybeHttpsStream<T>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let (connecting, shown) = (self.connector.call(uri), self.shown.clone());
        Box::pin(async move {
            let stream = connecting.await?;
            if let MaybeHttpsStream::Https(stream) = &stream
                && let Some(chain) = stream.inner().get_ref().1.peer_certificates()
            {
                shown.note(chain.iter().map(|one| Der::new(one.as_ref())).collect(), Instant::now());
            }
            Ok(stream)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_servers_one_is_told_until_it_is_shown_no_more() {
        let (one, other) = (vec![Der::new(*b"one")], vec![Der::new(*b"other")]);
        let (shown, start) = (Shown::default(), Instant::now());
        assert_eq!(shown.chain(), None);
        shown.note(one.clone(), start);
        assert_eq!(shown.chain(), Some(one.clone()));
        for minute in 1..40 {
            let chain = if minute % 10 == 0 { &one } else { &other };
            shown.note(chain.clone(), start + Duration::from_mins(minute));
            assert_eq!(shown.chain(), Some(one.clone()), "{minute}");
        }
        shown.note(other.clone(), start + Duration::from_mins(80));
        assert_eq!(shown.chain(), Some(other));
    }
}
