//! The checklist of a hub or of a cluster, by the topics of the security guide, with filters in the address.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::{Severity, Topic, Verdict};
use posture::control::{Control, Mark};

use super::parts::{Since, pairs};
use super::surround::{
    Here, access_path, check_path, checklist_path, cluster_path, reach_of_topic, surround,
};
use crate::backend::{CheckRow, ChecklistView, Filter, HubName, LaterCheck, Place, TopicView};
use crate::components::{
    Badge, Cell, Code, Column, CountBar, CountWords, Crumb, FilterBox, KeepInstant, MarkBox, Notice,
    PageHead, Prose, Sentence, SeverityBadge, Table, Tone, When, verdict_word,
};
use crate::filter::matches;
use crate::page::PageView;
use crate::site::href;
use crate::text::visible;
use crate::words;

/// The verdicts in the order in which the filter offers them.
const VERDICTS: [Verdict; 5] =
    [Verdict::Fail, Verdict::Warn, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable];

/// The severities in the order in which the filter offers them.
const SEVERITIES: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

/// What is said in the place of a verdict where a check was added later.
const NOT_JUDGED: &str = "not judged yet";

/// Reads the filter from the pairs of an address; what cannot be understood is named in the error.
pub fn parse_filter(pairs: &[(String, String)]) -> Result<Filter, String> {
    let mut filter = Filter::default();
    for (name, value) in pairs {
        match name.as_str() {
            "q" => filter.words.clone_from(value),
            "verdict" => {
                let verdict = VERDICTS.into_iter().find(|v| v.word() == value);
                filter
                    .verdicts
                    .push(verdict.ok_or_else(|| unknown_value("verdict", &VERDICTS.map(Verdict::word)))?);
            }
            "severity" | "topic" if value.is_empty() => {}
            "severity" => {
                let severity = SEVERITIES.into_iter().find(|s| s.word() == value);
                filter.severity =
                    Some(severity.ok_or_else(|| unknown_value("severity", &SEVERITIES.map(Severity::word)))?);
            }
            "topic" => {
                let topic = Topic::ALL.into_iter().find(|t| topic_key(*t) == value);
                let known: Vec<_> = Topic::ALL.into_iter().map(topic_key).collect();
                filter.topic = Some(topic.ok_or_else(|| unknown_value("topic", &known))?);
            }
            _ => {}
        }
    }
    Ok(filter)
}

fn unknown_value(name: &str, known: &[&str]) -> String {
    format!("the address asks for a {name} that does not exist; it can be {}", known.join(", "))
}

/// How a topic is written in addresses.
pub(super) fn topic_key(topic: Topic) -> &'static str {
    match topic {
        Topic::Https => "https",
        Topic::Helm => "helm",
        Topic::CloudMetadata => "cloud-metadata",
        Topic::Dashboards => "dashboards",
        Topic::Rbac => "rbac",
        Topic::ApiAccess => "api-access",
        Topic::NetworkPolicies => "network-policies",
    }
}

/// Whether the filter, the typed words aside, shows a row.
fn is_offered(filter: &Filter, topic: Topic, row: &CheckRow) -> bool {
    let verdict = if filter.verdicts.is_empty() {
        row.verdict != Verdict::NotApplicable
    } else {
        filter.verdicts.contains(&row.verdict)
    };
    verdict
        && filter.severity.is_none_or(|severity| row.severity <= severity)
        && filter.topic.is_none_or(|only| only == topic)
}

/// Whether the filter, the typed words aside, shows checks that were added later: they have neither verdict nor severity.
fn is_later_offered(filter: &Filter, topic: Topic) -> bool {
    filter.verdicts.is_empty() && filter.severity.is_none() && filter.topic.is_none_or(|only| only == topic)
}

/// Whether the typed words fit any check of a topic.
fn fits(topic: &TopicView, typed: &str) -> bool {
    topic.rows.iter().any(|row| matches(typed, &searched(row)))
        || topic.later.iter().any(|check| matches(typed, &searched_later(*check)))
}

/// What the typed words are looked for in where a check was added later.
fn searched_later(check: LaterCheck) -> String {
    format!("{} {} {NOT_JUDGED}", check.code, check.title)
}

/// What the typed words are looked for in.
fn searched(row: &CheckRow) -> String {
    let text =
        format!("{} {} {} {} {}", row.code, row.title, row.fault, row.reason, verdict_word(row.verdict));
    visible(&text).into_owned()
}

