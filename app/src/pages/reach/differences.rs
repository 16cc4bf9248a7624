//! What two classes, or one at two instants, do not reach alike; and what they do.

use posture::network::Verdict;
use posture::object::ObjectRef;
use posture::reach::{ClassReach, ReachRow, ReverseRow, RowOutcome};

use super::says::{self, Said};
use crate::backend::ComparedWith;
use crate::words;

/// What one side says of a destination.
#[derive(Clone)]
pub(super) struct Answered {
    /// The word and the tone.
    pub(super) said: Said,
    /// What was found.
    pub(super) outcome: RowOutcome,
}

/// What both sides say of one thing; `None` where a side does not know it.
pub(super) struct Pair {
    /// What it is.
    pub(super) name: String,
    pub(super) here: Option<Answered>,
    pub(super) there: Option<Answered>,
}

impl Pair {
    fn is_same(&self) -> bool {
        self.here.as_ref().map(told) == self.there.as_ref().map(told)
    }
}

/// What counts as a difference: the answer and, where only some places are reached, which. Other places come and go.
fn told(answered: &Answered) -> (Option<Verdict>, Vec<&String>) {
    let outcome = &answered.outcome;
    let mut places: Vec<&String> = match outcome {
        RowOutcome::Found(groups) if outcome.is_partial() => {
            let same = groups.iter().filter(|group| Some(group.found.verdict) == outcome.verdict());
            same.flat_map(|group| &group.places).collect()
        }
        _ => Vec::new(),
    };
    places.sort_unstable();
    (outcome.verdict(), places)
}

/// Everything that two classes are asked, apart by whether they answer alike.
pub(super) struct Pairs {
    /// What they answer differently.
    pub(super) different: Vec<Pair>,
    /// What they answer alike.
    pub(super) same: Vec<Pair>,
}

impl Pairs {
    pub(super) fn of(here: &ClassReach, there: &ClassReach) -> Self {
        let row = |row: &ReachRow| {
            (row.destination.name(), Answered { said: says::of_row(row), outcome: row.outcome.clone() })
        };
        let reverse = |row: &ReverseRow| {
            let said = says::of_reverse(row.target, row.source, &row.outcome);
            (says::reverse_name(row), Answered { said, outcome: row.outcome.clone() })
        };
        let all = |class: &ClassReach| -> Vec<(String, Answered)> {
            class.rows.iter().map(row).chain(class.reverse.iter().map(reverse)).collect()
        };
        let mut others = all(there);
        let mut pairs = Vec::new();
        for (name, answered) in all(here) {
            let place = others.iter().position(|(other, _)| *other == name);
            let there = place.map(|place| others.remove(place).1);
            pairs.push(Pair { name, here: Some(answered), there });
        }
        pairs.extend(others.into_iter().map(|(name, answered)| Pair {
            name,
            here: None,
            there: Some(answered),
        }));
        let (same, different) = pairs.into_iter().partition(Pair::is_same);
        Self { different, same }
    }
}

/// The policies that select only one of two classes, for what they send or what they receive.
pub(super) fn policies_of_one<'c>(one: &'c ClassReach, other: &ClassReach) -> Vec<&'c ObjectRef> {
    let of_other: Vec<&ObjectRef> = other.policies.iter().flatten().collect();
    let mut found: Vec<_> =
        one.policies.iter().flatten().filter(|policy| !of_other.contains(policy)).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Whether a side is known to reach something at all, or known not to.
fn reaches(answered: Option<&Answered>) -> Option<bool> {
    match answered?.outcome.verdict()? {
        Verdict::Allowed => Some(true),
        Verdict::Denied => Some(false),
        Verdict::CniDependent | Verdict::Unknown => None,
    }
}

/// What differs, in sentences.
pub(super) fn in_words(differences: &[Pair], with: ComparedWith) -> String {
    let of = |here: bool| -> Vec<String> {
        let is_so = |pair: &&Pair| {
            reaches(pair.here.as_ref()) == Some(here) && reaches(pair.there.as_ref()) == Some(!here)
        };
        let name = |pair: &Pair| {
            let answered = [&pair.here, &pair.there].into_iter().flatten();
            let is_partial = answered.into_iter().any(|answered| answered.outcome.is_partial());
            if is_partial { format!("{} in part", pair.name) } else { pair.name.clone() }
        };
        differences.iter().filter(is_so).map(name).collect()
    };
    let (opened, closed) = (of(true), of(false));
    let others = differences.len() - opened.len() - closed.len();
    let is_past = matches!(with, ComparedWith::Past(_));
    let (open, close) = if is_past {
        ("Open now and not then", "Open then and no more")
    } else {
        ("Open to this class only", "Open to the other class only")
    };
    let mut sentences = Vec::new();
    for (start, names) in [(open, opened), (close, closed)] {
        if !names.is_empty() {
            sentences.push(format!("{start}: {}.", names.join(", ")));
        }
    }
    if others > 0 {
        let rest = if sentences.is_empty() { "" } else { " more" };
        let others = others as u64;
        let (number, answers) = (words::sentence(&words::number(others)), words::plural(others, "answer"));
        sentences
            .push(format!("{number}{rest} {answers} {}.", if others == 1 { "differs" } else { "differ" }));
    }
    sentences.join(" ")
}

#[cfg(test)]
mod tests {
    use posture::check::Verdict as Tone;
    use posture::gap::Unknown;
    use posture::text::Reason;

    use super::*;

    fn answered(outcome: RowOutcome) -> Answered {
        Answered { said: ("unknown", Tone::Unknown), outcome }
    }

    #[test]
    fn what_cannot_be_told_is_neither_opened_nor_closed() {
        let unknown: Unknown = Reason::new("x", "not seen").into();
        let pair = |here, there| Pair { name: "Hub and its API".to_owned(), here, there };
        let pairs = [
            pair(Some(answered(RowOutcome::Unknown(unknown))), Some(answered(RowOutcome::Nothing))),
            pair(None, None),
        ];
        assert_eq!(in_words(&pairs, ComparedWith::Class), "Two answers differ.");
        assert_eq!(in_words(&pairs[..1], ComparedWith::Class), "One answer differs.");
        assert!(pairs[1].is_same() && !pairs[0].is_same());
    }
}
