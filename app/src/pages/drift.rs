//! What changed in a cluster between two instants: events with their fields, what turned with them, and the baselines.

mod baselines;
mod beside;
mod declared;
mod effect;
mod event;
mod released;
mod turned;

use leptos::prelude::*;
use posture::Timestamp;
use posture::gap::Gap;

use super::surround::{Here, cluster_path, drift_path, gaps_path, surround};
use crate::backend::{DeclaredFile, DriftView, Earlier, Place, ReleaseName};
use crate::components::{Crumb, Notice, PageHead, Stack, Style, Tone, When};
use crate::instant::{AT, parse_instant};
use crate::page::PageView;
use crate::site::{href, shown};
use crate::text::visible;
use crate::words;

/// How far back the form offers to look, in days.
const DAYS: [u16; 3] = [1, 7, 30];

/// Reads what the address asks to compare with.
pub fn parse_drift(pairs: &[(String, String)], now: Timestamp) -> Result<Earlier, String> {
    let find = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(name) = find("against").filter(|name| !name.is_empty()) {
        if let Some(release) = ReleaseName::parse(name) {
            return Ok(Earlier::Release(release));
        }
        let namespace = find("namespace").filter(|namespace| !namespace.is_empty()).map(str::to_owned);
        return Ok(Earlier::File(DeclaredFile { name: name.to_owned(), namespace }));
    }
    // An instant that is written says more than a choice beside it.
    if let Some(text) = find("from").filter(|text| !text.trim().is_empty()) {
        return parse_instant(text, now).map(Earlier::Instant);
    }
    let Some(with) = find("with").filter(|with| !with.is_empty()) else { return Ok(Earlier::Usual) };
    let days = || with.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| *days > 0);
    let baseline = with.strip_prefix("baseline-").and_then(|id| id.parse().ok()).map(Earlier::Baseline);
    let first = (with == "first").then_some(Earlier::First);
    baseline.or(first).or_else(|| days().map(Earlier::Days)).ok_or_else(|| {
        "the address asks to compare with something that does not exist; it can be first, 1d, 7d, 30d, or baseline- with a number"
            .to_owned()
    })
}

/// What changed in a cluster.
pub fn drift(place: &Place, view: DriftView) -> PageView {
    let frame = surround(place, Here::Drift, None, format!("Drift of {}", view.cluster));
    let is_told = place.trouble.is_some();
    PageView::new(frame, move || body(view, is_told))
}

/// `is_told`: it stands above already why nothing is known.
fn body(view: DriftView, is_told: bool) -> AnyView {
    let crumbs = vec![Crumb { label: view.cluster.clone(), path: cluster_path(&view.cluster) }];
    if let Some(declared) = view.declared.clone() {
        return declared::page(view, declared, crumbs);
    }
    let headline = headline(&view);
    let now = view.now;
    let span = view.from.zip(view.to);
    let baseline = view.baseline.clone();
    view! {
        <Stack>
            <PageHead
                crumbs=crumbs
                title=move || headline.clone()
                lede=move || {
                    let name = baseline.as_ref().map(|baseline| format!(", the baseline “{}”", visible(&baseline.name)));
                    span.map(|(from, to)| {
                        view! {
                            <p>
                                "The scan of " <When at=from now=now style=Style::Instant /> {name}
                                ", compared with that of " <When at=to now=now style=Style::Instant /> "."
                            </p>
                        }
                    })
                }
            />
            <Choose view=view.clone() />
            <declared::Choose view=view.clone() />
            <released::Choose view=view.clone() />
            {(view.from.is_none() && !is_told).then(|| view! { <Notice tone=Tone::Past title=|| "There is no earlier scan to compare with." /> })}
            {view.is_more.then(|| view! {
                <Notice tone=Tone::Gap title=|| "More objects changed than are shown here.">
                    <p>"A comparison with an instant that is closer shows them."</p>
                </Notice>
            })}
            {(!view.unread.is_empty()).then(|| unread(&view.cluster, &view.unread))}
            {(view.from.is_some() && is_silent(&view) && view.turned.is_empty() && view.unread.is_empty()).then(|| view! {
                <Notice tone=Tone::Empty title=|| "Nothing that matters for security changed.">
                    <p>"Pods that come and go, status, addresses that the cluster gives, and what controllers write are no change."</p>
                </Notice>
            })}
            {(!view.events.is_empty()).then(|| view! {
                <event::Events cluster=view.cluster.clone() events=view.events.clone() untried=view.untried now title="What changed" />
            })}
            {(!view.hardening.is_empty()).then(|| view! { <beside::Hardening changes=view.hardening.clone() now /> })}
            {(!view.images.is_empty()).then(|| view! { <beside::Images changes=view.images.clone() now /> })}
            {(!view.certificates.is_empty()).then(|| view! { <beside::Certificates changes=view.certificates.clone() now /> })}
            {(!view.restarts.is_empty()).then(|| view! { <beside::Restarts restarts=view.restarts.clone() now /> })}
            {(!view.turned.is_empty() || !view.reach.is_empty())
                .then(|| view! { <turned::Turned cluster=view.cluster.clone() rows=view.turned.clone() reach=view.reach.clone() now /> })}
            <baselines::Baselines view=view />
        </Stack>
    }
    .into_any()
}

