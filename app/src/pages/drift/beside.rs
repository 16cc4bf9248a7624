//! What happened beside the changes of objects: servers that are confined in another way, images and certificates that are others, restarts.

use leptos::prelude::*;
use posture::Timestamp;
use posture::drift::{FieldChange, Restart};

use super::event::{Field, by};
use crate::backend::HardeningChange;
use crate::components::{Panel, Section, Sentence, Style, When};

/// How the servers of users are confined now, by hub.
#[component]
pub(super) fn Hardening(changes: Vec<HardeningChange>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="hardening" title="How user servers are confined">
            {told(changes.into_iter().map(|change| change.fields), now)}
            <p class="text-ink-3 mt-2">
                "Compared with every kind of server that ran in the seven days before the earlier scan; who runs one is no change."
            </p>
        </Section>
    }
    .into_any()
}

/// Images that are something else than they were under the same name.
#[component]
pub(super) fn Images(changes: Vec<FieldChange>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="images" title="Which images run">
            {told(changes.into_iter().map(|change| vec![change]), now)}
            <p class="text-ink-3 mt-2">
                "The name of the image is the same, and what it stands for is not: somebody has moved its tag. Compared with what ran in the hour before the
                earlier scan, and for servers of users in the seven days before it."
            </p>
        </Section>
    }
    .into_any()
}

/// Certificates that are others than they were.
#[component]
pub(super) fn Certificates(changes: Vec<FieldChange>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="certificates" title="Which certificates are used">
            {told(changes.into_iter().map(|change| vec![change]), now)}
            <p class="text-ink-3 mt-2">"What could be looked at at both instants is compared. A renewal in time is as it should be."</p>
        </Section>
    }
    .into_any()
}

/// Changes of what is no object: for each its sentences, and what stands behind them.
fn told(changes: impl Iterator<Item = Vec<FieldChange>>, now: Timestamp) -> AnyView {
    let row = |fields: Vec<FieldChange>| {
        let sentences: Vec<_> = fields.iter().map(|field| field.sentence.clone()).collect();
        view! {
            <li class="block">
                {sentences
                    .into_iter()
                    .map(|reason| view! { <p class="font-medium wrap-anywhere"><Sentence reason=reason now full=true /></p> })
                    .collect_view()}
                <details class="mt-1">
                    <summary class="link cursor-pointer w-fit">"Before and after"</summary>
                    <div class="mt-2 grid gap-3">{fields.into_iter().map(|field| view! { <Field field /> }).collect_view()}</div>
                </details>
            </li>
        }
    };
    let rows = changes.map(row).collect_view();
    view! { <Panel><ul role="list">{rows}</ul></Panel> }.into_any()
}

/// What was restarted.
#[component]
pub(super) fn Restarts(restarts: Vec<Restart>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="restarts" title="What was restarted">
            <Panel>
                <ul role="list">
                    {restarts
                        .into_iter()
                        .map(|restart| {
                            let sentence = restart.sentence();
                            view! {
                                <li class="block">
                                    <p class="wrap-anywhere"><Sentence reason=sentence now full=true /></p>
                                    <p class="text-ink-3 flex flex-wrap items-baseline gap-x-2">
                                        <span>
                                            {restart.writer.map(|writer| by(writer, now, restart.at.is_some()))}
                                            {restart.at.map(|at| view! { "restarted " <When at=at now=now style=Style::Instant /> })}
                                        </span>
                                    </p>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Panel>
            <p class="text-ink-3 mt-2">"A restart makes pods anew as they were declared, and is no change."</p>
        </Section>
    }
    .into_any()
}
