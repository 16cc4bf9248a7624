//! Secrets planted in every place where they are known to lie never get past the decoder.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use posture::facts::Leaf;
use posture::kind::Kind;
use posture::redact::table::kept_paths;
use posture::redact::{
    Declared, Names, RedactionKey, Redactor, Rule, WatchEvent, decode_json, decode_json_list,
    decode_manifests, decode_watch_line, invariants,
};
use posture::snapshot::{Origin, SnapshotBuilder};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Text that is planted; every place has a number of its own behind it.
const PLANTED: &str = "xyzzyPlanted";

fn redactor() -> Redactor {
    Redactor::new(RedactionKey::new(b"a key for tests"), Names::Resolvable)
}

/// Objects with secrets in every place where the guides, the charts and their users have put them.
fn objects() -> Vec<(Kind, Value)> {
    let text = include_str!("planted/objects.yaml");
    let mut found = Vec::new();
    for document in serde_norway::Deserializer::from_str(text) {
        let object: Value = serde::Deserialize::deserialize(document).unwrap();
        let kind =
            Kind::of_manifest(object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        found.push((kind.unwrap(), object));
    }
    found
}

#[test]
fn no_planted_secret_survives_in_a_record_or_a_fact() {
    let redactor = redactor();
    let mut builder = SnapshotBuilder::new(Origin::Declared, "test");
    for (kind, object) in objects() {
        let text = object.to_string();
        assert!(text.contains(PLANTED), "{kind} has nothing planted");
        let record = decode_json(text.as_bytes(), kind, &redactor).unwrap();
        let shown = format!("{record:?} {record:#?} {}", serde_json::to_string(&record).unwrap());
        assert!(!shown.contains(PLANTED), "{kind}: {shown}");
        builder.apply(&record).unwrap();
    }
    let snapshot = format!("{:?}", builder.build(posture::Timestamp::UNIX_EPOCH));
    assert!(!snapshot.contains(PLANTED));
    assert!(!format!("{redactor:?}").contains(PLANTED));
}

#[test]
fn no_planted_secret_survives_in_a_list_a_watch_or_a_file() {
    for (kind, object) in objects() {
        let redactor = redactor();
        let list = json!({"metadata": {"resourceVersion": "1"}, "items": [object]}).to_string();
        decode_json_list(list.as_bytes(), kind, &redactor, |record| {
            assert!(!format!("{record:?}").contains(PLANTED));
        })
        .unwrap();
        let line = json!({"type": "MODIFIED", "object": object}).to_string();
        let WatchEvent::Modified(record) = decode_watch_line(line.as_bytes(), kind, &redactor).unwrap()
        else {
            panic!("another event");
        };
        assert!(!format!("{record:?}").contains(PLANTED));
        let file = serde_norway::to_string(&object).unwrap();
        for declared in decode_manifests(&file, "x.yaml", &redactor, None).unwrap() {
            assert!(!format!("{declared:?}").contains(PLANTED));
            assert!(matches!(declared, Declared::Object { .. }));
        }
    }
}

#[test]
fn errors_hold_no_text_of_what_they_are_about() {
    for (kind, object) in objects() {
        let text = object.to_string();
        for end in (1..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(13) {
            let error = decode_json(&text.as_bytes()[..end], kind, &redactor()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(PLANTED));
            let broken = format!("{}\u{1}{}", &text[..end], &text[end..]);
            if let Err(error) = decode_json(broken.as_bytes(), kind, &redactor()) {
                assert!(!format!("{error} {error:?}").contains(PLANTED));
            }
        }
        let file = serde_norway::to_string(&object).unwrap();
        for end in (1..file.len()).filter(|end| file.is_char_boundary(*end)).step_by(29) {
            let broken = format!("{}\n ]: [{}", &file[..end], &file[end..]);
            if let Err(error) = decode_manifests(&broken, "x.yaml", &redactor(), None) {
                assert!(!format!("{error} {error:?}").contains(PLANTED));
            }
        }
    }
}

#[test]
fn a_dropped_value_leaves_its_class() {
    let redactor = redactor();
    let classes: BTreeMap<String, String> = objects()
        .into_iter()
        .filter(|(kind, _)| *kind == Kind::Pod)
        .flat_map(|(kind, object)| {
            let record = decode_json(object.to_string().as_bytes(), kind, &redactor).unwrap();
            let env = record.body["spec"]["containers"][0]["env"].as_array().unwrap().clone();
            env.into_iter().filter_map(|variable| {
                let leaf: Leaf = serde_json::from_value(variable["value"].clone()).ok()?;
                let Leaf::Dropped { class, .. } = leaf else { return None };
                Some((variable["name"].as_str()?.to_owned(), class))
            })
        })
        .collect();
    assert_eq!(classes["AWS_SECRET_ACCESS_KEY"], "key");
    assert_eq!(classes["DATABASE"], "url-with-credentials");
    assert_eq!(classes["JUPYTERHUB_API_TOKEN"], "token");
}

#[test]
fn equal_secrets_can_be_told_by_their_hash_and_only_with_the_same_key() {
    let pod = |value: &str| {
        json!({"metadata": {"name": "x", "namespace": "y"}, "spec": {"containers": [
            {"name": "c", "env": [{"name": "AWS_SECRET_ACCESS_KEY", "value": value}]}
        ]}})
        .to_string()
    };
    let hash = |key: &str, value: &str| {
        let redactor = Redactor::new(RedactionKey::new(key.as_bytes()), Names::Hashed);
        let record = decode_json(pod(value).as_bytes(), Kind::Pod, &redactor).unwrap();
        record.body["spec"]["containers"][0]["env"][0]["value"]["hmac"].as_str().unwrap().to_owned()
    };
    assert_eq!(hash("one", "hunter2"), hash("one", "hunter2"));
    assert_ne!(hash("one", "hunter2"), hash("one", "hunter3"));
    assert_ne!(hash("one", "hunter2"), hash("two", "hunter2"));
}

fn rich() -> &'static [(Kind, Value)] {
    static RICH: OnceLock<Vec<(Kind, Value)>> = OnceLock::new();
    RICH.get_or_init(objects)
}

/// Every object within an object, by its JSON pointer and by its path as the table writes it.
fn places(value: &Value, pointer: String, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let step = name.replace('~', "~0").replace('/', "~1");
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                places(field, format!("{pointer}/{step}"), path, found);
            }
            found.push((pointer, path));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, format!("{pointer}/{index}"), format!("{path}[]"), found);
            }
        }
        _ => {}
    }
}

