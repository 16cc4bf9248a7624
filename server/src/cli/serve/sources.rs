//! What `serve` watches: clusters, a folder of manifests, or the demo; one task each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use posture::kind::KINDS;
use posture::object::ObjectRef;
use posture::redact::{Names, RedactionKey, Redactor};
use posture::sighting::{Sightings, Vantage};
use tokio::task::JoinSet;

use super::super::Stopped;
use super::super::scan::{target, tuning};
use super::ServeArgs;
use crate::clock::Clock;
use crate::cluster::{Source, Target};
use crate::collector::replay::{Progress, Replay};
use crate::collector::{Collector, Settings};
use crate::config::{ClusterConfig, Config, NamesPolicy};
use crate::declared::DeclaredFolder;
use crate::demo;
use crate::keeper::{Keeper, Shared};
use crate::manifests::follow::Folder;
use crate::probe::Ways;
use crate::store::rebuild::known_objects;
use crate::store::{Scope, Store, StoreError, clusters, sightings};

/// How long a cluster that cannot even be asked is left alone before its kubeconfig is read again.
const ASK_AGAIN: Duration = Duration::from_secs(30);

/// One redactor for each cluster: what it learns about people is learned of one cluster.
fn redactor(config: &Config, key: &RedactionKey) -> Arc<Redactor> {
    let names = match config.privacy.names {
        NamesPolicy::Kept => Names::Resolvable,
        NamesPolicy::Hashed => Names::Hashed,
    };
    Arc::new(Redactor::new(key.clone(), names))
}

fn settings(config: &Config, cluster: &str) -> Settings {
    Settings {
        namespaces: config.collect.namespaces.iter().cloned().collect::<BTreeSet<_>>(),
        tick: std::time::Duration::from_secs(config.collect.tick_seconds),
        sights: config.sights(),
        releases: config.drift.namespaces(),
        ..Settings::new(cluster)
    }
}

/// The same, with names looked at from here.
fn seen_from(from: Vantage, settings: Settings) -> Settings {
    Settings { ways: Ways { from, ..settings.ways }, ..settings }
}

pub(super) fn watch_demo(
    tasks: &mut JoinSet<()>,
    is_still: bool,
    shared: &Shared,
    config: &Config,
    key: &RedactionKey,
) -> Result<(), Stopped> {
    let now = Timestamp::now();
    let clusters = demo::clusters(now).map_err(|error| Stopped::unavailable(error.to_string()))?;
    for cluster in clusters {
        let cluster = if is_still { cluster.still() } else { cluster };
        let name = cluster.name.clone();
        let begins = cluster.begins;
        shared.troubles.replaying(&name, how_far(begins, begins, now));
        let clock = Clock::at(begins);
        let keeper = Keeper::new(shared.clone(), clock);
        // Its names are nobody's, or somebody else's: what they show stands in its script.
        let ways = Ways { script: cluster.script.clone(), ..Ways::default() };
        let settings = Settings { sights: cluster.sights.clone(), ways, ..settings(config, &name) };
        let replay = Replay::new(cluster, settings, redactor(config, key), keeper);
        let troubles = shared.troubles.clone();
        let handle = replay.handle();
        tasks.spawn(async move {
            let told = |progress| match progress {
                Progress::At(at) => troubles.replaying(&name, how_far(begins, at, now)),
                Progress::Present => {
                    troubles.clear(&name);
                    drop(tokio::spawn(crate::watcher::tell(handle.clone(), name.clone(), troubles.clone())));
                }
            };
            if let Err(error) = Box::pin(replay.run(now, told)).await {
                tracing::error!(cluster = name, error = %error, "the demo cluster has ended");
                troubles.set(&name, error.to_string());
            }
        });
    }
    Ok(())
}

/// Writes what the demo's hubs were rendered from into a folder, for the page of drift to compare with.
pub(super) fn declared_of_demo(folder: &Path) -> Result<DeclaredFolder, Stopped> {
    let files = demo::declared(Timestamp::now()).map_err(|error| Stopped::unavailable(error.to_string()))?;
    let folder = folder.join("declared");
    let write = || {
        std::fs::create_dir(&folder)?;
        files.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
    };
    write().map_err(|error| Stopped::unavailable(format!("the demo's files cannot be written: {error}")))?;
    Ok(DeclaredFolder::new(folder))
}

/// How far the replay of a past is, as a sentence.
fn how_far(begins: Timestamp, at: Timestamp, now: Timestamp) -> String {
    let days = |until: Timestamp| (until.duration_since(begins).as_hours() + 12) / 24;
    format!("Its past is being replayed: {} of {} days so far.", days(at), days(now))
}

/// The cluster that the command line names, where the configuration lists none. What is wrong with it is told at once, while a
/// configured cluster that cannot be asked must not keep the others from being watched.
pub(super) async fn only(args: &ServeArgs, config: &Config) -> Result<Option<(Source, Vantage)>, Stopped> {
    if args.demo || args.manifests.is_some() || !config.clusters.is_empty() {
        return Ok(None);
    }
    let target = target(&args.cluster);
    Ok(Some((Source::connect(&target, tuning(&config.collect)).await?, target.vantage())))
}

