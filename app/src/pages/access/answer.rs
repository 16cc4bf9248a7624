//! The answer to a question.

use leptos::prelude::*;
use posture::Timestamp;
use posture::access::{Answer, Unresolved, Way};
use posture::facts::Subject;
use posture::gap::Gap;

use super::account::{RuleFold, WaysOut};
use super::rules::{Rules, Unjudged, WayLine};
use super::{Hidden, SubjectLink, kind_and_name};
use crate::backend::{AccessAnswer, SubjectAccess};
use crate::components::{Notice, Panel, Section, Tone};
use crate::text::visible;
use crate::words;

/// The answer in one sentence.
pub(super) fn headline(answer: &AccessAnswer) -> String {
    let named = |subject: &Subject| {
        let (kind, name) = kind_and_name(subject);
        format!("{} {}", words::sentence(kind), visible(&name))
    };
    let nobody = |subject: &Subject| {
        let (kind, name) = kind_and_name(subject);
        format!("There is no {} {}.", words::lower_first(kind), visible(&name))
    };
    match answer {
        AccessAnswer::Wrong(_) => "This question cannot be understood.".to_owned(),
        AccessAnswer::May { subject, exists: Some(false), .. } => nobody(subject),
        AccessAnswer::May { subject, words, answer, .. } => {
            let (who, words) = (named(subject), visible(words));
            match answer {
                Answer::Allowed(_) => format!("{who} may {words}."),
                Answer::Denied => format!("{who} may not {words}."),
                Answer::Unknown(_) => {
                    format!("Whether {} may {words} is not known.", words::lower_first(&who))
                }
            }
        }
        AccessAnswer::Who { words, holders, gap, .. } => {
            let at_least = if gap.is_some() { "at least " } else { "" };
            let count = holders.len() as u64;
            let number = words::number(count);
            let subjects = words::plural(count, "subject");
            words::sentence(&format!("{at_least}{number} {subjects} may {}.", visible(words)))
        }
        AccessAnswer::Holds(access) if access.exists == Some(false) => nobody(&access.subject),
        AccessAnswer::Holds(access) if access.ways.is_administrator => {
            format!("{} administers the cluster, or can come to.", named(&access.subject))
        }
        AccessAnswer::Holds(access) => match access.rules.len() as u64 {
            0 if access.gap.is_some() => {
                format!("No rights of {} were seen.", words::lower_first(&named(&access.subject)))
            }
            0 => format!("{} may do no more than every identity of the cluster.", named(&access.subject)),
            count => {
                let number = words::number(count);
                format!(
                    "{} has {number} {} of its own.",
                    named(&access.subject),
                    words::plural(count, "rule")
                )
            }
        },
    }
}

/// The answer with what decides it.
#[component]
pub(super) fn Told(answer: AccessAnswer, cluster: String, now: Timestamp) -> impl IntoView {
    match answer {
        AccessAnswer::Wrong(what) => {
            let what = format!("{}.", words::sentence(&visible(&what)));
            view! { <Notice tone=Tone::Error title=move || what.clone() /> }.into_any()
        }
        AccessAnswer::May { subject, exists, words, answer, unresolved } => {
            let is_missing = exists == Some(false);
            view! {
                {is_missing.then(|| view! { <Missing would=Some(would(&words, &answer)) /> })}
                <May subject answer unresolved cluster />
            }
            .into_any()
        }
        AccessAnswer::Who { holders, unresolved, gap, .. } => {
            view! { <Who holders unresolved gap cluster /> }.into_any()
        }
        AccessAnswer::Holds(access) => view! { <Holds access=*access now /> }.into_any(),
    }
}

/// What an account that is not there would be answered.
fn would(words: &str, answer: &Answer) -> String {
    let words = visible(words);
    match answer {
        Answer::Allowed(_) => format!("Once somebody creates it, it may {words}."),
        Answer::Denied => format!("Once somebody creates it, it may not {words}."),
        Answer::Unknown(_) => format!("Whether it may {words} once somebody creates it is not known."),
    }
}

/// Says that there is no such account, before what it may do.
#[component]
fn Missing(would: Option<String>) -> impl IntoView {
    let would = would.unwrap_or_else(|| "What is said here holds once somebody creates it.".to_owned());
    view! {
        <Notice tone=Tone::Warn title=|| "There is no such ServiceAccount now.">
            <p>{would}</p>
        </Notice>
    }
    .into_any()
}

#[component]
fn May(subject: Subject, answer: Answer, unresolved: Vec<Unresolved>, cluster: String) -> impl IntoView {
    let of = subject.clone();
    // What is allowed already stays allowed, whatever else a role gives.
    let unresolved = if matches!(answer, Answer::Allowed(_)) { Vec::new() } else { unresolved };
    let given_to = Some(of.clone());
    let told = match answer {
        Answer::Allowed(way) => view! { <WayLine way of=Some(of) /> }.into_any(),
        Answer::Denied => view! {
            <p>"No rule of any of its roles allows it, and every binding that could hold was read."</p>
        }
        .into_any(),
        Answer::Unknown(gap) => view! {
            <p>"Nothing that was seen allows it."</p>
            <Hidden gap what="rules" />
        }
        .into_any(),
    };
    view! {
        <Section title="What decides" id="answer">
            <Panel padded=true>
                {told}
                <Unjudged unresolved of=given_to />
                <p class="mt-2">"All that it may do: " <SubjectLink subject cluster /></p>
            </Panel>
        </Section>
    }
    .into_any()
}

