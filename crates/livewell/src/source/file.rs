//! Sources at work: files that are read, and channels (`channel`) that a program or the server sends into.

use super::full::wait_for_room;
use super::key::position_key;
use super::tick;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::run::supervise::{caught_up, failed, stopped};
use crate::source::failure::{source_error, wrap};
use crate::source::intake::Intake;
use crate::source::pace::Pace;
use crate::source::parked::{self, Input, Origin};
use crate::source::remembered::{self, Definition};
use crate::source::wipe::wipe;
use livewell_source::ErrorKind as SourceErrorKind;
use livewell_source::file::{Batch, FilePosition, FileSource, Parser};
use livewell_source::settings::{Clock, FileSettings};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const FOLLOW: Duration = Duration::from_millis(100);

/// A `file` source at work.
pub(crate) struct FileRunner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) settings: FileSettings,
}

/// Runs a `file` source to its end, or until everything stops. A reset reads everything anew.
pub(crate) fn run_file(runner: &FileRunner) {
    let (shared, component) = (&runner.shared, &runner.component);
    component.drift().goes_by_clock(runner.settings.clock == Some(Clock::Wall));
    runner.wait_for_others();
    while !shared.is_stopping(component) {
        component.set(State::Running);
        let is_reset = component.reset.swap(false, Ordering::AcqRel);
        let result = if is_reset {
            Definition::of_files(&runner.settings)
                .check_wipe(shared, component)
                .and_then(|()| wipe(shared, component))
        } else {
            runner.read_to_end().and_then(|()| runner.rest())
        };
        if let Err(error) = result {
            runner.meet(&error);
            if error.passes_by_itself() {
                component.reset.fetch_or(is_reset, Ordering::AcqRel);
            } else if !is_another_file(&error) && !error.is_damage() {
                // What stood in the way is gone; what was read is still what it was.
                component.reset.store(false, Ordering::Release);
            }
        }
    }
    stopped(shared, component);
}

/// Whether the files are no longer those that were read, so that there is nothing to go on from.
fn is_another_file(error: &Error) -> bool {
    source_error(error)
        .is_some_and(|error| matches!(error.kind, SourceErrorKind::Changed | SourceErrorKind::Position))
}

impl FileRunner {
    /// Waits until the sources this one comes after have been read to their end.
    fn wait_for_others(&self) {
        loop {
            // Looked up each time: one that was stopped and started again is another component.
            let others: Vec<_> =
                self.settings.after.iter().filter_map(|id| self.shared.component(id).ok()).collect();
            others.iter().for_each(|other| self.shared.bells.listen(other.number, &self.component.bell));
            if self.shared.is_stopping(&self.component)
                || others.iter().all(|other| other.state() == State::CaughtUp)
            {
                break;
            }
            let numbers: Vec<u32> = others.iter().map(|other| other.number).collect();
            match self.shared.in_error(&numbers) {
                Some(other) => self.component.blocked_by(&other),
                None => {
                    self.component.recovered();
                    self.component.set(State::Waiting);
                }
            }
            self.component.bell.wait(Duration::from_millis(200));
        }
        self.component.recovered();
    }

    /// Waits at the end of the files for a reset, or for everything to stop.
    fn rest(&self) -> Result<(), Error> {
        while !self.is_interrupted() {
            self.carry_out_orders()?;
            caught_up(&self.shared, &self.component);
            self.component.bell.wait(self.tick()?);
        }
        Ok(())
    }

    /// Logs a tick where one is due and the clock is the wall's. Gives how long to wait at most.
    fn tick(&self) -> Result<Duration, Error> {
        match self.settings.clock {
            Some(Clock::Wall) => tick::tick(&self.shared, &self.component),
            _ => Ok(tick::LOOK),
        }
    }

    /// Waits where there is no room for what has to be parked, else stops.
    fn meet(&self, error: &Error) {
        let (shared, component) = (&self.shared, &self.component);
        match wait_for_room(shared, component, error, || self.carry_out_orders()) {
            Ok(true) => {}
            Ok(false) => failed(shared, component, error),
            Err(error) => failed(shared, component, &error),
        }
    }

    fn is_interrupted(&self) -> bool {
        self.shared.is_interrupted(&self.component)
    }

    /// Does what was asked for about the parked input.
    fn carry_out_orders(&self) -> Result<(), Error> {
        self.shared.damages.check(self.component.number)?;
        if !self.component.is_ordered() {
            return Ok(());
        }
        let mut parser = Parser::new(&self.settings);
        parked::carry_out(&self.shared, &self.component, &mut |origin, text| {
            parser.parse(origin.map(|origin| origin.file), text)
        })
    }

