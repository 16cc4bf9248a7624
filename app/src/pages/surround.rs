//! What stands around a page of a cluster: switchers, navigation, freshness.

use posture::check::Topic;

use crate::backend::{HubName, Place, segment};
use crate::frame::{Choice, FrameView, Freshness, NavItem, Travel, Watch};

/// Which page it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    /// The overview.
    Overview,
    /// A checklist, or a check on it.
    Checklist,
    /// Which certificates there are, and until when.
    Certificates,
    /// Who can do what.
    Access,
    /// What the servers of a hub reach.
    Reach,
    /// What changed.
    Drift,
    /// How it came to this.
    History,
    /// The page of gaps.
    Gaps,
}

/// The address of a cluster's overview, below the prefix.
pub(super) fn cluster_path(cluster: &str) -> String {
    format!("clusters/{}", segment(cluster))
}

/// The address of the page of gaps, below the prefix.
pub(super) fn gaps_path(cluster: &str) -> String {
    format!("{}/gaps", cluster_path(cluster))
}

/// The address of the page of drift, below the prefix.
pub(super) fn drift_path(cluster: &str) -> String {
    format!("{}/drift", cluster_path(cluster))
}

/// The address of the page of history, below the prefix.
pub(super) fn history_path(cluster: &str) -> String {
    format!("{}/history", cluster_path(cluster))
}

/// The address of the page of certificates, below the prefix.
pub(super) fn certificates_path(cluster: &str) -> String {
    format!("{}/certificates", cluster_path(cluster))
}

/// The address of the page of one certificate, below the prefix; `key` is that of [`posture::certificates::Certificate::key`].
pub(super) fn certificate_path(cluster: &str, key: &str) -> String {
    format!("{}/{}", certificates_path(cluster), segment(key))
}

/// The address of the page of access, below the prefix.
pub(super) fn access_path(cluster: &str) -> String {
    format!("{}/access", cluster_path(cluster))
}

/// The address of a checklist, below the prefix.
pub(super) fn checklist_path(cluster: &str, hub: Option<&HubName>) -> String {
    match hub {
        Some(hub) => format!("{}/{}", cluster_path(cluster), hub.path()),
        None => format!("{}/checks", cluster_path(cluster)),
    }
}

/// The address of what a hub's servers reach, below the prefix.
pub(super) fn reach_path(cluster: &str, hub: &HubName) -> String {
    format!("{}/{}/reach", cluster_path(cluster), hub.path())
}

/// Where the page of a hub's topic leads on to: what its servers reach.
pub(super) fn reach_of_topic(cluster: &str, hub: Option<&HubName>, topic: Topic) -> Option<String> {
    let is_about_the_network =
        matches!(topic, Topic::CloudMetadata | Topic::NetworkPolicies | Topic::ApiAccess);
    hub.filter(|_| is_about_the_network).map(|hub| reach_path(cluster, hub))
}

/// The address of a check, below the prefix.
pub(super) fn check_path(cluster: &str, hub: Option<&HubName>, code: &str) -> String {
    match hub {
        Some(hub) => format!("{}/{}/checks/{code}", cluster_path(cluster), hub.path()),
        None => format!("{}/checks/{code}", cluster_path(cluster)),
    }
}

/// The frame of a page.
pub(super) fn surround(place: &Place, here: Here, hub: Option<&HubName>, title: String) -> FrameView {
    let is_now = place.past.is_none();
    FrameView {
        title,
        now: place.now,
        clusters: clusters(place),
        hubs: hubs(place, here, hub),
        nav: navigation(place, here, hub),
        freshness: (is_now
            && !place.clusters.is_empty()
            && (place.heard_at.is_some() || place.replays.is_empty()))
        .then_some(Freshness { heard_at: place.heard_at, stale_after_seconds: place.stale_after_seconds }),
        replays: if is_now { place.replays.clone() } else { Vec::new() },
        // The overview says it of each cluster.
        trouble: place
            .trouble
            .clone()
            .filter(|_| is_now && here != Here::Overview)
            .map(|why| (why, is_judged(place))),
        travel: Some(Travel { path: String::new(), asks: Vec::new(), past: place.past.clone() }),
        // What is past does not change.
        watch: is_now.then(|| Watch {
            cluster: place.cluster.clone(),
            hub: hub
                .and_then(|hub| place.hubs.iter().find(|choice| choice.name == *hub))
                .map(|choice| choice.id),
            known: place.known.clone(),
        }),
        is_demo: place.is_demo,
    }
}

