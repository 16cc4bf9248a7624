//! What the servers of a hub's users reach: the answer in words, every destination with the rule that decides, who reaches them, and a
//! question of one's own.

mod classes;
mod compare;
mod differences;
mod picture;
mod question;
mod reverse;
mod rows;
mod says;

use leptos::prelude::*;
use posture::Timestamp;
use posture::derived::EnforcementState;
use posture::reach::{ClassReach, ReachTable};

use self::classes::Classes;
use self::says::headline;
use super::surround::{Here, checklist_path, cluster_path, surround};
use crate::backend::{Compare, Place, ReachQuery, ReachView};
use crate::components::{Code, Crumb, Notice, PageHead, Sentence, Tone, When};
use crate::page::PageView;
use crate::text::visible;
use crate::words;

/// The instants with which the present can be compared, in days.
pub(super) const DAYS: [u16; 3] = [1, 7, 30];

/// Reads what the address asks; what cannot be understood is named in the error.
pub fn parse_reach(pairs: &[(String, String)]) -> Result<ReachQuery, String> {
    let mut query = ReachQuery::default();
    for (name, value) in pairs {
        match name.as_str() {
            "class" if !value.is_empty() => query.class = Some(value.clone()),
            "classes" => query.lists_all = value == "all",
            "from" => query.from.clone_from(value),
            "pod" => query.pod.clone_from(value),
            "to" => query.to.clone_from(value),
            "port" => query.port.clone_from(value),
            "protocol" => query.protocol.clone_from(value),
            "compare" if !value.is_empty() => {
                let days = || value.strip_suffix('d').and_then(|days| days.parse().ok());
                let class = value.strip_prefix("class-").map(|key| Compare::Class(key.to_owned()));
                let compare = class.or_else(|| days().map(Compare::Days));
                query.compare = Some(compare.ok_or(
                    "the address asks for a comparison that does not exist; it can be 1d, 7d, 30d, or class- with the key of a class",
                )?);
            }
            _ => {}
        }
    }
    Ok(query)
}

/// What the servers of a hub's users reach.
pub fn reach(place: &Place, view: ReachView) -> PageView {
    let title = format!("Reach of {} · {}", view.hub.release, view.cluster);
    let frame = surround(place, Here::Reach, Some(&view.hub), title);
    PageView::new(frame, move || body(view))
}

fn body(view: ReachView) -> impl IntoView {
    let crumbs = vec![
        Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) },
        Crumb { label: view.hub.release.clone(), path: checklist_path(&view.cluster, Some(&view.hub)) },
    ];
    let Some(table) = view.table.clone() else {
        return view! {
            <PageHead crumbs=crumbs title=|| "What a notebook reaches is not known yet." />
            <div class="mt-5">
                <Notice tone=Tone::Gap title=|| "Nothing was computed at this scan.">
                    <p>"The next scan does it; until then a single question can be asked below."</p>
                </Notice>
            </div>
            <question::Ask view=view />
        }
        .into_any();
    };
    let Some(class) = view.class.and_then(|class| table.classes.get(class)).cloned() else {
        return view! {
            <PageHead
                crumbs=crumbs
                title=|| "There is no such class of servers at this instant."
                lede=|| view! { <p>"Its servers have stopped, policies tell them apart by other labels, or the address was cut off. These are there:"</p> }
            />
            <Classes view=view.clone() />
            <question::Ask view=view />
        }
        .into_any();
    };
    let title = headline(&class);
    let choice = view.class.and_then(|class| view.classes.get(class)).cloned();
    let now = view.now;
    let since = view.since;
    let lede_class = class.clone();
    let enforcement = table.enforcement.clone();
    let asks = !view.query.to.is_empty();
    let rows = class.rows.clone();
    let reverse = class.reverse.clone();
    let servers = choice.map_or(0, |choice| choice.servers);
    view! {
        <PageHead
            crumbs=crumbs
            title=move || title.clone()
            lede=move || {
                let policies = lede_class.policies[0].len();
                view! {
                    <p>
                        {about(&lede_class, servers)}
                        {selected(&lede_class, policies)}
                        {since.map(|at| view! { " As it is since " <When at=at now /> "." })}
                    </p>
                    <Enforced enforcement=enforcement.clone() now />
                }
            }
        />
        <Notices table=table.clone() now />
        {asks.then(|| view! { <question::Ask view=view.clone() /> })}
        <Classes view=view.clone() />
        <rows::Reached rows now />
        <compare::Comparison view=view.clone() class=class.clone() />
        <reverse::Reaching rows=reverse now />
        {(!asks).then(|| view! { <question::Ask view=view.clone() /> })}
    }
    .into_any()
}

