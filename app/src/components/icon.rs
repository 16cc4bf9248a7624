//! Small pictures, drawn inline in the colour of the text around them.

use leptos::prelude::*;
use posture::check::Verdict;

/// A picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A hexagon with a cross.
    Fail,
    /// A triangle with an exclamation mark.
    Warn,
    /// A ring with a question mark.
    Unknown,
    /// A disc with a tick.
    Pass,
    /// A ring with a dash.
    NotApplicable,
    /// An eye that is closed: something that cannot be read.
    Gap,
    /// Two arrows, up and down: there is a choice.
    Choose,
    /// A clock with an arrow back.
    Past,
    /// An angle to the right, between the parts of a path.
    Next,
}

impl From<Verdict> for Shape {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fail => Self::Fail,
            Verdict::Warn => Self::Warn,
            Verdict::Unknown => Self::Unknown,
            Verdict::Pass => Self::Pass,
            Verdict::NotApplicable => Self::NotApplicable,
        }
    }
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::Fail => {
                "M8 .3l6.7 3.85v7.7L8 15.7l-6.7-3.85v-7.7zM5.7 4.6L4.6 5.7 6.9 8l-2.3 2.3 1.1 1.1L8 9.1l2.3 2.3 1.1-1.1L9.1 8l2.3-2.3-1.1-1.1L8 6.9z"
            }
            Self::Warn => {
                "M8 1.1c.5 0 .9.25 1.15.7l6.1 11.1c.5.9-.15 2-1.15 2H1.9c-1 0-1.65-1.1-1.15-2l6.1-11.1c.25-.45.65-.7 1.15-.7zM7.2 5.6v4.5h1.6V5.6zm0 5.8V13h1.6v-1.6z"
            }
            Self::Unknown => {
                "M8 .5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zM8 2.1a5.9 5.9 0 110 11.8A5.9 5.9 0 018 2.1zm-.75 8.7v1.6h1.6v-1.6zm.85-7.1c-1.6 0-2.75.95-2.75 2.35h1.55c0-.6.45-1 1.15-1s1.15.4 1.15.95c0 .5-.2.75-.8 1.15-.8.55-1.15 1.05-1.15 1.95v.65h1.5v-.4c0-.6.15-.85.75-1.25.8-.55 1.3-1.15 1.3-2.1 0-1.4-1.1-2.3-2.7-2.3z"
            }
            Self::Pass => {
                "M8 .5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zm-.95 10.9L3.7 8.05l1.15-1.15 2.2 2.2 4.15-4.15 1.15 1.15z"
            }
            Self::NotApplicable => {
                "M8 .5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zM8 2.1a5.9 5.9 0 110 11.8A5.9 5.9 0 018 2.1zM4.8 7.2v1.6h6.4V7.2z"
            }
            Self::Gap => {
                "M2.3 1.2L1.2 2.3l2.5 2.5C2.3 5.7 1.2 6.9.5 8c1.3 2.1 4.1 4.6 7.5 4.6 1.2 0 2.3-.3 3.3-.8l2.4 2.4 1.1-1.1zM8 11.1C5.6 11.1 3.5 9.5 2.3 8c.6-.8 1.5-1.6 2.5-2.2l1.2 1.2a2.3 2.3 0 003 3l1.1 1.1c-.7.1-1.4 0-2.1 0zM8 3.4c-.8 0-1.5.1-2.2.4L7 5c.3-.05.7-.1 1-.1 2.4 0 4.5 1.6 5.7 3.1-.4.5-.9 1-1.4 1.4l1.1 1.1c.9-.8 1.6-1.6 2.1-2.5C14.2 5.9 11.4 3.4 8 3.4z"
            }
            Self::Choose => "M8 1.5l4 4.5H4zM8 14.5L4 10h8z",
            Self::Past => {
                "M8.5 1.5a6.5 6.5 0 00-6.2 4.5L.9 4.9 0 6l2.6 2.2L5 5.9 4 4.9l-.5.5a5 5 0 11.3 4.4l-1.3.7A6.5 6.5 0 108.5 1.5zm-.7 3v4l2.9 1.7.7-1.2-2.1-1.3V4.5z"
            }
            Self::Next => "M5.5 2.5L4.4 3.6 8.8 8l-4.4 4.4 1.1 1.1L11 8z",
        }
    }
}

/// Draws a picture. It says nothing to a screen reader: the word beside it does.
#[component]
pub fn Icon(
    /// What to draw.
    #[prop(into)]
    shape: Shape,
    /// Further classes; the default is the size of the text.
    #[prop(default = "size-3.5")]
    class: &'static str,
) -> impl IntoView {
    view! {
        <svg class=format!("inline-block flex-none {class}") viewBox="0 0 16 16" fill="currentColor" aria-hidden="true">
            <path fill-rule="evenodd" d=shape.path()></path>
        </svg>
    }
    .into_any()
}
