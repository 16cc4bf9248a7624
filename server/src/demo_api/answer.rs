//! Turns requests into answers, with the shapes and the statuses of a real API server.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use serde_json::{Value, json};
use tower::BoxError;

use super::call::{Call, Objects, parameters};
use super::read::{self, Wanted};
use super::state::State;
use super::{Answer, DemoApi, watching};

/// A refusal: its status, its machine-readable reason, and a message.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str, pub(super) String);

impl Refusal {
    /// The `Status` object that goes with it.
    pub(super) fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.2, "reason": self.1, "code": self.0.as_u16(),
        })
    }

    pub(super) fn not_found() -> Self {
        let message = "the server could not find the requested resource";
        Self(StatusCode::NOT_FOUND, "NotFound", message.to_owned())
    }

    pub(super) fn expired(message: &str) -> Self {
        Self(StatusCode::GONE, "Expired", message.to_owned())
    }

    pub(super) fn bad(message: &str) -> Self {
        Self(StatusCode::BAD_REQUEST, "BadRequest", message.to_owned())
    }

    fn forbidden(plural: &str) -> Self {
        let message = format!("{plural} is forbidden: the account of the demo cannot do this");
        Self(StatusCode::FORBIDDEN, "Forbidden", message)
    }
}

/// Answers one request.
pub(super) async fn respond<B>(api: &DemoApi, request: Request<B>) -> Response<Answer>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    let (head, body) = request.into_parts();
    let call = Call::parse(head.uri.path());
    let query = parameters(head.uri.query());
    let answer = match (call, query) {
        (_, None) => Err(Refusal::bad("the query cannot be understood")),
        (None, _) => Err(Refusal::not_found()),
        (Some(Call::Objects(objects)), Some(query)) if head.method == Method::GET => {
            match wanted(&head.headers) {
                Some(wanted) => self::objects(api, &objects, &query, wanted),
                None => Err(Refusal(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", "no such form".to_owned())),
            }
        }
        (Some(Call::Objects(objects)), Some(_)) => match (&head.method, objects.group.as_str()) {
            (&Method::POST, "authorization.k8s.io") => review(api, &objects, body).await,
            _ => Err(Refusal::forbidden(&objects.plural)),
        },
        (Some(call), Some(_)) => {
            discover(&api.state(), &call).map(|document| full(StatusCode::OK, &document))
        }
    };
    let mut answer = answer.unwrap_or_else(|refusal| full(refusal.0, &refusal.status()));
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&api.clock.now());
    if let Some(date) = date.ok().and_then(|date| date.parse().ok()) {
        answer.headers_mut().insert(header::DATE, date);
    }
    answer
}

/// The form the client accepts; `None` for those the demo does not speak.
fn wanted(headers: &HeaderMap) -> Option<Wanted> {
    let accept = headers.get(header::ACCEPT).map_or(Ok("*/*"), |value| value.to_str()).ok()?;
    if accept.contains("as=PartialObjectMetadata") {
        Some(Wanted::Metadata)
    } else if ["application/json", "*/*"]
        .iter()
        .any(|plain| accept.split(',').any(|one| one.trim() == *plain))
    {
        Some(Wanted::Whole)
    } else {
        None
    }
}

