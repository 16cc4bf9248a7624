//! Putting the outcomes of parts together into one.

use std::cmp::Ordering;

use super::{Judgement, NOT_IN_FILES, Outcome, Verdict};

/// The outcome of a whole from those of its parts; `None` if there are no parts.
///
/// The worst part decides, and its equals add their evidence. An open question outranks a warning: what it hides may be worse, and a
/// permission that is lost must not turn a fault into a lesser one. What files leave open is outranked by the warning they hold:
/// it is there for everybody who uses them, and no permission could show more.
pub fn worst(parts: impl IntoIterator<Item = Judgement>) -> Option<Outcome> {
    let mut parts = parts.into_iter();
    let first = parts.next()?.unwrap_or_else(Outcome::from);
    Some(worst_with(first, parts))
}

/// The same for a whole that has at least one part.
pub fn worst_with(first: Outcome, rest: impl IntoIterator<Item = Judgement>) -> Outcome {
    rest.into_iter().map(|part| part.unwrap_or_else(Outcome::from)).fold(first, |kept, next| {
        match rank(&kept).cmp(&rank(&next)) {
            Ordering::Less => kept,
            Ordering::Greater => next,
            Ordering::Equal => {
                let new: Vec<_> = next.evidence.into_iter().filter(|e| !kept.evidence.contains(e)).collect();
                kept.because_all(new)
            }
        }
    })
}

fn rank(outcome: &Outcome) -> u8 {
    match outcome.verdict {
        Verdict::Fail => 0,
        Verdict::Unknown if outcome.reason.id != NOT_IN_FILES => 1,
        Verdict::Warn => 2,
        Verdict::Unknown => 3,
        Verdict::Pass => 4,
        Verdict::NotApplicable => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gap::{Gap, GapReason};
    use crate::kind::Kind;
    use crate::text::Reason;

    fn of(verdicts: &[Verdict]) -> Option<Verdict> {
        let parts = verdicts.iter().map(|verdict| Ok(Outcome::new(*verdict, Reason::new("x", "x"))));
        worst(parts).map(|outcome| outcome.verdict)
    }

    #[test]
    fn an_open_question_outranks_a_warning_but_not_a_fault() {
        assert_eq!(of(&[Verdict::Warn, Verdict::Unknown, Verdict::Pass]), Some(Verdict::Unknown));
        assert_eq!(of(&[Verdict::Unknown, Verdict::Fail]), Some(Verdict::Fail));
        assert_eq!(of(&[Verdict::NotApplicable, Verdict::Pass]), Some(Verdict::Pass));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_warning_that_files_hold_outranks_what_they_leave_open() {
        let open = || Err(Gap { kind: Kind::Pod, namespace: None, reason: GapReason::NotInFiles }.into());
        let with = |verdict| {
            let found = Outcome::new(verdict, Reason::new("x", "x"));
            worst([open(), Ok(found)]).map(|outcome| outcome.verdict)
        };
        assert_eq!(with(Verdict::Fail), Some(Verdict::Fail));
        assert_eq!(with(Verdict::Warn), Some(Verdict::Warn));
        assert_eq!(with(Verdict::Pass), Some(Verdict::Unknown));
    }
}
