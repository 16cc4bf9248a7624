//! What the page of access lists: each account once, with every hub that it serves.

use posture::access::{AccessTable, account};
use posture::testing::Fixture;

use crate::scenes::Scene;

/// Two hubs that share a namespace, so that all accounts of it concern both.
fn two_hubs() -> AccessTable {
    let first = Scene::new("1.2.0").yaml();
    let second = first
        .split_once("---")
        .unwrap()
        .1
        .replace("release: prod", "release: test")
        .replace("name: hub,", "name: test-hub,")
        .replace("name: proxy,", "name: test-proxy,")
        .replace(
            "containers:\n        - name: hub\n",
            "serviceAccountName: test-hub\n      containers:\n        - name: hub\n",
        );
    let more = "
apiVersion: v1
kind: ServiceAccount
metadata: { name: tools }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: tools }
roleRef: { kind: ClusterRole, name: cluster-admin }
subjects: [{ kind: ServiceAccount, name: tools }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: cluster-admin }
rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]
";
    let fixture = Fixture::from_yaml(&format!("{first}\n---\n{second}\n---\n{more}"));
    let mut table = AccessTable::new(&fixture.snapshot, &fixture.derived());
    table.list_once();
    table
}

fn names(table: &AccessTable, hub: usize) -> Vec<&str> {
    table.hubs[hub].accounts.iter().map(|account| account.subject.name.as_str()).collect()
}

#[test]
fn hubs_of_one_namespace_list_each_account_once() {
    let table = two_hubs();
    let mut all = [names(&table, 0), names(&table, 1)].concat();
    let listed = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), listed, "{all:?}");
    assert!(all.contains(&"tools"), "an account that no hub uses is listed too: {all:?}");
}

#[test]
fn an_account_is_listed_under_a_hub_that_uses_it_and_names_the_others() {
    let table = two_hubs();
    let of =
        |hub: usize, name: &str| table.hubs[hub].accounts.iter().find(|found| found.subject.name == name);
    assert!(of(1, "test-hub").is_some(), "{:?}", names(&table, 1));
    let shared = of(0, "default").expect("the proxies name no account");
    let also = &shared.also[0];
    assert_eq!((also.hub.release.as_str(), also.parts.as_slice()), ("test", &["the proxy".to_owned()][..]));
    assert_eq!(table.hubs[1].elsewhere, [account("jhub", "default")]);
}
