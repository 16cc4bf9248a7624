//! `perijove drift`: what is there, compared with what files declare, or with the manifest that Helm keeps of a release.

mod release;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use posture::Timestamp;
use posture::check::Recall;
use posture::record::Record;
use posture::redact::{Names, Redactor};
use posture::release::Installed;
use posture::snapshot::{Origin, SnapshotBuilder};

use super::live::{Live, read_live};
use super::scan::passing_key;
use super::{ClusterArgs, EXIT_FINDINGS, Output, Stopped, print};
use crate::comparison::{Actual, Limit, compare};
use crate::config::Config;
use crate::manifests;

/// Examples below the help.
pub const EXAMPLES: &str = "Examples:
  helm template prod jupyterhub/jupyterhub --namespace jhub --values config.yaml > rendered.yaml
  perijove drift --against rendered.yaml --namespace jhub --context teaching
                                                 what differs from the chart as it was rendered
  perijove drift --against old.yaml --manifests new.yaml --output json
                                                 what an upgrade would change, and what that would do
  perijove drift --release jhub/prod --context teaching
                                                 what differs from what Helm installed last

--release reads the Secret in which Helm keeps the revision that is deployed. It takes the right to list and get the Secrets of that
namespace, and whoever has it can read every one of them; --against takes no such right.

Workloads that were restarted since they were declared are told apart: a restart is no difference.

Exit codes: 0 nothing differs, 1 something differs, 2 bad input, 3 the cluster cannot be read.";

/// Arguments of `perijove drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// What is declared: a file or a folder of manifests, or `-` for standard input; may be given more than once.
    #[arg(long, value_name = "FILE", required_unless_present = "release")]
    against: Vec<PathBuf>,
    /// Compare a cluster with the manifest that Helm keeps of this release; without a namespace it is that of --namespace.
    ///
    /// Reads Secrets with the rights of the kubeconfig: `list` and `get` in the namespace of the release. Nothing but the redacted
    /// manifest is kept of them, and no value of a Secret is shown.
    #[arg(long, value_name = "[NAMESPACE/]NAME", conflicts_with_all = ["against", "manifests"], value_parser = release::name)]
    release: Option<release::Name>,
    /// Compare these manifests with it instead of a cluster; may be given more than once.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kubeconfig", "context"])]
    manifests: Vec<PathBuf>,
    /// The namespace of manifests that name none, as `helm install --namespace` would set it.
    #[arg(short, long, value_name = "NAME", default_value = "default", value_parser = crate::config::namespace_name)]
    namespace: String,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Text for people, or one JSON object: `changes`, their `effect`, and `restarts`, which are no changes and change no exit code.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// How much is judged again to say what each change did: nobody waits here for a page.
const LIMIT: Limit = Limit { changes: usize::MAX, objects: 400_000 };

/// Compares and prints what differs.
pub async fn run(args: DriftArgs, config: Config) -> Result<u8, Stopped> {
    let redactor = Arc::new(Redactor::new(passing_key()?, Names::Hashed));
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if args.against.iter().chain(&args.manifests).filter(|path| is_stdin(path)).count() > 1 {
        return Err(Stopped::input("standard input (`-`) can be read once only; put one side into a file"));
    }
    let (declared, actual, release) = sides(&args, &config, &redactor).await?;
    let report = compare(&declared, actual.into_actual()?, release, &config.judge, Timestamp::now(), LIMIT);
    match args.output {
        Output::Table => print(&report.text())?,
        Output::Json => print(
            &report
                .to_json()
                .map_err(|error| Stopped::input(format!("the result cannot be written as JSON: {error}")))?,
        )?,
    }
    Ok(if report.changes() == 0 { 0 } else { EXIT_FINDINGS })
}

/// What is declared, what is there, and the release whose manifest the first is.
async fn sides(
    args: &DriftArgs,
    config: &Config,
    redactor: &Arc<Redactor>,
) -> Result<(Vec<Record>, Live, Option<Installed>), Stopped> {
    if let Some(name) = &args.release {
        let (deployed, live) = release::read(name, args, config, redactor).await?;
        return Ok((deployed.records, live, Some(deployed.installed)));
    }
    let declared = read_files(&args.against, args, redactor)?;
    let actual = if args.manifests.is_empty() {
        read_live(&args.cluster, config, Arc::clone(redactor)).await?
    } else {
        Live::of_files(read_files(&args.manifests, args, redactor)?)
    };
    Ok((declared, actual, None))
}

fn read_files(paths: &[PathBuf], args: &DriftArgs, redactor: &Redactor) -> Result<Vec<Record>, Stopped> {
    let manifests = manifests::read_with(paths, &args.namespace, redactor)
        .map_err(|error| Stopped::input(error.to_string()))?;
    Ok(manifests.records)
}

impl Live {
    /// Everything that files hold.
    fn of_files(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }

    /// The same with a builder that has taken everything in.
    fn into_actual(self) -> Result<Actual, Stopped> {
        let origin = if self.coverage.is_empty() { Origin::Declared } else { Origin::Observed };
        let mut builder = SnapshotBuilder::new(origin, "cluster");
        for record in &self.records {
            match builder.apply(record) {
                Err(misfit) if origin == Origin::Declared => return Err(Stopped::input(misfit.to_string())),
                // Of a cluster it is a gap.
                _ => {}
            }
            if let Some(namespace) = record.namespace_of_data() {
                builder.config_data(namespace, &record.object.name, Ok(record));
            }
        }
        for (kind, coverage) in &self.coverage {
            builder.cover(*kind, coverage.clone());
        }
        if let Some(reviews) = self.reviews {
            builder.reviews(reviews);
        }
        for ((namespace, name), reason) in self.config_gaps {
            builder.config_data(&namespace, &name, Err(reason));
        }
        Ok(Actual {
            records: self.records,
            coverage: self.coverage,
            builder,
            // Nothing was seen before this one sight.
            recall: Recall::default(),
        })
    }
}
