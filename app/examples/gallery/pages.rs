//! Pages with invented data that use every component.

use app::PageView;
use app::backend::{Moment, Past};
use app::components::{
    Badge, Card, Cards, Cell, Code, CodeBlock, Column, Columns, CountBar, CountWords, Crumb, Facts,
    FilterBox, MarkBox, Notice, PageHead, Panel, Row, Rows, Section, SeverityBadge, Stack, Style, Table,
    Tone, When,
};
use app::filter::matches;
use app::frame::{Choice, FrameView, Freshness, NavItem, Travel, Watch};
use app::site::href;
use leptos::prelude::*;
use posture::Timestamp;
use posture::check::{Severity, Verdict};
use posture::control::Mark;

use Verdict::{Fail, Pass, Unknown, Warn};

/// The invented present.
fn now() -> Timestamp {
    "2026-11-23T14:20:12Z".parse().expect("the literal is an instant")
}

fn before(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - seconds).expect("a few days before the literal is an instant")
}

fn choice(label: &str, note: Option<&str>, path: &str, is_current: bool) -> Choice {
    Choice { label: label.to_owned(), note: note.map(str::to_owned), path: path.to_owned(), is_current }
}

fn frame(title: &str, current: &str) -> FrameView {
    let item = |label: &str, path: &str, count, opens_group| NavItem {
        label: label.to_owned(),
        path: path.to_owned(),
        count,
        is_current: label == current,
        opens_group,
        is_below: false,
    };
    FrameView {
        title: title.to_owned(),
        now: now(),
        clusters: vec![
            choice("teaching-eu", Some("4 hubs"), "", true),
            choice("legacy-aws", Some("1 hub"), "states", false),
            choice("partner", Some("2 hubs"), "states", false),
        ],
        hubs: vec![
            choice("all 4", None, "", current == "Overview"),
            choice("class-2019", Some("ns class"), "checklist", current != "Overview"),
            choice("prod", Some("ns jhub"), "checklist", false),
            choice("staging", Some("ns jhub-staging"), "checklist", false),
            choice("binder", Some("ns binder"), "checklist", false),
        ],
        nav: vec![
            item("Overview", "", None, false),
            item("Checklist", "checklist", Some((9, "open faults")), false),
            item("Check", "check", None, false),
            item("States", "states", Some((3, "gaps")), true),
        ],
        freshness: Some(Freshness { heard_at: Some(before(12)), stale_after_seconds: 900 }),
        replays: Vec::new(),
        trouble: None,
        travel: Some(Travel { path: String::new(), asks: Vec::new(), past: None }),
        watch: Some(Watch { cluster: Some("teaching-eu".to_owned()), hub: None, known: Vec::new() }),
        is_demo: true,
    }
}

struct Hub {
    name: &'static str,
    about: &'static str,
    counts: Vec<(Verdict, u64)>,
}

fn hubs() -> Vec<Hub> {
    let hub = |name, about, counts: &[(Verdict, u64)]| Hub { name, about, counts: counts.to_vec() };
    vec![
        hub("class-2019", "ns class · chart 0.10.5", &[(Fail, 6), (Warn, 7), (Unknown, 3), (Pass, 25)]),
        hub("prod", "ns jhub · chart 4.4.0", &[(Fail, 3), (Warn, 4), (Pass, 34)]),
        hub("staging", "ns jhub-staging · chart 4.4.0", &[(Warn, 2), (Pass, 39)]),
        hub("binder", "ns binder · chart 1.0.0-0.dev", &[(Warn, 5), (Pass, 36)]),
    ]
}

