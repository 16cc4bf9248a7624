//! `perijove serve` with a cluster on loopback: memory while nothing happens, how fast a change is stored, how fast pages are.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::api::Api;
use super::cluster::Cluster;
use super::table::{Measure, Table, percentile};
use super::work::Work;
use super::{http, usage};
use crate::places::Places;
use crate::site::{self, Effort};

/// The names of the cases; they share one server.
pub(super) const NAMES: [&str; 3] = ["idle", "change", "pages"];

const OBJECTS: usize = 10_000;
const QUIET: Duration = Duration::from_secs(10);
const CHANGES: usize = 10;
const REQUESTS: usize = 300;

/// One of each kind of page.
const PAGES: [&str; 6] = [
    "/",
    "/clusters/bench",
    "/clusters/bench/gaps",
    "/clusters/bench/checks",
    "/clusters/bench/hubs/jhub/prod",
    "/clusters/bench/hubs/jhub/prod/checks/NET-01",
];

/// A running server; it ends with this value.
struct Server {
    child: Child,
    link: String,
    scans: Receiver<Scan>,
}

/// A committed scan, as the log tells.
struct Scan {
    at: Instant,
    trigger: String,
    changed: bool,
}

/// Measures what is asked for.
pub(super) fn run(
    places: &Places,
    binary: &Path,
    is_wanted: impl Fn(&str) -> bool,
    table: &mut Table,
) -> Result<()> {
    let api = Api::start(places, Cluster::new(places, OBJECTS)?)?;
    let work = Work::new(places, "serve")?;
    let kubeconfig = work.path("kubeconfig");
    fs::write(&kubeconfig, api.kubeconfig()).context("could not write the kubeconfig")?;
    let server = Server::start(binary, &kubeconfig, &work.path("history.db"))?;
    server.wait_for("initial", Duration::from_mins(3))?;
    if is_wanted(NAMES[0]) {
        thread::sleep(QUIET);
        let now = usage::memory(server.child.id(), "VmRSS").context("the server runs")?;
        let peak = usage::memory(server.child.id(), "VmHWM").context("the server runs")?;
        table.add(
            "idle: memory, 10,000 objects watched",
            Measure::Memory(now),
            Some(Measure::Memory(30 << 20)),
        );
        table.add("idle: peak memory up to then", Measure::Memory(peak), None);
    }
    if is_wanted(NAMES[1]) {
        changes(&api, &server, table)?;
    }
    if is_wanted(NAMES[2]) {
        pages(places, &server, table)?;
    }
    Ok(())
}

/// From a change at the API server to the committed scan that holds it: a policy goes, and comes back.
fn changes(api: &Api, server: &Server, table: &mut Table) -> Result<()> {
    let mut times = Vec::with_capacity(CHANGES);
    for round in 0..CHANGES {
        let started = Instant::now();
        api.change("networkpolicies", "singleuser", round % 2 == 1)?;
        let scan = server.wait_for("change", Duration::from_secs(30))?;
        if !scan.changed {
            bail!("a policy went or came, and nothing changed in the store");
        }
        times.push(scan.at.duration_since(started));
    }
    let goal = Some(Measure::Time(Duration::from_secs(2)));
    table.add(
        "change: to the changed finding in the store, median",
        Measure::Time(percentile(&mut times, 50)),
        goal,
    );
    table.add("change: the slowest of ten", Measure::Time(percentile(&mut times, 100)), goal);
    Ok(())
}

/// Asks each page many times over new connections, one after the other.
fn pages(places: &Places, server: &Server, table: &mut Table) -> Result<()> {
    let (address, path) = server.link.split_once('/').context("the link has a path")?;
    let signed = http::get(address, &format!("/{path}"), "")?;
    let cookie = signed
        .head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or(value))
        })
        .context("the one-time link gives a cookie")?;
    let headers = format!("Cookie:{cookie}\r\n");
    let mut largest = 0;
    for page in PAGES {
        let mut times = Vec::with_capacity(REQUESTS);
        let mut body = Vec::new();
        for _ in 0..REQUESTS {
            let started = Instant::now();
            let answer = http::get(address, page, &headers)?;
            times.push(started.elapsed());
            if answer.status != 200 {
                bail!("{page} was answered with {}", answer.status);
            }
            body = answer.body;
        }
        let goal = Some(Measure::Time(Duration::from_millis(20)));
        table.add(format!("pages: {page}, median"), Measure::Time(percentile(&mut times, 50)), None);
        table.add(format!("pages: {page}, p99"), Measure::Time(percentile(&mut times, 99)), goal);
        let packed = site::compress(&body, Effort::Fast)?.len() as u64;
        largest = largest.max(packed);
        table.add(format!("pages: {page}, HTML"), Measure::Size(body.len() as u64), None);
        table.add(
            format!("pages: {page}, HTML with Brotli"),
            Measure::Size(packed),
            Some(Measure::Size(40 << 10)),
        );
    }
    let assets: usize = site::list(places).iter().map(|asset| asset.brotli_bytes).sum();
    let all = Measure::Size(largest + assets as u64);
    table.add("pages: first view, the largest page with all assets", all, Some(Measure::Size(150 << 10)));
    Ok(())
}

impl Server {
    fn start(binary: &Path, kubeconfig: &Path, store: &Path) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["serve", "--name", "bench", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(kubeconfig)
            .arg("--store")
            .arg(store)
            .env("PERIJOVE_LOG__FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("could not start perijove serve")?;
        let output = child.stdout.take().context("the output was asked for")?;
        let log = child.stderr.take().context("the log was asked for")?;
        let (link, links) = channel();
        // Both streams are read to their end, so that the server never waits for somebody to read them.
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody waits for a second link.
                let _ = line.split_once("http://").map(|(_, rest)| link.send(rest.to_owned()));
            }
        });
        let (tell, scans) = channel();
        thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let at = Instant::now();
                match scan(&line, at) {
                    Some(scan) => drop(tell.send(scan)),
                    None if line.contains("\"INFO\"") => {}
                    None => eprintln!("{line}"),
                }
            }
        });
        let link = links.recv_timeout(Duration::from_secs(30));
        let mut server = Self { child, link: String::new(), scans };
        server.link = link.context("the server printed no link")?;
        Ok(server)
    }

    /// The next scan that was made for this reason.
    fn wait_for(&self, trigger: &str, at_most: Duration) -> Result<Scan> {
        let deadline = Instant::now() + at_most;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let scan = self
                .scans
                .recv_timeout(left)
                .with_context(|| format!("the server committed no scan of kind `{trigger}` in time"))?;
            if scan.trigger == trigger {
                return Ok(scan);
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and its database is thrown away.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of the log that tells of a committed scan.
fn scan(line: &str, at: Instant) -> Option<Scan> {
    let line: Value = serde_json::from_str(line).ok()?;
    let fields = line.get("fields")?;
    if fields["message"] != "scan committed" {
        return None;
    }
    let trigger = fields["trigger"].as_str()?.to_owned();
    Some(Scan { at, trigger, changed: fields["changed"].as_bool()? })
}
