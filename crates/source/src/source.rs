//! What a source is to the pipeline: something that is read from outside and writes what it read in one commit,
//! together with the place to go on from.
//!
//! A runner drives it on one thread, in this order, and owns everything that kinds have in common:
//!
//! 1. [`Source::profile`], once: the id, which settings made its elements, its pace, its clock, whom it waits for.
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
pub use crate::report::{CopyReport, PartReport, Report};

/// Where changes come from.
pub trait Source: Send {
    /// What the runner has to know before it opens the source.
    fn profile(&self) -> Profile;

    /// Starts, or starts again after an error, from what is stored.
    ///
    /// # Errors
    /// If what is stored cannot be read or was made by other settings, or the other side refuses to go on from it.
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
    fn durable(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Shows the other side that the source lives while it reads nothing.
    ///
    /// # Errors
    /// If the other side is out of reach.
    fn keep_alive(&mut self) -> Result<(), SourceError> {
        Ok(())
    }

    /// Makes a transaction of a text that was set aside, or that a person put in its place, as if it had just been read.
    /// `part`: where the text is from, as in [`Input::part`]; `None` if nobody knows.
    ///
    /// # Errors
    /// Says why the text is not a transaction. A source that sets nothing aside refuses every text.
    fn parse_again(&mut self, part: Option<usize>, text: &str) -> Result<Transaction, InputError> {
        let _ = (part, text);
        Err(not_parked_here())
    }

    /// Asks a source that [copies](Profile::copies) for a new copy of one table, or of everything. It takes effect when
    /// the source is opened the next time. Other sources are not asked: what is stored of them is wiped, and they are
    /// opened with nothing.
    ///
    /// # Errors
    /// If there is no such table.
    fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError> {
        let _ = table;
        Ok(())
    }

    /// How far it is and what it is doing.
    fn report(&self) -> Report;

    /// What can be asked of the other side while the source is at work; `None` if nothing can.
    fn other_side(&self) -> Option<Arc<dyn OtherSide>> {
        None
    }
}

/// Why a source that sets nothing aside reads no text again. Under the same id there may have been one that did.
pub fn not_parked_here() -> InputError {
    let message = "a source of this kind reads no such input; discard it, and send what was meant";
    InputError::new(code::SETTINGS, message)
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
    /// How long to leave the source alone before the next read, unless somebody wants something of it: for one that
    /// cannot wait for the other side itself. `None` if it does so within `wait`.
    pub rest: Option<Duration>,
}

impl Read {
    /// Transactions were read.
    pub const TRANSACTIONS: Self = Self { has_work: true, is_busy: true, caught_up: false, rest: None };

    /// There is nothing at the moment; the source is to be asked again after a `rest`.
    pub const fn nothing(rest: Duration) -> Self {
        Self { has_work: false, is_busy: false, caught_up: true, rest: Some(rest) }
    }
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

/// The other side of a source, for questions that come from other threads while the source is at work.
pub trait OtherSide: Send + Sync {
    /// Checks that the source has a table of this name, which can be copied by itself.
    ///
    /// # Errors
    /// Says in words which tables there are; if the store cannot be read.
    fn check_table(&self, table: &str, stored: &dyn Stored) -> Result<(), SourceError>;

    /// Compares what is stored with what the other side has: everything, or one table.
    ///
    /// # Errors
    /// If the other side is out of reach or refuses, or has no such table; if the store cannot be read; if patience is
    /// over.
    fn verify(&self, table: Option<&str>, here: &Here<'_>) -> Result<Verified, SourceError>;

    /// What the source keeps there, as `stored` names it; it stays behind when the source is removed.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn kept_there(&self, stored: &dyn Stored) -> Result<Option<String>, SourceError>;

    /// Drops what [`OtherSide::kept_there`] named, once the source is removed. `store`: as [`Stored::store_name`].
    ///
    /// # Errors
    /// If the other side is out of reach or refuses; says what a person can do instead.
    fn drop_there(&self, store: &str, kept: &str) -> Result<(), SourceError>;
}

/// What [`OtherSide::verify`] compares with.
pub struct Here<'a> {
    /// As [`Stored::store_name`].
    pub store: &'a str,
    /// What is stored now, so that the source can go on meanwhile.
    pub stored: &'a dyn Fn() -> Result<Box<dyn Stored>, SourceError>,
    /// The places of all input that is set aside.
    pub parked: &'a dyn Fn() -> Result<BTreeSet<String>, SourceError>,
    /// How long to wait.
    pub patience: &'a dyn Patience,
}

/// The key of the note that holds a source's position.
pub const POSITION: &[u8] = b"";

/// A piece of input: what is said of it if it cannot be taken in.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Where it is from, in words and without a column: `ops.jsonl:12`.
    pub place: &'a dyn Display,
    /// Which of the source's parts it is of, if these are read in different ways: the number of a file in a list of
    /// several. Else 0.
    pub part: usize,
    /// The text to set aside; `None` if such input stops the source.
    pub text: Option<&'a str>,
    /// Whether the text is all of it, as it came: not cut, and no byte replaced that was no text. Only then can it be
    /// read again as it is.
    pub is_whole: bool,
}

/// What is stored of a source.
pub trait Stored {
    /// A few characters that tell the store from others, for names that a source has on the other side.
    fn store_name(&self) -> &str;

    /// The settings by which what is stored was made; `None` if nothing was read yet.
    ///
    /// # Errors
    /// If the store cannot be read.
    fn definition(&self) -> Result<Option<Definition>, SourceError>;

    /// Whether the source has its first elements; until then queries over it wait.
    fn has_base(&self) -> bool;

    /// A note that the source has written, by its key. That of its position is [`POSITION`]; none begins with a zero byte.
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
    /// Writes a note, or removes it. No key begins with a zero byte.
    fn put_note(&mut self, key: &[u8], value: Option<Vec<u8>>);

    /// Has all notes whose keys begin with `prefix` deleted in the background. No key with this prefix may be used again.
    fn discard_notes(&mut self, prefix: &[u8]);

    /// Adds a transaction to the source's log; returns the store's position after it.
    ///
    /// # Errors
    /// If it does not fit the elements, or is beyond a limit.
    fn add(&mut self, transaction: Transaction) -> Result<u64, SourceError>;

    /// Adds a transaction that was read from a piece of input. One that does not fit the elements or is beyond a limit is
    /// set aside if the input has a text.
    ///
    /// # Errors
    /// If it is refused and the input has no text, with the input's place in front; if there is no room to set it aside;
    /// if the store cannot be read.
    fn add_read(&mut self, transaction: Transaction, input: &Input<'_>) -> Result<(), SourceError>;

    /// Begins a transaction that need not fit in memory, of a source that unwinds no lists: each [`Commit::change`] adds to it, and [`Commit::end`] adds all
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

    /// Sets input aside that is not a change, and why it is not.
    ///
    /// # Errors
    /// If there is no room; if the store cannot be read.
    fn park(&mut self, input: &Input<'_>, reason: &str) -> Result<(), SourceError>;

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
