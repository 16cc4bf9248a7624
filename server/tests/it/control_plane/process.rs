//! A program in the background that ends when the test that started it ends, however that happens.

use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
};

/// Starts the program and kills it as soon as standard input ends. The test holds the other end of that pipe, and the
/// system closes it even where no destructor runs: on a signal, or for a value that lives in a `static`.
const KEEPER: &str = r#"
"$@" </dev/null 3<&- &
child=$!
exec 3<&0
( read -r _ <&3; kill -KILL "$child" ) &
guard=$!
wait "$child"
code=$?
kill "$guard" 2>/dev/null
exit "$code"
"#;

/// A running program; dropping it kills the program and waits until it is gone.
pub(super) struct Process {
    keeper: Child,
    lifeline: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it says is appended to the file `log`.
    pub(super) fn start(program: &Path, arguments: &[String], log: &Path) -> io::Result<Self> {
        let output: File = OpenOptions::new().create(true).append(true).open(log)?;
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        let lifeline = keeper.stdin.take();
        Ok(Self { keeper, lifeline, log: log.to_path_buf() })
    }

    /// How the program ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.keeper.try_wait().ok().flatten()
    }

    /// The last lines it said.
    pub(super) fn last_words(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing the pipe is the order to kill. What `wait` could complain about, no test could mend.
        drop(self.lifeline.take());
        drop(self.keeper.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, log: &Path) -> Process {
        Process::start(Path::new("sh"), &["-c".to_owned(), script.to_owned()], log).unwrap()
    }

    #[test]
    fn dropping_a_process_kills_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = sh("echo $$; exec sleep 600", &log);
        let pid = loop {
            let said = process.last_words();
            if !said.is_empty() {
                break said;
            }
            std::thread::yield_now();
        };
        let entry = Path::new("/proc").join(&pid);
        assert!(entry.exists(), "process {pid} should run");
        drop(process);
        assert!(!entry.exists(), "process {pid} should be gone");
    }

    #[test]
    fn a_process_that_ends_by_itself_is_noticed_with_its_code_and_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut process = sh("echo the port is taken; exit 7", &log);
        let status = loop {
            if let Some(status) = process.ended() {
                break status;
            }
            std::thread::yield_now();
        };
        assert_eq!(status.code(), Some(7));
        assert_eq!(process.last_words(), "the port is taken");
    }
}
