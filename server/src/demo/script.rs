//! Plays a cluster's history: the beginning, the past, and what goes on while somebody looks.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::files::{self, ClusterFile, HistoryFile, HubFile, LiveFile, MomentFile, Step};
use super::instant::Offset;
use super::template::{self, Vars};
use super::world::World;
use super::{DemoCluster, DemoError, Moment, ObjectKey, Op, certificates, chart, controllers, pods};

/// What happens from now on, one moment after the other, without end.
#[derive(Debug, Clone)]
pub struct Live {
    world: World,
    vars: Vars,
    now: Timestamp,
    file: LiveFile,
    /// How many moments have been played.
    played: usize,
}

impl Live {
    /// Every object after what has been played so far.
    pub fn objects(&self) -> Vec<Value> {
        self.world.objects.values().cloned().collect()
    }

    /// What the hubs are rendered from, a file for each.
    pub(super) fn declared(&self) -> Result<Vec<(String, String)>, DemoError> {
        let files =
            self.world.hubs.iter().map(|(release, hub)| {
                Ok((format!("{release}.yaml"), chart::printed(&hub.file, hub.revision)?))
            });
        files.collect()
    }

    /// Whether a hub of this Helm release is installed.
    #[cfg(test)]
    pub(super) fn has_hub(&self, release: &str) -> bool {
        self.world.hubs.contains_key(release)
    }

    /// Ends what happens while somebody looks: the cluster stays as it is.
    pub(super) fn stop(&mut self) {
        self.file.once.clear();
        self.file.round.clear();
        self.played = 0;
    }

    fn upcoming(&self) -> Option<MomentFile> {
        if let Some(moment) = self.file.once.get(self.played) {
            return Some(moment.clone());
        }
        let number = self.played - self.file.once.len();
        let round = i64::try_from(number.checked_div(self.file.round.len())?).ok()?;
        let mut moment = self.file.round[number % self.file.round.len()].clone();
        moment.at = Offset(self.file.from.0 + round * self.file.period.0 + moment.at.0);
        Some(moment)
    }
}

impl Iterator for Live {
    type Item = Moment;

    /// The next moment. A script that cannot be played further ends; the tests play several rounds of each.
    fn next(&mut self) -> Option<Moment> {
        let upcoming = self.upcoming()?;
        self.played += 1;
        play_moment(&mut self.world, &self.vars, self.now, &upcoming).ok()
    }
}

/// Builds a cluster and plays its past up to `now`.
pub(super) fn play(name: &str, now: Timestamp) -> Result<DemoCluster, DemoError> {
    let mut file: ClusterFile = files::one(&format!("clusters/{name}.yaml"))?;
    file.vars.insert(template::NOW.to_owned(), now.as_second().into());
    let made = certificates::make(name, now)?;
    file.vars.extend(made.vars);
    let history: HistoryFile = files::one(&format!("history/{name}.yaml"))?;
    let begins = history.begins.from(now);
    let mut world = World::new(&file.name, &file.pod_prefix, &file.service_prefix, now);
    found(&mut world, &file, now)?;
    world.now = begins;
    world.take_journal();
    let objects = world.objects.values().cloned().collect();
    let mut past = Vec::new();
    for moment in &history.past {
        past.push(play_moment(&mut world, &file.vars, now, moment)?);
    }
    Ok(DemoCluster {
        name: file.name,
        provider: file.provider,
        kubernetes: file.kubernetes,
        denied: file.denied,
        begins,
        objects,
        past,
        live: Live { world, vars: file.vars, now, file: history.live, played: 0 },
        sights: made.sights,
        script: made.script,
        expected: file.expect,
    })
}

