//! The data of the frame.

use posture::Timestamp;

use crate::backend::Past;
use crate::news::Known;
use crate::text::visible;

/// What surrounds a page. All paths are below the prefix and without its slash: `gaps`, `clusters/a/hubs/jhub/prod`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameView {
    /// The title of the document, without the name of the program.
    pub title: String,
    /// The instant the page is made at.
    pub now: Timestamp,
    /// The clusters to choose from. None: no switcher.
    pub clusters: Vec<Choice>,
    /// The hubs of the cluster to choose from, with one choice for all of them. None: no switcher.
    pub hubs: Vec<Choice>,
    /// The navigation. None: the page stands alone.
    pub nav: Vec<NavItem>,
    /// How fresh the page is; `None` on pages that show nothing of a cluster.
    pub freshness: Option<Freshness>,
    /// The clusters shown whose past is still being replayed, with how far that is: what is shown of them is not the present.
    pub replays: Vec<(String, String)>,
    /// Why the cluster shown cannot be read now, and whether anything of it was judged before; `None` where nothing is wrong, or where
    /// the page says it itself.
    pub trouble: Option<(String, bool)>,
    /// The page at other instants; `None` where there is only now.
    pub travel: Option<Travel>,
    /// What an open page waits for; `None` where nothing can change, as in the past.
    pub watch: Option<Watch>,
    /// Whether the data is invented.
    pub is_demo: bool,
}

impl FrameView {
    /// The frame of a page that stands alone, such as an error or a sign-in.
    pub fn bare(title: impl Into<String>, now: Timestamp) -> Self {
        Self {
            title: title.into(),
            now,
            clusters: Vec::new(),
            hubs: Vec::new(),
            nav: Vec::new(),
            freshness: None,
            replays: Vec::new(),
            trouble: None,
            travel: None,
            watch: None,
            is_demo: false,
        }
    }

    /// The line that opens a printed sheet: where, and when.
    pub(super) fn sheet(&self) -> String {
        let current = |choices: &[Choice]| {
            choices.iter().find(|choice| choice.is_current).map(|choice| visible(&choice.label).into_owned())
        };
        let seen = self.freshness.and_then(|freshness| freshness.heard_at);
        let when = match (self.travel.as_ref().and_then(Travel::at), seen) {
            (Some(at), _) => format!("as of {}", at.strftime("%-d %b %Y, %H:%M UTC")),
            (None, Some(seen)) => format!("seen {}", seen.strftime("%-d %b %Y, %H:%M UTC")),
            (None, None) => format!("printed {}", self.now.strftime("%-d %b %Y, %H:%M UTC")),
        };
        ["Perijove".to_owned()]
            .into_iter()
            .chain(current(&self.clusters))
            .chain(current(&self.hubs))
            .chain([when])
            .collect::<Vec<_>>()
            .join(" · ")
    }
}

/// One entry of a switcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name.
    pub label: String,
    /// A remark beside it, such as the namespace.
    pub note: Option<String>,
    /// Where it leads.
    pub path: String,
    /// Whether it is the one shown.
    pub is_current: bool,
}

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// What it says.
    pub label: String,
    /// Where it leads.
    pub path: String,
    /// A number beside it, with what it counts: `(9, "open faults")`. Zero is not shown.
    pub count: Option<(u64, &'static str)>,
    /// Whether it is the page shown, or the page shown is below it.
    pub is_current: bool,
    /// Whether a line stands above it.
    pub opens_group: bool,
    /// Whether it belongs to the item before it.
    pub is_below: bool,
}

/// How fresh what is shown is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When the cluster was last heard of; `None` before the first scan.
    pub heard_at: Option<Timestamp>,
    /// From which age, in seconds, it counts as stale.
    pub stale_after_seconds: u32,
}

impl Freshness {
    /// Whether it is stale at this instant.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.heard_at.is_some_and(|at| {
            now.as_second().saturating_sub(at.as_second()) >= i64::from(self.stale_after_seconds)
        })
    }
}

/// The page at other instants: a form sends `at`, an instant in UTC such as `2026-11-18T09:14`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Travel {
    /// The page as of now: its address below the prefix, with what it asks for.
    pub path: String,
    /// What it asks for, by name and value.
    pub asks: Vec<(String, String)>,
    /// What is known of the instant shown; `None` is now.
    pub past: Option<Past>,
}

impl Travel {
    /// The address without what it asks for, for a form that sends that in fields.
    pub(super) fn page(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// What a form to another instant must keep.
    pub(super) fn kept(&self) -> impl Iterator<Item = (String, String)> {
        self.asks.clone().into_iter()
    }

    /// The instant shown; `None` is now.
    pub fn at(&self) -> Option<Timestamp> {
        self.past.as_ref().map(|past| past.at)
    }
}

/// What an open page waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The name of the cluster shown; `None` where all are.
    pub cluster: Option<String>,
    /// The id of the hub shown; `None` where all news of the cluster concerns the page.
    pub hub: Option<i64>,
    /// The scan shown of each cluster shown; news of a later one concerns the page.
    pub known: Vec<Known>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_stale_from_the_very_second() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let freshness = Freshness { heard_at: Some(at(1_000)), stale_after_seconds: 900 };
        assert!(!freshness.is_stale(at(1_899)));
        assert!(freshness.is_stale(at(1_900)));
        assert!(!Freshness { heard_at: None, stale_after_seconds: 900 }.is_stale(at(1_900)));
    }
}
