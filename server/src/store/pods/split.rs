//! Cuts a pod into what many pods share and what is its own, without loss.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values that differ from pod to pod and have a column.
const IN_COLUMNS: [&str; 5] =
    ["/metadata/name", "/metadata/namespace", "/metadata/uid", "/spec/nodeName", "/status/phase"];

/// Values that differ from pod to pod; `*` stands for every item of a list.
const OWN: [&str; 16] = [
    "/metadata/creationTimestamp",
    "/metadata/deletionTimestamp",
    "/status/podIP",
    "/status/podIPs",
    "/status/hostIP",
    "/status/hostIPs",
    "/status/startTime",
    "/status/conditions/*/lastTransitionTime",
    "/status/containerStatuses/*/restartCount",
    "/status/containerStatuses/*/state/running/startedAt",
    "/status/containerStatuses/*/state/terminated/startedAt",
    "/status/containerStatuses/*/state/terminated/finishedAt",
    "/status/initContainerStatuses/*/restartCount",
    "/status/initContainerStatuses/*/state/running/startedAt",
    "/status/initContainerStatuses/*/state/terminated/startedAt",
    "/status/initContainerStatuses/*/state/terminated/finishedAt",
];

/// Begins a placeholder. Names hold no control character; a body that holds this one somewhere else gets no placeholders.
const MARK: char = '\u{1}';

/// The key among own values that says that a body has no placeholders.
const VERBATIM: &str = "verbatim";

/// The name of the token volume that the API server adds to a pod ends in five random characters.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// Own values of this length or less are not worth a placeholder, and too likely to be part of something else.
const SHORT: usize = 5;

/// The two shared parts of a pod, and its own values by JSON pointer.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store) struct Split {
    /// Metadata and specification.
    pub(in crate::store) shape: Value,
    /// The kept part of the status.
    pub(in crate::store) status: Value,
    /// Own values that no column holds.
    pub(in crate::store) own: BTreeMap<String, Value>,
}

/// The values of a pod that have a column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::store) struct Columns {
    /// `/metadata/name`.
    pub(in crate::store) name: String,
    /// `/metadata/namespace`.
    pub(in crate::store) namespace: String,
    /// `/metadata/uid`.
    pub(in crate::store) uid: String,
    /// `/spec/nodeName`.
    pub(in crate::store) node: Option<String>,
    /// `/status/phase`.
    pub(in crate::store) phase: Option<String>,
    /// The token of the person whose server it is.
    pub(in crate::store) person: Option<String>,
}

/// Cuts a pod's body.
pub(in crate::store) fn split(body: &Value, person: Option<&str>) -> Split {
    let mut shape = body.clone();
    let mut own = BTreeMap::new();
    let is_verbatim = holds_mark(body);
    if is_verbatim {
        own.insert(VERBATIM.to_owned(), Value::Bool(true));
    } else if let Some(volume) = token_volume(body) {
        own.insert(TOKEN_VOLUME.to_owned(), Value::String(volume));
    }
    for pattern in OWN {
        take(&mut shape, pattern, &mut own);
    }
    let mut columns = BTreeMap::new();
    for pattern in IN_COLUMNS {
        take(&mut shape, pattern, &mut columns);
    }
    let text = |pointer: &str| columns.get(pointer).and_then(Value::as_str);
    let words = words(text("/metadata/name"), person, own.get(TOKEN_VOLUME).and_then(Value::as_str));
    let words = if is_verbatim { Vec::new() } else { words };
    replace(&mut shape, &words, &|text, (mark, word)| text.replace(word.as_str(), mark));
    let status = shape.as_object_mut().and_then(|fields| fields.remove("status")).unwrap_or(Value::Null);
    Split { shape, status, own }
}