/// The overview of the drawings.
pub(crate) fn overview() -> PageView {
    PageView::new(frame("Overview", "Overview"), || {
        view! { <Stack>
        <PageHead
            title=|| {
                view! {
                    "Two of four hubs have open faults. The newest: students on "
                    <Code text="class-2019" />
                    " can reach the cloud metadata server, since Tuesday."
                }
            }
            lede=ViewFn::from(|| {
                view! {
                    <p>
                        "41 controls per hub, judged 12 seconds ago. 3 more cannot be decided with the rights I have; "
                        <a href=href("states")>"see what they need"</a> "."
                    </p>
                }
            })
        />
        <Section title="Hubs" id="hubs" aside=ViewFn::from(|| "4")><Cards>
                {hubs()
                    .into_iter()
                    .map(|hub| {
                        view! {
                            <Card address=href("checklist") title=move || hub.name aside=ViewFn::from(move || hub.about)>
                                <div class="mt-3 mb-2"><CountBar counts=hub.counts.clone() /></div>
                                <CountWords counts=hub.counts />
                            </Card>
                        }
                    })
                    .collect_view()}
            </Cards></Section><Columns>
            <Stack><Section title="Do next" id="next" aside=ViewFn::from(|| view! { <a href=href("checklist")>"all 9 faults"</a> })><Table caption="What to do next" columns=vec![]>
                    {faults()
                        .into_iter()
                        .map(|(verdict, severity, title, about)| {
                            view! {
                                <tr role="row">
                                    <Cell fit=true>
                                        <SeverityBadge verdict severity />
                                    </Cell>
                                    <Cell>
                                        <a href=href("check")>{title}</a>
                                        <p class="text-ink-3">{about}</p>
                                    </Cell>
                                </tr>
                            }
                        })
                        .collect_view()}
                </Table></Section></Stack><Stack><Section title="Changed lately" id="lately">
                <Panel>
                    <Rows>
                            {[
                                (7_300, "Policy singleuser now allows egress to any address, port 80", "kubectl-edit · opened 2 findings"),
                                (88_000, "Helm upgrade of staging to chart 4.4.0", "helm · 23 objects · closed 5 findings"),
                                (400_000, "Certificate of hub.example.edu renewed", "autohttps · 90 days"),
                            ]
                                .map(|(age, what, how)| {
                                    view! {
                                        <Row aside=ViewFn::from(move || view! { <When at=before(age) now=now() /> }) note=ViewFn::from(move || how)>
                                            {what}
                                        </Row>
                                    }
                                })
                                .collect_view()}
                        </Rows>
                </Panel></Section><Section title="Next certificate" id="certificate">
                    <Panel padded=true>
                        <p class="flex flex-wrap gap-x-3">
                            <Badge verdict=Warn word="9 days" />
                            "class.example.edu"
                        </p>
                        <p class="text-ink-3">"renewal is 21 days late: kube-lego cannot speak ACMEv2"</p>
                    </Panel></Section></Stack></Columns></Stack> }
    })
}

fn faults() -> Vec<(Verdict, Severity, &'static str, &'static str)> {
    vec![
        (
            Fail,
            Severity::Critical,
            "User servers can reach the cloud metadata server",
            "class-2019 · MET-03 · chart 0.10.5 lost the block · since Tue 09:14",
        ),
        (
            Fail,
            Severity::Critical,
            "Anonymous users are cluster-admin",
            "cluster · RBA-08 · binding cluster-system-anonymous · 4 years old",
        ),
        (
            Fail,
            Severity::High,
            "Port 80 is open in clear beside HTTPS",
            "prod · TLS-02 · Service proxy-public · since 3 Nov",
        ),
        (
            Warn,
            Severity::Medium,
            "Users can connect to port 433, not 443",
            "class-2019 · NET-07 · the old guide's typo · since 2018",
        ),
    ]
}

