//! Menus of the header: links and a form in a popover, which needs no script.

use leptos::prelude::*;

use super::view::{Choice, Travel};
use crate::components::{Icon, Shape};
use crate::instant::AT;
use crate::site::{href, href_now};
use crate::text::visible;

/// Chooses a cluster or a hub. With a single choice there is nothing to choose and it only says where one is.
#[component]
pub(super) fn Switcher(
    /// The id of the menu.
    id: &'static str,
    /// What is chosen: `Cluster`.
    name: &'static str,
    /// The choices.
    choices: Vec<Choice>,
) -> impl IntoView {
    let Some(current) = choices.iter().find(|choice| choice.is_current).or(choices.first()) else {
        return ().into_any();
    };
    let label = visible(&current.label).into_owned();
    let shown = view! {
        <span class="text-ink-3">{name}</span>
        <span class="truncate">{label}</span>
    };
    if choices.len() == 1 {
        return view! { <p class="flex items-center gap-1.5 min-w-0 px-1 py-0.5">{shown}</p> }.into_any();
    }
    view! {
        <div class="min-w-0 flex-1 md:flex-none md:max-w-[18rem]">
            <button type="button" class="button w-full" popovertarget=id>
                {shown}
                <Icon shape=Shape::Choose class="size-3 ml-auto text-ink-3" />
            </button>
            <div id=id class="menu" popover="auto">
                <ul role="list" class="py-1 max-h-[60dvh] overflow-y-auto">
                    {choices.into_iter().map(|choice| view! { <Entry choice /> }).collect_view()}
                </ul>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Entry(choice: Choice) -> impl IntoView {
    view! {
        <li>
            <a
                class="flex items-baseline justify-between gap-6 px-3 py-1.5 hover:bg-accent-soft hover:no-underline aria-[current]:font-semibold"
                href=href(&choice.path)
                aria-current=choice.is_current.then_some("true")
            >
                <span class="min-w-0">{visible(&choice.label).into_owned()}</span>
                {choice.note.map(|note| view! { <span class="text-ink-3 font-normal">{visible(&note).into_owned()}</span> })}
            </a>
        </li>
    }
    .into_any()
}

/// Chooses the instant.
#[component]
pub(super) fn Moment(travel: Travel) -> impl IntoView {
    let value = travel.at().map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string());
    let is_past = value.is_some();
    let label = if is_past { "Then" } else { "Now" };
    view! {
        <div>
            <button type="button" class="button" popovertarget="switch-moment">
                <Icon shape=Shape::Past class="size-3.5 text-ink-3" />
                {label}
            </button>
            <div id="switch-moment" class="menu" popover="auto">
                <form class="grid gap-2 p-3" method="get" action=href_now(travel.page())>
                    {travel.kept().map(|(name, value)| view! { <input type="hidden" name=name value=value /> }).collect_view()}
                    <label class="grid gap-1">
                        <span class="text-ink-2">"See this page as it was at (UTC)"</span>
                        <input class="field" type="datetime-local" name=AT value=value required />
                    </label>
                    <div class="flex items-center justify-between gap-3">
                        <button class="button" type="submit">"Go back in time"</button>
                        {is_past.then(|| view! { <a class="link" href=href_now(&travel.path)>"Back to now"</a> })}
                    </div>
                </form>
            </div>
        </div>
    }
    .into_any()
}
