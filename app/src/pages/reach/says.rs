//! What pages say about destinations and answers, in words and tones.

use posture::check::Verdict as Tone;
use posture::network::{Basis, Verdict};
use posture::reach::{ClassReach, Destination, ReachRow, ReverseRow, RowOutcome, Source, Target};

/// A word with its tone.
pub(super) type Said = (&'static str, Tone);

/// What kind of destination it is, for the line above all of them.
pub(super) fn kind(destination: &Destination) -> &'static str {
    match destination {
        Destination::Metadata { .. } => "Credentials of the cloud",
        Destination::ApiServer(_) => "Kubernetes API",
        Destination::Hub
        | Destination::Proxy
        | Destination::ProxyApi
        | Destination::AutoHttps
        | Destination::OtherServers
        | Destination::Neighbours => "This hub",
        Destination::HubsOfOthers
        | Destination::ProxiesOfOthers
        | Destination::ProxyApisOfOthers
        | Destination::ServersOfOthers
        | Destination::OtherNamespaces => "Other hubs and namespaces",
        Destination::Kubelet
        | Destination::NodePorts
        | Destination::Dns
        | Destination::Tiller
        | Destination::Dashboard => "The cluster",
        Destination::Internet { .. } | Destination::InternetElsewhere => "Internet",
    }
}

/// What a destination is called within a sentence.
fn in_sentence(destination: &Destination) -> String {
    match destination {
        Destination::Metadata { address, port: 80, .. } if address == "169.254.169.254" => {
            "the cloud metadata server".to_owned()
        }
        Destination::Metadata { provider, .. } => provider.clone(),
        Destination::ApiServer(_) => "the Kubernetes API".to_owned(),
        Destination::ProxyApi => "the proxy's API".to_owned(),
        Destination::OtherServers => "servers of other users".to_owned(),
        Destination::Neighbours => "other pods of its namespace".to_owned(),
        Destination::HubsOfOthers => "other hubs".to_owned(),
        Destination::ProxiesOfOthers => "proxies of other hubs".to_owned(),
        Destination::ProxyApisOfOthers => "the proxy APIs of other hubs".to_owned(),
        Destination::ServersOfOthers => "servers of other hubs".to_owned(),
        Destination::OtherNamespaces => "pods of other namespaces".to_owned(),
        Destination::Kubelet => "the kubelets".to_owned(),
        Destination::NodePorts => "node ports".to_owned(),
        Destination::Dashboard => "the Kubernetes Dashboard".to_owned(),
        other => other.name(),
    }
}

/// Why a destination matters.
fn weight(destination: &Destination) -> Weight {
    match destination {
        Destination::Metadata { is_here: Some(false), .. } => Weight::Foreign,
        Destination::Metadata { .. }
        | Destination::ProxyApi
        | Destination::OtherServers
        | Destination::ProxyApisOfOthers
        | Destination::ServersOfOthers
        | Destination::Kubelet
        | Destination::Tiller
        | Destination::Dashboard => Weight::Dangerous,
        Destination::ApiServer(_)
        | Destination::Neighbours
        | Destination::HubsOfOthers
        | Destination::OtherNamespaces
        | Destination::NodePorts => Weight::Doubtful,
        Destination::Hub | Destination::Dns => Weight::Needed,
        // Newer charts open the way in for users to servers too; nothing of a notebook rests on it.
        Destination::Proxy
        | Destination::ProxiesOfOthers
        | Destination::AutoHttps
        | Destination::Internet { .. }
        | Destination::InternetElsewhere => Weight::Open,
    }
}

/// How much a destination matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Who reaches it may harm others.
    Dangerous,
    /// No server of a user needs it, as a rule.
    Doubtful,
    /// Servers need it.
    Needed,
    /// It depends on what users are to do.
    Open,
    /// It is not on this cloud.
    Foreign,
}

/// Whether the way is open or closed on paper only, since the servers have no IPv6 address.
fn lacks_ipv6(row: &ReachRow) -> bool {
    row.notes.iter().any(|note| note.id == "no-ipv6")
}

/// Whether it is not known that the API server has a public address at all.
fn is_assumed_public(row: &ReachRow) -> bool {
    row.notes.iter().any(|note| note.id == "public-api-unknown")
}

/// A word and a tone for an answer about a destination.
pub(super) fn of_row(row: &ReachRow) -> Said {
    let Some(verdict) = row.outcome.verdict() else { return ("none here", Tone::NotApplicable) };
    if lacks_ipv6(row) {
        return ("no IPv6 here", Tone::NotApplicable);
    }
    let basis = row.outcome.worst().map_or(Basis::Unknown, |found| found.basis);
    if verdict == Verdict::Allowed && is_assumed_public(row) {
        return ("reachable, if public", Tone::NotApplicable);
    }
    of(verdict, basis, row.outcome.is_partial(), weight(&row.destination))
}