/// Whether the table names this field, or takes any field there.
fn is_listed(kind: Kind, path: &str, name: &str) -> bool {
    let field = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    kept_paths(kind).iter().any(|(kept, rule)| {
        let is_on_the_way = kept
            .strip_prefix(&field)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{']));
        let is_free = matches!(rule, Rule::Labels) || kept.ends_with("{}");
        let start = kept.trim_end_matches("{}");
        let is_env = *rule == Rule::Env && path.starts_with(start);
        is_on_the_way || is_env || (is_free && field.starts_with(start))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_no_row_names_never_survives(
        object in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        name in prop_oneof![
            "[a-zA-Z]{1,12}",
            prop::sample::select(vec![
                "message", "value", "data", "stringData", "token", "httpHeaders", "volumeAttributes", "name",
                "command", "exec", "password", "args", "host", "path", "key", "secret", "email", "reason",
            ]).prop_map(str::to_owned),
        ],
        number in any::<u32>(),
        form in 0..4_u8,
    ) {
        let (kind, object) = &rich()[object.index(rich().len())];
        let mut found = Vec::new();
        places(object, String::new(), String::new(), &mut found);
        let (pointer, path) = &found[place.index(found.len())];
        prop_assume!(!is_listed(*kind, path, &name));
        let planted = format!("s{number:010}z");
        let value = match form {
            0 => json!(planted),
            1 => json!([planted]),
            2 => json!({"name": planted, "value": planted}),
            _ => json!({planted.clone(): {"value": [planted]}}),
        };
        let mut object = object.clone();
        object.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(name.clone(), value);
        let text = object.to_string();
        let decoded = decode_json(text.as_bytes(), *kind, &redactor());
        prop_assert!(!format!("{decoded:?}").contains(&planted), "{kind} {path}.{name}");
        let file = serde_norway::to_string(&object).unwrap();
        let decoded = decode_manifests(&file, "x.yaml", &redactor(), None);
        prop_assert!(!format!("{decoded:?}").contains(&planted), "{kind} {path}.{name}");
    }

    #[test]
    fn invariants_hold_of_objects_made_of_known_fields(number in any::<u8>(), object in known_fields()) {
        invariants::object(invariants::kind(number), object.to_string().as_bytes());
        let page = json!({"metadata": {}, "items": [object, object]}).to_string();
        invariants::list(invariants::kind(number), page.as_bytes());
        let line = json!({"type": "ADDED", "object": object}).to_string();
        invariants::watch_line(invariants::kind(number), line.as_bytes());
    }

    #[test]
    fn invariants_hold_of_any_text(number in any::<u8>(), text in "\\PC{0,200}") {
        invariants::object(invariants::kind(number), text.as_bytes());
        invariants::list(invariants::kind(number), text.as_bytes());
        invariants::watch_line(invariants::kind(number), text.as_bytes());
        invariants::manifests(&text);
    }

    #[test]
    fn invariants_hold_of_files_with_a_wound(at in any::<prop::sample::Index>(), wound in "[-:{}\\[\\]\"'#&*!|>%@` \n\t]{1,4}") {
        let text = include_str!("planted/objects.yaml");
        let at = at.index(text.len());
        prop_assume!(text.is_char_boundary(at));
        invariants::manifests(&format!("{}{wound}{}", &text[..at], &text[at..]));
    }
}

/// Objects whose fields have names that the table knows, in places where it may or may not know them.
fn known_fields() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(
        Kind::of_manifest("v1", "Pod")
            .into_iter()
            .chain([Kind::Deployment, Kind::Service, Kind::NetworkPolicy, Kind::ConfigMap, Kind::Ingress])
            .flat_map(|kind| kept_paths(kind).into_keys().collect::<Vec<_>>())
            .flat_map(|path| {
                path.split('.')
                    .map(|step| step.trim_end_matches(['[', ']', '{', '}']).to_owned())
                    .collect::<Vec<_>>()
            })
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9./:@=-]{0,12}".prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    let tree = leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    });
    (tree.clone(), tree.clone(), tree).prop_map(|(spec, status, labels)| {
        json!({
            "metadata": {"name": "x", "namespace": "y", "labels": labels, "annotations": status},
            "spec": spec, "status": status, "data": labels, "rules": spec, "subsets": spec
        })
    })
}
