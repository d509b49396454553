//! Sources as the pipeline sees them: a source reads from outside and writes what it read in one commit, together with
//! the position to resume from.
//!
//! A runner drives it on one thread, in this order, and owns everything that kinds have in common:
//!
//! 1. [`Source::profile`], once: the id, which settings made its elements, its pace, its clock, which sources it waits
//!    for.
//! 2. [`Source::open`] from what is stored, at the start, after every error and after a reset.
//! 3. [`Source::read`], which touches nothing that is stored; then, if that says that there is something to write,
//!    [`Source::take_in`] into a [`Commit`], and [`Source::durable`] once the commit is on disk. The runner waits
//!    between the two while the log is full, and says so with [`Source::keep_alive`].
//!
//! The laws, which `testkit::laws` checks of every kind:
//!
//! * **Nothing is remembered outside of the commit.** The position is a note like any other, and `open` begins from the
//!   notes alone. So a source that is killed anywhere, or whose commit is lost, resumes from its last commit: no piece
//!   of input comes twice, and none is left out.
//! * **Nothing is dropped.** Input that cannot be taken in is an error that names it, or it is set aside with
//!   [`Commit::park`] or [`Commit::add_read`], in the commit that moves the position past it.
//! * **An error costs nothing.** After one the source is opened again; what was read and not committed is read again. A
//!   transaction that is refused refuses its commit, so the runner reads again one by one, and what comes before the
//!   refused one is taken in.
//! * **It is never long in a call.** `read` returns within about `wait`, or when [`Patience::is_over`].

use crate::error::code;
use crate::profile::Profile;
use crate::verified::Verified;
use crate::{InputError, SourceError};
use livewell_model::{Change, Element, Timestamp, Transaction};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

pub use crate::definition::Definition;
pub use crate::report::{CopyReport, PARTS_MAX, Part, PartReport, PartState, Report, Unit};

/// Where changes come from.
pub trait Source: Send {
    /// Returns what the runner has to know before it opens the source.
    fn profile(&self) -> Profile;

    /// Starts, or starts again after an error, from what is stored.
    ///
    /// # Errors
    /// Returns an error if what is stored cannot be read or was made by other settings, or if the other side refuses to
    /// resume from it.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError>;

    /// Reads what comes within `wait`, within the limits, without touching what is stored.
    ///
    /// # Errors
    /// Returns an error if the other side is out of reach or refuses, or if the input cannot be understood. The source
    /// has to be opened again then.
    fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError>;

    /// Writes what was read into a commit, with the position to resume from.
    ///
    /// # Errors
    /// Returns an error if something in it cannot be taken in; the commit is dropped then, and the source has to be
    /// opened again.
    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError>;

    /// Tells the other side that what was taken in is durable, so that it may be discarded there.
    ///
    /// # Errors
    /// Returns an error if the other side is out of reach.
    fn durable(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Tells the other side that the source is alive while it reads nothing.
    ///
    /// # Errors
    /// Returns an error if the other side is out of reach.
    fn keep_alive(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Makes a transaction of a text that was set aside, or of its correction, as if it had just been read. `part`:
    /// where the text is from, as in [`Input::part`]; `None` if that is not known.
    ///
    /// # Errors
    /// Returns why the text is not a transaction. A source that sets nothing aside refuses every text.
    fn parse_again(&mut self, part: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        let _ = (part, text);
        Err(not_parked_here())
    }

    /// Asks a source that [copies](Profile::copies) for a new copy of one table, or of everything. It takes effect when
    /// the source is next opened. Other sources are not asked: their stored data is wiped, and they are opened with
    /// nothing.
    ///
    /// # Errors
    /// Returns an error if there is no such table.
    fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError> {
        let _ = table;
        Ok(())
    }

    /// Returns the progress and the activity of the source.
    fn report(&self) -> Report;

    /// Returns the other side, to ask it questions while the source is at work; `None` if there is nothing to ask.
    fn other_side(&self) -> Option<Arc<dyn OtherSide>> {
        None
    }
}

/// Returns the error that a source that sets nothing aside reads no text again. An earlier source with the same id may
/// have set input aside.
pub fn not_parked_here() -> InputError {
    let message = "a source of this kind reads no such input; discard it, and send what was meant";
    InputError::new(code::SETTINGS, message)
}

/// Limits of one call of [`Source::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Transactions.
    pub transactions: usize,
    /// Bytes, give or take one transaction.
    pub bytes: usize,
    /// Elements of a copy.
    pub elements: usize,
}

/// The outcome of a call of [`Source::read`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Read {
    /// Whether there is something to write: [`Source::take_in`] has to be called.
    pub has_work: bool,
    /// Whether it is taking in transactions or copying, so that its followers may wait for the result.
    pub is_busy: bool,
    /// Whether the other side has nothing more at the moment, and everything that it has is stored.
    pub caught_up: bool,
    /// How long to pause before the next read unless there is a request: for a source that cannot itself wait for the
    /// other side. `None` if it waits within `wait`.
    pub rest: Option<Duration>,
}

