//! Drives a source as the pipeline does, with faults on request.

use super::Memory;
use crate::SourceError;
use crate::source::{Patience, Read, ReadLimits, Report, Source};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often a source is kept alive while the log is full.
const HELD_UP: usize = 3;

/// What goes wrong in a step that has something to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The process is killed between `read` and `take_in`.
    AfterRead,
    /// The process is killed between `take_in` and the end of the commit, which is lost.
    AfterTakeIn,
    /// The process is killed when the commit is stored, before `durable`.
    BeforeDurable,
    /// The commit is lost, and the same source is opened again.
    CommitLost,
    /// The log is full for a while, and then takes the commit.
    HeldUp,
    /// The log is full until the same source is opened again.
    StoppedWhileHeldUp,
}

/// A source, the store it writes to, and where it is between the two.
pub struct Driver<S> {
    make: Box<dyn Fn() -> S>,
    source: S,
    is_open: bool,
    /// What is stored of the source.
    pub memory: Memory,
    /// The limits of one step.
    pub limits: ReadLimits,
    /// What the source waits for.
    pub watcher: Watcher,
}

impl<S: Source> Driver<S> {
    /// Creates a driver with an empty store. `make`: the source as a new process has it.
    pub fn new(make: impl Fn() -> S + 'static) -> Self {
        let source = make();
        let memory = Memory::new(source.profile().copies);
        Self {
            source,
            make: Box::new(make),
            is_open: false,
            memory,
            limits: ReadLimits { transactions: 1_000, bytes: 1 << 20, elements: 1_000 },
            watcher: Watcher::default(),
        }
    }

    /// Opens the source if it is not open, reads, and writes what it read.
    ///
    /// # Errors
    /// Returns the error of the source. The next step opens it again.
    pub fn step(&mut self, wait: Duration) -> Result<Read, SourceError> {
        self.step_with(wait, None)
    }

    /// Like [`Driver::step`], with a fault if the source has something to write.
    ///
    /// # Errors
    /// Returns the error of the source. The next step opens it again.
    pub fn step_with(&mut self, wait: Duration, fault: Option<Fault>) -> Result<Read, SourceError> {
        let result = self.try_step(wait, fault);
        if result.is_err() {
            self.is_open = false;
        }
        result
    }

    fn try_step(&mut self, wait: Duration, fault: Option<Fault>) -> Result<Read, SourceError> {
        self.open()?;
        let read = self.source.read(self.limits, wait, &self.watcher)?;
        if !read.has_work {
            return Ok(read);
        }
        if fault == Some(Fault::AfterRead) {
            self.kill();
            return Ok(read);
        }
        if matches!(fault, Some(Fault::HeldUp | Fault::StoppedWhileHeldUp)) {
            for _ in 0..HELD_UP {
                self.source.keep_alive()?;
            }
            if fault == Some(Fault::StoppedWhileHeldUp) {
                self.is_open = false;
                return Ok(read);
            }
        }
        let mut commit = self.memory.begin();
        self.source.take_in(&mut commit)?;
        match fault {
            Some(Fault::AfterTakeIn) => {
                self.kill();
                return Ok(read);
            }
            Some(Fault::CommitLost) => {
                self.is_open = false;
                return Ok(read);
            }
            _ => self.memory.keep(commit),
        }
        if fault == Some(Fault::BeforeDurable) {
            self.kill();
        } else {
            self.source.durable()?;
        }
        Ok(read)
    }

    /// Opens the source if it is not open.
    ///
    /// # Errors
    /// Returns the error of the source.
    pub fn open(&mut self) -> Result<(), SourceError> {
        if !self.is_open {
            self.source.open(&self.memory)?;
            self.memory.definition = Some(self.source.profile().definition);
            self.is_open = true;
        }
        Ok(())
    }

    /// Returns whether the source is open: whether it has in memory what is stored.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Makes the next step open the same source again.
    pub fn reopen(&mut self) {
        self.is_open = false;
    }

    /// Drops the source as it is and puts the one of a new process in its place.
    pub fn kill(&mut self) {
        self.is_open = false;
        self.source = (self.make)();
    }

    /// Drops the source and puts another one in its place, also in that of every later process: other settings.
    pub fn replace(&mut self, make: impl Fn() -> S + 'static) {
        self.make = Box::new(make);
        self.kill();
    }

    /// Asks the source for a new copy, or wipes what is stored of one that does not copy, and opens it again.
    ///
    /// # Errors
    /// Returns an error if there is no such table.
    pub fn reset(&mut self, table: Option<&str>) -> Result<(), SourceError> {
        self.is_open = false;
        if self.copies() {
            return self.source.reset(table);
        }
        self.memory = Memory::new(false);
        Ok(())
    }

    /// Returns whether the source copies.
    pub fn copies(&self) -> bool {
        self.source.profile().copies
    }

    /// Returns the report of the source.
    pub fn report(&self) -> Report {
        self.source.report()
    }
}

/// A [`Patience`] that lasts until [`Watcher::set_over`] and remembers what was waited for.
#[derive(Debug, Default)]
pub struct Watcher {
    is_over: AtomicBool,
    waits: Mutex<Vec<String>>,
}

impl Watcher {
    /// Ends the patience, or begins it again.
    pub fn set_over(&self, is_over: bool) {
        self.is_over.store(is_over, Ordering::Release);
    }

    /// Returns everything that was waited for since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.waits.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Patience for Watcher {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    fn waits_for(&self, what: &str) {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).push(what.to_owned());
    }
}