/// Whether anything of the clusters shown has been judged.
fn is_judged(place: &Place) -> bool {
    place.known.iter().any(|known| known.scan > 0)
}

fn clusters(place: &Place) -> Vec<Choice> {
    if place.clusters.len() < 2 {
        return Vec::new();
    }
    let all = Choice {
        label: "all".to_owned(),
        note: Some(format!("{} clusters", place.clusters.len())),
        path: String::new(),
        is_current: place.cluster.is_none(),
    };
    let each = place.clusters.iter().map(|name| Choice {
        label: name.clone(),
        note: None,
        path: cluster_path(name),
        is_current: place.cluster.as_ref() == Some(name),
    });
    std::iter::once(all).chain(each).collect()
}

fn hubs(place: &Place, here: Here, hub: Option<&HubName>) -> Vec<Choice> {
    let Some(cluster) = place.cluster.as_ref().filter(|_| !place.hubs.is_empty()) else { return Vec::new() };
    let all = match here {
        Here::Checklist => Choice {
            label: "the cluster itself".to_owned(),
            note: None,
            path: checklist_path(cluster, None),
            is_current: hub.is_none(),
        },
        Here::Overview
        | Here::Certificates
        | Here::Access
        | Here::Reach
        | Here::Drift
        | Here::History
        | Here::Gaps => Choice {
            label: "all".to_owned(),
            note: None,
            path: cluster_path(cluster),
            is_current: hub.is_none(),
        },
    };
    let each = place.hubs.iter().map(|choice| Choice {
        label: choice.name.release.clone(),
        note: Some(choice.name.namespace.clone()),
        path: match here {
            Here::Reach => reach_path(cluster, &choice.name),
            _ => checklist_path(cluster, Some(&choice.name)),
        },
        is_current: hub == Some(&choice.name),
    });
    std::iter::once(all).chain(each).collect()
}

fn navigation(place: &Place, here: Here, hub: Option<&HubName>) -> Vec<NavItem> {
    let item = |label: &str, path: String, count: Option<(u64, &'static str)>, is_current: bool| NavItem {
        label: label.to_owned(),
        path,
        count,
        is_current,
        opens_group: false,
        is_below: false,
    };
    let Some(cluster) = &place.cluster else {
        let overview = item("Overview", String::new(), None, true);
        let clusters = place.clusters.iter().enumerate().map(|(at, name)| NavItem {
            opens_group: at == 0,
            ..item(name, cluster_path(name), None, false)
        });
        return std::iter::once(overview).chain(clusters).collect();
    };
    let overview = if place.clusters.len() < 2 { String::new() } else { cluster_path(cluster) };
    let mut items = vec![item("Overview", overview, None, here == Here::Overview)];
    let is_cluster = here == Here::Checklist && hub.is_none();
    for choice in &place.hubs {
        let faults = Some((choice.open_faults, "open faults"));
        let path = checklist_path(cluster, Some(&choice.name));
        let is_shown = hub == Some(&choice.name);
        items.push(item(&choice.name.release, path, faults, is_shown && here == Here::Checklist));
        if is_shown {
            let path = reach_path(cluster, &choice.name);
            items.push(NavItem { is_below: true, ..item("Reach", path, None, here == Here::Reach) });
        }
    }
    if let Some(first) = items.get_mut(1) {
        first.opens_group = true;
    }
    let faults = Some((place.cluster_faults, "open faults"));
    items.push(NavItem {
        opens_group: true,
        ..item("Cluster", checklist_path(cluster, None), faults, is_cluster)
    });
    items.push(item("Certificates", certificates_path(cluster), None, here == Here::Certificates));
    items.push(item("Access", access_path(cluster), None, here == Here::Access));
    items.push(item("Drift", drift_path(cluster), None, here == Here::Drift));
    items.push(item("History", history_path(cluster), None, here == Here::History));
    let gaps = Some((place.gaps, "things that cannot be read"));
    items.push(item("What I can see", gaps_path(cluster), gaps, here == Here::Gaps));
    items
}
