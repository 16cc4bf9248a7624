//! What the servers of a hub's users reach: the stored table, a comparison, and a free question.

use std::collections::BTreeSet;

use app::backend::{At, ClassChoice, Compare, Compared, ComparedWith, HubName, ReachQuery, ReachView};
use app::error::AppError;
use app::viewer::{Role, Viewer};
use jiff::ToSpan;
use posture::derived::derive;
use posture::object::ObjectRef;
use posture::reach::ask::{AskError, Asked, From, To};
use posture::reach::{
    ClassName, ClassReach, Destination, Reach, ReachTable, RowOutcome, ServerCounts, Source,
};
use posture::redact::names_in_pod;

use super::checks::hub_of;
use super::{Spot, StoreBackend, failed, hub_name, not_found, scope};
use crate::store::scans::{self, Scan};
use crate::store::{Computed, HubId, Reading, Scope, computed, people, rebuild};

/// A table as it was at a scan.
struct Stored {
    table: ReachTable,
    counts: ServerCounts,
    since: Option<posture::Timestamp>,
}

pub(super) async fn reach(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    name: &HubName,
    query: &ReachQuery,
) -> Result<ReachView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let hub = hub_of(reading, &spot, &scope, Some(name)).await?.ok_or_else(|| not_found("such hub"))?;
    let mut stored = match spot.scan {
        Some(scan) => stored(reading, &spot, hub.id, scan, &scope).await?,
        None => None,
    };
    let every_class = match (&mut stored, spot.scan) {
        (Some(stored), Some(scan)) => whole(backend, reading, (&spot, scan), stored, query, &scope).await?,
        _ => None,
    };
    let classes = stored.as_ref().map(choices).unwrap_or_default();
    let class = match &query.class {
        Some(key) => classes.iter().position(|choice| choice.key == *key),
        None => (!classes.is_empty()).then_some(0),
    };
    let shown = stored.as_ref().zip(class).and_then(|(stored, class)| stored.table.classes.get(class));
    let compared = match (&query.compare, shown, spot.scan) {
        (Some(compare), Some(shown), Some(scan)) => {
            let of = Other { spot: &spot, hub: hub.id, scan, scope: &scope };
            Some(other(reading, of, compare, shown, stored.as_ref()).await?)
        }
        _ => None,
    };
    let asked = match (spot.scan, query.to.is_empty()) {
        (Some(_), false) if scope != Scope::All => {
            Some(Err("questions are for viewers who may see the whole cluster".to_owned()))
        }
        (Some(scan), false) => {
            Some(ask(backend, viewer, reading, (&spot, scan), &hub.key.namespace, query).await?)
        }
        _ => None,
    };
    Ok(ReachView {
        cluster: spot.name,
        hub: hub_name(&hub.key),
        since: stored.as_ref().and_then(|stored| stored.since),
        table: stored.map(|stored| stored.table),
        classes,
        every_class,
        class,
        compared,
        asked,
        query: query.clone(),
        now: backend.clock.now(),
    })
}

async fn stored(
    reading: &mut Reading,
    spot: &Spot,
    hub: HubId,
    scan: Scan,
    scope: &Scope,
) -> Result<Option<Stored>, AppError> {
    let view = computed::at(reading, (spot.id, Some(hub)), (Computed::Reach, ""), scan.number, scope)
        .await
        .map_err(|error| failed(&error))?;
    let Some(view) = view else { return Ok(None) };
    let since = scans::get(reading, spot.id, view.since).await.ok().map(|scan| scan.taken_at);
    // A table that another version of the program wrote is not shown in part; the next scan makes it again.
    let Ok(mut table) = serde_json::from_str::<ReachTable>(&view.body) else { return Ok(None) };
    let counts: ServerCounts = serde_json::from_str(&view.counts).unwrap_or_default();
    table.classes.sort_by_key(|class| std::cmp::Reverse(counts.get(&class.key).copied()));
    let table = if *scope == Scope::All { table } else { of_own_hub(table) };
    Ok(Some(Stored { table, counts, since }))
}

