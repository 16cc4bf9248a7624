//! The first scan: everything is listed or a gap, and no more is read than facts need.

use std::collections::BTreeSet;

use posture::gap::GapReason;
use posture::snapshot::AuthorizerReason;

use super::*;
use crate::collector::Trigger;

#[tokio::test(start_paused = true)]
async fn the_first_scan_comes_when_every_kind_was_listed() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    let scan = bench.scan().await;
    assert_eq!(scan.trigger, Trigger::Initial);
    assert_eq!(scan.snapshot.gaps(), []);
    assert_eq!(scan.snapshot.deployments.present().count(), 1);
    assert_eq!(scan.snapshot.namespaces.present().count(), 2);
    assert!(scan.relisted.contains(&(Kind::Deployment, None)));
    assert_eq!(bench.handed_on(Kind::Deployment), ["hub"]);
    let reviews = scan.snapshot.reviews.unwrap();
    assert_eq!(reviews.granted.unwrap().reason, AuthorizerReason::Rbac);
    assert!(!reviews.not_granted.unwrap().allowed);
}

#[tokio::test(start_paused = true)]
async fn of_config_maps_only_those_are_read_that_facts_name() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    let scan = bench.scan().await;
    let hub = scan.snapshot.config_map("hub", "hub").unwrap().unwrap();
    assert_eq!(hub.text("singleuser"), Some("singleuser"));
    let read: Vec<String> =
        bench.faults.requests().into_iter().filter(|request| request.contains("/configmaps/")).collect();
    assert_eq!(read, ["GET /api/v1/namespaces/hub/configmaps/hub"]);
    // The list told of the other one, without its data.
    assert!(scan.snapshot.config_maps.find(Some("hub"), "other").unwrap().data.is_none());
    let records = format!("{:?}", bench.given.lock().unwrap().records);
    assert!(!records.contains("planted-password"));
}

#[tokio::test(start_paused = true)]
async fn nothing_but_reading_and_the_reviews_is_asked() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    let writes: BTreeSet<String> =
        bench.faults.requests().into_iter().filter(|request| !request.starts_with("GET ")).collect();
    assert_eq!(
        writes,
        BTreeSet::from(
            ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]
                .map(|review| format!("POST /apis/authorization.k8s.io/v1/{review}"))
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_may_not_be_listed_is_a_gap_that_names_the_permission() {
    let mut bench = Bench::start(HUB, vec![denied("", "nodes", None)], tuning());
    let scan = bench.scan().await;
    let gaps = scan.snapshot.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].kind, &gaps[0].reason), (Kind::Node, &GapReason::Forbidden));
    assert_eq!(gaps[0].permission(), "list and watch nodes");
}

#[tokio::test(start_paused = true)]
async fn where_one_namespace_is_closed_the_others_are_read_one_by_one() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = Bench::start(&documents, vec![denied("", "services", Some("kube-system"))], tuning());
    let scan = bench.scan().await;
    assert_eq!(services(&scan), ["proxy-public"]);
    let listing = &scan.snapshot.services;
    assert!(listing.complete_in("hub").is_ok());
    assert_eq!(listing.complete_in("kube-system").unwrap_err().reason, GapReason::Forbidden);
    assert!(listing.complete().is_err());
    // And they are followed one by one.
    bench.api.apply(ops(&service("second", 80)));
    let scan = bench.scan_until(|scan| services(scan).len() == 2).await;
    assert_eq!(services(&scan), ["proxy-public", "second"]);
}

#[tokio::test(start_paused = true)]
async fn where_namespaces_may_not_be_listed_those_of_the_settings_are_tried() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let closed = vec![denied("", "services", Some("kube-system")), denied("", "namespaces", None)];
    let mut settings = Settings::new("demo");
    settings.namespaces.insert("hub".to_owned());
    let mut bench = Bench::start_with(&documents, closed, tuning(), settings, |_| {});
    let scan = bench.scan().await;
    assert_eq!(services(&scan), ["proxy-public"]);
    assert!(scan.snapshot.services.complete_in("hub").is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_optional_api_that_is_not_served_is_complete_and_empty() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    let scan = bench.scan().await;
    assert!(scan.snapshot.gateways.complete().is_ok());
    assert!(!bench.faults.requests().iter().any(|request| request.contains("gateways")));
}