fn objects(
    api: &DemoApi,
    asked: &Objects,
    query: &BTreeMap<String, String>,
    wanted: Wanted,
) -> Result<Response<Answer>, Refusal> {
    let state = api.state();
    let resource = state
        .resources
        .find(&asked.group, &asked.version, &asked.plural)
        .filter(|resource| resource.namespaced || asked.namespace.is_none())
        .ok_or_else(Refusal::not_found)?
        .clone();
    // For the rules of access a Namespace stands in itself.
    let namespace = match (&asked.namespace, &asked.name) {
        (None, Some(name)) if asked.plural == "namespaces" => Some(name.as_str()),
        (namespace, _) => namespace.as_deref(),
    };
    let may = match &asked.name {
        Some(name) => {
            let place = (namespace.unwrap_or_default().to_owned(), name.clone());
            state.may_get(&asked.group, &asked.plural, &place)
        }
        None => state.may_read(&asked.group, &asked.plural, namespace),
    };
    if !may {
        return Err(Refusal::forbidden(&asked.plural));
    }
    if query.contains_key("labelSelector") {
        return Err(Refusal::bad("the demo's API knows no label selectors"));
    }
    if let Some(name) = &asked.name {
        let place = (asked.namespace.clone().unwrap_or_default(), name.clone());
        let object = state.get(&resource, &place).ok_or_else(Refusal::not_found)?;
        return Ok(full(StatusCode::OK, &super::state::shape(&object, wanted == Wanted::Metadata)));
    }
    if query.get("watch").is_some_and(|watch| watch == "1" || watch == "true") {
        drop(state);
        let stream = watching::stream(api.clone(), resource, asked.namespace.clone(), query, wanted)?;
        return Ok(json_response(StatusCode::OK, stream));
    }
    read::list(&state, &resource, asked.namespace.as_deref(), query, wanted)
        .map(|list| full(StatusCode::OK, &list))
}

async fn review<B>(api: &DemoApi, asked: &Objects, body: B) -> Result<Response<Answer>, Refusal>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
{
    let read = Box::pin(Limited::new(DropError(Box::pin(body)), 64 << 10).collect()).await;
    let bytes = read.map_err(|_| Refusal::bad("the review cannot be read"))?.to_bytes();
    let review: Value = serde_json::from_slice(&bytes).map_err(|_| Refusal::bad("the review is not JSON"))?;
    let state = api.state();
    match asked.plural.as_str() {
        "selfsubjectaccessreviews" => Ok(full(StatusCode::CREATED, &state.review_access(&review))),
        "selfsubjectrulesreviews" => Ok(full(StatusCode::CREATED, &state.review_rules(&review))),
        other => Err(Refusal::forbidden(other)),
    }
}

/// A body whose errors are of no interest: what cannot be read is a bad request, whatever the reason.
struct DropError<B>(std::pin::Pin<Box<B>>);

impl<B: http_body::Body> http_body::Body for DropError<B> {
    type Data = B::Data;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<B::Data>, Self::Error>>> {
        self.0
            .as_mut()
            .poll_frame(context)
            .map(|frame| frame.map(|read| read.map_err(|_| std::io::Error::other("the body broke off"))))
    }
}

fn discover(state: &State, call: &Call) -> Result<Value, Refusal> {
    match call {
        Call::Version => Ok(json!({"gitVersion": state.kubernetes})),
        Call::CoreVersions => Ok(json!({"kind": "APIVersions", "versions": ["v1"]})),
        Call::Groups => {
            let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for resource in state.resources.served().filter(|resource| !resource.group.is_empty()) {
                groups.entry(&resource.group).or_default().insert(&resource.version);
            }
            let groups: Vec<Value> = groups
                .into_iter()
                .map(|(group, versions)| {
                    let versions: Vec<Value> = versions
                        .into_iter()
                        .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
                        .collect();
                    json!({"name": group, "versions": versions, "preferredVersion": versions[0]})
                })
                .collect();
            Ok(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
        }
        Call::Resources { group, version } => {
            let resources: Vec<Value> = state
                .resources
                .served()
                .filter(|resource| resource.group == *group && resource.version == *version)
                .map(|resource| {
                    json!({
                        "name": resource.plural, "kind": resource.kind, "namespaced": resource.namespaced,
                        "singularName": resource.kind.to_lowercase(), "verbs": ["get", "list", "watch"],
                    })
                })
                .collect();
            if resources.is_empty() {
                return Err(Refusal::not_found());
            }
            let group_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
            Ok(json!({
                "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
            }))
        }
        Call::Objects(_) => Err(Refusal::not_found()),
    }
}

fn full(status: StatusCode, document: &Value) -> Response<Answer> {
    let body = Full::new(Bytes::from(document.to_string())).map_err(|never| -> BoxError { match never {} });
    json_response(status, body.boxed_unsync())
}

fn json_response(status: StatusCode, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
