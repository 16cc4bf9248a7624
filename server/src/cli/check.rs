//! `perijove check`: judges manifests without a cluster.

use std::path::PathBuf;

use clap::Args;
use posture::Timestamp;
use posture::check::Recall;
use posture::derived::derive;
use posture::judge::judge;
use posture::snapshot::{Origin, SnapshotBuilder};

use super::{ResultArgs, Stopped, print};
use crate::config::Config;
use crate::manifests;

/// Arguments of `perijove check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// A file or a folder of manifests (YAML or JSON, many documents), or `-` for standard input; may be given more than once.
    #[arg(short, long = "file", value_name = "FILE", required_unless_present_any = ["reference", "schema"])]
    files: Vec<PathBuf>,
    /// The namespace of manifests that name none, as `helm install --namespace` would set it.
    #[arg(short, long, value_name = "NAME", default_value = "default", value_parser = crate::config::namespace_name)]
    namespace: String,
    /// Print the reference of all checks as Markdown instead.
    #[arg(long, conflicts_with = "files")]
    reference: bool,
    /// Print the JSON Schema of what `--output json` prints, here and in `perijove scan`.
    #[arg(long, conflicts_with_all = ["files", "reference"])]
    schema: bool,
    #[command(flatten)]
    result: ResultArgs,
}

/// Judges the files and prints what was found.
pub fn run(args: &CheckArgs, config: &Config) -> Result<u8, Stopped> {
    if args.reference {
        print(&posture::checks::reference_page())?;
        return Ok(0);
    }
    if args.schema {
        print(posture::output::SCHEMA)?;
        return Ok(0);
    }
    let manifests =
        manifests::read(&args.files, &args.namespace).map_err(|error| Stopped::input(error.to_string()))?;
    let now = Timestamp::now();
    let mut builder = SnapshotBuilder::new(Origin::Declared, "files");
    for record in &manifests.records {
        builder.apply(record).map_err(|misfit| Stopped::input(misfit.to_string()))?;
    }
    let snapshot = builder.build(now);
    let derived = derive(&snapshot, &config.judge, now);
    let findings = judge(&snapshot, &derived, &Recall::default(), &config.judge, now);
    args.result.print(&findings, &snapshot.gaps())
}
