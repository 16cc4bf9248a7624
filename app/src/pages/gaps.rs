//! What cannot be read in a cluster, what that leaves undecided, and how to grant it.

use leptos::prelude::*;
use posture::Timestamp;
use posture::gap::{Gap, GapReason};

use super::surround::{Here, cluster_path, surround};
use crate::backend::{GapRow, GapsView, Place};
use crate::components::{
    CodeBlock, Crumb, Icon, Notice, PageHead, Panel, SectionHead, Shape, Style, Tone, When,
};
use crate::page::PageView;
use crate::text::visible;
use crate::words;

/// What cannot be read in a cluster.
pub fn gaps(place: &Place, view: GapsView) -> PageView {
    let frame = surround(place, Here::Gaps, None, format!("What I can see of {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, is_told))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: GapsView, is_told: bool) -> AnyView {
    if is_of_files(&view) {
        return of_files(view).into_any();
    }
    let headline = words::gaps(&view);
    let crumbs = vec![Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) }];
    let lede = lede(&view);
    let (now, is_judged) = (view.now, view.is_judged);
    let is_empty = view.rows.is_empty();
    let (needed, others): (Vec<_>, Vec<_>) = view.rows.into_iter().partition(|row| !row.affects.is_empty());
    view! {
        <PageHead crumbs=crumbs title=move || headline.clone() lede=move || lede.clone() />
        {(is_judged || !is_told).then(|| view! { <section class="mt-7" aria-labelledby="gaps">
            <SectionHead id="gaps" title="What cannot be read" />
            {(is_judged && is_empty).then(|| view! { <Notice tone=Tone::Empty title=|| "Nothing is missing." /> })}
            {(!is_judged && !is_told)
                .then(|| view! { <Notice tone=Tone::Gap title=|| "Before the first scan, nothing is known of what can be read." /> })}
            {(!needed.is_empty()).then(|| view! { <GapList rows=needed now /> })}
            {(!others.is_empty())
                .then(|| {
                    view! {
                        <h3 class="mt-5 mb-2 text-ink-2">"No check asks for these by itself; they complete the picture"</h3>
                        <GapList rows=others now />
                    }
                })}
        </section> })}
        {(!view.kinds_read.is_empty()).then(|| view! { <Read kinds=view.kinds_read /> })}
        <section class="mt-7" aria-labelledby="grant">
            <SectionHead id="grant" title="Grant everything Perijove asks for" />
            <p class="max-w-[72ch]">
                "Save this as role.yaml and apply it with an account that may grant roles. It holds get, list and watch, and no Secrets. Perijove takes up what it is granted by itself; nothing needs a restart."
            </p>
            <CodeBlock id="apply" label="Shell" text="kubectl apply --filename role.yaml" />
            <details class="mt-2">
                <summary class="button cursor-pointer w-fit">"Show role.yaml"</summary>
                <CodeBlock id="role" label="role.yaml" text=view.grant />
            </details>
        </section>
    }
    .into_any()
}

/// Whether the cluster is a folder of files: no permission would close what they leave open.
fn is_of_files(view: &GapsView) -> bool {
    view.is_judged && view.rows.iter().any(|row| row.gap.reason == GapReason::NotInFiles)
}

