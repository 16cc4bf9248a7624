//! `perijove drift`: what is there, compared with what files declare, or with the manifest that Helm keeps of a release.

mod release;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use posture::Timestamp;
use posture::drift::{Against, Change, Effect, Event, Trial, against, against_release, events};
use posture::gap::{Gap, GapReason};
use posture::kind::Kind;
use posture::object::ObjectRef;
use posture::output::DriftReport;
use posture::record::Record;
use posture::redact::{Names, Redactor};
use posture::release::Installed;
use posture::snapshot::{Origin, SnapshotBuilder};

use super::live::{Live, read_live};
use super::scan::passing_key;
use super::{ClusterArgs, EXIT_FINDINGS, Output, Stopped, print};
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
    /// Text for people, or one JSON object with `changes`.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// How many objects are judged again at most, all changes together, to say what each change did.
const MOST_JUDGED: usize = 400_000;

/// Compares and prints what differs.
pub async fn run(args: DriftArgs, config: Config) -> Result<u8, Stopped> {
    let redactor = Arc::new(Redactor::new(passing_key()?, Names::Hashed));
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if args.against.iter().chain(&args.manifests).filter(|path| is_stdin(path)).count() > 1 {
        return Err(Stopped::input("standard input (`-`) can be read once only; put one side into a file"));
    }
    let (declared, actual, release) = sides(&args, &config, &redactor).await?;
    let now = Timestamp::now();
    let gap = |object: &ObjectRef| unread(&actual, object);
    let compared = match &release {
        Some(release) => {
            against_release((&release.namespace, &release.name), &declared, &actual.records, gap)
        }
        None => against(&declared, &actual.records, gap),
    };
    let report = DriftReport { release, ..report(&declared, actual, compared, &config, now)? };
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

/// Why an object that is not there may only not have been read. Files hold what they hold.
fn unread(actual: &Live, object: &ObjectRef) -> Option<Gap> {
    let coverage = actual.coverage.get(&object.kind)?;
    let namespace = object.namespace.as_deref();
    let in_namespace = namespace.and_then(|namespace| coverage.namespaces.get(namespace).cloned());
    let reason: Option<GapReason> = in_namespace.unwrap_or_else(|| coverage.everywhere.clone());
    reason.map(|reason| Gap { kind: object.kind, namespace: object.namespace.clone(), reason })
}

/// The comparison with what the changes did, one by one where that is not too much, and together.
fn report(
    declared: &[Record],
    actual: Live,
    compared: Against,
    config: &Config,
    now: Timestamp,
) -> Result<DriftReport, Stopped> {
    let find = |records: &[Record], change: &Change| {
        records.iter().find(|record| record.object == change.object).cloned()
    };
    let pairs: Vec<_> = compared
        .changes
        .iter()
        .map(|change| (find(declared, change), find(&actual.records, change)))
        .collect();
    let size = actual.records.len();
    let mut trial = Trial::new(actual.into_builder()?, &config.judge, now);
    let all: Vec<_> = pairs.iter().map(|(before, after)| (before.as_ref(), after.as_ref())).collect();
    let effect = if all.is_empty() { Effect::default() } else { trial.effect(&all) };
    let is_little = pairs.len().saturating_mul(size) <= MOST_JUDGED;
    let mut effects: std::collections::BTreeMap<ObjectRef, Effect> = std::collections::BTreeMap::new();
    for (change, pair) in compared.changes.iter().zip(&all).filter(|_| is_little) {
        effects.insert(change.object.clone(), trial.effect(&[*pair]));
    }
    let events = events(compared.changes)
        .into_iter()
        .map(|event: Event| {
            let effects = event.changes.iter().map(|change| effects.get(&change.object).cloned()).collect();
            (event, effects)
        })
        .collect();
    Ok(DriftReport {
        events,
        effect,
        uncompared: compared.uncompared,
        compared: compared.compared,
        release: None,
    })
}

impl Live {
    /// Everything that files hold.
    fn of_files(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }

    /// A builder that has taken everything in.
    fn into_builder(self) -> Result<SnapshotBuilder, Stopped> {
        let origin = if self.coverage.is_empty() { Origin::Declared } else { Origin::Observed };
        let mut builder = SnapshotBuilder::new(origin, "cluster");
        for record in &self.records {
            match builder.apply(record) {
                Err(misfit) if origin == Origin::Declared => return Err(Stopped::input(misfit.to_string())),
                // Of a cluster it is a gap.
                _ => {}
            }
            let is_read = record.object.kind == Kind::ConfigMap && record.body.get("data").is_some();
            if let Some(namespace) = record.object.namespace.as_deref().filter(|_| is_read) {
                builder.config_data(namespace, &record.object.name, Ok(record));
            }
        }
        for (kind, coverage) in self.coverage {
            builder.cover(kind, coverage);
        }
        if let Some(reviews) = self.reviews {
            builder.reviews(reviews);
        }
        for ((namespace, name), reason) in self.config_gaps {
            builder.config_data(&namespace, &name, Err(reason));
        }
        Ok(builder)
    }
}