/// What the class is, in a sentence.
fn about(class: &ClassReach, servers: usize) -> String {
    let (name, namespace) = (visible(&class.name), visible(&class.namespace));
    if class.is_assumed {
        return format!("No server runs; this is how the chart would start one in namespace {namespace}. ");
    }
    let count = counted(servers, "live server");
    format!("{name} in namespace {namespace}, {count}, account {}. ", visible(&class.account))
}

/// Which policies hold for what the servers send.
fn selected(class: &ClassReach, policies: usize) -> String {
    match (class.is_on_host, policies) {
        (true, _) => "They share the network of their node: no policy holds for them.".to_owned(),
        (false, 0) => "No policy restricts what they send.".to_owned(),
        (false, 1) => format!("{} restricts what they send.", class.policies[0][0]),
        (false, many) => {
            let number = words::sentence(&words::number(many as u64));
            format!("{number} policies say what they may send.")
        }
    }
}

#[component]
fn Enforced(enforcement: posture::reach::Enforcing, now: Timestamp) -> impl IntoView {
    let engine = enforcement.engine.clone().unwrap_or_else(|| "Something".to_owned());
    let words = match enforcement.state {
        EnforcementState::Enforced => format!("{engine} enforces policies: "),
        EnforcementState::Likely => format!("{engine} likely enforces policies, which is not proven: "),
        EnforcementState::NotEnforced => "Nothing enforces policies, so they count for nothing: ".to_owned(),
        EnforcementState::Unknown => "Whether anything enforces policies is not known: ".to_owned(),
    };
    view! { <p>{words} <Sentence reason=enforcement.reason now /> "."</p> }
}

/// What limits the answer.
#[component]
fn Notices(table: ReachTable, now: Timestamp) -> impl IntoView {
    let broken = table.enforcement.broken_nodes;
    let hidden = table.hidden.map(|unknown| match unknown {
        posture::gap::Unknown::Gap(gap) => posture::check::gap_reason(&gap),
        posture::gap::Unknown::Reason(reason) => reason,
    });
    view! {
        {hidden
            .map(|reason| {
                view! {
                    <div class="mt-4">
                        <Notice tone=Tone::Gap title=|| "There may be servers that were not seen.">
                            <p><Sentence reason=reason now full=true /></p>
                        </Notice>
                    </div>
                }
            })}
        {(!broken.is_empty())
            .then(|| {
                view! {
                    <div class="mt-4">
                        <Notice tone=Tone::Warn title=|| "Policies may not work on every node.">
                            <p>
                                "The network plug-in is not ready on "
                                {broken.into_iter().enumerate().map(|(at, node)| view! { {(at > 0).then_some(", ")} <Code text=node /> }).collect_view()}
                                "."
                            </p>
                        </Notice>
                    </div>
                }
            })}
    }
}

/// A number with what it counts.
fn counted(count: usize, word: &str) -> String {
    let count = count as u64;
    format!("{} {}", words::number(count), words::plural(count, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_question_and_a_comparison_are_read_from_the_address() {
        let query = parse_reach(&[
            pair("class", "a1b2c3"),
            pair("compare", "7d"),
            pair("from", "class/a1b2c3"),
            pair("to", "169.254.169.254"),
            pair("port", "80"),
            pair("protocol", "tcp"),
            pair("utm_source", "x"),
        ])
        .unwrap();
        assert_eq!((query.class.as_deref(), query.compare), (Some("a1b2c3"), Some(Compare::Days(7))));
        assert_eq!((query.to.as_str(), query.port.as_str()), ("169.254.169.254", "80"));
        let query = parse_reach(&[pair("compare", "class-d4e5f6"), pair("class", "")]).unwrap();
        assert_eq!((query.class, query.compare), (None, Some(Compare::Class("d4e5f6".to_owned()))));
    }

    #[test]
    fn a_comparison_that_does_not_exist_is_refused_without_being_repeated() {
        let error = parse_reach(&[pair("compare", "<script>")]).unwrap_err();
        assert!(error.contains("7d") && !error.contains("script"), "{error}");
    }
}
