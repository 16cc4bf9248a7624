//! A real API server that fails: nothing is lost, nothing is taken for gone, and the page says what is wrong while it lasts.

use std::time::Duration;

use serde_json::json;
use server::cluster::{Source, Target, Tuning};
use server::demo_api::faults::{Fault, Faults};

use super::ControlPlane;
use crate::followed::Followed;

/// Every Service of the namespace that the history takes for present.
const PRESENT: &str = "select o.name from objects o join revisions r on r.object_id = o.id
    where o.kind = 'Service' and o.namespace = 'science' and r.until_scan is null order by o.name";

/// Everything that the history takes for gone.
const GONE: &str = "select o.kind || '/' || o.name from objects o join revisions r on r.object_id = o.id
    where r.gone = 1 order by 1";

fn service(name: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: science}}, spec: {{ports: [{{port: 80}}]}}}}\n---\n"
    )
}

/// Short waits, and watches that end so soon that a test can wait for the next one.
fn impatient() -> Tuning {
    Tuning {
        requests_per_second: 0,
        page_size: 20,
        watch_timeout: Duration::from_secs(3),
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(1),
        ..Tuning::default()
    }
}

async fn follow(control_plane: &ControlPlane, faults: &Faults) -> Followed {
    let token = control_plane.reader().await;
    let target = Target::Kubeconfig { path: Some(control_plane.kubeconfig(&token)), context: None };
    Followed::start(Source::connect_through(&target, impatient(), faults).await.unwrap()).await
}

async fn remove(control_plane: &ControlPlane, name: &str) {
    let object =
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "science"}});
    control_plane.delete(&object).await;
}

#[tokio::test]
async fn lists_and_watches_that_fail_in_every_way_lose_nothing() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let all: String = (10..60).map(|number| service(&format!("s{number}"))).collect();
    control_plane.apply(&all).await;
    let faults = Faults::default();
    faults.add("/services?limit", 1, Fault::Status(429, Some(1)));
    faults.add("/services?limit", 1, Fault::BreakOff(700));
    faults.add("/services?limit=20&continue", 1, Fault::Status(500, None));
    faults.add("/services?limit=20&continue", 1, Fault::Refuse);
    faults.add("/clusterroles?limit", 2, Fault::Status(503, None));
    let followed = follow(&control_plane, &faults).await;
    let mut present: Vec<String> = (10..60).map(|number| format!("s{number}")).collect();
    let names = |present: &[String]| present.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let all_present = format!("select group_concat(name, ' ') from ({PRESENT})");
    followed.wait_for_texts(&all_present, &[&names(&present)]).await;
    assert_eq!(followed.number("select count(*) from coverage where state = 'gap'").await, 0);

    let kinds_of_failure = [
        Fault::Status(500, None),
        Fault::Status(429, Some(1)),
        Fault::Status(410, None),
        Fault::Refuse,
        Fault::BreakOff(30),
    ];
    for (number, fault) in kinds_of_failure.into_iter().enumerate() {
        faults.add("/services?watch", 2, fault);
        let (gone, new) = (format!("s{}", 10 + number), format!("t{number}"));
        remove(&control_plane, &gone).await;
        control_plane.apply(&service(&new)).await;
        present.retain(|name| *name != gone);
        present.push(new);
        followed.wait_for_texts(&all_present, &[&names(&present)]).await;
    }
    let gone = ["Service/s10", "Service/s11", "Service/s12", "Service/s13", "Service/s14"];
    assert_eq!(followed.texts(GONE).await, gone);
}

#[tokio::test]
async fn an_api_server_that_goes_away_and_comes_back_is_told_on_the_page_and_loses_nothing() {
    let Some(mut control_plane) = ControlPlane::start().await else { return };
    control_plane.apply(&[service("stays"), service("goes")].concat()).await;
    let followed = follow(&control_plane, &Faults::default()).await;
    followed.wait_for_texts(PRESENT, &["goes", "stays"]).await;
    let words = followed.overview().await;
    assert!(!words.contains("may be out of date"), "{words}");

    control_plane.stop();
    let words = followed.wait_for(|page| page.contains("The API server does not answer for now")).await;
    assert!(words.contains("What is shown of this cluster may be out of date."), "{words}");
    assert!(words.contains("the connection was refused"), "{words}");
    assert!(followed.handle.scan_now().await);
    assert_eq!(followed.texts(GONE).await, Vec::<String>::new());
    assert_eq!(followed.texts(PRESENT).await, ["goes", "stays"]);

    control_plane.resume().await;
    remove(&control_plane, "goes").await;
    control_plane.apply(&service("new")).await;
    followed.wait_for_texts(PRESENT, &["new", "stays"]).await;
    followed.wait_for(|page| !page.contains("may be out of date")).await;

    // What happened while nobody listened is forgotten: the watch gets 410 from the server itself and everything is listed again.
    control_plane.stop();
    control_plane.resume().await;
    remove(&control_plane, "new").await;
    control_plane.apply(&service("newer")).await;
    control_plane.forget_history().await;
    followed.wait_for_texts(PRESENT, &["newer", "stays"]).await;
    assert!(followed.handle.scan_now().await);
    assert_eq!(followed.texts(GONE).await, ["Service/goes", "Service/new"]);
    followed.wait_for(|page| !page.contains("may be out of date")).await;
    let gaps = "select kind || reason_json from coverage where state = 'gap' and until_scan is null";
    assert_eq!(followed.texts(gaps).await, Vec::<String>::new());
}

#[tokio::test]
async fn an_api_server_that_is_not_there_yet_is_waited_for_and_said_so() {
    let Some(mut control_plane) = ControlPlane::start().await else { return };
    control_plane.apply(&service("stays")).await;
    let token = control_plane.reader().await;
    control_plane.stop();
    let target = Target::Kubeconfig { path: Some(control_plane.kubeconfig(&token)), context: None };
    let followed = Followed::start(Source::connect(&target, impatient()).await.unwrap()).await;
    let words = followed.wait_for(|page| page.contains("It does not answer")).await;
    assert!(words.contains("There is nothing to show yet."), "{words}");
    assert!(words.contains("the connection was refused"), "{words}");
    control_plane.resume().await;
    followed.wait_for_texts(PRESENT, &["stays"]).await;
    followed.wait_for(|page| !page.contains("There is nothing to show yet.")).await;
}
