//! Runs other programs, says what is being done, and turns a failure into a sentence.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Says on one line what is being done now.
pub(crate) fn say(what: &str) {
    println!("==> {what}");
}

/// Runs a command with its output visible and fails when it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let status = command.status().with_context(|| format!("could not start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a command and returns what it printed, without the final newline.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let output =
        command.stderr(Stdio::null()).output().with_context(|| format!("could not start `{line}`"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    let text = String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no text"))?;
    Ok(text.trim_end().to_owned())
}

/// Runs a command, shows each line of its standard output and hands it to `each`; returns whether it succeeded.
pub(crate) fn follow(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool> {
    let line = shown(command);
    let mut child =
        command.stdout(Stdio::piped()).spawn().with_context(|| format!("could not start `{line}`"))?;
    let output = child.stdout.take().context("the output was asked for one line above")?;
    for text in BufReader::new(output).lines() {
        let text = text.with_context(|| format!("could not read what `{line}` prints"))?;
        println!("{text}");
        each(&text);
    }
    Ok(child.wait().with_context(|| format!("could not wait for `{line}`"))?.success())
}

/// Runs a command that may hang, such as a download behind a firewall; returns whether it succeeded in time.
pub(crate) fn attempt(command: &mut Command, at_most: Duration) -> io::Result<bool> {
    let mut child = command.stdin(Stdio::null()).spawn()?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if start.elapsed() > at_most {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The command as a person would type it, without its environment.
fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
