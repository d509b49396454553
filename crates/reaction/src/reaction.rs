//! The interface of everything that acts on query results.

use crate::ReactionError;
use crate::attempts::{Attempts, Place};
use crate::reached::Reached;
use crate::target::Target;
use livewell_model::diff::Columns;
use livewell_model::json::ResultShape;
use livewell_model::{QueryResult, SmolStr, Timestamp};
use std::error::Error;
use std::sync::Arc;

/// The role of a reaction towards the outside world, which decides how it starts and which recovery fits it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Acts on changes: starts at the head, and can only skip a gap.
    Trigger,
    /// Keeps a copy of the live results: starts from a snapshot, and can be rebuilt after a gap.
    StateKeeper,
}

/// How a reaction takes its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Every query result, one after another, through [`Reaction::deliver`].
    Results,
    /// The whole state whenever it changed (several results may coalesce), through [`Reaction::replace`].
    /// For state-keepers alone; one of [`Style::Results`] gets a snapshot to begin with and after a gap.
    Snapshots,
}

/// A query result to deliver, with what its stored form leaves out.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The query it is from.
    pub query_id: &'a str,
    /// The epoch its sequence counts in.
    pub epoch: u64,
    /// The query's column names.
    pub columns: &'a [SmolStr],
    /// The result.
    pub result: &'a QueryResult,
}

impl<'a> Outgoing<'a> {
    /// Returns the result in the shape of its JSON.
    pub fn shape(&self) -> ResultShape<'a> {
        ResultShape { query_id: self.query_id, epoch: self.epoch, names: self.columns, result: self.result }
    }
}

/// A row of a snapshot: its signature and values, or why the snapshot cannot be read further.
pub type SnapshotRow = Result<(u64, Columns), Box<dyn Error + Send + Sync>>;

/// The live results of one query at one sequence, streamed.
pub struct SnapshotOf<'a> {
    /// The query.
    pub query_id: &'a str,
    /// The epoch the sequence counts in.
    pub epoch: u64,
    /// The sequence of the snapshot; 0 is the epoch's base.
    pub sequence: u64,
    /// The position of the store that led to it.
    pub position: u64,
    /// The query's column names.
    pub columns: &'a [SmolStr],
    /// The rows, ascending by signature, each once.
    pub rows: &'a mut dyn Iterator<Item = SnapshotRow>,
}

/// The clock for times that a reaction writes outside; it makes no decisions by it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a reaction is started with.
#[derive(Clone)]
pub struct Start<'a> {
    /// The store's random identity in hexadecimal digits. Names outside contain it, so that another store's history is
    /// never mistaken for this one.
    pub store: &'a str,
    /// The reaction's id.
    pub reaction: &'a str,
    /// The detail of the checkpoint; `None`: start over, because nothing is stored yet or all of it was given up.
    pub detail: Option<&'a [u8]>,
    /// The last results, at the start, of the queries that it follows.
    pub heads: &'a [Reached],
    /// The clock.
    pub now: Now,
    /// Where a reaction that says [`Reaction::notes_attempts`] notes each of its attempts.
    pub attempts: Arc<Attempts>,
}

/// The state of a reaction after [`Reaction::start`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Started {
    /// The present detail. It has to be stored before the first delivery, so that it is found after a crash during that
    /// delivery.
    pub detail: Vec<u8>,
    /// Whether what the reaction keeps is missing and has to be replaced by a snapshot.
    pub rebuild: bool,
    /// The positions of the outside world in the feeds, if it knows them: they override the stored checkpoints.
    pub reached: Vec<Reached>,
}

/// The outcome of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// How many of the given results are completely effected; the others have to be delivered again.
    pub results: usize,
    /// The new detail, which also covers the progress within the next result.
    pub detail: Vec<u8>,
    /// What the outside world refused, set aside. A target that keeps the checkpoint itself must not have effected the
    /// results that letters are about: it returns the letters with a detail that says so, and effects the results once
    /// they are delivered again, without what was set aside. A crash behind its own commit would lose the letters.
    pub dead: Vec<DeadLetter>,
}

