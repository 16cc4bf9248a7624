//! The command line: one subcommand per job, with help that could be a manual.

pub mod access;
pub mod check;
pub mod config;
pub mod doctor;
pub mod drift;
mod live;
pub mod migrate;
pub mod panics;
pub mod reach;
pub mod scan;
pub mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use posture::finding::Finding;
use posture::gap::Gap;
use posture::output::{FailOn, Report};

/// Exit code where findings are as bad as `--fail-on` says.
pub const EXIT_FINDINGS: u8 = 1;
/// Exit code of bad input: arguments, configuration, manifests.
pub const EXIT_INPUT: u8 = 2;
/// Exit code where a cluster or the store cannot be used.
pub const EXIT_UNAVAILABLE: u8 = 3;

/// A read-only window on the security of JupyterHub clusters.
///
/// Perijove reads a Kubernetes cluster with a read-only account, keeps what it saw in SQLite, judges the controls of JupyterHub's
/// security guide, and shows which hold, since when, why they matter and how to repair them. It never writes to the cluster, reads
/// no Secret unless it is told which, and needs no internet.
#[derive(Debug, Parser)]
#[command(name = "perijove", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    /// The configuration file (TOML); the environment wins over it.
    #[arg(long, global = true, value_name = "FILE", env = "PERIJOVE_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "Examples:
  perijove serve --demo                          look around in the embedded demo clusters
  perijove serve --context teaching              watch the cluster of a kubeconfig context
  perijove scan --context teaching               judge it once, print a table
  helm template hub jupyterhub/jupyterhub --values config.yaml | perijove check -f -
                                                 judge a chart before it is installed
  perijove access --verb get --resource secrets --namespace jhub --context teaching
                                                 say who may do something, and by which rule
  perijove reach --from jupyter-ada --to 169.254.169.254:80 -f rendered.yaml
                                                 ask what a server of a chart would reach
  perijove drift --against rendered.yaml --context teaching
                                                 say what differs from the rendering of a chart
  perijove doctor --context teaching             say what Perijove may read and what to grant

Exit codes:
  0  done
  1  there are findings as bad as --fail-on says; doctor: something cannot be read; migrate --status: a migration is missing
  2  bad input: an argument, the configuration, a kubeconfig, a manifest
  3  the cluster, the store or the port cannot be used
  130, 143  a signal ended it (SIGINT, SIGTERM); nothing was printed, and no half scan is stored";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Watch clusters and serve the pages.
    ///
    /// Prints a one-time link that signs a browser in. Until a hub's sign-in guards the pages it listens on loopback only; to look at
    /// it from elsewhere use an ssh tunnel or `kubectl port-forward`.
    Serve(serve::ServeArgs),
    /// Read a cluster once, judge it and print the findings.
    Scan(scan::ScanArgs),
    /// Judge manifests without a cluster.
    ///
    /// Files prove what they hold and nothing else: a control that rests on something absent is unknown, a fault that is present fails.
    Check(check::CheckArgs),
    /// Say what an account may do at the Kubernetes API, by which rule, and whose rights it could take.
    ///
    /// Asked of a cluster, or with --file of manifests before they are installed: then the files are taken for all there is.
    #[command(after_help = access::EXAMPLES)]
    Access(access::AccessArgs),
    /// Say whether one thing reaches another over the network, and which policies decide.
    ///
    /// Of a live cluster, or of files: a chart can be asked before it is installed. Files are taken as all that there is; what they do
    /// not show, such as whether anything enforces policies, is named.
    Reach(reach::ReachArgs),
    /// Say what differs from what files declare, who changed it, and what that did.
    ///
    /// Compares a cluster, or other manifests, with the rendering of a chart. What the API server fills in, and what controllers write,
    /// is no difference.
    #[command(after_help = drift::EXAMPLES)]
    Drift(drift::DriftArgs),
    /// Say in plain sentences what Perijove can and cannot read, and what to grant.
    Doctor(doctor::DoctorArgs),
    /// Bring the store's schema up to this version, or say how it stands.
    Migrate(migrate::MigrateArgs),
    /// Print the effective configuration, with secrets masked.
    Config(config::ConfigArgs),
}

/// Where the cluster is.
#[derive(Debug, Clone, Args)]
pub struct ClusterArgs {
    /// The kubeconfig to read; otherwise KUBECONFIG, then ~/.kube/config, then the in-cluster account.
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; only a context named here may run an `exec` plugin.
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table for people.
    Table,
    /// One JSON object with `findings` and `gaps`; `perijove check --schema` prints its schema.
    Json,
}