/// The checklist of a hub or of a cluster.
pub fn checklist(place: &Place, view: ChecklistView, filter: Filter) -> PageView {
    let name = view.hub.as_ref().map_or_else(|| "the cluster itself".to_owned(), |hub| hub.release.clone());
    let title = format!("Checklist of {name} · {}", view.cluster);
    let frame = surround(place, Here::Checklist, view.hub.as_ref(), title);
    let crumbs = vec![Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) }];
    PageView::new(frame, move || body(view, &filter, crumbs))
}

fn body(view: ChecklistView, filter: &Filter, crumbs: Vec<Crumb>) -> impl IntoView + use<> {
    let headline = words::checklist(&view);
    let path = checklist_path(&view.cluster, view.hub.as_ref());
    let counts = pairs(view.counts);
    let unsupported = !view.is_supported;
    let about = about(&view);
    let (newest, now) = (view.newest, view.now);
    let (cluster, hub) = (view.cluster, view.hub);
    let hidden_kind = view.counts.not_applicable;
    let topics: Vec<TopicView> = view
        .topics
        .into_iter()
        .map(|topic| {
            let rows = topic.rows.into_iter().filter(|row| is_offered(filter, topic.topic, row)).collect();
            let later = topic.later.into_iter().filter(|_| is_later_offered(filter, topic.topic)).collect();
            TopicView { rows, later, ..topic }
        })
        .filter(|topic| !topic.rows.is_empty() || !topic.later.is_empty())
        .collect();
    let typed = filter.words.clone();
    let is_judged = view.counts.applicable() + view.counts.not_applicable > 0;
    let is_shown = topics.iter().any(|topic| fits(topic, &typed));
    let clear = href(&path);
    view! {
        <PageHead
            crumbs=crumbs
            title=move || headline.clone()
            lede=move || {
                view! {
                    {about.clone()}
                    {newest.map(|at| view! { "The newest open fault was first seen " <When at=at now /> "." })}
                }
            }
        />
        {unsupported
            .then(|| {
                view! {
                    <div class="mt-4">
                        <Notice tone=Tone::Gap title=|| "This JupyterHub was not installed by Zero to JupyterHub.">
                            <p>"Only checks that need nothing but its pods are made; the chart's defaults are not assumed."</p>
                        </Notice>
                    </div>
                }
            })}
        {is_judged
            .then(|| {
                view! {
                    <div class="mt-5 mb-2 max-w-xl">
                        <CountBar counts=counts.clone() />
                    </div>
                    <CountWords counts=counts />
                }
            })}
        {is_judged.then(|| view! { <Filters filter=filter.clone() path=path hidden=hidden_kind /> })}
        <div id="checks">
            {is_judged
                .then(|| {
                    view! {
                        <div class="mt-6" data-filter-none hidden=is_shown>
                            <Notice tone=Tone::Gap title=|| "No check fits this filter.">
                                <p><a href=clear>"Show all checks"</a></p>
                            </Notice>
                        </div>
                    }
                })}
            {topics
                .into_iter()
                .map(|topic| {
                    view! { <TopicSection topic cluster=cluster.clone() hub=hub.clone() typed=typed.clone() now /> }
                })
                .collect_view()}
        </div>
    }
}

/// What the list is of, in a sentence.
fn about(view: &ChecklistView) -> String {
    let Some(hub) = &view.hub else {
        return "What holds for the whole cluster is judged once and not for each hub. ".to_owned();
    };
    let (namespace, chart) = (visible(&hub.namespace), words::chart(&view.chart));
    format!("Namespace {namespace}, {chart}, {}. ", words::servers(&view.user_servers))
}

