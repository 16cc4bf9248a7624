//! What repairs a fault: text, chart values and commands, with live values filled in and quoted for where they go.

pub(crate) mod egress;
mod shell;
mod values;

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::hostile;
use crate::hub::{ChartVersion, Confidence, Hub, HubKey};

pub use shell::{CommandLine, command_line};

/// A value of a fix, typed so that a serializer writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FixValue {
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Text of ours.
    Str(&'static str),
    /// A live value, `<name>` where it is not known: `Slot("domain")`.
    Slot(&'static str),
    /// A list.
    List(&'static [FixValue]),
    /// A mapping.
    Map(&'static [(&'static str, FixValue)]),
    /// `null`, which removes a key in Helm.
    Null,
}

/// What repairs a fault for a range of chart versions.
#[derive(Debug, Clone, Copy)]
pub struct Fix {
    /// The chart versions it is for, half-open `[from, to)` by major and minor; `None` is unbounded.
    pub from: Option<(u64, u64)>,
    /// See `from`.
    pub to: Option<(u64, u64)>,
    /// The case it is for, as the outcome names it with [`Outcome::case`](crate::check::Outcome::case); `None` is for every case.
    pub case: Option<&'static str>,
    /// What to do, in sentences with a final period.
    pub advice: &'static str,
    /// Lines for `config.yaml`: dotted path and value. Where there are any, the `helm upgrade` command follows.
    pub values: &'static [(&'static str, FixValue)],
    /// Whether a newer version of the chart repairs it: the `helm upgrade` command then asks for one.
    pub newer_chart: bool,
    /// Commands, as argument lists in which `<name>` is a slot, also within an argument.
    pub commands: &'static [&'static [&'static str]],
}

impl Fix {
    /// A fix for every chart version, without values or commands.
    pub const fn advice(advice: &'static str) -> Self {
        Self { from: None, to: None, case: None, advice, values: &[], newer_chart: false, commands: &[] }
    }

    /// A fix for chart versions from this one on.
    pub const fn from(major: u64, minor: u64, advice: &'static str) -> Self {
        Self {
            from: Some((major, minor)),
            to: None,
            case: None,
            advice,
            values: &[],
            newer_chart: false,
            commands: &[],
        }
    }

    /// A fix for chart versions before this one.
    pub const fn before(major: u64, minor: u64, advice: &'static str) -> Self {
        Self {
            from: None,
            to: Some((major, minor)),
            case: None,
            advice,
            values: &[],
            newer_chart: false,
            commands: &[],
        }
    }

    /// The same, before this chart version only.
    pub const fn until(mut self, major: u64, minor: u64) -> Self {
        self.to = Some((major, minor));
        self
    }

    /// The same for one case only.
    pub const fn case(mut self, case: &'static str) -> Self {
        self.case = Some(case);
        self
    }

    /// The same with lines for `config.yaml`.
    pub const fn values(mut self, values: &'static [(&'static str, FixValue)]) -> Self {
        self.values = values;
        self
    }

    /// The same with the command that upgrades the chart, to a version that the person chooses.
    pub const fn newer_chart(mut self) -> Self {
        self.newer_chart = true;
        self
    }

    /// The same with commands.
    pub const fn commands(mut self, commands: &'static [&'static [&'static str]]) -> Self {
        self.commands = commands;
        self
    }

    /// Whether it is for this chart version; a development build counts to the version it leads to.
    pub fn fits(&self, version: &Version) -> bool {
        let this = (version.major, version.minor);
        self.from.is_none_or(|from| from <= this) && self.to.is_none_or(|to| this < to)
    }

    /// The chart versions it is for, in words.
    fn chart_range(&self) -> Option<String> {
        let name = |(major, minor): (u64, u64)| format!("{major}.{minor}");
        match (self.from, self.to) {
            (None, None) => None,
            (Some(from), None) => Some(format!("charts from {}", name(from))),
            (None, Some(to)) => Some(format!("charts before {}", name(to))),
            (Some(from), Some(to)) => Some(format!("charts from {} and before {}", name(from), name(to))),
        }
    }

    /// The names of all its slots.
    pub fn slot_names(&self) -> Vec<&'static str> {
        let advice = shell::slot_names(self.advice);
        let values = self.values.iter().flat_map(|(_, value)| values::slot_names(value));
        let commands = self.commands.iter().flat_map(|c| c.iter()).flat_map(|a| shell::slot_names(a));
        advice.chain(values).chain(commands).collect()
    }
}

/// Live values by slot name. [`Slots::of_hub`] fills `namespace`, `release`, `app`, `entrances` (the kinds through which people come in,
/// of those that every cluster has), `chart-version` (where it is sure), `chart-range` (also where it is guessed) and `parent-chart` (where
/// the hub is a part of BinderHub); a check fills the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots(BTreeMap<String, String>);

impl Slots {
    /// The identity of a hub.
    pub fn of_key(key: &HubKey) -> Self {
        let mut slots = Self::default();
        slots.set("namespace", &key.namespace);
        slots.set("release", &key.release);
        slots.set("app", &key.app);
        slots
    }

