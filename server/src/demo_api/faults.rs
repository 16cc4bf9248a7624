//! A layer that makes an API server fail on demand, for tests: around the demo's API and around a real one alike.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full};
use tower::{BoxError, Layer, Service};

use super::Answer;

/// One way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// An answer with this status, and `Retry-After` in seconds if given.
    Status(u16, Option<u64>),
    /// The body breaks off after this many bytes.
    BreakOff(usize),
    /// The body stops coming after this many bytes and never ends.
    Hang(usize),
    /// There is no answer: the connection is refused.
    Refuse,
}

#[derive(Debug)]
struct Rule {
    part: String,
    times: usize,
    fault: Fault,
}

#[derive(Debug, Default)]
struct Plan {
    rules: VecDeque<Rule>,
    requests: Vec<String>,
}

/// The faults to come, and what was asked. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

impl Faults {
    /// The next `times` requests whose URL contains `part` fail like this.
    pub fn add(&self, part: &str, times: usize, fault: Fault) {
        self.plan().rules.push_back(Rule { part: part.to_owned(), times, fault });
    }

    /// Forgets the faults that have not happened yet.
    pub fn clear(&self) {
        self.plan().rules.clear();
    }

    /// Every request so far: `GET /api/v1/pods?limit=200`.
    pub fn requests(&self) -> Vec<String> {
        self.plan().requests.clone()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn meet(&self, request: &str) -> Option<Fault> {
        let mut plan = self.plan();
        plan.requests.push(request.to_owned());
        let at = plan.rules.iter().position(|rule| request.contains(&rule.part))?;
        let rule = &mut plan.rules[at];
        rule.times -= 1;
        let fault = rule.fault.clone();
        if rule.times == 0 {
            plan.rules.remove(at);
        }
        Some(fault)
    }
}

impl<S> Layer<S> for Faults {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Faulty<S> {
        Faulty { inner, faults: self.clone() }
    }
}

/// A service that fails as planned.
#[derive(Debug, Clone)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
}

impl<S, I, B> Service<Request<I>> for Faulty<S>
where
    S: Service<Request<I>, Response = Response<B>, Future: Send + 'static>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<Answer>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<I>) -> Self::Future {
        let url = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
        match self.faults.meet(&format!("{} {url}", request.method())) {
            Some(Fault::Refuse) => Box::pin(async {
                Err(BoxError::from(std::io::Error::from(std::io::ErrorKind::ConnectionRefused)))
            }),
            Some(Fault::Status(status, retry_after)) => {
                Box::pin(async move { Ok(refusal(status, retry_after)) })
            }
            fault => {
                let answer = self.inner.call(request);
                Box::pin(async move {
                    let answer =
                        answer.await.map_err(Into::into)?.map(|body| body.map_err(Into::into).boxed_unsync());
                    Ok(match fault {
                        Some(Fault::BreakOff(left)) => {
                            answer.map(|inner| Cut { inner, left, hang: false }.boxed_unsync())
                        }
                        Some(Fault::Hang(left)) => {
                            answer.map(|inner| Cut { inner, left, hang: true }.boxed_unsync())
                        }
                        _ => answer,
                    })
                })
            }
        }
    }
}

fn refusal(status: u16, retry_after: Option<u64>) -> Response<Answer> {
    let body = Full::new(Bytes::from_static(b"{\"kind\":\"Status\",\"message\":\"a fault of a test\"}"));
    let mut answer = Response::new(body.map_err(|never| -> BoxError { match never {} }).boxed_unsync());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    answer
}

/// A body that does not come to its end.
struct Cut {
    inner: Answer,
    left: usize,
    hang: bool,
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.left == 0 {
            if self.hang {
                return Poll::Pending;
            }
            let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
            return Poll::Ready(Some(Err(broken.into())));
        }
        let frame = match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => frame,
            // A body shorter than the cut ends in the same way.
            Poll::Ready(None) => {
                self.left = 0;
                return self.poll_frame(context);
            }
            other => return other,
        };
        match frame.into_data() {
            Ok(mut data) => {
                data.truncate(self.left);
                self.left -= data.len();
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Err(frame) => Poll::Ready(Some(Ok(frame))),
        }
    }
}
