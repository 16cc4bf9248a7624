//! Cuts a pod into what many pods share and what is its own, without losing anything that facts read.

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
    drop_hashes(&mut shape);
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

/// Drops the keyed hashes of dropped values: they differ from person to person, and no fact of a live pod reads them.
fn drop_hashes(body: &mut Value) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(drop_hashes),
        Value::Object(fields) => {
            if fields.get("redacted").is_some_and(|redacted| *redacted == Value::Bool(true)) {
                fields.shift_remove("hmac");
            }
            fields.values_mut().for_each(drop_hashes);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(token: &str, letters: &str, ip: &str) -> Value {
        json!({
            "metadata": {
                "name": format!("jupyter-{token}"), "namespace": "jhub", "uid": format!("uid-{token}"),
                "creationTimestamp": "2026-09-01T08:00:00Z",
                "labels": {"hub.jupyter.org/username": token, "component": "singleuser-server"}
            },
            "spec": {
                "nodeName": "node-1",
                "containers": [{
                    "name": "notebook",
                    "env": [{"name": "JUPYTERHUB_API_TOKEN",
                        "value": {"redacted": true, "class": "token", "hmac": format!("k:{token}")}}],
                    "volumeMounts": [{"name": format!("kube-api-access-{letters}")}]
                }],
                "volumes": [
                    {"name": format!("volume-{token}"), "persistentVolumeClaim": {"claimName": format!("claim-{token}")}},
                    {"name": format!("kube-api-access-{letters}")}
                ]
            },
            "status": {
                "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "hostIP": "192.0.2.1",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": format!("2026-09-01T08:00:{}Z", &letters[..2])}],
                "containerStatuses": [{"name": "notebook", "restartCount": letters.len(), "state": {"running": {"startedAt": ip}}}]
            }
        })
    }

    fn columns(token: &str) -> Columns {
        Columns {
            name: format!("jupyter-{token}"),
            namespace: "jhub".to_owned(),
            uid: format!("uid-{token}"),
            node: Some("node-1".to_owned()),
            phase: Some("Running".to_owned()),
            person: Some(token.to_owned()),
        }
    }

    #[test]
    fn pods_of_two_people_share_everything_but_their_own_values() {
        let one = split(&pod("p-aaaaaaaaaa", "12abc", "10.0.0.1"), Some("p-aaaaaaaaaa"));
        let two = split(&pod("p-bbbbbbbbbb", "34defg", "10.0.0.2"), Some("p-bbbbbbbbbb"));
        assert_eq!(one.shape, two.shape);
        assert_eq!(one.status, two.status);
        assert_ne!(one.own, two.own);
    }

    #[test]
    fn a_pod_is_put_together_as_it_was_but_for_keyed_hashes() {
        let token = "p-aaaaaaaaaa";
        let mut body = pod(token, "12abc", "10.0.0.1");
        let joined = join(split(&body, Some(token)), &columns(token));
        drop_hashes(&mut body);
        assert_eq!(joined, body);
    }

    #[test]
    fn a_pod_that_holds_a_placeholder_is_put_together_as_it_was() {
        let token = "p-aaaaaaaaaa";
        let mut body = pod(token, "12abc", "10.0.0.1");
        drop_hashes(&mut body);
        body["metadata"]["labels"]["odd"] = json!("\u{1}p and \u{1}n");
        assert_eq!(join(split(&body, Some(token)), &columns(token)), body);
    }

    #[test]
    fn a_pod_without_a_status_has_none_afterwards() {
        let body = json!({"metadata": {"name": "hub-0", "namespace": "jhub"}, "spec": {}});
        let columns =
            Columns { name: "hub-0".to_owned(), namespace: "jhub".to_owned(), ..Columns::default() };
        assert_eq!(join(split(&body, None), &columns), body);
    }
}
