//! One cluster that can be asked: every request goes through here, is counted, paced and timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::{Body, DynBody};
use tower::layer::util::Identity as NoLayer;
use tower::util::BoxService;
use tower::{BoxError, Layer, Service};
use zeroize::{Zeroize as _, Zeroizing};

use super::connect::{ConnectError, Target};
use super::error::ApiError;
use super::pace::Pace;
use super::path::{Form, ResourcePath};
use super::problem::Problem;
use super::shown::Shown;
use crate::clock::Clock;

/// The name under which the API server's log finds us.
const USER_AGENT: &str = concat!("perijove/", env!("CARGO_PKG_VERSION"));

/// The largest single document accepted; etcd stores nothing of this size.
const DOCUMENT_BYTES: usize = 8 << 20;

/// No skew is known yet.
const UNKNOWN: i64 = i64::MIN;

/// How gently the API server is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Requests per second on average; 0 means no limit.
    pub requests_per_second: u32,
    /// Requests that may be sent at once.
    pub burst: u32,
    /// Objects asked for per page.
    pub page_size: u32,
    /// The largest page accepted, in bytes; a larger one is asked for again in halves.
    pub page_bytes: usize,
    /// How long to wait for an answer, and for each piece of it.
    pub answer_timeout: Duration,
    /// How long one watch lasts before the server ends it.
    pub watch_timeout: Duration,
    /// How much longer than that a watch may be silent.
    pub watch_grace: Duration,
    /// How often a request that failed is sent again before the kind becomes a gap.
    pub retries: u32,
    /// The first wait after a failure; it doubles.
    pub first_wait: Duration,
    /// The longest wait after a failure.
    pub longest_wait: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            burst: 40,
            page_size: 200,
            page_bytes: 8 << 20,
            answer_timeout: Duration::from_secs(30),
            watch_timeout: Duration::from_mins(4),
            watch_grace: Duration::from_secs(15),
            retries: 5,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
        }
    }
}

/// What can carry requests: the real transport, the demo's API, or either with a layer around it.
pub trait Transport:
    Service<Request<Body>, Response = Response<Self::Answer>, Error: Into<BoxError>, Future: Send>
    + Send
    + 'static
{
    /// The body of its answers.
    type Answer: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static;
}

impl<S, B> Transport for S
where
    S: Service<Request<Body>, Response = Response<B>, Error: Into<BoxError>, Future: Send> + Send + 'static,
    B: http_body::Body<Data = bytes::Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Answer = B;
}

/// The transport that `kube` makes from a configuration.
pub type Wire = BoxService<Request<Body>, Response<Box<DynBody>>, BoxError>;

/// One cluster that can be asked. Clones share the connection and the limits.
#[derive(Clone)]
pub struct Source {
    client: Client,
    pace: Arc<Pace>,
    tuning: Arc<Tuning>,
    clock: Clock,
    server: Arc<str>,
    authority: Arc<str>,
    skew: Arc<AtomicI64>,
    shown: Shown,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Source {
    /// Prepares to ask a cluster; nothing is sent yet.
    pub async fn connect(target: &Target, tuning: Tuning) -> Result<Self, ConnectError> {
        Self::connect_through(target, tuning, &NoLayer::new()).await
    }

    /// The same with a layer around the transport, which is how tests make it fail.
    pub async fn connect_through<L, S>(
        target: &Target,
        tuning: Tuning,
        layer: &L,
    ) -> Result<Self, ConnectError>
    where
        L: Layer<Wire, Service = S>,
        S: Transport,
    {
        let connected = target.connect(layer).await?;
        let source =
            Self::new(connected.client, &connected.server, &connected.authority, tuning, Clock::System);
        Ok(Self { shown: connected.shown, ..source })
    }

    /// Asks a service in this process, under the same client.
    pub fn over(service: impl Transport, server: &str, tuning: Tuning, clock: Clock) -> Self {
        Self::new(Client::new(service, "default"), server, "", tuning, clock)
    }

    fn new(client: Client, server: &str, authority: &str, tuning: Tuning, clock: Clock) -> Self {
        Self {
            client,
            pace: Arc::new(Pace::new(tuning.requests_per_second, tuning.burst)),
            tuning: Arc::new(tuning),
            clock,
            server: server.into(),
            authority: authority.into(),
            skew: Arc::new(AtomicI64::new(UNKNOWN)),
            shown: Shown::default(),
        }
    }

    /// How gently this cluster is asked.
    pub fn tuning(&self) -> &Tuning {
        &self.tuning
    }

    /// The clock that facts of this cluster are dated with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The URL of the API server.
    pub fn server(&self) -> &str {
        &self.server
    }

    /// A fingerprint of the certificate authority; empty where the system's authorities count.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// How far the server's clock is ahead of ours, in milliseconds, to within a second; `None` before the first answer.
    pub fn skew_milliseconds(&self) -> Option<i64> {
        Some(self.skew.load(Ordering::Relaxed)).filter(|skew| *skew != UNKNOWN)
    }

    /// The certificates that the API server showed, its own first; `None` where it does not speak TLS, or has not been asked.
    pub fn certificates(&self) -> Option<Vec<posture::x509::Der>> {
        self.shown.chain()
    }

    /// Sends a GET and gives the answer once its head is there and says yes.
    pub(super) async fn open(
        &self,
        url: &str,
        form: Form,
        encoding: &'static str,
    ) -> Result<Response<Body>, ApiError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(url)
            .header(header::ACCEPT, form.accept())
            .header(header::ACCEPT_ENCODING, encoding)
            .header(header::USER_AGENT, USER_AGENT)
            .body(Body::empty())
            .map_err(|_| ApiError::Malformed("the URL cannot be built".to_owned()))?;
        self.answer(request).await
    }

