//! `perijove reach`: one question about the network, put to a cluster or to files.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use posture::Timestamp;
use posture::derived::derive;
use posture::reach::Reach;
use posture::reach::ask::{AskError, Asked, From, To, ToEnd};
use posture::redact::{Names, Redactor};
use posture::snapshot::{Origin, Snapshot, SnapshotBuilder};

use super::scan::{passing_key, read, settings, target, tuning};
use super::{ClusterArgs, Output, Stopped, print};
use crate::cluster::Source;
use crate::config::Config;
use crate::manifests;

/// Arguments of `perijove reach`.
#[derive(Debug, Args)]
pub struct ReachArgs {
    /// Who asks: a pod (`jupyter-ada`, `namespace/pod`), or `hub/namespace/release` for any user server of a hub. Where no pod is called so,
    /// the name of a controller stands for its pods, and in files that hold no server `jupyter-ada` for one as the chart starts it.
    #[arg(long, value_name = "SOURCE")]
    from: From,
    /// What is asked for: `169.254.169.254:80`, `[fd00:ec2::254]:80`, `10.0.0.10:53/udp`, `pod/namespace/name:8888` or
    /// `service/namespace/name:8081`; the namespace may be left out, and the protocol is TCP unless named. A Service is judged at the pods
    /// behind it.
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
    /// Text for people, or one JSON object: `verdict` is the answer (`allowed`, `denied`, `cni-dependent`, `unknown`), `policies` what
    /// they alone say, `enforced` whether anything enforces them, `reaches` what is certain with that taken in, `decided_by` the policies and rules.
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
    let known = |pod: Option<&str>| pod.map(|pod| redactor.pod_names(pod)).unwrap_or_default();
    let (from, to) = (in_records(&args.from, redactor), in_records_to(&args.to, redactor));
    let from = reach.from_recorded(&from, &known(from.pod()))?;
    let to = reach.to_recorded(&to, &from, &known(to.pod()))?;
    let mut asked = reach.ask(&from, &to)?;
    for (recorded, typed) in [(from.pod(), args.from.pod()), (to.pod(), args.to.pod())] {
        asked.call(recorded.unwrap_or_default(), typed.unwrap_or_default());
    }
    Ok(Asked { from: args.from.to_string(), to: args.to.to_string(), ..asked })
}

/// The source with its namespace as records call it: one that is a person's carries the person's name.
fn in_records(from: &From, redactor: &Redactor) -> From {
    let place = |namespace: &Option<String>| namespace.as_deref().map(|name| redactor.namespace(name));
    match from {
        From::Pod { namespace, name } => From::Pod { namespace: place(namespace), name: name.clone() },
        From::Hub { .. } | From::Class(_) => from.clone(),
    }
}

/// The same for a destination.
fn in_records_to(to: &To, redactor: &Redactor) -> To {
    let place = |namespace: &Option<String>| namespace.as_deref().map(|name| redactor.namespace(name));
    let end = match &to.end {
        ToEnd::Pod { namespace, name } => ToEnd::Pod { namespace: place(namespace), name: name.clone() },
        ToEnd::Service { namespace, name } => {
            ToEnd::Service { namespace: place(namespace), name: name.clone() }
        }
        ToEnd::Address(_) => to.end.clone(),
    };
    To { end, ..to.clone() }
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
    Ok(read(source, settings("cluster", config), redactor, None).await?.snapshot)
}