/// How many of the things that could not be read are named.
const NAMED: usize = 4;

/// Says of what it is not known whether it changed.
fn unread(cluster: &str, gaps: &[Gap]) -> AnyView {
    let named: Vec<_> = gaps.iter().take(NAMED).map(ToString::to_string).collect();
    let more = gaps.len().saturating_sub(NAMED) as u64;
    let more = (more > 0).then(|| format!("; and {} more", words::number(more)));
    let address = href(&gaps_path(cluster));
    view! {
        <Notice tone=Tone::Gap title=|| "Not everything is known of both instants.">
            <p class="wrap-anywhere">
                "What changed there is not known: " {visible(&named.join("; ")).into_owned()} {more} ". "
                <a class="link" href=address>"What I can see"</a>
            </p>
        </Notice>
    }
    .into_any()
}

/// Whether no change is told.
fn is_silent(view: &DriftView) -> bool {
    view.events.is_empty()
        && view.hardening.is_empty()
        && view.images.is_empty()
        && view.certificates.is_empty()
}

/// The answer, in words.
fn headline(view: &DriftView) -> String {
    if view.from.is_none() {
        return "There is nothing to compare yet.".to_owned();
    }
    let upgrades = view.events.iter().filter(|event| event.upgrade.is_some()).count();
    let single: Vec<_> = view.events.iter().filter(|event| event.upgrade.is_none()).collect();
    let manual = view
        .events
        .iter()
        .flat_map(|event| &event.changes)
        .filter(|change| change.change.is_manual_edit())
        .count();
    let mut parts = Vec::new();
    let mut add = |count: usize, word: &str| {
        if count > 0 {
            let count = count as u64;
            parts.push(format!("{} {}", words::number(count), words::plural(count, word)));
        }
    };
    add(upgrades, "Helm upgrade");
    let beside = view.hardening.len() + view.images.len() + view.certificates.len();
    add(single.len() + beside, if upgrades > 0 { "other change" } else { "change" });
    if parts.is_empty() {
        return if view.turned.is_empty() && view.unread.is_empty() {
            "Nothing that matters for security changed.".to_owned()
        } else if view.turned.is_empty() {
            "Nothing changed in what could be read.".to_owned()
        } else {
            "No object changed, yet checks say something else.".to_owned()
        };
    }
    let by_hand = match manual {
        0 => String::new(),
        1 => "; one was made by hand to what Helm owns".to_owned(),
        many => format!("; {} were made by hand to what Helm owns", words::number(many as u64)),
    };
    words::sentence(&format!("{}{by_hand}.", parts.join(" and ")))
}

