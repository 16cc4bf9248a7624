//! A cluster read once, with its records: for comparisons that judge it again with an object changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use posture::gap::GapReason;
use posture::kind::Kind;
use posture::listing::Coverage;
use posture::object::ObjectRef;
use posture::record::Record;
use posture::redact::Redactor;
use posture::snapshot::Reviews;

use super::scan::{once, settings, target, tuning};
use super::{ClusterArgs, Stopped};
use crate::cluster::Source;
use crate::collector::{ClusterSeen, Collector, ScanInput, Sink, SinkError};
use crate::config::Config;

/// What is there.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// Every object, as it is recorded.
    pub(super) records: Vec<Record>,
    /// How much of each kind was read; empty of files.
    pub(super) coverage: BTreeMap<Kind, Coverage>,
    /// The answers about Perijove's own rights.
    pub(super) reviews: Option<Result<Reviews, GapReason>>,
    /// ConfigMaps whose data could not be read.
    pub(super) config_gaps: Vec<((String, String), GapReason)>,
}

/// Reads a cluster once.
pub(super) async fn read_live(
    args: &ClusterArgs,
    config: &Config,
    redactor: Arc<Redactor>,
) -> Result<Live, Stopped> {
    read_source(connect(args, config).await?, config, redactor).await
}

/// Prepares to ask a cluster.
pub(super) async fn connect(args: &ClusterArgs, config: &Config) -> Result<Source, Stopped> {
    Ok(Source::connect(&target(args), tuning(&config.collect)).await?)
}

/// Reads a cluster once over a connection that is there already.
pub(super) async fn read_source(
    source: Source,
    config: &Config,
    redactor: Arc<Redactor>,
) -> Result<Live, Stopped> {
    let server = source.server().to_owned();
    let (collector, handle) = Collector::new(source, settings("cluster", config), redactor, Keep::default());
    Ok(once(&server, collector, handle).await?.live)
}

/// Keeps the last record of each object.
#[derive(Default)]
struct Keep {
    records: BTreeMap<ObjectRef, Record>,
    live: Live,
}

impl Sink for Keep {
    async fn connected(&mut self, _: &ClusterSeen) -> Result<(), SinkError> {
        Ok(())
    }

    async fn records(&mut self, records: &[Record]) -> Result<(), SinkError> {
        self.records.extend(records.iter().map(|record| (record.object.clone(), record.clone())));
        Ok(())
    }

    async fn scan(&mut self, input: &ScanInput) -> Result<(), SinkError> {
        for object in &input.removed {
            self.records.remove(object);
        }
        let gaps =
            input.snapshot.config_data.iter().filter_map(|(place, read)| {
                read.as_ref().err().map(|reason| (place.clone(), reason.clone()))
            });
        self.live = Live {
            records: std::mem::take(&mut self.records).into_values().collect(),
            coverage: input.coverage.clone(),
            reviews: Some(input.snapshot.reviews.clone()),
            config_gaps: gaps.collect(),
        };
        Ok(())
    }
}
