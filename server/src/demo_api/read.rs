//! Lists: pages of one consistent state, field selectors, continue tokens.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Refusal;
use super::resources::Resource;
use super::state::{Place, State, shape};

/// The form in which objects are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Whole.
    Whole,
    /// Only the metadata.
    Metadata,
}

/// One page of a list.
pub(super) fn list(
    state: &State,
    resource: &Resource,
    namespace: Option<&str>,
    query: &BTreeMap<String, String>,
    wanted: Wanted,
) -> Result<Value, Refusal> {
    let limit: usize = match query.get("limit") {
        None => 0,
        Some(limit) => limit.parse().map_err(|_| Refusal::bad("limit is not a number"))?,
    };
    let (version, after) = match query.get("continue").filter(|token| !token.is_empty()) {
        None => (state.version(), None),
        Some(token) => {
            let (version, place) =
                open_token(token).ok_or_else(|| Refusal::bad("continue key is not valid"))?;
            (version, Some(place))
        }
    };
    let selector = Selector::parse(query.get("fieldSelector").map_or("", String::as_str))?;
    let objects = state.at(&resource.collection(), version).ok_or_else(|| {
        Refusal::expired("The provided continue parameter is too old to display a consistent list result.")
    })?;
    let mut matching = objects
        .into_iter()
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .filter(|(place, object)| {
            namespace.is_none_or(|namespace| place.0 == namespace) && selector.matches(object)
        });
    let mut page = Vec::new();
    let mut last = None;
    while limit == 0 || page.len() < limit {
        let Some((place, object)) = matching.next() else { break };
        let mut item = shape(&object, wanted == Wanted::Metadata);
        if !resource.custom
            && wanted == Wanted::Whole
            && let Some(fields) = item.as_object_mut()
        {
            // Lists of built-in kinds do not repeat what the list is of.
            fields.remove("apiVersion");
            fields.remove("kind");
        }
        page.push(item);
        last = Some(place);
    }
    let mut metadata = json!({"resourceVersion": version.to_string()});
    let rest = matching.count();
    if rest > 0
        && let Some(last) = last
    {
        metadata["continue"] = make_token(version, &last).into();
        metadata["remainingItemCount"] = rest.into();
    }
    let (api_version, kind) = match wanted {
        Wanted::Whole => (resource.api_version(), format!("{}List", resource.kind)),
        Wanted::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadataList".to_owned()),
    };
    Ok(json!({"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": page}))
}

fn make_token(version: u64, last: &Place) -> String {
    use std::fmt::Write as _;
    format!("{version}:{}/{}", last.0, last.1).bytes().fold(String::new(), |mut token, byte| {
        // Writing to a String cannot fail.
        let _ = write!(token, "{byte:02x}");
        token
    })
}

fn open_token(token: &str) -> Option<(u64, Place)> {
    let digit = |at: usize| u8::from_str_radix(token.get(at..at + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..token.len()).step_by(2).map(digit).collect::<Option<_>>()?;
    let text = String::from_utf8(bytes).ok()?;
    let (version, place) = text.split_once(':')?;
    let (namespace, name) = place.split_once('/')?;
    Some((version.parse().ok()?, (namespace.to_owned(), name.to_owned())))
}

/// A field selector: `metadata.name=hub,status.phase!=Running`.
#[derive(Debug, Default)]
pub(super) struct Selector(Vec<(String, bool, String)>);

impl Selector {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let terms = text.split(',').filter(|term| !term.is_empty()).map(|term| {
            let (path, rest) = term.split_once('=')?;
            let (path, wanted) = path.strip_suffix('!').map_or((path, true), |path| (path, false));
            let value = rest.strip_prefix('=').unwrap_or(rest);
            Some((format!("/{}", path.replace('.', "/")), wanted, value.to_owned()))
        });
        terms.collect::<Option<_>>().map(Self).ok_or_else(|| Refusal::bad("the field selector is not valid"))
    }

    pub(super) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(path, wanted, value)| {
            let found = object.pointer(path).and_then(Value::as_str).unwrap_or_default();
            (found == value) == *wanted
        })
    }
}
