//! Names that are served and that no certificate is for.

use leptos::prelude::*;
use posture::certificates::{Kept, Uncovered};

use super::rows::Hubs;
use crate::components::{Code, Icon, ObjectName, Panel, Row, Rows, Section, Shape};

fn place(kept: &Kept) -> String {
    let (namespace, name) = kept.place();
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}"))
}

#[component]
pub(super) fn Names(
    /// The names.
    uncovered: Vec<Uncovered>,
    /// The cluster.
    cluster: String,
) -> impl IntoView {
    view! {
        <Section title="Names that no certificate is for" id="uncovered">
            <Panel>
                <Rows>
                    {uncovered
                        .into_iter()
                        .map(|Uncovered { host, object, hubs, used }| {
                            let cluster = cluster.clone();
                            let has_none = used.is_empty();
                            view! {
                                <Row lead=|| view! { <Icon shape=Shape::Fail class="size-3.5 text-fail" /> }>
                                    <Code text=host />
                                    " is served by "
                                    <ObjectName object />
                                    {if has_none { " without TLS" } else { " with a certificate for other names, that of " }}
                                    {used
                                        .into_iter()
                                        .enumerate()
                                        .map(|(at, kept)| view! { {(at > 0).then_some(", ")} {kept.keeper()} " " <Code text=place(&kept) /> })
                                        .collect_view()}
                                    <Hubs hubs cluster />
                                </Row>
                            }
                        })
                        .collect_view()}
                </Rows>
            </Panel>
        </Section>
    }
    .into_any()
}