#[tokio::test(start_paused = true)]
async fn a_built_in_api_that_is_not_served_is_a_gap() {
    let (api, _faults, source) = parts(HUB, Vec::new(), tuning());
    api.withdraw("networking.k8s.io", "networkpolicies");
    let (sink, mut scans, _) = recorder();
    let (collector, _handle) = Collector::new(source, Settings::new("demo"), redactor(), sink);
    collector.once().await.unwrap();
    let gaps = scans.recv().await.unwrap().snapshot.gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].kind, &gaps[0].reason), (Kind::NetworkPolicy, &GapReason::NotServed));
}

#[tokio::test(start_paused = true)]
async fn one_pass_lists_everything_and_watches_nothing() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let (_api, faults, source) =
        parts(&documents, vec![denied("", "services", Some("kube-system"))], tuning());
    let (sink, mut scans, _) = recorder();
    let (collector, _handle) = Collector::new(source, Settings::new("demo"), redactor(), sink);
    collector.once().await.unwrap();
    let scan = scans.recv().await.unwrap();
    assert_eq!(scan.trigger, Trigger::Manual);
    assert_eq!(services(&scan), ["proxy-public"]);
    assert!(scan.snapshot.config_map("hub", "hub").unwrap().is_some());
    assert!(!faults.requests().iter().any(|request| request.contains("watch=")));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_large_is_asked_for_in_halves() {
    let mut documents = HUB.to_owned();
    for number in 0..20 {
        documents.push_str("---\n");
        documents.push_str(&service(&format!("s{number:02}"), 80));
    }
    // Large enough for some of the objects and not for all.
    let tuning = Tuning { page_size: 16, page_bytes: 1_500, ..tuning() };
    let mut bench = Bench::start(&documents, Vec::new(), tuning);
    let scan = bench.scan().await;
    assert_eq!(services(&scan).len(), 20);
    let limits: Vec<_> =
        bench.faults.requests().into_iter().filter(|request| request.contains("/services?limit=")).collect();
    assert!(limits[0].contains("limit=16") && limits[1].contains("limit=8"), "{limits:?}");
}

fn many_namespaces(count: usize) -> String {
    let namespace =
        |at: usize| format!("---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: team-{at:03}}}\n");
    format!("{HUB}{}", (0..count).map(namespace).collect::<String>())
}

fn asked_about_rules(bench: &Bench) -> usize {
    let asked = |request: &String| request.ends_with("/selfsubjectrulesreviews");
    bench.faults.requests().into_iter().filter(asked).count()
}

fn answered(scan: &ScanInput) -> usize {
    scan.snapshot.reviews.as_ref().unwrap().rules.iter().map(|part| part.namespaces.len()).sum()
}

#[tokio::test(start_paused = true)]
async fn what_perijove_may_do_in_many_namespaces_is_asked_bit_by_bit_and_once() {
    let mut bench = Bench::start(&many_namespaces(60), Vec::new(), tuning());
    let first = bench.scan().await;
    assert_eq!(answered(&first), 20);
    let full = bench.scan_until(|scan| answered(scan) == 62).await;
    assert!(full.snapshot.reviews.unwrap().asked_at.is_some());
    let asked = asked_about_rules(&bench);
    bench.scan_until(|scan| scan.trigger == Trigger::Tick).await;
    assert_eq!(asked_about_rules(&bench), asked, "nothing has changed");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_changes_takes_the_answers_back_that_it_could_make_wrong() {
    let mut bench = Bench::start(&many_namespaces(60), Vec::new(), tuning());
    bench.scan_until(|scan| answered(scan) == 62).await;
    let asked = asked_about_rules(&bench);
    bench.api.apply(ops(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: more, namespace: team-003}\nrules: []\n",
    ));
    let scan =
        bench.scan_until(|scan| scan.snapshot.roles.present().any(|role| role.metadata.name == "more")).await;
    assert_eq!(answered(&scan), 62, "one namespace was asked about again");
    assert!(asked_about_rules(&bench) - asked <= 2);
    bench.api.apply(ops(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: wide}\nrules: []\n",
    ));
    let is_wide =
        |scan: &ScanInput| scan.snapshot.cluster_roles.present().any(|role| role.metadata.name == "wide");
    let scan = bench.scan_until(is_wide).await;
    assert!(answered(&scan) < 62, "no answer from before the change is told");
    bench.scan_until(|scan| answered(scan) == 62).await;
}