/// Makes the cluster and its hubs, each at its own instant, then lets the controllers work since the machines started.
fn found(world: &mut World, file: &ClusterFile, now: Timestamp) -> Result<(), DemoError> {
    world.now = file.age.from(now);
    for platform in &file.platform {
        platform_file(world, platform, &file.vars, "kubectl-create")?;
    }
    for object in &file.objects {
        world.patch(&fill(object, &file.vars, &file.name)?, "kubectl-client-side-apply")?;
    }
    let mut hubs: Vec<HubFile> = file.hubs.clone();
    hubs.sort_by_key(|hub| hub.installed);
    for hub in &hubs {
        world.now = hub.installed.from(now);
        chart::install(world, hub.clone())?;
    }
    world.now = file.restarted.from(now);
    controllers::reconcile(world)?;
    for hub in &hubs {
        for user in &hub.users {
            world.now = user.since.from(now);
            chart::spawn(world, &hub.release, &user.name)?;
        }
    }
    Ok(())
}

fn play_moment(
    world: &mut World,
    vars: &Vars,
    now: Timestamp,
    moment: &MomentFile,
) -> Result<Moment, DemoError> {
    world.now = moment.at.from(now);
    for step in &moment.steps {
        take(world, vars, step).map_err(|error| {
            DemoError::new(format!("history of {}, {}", world.cluster, moment.why), &error)
        })?;
    }
    controllers::reconcile(world)?;
    Ok(Moment {
        at: world.now,
        offset: moment.at.0,
        why: moment.why.clone(),
        ops: last_of_each(world.take_journal()),
    })
}

fn take(world: &mut World, vars: &Vars, step: &Step) -> Result<(), DemoError> {
    match step {
        Step::Spawn { hub, user } => chart::spawn(world, hub, user),
        Step::Stop { hub, user } => chart::stop(world, hub, user),
        Step::Apply { manager, object } => world.patch(&fill(object, vars, "apply")?, manager).map(drop),
        Step::Pods { namespace, labels, patch } => {
            pods::touch(world, namespace, labels, &fill(patch, vars, "pods")?)
        }
        Step::Delete { api_version, kind, namespace, name } => {
            let key = ObjectKey {
                api_version: api_version.clone(),
                kind: kind.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            };
            if !world.objects.contains_key(&key) {
                return Err(DemoError::new("delete", &format!("there is no {kind} {namespace}/{name}")));
            }
            world.delete(&key);
            Ok(())
        }
        Step::Install(hub) => chart::install(world, HubFile::clone(hub)),
        Step::Upgrade { hub, chart: version, parts, vars, patches, user_patches } => {
            let mut file = chart::hub(world, hub)?.file.clone();
            file.vars.extend(vars.clone());
            file.chart = version.clone().unwrap_or(file.chart);
            file.parts = parts.clone().unwrap_or(file.parts);
            file.patches = patches.clone().unwrap_or(file.patches);
            file.user_patches = user_patches.clone().unwrap_or(file.user_patches);
            chart::install(world, file)
        }
        Step::Platform { manager, file } => platform_file(world, file, vars, manager),
    }
}

fn platform_file(world: &mut World, name: &str, vars: &Vars, manager: &str) -> Result<(), DemoError> {
    let path = format!("platform/{name}.yaml");
    for object in files::all(&path)? {
        world.patch(&fill(&object, vars, &path)?, manager)?;
    }
    Ok(())
}

fn fill(object: &Value, vars: &Vars, place: &str) -> Result<Value, DemoError> {
    template::fill(object, vars).map_err(|problem| DemoError::new(place, &problem))
}

/// Drops what a later operation of the same moment makes invisible. A deletion stays, also before a new creation: the
/// new object is another one.
fn last_of_each(ops: Vec<Op>) -> Vec<Op> {
    let mut later: BTreeSet<ObjectKey> = BTreeSet::new();
    let mut kept: Vec<Op> = Vec::new();
    for op in ops.into_iter().rev() {
        let key = match &op {
            Op::Put(object) => super::world::key_of(object).ok(),
            Op::Delete(key) => Some(key.clone()),
        };
        let first = key.is_some_and(|key| later.insert(key));
        if first || matches!(op, Op::Delete(_)) {
            kept.push(op);
        }
    }
    kept.reverse();
    kept
}
