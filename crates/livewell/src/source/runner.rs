//! The one loop of every source that is read from outside: open, read, take in, say that it is durable.

use super::full::wait_for_room;
use super::tick;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::run::backoff::Trouble;
use crate::run::supervise::{caught_up, failed, stopped};
use crate::source::commit::Writing;
use crate::source::failure::{source_error, wrap};
use crate::source::intake::Intake;
use crate::source::parked;
use crate::source::progress::Progress;
use crate::source::remembered::Definition;
use crate::source::stored::Held;
use livewell_source::settings::Clock;
use livewell_source::source::{Patience, Read, ReadLimits, Report};
use livewell_source::{ErrorKind as SourceErrorKind, Source, SourceError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long one read waits for the other side, and so how long a stop or a reset waits for the source.
const READ_MAX: Duration = Duration::from_millis(100);
/// How often it is looked at how far the source is.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// A source at work.
pub(crate) struct Runner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) source: Box<dyn Source>,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
}

/// Runs a source until everything stops.
pub(crate) fn run(runner: &mut Runner) {
    let mut trouble = Trouble::none();
    runner.component.drift().goes_by_clock(runner.clock == Clock::Wall);
    runner.component.set(State::Running);
    let definition = Definition::of_database();
    while !runner.shared.is_stopping(&runner.component) {
        let (shared, component) = (&runner.shared, &runner.component);
        match definition.check_kind(shared, component).and_then(|()| definition.keep(shared, component)) {
            Ok(()) => break,
            Err(error) => {
                failed(shared, component, &error);
                if !error.passes_by_itself() {
                    component.reset.store(false, Ordering::Release);
                }
            }
        }
    }
    while !runner.shared.is_stopping(&runner.component) {
        let transactions_max = runner.shared.limits.step_transactions_max;
        let followed = match runner.follow(transactions_max, &mut trouble) {
            // A refused transaction refuses its batch, so what comes before it is taken in by itself.
            Err(error) if error.is_of_one_input() => runner.follow(1, &mut trouble),
            followed => followed,
        };
        runner.component.set_report(runner.source.report());
        let Err(error) = followed else { continue };
        if runner.shared.is_interrupted(&runner.component) && is_unreachable(&error) {
            // What was under way was given up for that.
            continue;
        }
        let carry_out = || parked::carry_out(&runner.shared, &runner.component, &mut parked::not_parked_here);
        match wait_for_room(&runner.shared, &runner.component, &error, carry_out) {
            Ok(true) => {}
            Ok(false) => runner.handle(&error, &mut trouble),
            Err(error) => runner.handle(&error, &mut trouble),
        }
    }
    stopped(&runner.shared, &runner.component);
}

fn is_unreachable(error: &Error) -> bool {
    source_error(error).is_some_and(|error| error.kind == SourceErrorKind::Unreachable)
}

impl Runner {
    /// Opens the source and follows it until something interrupts.
    fn follow(&mut self, transactions_max: usize, trouble: &mut Trouble) -> Result<(), Error> {
        self.pass_reset_on()?;
        let held = Held::read(&self.shared, &self.component)?;
        held.settle(self.source.open(&held))?;
        drop(held);
        let (shared, component) = (self.shared.clone(), self.component.clone());
        let patience = Waiting { shared: &shared, component: &component };
        let limits = ReadLimits {
            transactions: transactions_max,
            bytes: shared.limits.step_bytes_max,
            elements: shared.limits.rebuild_elements_max,
        };
        let (mut wait, mut reported) = (READ_MAX, Instant::now());
        while !shared.is_interrupted(&component) {
            parked::carry_out(&shared, &component, &mut parked::not_parked_here)?;
            let read = self.source.read(limits, wait, &patience).map_err(wrap)?;
            *trouble = Trouble::none();
            if read.has_work {
                self.take_in()?;
            }
            let report = self.source.report();
            match &report.refusal {
                None => component.recovered(),
                Some(error) => self.show_refusal(error),
            }
            wait = self.rest(read, &report)?;
            if reported.elapsed() > REPORT_EVERY || read.caught_up {
                self.progress.log(&component.id, &report);
                component.set_report(report);
                reported = Instant::now();
            }
        }
        Ok(())
    }

    /// Shows an error that does not keep the source from reading on.
    fn show_refusal(&self, error: &SourceError) {
        if self.component.state() != State::Error {
            self.component.fail(&wrap(error.clone()));
            self.shared.bells.ring(self.component.number);
        }
    }

    /// Shows whether it has caught up; returns how long the next read may wait.
    fn rest(&self, read: Read, report: &Report) -> Result<Duration, Error> {
        if report.refusal.is_some() {
            return Ok(READ_MAX);
        }
        if let Some(what) = &report.waits_for {
            let is_shown = self.component.error().is_some_and(|(shown, _)| shown.starts_with(what.as_str()));
            if !is_shown {
                self.component.held_up(&Error::stopped("LW0210", what.clone()));
            }
            return Ok(READ_MAX);
        }
        if !read.caught_up {
            if read.is_busy {
                self.component.set(State::Running);
            }
            return Ok(READ_MAX);
        }
        caught_up(&self.shared, &self.component);
        match self.clock {
            Clock::Wall => Ok(READ_MAX.min(tick::tick(&self.shared, &self.component)?)),
            Clock::Input => Ok(READ_MAX),
        }
    }

    fn pass_reset_on(&mut self) -> Result<(), Error> {
        match self.component.take_reset() {
            None => Ok(()),
            Some(tables) if tables.is_empty() => self.source.reset(None).map_err(wrap),
            Some(tables) => tables.iter().try_for_each(|table| self.source.reset(Some(table))).map_err(wrap),
        }
    }

    /// Takes in what was read, once the log has room, and then says that it is durable.
    fn take_in(&mut self) -> Result<(), Error> {
        let Self { shared, component, source, .. } = self;
        let mut keep_alive = || source.keep_alive().map_err(wrap);
        let intake = Intake::with_room_while(shared, component, &mut keep_alive)?;
        // What was read and not taken in is read again.
        let Some(intake) = intake else { return Ok(()) };
        let mut writing = Writing::new(intake)?;
        let taken = source.take_in(&mut writing);
        writing.end(taken)?;
        source.durable().map_err(wrap)
    }

    /// Handles a failure by its kind: backs off, or stops until a person resets the source.
    fn handle(&self, error: &Error, trouble: &mut Trouble) {
        let (shared, component) = (&self.shared, &self.component);
        let kind = source_error(error).map(|error| error.kind);
        if is_unreachable(error) {
            trouble.wait_out(shared, component, error);
            return;
        }
        failed(shared, component, error);
        if error.passes_by_itself() {
            return;
        }
        let needs_copy = matches!(
            kind,
            Some(SourceErrorKind::Changed | SourceErrorKind::Input | SourceErrorKind::Position)
        ) || error.kind == ErrorKind::Invalid
            || error.is_damage();
        if !needs_copy && component.is_reset_whole() {
            // What stood in the way is gone; what was read is still what it was.
            component.reset.store(false, Ordering::Release);
        }
    }
}

/// Shows what a source waits for while it cannot be interrupted otherwise.
struct Waiting<'a> {
    shared: &'a Shared,
    component: &'a Component,
}

impl Patience for Waiting<'_> {
    fn is_over(&self) -> bool {
        self.shared.is_interrupted(self.component)
    }

    fn waits_for(&self, what: &str) {
        self.component.held_up(&Error::stopped("LW0210", what.to_owned()));
    }

    fn is_watched(&self) -> bool {
        self.component.watchers.load(Ordering::Acquire) > 0
    }
}