impl Read {
    /// Transactions were read.
    pub const TRANSACTIONS: Self = Self { has_work: true, is_busy: true, caught_up: false, rest: None };

    /// Creates the outcome of a read that found nothing; the next read follows after a `rest`.
    pub const fn nothing(rest: Duration) -> Self {
        Self { has_work: false, is_busy: false, caught_up: true, rest: Some(rest) }
    }
}

/// What a source may ask while it waits for the other side.
pub trait Patience {
    /// Returns whether the source is to stop waiting: it is being stopped or reset.
    fn is_over(&self) -> bool;

    /// Shows what it is waiting for.
    fn waits_for(&self, what: &str);

    /// Returns whether somebody waits for the position of the source, which is then stored even if nothing came.
    fn is_watched(&self) -> bool {
        false
    }
}

/// The other side of a source, for questions that come from other threads while the source is at work.
pub trait OtherSide: Send + Sync {
    /// Checks that the source has a table of this name, which can be copied by itself.
    ///
    /// # Errors
    /// Returns an error that lists the existing tables, or one if the store cannot be read.
    fn check_table(&self, table: &str, stored: &dyn Stored) -> Result<(), SourceError>;

    /// Compares what is stored with what the other side has: everything, or one table.
    ///
    /// # Errors
    /// Returns an error if the other side is out of reach or refuses, or has no such table, or if the store cannot be
    /// read, or if patience is over.
    fn verify(&self, table: Option<&str>, here: &Here<'_>) -> Result<Verified, SourceError>;

    /// Returns the name, from `stored`, of what the source keeps there, which stays behind when the source is removed.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn kept_there(&self, stored: &dyn Stored) -> Result<Option<String>, SourceError>;

    /// Drops what [`OtherSide::kept_there`] named, once the source is removed. `store`: see [`Stored::store_name`].
    ///
    /// # Errors
    /// Returns an error, with what a person can do instead, if the other side is out of reach or refuses.
    fn drop_there(&self, store: &str, kept: &str) -> Result<(), SourceError>;
}

/// What [`OtherSide::verify`] compares with.
pub struct Here<'a> {
    /// See [`Stored::store_name`].
    pub store: &'a str,
    /// What is stored now, so that the source can continue meanwhile.
    pub stored: &'a dyn Fn() -> Result<Box<dyn Stored>, SourceError>,
    /// The places of all input that is set aside.
    pub parked: &'a dyn Fn() -> Result<BTreeSet<String>, SourceError>,
    /// How long to wait.
    pub patience: &'a dyn Patience,
}

/// The key of the note that holds a source's position.
pub const POSITION: &[u8] = b"";

/// A piece of input: how messages describe it, and what is kept of it, if it cannot be taken in.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Where it is from, in words and without a column: `ops.jsonl:12`.
    pub place: &'a dyn Display,
    /// The part of the source that it is from, if parts are read in different ways: the number of a file in a list.
    /// Otherwise 0.
    pub part: usize,
    /// The text to set aside; `None` if such input stops the source.
    pub text: Option<&'a str>,
    /// Whether the text is the whole input, as it came: not cut, and no byte that was not text replaced. Only then can
    /// it be read again as it is.
    pub is_whole: bool,
}

/// What is stored of a source.
pub trait Stored {
    /// Returns a short name of the store, which makes names on the other side unique.
    fn store_name(&self) -> &str;

    /// Returns the settings that made what is stored; `None` if nothing was read yet.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn definition(&self) -> Result<Option<Definition>, SourceError>;

