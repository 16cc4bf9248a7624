//! What servers reach of other hubs, and hubs with many classes of servers.

use std::fmt::Write as _;

use posture::network::Verdict;
use posture::reach::{Destination, Reach, ReachTable, RowOutcome};
use posture::testing::Fixture;

use super::{CALICO, PODS, POLICIES, WORLD};

/// The hub of `WORLD` once more in another namespace.
fn hub(namespace: &str) -> String {
    let parts = WORLD
        .split("\n---\n")
        .take(2)
        .map(|part| part.replace("namespace: jhub", &format!("namespace: {namespace}")));
    let namespace = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {namespace}, labels: {{ kubernetes.io/metadata.name: {namespace} }} }}"
    );
    std::iter::once(namespace).chain(parts).collect::<Vec<_>>().join("\n---\n")
}

fn policies(namespace: &str) -> String {
    POLICIES.replace("metadata:\n  name:", &format!("metadata:\n  namespace: {namespace}\n  name:"))
}

fn table(fixture: &Fixture, namespace: &str) -> ReachTable {
    let derived = fixture.derived();
    let tables = Reach::new(&fixture.snapshot, &derived).tables();
    tables.into_iter().find(|(table, _)| table.hub.namespace == namespace).unwrap().0
}

fn row<'t>(table: &'t ReachTable, destination: &Destination) -> &'t RowOutcome {
    &table.classes[0].rows.iter().find(|row| row.destination == *destination).unwrap().outcome
}

/// What was found, and of which hubs.
fn answers(outcome: &RowOutcome) -> Vec<(Verdict, usize, Vec<&str>)> {
    let RowOutcome::Found(groups) = outcome else { panic!("nothing was found: {outcome:?}") };
    let answer = |group: &posture::reach::Group| (group.found.verdict, group.left_out, group.places.len());
    groups
        .iter()
        .map(|group| {
            let (verdict, left_out, places) = answer(group);
            (verdict, left_out + places, group.places.iter().map(String::as_str).collect())
        })
        .collect()
}

#[test]
fn the_parts_of_other_hubs_are_one_answer_for_all_that_answer_alike() {
    let mut yaml = format!("{PODS}\n---\n{WORLD}\n{CALICO}");
    for n in 0..30 {
        let namespace = format!("hub-{n:02}");
        write!(yaml, "\n---\n{}", hub(&namespace)).unwrap();
        if n > 0 {
            write!(yaml, "\n---\n{}", policies(&namespace)).unwrap();
        }
    }
    let table = table(&Fixture::from_yaml(&yaml), "jhub");
    for destination in [Destination::HubsOfOthers, Destination::ProxyApisOfOthers] {
        let found = answers(row(&table, &destination));
        let counts: Vec<_> = found.iter().map(|(verdict, count, _)| (*verdict, *count)).collect();
        assert_eq!(counts, [(Verdict::Allowed, 1), (Verdict::Denied, 29)], "{destination:?}");
        assert_eq!(found[0].2, ["hub-00/prod"], "the one without policies is named");
    }
    let ways_in = answers(row(&table, &Destination::ProxiesOfOthers));
    assert!(ways_in.iter().all(|(verdict, ..)| *verdict == Verdict::Allowed), "{ways_in:?}");
    assert_eq!(ways_in.iter().map(|(_, count, _)| count).sum::<usize>(), 30);
    assert_eq!(row(&table, &Destination::ServersOfOthers), &RowOutcome::Nothing, "none of them has a server");
}

#[test]
fn a_proxy_that_was_not_seen_leaves_it_open_whether_one_is_reached() {
    let other = hub("elsewhere");
    let parts: Vec<&str> = other.split("\n---\n").take(2).collect();
    let yaml = format!("{PODS}\n---\n{WORLD}\n{CALICO}\n---\n{}", parts.join("\n---\n"));
    let table = table(&Fixture::from_yaml(&yaml), "jhub");
    let RowOutcome::Unknown(reason) = row(&table, &Destination::ProxyApisOfOthers) else {
        panic!("{table:#?}")
    };
    assert!(format!("{reason:?}").contains("elsewhere/prod"), "{reason:?}");
    assert_eq!(row(&table, &Destination::HubsOfOthers).verdict(), Some(Verdict::Allowed));
}

