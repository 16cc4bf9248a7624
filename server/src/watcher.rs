//! Tells the pages what keeps a cluster from being followed, and takes it back when it is followed again.

use std::sync::Arc;

use crate::collector::{Handle, Phase};
use crate::troubles::Troubles;

/// Follows the state of a collector until it ends.
pub async fn tell(handle: Handle, cluster: String, troubles: Arc<Troubles>) {
    let mut status = handle.subscribe();
    loop {
        let now = status.borrow_and_update().clone();
        match (now.phase, now.blocked, now.interrupted) {
            (Phase::Ended(why), ..) | (Phase::Listing | Phase::Following, None, Some(why)) => {
                troubles.set(&cluster, why);
            }
            (_, Some(why), _) => troubles.set(&cluster, format!("What was read cannot be stored: {why}.")),
            (Phase::Connecting(Some(why)), ..) => {
                troubles.set(&cluster, format!("It does not answer: {why}."));
            }
            (Phase::Connecting(None), ..) => {}
            (Phase::Listing | Phase::Following, None, None) => troubles.clear(&cluster),
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}