/// A list that is filtered while one types.
pub(crate) fn checklist() -> PageView {
    let rows = [
        ("TLS-01", Fail, Severity::High, "Users log in over plain HTTP"),
        ("TLS-02", Fail, Severity::High, "Port 80 is open in clear beside HTTPS"),
        ("TLS-04", Pass, Severity::Medium, "Let's Encrypt knows whom to write to"),
        ("MET-03", Fail, Severity::Critical, "User servers can reach the cloud metadata server"),
        ("API-01", Pass, Severity::High, "User servers have no Kubernetes token"),
        ("NET-07", Warn, Severity::Medium, "Users can connect to port 433, not 443"),
        ("NET-11", Unknown, Severity::Medium, "Something enforces network policies"),
    ];
    let typed = "";
    PageView::new(frame("Checklist · class-2019", "Checklist"), move || {
        view! { <Stack>
        <PageHead title=|| "6 of 41 controls fail on class-2019; the newest since Tuesday." />
        <div class="grid gap-3">
                <FilterBox action=href("checklist") value=typed target="rows" noun="checks" />
            <Table
                caption="Checks"
                id="rows".to_owned()
                columns=vec![
                    Column::new("Verdict").fit(),
                    Column::new("Code").fit(),
                    Column::new("Control"),
                    Column::new("Since").fit(),
                ]
            >
                {rows
                    .map(|(code, verdict, severity, title)| {
                        let text = format!("{code} {title}");
                        let hidden = !matches(typed, &text);
                        view! {
                            <tr role="row" data-filter=text hidden=hidden>
                                <Cell fit=true>
                                    <SeverityBadge verdict severity full=true />
                                </Cell>
                                <Cell label="Code" fit=true>
                                    <span class="text-ink-3">{code}</span>
                                </Cell>
                                <Cell>
                                    <a href=href("check")>{title}</a>
                                </Cell>
                                <Cell label="Since" fit=true>
                                    <span class="text-ink-3"><When at=before(430_000) now=now() /></span>
                                </Cell>
                            </tr>
                        }
                    })
                    .collect_view()}
            </Table></div></Stack> }
    })
}

const FIX: &str = "singleuser:\n  cloudMetadata:\n    block: true          # the key that 0.10 reads\n";
const UPGRADE: &str = "helm upgrade --cleanup-on-fail class-2019 jupyterhub/jupyterhub \\\n  --namespace class --version 0.10.5 --values config.yaml\n";
const PROOF: &str = "kubectl -n class get pods -l component=singleuser-server \\\n  -o jsonpath='{range .items[*]}{.metadata.name}{\"\\t\"}{.spec.initContainers[*].name}{\"\\n\"}{end}'\n";

/// One check, as in the drawings.
pub(crate) fn check() -> PageView {
    PageView::new(frame("MET-03", "Check"), || {
        view! { <Stack>
        <PageHead
            crumbs=vec![
                Crumb { label: "Checklist".to_owned(), path: "checklist".to_owned() },
                Crumb { label: "Cloud metadata server".to_owned(), path: "checklist".to_owned() },
            ]
            title=|| view! { "User servers on " <Code text="class-2019" /> " can reach the cloud metadata server" }
            lede=ViewFn::from(|| {
                view! {
                    <p class="flex flex-wrap items-center gap-x-3">
                        <SeverityBadge verdict=Fail severity=Severity::Critical full=true />
                        <span>"MET-03 · open since " <When at=before(432_000) now=now() style=Style::Instant /> " · returned once"</span>
                    </p>
                }
            })
        />
        <Columns><Stack>
                <Section title="Why it matters" id="part-1">
                    <p class="max-w-[70ch]">
                        "The metadata server at 169.254.169.254 hands out the node's cloud credentials to anyone who asks. A student needs one "
                        <code>"curl"</code> " to take the cluster."
                    </p>
                </Section>
                <Section title="What I saw" id="part-2">
                    {evidence()}
                </Section>
                <Section title="Fix it" id="part-3">
                    <p class="text-ink-2 max-w-[70ch]">
                        "Chart 0.10.5 lost the block that 0.9 had: the key was renamed, the code still reads the old one. Upgrade to 0.11 or later; until then:"
                    </p>
                    <CodeBlock id="fix" label="config.yaml" text=FIX />
                    <CodeBlock id="upgrade" label="Shell" text=UPGRADE />
                </Section>
                <Section title="See it without me" id="part-4">
                    <CodeBlock id="proof" label="Shell" text=PROOF />
                </Section></Stack><Stack>
                <Section title="Four questions" id="part-5">
                    {questions()}
                </Section>
                <Section title="Elsewhere" id="part-6">
                    <Facts facts=vec![
                        ("Other hubs".to_owned(), view! { <Badge verdict=Pass word="3 pass" /> }.into_any()),
                        ("Standards".to_owned(), "NSA/CISA 4.2 · CIS 5.3".into_any()),
                        ("Source".to_owned(), view! { <a href=href("check")>"Z2JH issue 1950"</a> }.into_any()),
                    ] />
                </Section></Stack></Columns></Stack> }
    })
}

