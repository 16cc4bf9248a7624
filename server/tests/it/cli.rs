//! The real program as a person runs it: exit codes, and what it says where something is wrong.

mod access;
mod charts;
mod check;
mod config;
mod drift;
mod question;
mod reach;
mod serve;
mod store;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run left behind.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// The run ended with this code and one sentence that holds these texts; no backtrace, no panic.
    #[track_caller]
    fn stopped(&self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:#?}");
        for text in texts {
            assert!(self.err.contains(text), "{text} is missing in {self:#?}");
        }
        assert!(self.err.starts_with("perijove: ") && self.err.lines().count() == 1, "{self:#?}");
        assert!(!self.err.contains("backtrace") && !self.err.contains("panicked"), "{self:#?}");
    }
}

/// The program in a folder of its own, with nothing of this machine's environment that it reads.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perijove"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PERIJOVE_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(folder)
        .env_remove("KUBECONFIG")
        .env_remove("KUBERNETES_SERVICE_HOST")
        .env("HOME", folder)
        .env("RUST_BACKTRACE", "1")
        .stdin(Stdio::null());
    command
}

fn ran(command: &mut Command) -> Ran {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn perijove(folder: &Path, arguments: &[&str]) -> Ran {
    ran(program(folder).args(arguments))
}

fn perijove_reading(folder: &Path, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = program(folder);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A new folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}
