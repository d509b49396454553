//! The loop of every source that reads from outside: open, read, take in, confirm that it is durable.
//!
//! What kinds have in common is here: waiting for other sources, resets and stored settings, the pace, room in the log
//! and for parked input, ticks, and the handling of errors. Everything else is behind [`Source`].

use super::tick;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::run::backoff::{self, Backoff, Until};
use crate::run::supervise::{caught_up, failed, stopped};
use crate::settings::Recovery;
use crate::source::commit::Writing;
use crate::source::failure::{is_unreachable, source_error, wrap};
use crate::source::full::wait_for_room;
use crate::source::intake::Intake;
use crate::source::pace::Pace;
use crate::source::progress::Progress;
use crate::source::stored::Held;
use crate::source::waiting::{self, Waiting};
use crate::source::wipe::wipe;
use crate::source::{expiry, parked, remembered};
use livewell_source::settings::Clock;
use livewell_source::source::{Read, ReadLimits, Report};
use livewell_source::{ErrorKind as SourceErrorKind, Profile, Source, SourceError};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long one read waits for the other side, and so how long a stop or a reset waits for the source.
const READ_MAX: Duration = Duration::from_millis(100);
/// How often the progress of the source is read.
const REPORT_EVERY: Duration = Duration::from_millis(200);

/// A running source.
pub(crate) struct Runner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) source: Box<dyn Source>,
    pub(crate) profile: Profile,
    pub(crate) progress: Progress,
}

/// Runs a source until everything stops.
pub(crate) fn run(runner: &mut Runner) {
    let (shared, component) = (runner.shared.clone(), runner.component.clone());
    let mut backoff = Backoff::new(backoff::UPSTREAM);
    component.drift().goes_by_clock(runner.profile.clock == Clock::Wall);
    waiting::for_others(&shared, &component, &runner.profile.after);
    component.set(State::Running);
    while !shared.is_stopping(&component) {
        let followed = match runner.follow(shared.limits.step_transactions_max, &mut backoff) {
            // A refused transaction refuses its batch, so what comes before it is taken in by itself.
            Err(error) if error.is_of_one_input() => runner.follow(1, &mut backoff),
            followed => followed,
        };
        component.set_report(runner.source.report());
        let Err(error) = followed else { continue };
        if shared.is_interrupted(&component) && is_unreachable(&error) {
            // The work in progress was given up for that.
            continue;
        }
        match wait_for_room(&shared, &component, &error, || runner.carry_out_orders()) {
            Ok(true) => {}
            Ok(false) => runner.handle(&error, &mut backoff),
            Err(error) => runner.handle(&error, &mut backoff),
        }
    }
    stopped(&shared, &component);
}

impl Runner {
    /// Opens the source and follows it until something interrupts.
    fn follow(&mut self, transactions_max: usize, backoff: &mut Backoff) -> Result<(), Error> {
        self.open()?;
        let (shared, component) = (self.shared.clone(), self.component.clone());
        let patience = Waiting { shared: &shared, component: &component };
        let (mut wait, mut reported) = (READ_MAX, Instant::now());
        let mut pace = Pace::new(self.profile.rate);
        while !shared.is_interrupted(&component) {
            self.carry_out_orders()?;
            let limits = ReadLimits {
                transactions: pace.transactions_max(transactions_max),
                bytes: shared.limits.step_bytes_max,
                elements: shared.limits.rebuild_elements_max,
            };
            let expires = expiry::work(&shared, &component, self.profile.clock)?;
            let wait_max = if expires { Duration::ZERO } else { wait };
            let read = self.source.read(limits, wait_max, &patience).map_err(wrap(&component.id))?;
            backoff.end();
            let changes = if read.has_work { self.take_in(read)? } else { 0 };
            let report = self.source.report();
            match &report.refusal {
                None => component.recovered(),
                Some(error) => self.show_refusal(error),
            }
            wait = if expires { READ_MAX } else { self.show(read, &report)? };
            if reported.elapsed() > REPORT_EVERY || read.caught_up {
                self.progress.log(&component.id, &report);
                component.set_report(report);
                reported = Instant::now();
            }
            if let Some(rest) = read.rest {
                component.bell.wait(rest.min(wait));
            }
            pace.keep(changes, &shared, &component);
        }
        Ok(())
    }