fn evidence() -> impl IntoView {
    let columns =
        vec![Column::new("Object"), Column::new("Field"), Column::new("Found"), Column::new("Wanted")];
    let rows = [
        ("Pod/jupyter-*", "spec.initContainers", "no block-cloud-metadata", "present, exited 0"),
        ("Deployment/hub", "metadata.labels.chart", "jupyterhub-0.10.5", "0.11.0 or newer"),
        ("NetworkPolicy/singleuser", "spec.egress[1]", "port 80, any address", "except 169.254.169.254/32"),
    ];
    view! {
        <Table caption="Evidence" columns=columns>
            {rows
                .map(|(object, path, found, wanted)| {
                    view! {
                        <tr role="row">
                            <Cell label="Object">
                                <Code text=object />
                            </Cell>
                            <Cell label="Field">
                                <Code text=path />
                            </Cell>
                            <Cell label="Found">
                                <mark>{found}</mark>
                            </Cell>
                            <Cell label="Wanted">
                                <span class="text-ink-2">{wanted}</span>
                            </Cell>
                        </tr>
                    }
                })
                .collect_view()}
        </Table>
    }
}

fn questions() -> impl IntoView {
    let answers = [
        (Mark::Unknown, "Configured", "values are in a Secret I may not read"),
        (Mark::No, "Applied", "no init container on 14 of 14 servers"),
        (Mark::Yes, "Enforced", "Calico enforces policies on all 3 nodes"),
        (Mark::NotApplicable, "Observed", "probing is off"),
    ];
    view! {
        <Panel>
            <Rows>
                {answers
                    .map(|(mark, question, why)| {
                        view! {
                            <Row lead=ViewFn::from(move || view! { <MarkBox mark /> }) note=ViewFn::from(move || why)>{question}</Row>
                        }
                    })
                    .collect_view()}
            </Rows>
        </Panel>
    }
}

/// Every state that is not the full one.
pub(crate) fn states() -> PageView {
    let mut frame = frame("States", "States");
    frame.freshness = Some(Freshness { heard_at: Some(before(2_400)), stale_after_seconds: 900 });
    frame.travel = Some(Travel {
        path: "states".to_owned(),
        asks: Vec::new(),
        past: Some(Past {
            at: before(1_800_000),
            taken_at: Some(before(1_800_100)),
            paused_until: None,
            span: Some((before(2_592_000), before(12))),
            moments: vec![
                Moment { at: before(2_000_000), changes: 3 },
                Moment { at: before(900_000), changes: 1 },
                Moment { at: before(40_000), changes: 12 },
            ],
            earlier: Some(before(2_000_000)),
            later: Some(before(900_000)),
        }),
    });
    frame.watch = None;
    PageView::new(frame, || {
        view! { <Stack>
            <PageHead title=|| "Three things cannot be read in this cluster." />
            <div class="grid gap-3">
                <Notice tone=Tone::Gap title=|| view! { "Secrets of type " <code>"kubernetes.io/tls"</code> " cannot be listed." }>
                    <p>"3 checks say unknown because of it. " <a href=href("states")>"See what to grant"</a> "."</p>
                </Notice>
                <Notice tone=Tone::Warn title=|| "The cluster was last heard of 40 minutes ago." />
                <Notice tone=Tone::Error title=|| "The page could not be made: the store does not answer." />
                <Notice tone=Tone::Empty title=|| "Nothing is open on this hub." />
                <p>"A name with a trap: " <Code text="hub\u{202e}gnp.exe" /></p>
                <CodeBlock id="trap" label="Shell" text="kubectl delete ns hub\u{202e}gnp" />
                <CountWords counts=vec![] />
            </div></Stack>
        }
    })
}

/// A page without a frame around it.
pub(crate) fn alone() -> PageView {
    PageView::new(FrameView::bare("Not found", now()), || {
        view! {
            <PageHead title=|| "There is no such page, or you may not see it." lede=ViewFn::from(|| view! { <p><a href=href("")>"To the overview"</a></p> }) />
        }
    })
}