    /// Returns whether the source has its first elements; until then queries over it wait.
    fn has_base(&self) -> bool;

    /// Returns a note that the source has written, by its key. The key of its position is [`POSITION`]; no key begins
    /// with a zero byte.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn note(&self, key: &[u8]) -> Result<Option<Vec<u8>>, SourceError>;

    /// Returns at most `most` notes whose keys begin with `prefix`, in the order of their keys, starting after `after`.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn notes(&self, prefix: &[u8], after: Option<&[u8]>, most: usize) -> Result<Vec<Note>, SourceError>;

    /// Returns the present state of an element.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn element(&self, side: Side, id: &str) -> Result<Option<Element>, SourceError>;

    /// Returns at most `most` elements whose ids begin with `prefix`, in the order of their ids, starting after
    /// `after`.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
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
    /// The elements that queries see.
    Live,
    /// The elements of an unfinished copy, which nobody sees.
    Staged,
}

/// An unfinished commit of a source: everything that is written here becomes durable together or not at all.
pub trait Commit: Stored {
    /// Writes a note, or removes it. No key begins with a zero byte.
    fn put_note(&mut self, key: &[u8], value: Option<Vec<u8>>);

    /// Schedules the deletion of all notes whose keys begin with `prefix`. No key with this prefix may be used again.
    fn discard_notes(&mut self, prefix: &[u8]);

    /// Adds a transaction to the source's log; returns the store's position after it.
    ///
    /// # Errors
    /// Returns an error if the transaction does not fit the elements, or is beyond a limit.
    fn add(&mut self, transaction: Transaction) -> Result<u64, SourceError>;

    /// Adds a transaction that was read from a piece of input. One that does not fit the elements or is beyond a limit is
    /// set aside if the input has a text.
    ///
    /// # Errors
    /// Returns an error that begins with the input's place if the transaction is refused and the input has no text, and
    /// one if there is no room to set it aside or the store cannot be read.
    fn add_read(&mut self, transaction: Transaction, input: &Input<'_>) -> Result<(), SourceError>;

    /// Begins a transaction that need not fit in memory, of a source that unwinds no lists: each [`Commit::change`] adds to it, and [`Commit::end`] adds all
    /// of it to the log, as one. Until then elements of [`Side::Live`] are what its changes have made of them.
    /// `timestamp`: when it happened, now if nobody knows.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn begin(&mut self, timestamp: Option<Timestamp>) -> Result<(), SourceError>;

    /// Adds a change to the transaction that was begun.
    ///
    /// # Errors
    /// Returns an error if it does not fit the elements, or is beyond a limit.
    fn change(&mut self, change: Change) -> Result<(), SourceError>;

    /// Adds the transaction that was begun to the source's log; returns the store's position after it.
    ///
    /// # Errors
    /// Returns an error if the store cannot be written, or if none was begun.
    fn end(&mut self) -> Result<u64, SourceError>;

    /// Returns the store's position of the source's last transaction.
    fn position(&self) -> u64;

    /// Sets aside input that is not a change, with the reason.
    ///
    /// # Errors
    /// Returns an error if there is no room, or if the store cannot be read.
    fn park(&mut self, input: &Input<'_>, reason: &str) -> Result<(), SourceError>;

    /// Declares that every position of the store up to this one, since the last [`Commit::set_exact_from`], equals what
    /// the other side had.
    fn set_checked(&mut self, position: u64);

    /// Declares that this position corrects what was wrong before it: no earlier position is known to be exact.
    fn set_exact_from(&mut self, position: u64);

    /// Begins a copy that nobody sees, and drops an earlier unfinished one. Returns its number.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read.
    fn begin_stage(&mut self) -> Result<u32, SourceError>;

    /// Puts an element into the copy, or removes it. `changed`: when it last changed, if that is known.
    ///
    /// # Errors
    /// Returns an error if the store cannot be read, or if the id is beyond a limit.
    fn stage(&mut self, id: &str, element: Option<&Element>, changed: Timestamp) -> Result<(), SourceError>;

    /// Ends the copy: with `as_base` it becomes the source's elements, otherwise it is dropped.
    ///
    /// # Errors
    /// Returns an error if there is no copy.
    fn end_stage(&mut self, as_base: bool, changed: Timestamp) -> Result<(), SourceError>;
}
