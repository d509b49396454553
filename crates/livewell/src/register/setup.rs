//! What is to run: sources, queries and reactions, as they are passed to a Livewell.

use crate::component::definition::Spec;
use crate::settings::{Query, Recovery};
use crate::source::setup::SourceSetup;
use livewell_reaction::Reaction;
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
    /// The components as their authors wrote them, by id; for all others the program is the author.
    pub specs: BTreeMap<String, Spec>,
    /// Sources, of any kind.
    pub sources: Vec<SourceSetup>,
    /// Queries, each after the queries that it reads.
    pub queries: Vec<Query>,
    /// Reactions.
    pub reactions: Vec<ReactionSetup>,
}
