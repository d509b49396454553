//! Looks at the cluster as a reaction would, without any effect there.

use super::failure::{refused, sorted};
use super::settings::{Delivery, KafkaSettings};
use crate::ReactionError;
use livewell_link::kafka::{Cluster, topic_exists};
use livewell_model::probe::Probed;

/// Connects, and looks for the topics.
pub(super) fn probe(settings: &KafkaSettings) -> Result<Probed, ReactionError> {
    let address = settings.address().map_err(refused)?;
    let cluster = Cluster::open(address.clone(), &settings.topic).map_err(sorted)?;
    let partitions = cluster.topic().partitions.len();
    let mut said = format!("Kafka, topic `{}` with {partitions} partitions", settings.topic);
    if settings.delivery == Delivery::ExactlyOnce {
        let is_there = topic_exists(&address, &settings.checkpoints).map_err(sorted)?;
        let is_there = if is_there { "is there" } else { "is created at the first start" };
        said = format!("{said}; the topic of checkpoints `{}` {is_there}", settings.checkpoints);
    }
    Ok(Probed::new(said))
}