/// The table without names of what belongs to no hub of the viewer: what is reached stays, what it is called goes.
fn of_own_hub(mut table: ReachTable) -> ReachTable {
    let namespaces: BTreeSet<String> = table
        .classes
        .iter()
        .map(|class| class.namespace.clone())
        .chain([table.hub.namespace.clone()])
        .collect();
    for class in &mut table.classes {
        let foreign = |destination: &Destination| {
            matches!(
                destination,
                Destination::HubsOfOthers
                    | Destination::ProxiesOfOthers
                    | Destination::ProxyApisOfOthers
                    | Destination::ServersOfOthers
                    | Destination::OtherNamespaces
                    | Destination::NodePorts
                    | Destination::Tiller
                    | Destination::Dashboard
            )
        };
        for row in &mut class.rows {
            let is_foreign = foreign(&row.destination);
            hide(&mut row.outcome, is_foreign, &namespaces);
        }
        for row in &mut class.reverse {
            hide(&mut row.outcome, row.source == Source::OtherNamespaces, &namespaces);
        }
    }
    table
}

fn hide(outcome: &mut RowOutcome, is_foreign: bool, namespaces: &BTreeSet<String>) {
    let RowOutcome::Found(groups) = outcome else { return };
    let is_own =
        |object: &ObjectRef| object.namespace.as_ref().is_none_or(|namespace| namespaces.contains(namespace));
    for group in groups {
        if is_foreign {
            group.places.clear();
        }
        let answer = &mut group.found.policies;
        for side in [&mut answer.egress, &mut answer.ingress] {
            side.isolated_by.retain(is_own);
            side.rules.retain(|rule| is_own(&rule.policy));
            side.perhaps.retain(|rule| is_own(&rule.policy));
        }
        if is_foreign {
            answer.unknown.clear();
        }
    }
}

fn choices(stored: &Stored) -> Vec<ClassChoice> {
    let servers = |key: &str| stored.counts.get(key).copied().unwrap_or_default();
    let names = stored.table.classes.iter().map(|class| ClassName::of(class, servers(&class.key)));
    ClassChoice::of(&names.collect::<Vec<_>>())
}

/// Adds the classes to a table that are asked for and that it leaves out; the names of all classes, where those are asked for.
async fn whole(
    backend: &StoreBackend,
    reading: &mut Reading,
    (spot, scan): (&Spot, Scan),
    stored: &mut Stored,
    query: &ReachQuery,
    scope: &Scope,
) -> Result<Option<Vec<ClassChoice>>, AppError> {
    let compared = match &query.compare {
        Some(Compare::Class(key)) => Some(key),
        _ => None,
    };
    let is_left_out = |key: &&String| stored.table.classes.iter().all(|class| class.key != **key);
    let wanted: Vec<String> = query.class.iter().chain(compared).filter(is_left_out).cloned().collect();
    if stored.table.left_out == 0 || (wanted.is_empty() && !query.lists_all) {
        return Ok(None);
    }
    let lists_all = query.lists_all;
    let key = stored.table.hub.clone();
    let found = with_snapshot(backend, reading, spot, scan, move |reach| {
        let hub = reach.hub(&key)?;
        let tables: Vec<_> = wanted.iter().filter_map(|key| reach.table_of_class(hub, key)).collect();
        Some((tables, lists_all.then(|| reach.class_list(hub))))
    });
    let Some((tables, list)) = found.await? else { return Ok(None) };
    for (table, counts) in tables {
        let table = if *scope == Scope::All { table } else { of_own_hub(table) };
        stored.table.left_out = stored.table.left_out.saturating_sub(table.classes.len());
        stored.table.classes.extend(table.classes);
        // Since when this is so of a class outside the table is not recorded.
        if counts.keys().any(|key| query.class.as_ref() == Some(key)) {
            stored.since = None;
        }
        stored.counts.extend(counts);
    }
    Ok(list.map(|list| ClassChoice::of(&list)))
}

/// Asks the snapshot of a scan, made again from the store.
async fn with_snapshot<T: Send + 'static>(
    backend: &StoreBackend,
    reading: &mut Reading,
    spot: &Spot,
    scan: Scan,
    ask: impl FnOnce(&Reach<'_>) -> T + Send + 'static,
) -> Result<T, AppError> {
    let snapshot = rebuild::snapshot(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
    let settings = std::sync::Arc::clone(&backend.settings);
    let answer = tokio::task::spawn_blocking(move || {
        let derived = derive(&snapshot, &settings, scan.taken_at);
        ask(&Reach::new(&snapshot, &derived))
    });
    answer.await.map_err(|_| AppError::Internal { what: "the question could not be evaluated".to_owned() })
}

/// Where the other side of a comparison is looked for.
struct Other<'a> {
    spot: &'a Spot,
    hub: HubId,
    scan: Scan,
    scope: &'a Scope,
}

