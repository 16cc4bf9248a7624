//! Who can do what: the stored tables of a scan, and the answer to a free question, computed from its objects.

use app::backend::{AccessAnswer, AccessQuery, AccessView, At, SubjectAccess};
use app::error::AppError;
use app::viewer::Viewer;
use posture::Timestamp;
use posture::access::{
    AccessTable, AccountServers, Caller, ClusterAccess, Escalations, HubAccess, Power, ask, subject, ways_of,
};
use posture::derived::{Derived, derive};
use posture::facts::Subject;
use posture::settings::Settings;
use posture::snapshot::Snapshot;

use super::{StoreBackend, failed, hubs_of, scope};
use crate::store::scans::Scan;
use crate::store::{ClusterId, Computed, HubId, Reading, Scope, computed, rebuild};

pub(super) async fn access(
    backend: &StoreBackend,
    viewer: &Viewer,
    at: At,
    cluster: &str,
    query: &AccessQuery,
) -> Result<AccessView, AppError> {
    let scope = scope(viewer);
    let reading = &mut backend.read().await?;
    let spot = backend.spot(reading, &scope, at, cluster).await?;
    let is_limited = scope != Scope::All;
    let mut view = AccessView {
        cluster: spot.name.clone(),
        table: None,
        is_limited,
        query: if is_limited { AccessQuery::default() } else { query.clone() },
        answer: None,
        namespaces: Vec::new(),
        now: backend.clock.now(),
    };
    let Some(scan) = spot.scan else { return Ok(view) };
    let hubs = hubs_of(reading, &spot, &scope).await?;
    let (cluster, namespaces) = of_cluster(reading, spot.id, scan, &scope).await?.unzip();
    let mut table = AccessTable { hubs: Vec::new(), cluster };
    for hub in &hubs {
        table.hubs.extend(of_hub(reading, (spot.id, hub.id), scan, &scope).await?);
    }
    // Where a hub's part is missing, the table was not made by this version of the program; the next scan makes it.
    let is_whole = table.hubs.len() == hubs.len() && (is_limited || table.cluster.is_some());
    table.list_once();
    if is_limited {
        limit(&mut table);
    }
    view.namespaces = namespaces.unwrap_or_default();
    view.table = is_whole.then_some(table);
    if !view.query.is_empty() {
        let snapshot =
            rebuild::snapshot(reading, spot.id, scan.number).await.map_err(|error| failed(&error))?;
        let asked = view.query.clone();
        let answered = tokio::task::spawn_blocking(move || {
            // Who may do what follows from the objects alone; no setting changes it.
            let derived = derive(&snapshot, &Settings::default(), scan.taken_at);
            answer(&snapshot, &derived, &asked)
        });
        let answered = answered.await;
        view.answer = Some(
            answered
                .map_err(|_| AppError::Internal { what: "the question could not be answered".to_owned() })?,
        );
    }
    Ok(view)
}

/// What concerns no hub, with the namespaces that can be asked about.
async fn of_cluster(
    reading: &mut Reading,
    cluster: ClusterId,
    scan: Scan,
    scope: &Scope,
) -> Result<Option<(ClusterAccess, Vec<String>)>, AppError> {
    let view = computed::at(reading, (cluster, None), (Computed::Access, ""), scan.number, scope).await;
    let Some(view) = view.map_err(|error| failed(&error))? else { return Ok(None) };
    let (asked, namespaces, asked_at) = counts(&view.counts);
    let mut access: Option<ClusterAccess> = serde_json::from_str(&view.body).ok();
    if let Some(access) = &mut access {
        access.own.asked = asked;
        // Of a past scan only that much is known: the same answer was given until later.
        access.own.asked_at = asked_at.filter(|at| *at <= scan.taken_at);
    }
    Ok(access.map(|access| (access, namespaces)))
}

/// In how many namespaces Perijove's own rights were asked, the namespaces, and when the oldest answer was given, which earlier versions
/// did not write.
fn counts(json: &str) -> (usize, Vec<String>, Option<Timestamp>) {
    serde_json::from_str(json).unwrap_or_else(|_| {
        let (asked, namespaces) = serde_json::from_str(json).unwrap_or_default();
        (asked, namespaces, None)
    })
}

/// The accounts of one hub.
async fn of_hub(
    reading: &mut Reading,
    (cluster, hub): (ClusterId, HubId),
    scan: Scan,
    scope: &Scope,
) -> Result<Option<HubAccess>, AppError> {
    let view = computed::at(reading, (cluster, Some(hub)), (Computed::Access, ""), scan.number, scope).await;
    let Some(view) = view.map_err(|error| failed(&error))? else { return Ok(None) };
    let servers: AccountServers = serde_json::from_str(&view.counts).unwrap_or_default();
    let mut access: Option<HubAccess> = serde_json::from_str(&view.body).ok();
    if let Some(access) = &mut access {
        access.put_servers(&servers);
    }
    Ok(access)
}

