//! Reasons and evidence as text: our words as they are, the cluster's set apart.

use leptos::prelude::*;
use posture::Timestamp;
use posture::object::ObjectRef;
use posture::text::{Arg, Part, Reason};

use super::code::{Code, Prose};
use super::time::When;
use crate::text::visible;
use crate::words;

/// A reason, with every value in its own dress.
#[component]
pub fn Sentence(
    /// The reason.
    reason: Reason,
    /// The present instant.
    now: Timestamp,
    /// As a sentence of its own: begun with a capital, unless a name begins it, and ended with a period.
    #[prop(optional)]
    full: bool,
) -> impl IntoView {
    let parts = reason
        .parts()
        .into_iter()
        .enumerate()
        .map(|(at, part)| match part {
            Part::Words(words) if full && at == 0 => {
                view! { <Prose text=words::sentence(words) /> }.into_any()
            }
            Part::Words(words) => view! { <Prose text=words /> }.into_any(),
            Part::Arg(arg) => value(arg, now),
        })
        .collect_view();
    view! { {parts} {full.then_some(".")} }
}

/// One value.
pub(crate) fn value(arg: &Arg, now: Timestamp) -> AnyView {
    match arg {
        Arg::Word(word) => visible(word).into_owned().into_any(),
        Arg::Text(text) => view! { <Code text=text.clone() /> }.into_any(),
        Arg::Object(object) => view! { <ObjectName object=object.clone() /> }.into_any(),
        Arg::Number(number) => number.to_string().into_any(),
        Arg::Count(count) => count.to_string().into_any(),
        Arg::Instant(at) => view! { <When at=*at now /> }.into_any(),
        Arg::List(items) => items
            .iter()
            .enumerate()
            .map(|(at, item)| view! { {(at > 0).then_some(", ")} {value(item, now)} })
            .collect_view()
            .into_any(),
    }
}

/// An object of the cluster: `Service/proxy-public`.
#[component]
pub fn ObjectName(
    /// The object.
    object: ObjectRef,
) -> impl IntoView {
    view! { <Code text=object.to_string() /> }.into_any()
}
