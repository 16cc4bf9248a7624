//! Names that are looked at while a cluster is followed: only its own, again at each tick, and into the history.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use posture::sighting::{Seen, Sight, Spot, Unsighted};
use serde_json::json;
use server::clock::Clock;
use server::cluster::{Source, Tuning};
use server::collector::Settings;
use server::config::Sights;
use server::demo::Denied;
use server::demo_api::DemoApi;
use server::probe::{Dns, Ways};
use server::store::sightings::SightSpan;
use server::store::{Scope, clusters, sightings};

use super::names::{Answers, NameServer};
use super::servers::{Authority, Served, Server, free_port};
use super::{HUB, loopback};
use crate::followed::{CLUSTER, Followed};
use crate::program::PATIENCE;

/// A cluster with one Ingress, and settings that confirm some names on the port of a server.
struct Place {
    api: DemoApi,
    source: Source,
    settings: Settings,
    names: NameServer,
    server: Server,
    authority: Authority,
}

impl Place {
    async fn new(host: &str, confirmed: &[&'static str], denied: Vec<Denied>) -> Self {
        let ingress = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "hub", "namespace": "jhub", "uid": "1"},
            "spec": {"rules": [{"host": host}]},
        });
        let clock = Clock::at(Timestamp::now());
        let api = DemoApi::new(vec![ingress], denied, "v1.36.3", clock.clone());
        let source = Source::over(api.clone(), "https://demo", Tuning::default(), clock);
        let authority = Authority::new();
        let server = Server::start(&authority.chain(&[HUB]), Served::Nothing).await;
        let answers = confirmed.iter().map(|name| (*name, Answers::v4(&[Ipv4Addr::LOCALHOST]))).collect();
        let names = NameServer::start(answers).await;
        let settings = Settings {
            sights: Sights {
                hosts: confirmed.iter().map(|name| ((*name).to_owned(), server.address.port())).collect(),
                private: vec![loopback()],
                secrets: BTreeSet::new(),
            },
            ways: Ways { dns: Dns::Servers(vec![names.address]), plain_port: free_port(), ..Ways::default() },
            ..Settings::new(CLUSTER)
        };
        Self { api, source, settings, names, server, authority }
    }

    fn spot(&self, host: &str) -> Spot {
        Spot::Endpoint { host: host.to_owned(), port: self.server.address.port() }
    }
}

async fn history(followed: &Followed, spot: &Spot) -> Vec<SightSpan> {
    let mut reading = followed.store.read().await.unwrap();
    match clusters::find(&mut reading, &Scope::All, CLUSTER).await.unwrap() {
        Some(cluster) => sightings::history(&mut reading, cluster.id, spot).await.unwrap(),
        None => Vec::new(),
    }
}

/// The history of a spot as soon as its newest part is as it should be.
async fn wait_for(followed: &Followed, spot: &Spot, is_there: impl Fn(&Sight) -> bool) -> Vec<SightSpan> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let spans = history(followed, spot).await;
        if spans.first().is_some_and(|span| is_there(&span.sight)) {
            return spans;
        }
        assert!(Instant::now() < deadline, "{spans:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn first_of(sight: &Sight) -> Option<posture::x509::Der> {
    match sight {
        Ok(Seen::Endpoint(endpoint)) => endpoint.handshake.as_ref()?.chain.first().cloned(),
        _ => None,
    }
}

