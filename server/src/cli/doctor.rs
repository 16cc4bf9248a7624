//! `perijove doctor`: says in plain sentences what can and cannot be read, and what to grant.

mod releases;
mod sights;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use clap::Args;
use posture::check::Verdict;
use posture::checks::CHECKS;
use posture::gap::{Gap, GapReason};
use posture::kind::{KINDS, Kind, Reading};
use posture::record::Record;
use posture::redact::{Names, Redactor};
use posture::snapshot::{AuthorizerReason, Reviews};

use super::scan::{once, passing_key, target, tuning};
use super::{ClusterArgs, EXIT_FINDINGS, Stopped, print};
use crate::cluster::Source;
use crate::collector::{ClusterSeen, Collector, ScanInput, Settings, Sink, SinkError};
use crate::config::Config;

/// Arguments of `perijove doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Print the manifest of the read-only account instead of asking a cluster: `perijove doctor --role | kubectl apply -f -`.
    #[arg(long)]
    role: bool,
    /// Print the Roles that let it read the Secrets of the configuration (`certificates.secrets`) and no others.
    #[arg(long, conflicts_with = "role")]
    role_secrets: bool,
    /// Print the Roles that let it read the releases of Helm in the namespaces of the configuration (`drift.releases`), and with them
    /// every Secret there.
    #[arg(long, conflicts_with_all = ["role", "role_secrets"])]
    role_releases: bool,
}

/// Reads everything once and reports; exit code 1 where something cannot be read.
pub async fn run(args: DoctorArgs, config: Config) -> Result<u8, Stopped> {
    if args.role {
        print(&posture::role::manifest())?;
        return Ok(0);
    }
    if args.role_secrets {
        let secrets = config.sights().secrets;
        if secrets.is_empty() {
            return Err(Stopped::input(
                "the configuration names no Secret; list them in certificates.secrets as namespace/name",
            ));
        }
        print(&posture::role::secrets_manifest(&secrets))?;
        return Ok(0);
    }
    if args.role_releases {
        let namespaces = config.drift.namespaces();
        if namespaces.is_empty() {
            return Err(Stopped::input(
                "the configuration names no namespace in which releases of Helm are read; list them in drift.releases",
            ));
        }
        print(&posture::role::releases_manifest(&namespaces))?;
        return Ok(0);
    }
    let source = Source::connect(&target(&args.cluster), tuning(&config.collect)).await?;
    let server = source.server().to_owned();
    let settings = Settings {
        namespaces: config.collect.namespaces.iter().cloned().collect(),
        sights: config.sights(),
        ..Settings::new("cluster")
    };
    let redactor = Arc::new(Redactor::new(passing_key()?, Names::Hashed));
    let releases = source.clone();
    let redactor_of_releases = Arc::clone(&redactor);
    let (collector, handle) = Collector::new(source, settings, redactor, Last(None));
    let status = handle.clone();
    let last = once(&server, collector, handle).await?;
    let input = last.0.ok_or_else(|| Stopped::unavailable("the cluster gave no answer"))?;
    let skew = status.status().skew_milliseconds;
    let gaps = input.snapshot.gaps();
    let (sights, is_missing) = sights::report(&input.snapshot.sightings);
    let (releases, is_unread) =
        releases::report(&releases, &redactor_of_releases, &config.drift.namespaces()).await;
    print(&(report(&server, &input, &gaps, skew) + &sights + &releases))?;
    Ok(if gaps.is_empty() && !is_missing && !is_unread { 0 } else { EXIT_FINDINGS })
}

/// Remembers the last scan.
struct Last(Option<ScanInput>);

impl Sink for Last {
    async fn connected(&mut self, _: &ClusterSeen) -> Result<(), SinkError> {
        Ok(())
    }

    async fn records(&mut self, _: &[Record]) -> Result<(), SinkError> {
        Ok(())
    }

    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        self.0 = Some(input.clone());
        Ok(())
    }
}