#[test]
fn what_else_runs_beside_any_hub_has_a_row_of_its_own() {
    let database = "apiVersion: v1
kind: Pod
metadata: { name: database, namespace: NAMESPACE, labels: { app: database } }
spec: { nodeName: node-1, containers: [{ name: main, ports: [{ containerPort: 5432 }] }] }
status: { phase: Running, hostIP: 10.0.9.1, podIPs: [{ ip: ADDRESS }] }";
    let database =
        |namespace: &str, address: &str| database.replace("NAMESPACE", namespace).replace("ADDRESS", address);
    let yaml = format!(
        "{PODS}\n---\n{WORLD}\n{CALICO}\n---\n{}\n---\n{}\n---\n{}",
        hub("elsewhere"),
        database("jhub", "10.0.1.80"),
        database("elsewhere", "10.0.1.81")
    );
    let table = table(&Fixture::from_yaml(&yaml), "jhub");
    for (destination, place) in
        [(Destination::Neighbours, "jhub: TCP 5432"), (Destination::OtherNamespaces, "elsewhere: TCP 5432")]
    {
        let found = answers(row(&table, &destination));
        assert!(found.iter().any(|(_, _, places)| places.contains(&place)), "{destination:?}: {found:?}");
    }
}

#[test]
fn a_table_holds_the_classes_with_the_most_servers_and_any_other_can_be_had() {
    let server = PODS.split("\n---\n").find(|pod| pod.contains("jupyter-bob")).unwrap();
    let mut yaml = format!("{PODS}\n---\n{WORLD}\n---\n{POLICIES}\n{CALICO}");
    for n in 0..40 {
        let (user, account) = (format!("jupyter-user-{n}"), n / 2 + n / 39);
        let server =
            server.replace("jupyter-bob", &user).replace("10.0.1.5", &format!("10.0.2.{n}")).replace(
                "nodeName: node-1,",
                &format!("nodeName: node-1, serviceAccountName: account-{account},"),
            );
        write!(yaml, "\n---\n{server}").unwrap();
    }
    for n in 40..50 {
        let server = server
            .replace("jupyter-bob", &format!("jupyter-user-{n}"))
            .replace("10.0.1.5", &format!("10.0.2.{n}"))
            .replace("nodeName: node-1,", &format!("nodeName: node-1, serviceAccountName: account-{n},"));
        write!(yaml, "\n---\n{server}").unwrap();
    }
    let fixture = Fixture::from_yaml(&yaml);
    let derived = fixture.derived();
    let reach = Reach::new(&fixture.snapshot, &derived);
    let hub = &derived.hubs[0];
    let (table, counts) = reach.table(hub);
    let list = reach.class_list(hub);
    assert_eq!(table.classes.len(), 24);
    assert_eq!(table.classes.len() + table.left_out, list.len());
    assert!(list.is_sorted_by_key(|class| std::cmp::Reverse(class.servers)), "{list:?}");
    assert!(
        table.classes.is_sorted_by_key(|class| &class.key),
        "the order says nothing of how many there are"
    );
    for class in list.iter().filter(|class| class.servers > 1) {
        assert_eq!(counts.get(&class.key), Some(&class.servers), "{class:?}");
    }
    for class in &list {
        let (alone, servers) = reach.table_of_class(hub, &class.key).unwrap();
        assert_eq!((alone.classes.len(), servers.get(&class.key)), (1, Some(&class.servers)));
        let held = table.classes.iter().find(|held| held.key == class.key);
        assert!(held.is_none_or(|held| *held == alone.classes[0]));
    }
    assert_eq!(reach.table_of_class(hub, "ffffff"), None);
}
