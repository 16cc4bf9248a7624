//! One check of one hub or cluster: what was seen, why it matters, how to repair it, since when, and elsewhere.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::{Check, Evidence, Mapping, Verdict};
use posture::control::{Answer, Control};
use posture::fix::RenderedFix;

use super::parts::Since;
use super::surround::{Here, check_path, checklist_path, cluster_path, surround};
use crate::backend::{CheckView, Elsewhere, FindingView, HistoryRow, HubName, Place};
use crate::components::sentence_value as value;
use crate::components::{
    Badge, Cell, Code, CodeBlock, Column, Crumb, Facts, MarkBox, Notice, ObjectName, PageHead, Panel,
    SectionHead, Sentence, SeverityBadge, Style, Table, Tone, When,
};
use crate::page::PageView;
use crate::site::href;

/// One check of one hub or cluster.
pub fn check(place: &Place, view: CheckView) -> PageView {
    let frame = surround(
        place,
        Here::Checklist,
        view.hub.as_ref(),
        format!("{} on {}", view.check.code, whose(view.hub.as_ref(), &view.cluster)),
    );
    PageView::new(frame, move || body(view))
}

fn whose(hub: Option<&HubName>, cluster: &str) -> String {
    hub.map_or_else(|| cluster.to_owned(), |hub| hub.release.clone())
}

fn body(view: CheckView) -> impl IntoView {
    let check = view.check;
    let crumbs = vec![
        Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) },
        Crumb {
            label: view
                .hub
                .as_ref()
                .map_or_else(|| "the cluster itself".to_owned(), |hub| hub.release.clone()),
            path: checklist_path(&view.cluster, view.hub.as_ref()),
        },
        Crumb {
            label: check.topic.title().to_owned(),
            path: checklist_path(&view.cluster, view.hub.as_ref()),
        },
    ];
    let worst = view.findings.first().map(|finding| finding.verdict);
    let is_open = matches!(worst, Some(Verdict::Fail | Verdict::Warn));
    let place = whose(view.hub.as_ref(), &view.cluster);
    let title = format!("{} ({place})", if is_open { check.fault } else { check.title });
    let now = view.now;
    let lede = view.findings.first().map(|f| (f.verdict, f.severity, f.since, f.not_confirmed_since));
    let is_empty = view.findings.is_empty();
    let many = view.findings.len() > 1;
    view! {
        <PageHead
            crumbs=crumbs
            title=move || title.clone()
            lede=move || {
                lede.map(|(verdict, severity, since, not_confirmed_since)| {
                    view! {
                        <SeverityBadge verdict severity full=true />
                        " · "
                        {check.code}
                        {since.map(|since| view! { " · " <Since since not_confirmed_since now /> })}
                    }
                })
            }
        />
        <div class="grid gap-x-8 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <div class="min-w-0">
                {is_empty
                    .then(|| {
                        view! {
                            <div class="mt-6">
                                <Notice tone=Tone::Gap title=|| "This check has not been judged here yet." />
                            </div>
                        }
                    })}
                {view
                    .findings
                    .iter()
                    .cloned()
                    .enumerate()
                    .map(|(index, finding)| view! { <FindingSection finding index many now /> })
                    .collect_view()}
                <section class="mt-6" aria-labelledby="why">
                    <SectionHead id="why" title="Why it matters" />
                    <p class="max-w-[72ch]">{check.why}</p>
                </section>
            </div>
            <div class="min-w-0">
                {view.control.map(|control| view! { <FourQuestions control now /> })}
                {view
                    .findings
                    .into_iter()
                    .filter(|finding| !finding.history.is_empty())
                    .take(1)
                    .map(|finding| view! { <History rows=finding.history now /> })
                    .collect_view()}
                <section class="mt-6" aria-labelledby="elsewhere">
                    <SectionHead id="elsewhere" title="Elsewhere" />
                    <ElsewhereList rows=view.elsewhere code=check.code />
                </section>
                <section class="mt-6" aria-labelledby="about">
                    <SectionHead id="about" title="About this check" />
                    <About check />
                </section>
            </div>
        </div>
    }
}

