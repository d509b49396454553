//! What is to run: sources, queries and reactions, as they are handed to a Livewell.

use crate::settings::{Query, Recovery};
use livewell_reaction::Reaction;
use livewell_source::settings::{Clock, FileSettings};
use livewell_source::unwind::Unwind;

/// A source that a program sends into.
#[derive(Debug, Clone, PartialEq)]
pub struct InProcess {
    pub(crate) id: String,
    pub(crate) clock: Clock,
    pub(crate) unwind: Vec<Unwind>,
    pub(crate) mapping: serde_json::Map<String, serde_json::Value>,
}

impl InProcess {
    /// The source `id`. While nothing is sent, its time is the wall's.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), clock: Clock::Wall, unwind: Vec::new(), mapping: serde_json::Map::new() }
    }

    /// Chooses which clock its time follows while nothing is sent.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes nodes of lists in its nodes.
    #[must_use]
    pub fn unwind(mut self, rules: impl IntoIterator<Item = Unwind>) -> Self {
        self.unwind = rules.into_iter().collect();
        self
    }

    /// Says how what is sent was made, in any words: a log tells where that differs from what made it before.
    #[must_use]
    pub fn mapping(mut self, mapping: serde_json::Map<String, serde_json::Value>) -> Self {
        self.mapping = mapping;
        self
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }
}

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