impl Delivered {
    /// Creates the outcome that all of `results` are effected.
    pub fn all(results: &[Outgoing<'_>], detail: Vec<u8>) -> Self {
        Self { results: results.len(), detail, dead: Vec::new() }
    }
}

/// What could not be delivered and is kept so that a person can send it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The key it has outside, the same whenever it is sent.
    pub key: String,
    /// What is sent.
    pub body: Vec<u8>,
    /// Why it was refused.
    pub reason: String,
    /// What it is about and how often it was tried, if that is known.
    pub origin: Option<Origin>,
}

/// What a dead letter is about, and how often it was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The result that it is made of.
    pub of: Place,
    /// Which message of this result, if each diff makes one.
    pub index: Option<u64>,
    /// How often it was tried, as far as the process knew that tried it.
    pub tries: u32,
    /// When it was first tried, as far as that process knew.
    pub first_at: Timestamp,
}

/// Acts on query results. Driven by one thread at a time; calls may block.
///
/// The law: after `start` with the detail of some checkpoint, the outside world is as it was when that detail was
/// returned, however often and wherever later calls were cut off; or it reports its position itself
/// ([`Started::reached`]). So delivering again what came after has its effect once. A reaction that can only promise
/// *at least once* repeats what came after the checkpoint under the keys it had before. After an error from `deliver`
/// or `replace` the same call may be repeated, or the reaction started again; never the next one made.
pub trait Reaction: Send {
    /// Returns the role of the reaction.
    fn role(&self) -> Role;

    /// Returns how it takes its input.
    fn style(&self) -> Style;

    /// Returns what the detail of a checkpoint, and a checkpoint in the target, are about: the kind of the reaction and
    /// what names the things that it keeps, without secrets and without the address of a server, which may move. A
    /// reaction that was stopped under one identity and is started under another begins in the new target: what is
    /// stored says nothing about that. Empty, by default: it is always the same.
    fn identity(&self) -> String {
        String::new()
    }

    /// Resumes in the outside world from the state in the checkpoint's detail.
    ///
    /// # Errors
    /// Returns [`ReactionError`] if the outside world does not match the detail and cannot be brought there.
    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError>;

    /// Returns whether it notes its attempts itself, at what it sends one by one; otherwise its driver notes each
    /// delivery as one.
    fn notes_attempts(&self) -> bool {
        false
    }

    /// Effects the results, in order and durably, all or the first of them.
    ///
    /// # Errors
    /// Returns [`ReactionError`] if none could be effected; always for [`Style::Snapshots`].
    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let _ = results;
        Err(ReactionError::OtherStyle { takes: "snapshots", given: "results" })
    }

    /// Replaces what it keeps by the snapshot, atomically and durably; returns the new detail.
    ///
    /// # Errors
    /// Returns [`ReactionError`] if the snapshot could not be read or put in place; always for [`Role::Trigger`].
    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let _ = snapshot;
        Err(ReactionError::OtherStyle { takes: "results", given: "a snapshot" })
    }

    /// Takes what the last [`Reaction::replace`] has set aside. If that is anything, nothing was replaced: the letters are
    /// stored with the detail that it returned, and the next call gets a snapshot again, of which it may set aside more.
    fn dead(&mut self) -> Vec<DeadLetter> {
        Vec::new()
    }

    /// Returns its target, to be read while the reaction is at work; `None` if it keeps nothing that can be compared
    /// with the live results.
    fn target(&self) -> Option<Arc<dyn Target>> {
        None
    }

    /// Sends a dead letter again, out of order. The letter is removed in a commit that follows; a crash in between leads to
    /// another call for the same letter.
    ///
    /// # Errors
    /// Returns [`ReactionError`] if it was not taken again; always for a reaction that sets nothing aside.
    fn resend(&mut self, letter: &DeadLetter) -> Result<(), ReactionError> {
        let _ = letter;
        Err(ReactionError::OtherStyle { takes: "no dead letters", given: "one" })
    }
}
