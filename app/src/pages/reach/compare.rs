//! A class beside another one, or beside itself some days ago.

use leptos::prelude::*;
use posture::network::Verdict;
use posture::reach::{ClassReach, ReachRow};

use super::{DAYS, class_name, says};
use crate::backend::{Compare, ComparedWith, ReachView};
use crate::components::{Badge, Cell, Column, KeepInstant, Notice, SectionHead, Table, Tone, When};
use crate::pages::surround::reach_path;
use crate::site::href;
use crate::words;

/// The choice of the other side, and what differs.
#[component]
pub(super) fn Comparison(view: ReachView, class: ClassReach) -> impl IntoView {
    let action = href(&reach_path(&view.cluster, &view.hub));
    let chosen = match &view.query.compare {
        Some(Compare::Class(key)) => format!("class-{key}"),
        Some(Compare::Days(days)) => format!("{days}d"),
        None => String::new(),
    };
    let days = DAYS.map(|days| {
        let label = if days == 1 { "yesterday".to_owned() } else { format!("{days} days ago") };
        (format!("{days}d"), label)
    });
    let others = view
        .classes
        .iter()
        .filter(|choice| choice.key != class.key)
        .map(|choice| (format!("class-{}", choice.key), class_name(choice)));
    let choices: Vec<(String, String)> = days.into_iter().chain(others).collect();
    let now = view.now;
    let key = class.key.clone();
    view! {
        <section class="mt-7 scroll-mt-16" aria-labelledby="compare">
            <SectionHead id="compare" title="Compare" />
            <form class="no-print flex flex-wrap items-end gap-x-4 gap-y-2" method="get" action=format!("{action}#compare")>
                    <KeepInstant />
                <input type="hidden" name="class" value=key />
                <label class="flex flex-col">
                    <span class="text-xs text-ink-3">"With"</span>
                    <select class="field" name="compare">
                        {choices
                            .into_iter()
                            .map(|(value, label)| {
                                let selected = value == chosen;
                                view! { <option value=value selected=selected>{label}</option> }
                            })
                            .collect_view()}
                    </select>
                </label>
                <button class="button" type="submit">"Compare"</button>
            </form>
            {view
                .compared
                .map(|compared| {
                    let (with, other) = (compared.with, compared.class);
                    match (with, other) {
                        (ComparedWith::Nothing, _) => {
                            view! { <div class="mt-3"><Notice tone=Tone::Past title=|| "There is no scan from then." /></div> }.into_any()
                        }
                        (_, None) => {
                            view! {
                                <div class="mt-3">
                                    <Notice tone=Tone::Past title=|| "What these servers reached then is not known." />
                                </div>
                            }
                                .into_any()
                        }
                        (with, Some(other)) => {
                            let differences = differences(&class, &other);
                            view! { <Differences differences with now /> }.into_any()
                        }
                    }
                })}
        </section>
    }
}

/// A destination of which the two sides say different things; `None` where a side does not know the destination.
struct Difference {
    name: String,
    here: Option<ReachRow>,
    there: Option<ReachRow>,
}

fn differences(here: &ClassReach, there: &ClassReach) -> Vec<Difference> {
    let verdict =
        |row: &ReachRow| -> (Option<Verdict>, bool) { (row.outcome.verdict(), row.outcome.is_partial()) };
    let of = |class: &ClassReach, row: &ReachRow| {
        class
            .rows
            .iter()
            .find(|other| says::name(&other.destination) == says::name(&row.destination))
            .cloned()
    };
    let mut found = Vec::new();
    for row in &here.rows {
        let other = of(there, row);
        if other.as_ref().map(verdict) != Some(verdict(row)) {
            found.push(Difference {
                name: says::name(&row.destination),
                here: Some(row.clone()),
                there: other,
            });
        }
    }
    for row in there.rows.iter().filter(|row| of(here, row).is_none()) {
        found.push(Difference { name: says::name(&row.destination), here: None, there: Some(row.clone()) });
    }
    found
}

