//! What happened beside the changes of objects: servers that are confined in another way, and restarts.

use leptos::prelude::*;
use posture::Timestamp;
use posture::drift::Restart;

use super::event::{Field, by};
use crate::backend::HardeningChange;
use crate::components::{Panel, Section, Sentence, Style, When};

/// How the servers of users are confined now, by hub.
#[component]
pub(super) fn Hardening(changes: Vec<HardeningChange>, now: Timestamp) -> impl IntoView {
    view! {
        <Section id="hardening" title="How user servers are confined">
            <Panel>
                <ul role="list">
                    {changes
                        .into_iter()
                        .map(|change| {
                            let told: Vec<_> = change.fields.iter().map(|field| field.sentence.clone()).collect();
                            view! {
                                <li class="block">
                                    {told
                                        .into_iter()
                                        .map(|reason| view! { <p class="font-medium wrap-anywhere"><Sentence reason=reason now full=true /></p> })
                                        .collect_view()}
                                    <details class="mt-1">
                                        <summary class="link cursor-pointer w-fit">"Before and after"</summary>
                                        <div class="mt-2 grid gap-3">
                                            {change.fields.into_iter().map(|field| view! { <Field field /> }).collect_view()}
                                        </div>
                                    </details>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Panel>
            <p class="text-ink-3 mt-2">
                "Compared with every kind of server that ran in the seven days before the earlier scan; who runs one is no change."
            </p>
        </Section>
    }
    .into_any()
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
