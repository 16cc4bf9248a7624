//! What the intervals of verdicts and marks compare: everything but counts, ages and remarks.

use posture::check::Evidence;
use posture::control::Answer;
use posture::finding::Finding;
use posture::text::{Arg, Reason};
use serde::Serialize;

use super::super::contents::digest;

/// The two hashes of a row: what its interval compares, and everything it stores.
pub(in crate::store) struct Hashes {
    pub(in crate::store) compared: [u8; 16],
    pub(in crate::store) exact: [u8; 16],
}

/// A piece of evidence without what is volatile.
#[derive(Serialize)]
struct StableEvidence<'a> {
    object: &'a posture::object::ObjectRef,
    path: &'a str,
    found: Option<&'a Arg>,
    wanted: Option<&'a Arg>,
}

/// What is compared, in the form that is hashed.
#[derive(Serialize)]
struct Stable<'a> {
    words: &'a [&'a str],
    reason: (&'a str, Vec<(&'a String, &'a Arg)>),
    evidence: Vec<StableEvidence<'a>>,
}

fn hash(words: &[&str], reason: &Reason, evidence: &[Evidence]) -> [u8; 16] {
    let stable = Stable {
        words,
        reason: reason.stable(),
        evidence: evidence
            .iter()
            .map(|e| StableEvidence {
                object: &e.object,
                path: &e.path,
                found: Some(&e.found).filter(|arg| !arg.is_volatile()),
                wanted: e.wanted.as_ref().filter(|arg| !arg.is_volatile()),
            })
            .collect(),
    };
    digest(&serde_json::to_vec(&stable).expect("strings, numbers and lists always serialize"))
}

/// The hashes of a verdict; `reason` and `detail` are the texts to be stored.
pub(super) fn verdict_hashes(finding: &Finding, reason: &str, detail: &str) -> Hashes {
    let words = [finding.verdict.word(), finding.severity.word()];
    Hashes {
        compared: hash(&words, &finding.reason, &finding.evidence),
        exact: digest(format!("{reason}\n{detail}").as_bytes()),
    }
}

/// The hashes of a mark; `reason` and `evidence` are the texts to be stored.
pub(in crate::store) fn mark_hashes(word: &str, answer: &Answer, reason: &str, evidence: &str) -> Hashes {
    Hashes {
        compared: hash(&[word], &answer.reason, &answer.evidence),
        exact: digest(format!("{reason}\n{evidence}").as_bytes()),
    }
}
