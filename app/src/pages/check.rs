//! One check of one hub or cluster: what was seen, why it matters, how to repair it, since when, and elsewhere.

use leptos::prelude::*;
use posture::Timestamp;
use posture::check::{Check, Evidence, Mapping, Verdict};
use posture::control::{Answer, Control};
use posture::fix::RenderedFix;
use posture::object::ObjectRef;

use super::checklist::topic_key;
use super::history::came_back;
use super::parts::Since;
use super::surround::{Here, check_path, checklist_path, cluster_path, reach_of_topic, surround};
use crate::backend::{CheckView, Elsewhere, FindingView, HistoryRow, HubName, Place};
use crate::components::sentence_value as value;
use crate::components::{
    Badge, Cell, Code, CodeBlock, Column, Crumb, Facts, MarkBox, Notice, ObjectName, PageHead, Panel, Prose,
    SectionHead, Sentence, SeverityBadge, Style, Table, Tone, When,
};
use crate::page::PageView;
use crate::site::{href, shown};
use crate::text::{visible, wrapped_command};
use crate::words;

/// One check of one hub or cluster.
pub fn check(place: &Place, view: CheckView) -> PageView {
    let frame = surround(
        place,
        Here::Checklist,
        view.hub.as_ref(),
        format!("{} {} · {}", view.check.code, headline(&view).replace('`', ""), view.cluster),
    );
    PageView::new(frame, move || body(view))
}

fn whose(hub: Option<&HubName>, cluster: &str) -> String {
    visible(hub.map_or(cluster, |hub| &hub.release)).into_owned()
}