/// Whether a side is known to reach a destination, or known not to.
fn reaches(row: Option<&ReachRow>) -> Option<bool> {
    match row?.outcome.verdict()? {
        Verdict::Allowed => Some(true),
        Verdict::Denied => Some(false),
        Verdict::CniDependent | Verdict::Unknown => None,
    }
}

/// What differs, in sentences.
fn in_words(differences: &[Difference], with: ComparedWith) -> String {
    let of = |here: bool| -> Vec<String> {
        let is_so = |difference: &&Difference| {
            reaches(difference.here.as_ref()) == Some(here)
                && reaches(difference.there.as_ref()) == Some(!here)
        };
        differences.iter().filter(is_so).map(|difference| difference.name.clone()).collect()
    };
    let (opened, closed) = (of(true), of(false));
    let others = differences.len() - opened.len() - closed.len();
    let is_past = matches!(with, ComparedWith::Past(_));
    let (open, close) = if is_past {
        ("Reached now and not then", "Reached then and no more")
    } else {
        ("Reached by this class only", "Reached by the other class only")
    };
    let mut sentences = Vec::new();
    for (start, names) in [(open, opened), (close, closed)] {
        if !names.is_empty() {
            sentences.push(format!("{start}: {}.", names.join(", ")));
        }
    }
    if others > 0 {
        let rest = if sentences.is_empty() { "" } else { " more" };
        let others = others as u64;
        let (number, answers) = (words::sentence(&words::number(others)), words::plural(others, "answer"));
        sentences
            .push(format!("{number}{rest} {answers} {}.", if others == 1 { "differs" } else { "differ" }));
    }
    sentences.join(" ")
}

#[component]
fn Differences(differences: Vec<Difference>, with: ComparedWith, now: posture::Timestamp) -> impl IntoView {
    let (here, there) = match with {
        ComparedWith::Class => ("This class", "The other"),
        _ => ("Now", "Then"),
    };
    let then = match with {
        ComparedWith::Past(at) => Some(at),
        _ => None,
    };
    if differences.is_empty() {
        return view! {
            <p class="mt-3">
                "Both reach the same"
                {then.map(|at| view! { ": nothing differs from the scan " <When at=at now /> })}
                "."
            </p>
        }
        .into_any();
    }
    let told = in_words(&differences, with);
    let badge = |row: Option<ReachRow>| match row {
        Some(row) => {
            let (word, tone) = says::of_row(&row);
            view! { <Badge verdict=tone word=word /> }.into_any()
        }
        None => view! { <span class="text-ink-3">"not judged"</span> }.into_any(),
    };
    view! {
        <div class="mt-3">
            {then.map(|at| view! { <p class="mb-2 text-ink-2">"Compared with the scan " <When at=at now /> "."</p> })}
            <p class="mb-2 max-w-[76ch]">{told}</p>
            <Table
                caption="What differs"
                columns=vec![Column::new("Destination"), Column::new(here), Column::new(there)]
            >
                {differences
                    .into_iter()
                    .map(|difference| {
                        view! {
                            <tr role="row">
                                <Cell label="">
                                    <span class="font-medium">{difference.name}</span>
                                </Cell>
                                <Cell label=here>{badge(difference.here)}</Cell>
                                <Cell label=there>{badge(difference.there)}</Cell>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use posture::gap::Unknown;
    use posture::reach::{Destination, RowOutcome};
    use posture::text::Reason;

    use super::*;

    fn row(outcome: RowOutcome) -> ReachRow {
        ReachRow { destination: Destination::Hub, outcome, notes: Vec::new() }
    }

    #[test]
    fn what_cannot_be_told_is_neither_opened_nor_closed() {
        let unknown: Unknown = Reason::new("x", "not seen").into();
        let difference = |here, there| Difference { name: "Hub and its API".to_owned(), here, there };
        let differences = [
            difference(Some(row(RowOutcome::Unknown(unknown))), Some(row(RowOutcome::Nothing))),
            difference(None, None),
        ];
        assert_eq!(in_words(&differences, ComparedWith::Class), "Two answers differ.");
        assert_eq!(in_words(&differences[..1], ComparedWith::Class), "One answer differs.");
    }
}
