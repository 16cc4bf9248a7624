//! `perijove scan` of a cluster on loopback: memory, processor time and wall time.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::api::Api;
use super::cluster::Cluster;
use super::table::{Measure, Table};
use super::usage;
use super::work::Work;
use crate::places::Places;

/// Goals at so many objects.
struct Size {
    objects: usize,
    peak: Option<u64>,
    cpu: Option<Duration>,
}

const SIZES: &[Size] = &[
    Size { objects: 1_000, peak: None, cpu: None },
    Size { objects: 10_000, peak: Some(64 << 20), cpu: Some(Duration::from_secs(2)) },
    Size { objects: 100_000, peak: Some(96 << 20), cpu: Some(Duration::from_secs(20)) },
];

/// The names of the cases.
pub(super) fn names() -> impl Iterator<Item = String> {
    SIZES.iter().flat_map(|size| [case(size, false), case(size, true)])
}

fn case(size: &Size, stored: bool) -> String {
    format!("scan-{}{}", size.objects, if stored { "-stored" } else { "" })
}

/// Scans clusters of every size that is asked for, without a store and into a new one.
pub(super) fn run(
    places: &Places,
    binary: &Path,
    is_wanted: impl Fn(&str) -> bool,
    table: &mut Table,
) -> Result<()> {
    for size in SIZES {
        for stored in [false, true] {
            let name = case(size, stored);
            if is_wanted(&name) {
                once(places, binary, size, stored, &name, table).with_context(|| format!("in {name}"))?;
            }
        }
    }
    Ok(())
}

fn once(
    places: &Places,
    binary: &Path,
    size: &Size,
    stored: bool,
    name: &str,
    table: &mut Table,
) -> Result<()> {
    let api = Api::start(places, Cluster::new(places, size.objects)?)?;
    let work = Work::new(places, name)?;
    let kubeconfig = work.path("kubeconfig");
    fs::write(&kubeconfig, api.kubeconfig()).context("could not write the kubeconfig")?;
    let mut command = Command::new(binary);
    command.arg("scan").arg("--kubeconfig").arg(&kubeconfig).args(["--fail-on", "never"]);
    if stored {
        command.arg("--store").arg(work.path("history.db"));
    }
    let output = fs::File::create(work.path("output")).context("could not write the output")?;
    let started = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(output).spawn().context("could not start perijove scan")?;
    let (status, usage) = usage::until_end(&mut child, started)?;
    if !status.success() {
        bail!("perijove scan failed ({status}); its output is in {}", work.keep().display());
    }
    table.add(format!("{name}: peak memory"), Measure::Memory(usage.peak), size.peak.map(Measure::Memory));
    table.add(format!("{name}: processor time"), Measure::Time(usage.cpu), size.cpu.map(Measure::Time));
    table.add(format!("{name}: wall time, at 20 requests a second"), Measure::Time(usage.wall), None);
    if stored {
        let bytes = fs::metadata(work.path("history.db")).context("the history was written")?.len();
        table.add(format!("{name}: database"), Measure::Memory(bytes), None);
    }
    Ok(())
}
