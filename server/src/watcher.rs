//! Tells the pages what keeps a cluster from being followed, and takes it back when it is followed again.

use std::sync::Arc;

use crate::collector::{Handle, Phase};
use crate::troubles::Troubles;

/// Follows the state of a collector until it ends.
pub async fn tell(handle: Handle, cluster: String, troubles: Arc<Troubles>) {
    let mut status = handle.subscribe();
    loop {
        let now = status.borrow_and_update().clone();
        match (now.blocked, now.phase) {
            (Some(why), _) => troubles.set(&cluster, format!("What was read cannot be stored: {why}.")),
            (None, Phase::Connecting(Some(why))) => {
                troubles.set(&cluster, format!("It does not answer: {why}."));
            }
            (None, Phase::Connecting(None) | Phase::Listing) => {}
            (None, Phase::Following) => troubles.clear(&cluster),
            (None, Phase::Ended(why)) => troubles.set(&cluster, why),
        }
        if status.changed().await.is_err() {
            return;
        }
    }
}
