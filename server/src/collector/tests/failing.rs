//! Everything that can go wrong between here and the API server, and what is left of it.

use posture::gap::GapReason;
use tokio::time::Instant;

use super::*;
use crate::collector::Phase;
use crate::demo_api::faults::Fault;

fn with_faults(documents: &str, prepare: impl FnOnce(&Faults)) -> Bench {
    Bench::start_with(documents, Vec::new(), tuning(), Settings::new("demo"), prepare)
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured() {
    let before = Instant::now();
    let mut bench = with_faults(HUB, |faults| faults.add("/services?limit", 2, Fault::Status(429, Some(7))));
    let scan = bench.scan().await;
    assert_eq!(scan.snapshot.gaps(), []);
    assert!(before.elapsed() >= Duration::from_secs(14), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_is_asked_for_again() {
    let mut bench = with_faults(HUB, |faults| {
        faults.add("/deployments?limit", 1, Fault::BreakOff(100));
        faults.add("/services?limit", 1, Fault::Status(500, None));
        faults.add("/pods?limit", 1, Fault::Hang(10));
    });
    let scan = bench.scan().await;
    assert_eq!(scan.snapshot.gaps(), []);
    assert_eq!(scan.snapshot.deployments.present().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_kind_that_keeps_failing_is_a_gap_and_is_tried_again() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench =
        with_faults(&documents, |faults| faults.add("/services?limit", 1_000, Fault::Status(500, None)));
    let gaps = bench.scan().await.snapshot.gaps();
    let words = "the API server answered with error 500".to_owned();
    assert_eq!(
        gaps.iter().map(|gap| (gap.kind, &gap.reason)).collect::<Vec<_>>(),
        [(Kind::Service, &GapReason::Failed(words))]
    );
    bench.faults.clear();
    let scan = bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
    assert_eq!(services(&scan), ["proxy-public"]);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_off_goes_on_where_it_was() {
    // A watch breaks off in the middle of its first event; the event is told again.
    let mut bench = with_faults(HUB, |faults| faults.add("/services?watch", 1, Fault::BreakOff(20)));
    bench.scan().await;
    bench.api.apply(ops(&service("proxy-public", 443)));
    let scan = bench.scan().await;
    assert_eq!(services(&scan), ["proxy-public"]);
    let lists = bench.faults.requests().iter().filter(|request| request.contains("/services?limit")).count();
    assert_eq!(lists, 1, "nothing had to be listed again");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_too_far_behind_lists_again_and_finds_what_is_gone() {
    let documents = format!("{HUB}---\n{}---\n{}", service("stays", 443), service("goes", 80));
    let mut bench =
        with_faults(&documents, |faults| faults.add("/services?watch", 1, Fault::Status(500, None)));
    bench.scan().await;
    bench.handed_on(Kind::Service);
    // While the watch is down, things happen, and then they are forgotten.
    bench.api.apply(deleted("v1", "Service", "goes"));
    bench.api.apply(ops(&service("new", 80)));
    bench.api.compact();
    let scan = bench.scan().await;
    assert_eq!(services(&scan), ["new", "stays"]);
    assert_eq!(scan.removed.iter().map(ToString::to_string).collect::<Vec<_>>(), ["Service/hub/goes"]);
    // What did not change is not handed on again, and the store must not take it for all there is.
    assert_eq!(bench.handed_on(Kind::Service), ["new"]);
    assert!(scan.relisted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_fails_in_the_middle_removes_nothing() {
    let documents = format!("{HUB}---\n{}---\n{}", service("a", 443), service("b", 80));
    let tuning = Tuning { page_size: 1, ..tuning() };
    let mut bench = Bench::start(&documents, Vec::new(), tuning);
    bench.scan().await;
    // The watch falls behind, and the second page of the new list never comes.
    bench.faults.add("/services?limit=1&continue", 1_000, Fault::Status(500, None));
    bench.faults.add("/services?watch", 1, Fault::Status(410, None));
    bench.api.apply(ops(&service("c", 80)));
    tokio::time::sleep(Duration::from_mins(10)).await;
    let scan = bench.scan_until(|scan| !scan.snapshot.gaps().is_empty()).await;
    assert!(scan.removed.is_empty());
    bench.faults.clear();
    let scan = bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
    assert_eq!(services(&scan), ["a", "b", "c"]);
    assert!(scan.removed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_silent_for_too_long_is_a_gap_until_it_speaks_again() {
    // From its second watch on the API server is not heard of any more.
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    bench.faults.add("/services?watch", 1_000, Fault::Hang(0));
    bench.faults.add("/services?watch", 1_000, Fault::Refuse);
    let scan = bench.scan_until(|scan| !scan.snapshot.gaps().is_empty()).await;
    assert_eq!(scan.snapshot.gaps()[0].reason, GapReason::Silent);
    bench.faults.clear();
    bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_is_waited_for_and_nothing_is_lost() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = Bench::start(&documents, Vec::new(), tuning());
    bench.scan().await;
    bench.faults.add("", usize::MAX, Fault::Refuse);
    // Watches end in their time and find nobody.
    let scan = bench.scan_until(|scan| scan.snapshot.services.complete().is_err()).await;
    assert!(scan.removed.is_empty());
    bench.api.apply(deleted("v1", "Service", "proxy-public"));
    bench.faults.clear();
    let scan = bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
    assert_eq!(services(&scan), Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn before_the_first_answer_there_is_no_scan_but_a_reason() {
    let mut bench = with_faults(HUB, |faults| faults.add("", usize::MAX, Fault::Refuse));
    assert!(bench.is_quiet_for(Duration::from_mins(10)).await);
    let Phase::Connecting(Some(why)) = bench.handle.status().phase else { panic!("it has not connected") };
    assert_eq!(why, "the connection was refused");
    bench.faults.clear();
    assert_eq!(bench.scan().await.snapshot.gaps(), []);
}

#[tokio::test(start_paused = true)]
async fn another_cluster_under_the_same_name_is_refused_and_recorded_nowhere() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = Bench::start(&documents, Vec::new(), tuning());
    bench.scan().await;
    bench.api.apply(ops("{apiVersion: v1, kind: Namespace, metadata: {name: kube-system, uid: 99999999-9999-4999-8999-999999999999}}"));
    bench.scan().await;
    bench.api.apply(deleted("v1", "Service", "proxy-public"));
    bench.api.compact();
    let ended = (&mut bench.run).await.unwrap();
    assert_eq!(ended, Err(CollectorError::AnotherCluster("demo".to_owned())));
    let Phase::Ended(why) = bench.handle.status().phase else { panic!("it has ended") };
    assert!(why.contains("another cluster answers"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_permission_that_is_taken_away_is_a_gap_and_removes_nothing() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = Bench::start(&documents, Vec::new(), tuning());
    bench.scan().await;
    bench.api.deny(vec![denied("", "services", None)]);
    let scan = bench.scan_until(|scan| !scan.snapshot.gaps().is_empty()).await;
    assert_eq!(scan.snapshot.gaps()[0].reason, GapReason::Forbidden);
    // What may not be read any more proves nothing, and is not gone either.
    assert_eq!(services(&scan), Vec::<&str>::new());
    assert!(scan.removed.is_empty());
    bench.api.deny(Vec::new());
    let scan = bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
    assert_eq!(services(&scan), ["proxy-public"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_later_is_taken_up_within_a_tick() {
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    // Everywhere, in one namespace, and a kind whose data is read one by one.
    for refused in
        [denied("", "services", None), denied("", "services", Some("hub")), denied("", "configmaps", None)]
    {
        let mut bench = Bench::start(&documents, vec![refused.clone()], tuning());
        let scan = bench.scan().await;
        assert_eq!(scan.snapshot.gaps()[0].reason, GapReason::Forbidden, "{refused:?}");
        bench.api.deny(Vec::new());
        let granted = Instant::now();
        bench.scan_until(|scan| scan.snapshot.gaps().is_empty()).await;
        let settings = Settings::new("demo");
        assert!(
            granted.elapsed() <= settings.tick + settings.settle_most,
            "{refused:?}: {:?}",
            granted.elapsed()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_stored_is_offered_again() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.given.lock().unwrap().errors = vec![SinkError::Later("the disk is full".to_owned()); 3];
    let scan = bench.scan().await;
    assert!(scan.relisted.contains(&(Kind::Deployment, None)));
    assert_eq!(bench.handle.status().blocked, None);
    bench.given.lock().unwrap().errors =
        vec![SinkError::Never("the database is another cluster's".to_owned())];
    bench.api.apply(ops(&service("proxy-public", 443)));
    let ended = (&mut bench.run).await.unwrap();
    assert_eq!(ended, Err(CollectorError::Sink("the database is another cluster's".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn one_pass_over_an_api_server_that_does_not_answer_is_an_error_in_words() {
    let (_api, faults, source) = parts(HUB, Vec::new(), tuning());
    faults.add("", usize::MAX, Fault::Status(401, None));
    let (sink, _scans, _) = recorder();
    let (collector, _handle) = Collector::new(source, Settings::new("prod"), redactor(), sink);
    let error = collector.once().await.unwrap_err().to_string();
    assert_eq!(
        error,
        "cluster `prod` cannot be read: the API server does not accept the credentials (401); they may have expired"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_passes_is_not_believed() {
    // An API server that has just started refuses, and knows no custom resource yet.
    let documents = format!("{HUB}---\n{}", service("proxy-public", 443));
    let mut bench = with_faults(&documents, |faults| {
        faults.add("/services?watch", 1, Fault::Status(403, None));
        faults.add("/pods?watch", 2, Fault::Status(404, None));
    });
    bench.scan().await;
    bench.api.apply(ops(&service("later", 80)));
    let scan = bench.scan().await;
    assert_eq!(scan.snapshot.gaps(), []);
    assert_eq!(services(&scan), ["later", "proxy-public"]);
    assert!(scan.removed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_cluster_from_being_followed_is_said_while_it_lasts() {
    let mut bench = Bench::start(HUB, Vec::new(), tuning());
    bench.scan().await;
    assert_eq!(bench.handle.status().interrupted, None);
    bench.faults.add("", usize::MAX, Fault::Refuse);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let why = bench.handle.status().interrupted.expect("nobody answers");
    assert!(why.starts_with("The API server does not answer for now: the connection was refused."), "{why}");
    bench.faults.clear();
    tokio::time::sleep(Duration::from_mins(2)).await;
    assert_eq!(bench.handle.status().interrupted, None);
}

#[tokio::test(start_paused = true)]
async fn a_config_map_that_cannot_be_read_for_a_moment_is_no_gap() {
    let mut bench = with_faults(HUB, |faults| faults.add("/configmaps/hub", 1, Fault::Status(429, Some(1))));
    let scan = bench.scan().await;
    assert!(scan.snapshot.config_map("hub", "hub").unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_always_forgets_is_not_asked_without_pause() {
    let mut bench =
        with_faults(HUB, |faults| faults.add("/services?watch", usize::MAX, Fault::Status(410, None)));
    bench.scan().await;
    tokio::time::sleep(Duration::from_mins(5)).await;
    let lists = bench.faults.requests().iter().filter(|request| request.contains("/services?limit")).count();
    assert!((5..40).contains(&lists), "{lists} lists in five minutes");
}