/// The choice of the two sides.
#[component]
fn Choose(view: DriftView) -> impl IntoView {
    let action = href(&drift_path(&view.cluster));
    let action = action.split('?').next().unwrap_or_default().to_owned();
    let chosen = match &view.asked {
        Earlier::Baseline(id) => format!("baseline-{id}"),
        Earlier::Days(days) => format!("{days}d"),
        Earlier::First => "first".to_owned(),
        Earlier::Usual | Earlier::Instant(_) | Earlier::File(_) | Earlier::Release(_) => String::new(),
    };
    let instant = match &view.asked {
        Earlier::Instant(at) => field_of(*at),
        _ => String::new(),
    };
    let baselines = view.baselines.iter().map(|baseline| {
        (format!("baseline-{}", baseline.id), format!("the baseline “{}”", visible(&baseline.name)))
    });
    let days = DAYS.map(|days| {
        let label = if days == 1 { "a day earlier".to_owned() } else { format!("{days} days earlier") };
        (format!("{days}d"), label)
    });
    let usual = (String::new(), "as usual: the newest baseline, else seven days".to_owned());
    let first = ("first".to_owned(), "the first scan".to_owned());
    let choices: Vec<_> =
        std::iter::once(usual).chain(baselines).chain(days).chain(std::iter::once(first)).collect();
    let until = shown().map(field_of).unwrap_or_default();
    view! {
        <form class="no-print panel bg-surface border rounded-lg px-4 py-3.5" method="get" action=action aria-label="Instants to compare">
            <div class="flex flex-wrap items-end gap-x-4 gap-y-2.5">
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"Compare with"</span>
                    <select class="field w-full" name="with">
                        {choices
                            .into_iter()
                            .map(|(value, label)| {
                                let selected = value == chosen;
                                view! { <option value=value selected=selected>{label}</option> }
                            })
                            .collect_view()}
                    </select>
                </label>
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"or with this instant (UTC)"</span>
                    <input class="field w-full" type="datetime-local" name="from" value=instant />
                </label>
                <label class="flex flex-col min-w-0 grow basis-52">
                    <span class="text-xs text-ink-3">"Until (UTC); empty is now"</span>
                    <input class="field w-full" type="datetime-local" name=AT value=until />
                </label>
                <button class="button" type="submit">"Compare"</button>
            </div>
        </form>
    }
    .into_any()
}

/// An instant as a form's field for date and time holds it.
fn field_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Earlier, String> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parse_drift(&pairs, "2026-11-26T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn what_is_compared_with_is_read_from_the_address() {
        assert_eq!(parse(&[]), Ok(Earlier::Usual));
        assert_eq!(parse(&[("with", ""), ("from", "")]), Ok(Earlier::Usual));
        assert_eq!(parse(&[("with", "30d")]), Ok(Earlier::Days(30)));
        assert_eq!(parse(&[("with", "first")]), Ok(Earlier::First));
        assert_eq!(parse(&[("with", "baseline-3")]), Ok(Earlier::Baseline(3)));
        let instant = "2026-11-18T09:14:00Z".parse().unwrap();
        assert_eq!(parse(&[("with", "7d"), ("from", "2026-11-18T09:14")]), Ok(Earlier::Instant(instant)));
        let file = |namespace: Option<&str>| {
            Ok(Earlier::File(DeclaredFile { name: "a.yaml".into(), namespace: namespace.map(str::to_owned) }))
        };
        assert_eq!(parse(&[("against", "a.yaml"), ("namespace", "")]), file(None));
        assert_eq!(
            parse(&[("with", "7d"), ("against", "a.yaml"), ("namespace", "jhub")]),
            file(Some("jhub"))
        );
        assert_eq!(parse(&[("against", ""), ("with", "first")]), Ok(Earlier::First));
        let release = ReleaseName { namespace: "jhub".into(), name: "prod".into() };
        assert_eq!(release.word(), "release:jhub/prod");
        assert_eq!(
            parse(&[("against", &release.word()), ("namespace", "exam")]),
            Ok(Earlier::Release(release))
        );
        let file = DeclaredFile { name: "release:a.yaml".into(), namespace: None };
        assert_eq!(parse(&[("against", "release:a.yaml")]), Ok(Earlier::File(file)));
    }

    #[test]
    fn what_cannot_be_compared_with_is_refused_without_being_repeated() {
        for pair in [("with", "<script>"), ("with", "-1d"), ("with", "baseline-x"), ("from", "2030-01-01")] {
            let error = parse(&[pair]).unwrap_err();
            assert!(!error.contains(pair.1), "{error}");
        }
    }
}
