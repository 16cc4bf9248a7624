//! A fake API server on loopback that speaks enough of the Kubernetes API to be listed and watched: discovery, pages, watches with
//! bookmarks, reviews. It runs in this process, so that nothing of it counts as Perijove's memory or CPU time. Lists are compressed when
//! asked, as a real server does; there is no TLS.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::cluster::{Cluster, VERSION};
use crate::places::Places;

/// How often a watch that hears nothing gets a bookmark.
const BOOKMARK: Duration = Duration::from_secs(20);

/// Groups that only exist where somebody has installed them; this cluster has none.
const NOT_INSTALLED: &[&str] = &[
    "cert-manager.io",
    "cilium.io",
    "crd.projectcalico.org",
    "gateway.networking.k8s.io",
    "policy.networking.k8s.io",
];

/// The fake API server.
pub(super) struct Api {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    cluster: Cluster,
    /// The resources of each group, from the role that Perijove is granted.
    groups: BTreeMap<String, Vec<String>>,
    events: Mutex<Vec<Event>>,
    happened: Condvar,
}

/// A change that watches are told.
struct Event {
    plural: &'static str,
    line: String,
}

struct Request {
    method: String,
    path: String,
    query: String,
    gzip: bool,
    body: Vec<u8>,
}

impl Api {
    /// Serves a cluster until this process ends.
    pub(super) fn start(places: &Places, cluster: Cluster) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("could not listen on loopback")?;
        let port = listener.local_addr().context("the listener has an address")?.port();
        let shared = Arc::new(Shared {
            cluster,
            groups: groups(places)?,
            events: Mutex::default(),
            happened: Condvar::new(),
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&serving);
                // A client that goes away ends its connection, and nothing else.
                thread::spawn(move || shared.talk(connection));
            }
        });
        Ok(Self { port, shared })
    }

    /// A kubeconfig that leads here.
    pub(super) fn kubeconfig(&self) -> String {
        let server = format!("http://127.0.0.1:{}", self.port);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "clusters": [{"name": "bench", "cluster": {"server": server}}],
            "users": [{"name": "bench", "user": {}}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        })
        .to_string()
    }

    /// Takes one object away, or brings it back, for everybody who watches its kind.
    pub(super) fn change(&self, plural: &'static str, name: &str, is_there: bool) -> Result<()> {
        let text = self.shared.cluster.find(plural, name).context("the cluster holds the object")?;
        let mut object: Value = serde_json::from_str(text).context("objects are JSON")?;
        let mut events = self.shared.events.lock().unwrap_or_else(PoisonError::into_inner);
        object["metadata"]["resourceVersion"] = (VERSION + 1 + events.len()).to_string().into();
        let word = if is_there { "ADDED" } else { "DELETED" };
        events.push(Event { plural, line: json!({"type": word, "object": object}).to_string() });
        self.shared.happened.notify_all();
        Ok(())
    }
}