/// Takes out what a viewer of some hubs may not see: everything of the cluster beyond the namespaces of those hubs.
fn limit(table: &mut AccessTable) {
    table.cluster = None;
    for account in table.hubs.iter_mut().flat_map(|hub| &mut hub.accounts) {
        // The sentences name accounts and pods of other namespaces; what they come to may be said.
        account.ways.more += account.ways.paths.len();
        account.ways.paths.clear();
        account.ways.reads_secrets = !account.ways.secrets.is_empty();
        account.ways.secrets.clear();
    }
}

fn answer(snapshot: &Snapshot, derived: &Derived, query: &AccessQuery) -> AccessAnswer {
    let is_about_one = !query.subject.trim().is_empty();
    let asks_one_thing = !query.asking.verb.trim().is_empty() || !query.asking.resource.trim().is_empty();
    let subject = match is_about_one.then(|| subject::parse(&query.subject)).transpose() {
        Ok(subject) => subject,
        Err(wrong) => return AccessAnswer::Wrong(wrong),
    };
    let question = match asks_one_thing.then(|| ask(&query.asking)).transpose() {
        Ok(question) => question,
        Err(wrong) => return AccessAnswer::Wrong(wrong),
    };
    match (subject, question) {
        (Some(subject), Some(question)) => {
            let caller = Caller::of(&subject);
            AccessAnswer::May {
                exists: exists(snapshot, &subject),
                words: question.words(),
                answer: derived.rights.may(&caller, &question),
                unresolved: derived.rights.unresolved(&caller, &question),
                subject,
            }
        }
        (None, Some(question)) => {
            let holders = derived.rights.who_may(&question);
            let words = question.words();
            AccessAnswer::Who {
                words,
                holders: holders.ways.into_iter().collect(),
                unresolved: derived.rights.unresolved_for(&question),
                gap: holders.gap,
            }
        }
        (Some(subject), None) => AccessAnswer::Holds(Box::new(everything(snapshot, derived, subject))),
        (None, None) => AccessAnswer::Wrong("name somebody, or something that somebody would do".to_owned()),
    }
}

/// Whether there is such an account; `None` where that cannot be known, as for users and groups.
fn exists(snapshot: &Snapshot, subject: &Subject) -> Option<bool> {
    let namespace = subject.namespace.as_deref()?;
    let found = snapshot.service_accounts.get(Some(namespace), &subject.name);
    found.ok().map(|account| account.is_some())
}

fn everything(snapshot: &Snapshot, derived: &Derived, subject: Subject) -> SubjectAccess {
    let caller = Caller::of(&subject);
    let rights = derived.rights.of_caller(&caller);
    let (usual, rules): (Vec<_>, Vec<_>) =
        rights.held().into_iter().partition(|held| held.power == Power::Usual);
    let mut ways = ways_of(&caller, &Escalations::new(&derived.rights, snapshot));
    ways.is_administrator |= caller.is_master();
    SubjectAccess {
        exists: exists(snapshot, &subject),
        subject,
        rules,
        unresolved: rights.unresolved,
        usual: usual.len(),
        gap: rights.gap,
        ways,
    }
}

#[cfg(test)]
mod tests {
    use posture::access::{AccountAccess, Own, OwnAnswer, Ways, account, group};
    use posture::gap::GapReason;
    use posture::hub::HubKey;
    use posture::text::Reason;

    use super::*;

    #[test]
    fn a_viewer_of_some_hubs_learns_how_many_ways_there_are_and_not_through_what() {
        let path = vec![Reason::new("x", "a pod of another namespace holds a token")];
        let secrets = vec![Reason::new("x", "an account of another namespace may read every Secret")];
        let access = AccountAccess {
            subject: account("jhub", "hub"),
            parts: Vec::new(),
            servers: 0,
            also: Vec::new(),
            rules: Vec::new(),
            unresolved: Vec::new(),
            usual: 0,
            gap: None,
            ways: Ways { paths: vec![path], more: 2, secrets, ..Ways::default() },
        };
        let hub = HubKey { namespace: "jhub".into(), release: "prod".into(), app: "jupyterhub".into() };
        let answer = OwnAnswer::NotAsked(GapReason::NotRead);
        let cluster = ClusterAccess {
            administrators: vec![group("staff")],
            administrators_gap: None,
            own: Own { answer, reads_secrets: None, rules: Vec::new(), asked: 0, asked_at: None },
        };
        let hubs = vec![HubAccess { hub, accounts: vec![access], elsewhere: Vec::new(), gap: None }];
        let mut table = AccessTable { hubs, cluster: Some(cluster) };
        limit(&mut table);
        assert_eq!(table.cluster, None);
        assert_eq!(table.hubs[0].accounts[0].ways, Ways { more: 3, reads_secrets: true, ..Ways::default() });
    }
}
