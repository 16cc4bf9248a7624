//! The API server's word on what Perijove itself may do, asked of a few namespaces at a time.
//!
//! One question is about one namespace, so that a full answer of a large cluster takes hundreds. An answer is kept until a role or a
//! binding changes that could make it another one, or until it is old; what is not answered, or not any more, is left out of what is told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use posture::facts::PolicyRule;
use posture::gap::GapReason;
use posture::snapshot::{OwnRules, Reviews};

use crate::cluster::review::RulesIn;

/// How many namespaces are asked about at most before a scan; the others follow between scans.
pub(super) const BEFORE_SCAN: usize = 20;

/// How old an answer is when it is asked for again: what decides beside RBAC, or cannot be watched, may have changed.
const OLD: SignedDuration = SignedDuration::from_mins(30);
/// How old an answer is when it counts no more.
const STALE: SignedDuration = SignedDuration::from_mins(75);
/// How long an API server may go on with the roles of before a change.
const LAG: SignedDuration = SignedDuration::from_secs(10);

/// The answers that count.
#[derive(Debug, Default)]
pub(super) struct OwnAnswers {
    answers: BTreeMap<String, Answer>,
    /// When a role or a binding last changed.
    changed_at: Option<Timestamp>,
    /// Whether the API server did not answer: nothing is asked before the next tick.
    is_paused: bool,
    reviews: Option<Result<Reviews, GapReason>>,
}

#[derive(Debug)]
struct Answer {
    rules: RulesIn,
    at: Timestamp,
    /// Whether it may be from before a change that the API server had not taken in yet.
    is_early: bool,
}

impl OwnAnswers {
    /// Forgets what roles and bindings that changed could make wrong: those of a namespace, or with `None` of the whole cluster.
    pub(super) fn forget(&mut self, changed: impl IntoIterator<Item = Option<String>>, now: Timestamp) {
        for place in changed {
            self.changed_at = Some(now);
            match place {
                Some(namespace) => drop(self.answers.remove(&namespace)),
                None => self.answers.clear(),
            }
        }
    }

    /// Takes in the answers to the questions about single things.
    pub(super) fn take(&mut self, reviews: Result<Reviews, GapReason>) {
        self.reviews = Some(reviews);
    }

    /// Takes in the answer about a namespace; without one, nothing is asked before the next tick.
    pub(super) fn take_rules(&mut self, namespace: String, rules: Option<RulesIn>, now: Timestamp) {
        let Some(rules) = rules else {
            self.is_paused = true;
            return;
        };
        let is_early = self.changed_at.is_some_and(|at| now.duration_since(at) < LAG);
        self.answers.insert(namespace, Answer { rules, at: now, is_early });
    }

    /// Asks again where the API server did not answer.
    pub(super) fn resume(&mut self) {
        self.is_paused = false;
    }

    /// The namespace to ask about next: one without an answer, or one whose answer is the oldest that is too old.
    pub(super) fn due(&self, namespaces: &BTreeSet<String>, now: Timestamp) -> Option<String> {
        if self.is_paused {
            return None;
        }
        if let Some(missing) = namespaces.iter().find(|name| !self.answers.contains_key(*name)) {
            return Some(missing.clone());
        }
        let age = |answer: &Answer| now.duration_since(answer.at);
        let is_due = |answer: &Answer| age(answer) >= OLD || answer.is_early && age(answer) >= LAG;
        let old = self.answers.iter().filter(|(name, answer)| namespaces.contains(*name) && is_due(answer));
        old.min_by_key(|(_, answer)| answer.at).map(|(name, _)| name.clone())
    }

    /// What is told of it now; `None` before anything was asked.
    pub(super) fn told(
        &mut self,
        namespaces: &BTreeSet<String>,
        now: Timestamp,
    ) -> Option<Result<Reviews, GapReason>> {
        self.answers
            .retain(|name, answer| namespaces.contains(name) && now.duration_since(answer.at) < STALE);
        let reviews = self.reviews.clone()?;
        Some(reviews.map(|reviews| Reviews {
            rules: self.together(),
            asked_at: self.answers.values().map(|answer| answer.at).min(),
            ..reviews
        }))
    }

