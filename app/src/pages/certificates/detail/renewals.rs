//! What a certificate was before: each renewal, when it was seen, and how much of the old one was left.

use leptos::prelude::*;
use posture::Timestamp;

use crate::backend::Renewal;
use crate::components::{Cell, Code, Column, Section, Style, Table, When};
use crate::when::span;
use crate::words;

/// How much was left of a certificate when the next one was seen.
fn left(old: &Renewal, next: &Renewal) -> String {
    let seconds = next.seen_at.duration_until(old.not_after).as_secs();
    if seconds < 0 {
        format!("{} after its end", span(-seconds))
    } else {
        format!("with {} left", span(seconds))
    }
}

#[component]
pub(super) fn Renewals(
    /// What it was, the newest first.
    renewals: Vec<Renewal>,
    /// The instant that is shown.
    as_of: Timestamp,
) -> impl IntoView {
    let count = renewals.len().saturating_sub(1) as u64;
    let replaced: Vec<Option<String>> =
        std::iter::once(None).chain(renewals.windows(2).map(|pair| Some(left(&pair[1], &pair[0])))).collect();
    let columns = vec![
        Column::new("Seen since").fit(),
        Column::new("Held from").fit(),
        Column::new("Until").fit(),
        Column::new("Replaced"),
        Column::new("SHA-256"),
    ];
    view! {
        <Section
            title="History of renewals"
            id="renewals"
            aside=move || format!("{} {} seen", words::number(count), words::plural(count, "renewal"))
        >
            <Table caption="What it was, the newest first" columns>
                {renewals
                    .into_iter()
                    .zip(replaced)
                    .map(|(renewal, replaced)| view! { <Line renewal replaced as_of /> })
                    .collect_view()}
            </Table>
        </Section>
    }
    .into_any()
}

#[component]
fn Line(renewal: Renewal, replaced: Option<String>, as_of: Timestamp) -> impl IntoView {
    let when = move |at: Timestamp| view! { <When at=at now=as_of style=Style::Instant /> }.into_any();
    let revision = renewal.revision.map(|revision| format!("revision {revision}"));
    view! {
        <tr role="row">
            <Cell label="Seen since" fit=true>{when(renewal.seen_at)}</Cell>
            <Cell label="Held from" fit=true>{renewal.not_before.map_or_else(|| "not known".into_any(), when)}</Cell>
            <Cell label="Until" fit=true>{when(renewal.not_after)}</Cell>
            <Cell label="Replaced">{replaced.unwrap_or_else(|| "not yet".to_owned())}</Cell>
            <Cell label="SHA-256">
                {match (renewal.fingerprint, revision) {
                    (Some(print), _) => view! { <Code text=print.to_string() /> }.into_any(),
                    (None, Some(revision)) => view! { <span class="text-ink-3">{format!("not read; {revision}")}</span> }.into_any(),
                    (None, None) => view! { <span class="text-ink-3">"not read"</span> }.into_any(),
                }}
            </Cell>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_says_how_much_was_left() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let renewal = |seen, end| Renewal {
            seen_at: at(seen),
            not_before: None,
            not_after: at(end),
            fingerprint: None,
            revision: None,
        };
        assert_eq!(left(&renewal(0, 90), &renewal(60, 150)), "with 30 days left");
        assert_eq!(left(&renewal(0, 90), &renewal(93, 150)), "3 days after its end");
    }
}