    /// Reads one small document.
    pub(super) async fn get(&self, url: &str, form: Form) -> Result<Vec<u8>, ApiError> {
        let mut body = Vec::new();
        let answer = self.open(url, form, "gzip").await?;
        self.read(answer, &mut body, DOCUMENT_BYTES).await?;
        Ok(body)
    }

    /// Reads one whole object.
    pub async fn object(&self, path: &ResourcePath, name: &str) -> Result<Vec<u8>, ApiError> {
        self.get(&path.object(name), Form::Whole).await
    }

    /// Reads one object whose answer is emptied out of memory afterwards. A moment's failure is waited out; what lasts is told.
    pub(super) async fn private_object(
        &self,
        path: &ResourcePath,
        name: &str,
    ) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        match self.private_answer(path, name).await {
            Err(error) if error.is_transient() => {
                let wait = error.retry_after().unwrap_or_default().max(self.tuning.first_wait);
                tokio::time::sleep(wait.min(Duration::from_secs(2))).await;
                self.private_answer(path, name).await
            }
            answer => answer,
        }
    }

    async fn private_answer(&self, path: &ResourcePath, name: &str) -> Result<Zeroizing<Vec<u8>>, ApiError> {
        // Uncompressed, so that no decoder holds a copy.
        let answer = self.open(&path.object(name), Form::Whole, "identity").await?;
        let mut body = Zeroizing::new(Vec::new());
        self.read_with(answer, DOCUMENT_BYTES, |data| extend_privately(&mut body, data)).await?;
        Ok(body)
    }

    /// Posts one of the SelfSubject reviews, the only thing that is ever created; the server stores nothing.
    pub(super) async fn review(&self, plural: &'static str, body: Vec<u8>) -> Result<Vec<u8>, ApiError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("/apis/authorization.k8s.io/v1/{plural}"))
            .header(header::ACCEPT, Form::Whole.accept())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .body(Body::from(body))
            .map_err(|_| ApiError::Malformed("the request cannot be built".to_owned()))?;
        let answer = self.answer(request).await?;
        let mut body = Vec::new();
        self.read(answer, &mut body, DOCUMENT_BYTES).await?;
        Ok(body)
    }

    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, ApiError> {
        self.pace.turn().await;
        let answer = tokio::time::timeout(self.tuning.answer_timeout, self.client.send(request))
            .await
            .map_err(|_| ApiError::Connection(Problem::TimedOut))?
            .map_err(|error| ApiError::Connection(Problem::of(&error)))?;
        self.note_date(answer.headers());
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(refusal(status, answer.headers())) }
    }

    /// Reads a body to its end into `into`, which is emptied first.
    pub(super) async fn read(
        &self,
        answer: Response<Body>,
        into: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), ApiError> {
        into.clear();
        self.read_with(answer, limit, |data| into.extend_from_slice(data)).await
    }

    async fn read_with(
        &self,
        answer: Response<Body>,
        limit: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), ApiError> {
        let mut length = 0;
        let mut body = answer.into_body();
        while let Some(frame) = tokio::time::timeout(self.tuning.answer_timeout, body.frame())
            .await
            .map_err(|_| ApiError::Connection(Problem::TimedOut))?
        {
            let frame = frame.map_err(|error| ApiError::Connection(broken(Problem::of(&error))))?;
            if let Ok(data) = frame.into_data() {
                length += data.len();
                if length > limit {
                    return Err(ApiError::TooLarge { limit });
                }
                take(&data);
            }
        }
        Ok(())
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(header::DATE).and_then(|value| value.to_str().ok());
        if let Some(date) = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()) {
            let skew = date.timestamp().as_millisecond() - self.clock.now().as_millisecond();
            self.skew.store(skew, Ordering::Relaxed);
        }
    }
}

/// Appends without leaving a copy behind where more room is needed.
pub(super) fn extend_privately(body: &mut Vec<u8>, data: &[u8]) {
    if body.capacity() - body.len() < data.len() {
        let mut roomy = Vec::with_capacity((body.len() + data.len()).next_power_of_two());
        roomy.extend_from_slice(body);
        std::mem::swap(body, &mut roomy);
        roomy.zeroize();
    }
    body.extend_from_slice(data);
}

/// A body that ends early is a broken connection, whatever the library calls it.
pub(super) fn broken(problem: Problem) -> Problem {
    if problem == Problem::Other { Problem::Broken } else { problem }
}

fn refusal(status: StatusCode, headers: &HeaderMap) -> ApiError {
    let retry_after = headers
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    match status.as_u16() {
        401 => ApiError::Unauthorized,
        403 => ApiError::Forbidden,
        404 => ApiError::NotFound,
        410 => ApiError::Gone,
        429 => ApiError::Throttled { retry_after },
        status @ 500.. => ApiError::Server { status, retry_after },
        status => ApiError::Refused(status),
    }
}
