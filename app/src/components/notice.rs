//! Notices: nothing here, something went wrong, something cannot be read, this is the past.

use leptos::prelude::*;

use super::icon::{Icon, Shape};
use crate::text::visible;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// There is nothing to show, and that is fine.
    Empty,
    /// Something failed.
    Error,
    /// Something is old, or needs attention.
    Warn,
    /// Something cannot be read, so what is shown is not everything.
    Gap,
    /// What is shown is how it was.
    Past,
}

impl Tone {
    fn look(self) -> (&'static str, Shape) {
        match self {
            Self::Empty => ("bg-surface text-ink-2", Shape::Pass),
            Self::Error => ("bg-fail-soft border-transparent text-fail", Shape::Fail),
            Self::Warn => ("bg-warn-soft border-transparent text-warn", Shape::Warn),
            Self::Gap => ("bg-unknown-soft border-transparent text-unknown", Shape::Gap),
            Self::Past => ("bg-accent-soft border-transparent text-accent", Shape::Past),
        }
    }
}

/// A notice: one sentence, and below it what to do.
#[component]
pub fn Notice(
    /// What it is about.
    tone: Tone,
    /// The sentence.
    #[prop(into)]
    title: ViewFn,
    /// What to do, or more about it.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let (colours, shape) = tone.look();
    view! {
        <div class=format!("flex gap-2.5 border rounded-lg px-4 py-3 {colours}") role="note">
            <Icon shape=shape class="size-4 mt-0.5" />
            <div class="min-w-0">
                <p class="font-semibold">{title.run()}</p>
                {children.map(|children| view! { <div class="mt-0.5 text-ink max-w-[76ch]">{children()}</div> })}
            </div>
        </div>
    }
    .into_any()
}

/// Says why a cluster cannot be read now, and what that makes of what is shown.
#[component]
pub fn Trouble(
    /// Why.
    why: String,
    /// Whether anything of it was judged before.
    is_judged: bool,
) -> impl IntoView {
    let (tone, title) = if is_judged {
        (Tone::Error, "What is shown of this cluster may be out of date.")
    } else {
        (Tone::Gap, "There is nothing to show yet.")
    };
    let why = visible(&why).into_owned();
    view! { <Notice tone=tone title=move || title><p class="wrap-anywhere">{why}</p></Notice> }.into_any()
}
