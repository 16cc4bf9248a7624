//! The demo's past comes through the real client, one scan for each instant.

use super::*;
use crate::collector::Trigger;
use crate::collector::replay::{Progress, Replay};
use crate::demo;

#[tokio::test(start_paused = true)]
async fn every_instant_of_the_past_is_a_scan_at_its_time() {
    let now = "2026-11-20T12:00:00Z".parse::<Timestamp>().unwrap();
    for cluster in demo::clusters(now).unwrap() {
        let instants: Vec<Timestamp> = cluster.past.iter().map(|moment| moment.at).collect();
        let begins = cluster.begins;
        let pods = cluster.present().iter().filter(|object| object["kind"] == "Pod").count();
        let denied = !cluster.denied.is_empty();
        let (sink, mut scans, _given) = recorder();
        let replay = Replay::new(cluster, Settings::new("demo"), redactor(), sink);
        let (told, mut progress) = tokio::sync::mpsc::unbounded_channel();
        let run = tokio::spawn(replay.run(now, move |step| told.send(step).unwrap()));
        let mut steps = Vec::new();
        while steps.last() != Some(&Progress::Present) {
            steps.push(progress.recv().await.unwrap());
        }
        run.abort();
        steps.pop();
        assert_eq!(steps, instants.iter().map(|at| Progress::At(*at)).collect::<Vec<_>>());
        let mut seen = Vec::new();
        let mut last = None;
        while let Ok(scan) = scans.try_recv() {
            seen.push((scan.trigger, scan.taken_at));
            last = Some(scan);
        }
        assert_eq!(seen.remove(0), (Trigger::Initial, begins));
        let (trigger, _) = seen.pop().unwrap();
        assert_eq!(trigger, Trigger::Manual);
        assert_eq!(seen.iter().map(|(_, at)| *at).collect::<Vec<_>>(), instants);
        let last = last.unwrap();
        assert!(last.fresh_at >= now, "the present is fresh: {} is not {now}", last.fresh_at);
        if !denied {
            assert_eq!(last.snapshot.pods.present().count(), pods);
            assert_eq!(last.snapshot.gaps(), []);
        }
    }
}