/// Watches the cluster of the command line, or those of the configuration.
pub(super) fn watch_clusters(
    tasks: &mut JoinSet<()>,
    only: Option<(String, (Source, Vantage))>,
    shared: &Shared,
    config: &Config,
    key: &RedactionKey,
) {
    if let Some((name, (source, vantage))) = only {
        shared.troubles.set(&name, "It has not answered yet.");
        let settings = seen_from(vantage, settings(config, &name));
        tasks.spawn(follow(source, settings, redactor(config, key), shared.clone()));
        return;
    }
    for cluster in config.clusters.clone() {
        let shared = shared.clone();
        let settings = seen_from(configured_target(&cluster).vantage(), settings(config, &cluster.name));
        let tuning = tuning(&config.collect);
        let redactor = redactor(config, key);
        tasks.spawn(async move {
            shared.troubles.set(&cluster.name, "It has not answered yet.");
            let source = loop {
                match Source::connect(&configured_target(&cluster), tuning.clone()).await {
                    Ok(source) => break source,
                    Err(error) => {
                        tracing::error!(cluster = cluster.name, error = %error, "the cluster cannot be asked");
                        shared.troubles.set(&cluster.name, error.to_string());
                    }
                }
                tokio::time::sleep(ASK_AGAIN).await;
            };
            follow(source, settings, redactor, shared).await;
        });
    }
}

/// Follows one cluster until something ends that for good.
async fn follow(source: Source, mut settings: Settings, redactor: Arc<Redactor>, shared: Shared) {
    let (name, troubles) = (settings.cluster.clone(), shared.troubles.clone());
    settings.recalled = recalled(&shared.store, &name).await.unwrap_or_else(|error| {
        tracing::warn!(cluster = name, error = %error, "what was seen of certificates before cannot be read; they are looked at anew");
        None
    });
    let keeper = Keeper::new(shared, Clock::System).ticking(settings.tick);
    let (collector, handle) = Collector::new(source, settings, redactor, keeper);
    let watcher = tokio::spawn(crate::watcher::tell(handle, name.clone(), troubles.clone()));
    if let Err(error) = Box::pin(collector.run()).await {
        tracing::error!(cluster = name, error = %error, "the cluster is no longer followed");
        troubles.set(&name, error.to_string());
    }
    watcher.abort();
}

fn configured_target(cluster: &ClusterConfig) -> Target {
    if cluster.kubeconfig.is_none() && cluster.context.is_none() {
        return Target::InCluster;
    }
    Target::Kubeconfig { path: cluster.kubeconfig.clone(), context: cluster.context.clone() }
}

/// What an earlier run has seen last of certificates.
async fn recalled(store: &Store, cluster: &str) -> Result<Option<(Timestamp, Sightings)>, StoreError> {
    sightings::latest(&mut *store.read().await?, cluster).await
}

/// Watches a folder of manifests like a cluster.
pub(super) async fn watch_manifests(
    tasks: &mut JoinSet<()>,
    path: &Path,
    args: &ServeArgs,
    shared: &Shared,
    config: &Config,
    key: &RedactionKey,
) -> Result<(), Stopped> {
    let cluster = args.name.clone().unwrap_or_else(|| "files".to_owned());
    let known = known(&shared.store, &cluster).await?;
    shared.troubles.set(&cluster, "Its files have not been read yet.");
    let folder = Folder {
        path: path.to_owned(),
        namespace: args.namespace.clone(),
        redactor: redactor(config, key),
        tick: Duration::from_secs(config.collect.tick_seconds),
        troubles: shared.troubles.clone(),
        sink: Keeper::new(shared.clone(), Clock::System)
            .ticking(Duration::from_secs(config.collect.tick_seconds)),
        known,
        cluster,
    };
    let troubles = shared.troubles.clone();
    tasks.spawn(async move {
        let name = folder.cluster.clone();
        if let Err(error) = folder.run().await {
            tracing::error!(cluster = name, error = %error, "the manifests are no longer followed");
            troubles.set(&name, error.to_string());
        }
    });
    Ok(())
}

/// The objects that an earlier run has left in the history under this name.
async fn known(store: &Store, cluster: &str) -> Result<BTreeSet<ObjectRef>, StoreError> {
    let mut reading = store.read().await?;
    let mut known = BTreeSet::new();
    if let Some(found) = clusters::find(&mut reading, &Scope::All, cluster).await? {
        for info in KINDS {
            let objects = known_objects(&mut reading, found.id, info.kind).await?;
            known.extend(objects.into_iter().map(|known| known.object));
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_says_how_many_days_it_has_played() {
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        let before = |hours: i64| now - jiff::SignedDuration::from_hours(hours);
        let says = |hours| how_far(before(30 * 24), before(hours), now);
        assert_eq!(says(30 * 24), "Its past is being replayed: 0 of 30 days so far.");
        assert_eq!(says(10 * 24 + 1), "Its past is being replayed: 20 of 30 days so far.");
    }
}
