//! What a source is to the pipeline: something that is read from outside and writes what it read in one commit,
//! together with the place to go on from.
//!
//! A runner drives it: [`Source::open`] from what is stored, then [`Source::read`] and, if that says that there is
//! something to write, [`Source::take_in`] into a commit, and [`Source::durable`] once the commit is on disk. Nothing
//! is remembered outside of the commit, so a source that is killed anywhere goes on from its last commit.

use crate::SourceError;
use livewell_model::{Change, Element, Timestamp, Transaction};
use std::time::Duration;

/// Where changes come from.
pub trait Source: Send {
    /// Starts, or starts again after an error, from what is stored.
    ///
    /// # Errors
    /// If what is stored cannot be read, or the other side refuses to go on from it.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError>;

    /// Reads what comes within `wait`, within the limits, without touching what is stored.
    ///
    /// # Errors
    /// If the other side is out of reach or refuses, or what comes cannot be understood. The source has to be opened
    /// again then.
    fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError>;

    /// Writes what was read into a commit, with the place to go on from.
    ///
    /// # Errors
    /// If something in it cannot be taken in; the commit is dropped then, and the source has to be opened again.
    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError>;

    /// What was taken in is durable: the other side may forget it.
    ///
    /// # Errors
    /// If the other side is out of reach.
    fn durable(&mut self) -> Result<(), SourceError>;

    /// Shows the other side that the source lives while it reads nothing.
    ///
    /// # Errors
    /// If the other side is out of reach.
    fn keep_alive(&mut self) -> Result<(), SourceError>;

    /// Asks for a new copy of one table, or of everything. It takes effect when the source is opened the next time.
    ///
    /// # Errors
    /// If there is no such table.
    fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError>;

    /// How far it is and what it is doing.
    fn report(&self) -> Report;
}

/// The most that one call of [`Source::read`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Transactions.
    pub transactions: usize,
    /// Bytes, give or take one transaction.
    pub bytes: usize,
    /// Elements of a copy.
    pub elements: usize,
}

/// What a call of [`Source::read`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Read {
    /// Whether there is something to write: [`Source::take_in`] has to be called.
    pub has_work: bool,
    /// Whether it is taking transactions in or copying, so that those who follow it may wait for what comes of that.
    pub is_busy: bool,
    /// Whether the other side has nothing more at the moment, and everything stored is what it has.
    pub caught_up: bool,
}

/// What a source may ask while it waits for the other side.
pub trait Patience {
    /// Whether the source is to stop waiting: it is being stopped or reset.
    fn is_over(&self) -> bool;

    /// Shows what it is waiting for.
    fn waits_for(&self, what: &str);

    /// Whether somebody waits for how far the source is, so that it is to be stored though nothing came.
    fn is_watched(&self) -> bool {
        false
    }
}

/// What is stored of a source.
pub trait Stored {
    /// Whether the source has its first elements; until then queries over it wait.
    fn has_base(&self) -> bool;

    /// A note that the source has written, by its key. The empty key is that of its position.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError>;

    /// At most `most` notes whose keys begin with `prefix`, in the order of their keys, from the one after `after` on.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError>;

    /// An element as it is.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError>;

    /// At most `most` elements whose ids begin with `prefix`, in the order of their ids, from the one after `after` on.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn elements(
        &self,
        side: Side,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Element>, SourceError>;
}

/// A note's key and what it says.
pub type Note = (Vec<u8>, Vec<u8>);

/// Which elements are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Those that queries see.
    Live,
    /// Those of a copy in the making, which nobody sees.
    Staged,
}

/// One commit of a source in the making: everything that is written here becomes durable at once or not at all.
pub trait Commit: Stored {
    /// Writes a note, or removes it.
    fn put_note(&mut self, key: &[u8], value: Option<Vec<u8>>);

    /// Has all notes whose keys begin with `prefix` deleted in the background. No key with this prefix may be used again.
    fn discard_notes(&mut self, prefix: &[u8]);

    /// Adds a transaction to the source's log; returns the store's position after it.
    ///
    /// # Errors
    /// If it does not fit the elements, or is beyond a limit.
    fn add(&mut self, transaction: Transaction) -> Result<u64, SourceError>;

    /// Begins a transaction that need not fit in memory: each [`Commit::change`] adds to it, and [`Commit::end`] adds all
    /// of it to the log, as one. Until then elements of [`Side::Live`] are what its changes have made of them.
    /// `timestamp`: when it happened, now if nobody knows.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn begin(&mut self, timestamp: Option<Timestamp>) -> Result<(), SourceError>;

    /// Adds a change to the transaction that was begun.
    ///
    /// # Errors
    /// If it does not fit the elements, or is beyond a limit.
    fn change(&mut self, change: Change) -> Result<(), SourceError>;

    /// Adds the transaction that was begun to the source's log; returns the store's position after it.
    ///
    /// # Errors
    /// If the store cannot be written, or none was begun.
    fn end(&mut self) -> Result<u64, SourceError>;

    /// The store's position of the source's last transaction.
    fn position(&self) -> u64;

    /// Sets input aside that is not a change: where it is from, its text, and why.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn park(&mut self, place: &str, text: &str, reason: &str) -> Result<(), SourceError>;

    /// Every position of the store up to this one, from where [`Commit::set_exact_from`] said last, is exactly what the
    /// other side had.
    fn set_checked(&mut self, position: u64);

    /// What is stored at this position mends what was wrong before it: no position before it is known to be exact.
    fn set_exact_from(&mut self, position: u64);

    /// Begins a copy that nobody sees, and gives up one that was begun before. Returns its number.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn begin_stage(&mut self) -> Result<u32, SourceError>;

    /// Puts an element into the copy, or removes it. `changed`: when it last changed, as far as that is known.
    ///
    /// # Errors
    /// If the store cannot be read; if the id is beyond a limit.
    fn stage(&mut self, id: &str, element: Option<&Element>, changed: Timestamp) -> Result<(), SourceError>;

    /// Ends the copy: `as_base` makes it the source's elements, else it is dropped.
    ///
    /// # Errors
    /// If there is no copy.
    fn end_stage(&mut self, as_base: bool, changed: Timestamp) -> Result<(), SourceError>;
}

/// How far a source is and what it is doing, for people to look at.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Report {
    /// Whether everything stored is known to be exactly what the other side has at the stored position; `None` for
    /// kinds that cannot tell.
    pub is_checked: Option<bool>,
    /// A copy under way.
    pub copy: Option<CopyReport>,
    /// How many bytes of the other side's log are before it.
    pub behind_bytes: Option<u64>,
    /// When the last transaction that was taken in was committed on the other side.
    pub last_commit: Option<Timestamp>,
    /// How many bytes the other side keeps for it.
    pub kept_bytes: Option<u64>,
    /// How many more bytes the other side can write before what it keeps is in danger; `None` if there is no limit.
    pub safe_bytes: Option<u64>,
    /// What it waits for on the other side.
    pub waits_for: Option<String>,
    /// What somebody has to mend before everything can be followed; it goes on by itself then.
    pub refusal: Option<SourceError>,
}

/// How far a copy is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CopyReport {
    /// The tables being copied.
    pub tables: Vec<String>,
    /// How many rows have been copied.
    pub rows: u64,
    /// About how many rows there are; `None` if nobody knows.
    pub rows_expected: Option<u64>,
    /// Rows a second, over the last while.
    pub rate: f64,
}