impl Shared {
    fn talk(&self, connection: TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection.try_clone()?);
        let mut writer = io::BufWriter::with_capacity(1 << 16, connection);
        while let Some(request) = read(&mut reader)? {
            self.answer(&request, &mut writer)?;
            writer.flush()?;
        }
        Ok(())
    }

    fn answer(&self, request: &Request, out: &mut impl Write) -> io::Result<()> {
        let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        if request.method == "POST" {
            return document(out, 201, &review(&request.body));
        }
        match segments[..] {
            ["apis"] => document(out, 200, &self.group_list()),
            ["api", "v1"] => self.resource_list("", out),
            ["apis", group, _] => self.resource_list(group, out),
            ["api", "v1", "namespaces", name] => self.object("namespaces", name, out),
            ["api", "v1", "namespaces", _, plural, name] => self.object(plural, name, out),
            ["api", "v1", plural] | ["apis", _, _, plural] if request.query.contains("watch=1") => {
                self.watch(plural, out)
            }
            ["api", "v1", plural] | ["apis", _, _, plural] => self.list(plural, request, out),
            _ => not_found(out),
        }
    }

    fn group_list(&self) -> Value {
        let named = self.groups.keys().filter(|group| !group.is_empty());
        let groups: Vec<Value> =
            named.map(|group| json!({"name": group, "versions": [{"version": version(group)}]})).collect();
        json!({"kind": "APIGroupList", "groups": groups})
    }

    fn resource_list(&self, group: &str, out: &mut impl Write) -> io::Result<()> {
        let Some(plurals) = self.groups.get(group) else { return not_found(out) };
        let resources: Vec<Value> = plurals.iter().map(|plural| json!({"name": plural})).collect();
        document(out, 200, &json!({"kind": "APIResourceList", "resources": resources}))
    }

    fn object(&self, plural: &str, name: &str, out: &mut impl Write) -> io::Result<()> {
        match self.cluster.find(plural, name) {
            Some(object) => head(out, 200, &format!("Content-Length: {}", object.len()))
                .and_then(|()| out.write_all(object.as_bytes())),
            None => not_found(out),
        }
    }

    /// One page, an object at a time.
    fn list(&self, plural: &str, request: &Request, out: &mut impl Write) -> io::Result<()> {
        let number = |name: &str| {
            let mut pairs = request.query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.parse::<usize>().ok())
        };
        let count = self.cluster.count(plural);
        let from = number("continue").unwrap_or(0).min(count);
        let to = number("limit").map_or(count, |limit| from + limit).min(count);
        let token = if to < count { to.to_string() } else { String::new() };
        if !request.gzip {
            head(out, 200, "Transfer-Encoding: chunked")?;
            self.page(plural, from..to, &token, &mut Chunked(&mut *out))?;
            return out.write_all(b"0\r\n\r\n");
        }
        head(out, 200, "Content-Encoding: gzip\r\nTransfer-Encoding: chunked")?;
        // The level that the API server uses.
        let mut packer =
            GzEncoder::new(io::BufWriter::with_capacity(1 << 14, Chunked(&mut *out)), Compression::fast());
        self.page(plural, from..to, &token, &mut packer)?;
        packer.finish()?.flush()?;
        out.write_all(b"0\r\n\r\n")
    }

    fn page(
        &self,
        plural: &str,
        range: std::ops::Range<usize>,
        token: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        write!(
            out,
            r#"{{"kind":"List","metadata":{{"resourceVersion":"{VERSION}","continue":"{token}"}},"items":["#
        )?;
        let mut object = String::new();
        for index in range.clone() {
            object.clear();
            if index > range.start {
                object.push(',');
            }
            self.cluster.write(plural, index, &mut object);
            out.write_all(object.as_bytes())?;
        }
        out.write_all(b"]}")
    }

    /// Tells changes until the client goes away.
    fn watch(&self, plural: &str, out: &mut impl Write) -> io::Result<()> {
        head(out, 200, "Transfer-Encoding: chunked")?;
        out.flush()?;
        let mut told = 0;
        let mut quiet_since = Instant::now();
        loop {
            let mut lines = Vec::new();
            {
                let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
                let wait = self.happened.wait_timeout_while(events, BOOKMARK, |events| events.len() == told);
                let (events, _) = wait.unwrap_or_else(PoisonError::into_inner);
                lines.extend(
                    events[told..]
                        .iter()
                        .filter(|event| event.plural == plural)
                        .map(|event| event.line.clone()),
                );
                told = events.len();
            }
            if lines.is_empty() && quiet_since.elapsed() >= BOOKMARK {
                let metadata = json!({"resourceVersion": (VERSION + told).to_string()});
                lines.push(json!({"type": "BOOKMARK", "object": {"metadata": metadata}}).to_string());
            }
            for line in lines {
                Chunked(&mut *out).write_all(format!("{line}\n").as_bytes())?;
                quiet_since = Instant::now();
            }
            out.flush()?;
        }
    }
}

/// Each write is a chunk.
struct Chunked<W>(W);

impl<W: Write> Write for Chunked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            write!(self.0, "{:x}\r\n", bytes.len())?;
            self.0.write_all(bytes)?;
            self.0.write_all(b"\r\n")?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn read(reader: &mut impl io::BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or("/");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    let (mut gzip, mut length) = (false, 0);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        match header.split_once(':') {
            None => break,
            Some(("accept-encoding", value)) => gzip = value.contains("gzip"),
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(_) => {}
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Some(Request { method, path, query, gzip, body }))
}

fn head(out: &mut impl Write, status: u16, headers: &str) -> io::Result<()> {
    write!(out, "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
}

fn document(out: &mut impl Write, status: u16, value: &Value) -> io::Result<()> {
    let text = value.to_string();
    head(out, status, &format!("Content-Length: {}", text.len()))?;
    out.write_all(text.as_bytes())
}

fn not_found(out: &mut impl Write) -> io::Result<()> {
    document(out, 404, &json!({"kind": "Status", "code": 404}))
}

/// The answer of an RBAC authoriser to an account that may read.
fn review(body: &[u8]) -> Value {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let verb = asked["spec"]["resourceAttributes"]["verb"].as_str().unwrap_or_default();
    let allowed = verb == "list";
    let reason = if allowed { "RBAC: allowed by ClusterRoleBinding \"perijove\"" } else { "" };
    json!({"kind": asked["kind"], "status": {"allowed": allowed, "reason": reason}})
}

fn version(group: &str) -> &'static str {
    if group == "autoscaling" { "v2" } else { "v1" }
}

/// The groups and resources of the role in `deploy/`, as far as every cluster serves them.
fn groups(places: &Places) -> Result<BTreeMap<String, Vec<String>>> {
    let path = places.root.join("deploy/role.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("could not read {}", path.display()))?;
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for document in serde_norway::Deserializer::from_str(&text) {
        let object: Value = serde::Deserialize::deserialize(document).context("the role is YAML")?;
        for rule in object["rules"].as_array().into_iter().flatten() {
            let texts = |field: &str| {
                let list = rule[field].as_array().into_iter().flatten();
                list.filter_map(|text| text.as_str().map(str::to_owned)).collect::<Vec<_>>()
            };
            for group in
                texts("apiGroups").into_iter().filter(|group| !NOT_INSTALLED.contains(&group.as_str()))
            {
                groups.entry(group).or_default().extend(texts("resources"));
            }
        }
    }
    Ok(groups)
}