#[component]
fn FindingSection(finding: FindingView, index: usize, many: bool, now: Timestamp) -> impl IntoView {
    let (seen, labelled) = (format!("seen-{index}"), format!("seen-{index}"));
    let subject = finding.subject.clone();
    view! {
        <section class="mt-6" aria-labelledby=labelled>
            <SectionHead id=seen title="What was seen" />
            {(many || subject.is_some())
                .then(|| {
                    view! {
                        <p class="mb-1 flex flex-wrap items-center gap-x-2">
                            <Badge verdict=finding.verdict />
                            {subject.map(|object| view! { <ObjectName object /> })}
                        </p>
                    }
                })}
            <p class="mb-2 max-w-[72ch] [overflow-wrap:anywhere]">
                <Sentence reason=finding.reason.clone() now />
                "."
            </p>
            {finding
                .note
                .clone()
                .map(|note| view! { <p class="mb-2 max-w-[72ch] text-ink-2 [overflow-wrap:anywhere]"><Sentence reason=note now />"."</p> })}
            {(!finding.evidence.is_empty()).then(|| view! { <EvidenceTable rows=finding.evidence.clone() now /> })}
        </section>
        {finding.fix.clone().map(|fix| view! { <FixSection fix index /> })}
        <section class="mt-6" aria-labelledby=format!("kubectl-{index}")>
            <SectionHead id=format!("kubectl-{index}") title="See it without Perijove" />
            {match finding.kubectl.clone() {
                Ok(line) => view! { <CodeBlock id=format!("line-{index}") label="Shell" text=line /> }.into_any(),
                Err(why) => view! { <Notice tone=Tone::Warn title=move || why.clone() /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn EvidenceTable(rows: Vec<Evidence>, now: Timestamp) -> impl IntoView {
    view! {
        <Table
            caption="The facts behind the verdict"
            columns=vec![Column::new("Object"), Column::new("Field"), Column::new("Found"), Column::new("Wanted")]
        >
            {rows
                .into_iter()
                .map(|row| {
                    view! {
                        <tr role="row">
                            <Cell label="Object">
                                <ObjectName object=row.object />
                                {row
                                    .count
                                    .map(|count| view! { <p class="text-ink-3 tabular-nums">{format!("{count} like this")}</p> })}
                            </Cell>
                            <Cell label="Field">
                                <Code text=row.path />
                            </Cell>
                            <Cell label="Found">{value(&row.found, now)}</Cell>
                            <Cell label="Wanted">
                                <span class="text-ink-2">
                                    {match row.wanted {
                                        Some(wanted) => value(&wanted, now),
                                        None => view! { "–" }.into_any(),
                                    }}
                                </span>
                            </Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

#[component]
fn FixSection(fix: RenderedFix, index: usize) -> impl IntoView {
    let (id, labelled) = (format!("fix-{index}"), format!("fix-{index}"));
    let refused = fix.refused.clone();
    let commands = fix.commands.join("\n");
    view! {
        <section class="mt-6" aria-labelledby=labelled>
            <SectionHead id=id title="Repair it" />
            <p class="max-w-[72ch]">{fix.advice}</p>
            {fix.config_yaml.map(|yaml| view! { <CodeBlock id=format!("yaml-{index}") label="config.yaml" text=yaml /> })}
            {(!commands.is_empty())
                .then(|| view! { <CodeBlock id=format!("commands-{index}") label="Shell" text=commands /> })}
            {refused
                .map(|why| view! { <div class="mt-2"><Notice tone=Tone::Warn title=move || why.clone() /></div> })}
        </section>
    }
}

#[component]
fn FourQuestions(control: Control, now: Timestamp) -> impl IntoView {
    let answers = [
        ("Configured", control.configured),
        ("Applied", control.applied),
        ("Enforced", control.enforced),
        ("Observed", control.observed),
    ];
    view! {
        <section class="mt-6" aria-labelledby="questions">
            <SectionHead id="questions" title="Four questions" />
            <Panel>
                <ul role="list">
                    {answers.into_iter().map(|(question, answer)| view! { <AnswerRow question answer now /> }).collect_view()}
                </ul>
            </Panel>
        </section>
    }
}

#[component]
fn AnswerRow(question: &'static str, answer: Answer, now: Timestamp) -> impl IntoView {
    view! {
        <li class="px-3.5 py-2.5 border-t first:border-t-0">
            <p class="flex items-center gap-2 font-medium">
                <MarkBox mark=answer.mark />
                {question}
            </p>
            <p class="text-ink-2 [overflow-wrap:anywhere]">
                <Sentence reason=answer.reason now />
            </p>
        </li>
    }
}

#[component]
fn History(rows: Vec<HistoryRow>, now: Timestamp) -> impl IntoView {
    view! {
        <section class="mt-6" aria-labelledby="history">
            <SectionHead id="history" title="History" />
            <Panel>
                <ul role="list">
                    {rows
                        .into_iter()
                        .map(|row| {
                            view! {
                                <li class="px-3.5 py-2.5 border-t first:border-t-0">
                                    <p class="flex justify-between gap-3">
                                        <Badge verdict=row.verdict />
                                        <span class="text-ink-3"><When at=row.from now style=Style::Instant /></span>
                                    </p>
                                    <p class="text-ink-2 [overflow-wrap:anywhere]">
                                        <Sentence reason=row.reason now />
                                    </p>
                                </li>
                            }
                        })
                        .collect_view()}
                </ul>
            </Panel>
        </section>
    }
}

#[component]
fn ElsewhereList(rows: Vec<Elsewhere>, code: &'static str) -> impl IntoView {
    if rows.is_empty() {
        return view! { <p class="text-ink-3">"Judged nowhere else."</p> }.into_any();
    }
    view! {
        <Panel>
            <ul role="list">
                {rows
                    .into_iter()
                    .map(|row| {
                        let address = href(&check_path(&row.cluster, row.hub.as_ref(), code));
                        let name = row.hub.as_ref().map_or_else(|| row.cluster.clone(), |hub| hub.release.clone());
                        let cluster = row.hub.is_some().then(|| row.cluster.clone());
                        view! {
                            <li class="flex justify-between gap-3 px-3.5 py-2 border-t first:border-t-0">
                                <span class="min-w-0 [overflow-wrap:anywhere]">
                                    <a class="hover:underline" href=address>{name}</a>
                                    {cluster.map(|cluster| view! { <span class="text-ink-3">" on " {cluster}</span> })}
                                </span>
                                <Badge verdict=row.verdict quiet=true />
                            </li>
                        }
                    })
                    .collect_view()}
            </ul>
        </Panel>
    }
    .into_any()
}

#[component]
fn About(check: &'static Check) -> impl IntoView {
    let reads: Vec<String> = check.needs.iter().map(|kind| kind.info().plural.to_owned()).collect();
    let standards: Vec<String> = check
        .mappings
        .iter()
        .map(|mapping| match mapping {
            Mapping::Cis(section) => format!("CIS {section}"),
            Mapping::Nsa(chapter) => format!("NSA/CISA: {chapter}"),
            Mapping::Pss(control) => format!("PSS {control}"),
        })
        .collect();
    let mut facts: Vec<(String, AnyView)> =
        vec![("Name".to_owned(), view! { <code>{check.name}</code> }.into_any())];
    if !reads.is_empty() {
        facts.push(("Reads".to_owned(), reads.join(", ").into_any()));
    }
    if !standards.is_empty() {
        facts.push(("Standards".to_owned(), standards.join(" · ").into_any()));
    }
    let sources = check
        .references
        .iter()
        .map(|reference| {
            view! {
                <li>
                    <a class="link" href=reference.url rel="noreferrer">{reference.title}</a>
                </li>
            }
        })
        .collect_view();
    facts.push(("Sources".to_owned(), view! { <ul role="list">{sources}</ul> }.into_any()));
    view! { <Facts facts /> }
}