    /// The answers, namespaces with the same rules together.
    fn together(&self) -> Vec<OwnRules> {
        let mut places: BTreeMap<(&Vec<PolicyRule>, bool), Vec<String>> = BTreeMap::new();
        for (namespace, answer) in &self.answers {
            let key = (&answer.rules.rules, answer.rules.is_incomplete);
            places.entry(key).or_default().push(namespace.clone());
        }
        let rules = places.into_iter().map(|((rules, is_incomplete), namespaces)| OwnRules {
            namespaces,
            rules: rules.clone(),
            is_incomplete,
        });
        rules.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn asked(own: &OwnAnswers) -> usize {
        own.together().iter().map(|part| part.namespaces.len()).sum()
    }

    /// Answers about all of these, given at this second.
    fn answered(all: &BTreeSet<String>, seconds: i64) -> OwnAnswers {
        let mut own = OwnAnswers::default();
        own.take(Ok(Reviews::default()));
        while let Some(namespace) = own.due(all, at(seconds)) {
            own.take_rules(namespace, Some(RulesIn::default()), at(seconds));
        }
        own
    }

    #[test]
    fn a_namespace_is_asked_about_once_until_its_answer_is_old() {
        let all = names(&["a", "b"]);
        let own = answered(&all, 0);
        assert_eq!(own.due(&all, at(1_799)), None);
        assert_eq!(own.due(&all, at(1_800)), Some("a".to_owned()));
        assert_eq!(own.due(&names(&["a", "b", "c"]), at(1_800)), Some("c".to_owned()), "what has none first");
    }

    #[test]
    fn a_change_of_a_role_takes_back_what_it_could_make_wrong() {
        let all = names(&["a", "b"]);
        let mut own = answered(&all, 0);
        own.forget([Some("b".to_owned())], at(60));
        assert_eq!((asked(&own), own.due(&all, at(60))), (1, Some("b".to_owned())));
        own.forget([None], at(61));
        assert_eq!(asked(&own), 0);
    }

    #[test]
    fn an_answer_from_right_after_a_change_is_asked_for_again() {
        let all = names(&["a"]);
        let mut own = answered(&all, 0);
        own.forget([None], at(60));
        own.take_rules("a".to_owned(), Some(RulesIn::default()), at(61));
        assert_eq!(own.due(&all, at(62)), None);
        assert_eq!(own.due(&all, at(71)), Some("a".to_owned()));
        own.take_rules("a".to_owned(), Some(RulesIn::default()), at(71));
        assert_eq!(own.due(&all, at(90)), None);
    }

    #[test]
    fn what_is_stale_is_told_no_more_and_the_oldest_answer_dates_the_rest() {
        let all = names(&["a", "b"]);
        let mut own = answered(&all, 0);
        own.take_rules("b".to_owned(), Some(RulesIn::default()), at(4_000));
        let told = own.told(&all, at(4_400)).unwrap().unwrap();
        assert_eq!((told.rules[0].namespaces.len(), told.asked_at), (2, Some(at(0))));
        let told = own.told(&all, at(4_500)).unwrap().unwrap();
        assert_eq!(
            (told.rules[0].namespaces.as_slice(), told.asked_at),
            (&["b".to_owned()][..], Some(at(4_000)))
        );
    }

    #[test]
    fn an_api_server_that_does_not_answer_is_left_alone_until_the_next_tick() {
        let all = names(&["a"]);
        let mut own = OwnAnswers::default();
        own.take_rules("a".to_owned(), None, at(0));
        assert_eq!(own.due(&all, at(100)), None);
        own.resume();
        assert_eq!(own.due(&all, at(100)), Some("a".to_owned()));
    }
}
