//! What connections are said to show, where nothing is connected to: the demo's names are nobody's, or somebody else's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use posture::sighting::{EndpointSight, Seen, Sight, Spot, Unsighted};
use posture::x509::Der;

/// What names show, and which authorities browsers know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// What a name shows on a port, each with the instant since when, oldest first.
    pub shown: BTreeMap<(String, u16), Vec<(Timestamp, EndpointSight)>>,
    /// The authorities that browsers know.
    pub authorities: Vec<Der>,
}

impl Script {
    /// What these names show at an instant.
    pub fn look(&self, names: Vec<(String, u16)>, now: Timestamp) -> BTreeMap<Spot, Sight> {
        let look = |name: (String, u16)| {
            let mut shown = self.shown.get(&name).into_iter().flatten();
            let seen = shown.rfind(|(since, _)| *since <= now);
            let seen = seen.map(|(_, sight)| Seen::Endpoint(Box::new(sight.clone())));
            (Spot::Endpoint { host: name.0, port: name.1 }, seen.ok_or(Unsighted::NotYet))
        };
        names.into_iter().map(look).collect()
    }
}