    /// What the engine knows of a hub.
    pub fn of_hub(hub: &Hub) -> Self {
        let mut slots = Self::of_key(&hub.key);
        slots.set(ENTRANCES, "services,ingresses");
        if let Ok(chart) = &hub.chart {
            slots.set("chart-range", chart.version.to_string());
            if chart.confidence == Confidence::High && hub.binder.is_none() {
                slots.set("chart-version", helm_version(chart));
            }
        }
        if hub.binder.is_some() {
            slots.set("parent-chart", "binderhub");
        }
        slots
    }

    /// Fills the slots that another set fills, over those that are filled already.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    }

    /// Fills a slot.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The live value of a slot.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// The version as the chart repository writes it: the first releases carry a `v`.
fn helm_version(chart: &ChartVersion) -> String {
    let version = &chart.version;
    if (version.major, version.minor) > (0, 6) {
        return version.to_string();
    }
    let patch = if version.patch > 0 { format!(".{}", version.patch) } else { String::new() };
    format!("v{}.{}{patch}", version.major, version.minor)
}

/// A fix with live values filled in, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedFix {
    /// What to do, in sentences.
    pub advice: String,
    /// The chart versions it is for, in words; `None` where it is for all.
    pub chart_range: Option<String>,
    /// Lines for `config.yaml`.
    pub config_yaml: Option<String>,
    /// Commands, each a line for a POSIX shell.
    pub commands: Vec<String>,
    /// Why the lines must not be copied, as a sentence; `None` where they may.
    pub refused: Option<String>,
}

/// The slot that holds the kinds through which people come in.
pub(crate) const ENTRANCES: &str = "entrances";

/// The slot that holds the case.
pub(crate) const CASE: &str = "case";

/// The fix for the case and the chart version that the slots hold: the first that fits; for an unknown version the newest one, and among
/// those the one for the case.
pub fn for_slots(fixes: &'static [Fix], slots: &Slots) -> Option<RenderedFix> {
    let version = slots.value("chart-range").and_then(|text| Version::parse(text).ok());
    let mut cases = fixes.iter().filter(|fix| fix.case.is_none_or(|case| slots.value(CASE) == Some(case)));
    let fix = match &version {
        Some(version) => cases.find(|fix| fix.fits(version)),
        None => cases.max_by_key(|fix| (fix.to.unwrap_or((u64::MAX, 0)), fix.case.is_some())),
    };
    fix.map(|fix| render(fix, slots))
}

/// Fills a fix with live values.
pub fn render(fix: &Fix, slots: &Slots) -> RenderedFix {
    let is_nested = slots.value("parent-chart").is_some();
    let mut commands: Vec<CommandLine> = Vec::new();
    let mut refused = None;
    let config_yaml = (!fix.values.is_empty()).then(|| {
        let mut names = fix.values.iter().flat_map(|(_, value)| values::slot_names(value));
        refused = names.find_map(|name| refusal(name, slots.value(name)?));
        commands.push(upgrade(is_nested, false, slots));
        // The values of a subchart stand below its name.
        values::render(is_nested.then_some("jupyterhub"), fix.values, slots)
    });
    if fix.newer_chart {
        commands.push(upgrade(is_nested, true, slots));
    }
    commands.extend(fix.commands.iter().map(|arguments| command_line(arguments, slots)));
    let refused = refused.or_else(|| commands.iter().find_map(|command| command.refused.clone()));
    RenderedFix {
        advice: hostile::visible(&shell::fill(fix.advice, slots)),
        chart_range: fix.chart_range(),
        config_yaml,
        commands: commands.into_iter().map(|command| command.text).collect(),
        refused,
    }
}

/// The upgrade of the release. With changed values it stays on the chart version that runs, for a newer one is a decision of its own.
fn upgrade(is_nested: bool, to_newer: bool, slots: &Slots) -> CommandLine {
    let (chart, version) = match (is_nested, to_newer) {
        (false, false) => ("jupyterhub/jupyterhub", "<chart-version>"),
        (false, true) => ("jupyterhub/jupyterhub", "<newer-chart-version>"),
        (true, false) => ("jupyterhub/binderhub", "<binderhub-chart-version>"),
        (true, true) => ("jupyterhub/binderhub", "<newer-binderhub-chart-version>"),
    };
    let release = ["helm", "upgrade", "--cleanup-on-fail", "<release>", chart, "--namespace", "<namespace>"];
    command_line(&[&release[..], &["--version", version, "--values", "config.yaml"]].concat(), slots)
}

/// Why a live value must not be copied into a shell or a file, as a sentence.
fn refusal(slot: &str, value: &str) -> Option<String> {
    let trouble = hostile::first_trouble(value)?;
    let words = slot.replace('-', " ");
    Some(format!("The {words} holds {}, so this cannot be copied safely.", trouble.description()))
}

#[cfg(test)]
mod tests;
