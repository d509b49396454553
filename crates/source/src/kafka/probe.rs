//! Looks at a topic as a source would, without any effect there.

use super::failure::{refused, sorted};
use crate::SourceError;
use crate::settings::KafkaSettings;
use livewell_link::kafka::{Address, Cluster, When};
use livewell_model::probe::Probed;

/// Connects, and looks for the topic and for what it holds.
///
/// # Errors
/// Returns what would keep the source from following the topic.
pub(crate) fn probe(settings: &KafkaSettings) -> Result<Probed, SourceError> {
    let address = Address::parse(&settings.url.0).map_err(refused)?;
    let mut cluster = Cluster::open(address, &settings.topic).map_err(sorted)?;
    let (mut offsets, partitions) = (0, cluster.topic().partitions.clone());
    for partition in &partitions {
        let (topic, leader) = cluster.leader(partition.number).map_err(sorted)?;
        let first = leader.offset(topic, *partition, When::Earliest).map_err(sorted)?;
        offsets += leader.offset(topic, *partition, When::Latest).map_err(sorted)? - first;
    }
    let (topic, partitions) = (&settings.topic, partitions.len());
    Ok(Probed::new(format!("Kafka, topic `{topic}` with {partitions} partitions and {offsets} offsets")))
}