    /// Reads on from where reading stands. A transaction that is refused refuses its batch, so from there on
    /// they are taken in one by one: what comes before it goes in, and it is named.
    fn read_to_end(&self) -> Result<(), Error> {
        match self.read_batches(self.shared.limits.step_transactions_max) {
            Err(error) if error.is_of_one_input() => self.read_batches(1),
            result => result,
        }
    }

    fn read_batches(&self, transactions_max: usize) -> Result<(), Error> {
        let mut file = self.open()?;
        let mut pace = Pace::new(self.settings.rate);
        while !self.is_interrupted() {
            self.carry_out_orders()?;
            let bytes_max = self.shared.limits.step_bytes_max;
            let batch = file.read(pace.transactions_max(transactions_max), bytes_max).map_err(wrap)?;
            let (changes, end) = (batch.transactions.iter().map(|t| t.changes.len()).sum(), batch.end);
            let empty = batch.transactions.is_empty() && batch.parked.is_empty();
            if !empty || end {
                self.component.set(State::Running);
                self.take_in(batch).map_err(|error| self.name(error, &file))?;
            }
            if end {
                return Ok(());
            }
            if empty {
                caught_up(&self.shared, &self.component);
                self.component.bell.wait(FOLLOW.min(self.tick()?));
            }
            pace.keep(changes, &self.shared, &self.component);
        }
        Ok(())
    }

    /// Opens the files where reading stands, if what was read is what the settings would make of it.
    fn open(&self) -> Result<FileSource, Error> {
        let (shared, component) = (&self.shared, &self.component);
        let definition = Definition::of_files(&self.settings);
        definition.check_kind(shared, component)?;
        let position = self.position()?;
        let begun = remembered::begun(&self.settings, position.as_ref());
        definition.check_files(shared, component, begun)?;
        let file = match FileSource::open(self.settings.clone(), position) {
            Ok(file) => file,
            Err(error) => return Err(wrap(definition.explain_file(shared, component, error)?)),
        };
        definition.keep(shared, component)?;
        Ok(file)
    }

    /// Says after which line a refused transaction was read.
    fn name(&self, mut error: Error, file: &FileSource) -> Error {
        if error.kind == ErrorKind::Invalid {
            let read = file.position();
            let entries = self.settings.entries();
            let path =
                |at: usize| entries.get(at).map(|entry| entry.path.display().to_string()).unwrap_or_default();
            // After a file's last line the position stands before the next one's first.
            let place = match (read.line, read.done.len().checked_sub(1)) {
                (0, Some(last)) => format!("{}, its last line", path(last)),
                (line, _) => format!("{}:{line}", file.path().display()),
            };
            error.message = format!("{place}: {}", error.message);
        }
        error
    }

    fn position(&self) -> Result<Option<FilePosition>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let stored = snapshot.get(&position_key(self.component.number))?;
        stored.map(|bytes| FilePosition::decode(&bytes).map_err(wrap)).transpose()
    }

    /// Takes a batch in with the position after it, once the log has room.
    fn take_in(&self, batch: Batch) -> Result<(), Error> {
        let Some(mut intake) = Intake::with_room(&self.shared, &self.component)? else { return Ok(()) };
        let lines = &batch.lines;
        let transactions = batch.transactions.into_iter().enumerate().map(|(at, transaction)| {
            let refused = move |error: Error| {
                // Lines are there where they are to be set aside.
                let Some(line) = lines.get(at) else { return Err(error) };
                let origin = self.origin(line.file, line.line, true);
                let reason = format!("{}: {error}", origin.place);
                Ok(Input { origin, text: line.text.clone(), reason })
            };
            (transaction, refused)
        });
        let unread = batch.parked.into_iter().map(|parked| {
            let reason = parked.to_string();
            let origin = self.origin(parked.file, parked.line, parked.is_whole);
            (parked.after, Input { origin, text: parked.text, reason })
        });
        parked::take_in(&mut intake, transactions, unread)?;
        intake.overlay().put(position_key(self.component.number), batch.position);
        intake.commit()
    }

    fn origin(&self, file: usize, line: u64, is_whole: bool) -> Origin {
        let path = self.settings.entries().into_iter().nth(file).map(|entry| entry.path);
        let path = path.unwrap_or_default();
        Origin { place: format!("{}:{line}", path.display()), file, is_whole }
    }
}
