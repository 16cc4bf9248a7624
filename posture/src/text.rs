//! Sentences with typed arguments: reasons and evidence, comparable without their volatile parts.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::object::ObjectRef;

/// A typed value inside a sentence. Text from the cluster is [`Arg::Text`] and nothing else, so that every output can escape it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arg {
    /// Words of ours.
    Word(String),
    /// Text that comes from the cluster: hostile.
    Text(String),
    /// An object of the cluster.
    Object(ObjectRef),
    /// A stable number such as a port.
    Number(i64),
    /// A count, which changes without anything having changed in kind: not compared.
    Count(u64),
    /// An instant, shown relative to now: not compared.
    Instant(Timestamp),
    /// Several values, printed with commas.
    List(Vec<Arg>),
}

impl Arg {
    /// Whether intervals ignore this value.
    pub fn is_volatile(&self) -> bool {
        match self {
            Self::Count(_) | Self::Instant(_) => true,
            Self::List(items) => items.iter().all(Self::is_volatile) && !items.is_empty(),
            Self::Word(_) | Self::Text(_) | Self::Object(_) | Self::Number(_) => false,
        }
    }

    /// Text from the cluster.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Words of ours.
    pub fn word(word: impl Into<String>) -> Self {
        Self::Word(word.into())
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(text) | Self::Text(text) => f.write_str(text),
            Self::Object(object) => write!(f, "{object}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Instant(instant) => write!(f, "{instant}"),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{item}")?;
                }
                Ok(())
            }
        }
    }
}

impl From<ObjectRef> for Arg {
    fn from(object: ObjectRef) -> Self {
        Self::Object(object)
    }
}

/// A sentence: a permanent id, a template in which `{name}` stands for an argument, and the arguments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reason {
    /// The permanent kebab-case id of the template, unique within a check: `no-https-port`.
    pub id: String,
    /// The sentence, without a final period: ``Service {service} publishes no port 443``.
    pub template: String,
    /// The arguments by name.
    pub args: BTreeMap<String, Arg>,
}

impl Reason {
    /// A sentence without arguments yet.
    pub fn new(id: &'static str, template: &'static str) -> Self {
        Self { id: id.to_owned(), template: template.to_owned(), args: BTreeMap::new() }
    }

    /// Adds an argument.
    pub fn with(mut self, name: &'static str, arg: impl Into<Arg>) -> Self {
        self.args.insert(name.to_owned(), arg.into());
        self
    }

    /// The sentence cut into our words and arguments, for outputs that mark or escape arguments.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let mut parts = Vec::new();
        let mut rest = self.template.as_str();
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|c| open + c) else { break };
            if open > 0 {
                parts.push(Part::Words(&rest[..open]));
            }
            match self.args.get(&rest[open + 1..close]) {
                Some(arg) => parts.push(Part::Arg(arg)),
                None => parts.push(Part::Words(&rest[open..=close])),
            }
            rest = &rest[close + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Words(rest));
        }
        parts
    }

    /// What an interval compares: the id and the arguments that are not volatile.
    pub fn stable(&self) -> (&str, Vec<(&String, &Arg)>) {
        (&self.id, self.args.iter().filter(|(_, arg)| !arg.is_volatile()).collect())
    }
}

/// A piece of a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Our words.
    Words(&'a str),
    /// An argument.
    Arg(&'a Arg),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts() {
            match part {
                Part::Words(words) => f.write_str(words)?,
                Part::Arg(arg) => write!(f, "{arg}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_stand_where_the_template_names_them() {
        let reason = Reason::new("x", "port {port} of {name} is open")
            .with("port", Arg::Number(80))
            .with("name", Arg::text("a{b}"));
        assert_eq!(reason.to_string(), "port 80 of a{b} is open");
    }

    #[test]
    fn counts_are_not_compared() {
        let one = Reason::new("x", "{n} servers").with("n", Arg::Count(1));
        let two = Reason::new("x", "{n} servers").with("n", Arg::Count(2));
        assert_eq!(one.stable(), two.stable());
    }
}
