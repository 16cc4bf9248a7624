//! Finds servers by the names of their people, which records do not hold.

use std::sync::Arc;

use super::{AskError, From, To, ToEnd};
use crate::facts::Pod;
use crate::reach::Reach;
use crate::redact::people::token_in;

impl Reach<'_> {
    /// The source with a person's name replaced by what stands for it in records. What may stand for it is known to the caller: tokens of
    /// the person, and, where it can make them, whole names of the pod.
    pub fn from_recorded(&self, from: &From, known: &[String]) -> Result<From, AskError> {
        let From::Pod { namespace, name } = from else { return Ok(from.clone()) };
        let offer = |namespace: Option<&str>, name: &str| {
            let namespace = namespace.map(str::to_owned);
            From::Pod { namespace, name: name.to_owned() }.to_string()
        };
        let name = self.recorded((namespace.as_deref(), None), name, known, offer)?;
        Ok(From::Pod { namespace: namespace.clone(), name })
    }

    /// The same for a destination. Of servers that are called alike, the one beside those that ask is meant.
    pub fn to_recorded(&self, to: &To, from: &From, known: &[String]) -> Result<To, AskError> {
        let ToEnd::Pod { namespace, name } = &to.end else { return Ok(to.clone()) };
        let offer = |namespace: Option<&str>, name: &str| {
            let end = ToEnd::Pod { namespace: namespace.map(str::to_owned), name: name.to_owned() };
            To { end, ..to.clone() }.to_string()
        };
        let home = self.home(from);
        let name = self.recorded((namespace.as_deref(), home.as_deref()), name, known, offer)?;
        Ok(To { end: ToEnd::Pod { namespace: namespace.clone(), name }, ..to.clone() })
    }

    /// The namespace of those that ask, where it is plain.
    pub fn home(&self, from: &From) -> Option<String> {
        match from {
            From::Pod { namespace: Some(namespace), .. } | From::Hub { namespace: Some(namespace), .. } => {
                Some(namespace.clone())
            }
            From::Pod { name, .. } => {
                let pods = self.snapshot.pods.present().filter(|pod| pod.is_live());
                let mut named = pods.filter(|pod| pod.metadata.name == *name);
                let first = named.next()?;
                first.metadata.namespace.clone().filter(|_| named.next().is_none())
            }
            From::Hub { .. } | From::Class(_) => None,
        }
    }

    /// The name under which records keep a pod. A server is found by its whole name where that is known, else by the token of its person, and
    /// a named server only where that leaves one. `offer` writes a place as the question may name it.
    fn recorded(
        &self,
        (namespace, home): (Option<&str>, Option<&str>),
        name: &str,
        known: &[String],
        offer: impl Fn(Option<&str>, &str) -> String,
    ) -> Result<String, AskError> {
        let live = || self.snapshot.pods.present().filter(|pod| pod.is_live());
        let is_there = |pod: &&Arc<Pod>| {
            namespace.is_none_or(|wanted| pod.metadata.namespace.as_deref() == Some(wanted))
        };
        if known.is_empty() || live().filter(is_there).any(|pod| pod.metadata.name == name) {
            return Ok(name.to_owned());
        }
        let is_known = |text: &str| known.iter().any(|other| other == text);
        let mut found: Vec<&Arc<Pod>> =
            live().filter(is_there).filter(|pod| is_known(&pod.metadata.name)).collect();
        // Whoever knows whole names can be asked for one; all others know servers by what records call them.
        let knows_names = known.iter().any(|text| text.starts_with("jupyter-"));
        // The server without a name of its own is called as its person is.
        let is_named = name.contains("--");
        if found.is_empty() && !(knows_names && is_named) {
            let of_person = |pod: &&Arc<Pod>| token_in(&pod.metadata.name).is_some_and(is_known);
            found = live().filter(is_there).filter(of_person).collect();
            let is_usual = |pod: &Arc<Pod>| pod.metadata.name.strip_prefix("jupyter-").is_some_and(is_known);
            if found.iter().any(|pod| is_usual(pod)) {
                found.retain(|pod| is_usual(pod) != is_named);
            }
        }
        let recorded: std::collections::BTreeSet<&str> =
            found.iter().map(|pod| pod.metadata.name.as_str()).collect();
        let place = |pod: &&Arc<Pod>| pod.metadata.namespace.clone().unwrap_or_default();
        match (recorded.first(), recorded.len(), found.len()) {
            (None, ..) => Ok(name.to_owned()),
            (Some(one), 1, 1) => Ok((*one).to_owned()),
            (Some(one), 1, _)
                if found.iter().any(|pod| home.is_some() && home == pod.metadata.namespace.as_deref()) =>
            {
                Ok((*one).to_owned())
            }
            // One name in several namespaces: it is told apart as it was written.
            (Some(_), 1, _) => Err(AskError::Several {
                name: name.to_owned(),
                places: found.iter().map(|pod| offer(Some(&place(pod)), name)).collect(),
            }),
            (Some(_), count, _) if knows_names => {
                Err(AskError::SeveralServers { name: name.to_owned(), count })
            }
            _ => Err(AskError::Several {
                name: name.to_owned(),
                places: found.iter().map(|pod| offer(Some(&place(pod)), &pod.metadata.name)).collect(),
            }),
        }
    }
}