/// What the check found, as a statement: the fault, the control, or that neither can be said.
fn headline(view: &CheckView) -> String {
    let (check, place) = (view.check, whose(view.hub.as_ref(), &view.cluster));
    let statement = match view.findings.first().map(|finding| finding.verdict) {
        Some(Verdict::Fail | Verdict::Warn) => check.fault.to_owned(),
        Some(Verdict::Pass) => check.title.to_owned(),
        Some(Verdict::Unknown) => {
            format!("It cannot be told whether {}", words::lower_first(check.title))
        }
        Some(Verdict::NotApplicable) => format!("Does not apply: {}", words::lower_first(check.title)),
        None => format!("Not judged yet: {}", words::lower_first(check.title)),
    };
    format!("{statement} ({place})")
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
            path: format!("{}#{}", checklist_path(&view.cluster, view.hub.as_ref()), topic_key(check.topic)),
        },
    ];
    let reach = reach_of_topic(&view.cluster, view.hub.as_ref(), check.topic);
    let title = headline(&view);
    let now = view.now;
    let lede = view.findings.first().map(|f| (f.verdict, f.severity, f.since, f.not_confirmed_since));
    let is_empty = view.findings.is_empty();
    let many = view.findings.len() > 1;
    view! {
        <PageHead
            crumbs=crumbs
            title=move || view! { <Prose text=title.clone() /> }
            lede=move || {
                lede.map(|(verdict, severity, since, not_confirmed_since)| {
                    let is_open = matches!(verdict, Verdict::Fail | Verdict::Warn);
                    view! {
                        {if is_open {
                            view! { <SeverityBadge verdict severity full=true /> }.into_any()
                        } else {
                            view! { <Badge verdict /> }.into_any()
                        }}
                        " · "
                        {check.code}
                        {since
                            .filter(|_| !many)
                            .map(|since| view! { " · " <Since since not_confirmed_since now /> })}
                    }
                })
            }
        />
        <div class="grid gap-x-8 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
            <div class="min-w-0">
                <section class="mt-6" aria-labelledby="why">
                    <SectionHead id="why" title="Why it matters" />
                    <p class="max-w-[72ch]"><Prose text=check.why /></p>
                    {reach.map(|path| view! { <p class="mt-1"><a href=href(&path)>"What a notebook here reaches"</a></p> })}
                </section>
                {is_empty
                    .then(|| {
                        view! {
                            <div class="mt-6">
                                {if shown().is_some() {
                                    view! {
                                        <Notice tone=Tone::Gap title=|| "Not judged yet at the instant shown.">
                                            <p>"The scan of then did not ask this check: Perijove learned it later."</p>
                                        </Notice>
                                    }
                                        .into_any()
                                } else {
                                    view! { <Notice tone=Tone::Gap title=|| "This check has not been judged here yet." /> }.into_any()
                                }}
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
            </div>
            <div class="min-w-0">
                {view.control.map(|control| view! { <FourQuestions control now /> })}
                {view
                    .findings
                    .into_iter()
                    .enumerate()
                    .filter(|(_, finding)| !finding.history.is_empty())
                    .map(|(index, finding)| {
                        let subject = finding.subject.filter(|_| many);
                        let said = came_back(&finding.recurrence);
                        view! { <History index subject said rows=finding.history now /> }
                    })
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
    let is_open = matches!(finding.verdict, Verdict::Fail | Verdict::Warn);
    view! {
        <section class="mt-6" aria-labelledby=labelled>
            <SectionHead id=seen title="What was seen" />
            {(many || subject.is_some())
                .then(|| {
                    view! {
                        <p class="mb-1 flex flex-wrap items-center gap-x-2">
                            <Badge verdict=finding.verdict />
                            {subject.map(|object| view! { <ObjectName object /> })}
                            {finding
                                .since
                                .filter(|_| many)
                                .map(|since| view! { <Since since not_confirmed_since=finding.not_confirmed_since now /> })}
                        </p>
                    }
                })}
            <p class="mb-2 max-w-[72ch] wrap-anywhere">
                <Sentence reason=finding.reason.clone() now full=true />
            </p>
            {finding
                .note
                .clone()
                .map(|note| view! { <p class="mb-2 max-w-[72ch] text-ink-2 wrap-anywhere"><Sentence reason=note now full=true /></p> })}
            {(!finding.evidence.is_empty()).then(|| view! { <EvidenceTable rows=finding.evidence.clone() is_open now /> })}
        </section>
        {finding.fix.clone().map(|fix| view! { <FixSection fix index /> })}
        <section class="mt-6" aria-labelledby=format!("kubectl-{index}")>
            <SectionHead id=format!("kubectl-{index}") title="See it without Perijove" />
            {match finding.kubectl.clone() {
                Ok(line) => {
                    view! { <CodeBlock id=format!("line-{index}") label="Shell" text=wrapped_command(&line) /> }.into_any()
                }
                Err(why) => view! { <Notice tone=Tone::Warn title=move || visible(&why).into_owned() /> }.into_any(),
            }}
        </section>
    }
}

#[component]
fn EvidenceTable(rows: Vec<Evidence>, is_open: bool, now: Timestamp) -> impl IntoView {
    let with_wanted = rows.iter().any(|row| row.wanted.is_some());
    let mut columns = vec![Column::new("Object"), Column::new("Field"), Column::new("Found")];
    if with_wanted {
        columns.push(Column::new("Wanted"));
    }
    view! {
        <Table caption="The facts behind the verdict" columns>
            {rows
                .into_iter()
                .map(|row| {
                    let is_wrong = is_open && row.wanted.as_ref().is_some_and(|wanted| *wanted != row.found);
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
                            <Cell label="Found">
                                {if is_wrong {
                                    view! { <mark>{value(&row.found, now)}</mark> }.into_any()
                                } else {
                                    value(&row.found, now)
                                }}
                            </Cell>
                            {with_wanted
                                .then(|| {
                                    view! {
                                        <Cell label="Wanted">
                                            <span class="text-ink-2">
                                                {match row.wanted {
                                                    Some(wanted) => value(&wanted, now),
                                                    None => view! { "–" }.into_any(),
                                                }}
                                            </span>
                                        </Cell>
                                    }
                                })}
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
    let is_refused = refused.is_some();
    let commands = fix.commands.iter().map(|line| wrapped_command(line)).collect::<Vec<_>>().join("\n");
    // In a fix that is refused, angle brackets may be part of a hostile name.
    let has_blanks = !is_refused && fix.config_yaml.iter().chain([&commands]).any(|text| has_blank(text));
    view! {
        <section class="mt-6" aria-labelledby=labelled>
            <SectionHead id=id title="Repair it" />
            <p class="max-w-[72ch] wrap-anywhere"><Prose text=fix.advice /></p>
            {fix.chart_range.map(|range| view! { <p class="mt-1 text-ink-3">"For " {range} "."</p> })}
            {has_blanks
                .then(|| view! { <p class="mt-1 text-ink-2">"Replace what stands in <angle brackets>; only you know it."</p> })}
            {fix.config_yaml.map(|yaml| view! { <CodeBlock id=format!("yaml-{index}") label="config.yaml" text=yaml refused=is_refused /> })}
            {(!commands.is_empty())
                .then(|| view! { <CodeBlock id=format!("commands-{index}") label="Shell" text=commands refused=is_refused /> })}
            {refused
                .map(|why| view! { <div class="mt-2"><Notice tone=Tone::Warn title=move || visible(&why).into_owned() /></div> })}
        </section>
    }
}

/// Whether a snippet has a blank to fill in: `<domain>`.
fn has_blank(text: &str) -> bool {
    text.split('<').skip(1).any(|rest| {
        rest.split_once('>').is_some_and(|(blank, _)| {
            !blank.is_empty() && blank.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        })
    })
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
            <p class="text-ink-2 wrap-anywhere">
                <Sentence reason=answer.reason now full=true />
            </p>
        </li>
    }
}

/// What one finding was before. Where there are several it says whose history it is.
#[component]
fn History(
    index: usize,
    subject: Option<ObjectRef>,
    said: Option<String>,
    rows: Vec<HistoryRow>,
    now: Timestamp,
) -> impl IntoView {
    let id = if index == 0 { "history".to_owned() } else { format!("history-{index}") };
    let labelled = id.clone();
    view! {
        <section class="mt-6" aria-labelledby=labelled>
            <SectionHead id=id title="History" />
            {subject.map(|object| view! { <p class="mb-1"><ObjectName object /></p> })}
            {said.map(|said| view! { <p class="mb-2 text-ink-2">{said}</p> })}
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
                                    <p class="text-ink-2 wrap-anywhere">
                                        <Sentence reason=row.reason now full=true />
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
                        let name = row
                            .hub
                            .as_ref()
                            .map_or_else(|| "the cluster itself".to_owned(), |hub| visible(&hub.release).into_owned());
                        let cluster = visible(&row.cluster).into_owned();
                        view! {
                            <li class="flex justify-between gap-3 px-3.5 py-2 border-t first:border-t-0">
                                <span class="min-w-0 wrap-anywhere">
                                    <a class="hover:underline" href=address>{name}</a>
                                    <span class="text-ink-3">" on " {cluster}</span>
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
    let reads: Vec<String> = check.needs.iter().map(|kind| kind.info().name.to_owned()).collect();
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

#[cfg(test)]
mod tests {
    use posture::kind::Kind;
    use posture::text::Reason;

    use super::*;
    use crate::backend::Recurrence;
    use crate::page::render;
    use crate::site::Site;

    fn place() -> Place {
        Place {
            past: None,
            clusters: vec!["a".into()],
            cluster: Some("a".into()),
            hubs: Vec::new(),
            heard_at: Some(Timestamp::UNIX_EPOCH),
            stale_after_seconds: 900,
            replays: Vec::new(),
            trouble: None,
            known: Vec::new(),
            cluster_faults: 0,
            gaps: 0,
            now: Timestamp::UNIX_EPOCH,
            is_demo: false,
        }
    }

    fn finding(name: &str) -> FindingView {
        let row = HistoryRow {
            from: Timestamp::UNIX_EPOCH,
            to: None,
            verdict: Verdict::Fail,
            reason: Reason::new("why", "It was seen long ago"),
        };
        FindingView {
            subject: Some(ObjectRef::namespaced(Kind::Service, "jhub", name)),
            verdict: Verdict::Fail,
            severity: posture::check::Severity::High,
            reason: Reason::new("why", "it is so"),
            note: None,
            evidence: Vec::new(),
            fix: None,
            kubectl: Ok("kubectl get services".into()),
            since: Some(Timestamp::UNIX_EPOCH),
            not_confirmed_since: None,
            recurrence: Recurrence { times: 3, fixes: 2, median: Some(3 * 86_400), open_since: None },
            history: vec![row],
        }
    }

    #[test]
    fn each_of_several_findings_has_its_own_history_with_its_name() {
        let view = CheckView {
            cluster: "a".into(),
            hub: None,
            chart: String::new(),
            check: posture::checks::CHECKS[0],
            findings: vec![finding("one"), finding("two")],
            control: None,
            elsewhere: Vec::new(),
            now: Timestamp::UNIX_EPOCH,
        };
        let site = Site { prefix: "/".into(), nonce: "n".into(), css: "", js: "", wasm: "", icon: "" };
        let html = render(&site, check(&place(), view));
        assert_eq!(html.matches("It was seen long ago").count(), 2, "{html}");
        for (id, name) in [("history", "one"), ("history-1", "two")] {
            let (_, section) = html.split_once(&format!("aria-labelledby=\"{id}\"")).expect(&html);
            let (section, _) = section.split_once("</section>").expect(&html);
            assert!(section.contains(name), "{section}");
            assert!(section.contains("Came back twice; fixes took 3 days (median)."), "{section}");
        }
    }

    #[test]
    fn a_blank_is_a_name_in_angle_brackets() {
        assert!(has_blank("hosts:\n- <domain>"));
        assert!(!has_blank("kubectl get pods --output 'jsonpath={a<3 and b>2}'"));
        assert!(!has_blank("cat <<EOF >file"));
    }
}
