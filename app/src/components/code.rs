//! Names and snippets in a fixed-width face.

use leptos::prelude::*;

use crate::islands::CopyButton;
use crate::text::{copy_refusal, visible, visible_lines};

/// A name or value from the cluster, set apart from our own words and unable to disturb them.
#[component]
pub fn Code(
    /// The text as it is in the cluster.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    view! { <code><bdi>{breakable(&visible(&text))}</bdi></code> }.into_any()
}

/// A sentence of ours in which names of settings and accounts stand between backticks.
#[component]
pub fn Prose(
    /// The sentence.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let text = visible(&text).into_owned();
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        // A backtick without its partner is no more than a character.
        return text.into_any();
    }
    parts
        .into_iter()
        .enumerate()
        .map(|(at, part)| {
            if at % 2 == 0 {
                part.to_owned().into_any()
            } else {
                view! { <code>{part.to_owned()}</code> }.into_any()
            }
        })
        .collect_view()
        .into_any()
}

/// The text with places where a line may break: behind the separators of names and paths, rather than in the middle of a word.
fn breakable(text: &str) -> impl IntoView + use<> {
    text.split_inclusive(['.', '/', '-', '_', ':', '@', ','])
        .enumerate()
        .map(|(at, part)| view! { {(at > 0).then(|| view! { <wbr /> })} {part.to_owned()} })
        .collect_view()
}

/// A snippet with a button that copies it. Where the text holds characters that a reader cannot see, there is no button but the reason.
#[component]
pub fn CodeBlock(
    /// The id of the block, unique on the page.
    #[prop(into)]
    id: String,
    /// What it is, above the block: `config.yaml`, `Shell`.
    #[prop(into)]
    label: String,
    /// The snippet.
    #[prop(into)]
    text: String,
    /// Set where something around the snippet forbids copying it, such as a name that is written as an escape in it.
    #[prop(optional)]
    refused: bool,
) -> impl IntoView {
    let shown = visible_lines(text.trim_end());
    let target = id.clone();
    let refusal = copy_refusal(&text).or_else(|| refused.then(|| "not to be copied, see below".to_owned()));
    let name = label.clone();
    view! {
        <figure class="mt-2 border rounded-md overflow-hidden bg-raised">
            <figcaption class="flex items-center justify-between gap-3 min-h-8 pl-3.5 pr-1 py-0.5 border-b text-xs text-ink-3">
                <span>{label}</span>
                {match refusal {
                    Some(why) => view! { <span class="text-warn pr-2.5">{why}</span> }.into_any(),
                    None => view! { <CopyButton target=target /> }.into_any(),
                }}
            </figcaption>
            <pre id=id class="px-3.5 py-3 overflow-x-auto" tabindex="0" role="group" aria-label=name>
                <code>{shown}</code>
            </pre>
        </figure>
    }
    .into_any()
}
