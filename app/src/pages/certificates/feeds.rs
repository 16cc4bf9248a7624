//! Calendars of the ends of certificates: those that were made, and the form that makes one.

use leptos::prelude::*;
use posture::Timestamp;

use crate::backend::{FeedRow, Place};
use crate::components::{
    Cell, CodeBlock, Column, Crumb, Notice, PageHead, Section, Stack, Table, Tone, When,
};
use crate::page::PageView;
use crate::pages::surround::{Here, certificates_path, cluster_path, surround};
use crate::site::{href, href_now};
use crate::text::visible;

/// How long a name may be.
const LONGEST_NAME: usize = 60;

/// The calendars, and the form that makes one.
#[component]
pub(super) fn Feeds(
    /// The calendars.
    feeds: Vec<FeedRow>,
    /// The cluster.
    cluster: String,
    /// The present instant.
    now: Timestamp,
) -> impl IntoView {
    let action = href_now(&format!("{}/feeds", cluster_path(&cluster)));
    view! {
        <Section title="Calendars" id="feeds">
            <p class="mb-2 max-w-[76ch] text-ink-2">
                "A calendar that a mail or calendar program subscribes to, with the end of each certificate of this cluster. Whoever has its address sees them without signing in; it can be revoked."
            </p>
            {(!feeds.is_empty()).then(|| view! {
                <Table
                    caption="Calendars"
                    columns=vec![Column::new("Name"), Column::new("Made").fit(), Column::new("Asked for last").fit(), Column::new("").fit()]
                >
                    {feeds.into_iter().map(|feed| line(&cluster, feed, now)).collect_view()}
                </Table>
            })}
            <form class="no-print mt-3 panel bg-surface border rounded-lg px-4 py-3.5" method="post" action=action aria-label="Make a calendar">
                <div class="flex flex-wrap items-end gap-x-4 gap-y-2.5">
                    <label class="flex flex-col min-w-0 grow basis-52 max-w-md">
                        <span class="text-xs text-ink-3">"Name"</span>
                        <input class="field w-full" type="text" name="name" required=true maxlength=LONGEST_NAME placeholder="the operators' calendar" autocomplete="off" />
                    </label>
                    <button class="button" type="submit">"Make a calendar"</button>
                </div>
            </form>
        </Section>
    }
    .into_any()
}

fn line(cluster: &str, feed: FeedRow, now: Timestamp) -> AnyView {
    let revoke = href_now(&format!("{}/feeds/{}/revoke", cluster_path(cluster), feed.id));
    let name = visible(&feed.name).into_owned();
    let label = format!("Revoke {name}");
    view! {
        <tr role="row">
            <Cell label="Name"><span class="font-medium wrap-anywhere">{name}</span></Cell>
            <Cell label="Made" fit=true><When at=feed.made_at now=now /></Cell>
            <Cell label="Asked for last" fit=true>
                {feed.used_at.map_or_else(|| "never".into_any(), |at| view! { <When at=at now=now /> }.into_any())}
            </Cell>
            <Cell label="" fit=true>
                <form class="no-print" method="post" action=revoke>
                    <button class="button" type="submit" aria-label=label>"Revoke"</button>
                </form>
            </Cell>
        </tr>
    }
    .into_any()
}

/// The one page that shows the address of a new calendar.
pub fn new_feed(place: &Place, cluster: String, name: &str, address: String) -> PageView {
    let frame = surround(place, Here::Certificates, None, "A new calendar".to_owned());
    let title = format!("The calendar “{}” is made.", visible(name));
    PageView::new(frame, move || {
        let crumbs = vec![
            Crumb { label: cluster.clone(), path: cluster_path(&cluster) },
            Crumb { label: "Certificates".to_owned(), path: certificates_path(&cluster) },
        ];
        let back = href(&format!("{}#feeds", certificates_path(&cluster)));
        view! {
            <Stack>
                <PageHead crumbs=crumbs title=move || title.clone() lede=|| "Add its address to a calendar program as a subscription." />
                <Notice tone=Tone::Warn title=|| "The address is shown this once.">
                    <p>"Perijove keeps no copy of it. Whoever has it sees when the certificates of this cluster run out, until it is revoked."</p>
                </Notice>
                <CodeBlock id="feed-address" label="Address" text=address />
                <p><a class="link" href=back>"Back to the certificates"</a></p>
            </Stack>
        }
    })
}
