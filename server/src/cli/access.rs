//! `perijove access`: says what an account may do at the Kubernetes API, by which rule, and whose rights it could take.

mod report;
mod world;

use std::path::PathBuf;

use clap::Args;
use posture::access::{Asking, Caller, Escalations, ask, subject, ways_of};
use posture::facts::Subject;

use self::report::Report;
use self::world::World;
use super::{ClusterArgs, Output, Stopped, print};
use crate::config::Config;

/// Examples, below the help.
pub const EXAMPLES: &str = "Examples:
  perijove access --subject serviceaccount:jhub/hub -f rendered.yaml
                                                 every rule of an account, and whose rights it could take
  perijove access --subject serviceaccount:jhub/hub --verb create --resource pods --namespace jhub -f rendered.yaml
                                                 whether it may do one thing
  perijove access --verb get --resource secrets --namespace jhub --context teaching
                                                 who may do one thing";

/// Arguments of `perijove access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Whose rights: `serviceaccount:NAMESPACE/NAME`, `user:NAME` or `group:NAME`.
    #[arg(long, value_name = "SUBJECT", value_parser = subject::parse, required_unless_present = "verb")]
    subject: Option<Subject>,
    /// A group that the user is in besides those that Kubernetes puts everybody in; may be given more than once.
    #[arg(long = "group", value_name = "NAME", requires = "subject")]
    groups: Vec<String>,
    /// The verb to ask about: `get`, `list`, `create`, `delete`, `impersonate`, …
    #[arg(long, value_name = "VERB", requires = "resource")]
    verb: Option<String>,
    /// The resource to ask about: `pods`, `pods/exec`, `deployments.apps`, or a path such as `/metrics`.
    #[arg(long, value_name = "RESOURCE", requires = "verb")]
    resource: Option<String>,
    /// Ask about the object of this name only.
    #[arg(long, value_name = "NAME", requires = "verb")]
    name: Option<String>,
    /// Ask about this namespace; without it about the whole cluster.
    #[arg(long, value_name = "NAME", requires = "verb")]
    namespace: Option<String>,
    /// A file or a folder of manifests (YAML or JSON, many documents), or `-` for standard input; may be given more than once.
    #[arg(short, long = "file", value_name = "FILE", conflicts_with_all = ["kubeconfig", "context"])]
    files: Vec<PathBuf>,
    /// The namespace of manifests that name none; without it that of the account, then that of the question, then `default`.
    #[arg(long, value_name = "NAME", requires = "files")]
    files_namespace: Option<String>,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Text for people, or one JSON object.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
}

/// Answers the question and prints the answer.
pub async fn run(args: AccessArgs, config: Config) -> Result<u8, Stopped> {
    let question = args.question().map_err(Stopped::input)?;
    let world = if args.files.is_empty() {
        World::of_cluster(&args.cluster, &config).await?
    } else {
        World::of_files(&args.files, &args.place(), &config)?
    };
    let mut report = Report::new(&world);
    let caller = args.subject.as_ref().map(|subject| {
        args.groups.iter().fold(Caller::of(subject), |caller, group| caller.with_group(group))
    });
    if let Some(caller) = &caller {
        world.find(caller.identity()).map_err(Stopped::input)?;
        report.subject(caller);
    }
    match (&caller, &question) {
        (Some(caller), Some(question)) => {
            let unresolved = world.rights().unresolved(caller, question);
            report.may(question, &world.rights().may(caller, question), &unresolved);
        }
        (None, Some(question)) => {
            let unresolved = world.rights().unresolved_for(question);
            report.who(question, &world.rights().who_may(question), &unresolved);
        }
        (Some(caller), None) => {
            let escalations = Escalations::new(world.rights(), &world.snapshot);
            let is_master = caller.is_master();
            report.holds(&world.rights().of_caller(caller), &ways_of(caller, &escalations), is_master);
        }
        (None, None) => return Err(Stopped::input("name a --subject, or a --verb with its --resource")),
    }
    print(&match args.output {
        Output::Json => report.json()?,
        Output::Table => report.text(),
    })?;
    Ok(0)
}

impl AccessArgs {
    fn question(&self) -> Result<Option<posture::access::Question>, String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let asking = Asking {
            verb: text(&self.verb),
            resource: text(&self.resource),
            name: text(&self.name),
            namespace: text(&self.namespace),
        };
        self.verb.is_some().then(|| ask(&asking)).transpose()
    }

    /// Where manifests belong that name no namespace.
    fn place(&self) -> String {
        let of_account = self.subject.as_ref().and_then(|subject| subject.namespace.clone());
        let named = self.files_namespace.clone().or(of_account).or_else(|| self.namespace.clone());
        named.unwrap_or_else(|| "default".to_owned())
    }
}