#[component]
fn Who(
    holders: Vec<(Subject, Vec<Way>)>,
    unresolved: Vec<Unresolved>,
    gap: Option<Gap>,
    cluster: String,
) -> impl IntoView {
    view! {
        <Section title="Who, and by which rule" id="answer">
            <Panel>
                <ul role="list">
                    {holders
                        .into_iter()
                        .map(|(subject, ways)| {
                            let of = subject.clone();
                            view! {
                                <li>
                                    <p><SubjectLink subject cluster=cluster.clone() /></p>
                                    {ways
                                        .into_iter()
                                        .map(|way| view! { <WayLine way of=Some(of.clone()) /> })
                                        .collect_view()}
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Panel>
            <Unjudged unresolved of=None />
            {gap.map(|gap| view! { <Hidden gap what="subjects" /> })}
        </Section>
    }
    .into_any()
}

#[component]
fn Holds(access: SubjectAccess, now: Timestamp) -> impl IntoView {
    let SubjectAccess { subject, exists, rules, unresolved, usual, gap, ways } = access;
    let given_to = Some(subject.clone());
    let is_missing = exists == Some(false);
    let is_many = rules.len() > 12;
    let list = if rules.is_empty() {
        ().into_any()
    } else if is_many {
        view! { <RuleFold rules usual of=subject /> }.into_any()
    } else {
        view! { <Rules rules of=subject /> }.into_any()
    };
    view! {
        {is_missing.then(|| view! { <Missing would=None /> })}
        <Section title="Whose rights it can take" id="ways"><WaysOut ways now /></Section>
        <Section title="What it may do" id="answer">
            {list}
            <Unjudged unresolved of=given_to />
            {gap.map(|gap| view! { <Hidden gap what="rules" /> })}
        </Section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use posture::access::account;
    use posture::gap::GapReason;
    use posture::kind::Kind;

    use super::*;

    fn gap() -> Gap {
        Gap { kind: Kind::ClusterRoleBinding, namespace: None, reason: GapReason::Forbidden }
    }

    fn may(answer: Answer) -> String {
        let words = "create pods in namespace jhub".to_owned();
        let unresolved = Vec::new();
        headline(&AccessAnswer::May {
            subject: account("jhub", "hub"),
            exists: Some(true),
            words,
            answer,
            unresolved,
        })
    }

    #[test]
    fn what_is_not_known_is_neither_allowed_nor_denied() {
        assert_eq!(may(Answer::Allowed(Way::Masters)), "Account jhub/hub may create pods in namespace jhub.");
        assert_eq!(may(Answer::Denied), "Account jhub/hub may not create pods in namespace jhub.");
        assert_eq!(
            may(Answer::Unknown(gap())),
            "Whether account jhub/hub may create pods in namespace jhub is not known."
        );
    }

    #[test]
    fn an_account_that_is_not_there_is_said_first() {
        let told = headline(&AccessAnswer::May {
            subject: account("jhub", "nope"),
            exists: Some(false),
            words: "get pods in namespace jhub".to_owned(),
            answer: Answer::Denied,
            unresolved: Vec::new(),
        });
        assert_eq!(told, "There is no account jhub/nope.");
        assert_eq!(
            would("get pods in namespace jhub", &Answer::Denied),
            "Once somebody creates it, it may not get pods in namespace jhub."
        );
        let access = SubjectAccess {
            subject: account("jhub", "nope"),
            exists: Some(false),
            rules: Vec::new(),
            unresolved: Vec::new(),
            usual: 0,
            gap: None,
            ways: posture::access::Ways::default(),
        };
        assert_eq!(headline(&AccessAnswer::Holds(Box::new(access))), "There is no account jhub/nope.");
    }

    #[test]
    fn a_list_that_may_be_longer_says_so() {
        let words = "list nodes in the whole cluster".to_owned();
        let holders = vec![(account("jhub", "hub"), vec![Way::Masters])];
        let some = AccessAnswer::Who {
            words: words.clone(),
            holders: holders.clone(),
            unresolved: Vec::new(),
            gap: Some(gap()),
        };
        assert_eq!(headline(&some), "At least one subject may list nodes in the whole cluster.");
        let all = AccessAnswer::Who { words, holders, unresolved: Vec::new(), gap: None };
        assert_eq!(headline(&all), "One subject may list nodes in the whole cluster.");
    }

    #[test]
    fn a_name_of_the_cluster_cannot_disturb_the_sentence() {
        let words = "get pods named \u{202e}x in the whole cluster".to_owned();
        let told = headline(&AccessAnswer::May {
            subject: account("a", "b"),
            exists: None,
            words,
            answer: Answer::Denied,
            unresolved: Vec::new(),
        });
        assert!(!told.contains('\u{202e}'), "{told}");
    }
}