/// What files leave open, kind by kind.
fn of_files(view: GapsView) -> impl IntoView {
    let GapsView { cluster, rows, undecided, now, .. } = view;
    let (mut rows, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.gap.reason == GapReason::NotInFiles);
    rows.sort_by_key(|row| std::cmp::Reverse(row.affects.len()));
    let headline =
        format!("{} is read from files, which do not show what else a cluster holds.", visible(&cluster));
    let crumbs = vec![Crumb { path: cluster_path(&cluster), label: cluster }];
    let lede = match undecided {
        0 => "No check is undecided.".to_owned(),
        1 => "One check is undecided.".to_owned(),
        many => format!(
            "{} checks are undecided; each says what would settle it.",
            words::sentence(&words::number(many))
        ),
    };
    view! {
        <PageHead crumbs=crumbs title=move || headline.clone() lede=move || lede.clone() />
        {(!others.is_empty())
            .then(|| {
                view! {
                    <section class="mt-7" aria-labelledby="gaps">
                        <SectionHead id="gaps" title="What cannot be read" />
                        <GapList rows=others now />
                    </section>
                }
            })}
        <section class="mt-7" aria-labelledby="open">
            <SectionHead id="open" title="What the files leave open" />
            <p class="max-w-[72ch] mb-3">
                "Files prove what they hold and nothing else. A check that must know of every object of one of these kinds stays unknown."
            </p>
            <Panel padded=true>
                <div><ul role="list" class="sm:columns-2 lg:columns-3 gap-x-10">
                    {rows
                        .into_iter()
                        .map(|row| {
                            let count = row.affects.len() as u64;
                            view! {
                                <li class="flex justify-between gap-3 py-0.5">
                                    <span class="min-w-0 wrap-anywhere">{row.gap.kind.info().name}</span>
                                    <span class="flex-none text-ink-3 tabular-nums">
                                        {(count > 0).then(|| format!("{count} {}", words::plural(count, "check")))}
                                    </span>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul></div>
            </Panel>
        </section>
        <section class="mt-7" aria-labelledby="whole">
            <SectionHead id="whole" title="See the whole" />
            <p class="max-w-[72ch]">"Let Perijove read the cluster itself; it asks for get, list and watch, and for no Secrets."</p>
            <CodeBlock id="serve" label="Shell" text="perijove serve" />
        </section>
    }
}

/// How much is read, and what that leaves open.
fn lede(view: &GapsView) -> String {
    if !view.is_judged {
        return "Perijove never writes, and never asks for Secrets.".to_owned();
    }
    let kinds = view.kinds_read.len() as u64;
    let kinds = format!(
        "{} {} of objects {} read in full.",
        words::sentence(&words::number(kinds)),
        words::plural(kinds, "kind"),
        if kinds == 1 { "is" } else { "are" }
    );
    let undecided = match view.undecided {
        0 => "No check is undecided.".to_owned(),
        1 => "One check is undecided.".to_owned(),
        many if view.rows.is_empty() => {
            format!(
                "{} checks are undecided for other reasons; each says what would settle it.",
                words::sentence(&words::number(many))
            )
        }
        many => {
            format!(
                "{} checks are undecided, for these and other reasons.",
                words::sentence(&words::number(many))
            )
        }
    };
    format!("{kinds} {undecided} Perijove never writes, and never asks for Secrets.")
}

#[component]
fn GapList(rows: Vec<GapRow>, now: Timestamp) -> impl IntoView {
    view! {
        <Panel>
            <ul role="list">{rows.into_iter().map(|row| view! { <GapItem row now /> }).collect_view()}</ul>
        </Panel>
    }
}

/// One gap: what, how much hangs on it, and folded below it how to close it.
#[component]
fn GapItem(row: GapRow, now: Timestamp) -> impl IntoView {
    let what = visible(&named(&row.gap)).into_owned();
    let count = row.affects.len() as u64;
    let id = gap_id(&row);
    let closing = if row.gap.reason == GapReason::Forbidden {
        view! { <Grant row=row.clone() id /> }.into_any()
    } else {
        let wanted = row.gap.permission();
        view! { <p>"What would settle it: " {visible(&wanted).into_owned()} "."</p> }.into_any()
    };
    view! {
        <li>
            <details>
                <summary class="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-0.5">
                    <span class="flex items-baseline gap-2 min-w-0">
                        <Icon shape=Shape::Gap class="size-3.5 self-center text-unknown" />
                        <span class="min-w-0 wrap-anywhere font-medium">{what}</span>
                    </span>
                    <span class="text-ink-3 tabular-nums">
                        {(count > 0).then(|| format!("{count} {} · ", if count == 1 { "check needs it" } else { "checks need it" }))}
                        {row.since.map(|at| view! { "for " <When at now style=Style::Span /> })}
                    </span>
                </summary>
                <div class="mt-2 pl-5.5">
                    {(count > 0)
                        .then(|| {
                            view! { <p class="text-ink-2">"Asked for by " {row.affects.join(", ")} "."</p> }
                        })}
                    {closing}
                </div>
            </details>
        </li>
    }
}

/// A gap as a sentence that names the kind as Kubernetes writes it, which reads better than the name in addresses.
fn named(gap: &Gap) -> String {
    let info = gap.kind.info();
    let plural = match info.name.strip_suffix('y') {
        Some(stem) if info.plural.ends_with("ies") => format!("{stem}ies"),
        _ => format!("{}{}", info.name, info.plural.get(info.name.len()..).unwrap_or_default()),
    };
    words::sentence(&gap.to_string().replacen(info.plural, &plural, 1))
}

/// An id for the snippets of a gap, unique on the page.
fn gap_id(row: &GapRow) -> String {
    let place = row.gap.namespace.as_deref().map(crate::backend::segment).unwrap_or_default();
    format!("{}-{place}", row.gap.kind.info().plural)
}

/// The rule that closes a gap, and the question that shows whether it is closed.
#[component]
fn Grant(row: GapRow, id: String) -> impl IntoView {
    let info = row.gap.kind.info();
    let resource = if info.group.is_empty() {
        info.plural.to_owned()
    } else {
        format!("{}.{}", info.plural, info.group)
    };
    let rule = format!(
        "- apiGroups: [\"{}\"]\n  resources: [{}]\n  verbs: [get, list, watch]",
        info.group, info.plural
    );
    let (role, place) = match &row.gap.namespace {
        Some(namespace) => ("a Role", format!(" in namespace {}", visible(namespace))),
        None => ("the ClusterRole", String::new()),
    };
    // Only names of the API stand in the command: a namespace would have to be quoted for the shell.
    let ask = match row.gap.namespace {
        Some(_) => None,
        None => Some(format!("kubectl auth can-i list {resource} --all-namespaces")),
    };
    view! {
        <p class="mt-1">{format!("Add this rule to {role} of Perijove's account{place}:")}</p>
        <CodeBlock id=format!("rule-{id}") label="Rule" text=rule />
        {ask
            .map(|ask| {
                view! {
                    <p class="mt-2">"Ask with Perijove's account whether it holds:"</p>
                    <CodeBlock id=format!("ask-{id}") label="Shell" text=ask />
                }
            })}
    }
}

#[component]
fn Read(kinds: Vec<String>) -> impl IntoView {
    let count = kinds.len() as u64;
    view! {
        <section class="mt-7" aria-labelledby="read">
            <SectionHead id="read" title="What is read in full" />
            <details>
                <summary class="button cursor-pointer w-fit">
                    {format!("Show {count} {}", words::plural(count, "kind"))}
                </summary>
                <p class="mt-2 text-ink-2 max-w-[76ch]">{kinds.join(", ")}"."</p>
                <p class="mt-1 text-ink-3 max-w-[76ch]">
                    "A kind that the cluster does not serve counts as read: it is known to have no objects. Secrets are not among them."
                </p>
            </details>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use posture::kind::Kind;

    fn says(kind: Kind) -> String {
        named(&Gap { kind, namespace: Some("pods".to_owned()), reason: GapReason::Forbidden })
    }

    #[test]
    fn kinds_are_written_as_kubernetes_writes_them() {
        assert_eq!(says(Kind::NetworkPolicy), "NetworkPolicies in namespace pods may not be listed");
        assert_eq!(says(Kind::Gateway), "Gateways in namespace pods may not be listed");
        assert_eq!(says(Kind::Ingress), "Ingresses in namespace pods may not be listed");
        assert_eq!(says(Kind::Endpoints), "Endpoints in namespace pods may not be listed");
    }
}
