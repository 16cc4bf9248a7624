//! What a process has used, as Linux tells it.

use std::fs;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// The unit in which Linux counts processor time: `USER_HZ`, which is 100 on every architecture we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// How often a running process is looked at.
const LOOK: Duration = Duration::from_millis(5);

/// What a process used until it ended.
pub(super) struct Usage {
    /// From start to end.
    pub(super) wall: Duration,
    /// Processor time, in the program and in the kernel for it.
    pub(super) cpu: Duration,
    /// The most resident memory, in bytes.
    pub(super) peak: u64,
}

/// Waits until a process ends, and says what it used.
///
/// The peak is read while it runs, so what it takes in its last few milliseconds may be missing.
pub(super) fn until_end(child: &mut Child, started: Instant) -> Result<(ExitStatus, Usage)> {
    let mut peak = 0;
    // A process that has ended keeps its times until it is waited for, and has no memory any more.
    while let Some(now) = memory(child.id(), "VmHWM") {
        peak = peak.max(now);
        thread::sleep(LOOK);
    }
    let wall = started.elapsed();
    let cpu = cpu(child.id())?;
    let status = child.wait().context("could not wait for the process")?;
    Ok((status, Usage { wall, cpu, peak }))
}

/// A line of `/proc/…/status` in bytes: `VmHWM` is the most resident memory so far, `VmRSS` that of now.
pub(super) fn memory(process: u32, line: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let found = text.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    found.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// The processor time of a process so far.
pub(super) fn cpu(process: u32) -> Result<Duration> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path)
        .with_context(|| format!("could not read {path}; processes can only be measured on Linux"))?;
    // The name of the program stands in parentheses and may hold anything.
    let (_, rest) = text.rsplit_once(')').context("the process has a name")?;
    let ticks = |at: usize| rest.split_whitespace().nth(at).and_then(|field| field.parse::<f64>().ok());
    let (user, system) = ticks(11).zip(ticks(12)).context("the process has times")?;
    Ok(Duration::from_secs_f64((user + system) / TICKS_PER_SECOND))
}