/// Puts a pod's body together again.
pub(in crate::store) fn join(split: Split, columns: &Columns) -> Value {
    let Split { shape: mut body, status, mut own } = split;
    if let (Some(fields), false) = (body.as_object_mut(), status.is_null()) {
        fields.insert("status".to_owned(), status);
    }
    let volume = own.remove(TOKEN_VOLUME);
    let words =
        words(Some(&columns.name), columns.person.as_deref(), volume.as_ref().and_then(Value::as_str));
    let words = if own.remove(VERBATIM).is_some() { Vec::new() } else { words };
    replace(&mut body, &words, &|text, (mark, word)| text.replace(mark.as_str(), word));
    let columns = [
        ("/metadata/name", Some(&columns.name)),
        ("/metadata/namespace", Some(&columns.namespace)),
        ("/metadata/uid", Some(&columns.uid).filter(|uid| !uid.is_empty())),
        ("/spec/nodeName", columns.node.as_ref()),
        ("/status/phase", columns.phase.as_ref()),
    ];
    for (pointer, text) in columns {
        if let Some(text) = text {
            put(&mut body, pointer, Value::String(text.clone()));
        }
    }
    for (pointer, value) in own {
        put(&mut body, &pointer, value);
    }
    body
}

/// The placeholders and what they stand for, longest first because a pod's name holds the person's token.
fn words(name: Option<&str>, person: Option<&str>, volume: Option<&str>) -> Vec<(String, String)> {
    let candidates = [('n', name), ('p', person), ('v', volume)];
    let mut words: Vec<(String, String)> = candidates
        .into_iter()
        .filter_map(|(letter, word)| Some((format!("{MARK}{letter}"), word?.to_owned())))
        .filter(|(_, word)| word.len() > SHORT)
        .collect();
    words.sort_by_key(|(_, word)| std::cmp::Reverse(word.len()));
    words
}

/// Moves the values at a pattern out of a body.
fn take(body: &mut Value, pattern: &str, into: &mut BTreeMap<String, Value>) {
    let Some((list, rest)) = pattern.split_once("/*") else {
        if let Some((parent, leaf)) = pattern.rsplit_once('/')
            && let Some(value) =
                body.pointer_mut(parent).and_then(Value::as_object_mut).and_then(|o| o.remove(leaf))
        {
            into.insert(pattern.to_owned(), value);
        }
        return;
    };
    let count = body.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
    for index in 0..count {
        take(body, &format!("{list}/{index}{rest}"), into);
    }
}

/// Puts a value where `take` found it; the parent is still there because only leaves are taken.
fn put(body: &mut Value, pointer: &str, value: Value) {
    if let Some((parent, leaf)) = pointer.rsplit_once('/')
        && let Some(fields) = body.pointer_mut(parent).and_then(Value::as_object_mut)
    {
        fields.insert(leaf.to_owned(), value);
    }
}

/// Rewrites every string value of a body with each pair of placeholder and word.
fn replace(
    body: &mut Value,
    words: &[(String, String)],
    rewrite: &dyn Fn(&str, &(String, String)) -> String,
) {
    match body {
        Value::String(text) => {
            for word in words {
                if text.contains(&word.0) || text.contains(&word.1) {
                    *text = rewrite(text, word);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| replace(item, words, rewrite)),
        Value::Object(fields) => fields.values_mut().for_each(|value| replace(value, words, rewrite)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Whether some string of a body holds the character that begins a placeholder.
fn holds_mark(body: &Value) -> bool {
    match body {
        Value::String(text) => text.contains(MARK),
        Value::Array(items) => items.iter().any(holds_mark),
        Value::Object(fields) => fields.values().any(holds_mark),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The full name of the token volume, if the pod has one.
fn token_volume(body: &Value) -> Option<String> {
    let volumes = body.pointer("/spec/volumes")?.as_array()?;
    let mut names = volumes.iter().filter_map(|v| v.get("name").and_then(Value::as_str));
    names.find(|name| name.starts_with(TOKEN_VOLUME)).map(str::to_owned)
}
