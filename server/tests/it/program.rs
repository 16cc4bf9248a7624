//! The real binary `perijove`, run and looked at as a person would.

mod browser;
mod needles;

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use self::browser::{Browser, words};
pub(crate) use self::needles::Needles;

/// How long something may take on a machine with other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A folder of its own for everything that a program writes.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::Builder::new().prefix("perijove-test-").tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// The database of a program that serves.
    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("perijove.db")
    }

    /// A folder in it for declared files.
    pub(crate) fn declared(&self) -> PathBuf {
        let folder = self.path().join("declared");
        fs::create_dir_all(&folder).expect("a folder of our own");
        folder
    }

    /// The program, in this folder and with nothing of the environment of the test.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perijove"));
        command.env_clear().env("HOME", self.path()).env("TMPDIR", self.path()).current_dir(self.path());
        command
    }

    /// Runs one subcommand to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the program starts")
    }

    /// Every byte of every file below the folder, with the file's path.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("our own folder") {
                let path = entry.expect("an entry of our own folder").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("a file of our own");
                    found.push((path, bytes));
                }
            }
        }
        found
    }
}

/// `perijove serve` at work; dropping it kills it as `kill -9` does.
pub(crate) struct Serving {
    child: Child,
    /// Standard output; the one-time links come there.
    said: BufReader<ChildStdout>,
    address: String,
    link: String,
    log: PathBuf,
}

impl Serving {
    /// Starts it on a free port and waits until it serves. Its log goes to `serve.log` in the folder, as JSON.
    pub(crate) fn start(folder: &Folder, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = folder.path().join("serve.log");
        let output = OpenOptions::new().create(true).append(true).open(&log).expect("a log of our own");
        let mut child = folder
            .command()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .env("PERIJOVE_LOG__FORMAT", "json")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(output)
            .spawn()
            .expect("the program starts");
        let said = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let mut this = Self { child, said, address: String::new(), link: String::new(), log };
        this.next_link();
        let (address, _) = this.link.split_once("/sign-in").expect("the link is an address");
        this.address = address.trim_start_matches("http://").to_owned();
        this
    }

    fn next_link(&mut self) {
        let mut said = String::new();
        self.said.read_line(&mut said).expect("standard output can be read");
        let link = said.trim().strip_prefix("Perijove is at ");
        self.link = link.unwrap_or_else(|| panic!("no link but `{said}`; log:\n{}", self.log())).to_owned();
    }

    /// A browser that has used the one-time link.
    pub(crate) fn browser(&mut self) -> Browser {
        let browser = Browser::sign_in(&self.address, &self.link);
        self.next_link();
        browser
    }

    /// What it has logged, of earlier starts in the same folder too.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Every scan it says it has committed: the cluster and the number.
    pub(crate) fn scans(&self) -> Vec<(String, i64)> {
        let log = self.log();
        // The last line may be half written.
        let complete = log.rfind('\n').map_or("", |end| &log[..end]);
        complete
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|entry| entry["fields"]["message"] == "scan committed")
            .filter_map(|entry| {
                Some((entry["fields"]["cluster"].as_str()?.to_owned(), entry["fields"]["scan"].as_i64()?))
            })
            .collect()
    }

    /// Waits until a scan of this number or a later one is committed; its number.
    pub(crate) async fn wait_for_scan(&mut self, cluster: &str, number: i64) -> i64 {
        let deadline = Instant::now() + PATIENCE;
        let mut often = tokio::time::interval(Duration::from_millis(20));
        loop {
            often.tick().await;
            let scans = self.scans();
            let last = scans.iter().filter(|(name, _)| name == cluster).map(|(_, scan)| *scan).max();
            if let Some(last) = last.filter(|last| *last >= number) {
                return last;
            }
            let ended = self.child.try_wait().expect("our own child");
            assert!(ended.is_none(), "it ended with {ended:?}:\n{}", self.log());
            assert!(Instant::now() < deadline, "no scan {number} of {cluster}:\n{}", self.log());
        }
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("our own child");
        self.child.wait().expect("our own child");
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        assert!(asked.success());
        let status = self.child.wait().expect("our own child");
        assert!(status.success(), "{status}:\n{}", self.log());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