#[component]
fn Filters(filter: Filter, path: String, hidden: u64) -> impl IntoView {
    let (action, form_action, clear) = (href(&path), href(&path), href(&path));
    let keep: Vec<(String, String)> = filter
        .verdicts
        .iter()
        .map(|verdict| ("verdict".to_owned(), verdict.word().to_owned()))
        .chain(filter.severity.map(|severity| ("severity".to_owned(), severity.word().to_owned())))
        .chain(filter.topic.map(|topic| ("topic".to_owned(), topic_key(topic).to_owned())))
        .collect();
    let is_open = !keep.is_empty();
    view! {
        <div class="no-print mt-5 flex flex-wrap items-start gap-x-4 gap-y-2">
            <FilterBox action=action value=filter.words.clone() target="checks" noun="checks" keep=keep />
            <details class="grow" open=is_open>
                <summary class="button cursor-pointer w-fit">"More filters"</summary>
                <form class="mt-2 flex flex-wrap items-end gap-x-5 gap-y-2" method="get" action=form_action>
                    <KeepInstant />
                    <input type="hidden" name="q" value=filter.words.clone() />
                    <fieldset class="flex flex-wrap gap-x-3 gap-y-1">
                        <legend class="text-xs text-ink-3">"Verdict"</legend>
                        {VERDICTS
                            .into_iter()
                            .map(|verdict| {
                                let checked = filter.verdicts.contains(&verdict);
                                view! {
                                    <label class="flex items-center gap-1.5">
                                        <input type="checkbox" name="verdict" value=verdict.word() checked=checked />
                                        {verdict_word(verdict)}
                                    </label>
                                }
                            })
                            .collect_view()}
                    </fieldset>
                    <label class="flex flex-col">
                        <span class="text-xs text-ink-3">"At least as severe as"</span>
                        <select class="field" name="severity">
                            <option value="">"any"</option>
                            {SEVERITIES
                                .into_iter()
                                .map(|severity| {
                                    view! {
                                        <option value=severity.word() selected=filter.severity == Some(severity)>
                                            {severity.word()}
                                        </option>
                                    }
                                })
                                .collect_view()}
                        </select>
                    </label>
                    <label class="flex flex-col">
                        <span class="text-xs text-ink-3">"Topic"</span>
                        <select class="field" name="topic">
                            <option value="">"all"</option>
                            {Topic::ALL
                                .into_iter()
                                .map(|topic| {
                                    view! {
                                        <option value=topic_key(topic) selected=filter.topic == Some(topic)>
                                            {topic.title()}
                                        </option>
                                    }
                                })
                                .collect_view()}
                        </select>
                    </label>
                    <button class="button" type="submit">"Apply"</button>
                    <a class="button" href=clear>"Clear"</a>
                </form>
            </details>
        </div>
        {(hidden > 0 && filter.verdicts.is_empty())
            .then(|| {
                view! {
                    <p class="mt-1 text-xs text-ink-3">
                        {format!("{hidden} {} not apply here and {} left out.", if hidden == 1 { "check does" } else { "checks do" }, if hidden == 1 { "is" } else { "are" })}
                    </p>
                }
            })}
    }
}

#[component]
fn TopicSection(
    topic: TopicView,
    cluster: String,
    hub: Option<HubName>,
    typed: String,
    now: Timestamp,
) -> impl IntoView {
    let key = topic_key(topic.topic);
    let title = topic.topic.title();
    let reach = reach_of_topic(&cluster, hub.as_ref(), topic.topic);
    let hidden = !fits(&topic, &typed);
    let access = matches!(topic.topic, Topic::Rbac | Topic::ApiAccess).then(|| access_path(&cluster));
    let links: Vec<_> = [("What a notebook here reaches", reach), ("Who can do what", access)]
        .into_iter()
        .filter_map(|(words, path)| Some((words, href(&path?))))
        .collect();
    view! {
        <section class="mt-7 scroll-mt-16" data-filter-group aria-labelledby=key hidden=hidden>
            <div class="flex flex-wrap items-baseline justify-between gap-x-4 mb-2">
                <h2 id=key class="text-[0.9375rem] font-semibold">{title}</h2>
                {topic.control.map(|control| view! { <FourMarks control /> })}
            </div>
            {(!links.is_empty())
                .then(|| {
                    view! {
                        <p class="no-print mb-2 flex flex-wrap gap-x-5 gap-y-1">
                            {links
                                .into_iter()
                                .map(|(words, address)| view! { <a class="link" href=address>{words}</a> })
                                .collect_view()}
                        </p>
                    }
                })}
            <Table
                caption=format!("Checks of {title}")
                columns=vec![
                    Column::new("Verdict").fit(),
                    Column::new("Check"),
                    Column::new("Severity").fit(),
                    Column::new("Since").fit(),
                ]
            >
                {topic
                    .rows
                    .into_iter()
                    .map(|row| {
                        view! { <Row row cluster=cluster.clone() hub=hub.clone() typed=typed.clone() now /> }
                    })
                    .collect_view()}
                {topic
                    .later
                    .into_iter()
                    .map(|check| {
                        view! { <LaterRow check cluster=cluster.clone() hub=hub.clone() typed=typed.clone() /> }
                    })
                    .collect_view()}
            </Table>
        </section>
    }
}

