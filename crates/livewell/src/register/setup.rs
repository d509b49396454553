//! What is to run: sources, queries and reactions, as they are handed to a Livewell.

use crate::component::definition::Spec;
use crate::settings::{Query, Recovery};
use crate::source::in_process::InProcess;
use livewell_reaction::Reaction;
use livewell_source::settings::FileSettings;
use std::collections::BTreeMap;

/// A reaction, as it is added.
pub struct ReactionSetup {
    /// Its id.
    pub id: String,
    /// The queries it follows.
    pub queries: Vec<String>,
    /// What it does on a gap.
    pub recovery: Recovery,
    /// Whether it runs; paused, it keeps its checkpoint.
    pub enabled: bool,
    /// What it does.
    pub reaction: Box<dyn Reaction>,
}

/// Everything that is to run, registered in one commit before any of it starts.
#[derive(Default)]
pub struct Setup {
    /// By id, how the authors of components have written them; of others the program is the author.
    pub specs: BTreeMap<String, Spec>,
    /// Sources that read files.
    pub files: Vec<FileSettings>,
    /// Sources that are sent to.
    pub channels: Vec<InProcess>,
    /// Sources that follow streams of message brokers.
    #[cfg(feature = "nats")]
    pub streams: Vec<livewell_source::settings::NatsSettings>,
    /// Sources that follow databases.
    #[cfg(feature = "postgres")]
    pub databases: Vec<livewell_source::settings::PostgresSettings>,
    /// Queries; those over others after them.
    pub queries: Vec<Query>,
    /// Reactions.
    pub reactions: Vec<ReactionSetup>,
}