#[tokio::test]
async fn a_renewal_is_seen_at_the_next_look_and_ends_the_interval_of_the_chain_before() {
    let place = Place::new(HUB, &[HUB], Vec::new()).await;
    let spot = place.spot(HUB);
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    let before = wait_for(&followed, &spot, |sight| first_of(sight).is_some()).await;
    let renewed = place.authority.chain(&[HUB]);
    place.server.reload(&renewed);
    assert!(followed.handle.scan_now().await);
    let after = wait_for(&followed, &spot, |sight| first_of(sight).as_ref() == renewed.shown().first()).await;
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!((after[1].first_scan, after[1].until_scan), (before[0].first_scan, Some(after[0].first_scan)));
    // Looked at again, it is the same, and no interval is added.
    let connections = place.server.connections();
    assert!(followed.handle.scan_now().await);
    let deadline = Instant::now() + PATIENCE;
    while place.server.connections() < connections + 4 {
        assert!(Instant::now() < deadline, "nobody looked again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(followed.handle.scan_now().await);
    assert_eq!(history(&followed, &spot).await.len(), after.len());
}

#[tokio::test]
async fn a_name_that_the_cluster_does_not_serve_is_neither_resolved_nor_connected_to() {
    let place = Place::new("other.example.org", &[HUB], Vec::new()).await;
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    let spot = place.spot(HUB);
    wait_for(&followed, &spot, |sight| *sight == Err(Unsighted::NotOfCluster)).await;
    assert_eq!((place.names.asked(), place.server.connections()), (Vec::<String>::new(), 0));
    // As soon as it does, it is looked at.
    place.api.apply(vec![server::demo::Op::Put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "late", "namespace": "jhub", "uid": "2"},
        "spec": {"rules": [{"host": HUB}]},
    }))]);
    let deadline = Instant::now() + PATIENCE;
    while first_of(&history(&followed, &spot).await[0].sight).is_none() {
        assert!(Instant::now() < deadline, "it is not looked at");
        assert!(followed.handle.scan_now().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_name_that_a_gap_may_hide_is_not_connected_to_and_not_called_foreign() {
    let denied =
        Denied { group: "networking.k8s.io".to_owned(), resource: "ingresses".to_owned(), namespace: None };
    let place = Place::new(HUB, &[HUB], vec![denied]).await;
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    wait_for(&followed, &place.spot(HUB), |sight| matches!(sight, Err(Unsighted::Gap(_)))).await;
    assert_eq!(place.server.connections(), 0);
}

#[tokio::test]
async fn nothing_is_connected_to_where_the_addresses_of_the_cluster_are_hidden() {
    let denied = Denied { group: String::new(), resource: "nodes".to_owned(), namespace: None };
    let mut place = Place::new(HUB, &[HUB], vec![denied]).await;
    place.settings.sights.private.clear();
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    wait_for(&followed, &place.spot(HUB), |sight| matches!(sight, Err(Unsighted::Gap(_)))).await;
    assert_eq!((place.names.asked(), place.server.connections()), (Vec::<String>::new(), 0));
}

#[tokio::test]
async fn what_is_listed_is_connected_to_although_the_addresses_of_the_cluster_are_hidden() {
    let denied = Denied { group: String::new(), resource: "nodes".to_owned(), namespace: None };
    let place = Place::new(HUB, &[HUB], vec![denied]).await;
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    wait_for(&followed, &place.spot(HUB), |sight| first_of(sight).is_some()).await;
}

#[tokio::test]
async fn a_name_that_leads_where_nothing_is_listed_is_not_connected_to_and_not_called_refused() {
    let denied = Denied { group: String::new(), resource: "nodes".to_owned(), namespace: None };
    let mut place = Place::new(HUB, &[HUB], vec![denied]).await;
    let public = Answers::v4(&[Ipv4Addr::new(9, 9, 9, 9)]);
    place.names = NameServer::start(vec![(HUB, public)]).await;
    place.settings.ways.dns = Dns::Servers(vec![place.names.address]);
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    wait_for(&followed, &place.spot(HUB), |sight| matches!(sight, Err(Unsighted::Gap(_)))).await;
    assert_eq!(place.server.connections(), 0);
}

/// What the first scan after a start tells of a name, where an earlier run saw a certificate so many seconds ago.
async fn first_told(seconds: i64) -> Sight {
    let mut place = Place::new(HUB, &[HUB], Vec::new()).await;
    let spot = place.spot(HUB);
    let earlier = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    wait_for(&earlier, &spot, |sight| first_of(sight).is_some()).await;
    let mut reading = earlier.store.read().await.unwrap();
    let (at, seen) = sightings::latest(&mut reading, CLUSTER).await.unwrap().unwrap();
    let at = Timestamp::from_second(at.as_second() - seconds).unwrap();
    place.settings.recalled = Some((at, seen));
    // Nobody answers this time, so that what is told is what was recalled.
    place.server = super::servers::silent().await;
    let names = NameServer::start(vec![(HUB, Answers::silent())]).await;
    place.settings.ways.dns = Dns::Servers(vec![names.address]);
    let later = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    let mut spans = wait_for(&later, &spot, |_| true).await;
    spans.pop().unwrap().sight
}

#[tokio::test]
async fn after_a_start_what_was_seen_before_is_told_until_it_is_looked_at_anew() {
    assert!(first_of(&first_told(60).await).is_some());
    assert_eq!(first_told(2 * 3_600).await, Err(Unsighted::NotYet), "that is too long ago");
}

#[tokio::test]
async fn a_server_that_hangs_does_not_keep_a_change_from_being_judged() {
    let mut place = Place::new(HUB, &[HUB], Vec::new()).await;
    place.server = super::servers::silent().await;
    place.settings.sights.hosts = BTreeSet::from([(HUB.to_owned(), place.server.address.port())]);
    let followed = Followed::start_with(place.source.clone(), place.settings.clone()).await;
    let spot = place.spot(HUB);
    wait_for(&followed, &spot, |sight| *sight == Err(Unsighted::NotYet)).await;
    place.api.apply(vec![server::demo::Op::Put(json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "late", "namespace": "jhub", "uid": "3"}, "spec": {"ports": [{"port": 80}]},
    }))]);
    followed.wait_for_texts("select name from objects where name = 'late'", &["late"]).await;
    // The look still goes on: what is told of the name is that it has not been looked at.
    assert_eq!(history(&followed, &spot).await[0].sight, Err(Unsighted::NotYet));
    wait_for(&followed, &spot, |sight| matches!(sight, Ok(Seen::Endpoint(_)))).await;
}