#[component]
fn Row(row: CheckRow, cluster: String, hub: Option<HubName>, typed: String, now: Timestamp) -> impl IntoView {
    let address = href(&check_path(&cluster, hub.as_ref(), &row.code));
    let text = searched(&row);
    let hidden = !matches(&typed, &text);
    let is_open = matches!(row.verdict, Verdict::Fail | Verdict::Warn);
    let name = match row.verdict {
        Verdict::Fail | Verdict::Warn => row.fault,
        // A control that cannot be decided must not read as a statement that it holds.
        Verdict::Unknown => format!("Whether {}", words::lower_first(&row.title)),
        Verdict::Pass | Verdict::NotApplicable => row.title,
    };
    let reason = (row.reason.to_string() != name).then_some(row.reason);
    view! {
        <tr role="row" data-filter=text hidden=hidden>
            <Cell fit=true>
                <Badge verdict=row.verdict />
            </Cell>
            <Cell>
                <a class="font-medium hover:underline" href=address>
                    <Prose text=name />
                </a>
                {reason.map(|reason| view! { <p class="text-ink-2"><Sentence reason now /></p> })}
                <p class="text-ink-3">
                    {row.code}
                    {row.subject.map(|object| view! { " · " <Code text=object.to_string() /> })}
                </p>
            </Cell>
            <Cell label="Severity" fit=true>
                {if is_open {
                    view! { <SeverityBadge verdict=row.verdict severity=row.severity /> }.into_any()
                } else {
                    view! { <span class="text-ink-3">{row.severity.word()}</span> }.into_any()
                }}
            </Cell>
            <Cell label="Since" fit=true>
                <span class="text-ink-3">
                    {row
                        .since
                        .map(|since| {
                            if row.not_confirmed_since.is_some() {
                                view! { <Since since not_confirmed_since=row.not_confirmed_since now /> }.into_any()
                            } else {
                                view! { <When at=since now /> }.into_any()
                            }
                        })}
                </span>
            </Cell>
        </tr>
    }
}

/// A check that the scan shown did not judge, as it was added later.
#[component]
fn LaterRow(check: LaterCheck, cluster: String, hub: Option<HubName>, typed: String) -> impl IntoView {
    let address = href(&check_path(&cluster, hub.as_ref(), check.code));
    let text = searched_later(check);
    let hidden = !matches(&typed, &text);
    view! {
        <tr role="row" data-filter=text hidden=hidden>
            <Cell fit=true>
                <span class="text-ink-3">{NOT_JUDGED}</span>
            </Cell>
            <Cell>
                <a class="font-medium hover:underline" href=address>
                    <Prose text=format!("Whether {}", words::lower_first(check.title)) />
                </a>
                <p class="text-ink-2">"Perijove learned this check after the scan shown."</p>
                <p class="text-ink-3">{check.code}</p>
            </Cell>
            <Cell fit=true>""</Cell>
            <Cell fit=true>""</Cell>
        </tr>
    }
}

/// The four questions on one line.
#[component]
fn FourMarks(control: Control) -> impl IntoView {
    let marks: [(&'static str, Mark); 4] = [
        ("configured", control.configured.mark),
        ("applied", control.applied.mark),
        ("enforced", control.enforced.mark),
        ("observed", control.observed.mark),
    ];
    view! {
        <ul class="flex flex-wrap gap-x-3 gap-y-1 text-ink-3" role="list" aria-label="Four questions">
            {marks
                .into_iter()
                .map(|(question, mark)| {
                    view! {
                        <li class="flex items-center gap-1.5">
                            <MarkBox mark=mark />
                            {question}
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use posture::text::{Arg, Reason};

    use super::*;

    #[test]
    fn not_even_what_is_searched_holds_a_character_that_deceives() {
        let row = CheckRow {
            code: "TLS-01".to_owned(),
            title: "Users reach the hub over HTTPS".to_owned(),
            fault: "The hub is served without HTTPS".to_owned(),
            verdict: Verdict::Fail,
            severity: Severity::High,
            reason: Reason::new("seen", "{name} serves").with("name", Arg::text("a\u{202e}b")),
            subject: None,
            since: None,
            not_confirmed_since: None,
        };
        assert!(searched(&row).contains("a\\u{202e}b serves"), "{}", searched(&row));
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_filter_is_read_from_the_address() {
        let filter = parse_filter(&[
            pair("verdict", "fail"),
            pair("verdict", "not-applicable"),
            pair("severity", "high"),
            pair("topic", ""),
            pair("q", "metadata"),
            pair("utm_source", "x"),
        ])
        .unwrap();
        assert_eq!(filter.verdicts, [Verdict::Fail, Verdict::NotApplicable]);
        assert_eq!(
            (filter.severity, filter.topic, filter.words.as_str()),
            (Some(Severity::High), None, "metadata")
        );
    }

    #[test]
    fn a_verdict_that_does_not_exist_is_refused_without_being_repeated() {
        let error = parse_filter(&[pair("verdict", "<script>")]).unwrap_err();
        assert!(error.contains("not-applicable") && !error.contains("script"), "{error}");
    }
}