    /// Opens the source from what is stored, if that is of its kind, after carrying out a requested reset.
    fn open(&mut self) -> Result<(), Error> {
        let Self { shared, component, source, profile, .. } = self;
        let (shared, component, definition) = (&*shared, &*component, &profile.definition);
        if let Some(tables) = component.take_reset() {
            let done = reset(shared, component, &mut **source, profile, &tables);
            if let Err(error) = done {
                component.reset.fetch_or(error.passes_by_itself(), Ordering::AcqRel);
                return Err(error);
            }
        }
        remembered::check_kind(definition, shared, component)?;
        let held = Held::read(shared, component)?;
        held.settle(source.open(&held))?;
        drop(held);
        remembered::keep(definition, shared, component)
    }

    /// Carries out orders about the parked input.
    fn carry_out_orders(&mut self) -> Result<(), Error> {
        let Self { shared, component, source, .. } = self;
        parked::carry_out(shared, component, &mut |part, text| source.parse_again(part, text))
    }

    /// Shows an error that does not keep the source from reading.
    fn show_refusal(&self, error: &SourceError) {
        if self.component.state() != State::Error {
            self.component.fail(&wrap(&self.component.id)(error.clone()));
            self.shared.bells.ring(self.component.number);
        }
    }

    /// Shows whether it has caught up; returns how long the next read, or the rest before it, may take.
    fn show(&self, read: Read, report: &Report) -> Result<Duration, Error> {
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
        let longest = if read.rest.is_some() { tick::LOOK } else { READ_MAX };
        match self.profile.clock {
            Clock::Wall => Ok(longest.min(tick::tick(&self.shared, &self.component)?)),
            Clock::Input => Ok(longest),
        }
    }

    /// Takes in what was read, once the log has room, and then confirms that it is durable. Returns the number of
    /// changes.
    fn take_in(&mut self, read: Read) -> Result<usize, Error> {
        let Self { shared, component, source, .. } = self;
        if read.is_busy && component.error().is_none() {
            component.set(State::Running);
        }
        let mut keep_alive = || source.keep_alive().map_err(wrap(&component.id));
        let intake = Intake::with_room_while(shared, component, &mut keep_alive)?;
        // What was read and not taken in is read again.
        let Some(intake) = intake else { return Ok(0) };
        let mut writing = Writing::new(intake)?;
        let taken = source.take_in(&mut writing);
        let changes = writing.end(taken)?;
        source.durable().map_err(wrap(&component.id))?;
        Ok(changes)
    }

    /// Handles a failure by its kind: backs off, resets the source, or stops until a person does.
    fn handle(&self, error: &Error, backoff: &mut Backoff) {
        let (shared, component) = (&self.shared, &self.component);
        if is_unreachable(error) {
            backoff.show_away(shared, component, error);
            backoff.pause(shared, component, None, Until::TheEnd);
            return;
        }
        let kind = source_error(error).map(|error| error.kind);
        if kind == Some(SourceErrorKind::Changed) && self.profile.recovery == Recovery::AutoReset {
            tracing::warn!(source = %component.id, code = error.code, "{error}; reading everything that is there");
            component.reset.store(true, Ordering::Release);
            backoff.pause(shared, component, None, Until::TheEnd);
            return;
        }
        failed(shared, component, error);
        if !error.passes_by_itself() && !self.needs_reset(error, kind) && component.is_reset_whole() {
            // The obstacle is gone, and what was read is still valid.
            component.reset.store(false, Ordering::Release);
        }
    }

    /// Returns whether a reset is what helps; otherwise a retry is enough, once the obstacle is gone.
    fn needs_reset(&self, error: &Error, kind: Option<SourceErrorKind>) -> bool {
        let is_of_input = kind == Some(SourceErrorKind::Input) || error.kind == ErrorKind::Invalid;
        matches!(kind, Some(SourceErrorKind::Changed | SourceErrorKind::Position))
            || error.is_damage()
            // A copy reads what is there now. The same input, read again, is refused again.
            || self.profile.copies && is_of_input
    }
}

/// Asks a source that copies for a new copy, of these tables or of everything if there are none. Wipes what is stored
/// of any other source.
fn reset(
    shared: &Shared,
    component: &Component,
    source: &mut dyn Source,
    profile: &Profile,
    tables: &[String],
) -> Result<(), Error> {
    if profile.copies {
        let ask =
            |table: Option<&str>, source: &mut dyn Source| source.reset(table).map_err(wrap(&component.id));
        return match tables {
            [] => ask(None, source),
            tables => tables.iter().try_for_each(|table| ask(Some(table), source)),
        };
    }
    remembered::check_wipe(&profile.definition, shared, component)?;
    component.set(State::Running);
    wipe(shared, component)
}