fn report(server: &str, input: &ScanInput, gaps: &[Gap], skew: Option<i64>) -> String {
    let mut text = format!("The API server {} answers.\n", posture::hostile::visible(server));
    if let Some(skew) = skew.filter(|skew| skew.abs() > 30_000) {
        let _ = writeln!(
            text,
            "Its clock and this machine's differ by {} s; ages and expiries are judged by this machine's.",
            skew.abs() / 1000
        );
    }
    text.push_str(&own_rights(input.snapshot.reviews.as_ref()));
    let read = KINDS.iter().filter(|info| info.reading != Reading::OnDemand);
    let complete: Vec<&str> =
        read.filter(|info| gaps.iter().all(|gap| gap.kind != info.kind)).map(|info| info.plural).collect();
    let _ = writeln!(text, "\nIt can read {} kinds in full: {}.", complete.len(), complete.join(", "));
    if gaps.is_empty() {
        text.push_str("\nNothing is missing.\n");
        return text;
    }
    text.push_str("\nIt cannot read:\n");
    let mut by_kind: BTreeMap<Kind, Vec<&Gap>> = BTreeMap::new();
    for gap in gaps {
        by_kind.entry(gap.kind).or_default().push(gap);
    }
    for (kind, gaps) in by_kind {
        for gap in gaps {
            let _ = writeln!(text, "  {}. What closes it: {}.", gap, gap.permission());
        }
        let codes: Vec<&str> = CHECKS
            .iter()
            .filter(|check| check.needs.contains(&kind) && check.verdicts.contains(&Verdict::Unknown))
            .map(|check| check.code)
            .collect();
        if !codes.is_empty() {
            let _ = writeln!(text, "    Without it these checks may be unknown: {}.", codes.join(", "));
        }
    }
    text.push_str(&grants(gaps));
    text
}

/// What to grant: only what is missing, or everything.
fn grants(gaps: &[Gap]) -> String {
    let mut places: BTreeMap<Option<&str>, BTreeSet<Kind>> = BTreeMap::new();
    for gap in gaps.iter().filter(|gap| gap.reason == GapReason::Forbidden) {
        places.entry(gap.namespace.as_deref()).or_default().insert(gap.kind);
    }
    if places.is_empty() {
        return String::new();
    }
    let mut text = "\nTo grant only what is missing:\n".to_owned();
    for (namespace, kinds) in &places {
        let _ = match namespace {
            None => {
                writeln!(text, "  to the rules of a ClusterRole that is bound to its account everywhere, add")
            }
            Some(namespace) => writeln!(
                text,
                "  to the rules of a Role in namespace {} that is bound to its account there, add",
                posture::hostile::visible(namespace)
            ),
        };
        text.push_str(&posture::role::rules(kinds));
    }
    text.push_str("\nTo grant everything: perijove doctor --role | kubectl apply -f -\n");
    text
}

/// What the API server says of Perijove's own rights.
fn own_rights(reviews: Result<&Reviews, &GapReason>) -> String {
    let Ok(reviews) = reviews else {
        return "It does not answer questions about this account's rights.\n".to_owned();
    };
    let mut text = String::new();
    if let Some(answer) = &reviews.granted {
        let by = match answer.reason {
            AuthorizerReason::Rbac => " by RBAC",
            AuthorizerReason::Iam => " by the cloud's IAM",
            AuthorizerReason::Other | AuthorizerReason::None => "",
        };
        let _ = writeln!(text, "This account {} {}{by}.", may(answer.allowed), answer.question);
    }
    if let Some(answer) = &reviews.not_granted {
        let _ = writeln!(text, "This account {} {}.", may(answer.allowed), answer.question);
        if answer.allowed {
            text.push_str(
                "That is more than Perijove needs: give it the account of `perijove doctor --role`.\n",
            );
        }
    }
    text
}

fn may(allowed: bool) -> &'static str {
    if allowed { "may" } else { "may not" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_refused_is_to_be_granted_and_where_it_is_refused() {
        let gap = |kind, namespace: Option<&str>, reason| Gap {
            kind,
            namespace: namespace.map(str::to_owned),
            reason,
        };
        let text = grants(&[
            gap(Kind::Service, None, GapReason::Forbidden),
            gap(Kind::Pod, Some("jhub"), GapReason::Forbidden),
            gap(Kind::Node, None, GapReason::Silent),
        ]);
        let everywhere = text.find("resources: [services]").expect(&text);
        let there = text.find("a Role in namespace jhub").expect(&text);
        assert!(everywhere < there && there < text.find("resources: [pods]").expect(&text), "{text}");
        assert!(
            !text.contains("nodes") && text.ends_with("perijove doctor --role | kubectl apply -f -\n"),
            "{text}"
        );
        assert_eq!(grants(&[gap(Kind::Node, None, GapReason::Silent)]), "");
    }
}
