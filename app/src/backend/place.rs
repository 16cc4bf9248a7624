//! Where a viewer is: the clusters and hubs to switch between, and how fresh what is shown is.

use std::fmt::Write;

use posture::Timestamp;

use crate::news::Known;

/// A hub as addresses name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HubName {
    /// The namespace.
    pub namespace: String,
    /// The Helm release.
    pub release: String,
    /// The label `app`, which addresses leave out where it is `jupyterhub`.
    pub app: String,
}

impl HubName {
    /// The part of an address that names the hub: `hubs/jhub/prod`, with `/app` behind where it is not `jupyterhub`.
    pub fn path(&self) -> String {
        let mut path = format!("hubs/{}/{}", segment(&self.namespace), segment(&self.release));
        if self.app != "jupyterhub" {
            path.push('/');
            path.push_str(&segment(&self.app));
        }
        path
    }
}

/// A name as one segment of a path: whatever it holds, it can neither leave the segment nor end the path.
pub fn segment(name: &str) -> String {
    name.bytes().fold(String::with_capacity(name.len()), |mut path, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => path.push(char::from(byte)),
            // Two dots alone would climb, and browsers read them so even when they are encoded.
            b'.' if !matches!(name, "." | "..") => path.push('.'),
            // Writing to a string cannot fail.
            _ => drop(write!(path, "%{byte:02X}")),
        }
        path
    })
}

/// A hub to switch to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubChoice {
    /// The store's id of the hub, which notices carry.
    pub id: i64,
    /// The hub.
    pub name: HubName,
    /// Its open faults (fail and warn).
    pub open_faults: u64,
}

/// An instant of the past that is shown, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The instant asked for.
    pub at: Timestamp,
    /// When the scan was taken that is shown; that of the earliest where several clusters are. `None` where history does not go back
    /// that far.
    pub taken_at: Option<Timestamp>,
    /// Set where Perijove was not running then: when the next run began.
    pub paused_until: Option<Timestamp>,
    /// The first and the last scan of the clusters shown that can be gone back to.
    pub span: Option<(Timestamp, Timestamp)>,
    /// The moments at which something changed, oldest first; those of one part of the span may be told as one.
    pub moments: Vec<Moment>,
    /// The last moment before the instant asked for at which something changed.
    pub earlier: Option<Timestamp>,
    /// The first one after it.
    pub later: Option<Timestamp>,
}

impl Past {
    /// Into how many parts its span is divided where it is drawn. What changed in one of them is one mark.
    pub const PARTS: u16 = 1000;
}

/// A moment at which something changed, or the last of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// When it was seen.
    pub at: Timestamp,
    /// How many changes.
    pub changes: u64,
}

/// What the header shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The names of all clusters the viewer may see, which are also their places in addresses.
    pub clusters: Vec<String>,
    /// The cluster shown, if one is.
    pub cluster: Option<String>,
    /// The hubs of the cluster shown.
    pub hubs: Vec<HubChoice>,
    /// When the cluster shown was last heard of, by the kind heard of longest ago; that of the stalest where all are shown. A cluster
    /// whose past is being replayed does not count: it is not there yet.
    pub heard_at: Option<Timestamp>,
    /// From which age, in seconds, that counts as stale: three intervals.
    pub stale_after_seconds: u32,
    /// The clusters shown whose past is still being replayed, with a sentence that says how far that is.
    pub replays: Vec<(String, String)>,
    /// Why the cluster shown cannot be read now. Where all are shown, each says it for itself; a past that is being replayed is no
    /// trouble.
    pub trouble: Option<String>,
    /// The scan shown of each cluster shown.
    pub known: Vec<Known>,
    /// Open faults (fail and warn) of the checks of the cluster itself.
    pub cluster_faults: u64,
    /// Things that cannot be read in the cluster shown. What files do not hold is not one of them.
    pub gaps: u64,
    /// Set where the page shows the past.
    pub past: Option<Past>,
    /// The present instant.
    pub now: Timestamp,
    /// Whether the data is the embedded demo's.
    pub is_demo: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(segment("jhub-1.prod_x"), "jhub-1.prod_x");
        assert_eq!(segment("a/../b?c#d"), "a%2F..%2Fb%3Fc%23d");
        assert_eq!(segment("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(segment("\u{202e}"), "%E2%80%AE");
    }

    #[test]
    fn the_usual_label_is_left_out_of_the_address() {
        let hub = |app: &str| HubName { namespace: "n".into(), release: "r".into(), app: app.into() };
        assert_eq!(hub("jupyterhub").path(), "hubs/n/r");
        assert_eq!(hub("x y").path(), "hubs/n/r/x%20y");
    }
}