async fn other(
    reading: &mut Reading,
    of: Other<'_>,
    compare: &Compare,
    shown: &ClassReach,
    stored_now: Option<&Stored>,
) -> Result<Compared, AppError> {
    let nothing = Compared { with: ComparedWith::Nothing, class: None };
    match compare {
        Compare::Class(key) => {
            let classes = stored_now.map(|stored| stored.table.classes.as_slice()).unwrap_or_default();
            let class = classes.iter().find(|class| class.key == *key).cloned();
            Ok(Compared { with: ComparedWith::Class, class })
        }
        Compare::Days(days) => {
            let instant = of.scan.taken_at.checked_sub((i64::from(*days) * 24).hours());
            let Ok(instant) = instant else { return Ok(nothing) };
            let moment =
                scans::at(reading, of.spot.id, Some(instant)).await.map_err(|error| failed(&error))?;
            let Some(moment) = moment else { return Ok(nothing) };
            let then = stored(reading, of.spot, of.hub, moment.scan, of.scope).await?;
            let class = then.and_then(|then| {
                let classes = then.table.classes;
                // A class whose labels changed since has another key; of only one then and now, it is the same.
                let is_only =
                    classes.len() == 1 && stored_now.is_some_and(|now| now.table.classes.len() == 1);
                let only = if is_only { classes.first().cloned() } else { None };
                classes.into_iter().find(|class| class.key == shown.key).or(only)
            });
            Ok(Compared { with: ComparedWith::Past(moment.scan.taken_at), class })
        }
    }
}

/// Puts a free question to the snapshot of a scan, made again from the store. Not even a mistyped name may show a viewer of some hubs
/// what else there is, so the question is for those who may see the cluster.
async fn ask(
    backend: &StoreBackend,
    viewer: &Viewer,
    reading: &mut Reading,
    (spot, scan): (&Spot, Scan),
    home: &str,
    query: &ReachQuery,
) -> Result<Result<Asked, String>, AppError> {
    let (from, to) = match parse(query) {
        Ok(question) => question,
        Err(error) => return Ok(Err(error)),
    };
    let asking = tokens_of(reading, viewer, from.pod()).await?;
    let asked = tokens_of(reading, viewer, to.pod()).await?;
    // A pod that is named without its namespace is one of the hub that the page is about, and only then any other.
    let own = match &from {
        From::Pod { namespace: None, name } => {
            Some(From::Pod { namespace: Some(home.to_owned()), name: name.clone() })
        }
        _ => None,
    };
    with_snapshot(backend, reading, spot, scan, move |reach| {
        let put = |from: &From| {
            let source = reach.from_recorded(from, &asking)?;
            let answer = reach.ask(&source, &reach.to_recorded(&to, &source, &asked)?)?;
            // The answer says the names that were asked for, and whose they are.
            let from = match from {
                From::Pod { namespace: None, name } => {
                    From::Pod { namespace: reach.home(&source), name: name.clone() }
                }
                from => from.clone(),
            };
            Ok::<_, AskError>(Asked { from: from.to_string(), to: to.to_string(), ..answer })
        };
        let answer = own.as_ref().and_then(|own| put(own).ok()).map_or_else(|| put(&from), Ok);
        answer.map_err(|error| error.to_string())
    })
    .await
}

/// The tokens that may stand for the person whose server a pod is; none for a viewer who may not see names of people.
async fn tokens_of(
    reading: &mut Reading,
    viewer: &Viewer,
    pod: Option<&str>,
) -> Result<Vec<String>, AppError> {
    let mut tokens = Vec::new();
    if let Some(pod) = pod.filter(|_| viewer.role == Role::Admin) {
        for name in names_in_pod(pod) {
            tokens.extend(people::find_token(reading, &name).await.map_err(|error| failed(&error))?);
        }
    }
    Ok(tokens)
}

/// The question as the fields of the form hold it.
fn parse(query: &ReachQuery) -> Result<(From, To), String> {
    let from = if query.pod.trim().is_empty() { &query.from } else { &query.pod };
    let from = from.trim().parse::<From>().map_err(|error| error.to_string())?;
    let to = To::from_fields(&query.to, &query.port, &query.protocol).map_err(|error| error.to_string())?;
    Ok((from, to))
}
