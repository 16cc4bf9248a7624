//! `perijove serve` on a real cluster, killed at any moment and started again, goes on where it was.

use std::time::Duration;

use super::ControlPlane;
use crate::killed::scans_in;
use crate::program::{Folder, Serving};

/// How often the program is killed.
const KILLS: u64 = 6;

#[tokio::test]
async fn serving_goes_on_after_each_kill_and_has_lost_no_scan() {
    let Some(control_plane) = ControlPlane::start().await else { return };
    let kubeconfig = control_plane.kubeconfig(&control_plane.reader().await);
    let folder = Folder::new();
    let mut before = 0;
    for round in 0..KILLS {
        let mut serving = Serving::start(&folder, &["--kubeconfig", kubeconfig.to_str().unwrap()], &[]);
        let first = serving.wait_for_scan("cluster", before + 1).await;
        let change = format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: round-{round}, namespace: science}}, spec: {{ports: [{{port: 80}}]}}}}"
        );
        control_plane.apply(&change).await;
        if round % 2 == 0 {
            serving.wait_for_scan("cluster", first + 1).await;
        }
        // Not to wait for anything: only to spread the moments of the kills.
        std::thread::sleep(Duration::from_millis(round * 379 % 900));
        serving.kill();
        let told: Vec<(String, i64)> = serving.scans();
        let found = scans_in(&folder.database()).await;
        for scan in &told {
            assert!(found.contains_key(scan), "{scan:?} was said to be committed");
        }
        before = found.keys().map(|(_, scan)| *scan).max().expect("at least one scan");
        assert_eq!(found.len(), usize::try_from(before).unwrap(), "a scan is missing");
    }
}
