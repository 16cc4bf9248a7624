//! `perijove reach`: one question about the network, put to a cluster or to files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use posture::Timestamp;
use posture::derived::derive;
use posture::reach::Reach;
use posture::reach::ask::{AskError, Asked, From, To};
use posture::redact::{Names, Redactor, names_in_pod};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};

use super::scan::{passing_key, read, target, tuning};
use super::{ClusterArgs, Output, Stopped, print};
use crate::cluster::Source;
use crate::config::Config;
use crate::manifests;

/// Arguments of `perijove reach`.
#[derive(Debug, Args)]
pub struct ReachArgs {
    /// Who asks: a pod (`jupyter-ada`, `namespace/pod`), or `hub/namespace/release` for any user server of a hub.
    #[arg(long, value_name = "SOURCE")]
    from: From,
    /// What is asked for: `169.254.169.254:80`, `[fd00:ec2::254]:80`, `10.0.0.10:53/udp`, `pod/namespace/name:8888` or
    /// `service/namespace/name:8081`; the namespace may be left out, and the protocol is TCP unless named.
    #[arg(long, value_name = "DESTINATION")]
    to: To,
    /// A file or a folder of manifests, or `-` for standard input, instead of a cluster; may be given more than once.
    #[arg(short, long = "file", value_name = "FILE", conflicts_with_all = ["kubeconfig", "context"])]
    files: Vec<PathBuf>,
    /// The namespace of manifests that name none, as `helm install --namespace` would set it.
    #[arg(short, long, value_name = "NAME", default_value = "default")]
    namespace: String,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Text for people, or one JSON object with `verdict`, `enforced` and `decided_by`.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Answers the question and prints the answer.
pub async fn run(args: ReachArgs, config: Config) -> Result<u8, Stopped> {
    let redactor = Arc::new(Redactor::new(passing_key()?, Names::Hashed));
    let now = Timestamp::now();
    let asked = if args.files.is_empty() {
        let snapshot = read_cluster(&args.cluster, &config, Arc::clone(&redactor)).await?;
        let derived = derive(&snapshot, &config.judge, now);
        ask(&Reach::new(&snapshot, &derived), &args, &redactor)
    } else {
        let snapshot = read_files(&args, &redactor, now)?;
        let derived = derive(&snapshot, &config.judge, now);
        ask(&Reach::of_files(&snapshot, &derived), &args, &redactor)
    };
    let asked = asked.map_err(|error| Stopped::input(error.to_string()))?;
    match args.output {
        Output::Table => print(&asked.text())?,
        Output::Json => {
            let report = asked.report().ok_or_else(|| Stopped::input("the question has no answer"))?;
            let json = report
                .to_json()
                .map_err(|error| Stopped::input(format!("the answer cannot be written as JSON: {error}")))?;
            print(&json)?;
        }
    }
    Ok(0)
}

/// Puts the question. Names of people are not kept, so a server is looked for under the name that records give it; the answer says the
/// name that was asked for.
fn ask(reach: &Reach<'_>, args: &ReachArgs, redactor: &Redactor) -> Result<Asked, AskError> {
    let tokens =
        |pod: &str| -> Vec<String> { names_in_pod(pod).iter().map(|name| redactor.token(name)).collect() };
    let from = reach.from_recorded(&args.from, &args.from.pod().map(tokens).unwrap_or_default())?;
    let to = reach.to_recorded(&args.to, &args.to.pod().map(tokens).unwrap_or_default())?;
    let asked = reach.ask(&from, &to)?;
    Ok(Asked { from: args.from.to_string(), to: args.to.to_string(), ..asked })
}

fn read_files(args: &ReachArgs, redactor: &Redactor, now: Timestamp) -> Result<Snapshot, Stopped> {
    let manifests = manifests::read_with(&args.files, &args.namespace, redactor)
        .map_err(|error| Stopped::input(error.to_string()))?;
    let mut builder = SnapshotBuilder::new(Origin::Declared, "files");
    for record in &manifests.records {
        builder.apply(record).map_err(|misfit| Stopped::input(misfit.to_string()))?;
    }
    Ok(builder.build(now))
}

async fn read_cluster(
    args: &ClusterArgs,
    config: &Config,
    redactor: Arc<Redactor>,
) -> Result<Snapshot, Stopped> {
    let source = Source::connect(&target(args), tuning(&config.collect)).await?;
    Ok(read(source, "cluster", config, redactor, None).await?.snapshot)
}
