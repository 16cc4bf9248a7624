//! Which kinds the API server serves, and in which version.

use std::collections::{BTreeMap, BTreeSet};

use posture::gap::GapReason;
use posture::kind::{KINDS, Kind, KindInfo, Tier};
use serde::Deserialize;

use super::error::ApiError;
use super::path::{Form, group_version};
use super::source::Source;

/// How one kind is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// In this version, which this program can read.
    Version(&'static str),
    /// Not at all, and that is no gap: the API is optional.
    Absent,
    /// It cannot be read.
    Gap(GapReason),
}

/// How every kind of the table is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    kinds: BTreeMap<Kind, Served>,
    /// Whether the API server told at all.
    is_told: bool,
}

impl Serving {
    /// How this kind is served.
    ///
    /// # Panics
    /// Never: every kind of the table was asked about.
    pub fn of(&self, kind: Kind) -> &Served {
        self.kinds.get(&kind).expect("every kind of the table was asked about")
    }

    /// Whether the API server told what it serves. One that refuses has just started, or an administrator has closed its discovery.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Asks the API server. Where it does not tell, every kind is taken to be served in its newest version: the list will show.
    pub async fn discover(source: &Source) -> Result<Self, ApiError> {
        let groups = match source.get("/apis", Form::Whole).await {
            Ok(body) => Some(parse::<GroupList>(&body, "/apis")?),
            Err(ApiError::Forbidden | ApiError::NotFound) => None,
            Err(error) => return Err(error),
        };
        let mut resources = Resources { source, known: BTreeMap::new() };
        let mut kinds = BTreeMap::new();
        for info in KINDS {
            let served = match &groups {
                None => Served::Version(info.versions[0]),
                Some(groups) => resources.look_up(info, &groups.versions(info.group)).await?,
            };
            kinds.insert(info.kind, served);
        }
        Ok(Self { kinds, is_told: groups.is_some() })
    }
}

/// The resources of each group's version, asked for once.
struct Resources<'a> {
    source: &'a Source,
    known: BTreeMap<String, Option<BTreeSet<String>>>,
}

impl Resources<'_> {
    async fn look_up(&mut self, info: &KindInfo, served: &[String]) -> Result<Served, ApiError> {
        for ours in info.versions {
            if served.iter().any(|version| version == ours) && self.has(info, ours).await? {
                return Ok(Served::Version(ours));
            }
        }
        for other in served.iter().filter(|version| !info.versions.contains(&version.as_str())) {
            if self.has(info, other).await? {
                let what = "the cluster serves them only in versions that Perijove does not read";
                return Ok(Served::Gap(GapReason::Failed(what.to_owned())));
            }
        }
        Ok(match info.tier {
            Tier::C => Served::Absent,
            Tier::R0 => Served::Gap(GapReason::NotServed),
        })
    }

    /// Whether a version of a group has the resource; yes if the server does not tell.
    async fn has(&mut self, info: &KindInfo, version: &str) -> Result<bool, ApiError> {
        let url = group_version(info.group, version);
        if !self.known.contains_key(&url) {
            let names = match self.source.get(&url, Form::Whole).await {
                Ok(body) => Some(parse::<ResourceList>(&body, "a list of resources")?.names()),
                Err(ApiError::NotFound) => Some(BTreeSet::new()),
                // A group whose own server is down or closed: the list of the kind will say so.
                Err(ApiError::Forbidden | ApiError::Server { .. }) => None,
                Err(error) => return Err(error),
            };
            self.known.insert(url.clone(), names);
        }
        Ok(self.known[&url].as_ref().is_none_or(|names| names.contains(info.plural)))
    }
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8], what: &str) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| {
        ApiError::Malformed(format!("the API server's answer to {what} is not what it should be"))
    })
}

#[derive(Deserialize)]
struct GroupList {
    #[serde(default)]
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    name: String,
    #[serde(default)]
    versions: Vec<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

impl GroupList {
    fn versions(&self, group: &str) -> Vec<String> {
        if group.is_empty() {
            return vec!["v1".to_owned()];
        }
        let found = self.groups.iter().filter(|known| known.name == group);
        found.flat_map(|known| known.versions.iter().map(|version| version.version.clone())).collect()
    }
}

#[derive(Deserialize)]
struct ResourceList {
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    name: String,
}

impl ResourceList {
    fn names(self) -> BTreeSet<String> {
        self.resources.into_iter().map(|resource| resource.name).collect()
    }
}
