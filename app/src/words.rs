//! The answer of a page in words: its first line.

use posture::access::AccessTable;
use posture::facts::Subject;
use posture::gap::GapReason;

use crate::backend::{ChecklistView, ClusterCard, Counts, GapsView, HubName, OverviewView};
use crate::text::visible;

/// Small numbers as words, larger ones as digits, as in running text.
pub fn number(count: u64) -> String {
    const WORDS: [&str; 13] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    usize::try_from(count)
        .ok()
        .and_then(|i| WORDS.get(i))
        .map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// The word with an `s` unless there is exactly one.
pub fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// The first letter in upper case.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The first letter in lower case, unless the word is a name or written in capitals.
pub fn lower_first(text: &str) -> String {
    const NAMES: [&str; 2] = ["Let's Encrypt", "Tiller"];
    if NAMES.iter().any(|name| text.starts_with(name)) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(std::iter::once(second)).chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// How many user servers run, or why it is not known.
pub fn servers(count: &Result<u64, GapReason>) -> String {
    match count {
        Err(GapReason::NotKept) => {
            "user servers not known: the pods of that time are no longer kept one by one".to_owned()
        }
        Err(_) => "user servers not known: not all pods are seen".to_owned(),
        &Ok(count) => format!("{} user {} running", number(count), plural(count, "server")),
    }
}

/// The chart version in words.
pub fn chart(version: &str) -> String {
    if version == "unknown" {
        "chart version unknown".to_owned()
    } else {
        format!("chart {}", visible(version))
    }
}

/// How a hub is called where its cluster is clear: its release, and the namespace where that differs.
pub fn hub(hub: &HubName) -> String {
    let (release, namespace) = (visible(&hub.release), visible(&hub.namespace));
    if release == namespace { release.into_owned() } else { format!("{release} in {namespace}") }
}

/// How a cluster is called in a sentence. `cluster` is the name of one that nobody named.
fn cluster(name: &str) -> String {
    if name == "cluster" { "the cluster".to_owned() } else { format!("cluster {}", visible(name)) }
}

/// The first line of the overview.
pub fn overview(view: &OverviewView) -> String {
    let hubs: Vec<_> = view.clusters.iter().flat_map(|cluster| &cluster.hubs).collect();
    if view.clusters.is_empty() {
        return "No cluster is being watched.".to_owned();
    }
    if view.clusters.iter().all(|cluster| !cluster.is_judged) {
        return match view.clusters.as_slice() {
            [only] => format!("{} has not been read yet.", sentence(&cluster(&only.name))),
            _ => "No cluster has been read yet.".to_owned(),
        };
    }
    let total = hubs.len() as u64;
    let faulty = hubs.iter().filter(|hub| hub.counts.fail > 0).count() as u64;
    let clusters = view.clusters.iter().filter(|cluster| cluster.counts.fail > 0).count() as u64;
    match (total, faulty, clusters) {
        (0, _, 0) => no_hub(&view.clusters),
        (0, _, _) if view.clusters.len() == 1 => {
            format!("{} The cluster itself fails checks.", no_hub(&view.clusters))
        }
        (0, _, 1) => format!("{} One cluster fails checks.", no_hub(&view.clusters)),
        (0, _, many) => {
            format!("{} {} clusters fail checks.", no_hub(&view.clusters), sentence(&number(many)))
        }
        (_, 0, 0) if view.undecided > 0 => {
            format!(
                "No check of {} fails, and {} cannot be decided.",
                hub_count(total),
                number(view.undecided)
            )
        }
        (_, 0, 0) => format!("No check of {} fails.", hub_count(total)),
        (_, 0, _) if view.clusters.len() == 1 => {
            "No hub fails a check, but the cluster itself does.".to_owned()
        }
        (_, 0, _) => format!("No hub fails a check, but {}.", cluster_fails(clusters)),
        (1, 1, _) => "The hub fails checks.".to_owned(),
        _ if faulty == total => format!("All {} hubs fail checks.", number(total)),
        (_, 1, _) => format!("One of {} hubs fails checks.", number(total)),
        _ => format!("{} of {} hubs fail checks.", sentence(&number(faulty)), number(total)),
    }
}

/// Whether there are hubs, and neither one of them nor a cluster fails a check: then the headline counts what cannot be decided.
pub fn is_clean(view: &OverviewView) -> bool {
    let mut hubs = view.clusters.iter().flat_map(|cluster| &cluster.hubs).peekable();
    let fails = |counts: Counts| counts.fail > 0;
    hubs.peek().is_some()
        && !hubs.any(|hub| fails(hub.counts))
        && !view.clusters.iter().any(|cluster| fails(cluster.counts))
}

fn hub_count(total: u64) -> String {
    if total == 1 { "the hub".to_owned() } else { format!("all {} hubs", number(total)) }
}

fn cluster_fails(clusters: u64) -> String {
    if clusters == 1 { "one cluster does".to_owned() } else { format!("{} clusters do", number(clusters)) }
}

fn no_hub(clusters: &[ClusterCard]) -> String {
    if !clusters.is_empty() && clusters.iter().all(|cluster| cluster.is_of_files) {
        "No JupyterHub was found in the files.".to_owned()
    } else if clusters.iter().any(|cluster| cluster.gaps > 0 || cluster.is_of_files) {
        "No JupyterHub was seen, and not everything could be read.".to_owned()
    } else {
        "There is no JupyterHub here.".to_owned()
    }
}

/// The first line of a checklist.
pub fn checklist(view: &ChecklistView) -> String {
    let counts = view.counts;
    let whose = view.hub.as_ref().map_or_else(|| cluster(&view.cluster), |h| format!("hub {}", hub(h)));
    if counts.applicable() == 0 {
        return format!("Nothing has been judged for {whose} yet.");
    }
    let of = format!("{} of {} controls", counts.fail, counts.applicable());
    if counts.unknown == counts.applicable() {
        return format!("Nothing can be decided on {whose}: all {} controls are unknown.", counts.unknown);
    }
    match (counts.fail, counts.warn, counts.unknown) {
        (0, 0, 0) => format!("All {} controls hold on {whose}.", counts.applicable()),
        (0, 0, unknown) => format!("No control fails on {whose}; {} cannot be decided.", number(unknown)),
        (0, warn, unknown) if unknown > 0 => format!(
            "No control fails on {whose}; {} {} attention, and {} cannot be decided.",
            number(warn),
            wants(warn),
            number(unknown)
        ),
        (0, warn, _) => format!("No control fails on {whose}; {} {} attention.", number(warn), wants(warn)),
        (1, ..) => format!("{of} fails on {whose}."),
        _ => format!("{of} fail on {whose}."),
    }
}

fn wants(count: u64) -> &'static str {
    if count == 1 { "wants" } else { "want" }
}

/// The first line of the page of access.
pub fn access(cluster: &str, table: Option<&AccessTable>) -> String {
    let cluster = visible(cluster);
    let Some(table) = table else { return format!("Who can do what on {cluster} is not known yet.") };
    let accounts = || table.hubs.iter().flat_map(|hub| &hub.accounts);
    let is_complete = table.hubs.iter().all(|hub| hub.gap.is_none())
        && accounts().all(|account| account.gap.is_none() && account.ways.gap.is_none());
    let mut administrators = table.cluster.iter().flat_map(|cluster| &cluster.administrators);
    if administrators.any(is_nobody) {
        return format!("Whoever is let in to {cluster} without credentials administers the cluster.");
    }
    let mighty = accounts().filter(|account| account.ways.is_administrator);
    match mighty.count() as u64 {
        _ if table.hubs.is_empty() => format!("No hub was found on {cluster}."),
        0 if is_complete => {
            format!("No rule leads an account of a hub on {cluster} to administering the cluster.")
        }
        0 => format!(
            "No rule was seen that leads an account of a hub on {cluster} to administering the cluster."
        ),
        1 => format!("One account of a hub on {cluster} administers the cluster, or can come to."),
        many => {
            let number = sentence(&number(many));
            format!("{number} accounts of hubs on {cluster} administer the cluster, or can come to.")
        }
    }
}

/// Whether a subject of a binding is whoever brings no credentials.
pub fn is_nobody(subject: &Subject) -> bool {
    matches!(
        (subject.kind.as_str(), subject.name.as_str()),
        ("User", "system:anonymous") | ("Group", "system:unauthenticated")
    )
}

/// The first line of the page of gaps.
pub fn gaps(view: &GapsView) -> String {
    let cluster = visible(&view.cluster);
    match view.rows.len() as u64 {
        _ if !view.is_judged => format!("{} has not been read yet.", sentence(&self::cluster(&view.cluster))),
        0 => format!("Everything Perijove asks for on {cluster} can be read."),
        1 => format!("One thing on {cluster} cannot be read."),
        many => format!("{} things on {cluster} cannot be read.", sentence(&number(many))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(counts: Counts) -> ChecklistView {
        ChecklistView {
            cluster: "teaching".into(),
            hub: Some(HubName { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() }),
            chart: "4.4.0".into(),
            is_supported: true,
            user_servers: Err(GapReason::NotRead),
            counts,
            topics: Vec::new(),
            newest: None,
            now: posture::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn unknown_controls_count_and_those_that_do_not_apply_do_not() {
        let counts = Counts { fail: 3, warn: 4, unknown: 2, pass: 32, not_applicable: 9 };
        assert_eq!(checklist(&list(counts)), "3 of 41 controls fail on hub prod in jhub.");
    }

    fn card(fail: u64) -> ClusterCard {
        ClusterCard {
            name: "teaching".into(),
            counts: Counts { fail, pass: 3, ..Counts::default() },
            worst: Vec::new(),
            gaps: 0,
            is_of_files: false,
            hubs: Vec::new(),
            is_judged: true,
            trouble: None,
        }
    }

    fn overview_of(clusters: Vec<ClusterCard>) -> OverviewView {
        OverviewView {
            clusters,
            newest: None,
            next: Vec::new(),
            open: 0,
            undecided: 0,
            changes: Vec::new(),
            now: posture::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_cluster_without_a_hub_still_fails_in_sentences() {
        assert_eq!(
            overview(&overview_of(vec![card(2)])),
            "There is no JupyterHub here. The cluster itself fails checks."
        );
        assert_eq!(
            overview(&overview_of(vec![card(2), card(1)])),
            "There is no JupyterHub here. Two clusters fail checks."
        );
    }

    #[test]
    fn a_cluster_that_nobody_named_is_not_called_by_its_stopgap() {
        assert_eq!(cluster("cluster"), "the cluster");
        assert_eq!(cluster("teaching"), "cluster teaching");
    }

    #[test]
    fn nothing_judged_is_not_said_to_hold() {
        assert_eq!(checklist(&list(Counts::default())), "Nothing has been judged for hub prod in jhub yet.");
    }

    #[test]
    fn a_list_of_nothing_but_unknown_does_not_open_with_what_does_not_fail() {
        let counts = Counts { unknown: 37, ..Counts::default() };
        let words = checklist(&list(counts));
        assert_eq!(words, "Nothing can be decided on hub prod in jhub: all 37 controls are unknown.");
    }

    #[test]
    fn a_name_that_would_turn_the_line_around_is_shown_as_it_is() {
        let hub = HubName { namespace: "a\u{202e}b".into(), release: "r".into(), app: "jupyterhub".into() };
        assert_eq!(super::hub(&hub), "r in a\\u{202e}b");
    }

    #[test]
    fn user_servers_that_cannot_be_seen_are_not_counted_as_none() {
        assert!(servers(&Err(GapReason::Forbidden)).contains("not known: not all pods are seen"));
        assert!(
            servers(&Err(GapReason::NotKept)).contains("not known: the pods of that time are no longer kept")
        );
        assert_eq!(servers(&Ok(0)), "no user servers running");
        assert_eq!(servers(&Ok(1)), "one user server running");
    }

    #[test]
    fn names_in_capitals_stay_so() {
        assert_eq!(lower_first("HTTPS is off"), "HTTPS is off");
        assert_eq!(lower_first("Tiller listens"), "Tiller listens");
        assert_eq!(lower_first("The hub is open"), "the hub is open");
    }

    #[test]
    fn undecided_controls_are_never_called_holding() {
        let counts = Counts { pass: 5, unknown: 1, ..Counts::default() };
        assert_eq!(checklist(&list(counts)), "No control fails on hub prod in jhub; one cannot be decided.");
    }
}