fn of(verdict: Verdict, basis: Basis, is_partial: bool, weight: Weight) -> Said {
    match (verdict, weight) {
        (Verdict::Unknown, _) => ("unknown", Tone::Unknown),
        (Verdict::CniDependent, _) => ("depends on the plug-in", Tone::Unknown),
        (Verdict::Allowed, Weight::Needed) => ("reached, as it must be", Tone::Pass),
        (Verdict::Allowed, Weight::Open | Weight::Foreign) if is_partial => {
            ("reachable in part", Tone::NotApplicable)
        }
        (Verdict::Allowed, Weight::Open | Weight::Foreign) => ("reachable", Tone::NotApplicable),
        (Verdict::Allowed, Weight::Dangerous) if is_partial => ("reachable in part", Tone::Fail),
        (Verdict::Allowed, Weight::Dangerous) => ("reachable", Tone::Fail),
        (Verdict::Allowed, Weight::Doubtful) if is_partial => ("reachable in part", Tone::Warn),
        (Verdict::Allowed, Weight::Doubtful) => ("reachable", Tone::Warn),
        (Verdict::Denied, Weight::Needed) => ("blocked, though needed", Tone::Warn),
        (Verdict::Denied, _) if basis == Basis::Likely => ("likely blocked", Tone::Warn),
        (Verdict::Denied, Weight::Open | Weight::Foreign) => ("blocked", Tone::NotApplicable),
        (Verdict::Denied, _) => ("blocked", Tone::Pass),
    }
}

/// A word and a tone for an answer about no destination in particular.
pub(super) fn plain(verdict: Verdict, basis: Basis) -> Said {
    of(verdict, basis, false, Weight::Open)
}

/// A word and a tone for who reaches something.
pub(super) fn of_reverse(target: Target, source: Source, outcome: &RowOutcome) -> Said {
    let Some(verdict) = outcome.verdict() else { return ("nobody", Tone::NotApplicable) };
    let basis = outcome.worst().map_or(Basis::Unknown, |found| found.basis);
    let weight = match (target, source) {
        (Target::Notebook, Source::Hub | Source::Proxy)
        | (Target::HubApi, Source::Servers | Source::Proxy)
        | (Target::ProxyApi, Source::Hub) => Weight::Needed,
        // A node always reaches its own pods.
        (_, Source::Nodes) => Weight::Open,
        // Few networks lead from outside to the address of a pod.
        (_, Source::Outside) | (Target::HubApi, _) => Weight::Doubtful,
        (Target::ProxyApi | Target::Notebook, _) => Weight::Dangerous,
    };
    of(verdict, basis, outcome.is_partial(), weight)
}

/// The answer in one sentence.
pub(super) fn headline(class: &ClassReach) -> String {
    let mut reached: Vec<String> = Vec::new();
    let mut open: Vec<String> = Vec::new();
    for row in &class.rows {
        let is_on_paper = lacks_ipv6(row) || is_assumed_public(row);
        if is_on_paper || !matches!(weight(&row.destination), Weight::Dangerous | Weight::Doubtful) {
            continue;
        }
        let name = in_sentence(&row.destination);
        let is_some = row.outcome.is_partial() && !name.starts_with("the ");
        let name = if is_some { format!("some {name}") } else { name };
        match row.outcome.verdict() {
            Some(Verdict::Allowed) if !reached.contains(&name) => reached.push(name),
            Some(Verdict::Unknown | Verdict::CniDependent) if !open.contains(&name) => open.push(name),
            _ => {}
        }
    }
    open.retain(|name| !reached.contains(name));
    let who = if class.is_assumed { "A notebook here would reach" } else { "A notebook here reaches" };
    let more = |names: &[String]| -> String {
        const MOST: usize = 4;
        let shown = names.len().min(MOST);
        let mut words: Vec<String> = names[..shown].to_vec();
        if names.len() > MOST {
            words.push(format!("{} more", names.len() - MOST));
        }
        listed(&words)
    };
    match (reached.is_empty(), open.is_empty()) {
        (false, _) => format!("{who} {}.", more(&reached)),
        (true, false) => format!("It cannot be told whether a notebook here reaches {}.", more(&open)),
        (true, true) => match internet(class) {
            Some(ports) => format!("{who} the internet {ports}, and nothing else that it should not need."),
            None => format!("{who} nothing that it should not need."),
        },
    }
}

/// At which ports the internet is reached, in words; `None` where it is not.
fn internet(class: &ClassReach) -> Option<&'static str> {
    let is_open = |row: &&ReachRow| row.outcome.verdict() == Some(Verdict::Allowed) && !lacks_ipv6(row);
    let mut is_some = false;
    for row in class.rows.iter().filter(is_open) {
        match row.destination {
            Destination::InternetElsewhere if !row.outcome.is_partial() => return Some("at every port"),
            Destination::InternetElsewhere | Destination::Internet { .. } => is_some = true,
            _ => {}
        }
    }
    is_some.then_some("at some ports")
}

/// Words with commas and an "and".
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Who asks, in words.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Hub => "The hub",
        Source::Proxy => "The proxy",
        Source::Servers => "Servers of users",
        Source::Neighbours => "Other pods of the namespace",
        Source::OtherNamespaces => "Pods of other namespaces",
        Source::Nodes => "The nodes",
        Source::Outside => "Addresses outside the cluster",
    }
}

/// Who reaches what, in words: `The proxy → this notebook`.
pub(super) fn reverse_name(row: &ReverseRow) -> String {
    let target = match row.target {
        Target::Notebook => "this notebook",
        Target::HubApi => "the hub's API",
        Target::ProxyApi => "the proxy's API",
    };
    format!("{} → {target}", source(row.source))
}
