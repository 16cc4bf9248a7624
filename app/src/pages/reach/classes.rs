//! The choice of the class of servers that the page is about.

use leptos::prelude::*;

use super::counted;
use crate::backend::{ClassChoice, ReachView};
use crate::components::{KeepInstant, Notice, Tone};
use crate::pages::surround::reach_path;
use crate::site::href;
use crate::text::visible;
use crate::words;

/// What a class is called: by its servers, by what tells it from the others, and by their number.
pub(super) fn class_name(choice: &ClassChoice) -> String {
    let told = if choice.traits.is_empty() { String::new() } else { format!(" · {}", traits(choice)) };
    format!("{}{told} · {}", visible(&choice.name), counted(choice.servers, "server"))
}

/// What tells a class from the others, in words.
pub(super) fn traits(choice: &ClassChoice) -> String {
    let words: Vec<_> = choice.traits.iter().map(|told| visible(told).into_owned()).collect();
    if words.is_empty() { format!("class {}", choice.key) } else { words.join(", ") }
}

/// The classes to choose from, and how to come to those that are left out.
#[component]
pub(super) fn Classes(view: ReachView) -> impl IntoView {
    let path = reach_path(&view.cluster, &view.hub);
    let left_out = view.table.as_ref().map_or(0, |table| table.left_out);
    let is_choice = view.classes.len() > 1 || view.class.is_none();
    let names = unlike(&view.classes);
    let classes: Vec<(String, String, bool)> = view
        .classes
        .iter()
        .zip(names)
        .enumerate()
        .map(|(at, (choice, name))| {
            (name, href(&format!("{path}?class={}", choice.key)), Some(at) == view.class)
        })
        .collect();
    let every = view.every_class.clone();
    let shown = view.class.and_then(|class| view.classes.get(class)).map(|choice| choice.key.clone());
    view! {
        {is_choice
            .then(|| {
                view! {
                    <nav class="mt-5" aria-label="Classes of servers">
                        <ul class="flex flex-wrap gap-2" role="list">
                            {classes
                                .into_iter()
                                .map(|(name, address, is_shown)| {
                                    view! {
                                        <li class="min-w-0">
                                            <a
                                                class="button whitespace-normal aria-[current]:bg-accent-soft aria-[current]:font-semibold wrap-anywhere"
                                                href=address
                                                aria-current=is_shown.then_some("true")
                                            >
                                                {name}
                                            </a>
                                        </li>
                                    }
                                })
                                .collect_view()}
                        </ul>
                    </nav>
                }
            })}
        {match every {
            Some(every) => view! { <Every every shown action=href(&path) /> }.into_any(),
            None => (left_out > 0).then(|| left_out_notice(left_out, href(&format!("{path}?classes=all")))).into_any(),
        }}
    }
}

fn left_out_notice(left_out: usize, address: String) -> impl IntoView {
    let classes = if left_out == 1 { "class" } else { "classes" };
    let number = words::sentence(&words::number(left_out as u64));
    let verb = if left_out == 1 { "is" } else { "are" };
    view! {
        <div class="mt-4">
            <Notice tone=Tone::Gap title=move || format!("{number} further {classes}, with the fewest servers, {verb} left out here.")>
                <p>
                    "What such a class reaches is computed when it is chosen: "
                    <a class="link" href=address>"choose from every class"</a> "."
                </p>
            </Notice>
        </div>
    }
}

/// Every class, to be chosen by name.
#[component]
fn Every(every: Vec<ClassChoice>, shown: Option<String>, action: String) -> impl IntoView {
    let names = unlike(&every);
    view! {
        <form class="no-print mt-4 flex flex-wrap items-end gap-x-4 gap-y-2" method="get" action=action>
            <KeepInstant />
            <input type="hidden" name="classes" value="all" />
            <label class="flex flex-col min-w-0 max-w-full">
                <span class="text-xs text-ink-3">"Every class, those with the most servers first"</span>
                <select class="field max-w-full" name="class">
                    {every
                        .into_iter()
                        .zip(names)
                        .map(|(choice, name)| {
                            let selected = shown.as_ref() == Some(&choice.key);
                            view! { <option value=choice.key selected=selected>{name}</option> }
                        })
                        .collect_view()}
                </select>
            </label>
            <button class="button" type="submit">"Show"</button>
        </form>
    }
}

/// The names of classes, with the key where two would be called alike.
pub(super) fn unlike(choices: &[ClassChoice]) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    let names: Vec<String> = choices.iter().map(class_name).collect();
    for name in &names {
        *seen.entry(name.clone()).or_default() += 1;
    }
    let name = |(choice, name): (&ClassChoice, String)| match seen.get(&name) {
        Some(1) => name,
        _ => format!("{name} · {}", choice.key),
    };
    choices.iter().zip(names).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(key: &str, traits: &[&str], servers: usize) -> ClassChoice {
        let traits = traits.iter().map(|&told| told.to_owned()).collect();
        ClassChoice { key: key.to_owned(), name: "jupyter-*".to_owned(), traits, servers }
    }

    #[test]
    fn a_class_is_called_by_what_tells_it_from_the_others() {
        let names = unlike(&[choice("a1", &["course=statistics"], 2), choice("b2", &["without course"], 1)]);
        assert_eq!(
            names,
            ["jupyter-* · course=statistics · two servers", "jupyter-* · without course · one server"]
        );
        assert_eq!(unlike(&[choice("a1", &[], 1)]), ["jupyter-* · one server"]);
    }

    #[test]
    fn only_classes_that_would_be_called_alike_show_their_keys() {
        let names = unlike(&[choice("a1", &[], 1), choice("b2", &[], 1), choice("c3", &[], 4)]);
        assert_eq!(
            names,
            ["jupyter-* · one server · a1", "jupyter-* · one server · b2", "jupyter-* · four servers"]
        );
    }
}