/// What a judged cluster or file prints, and when that is a failure.
#[derive(Debug, Clone, Copy, Args)]
pub struct ResultArgs {
    /// A table for people, or one JSON object with `findings` and `gaps`.
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
    /// Which findings give exit code 1: `never`, `fail`, `warn` or `unknown`, each with the worse ones, and a severity after a
    /// colon if wanted: `fail:high`.
    #[arg(long, value_name = "POLICY", default_value_t = FailOn::default())]
    pub fail_on: FailOn,
}

impl ResultArgs {
    /// Prints the result and gives the exit code.
    pub fn print(self, findings: &[Finding], gaps: &[Gap]) -> Result<u8, Stopped> {
        let text = match self.output {
            Output::Table => posture::output::table(findings, gaps),
            Output::Json => Report::new(findings, gaps, |_| None)
                .to_json()
                .map_err(|error| Stopped::input(format!("the result cannot be written as JSON: {error}")))?,
        };
        print(&text)?;
        Ok(self.fail_on.exit_code(findings))
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
pub fn print(text: &str) -> Result<(), Stopped> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let written = out
        .write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") });
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Stopped::input(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes to standard error; where nobody reads it there is nobody to tell.
fn tell(text: &str) {
    use std::io::Write;
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// A job that ended before it was done: a sentence for the person and the exit code.
#[derive(Debug)]
pub struct Stopped {
    /// What was found, where, and what to do.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Stopped {
    /// Bad input.
    pub fn input(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: EXIT_INPUT }
    }

    /// A cluster or the store cannot be used.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: EXIT_UNAVAILABLE }
    }
}

impl From<crate::config::ConfigError> for Stopped {
    fn from(error: crate::config::ConfigError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<crate::store::StoreError> for Stopped {
    fn from(error: crate::store::StoreError) -> Self {
        Self::unavailable(error.to_string())
    }
}

/// What is wrong before the cluster was asked is wrong in the input.
impl From<crate::cluster::ConnectError> for Stopped {
    fn from(error: crate::cluster::ConnectError) -> Self {
        Self::input(error.to_string())
    }
}

/// Runs the command and turns what stopped it into one sentence on standard error.
pub async fn run(cli: Cli) -> ExitCode {
    let configured =
        environment().and_then(|variables| Ok(crate::config::load(cli.config.as_deref(), variables)?));
    let result = match configured {
        Ok(config) => Box::pin(run_command(cli.command, config)).await,
        Err(stopped) => Err(stopped),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(stopped) => {
            tell(&format!("perijove: {}\n", posture::hostile::visible(&stopped.message)));
            ExitCode::from(stopped.code)
        }
    }
}

/// The variables that may be ours; one whose value is no text is an error and not overlooked.
fn environment() -> Result<Vec<(String, String)>, Stopped> {
    let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named
        .filter(|(name, _)| name.starts_with("PERIJOVE_"))
        .map(|(name, value)| match value.into_string() {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(Stopped::input(format!("the environment variable {name} is not text in UTF-8"))),
        })
        .collect()
}

/// A file that may not grow further must fail to be written, which is told and tried again, and not end the program.
fn outlive_file_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    /// The signal that a process gets beyond `ulimit -f`, of the same number on every system that Perijove is built for.
    const SIGXFSZ: i32 = 25;
    // Being registered is all that matters; where it cannot be, the system's way stays.
    drop(signal(SignalKind::from_raw(SIGXFSZ)));
}

/// Ends the program at once when a signal says so, with the exit code that shells give: 128 and the signal's number.
///
/// Without this a program that is the first of its container would not hear the signals at all. Nothing half done is left: results are
/// printed when they are whole, and a scan is stored in one transaction.
async fn end_when_told() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let code = tokio::select! {
        _ = interrupt.recv() => 128 + SignalKind::interrupt().as_raw_value(),
        _ = terminate.recv() => 128 + SignalKind::terminate().as_raw_value(),
    };
    std::process::exit(code)
}

async fn run_command(command: Command, config: crate::config::Config) -> Result<u8, Stopped> {
    outlive_file_limits();
    if !matches!(command, Command::Serve(_)) {
        tokio::spawn(end_when_told());
    }
    match command {
        Command::Serve(args) => Box::pin(serve::run(args, config)).await,
        Command::Scan(args) => Box::pin(scan::run(args, config)).await,
        Command::Check(args) => check::run(&args, &config),
        Command::Access(args) => Box::pin(access::run(args, config)).await,
        Command::Drift(args) => Box::pin(drift::run(args, config)).await,
        Command::Reach(args) => Box::pin(reach::run(args, config)).await,
        Command::Doctor(args) => Box::pin(doctor::run(args, config)).await,
        Command::Migrate(args) => migrate::run(&args, &config).await,
        Command::Config(args) => config::run(&args, &config),
    }
}
