//! The invented cluster that the generator serves: one hub of chart 4.4.0 from the fixtures of `posture`, and any number of user servers
//! that are made when they are asked for and held nowhere.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::places::Places;

/// The files whose objects stand in every cluster, in `posture/tests/bases/`.
const BASES: &[&str] = &["chart-4.4.0", "policies-4.4.0", "calico", "nodes-bare", "rbac-defaults"];

/// A pod as the API server writes it, with marks where pods differ.
const POD: &str = include_str!("pod.json");

/// The kinds of the bases that live in no namespace.
const WITHOUT_NAMESPACE: &[&str] = &["Namespace", "Node", "ClusterRole", "ClusterRoleBinding"];

/// The resourceVersion at which every list stands.
pub(super) const VERSION: usize = 1_000_000;

/// A cluster that does not exist.
pub(super) struct Cluster {
    /// Objects by the plural of their kind, as compact JSON.
    fixed: BTreeMap<String, Vec<String>>,
    /// The text between the marks of a pod, each piece with the mark that follows it.
    pod: Vec<(String, Option<Mark>)>,
    users: usize,
}

#[derive(Clone, Copy)]
enum Mark {
    User,
    Uid,
    Ip,
    Node,
    Token,
    Version,
}

impl Cluster {
    /// A cluster of about so many objects, nearly all of them pods of users.
    pub(super) fn new(places: &Places, objects: usize) -> Result<Self> {
        let mut fixed: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |object: Value| {
            let list = fixed.entry(plural(object["kind"].as_str().unwrap_or_default())).or_default();
            list.push(object.to_string());
        };
        for name in ["default", "kube-system", "jhub"] {
            let labels = json!({"kubernetes.io/metadata.name": name});
            add(finished(json!({"kind": "Namespace", "metadata": {"name": name, "labels": labels}}))?);
        }
        for base in BASES {
            let path = places.root.join(format!("posture/tests/bases/{base}.yaml"));
            let text =
                fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
            for document in serde_norway::Deserializer::from_str(&text) {
                let object =
                    Value::deserialize(document).with_context(|| format!("in {}", path.display()))?;
                if object.get("kind").is_some() {
                    add(finished(object)?);
                }
            }
        }
        let others: usize = fixed.values().map(Vec::len).sum();
        Ok(Self { fixed, pod: pieces()?, users: objects.saturating_sub(others) })
    }

    /// How many objects of a kind there are.
    pub(super) fn count(&self, plural: &str) -> usize {
        let users = if plural == "pods" { self.users } else { 0 };
        self.fixed.get(plural).map_or(0, Vec::len) + users
    }

    /// Writes one object of a kind as JSON.
    pub(super) fn write(&self, plural: &str, index: usize, into: &mut String) {
        let fixed = self.fixed.get(plural).map_or(&[][..], Vec::as_slice);
        match fixed.get(index) {
            Some(object) => into.push_str(object),
            None => self.write_pod(index - fixed.len(), into),
        }
    }

    /// The one object of a kind with this name.
    pub(super) fn find(&self, plural: &str, name: &str) -> Option<&str> {
        let wanted = format!("\"name\":\"{name}\"");
        self.fixed.get(plural)?.iter().find(|object| object.contains(&wanted)).map(String::as_str)
    }

    fn write_pod(&self, number: usize, into: &mut String) {
        use std::fmt::Write as _;
        for (text, mark) in &self.pod {
            into.push_str(text);
            // Writing to a string cannot fail.
            let _ = match mark {
                None => Ok(()),
                Some(Mark::User) => write!(into, "student-{number:06}"),
                Some(Mark::Uid) => write!(into, "7d1f0b5e-4c3a-4e2b-9d8f-{number:012x}"),
                Some(Mark::Ip) => {
                    write!(into, "10.{}.{}.{}", 64 + (number >> 16), (number >> 8) & 255, number & 255)
                }
                Some(Mark::Node) => write!(into, "node-{}", number % 40),
                Some(Mark::Token) => write!(into, "{:032x}", (number as u128 + 1) * 0x9e37_79b9_7f4a_7c15),
                Some(Mark::Version) => write!(into, "{}", VERSION - 200_000 + number),
            };
        }
    }
}

/// Fills in what the API server adds to an object.
fn finished(mut object: Value) -> Result<Value> {
    let kind = object["kind"].as_str().context("a manifest names its kind")?.to_owned();
    let name = object["metadata"]["name"].as_str().context("a manifest names its object")?.to_owned();
    let metadata = &mut object["metadata"];
    if !WITHOUT_NAMESPACE.contains(&kind.as_str()) && metadata.get("namespace").is_none() {
        metadata["namespace"] = "jhub".into();
    }
    let number =
        format!("{kind}/{name}").bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    metadata["uid"] = format!("00000000-0000-4000-8000-{:012x}", number & 0xffff_ffff_ffff).into();
    metadata["resourceVersion"] = (VERSION - 300_000).to_string().into();
    Ok(object)
}

/// The name of a kind in URLs.
fn plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if name.ends_with("ss") => format!("{name}es"),
        None => format!("{name}s"),
    }
}

/// Cuts the template of a pod at its marks.
fn pieces() -> Result<Vec<(String, Option<Mark>)>> {
    let template = serde_json::from_str::<Value>(POD).context("the template of a pod is JSON")?.to_string();
    let mut parts = template.split('@');
    let mut pieces = Vec::new();
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        let mark = match part {
            "USER" => Mark::User,
            "UID" => Mark::Uid,
            "IP" => Mark::Ip,
            "NODE" => Mark::Node,
            "TOKEN" => Mark::Token,
            "VERSION" => Mark::Version,
            // The `@` of an image's digest, perhaps.
            other => {
                text.push('@');
                text.push_str(other);
                continue;
            }
        };
        pieces.push((std::mem::take(&mut text), Some(mark)));
        let Some(after) = parts.next() else { bail!("the last mark of the template has no end") };
        after.clone_into(&mut text);
    }
    pieces.push((text, None));
    Ok(pieces)
}
