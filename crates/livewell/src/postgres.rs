//! A `postgres` source at work: a copy of its tables as the base, then their changes, transaction by transaction.

use crate::Error;
use crate::error::ErrorKind;
use crate::intake::Intake;
use crate::parked;
use crate::resolve;
use crate::shared::{Component, Shared, State};
use crate::stage::{Stage, upstream_key};
use crate::supervise::{caught_up, failed, stopped};
use crate::timers;
use crate::trouble::{Trouble, source_error, wrap};
use livewell_model::Transaction;
use livewell_source::ErrorKind as SourceErrorKind;
use livewell_source::postgres::{Prepared, Received, Stream};
use livewell_source::settings::{Clock, PostgresSettings, SourceRecovery};
use livewell_store::Head;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long one read waits for the server, and so how long a stop or a reset waits for the source.
const READ_MAX: Duration = Duration::from_millis(100);

/// A `postgres` source at work.
pub(crate) struct PostgresRunner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) settings: PostgresSettings,
    /// Somebody or the policy has asked for a copy, and it is not done.
    pub(crate) copy_due: Cell<bool>,
}

/// Runs a `postgres` source until everything stops. A reset copies all rows anew.
pub(crate) fn run(runner: &PostgresRunner) {
    let (shared, component) = (&runner.shared, &runner.component);
    let mut trouble = Trouble::none();
    component.set(State::Running);
    while !shared.is_stopping(component) {
        let transactions_max = shared.limits.step_transactions_max;
        let followed = match runner.follow(transactions_max, &mut trouble) {
            // One that is refused refuses its batch, so what comes before it is taken in by itself.
            Err(error) if error.kind == ErrorKind::Invalid => runner.follow(1, &mut trouble),
            followed => followed,
        };
        if let Err(error) = followed {
            runner.meet(&error, &mut trouble);
        }
    }
    stopped(shared, component);
}

impl PostgresRunner {
    /// Copies where that is due, then follows until something interrupts.
    fn follow(&self, transactions_max: usize, trouble: &mut Trouble) -> Result<(), Error> {
        if self.component.reset.swap(false, Ordering::AcqRel) {
            self.copy_due.set(true);
        }
        if self.copy_due.get() {
            self.copy(true)?;
            self.copy_due.set(false);
        }
        let position = loop {
            let snapshot = self.shared.store.snapshot()?;
            let head = Head::read(&*snapshot, self.component.number)?.unwrap_or_default();
            let stored = snapshot.get(&upstream_key(&self.component))?.map(|bytes| bytes.into_owned());
            match stored {
                Some(position) if head.building.is_none() => break position,
                // What is on the server under our name is ours once a copy was begun.
                begun => self.copy(begun.is_some())?,
            }
        };
        let mut stream = Stream::open(&self.settings, &position).map_err(wrap)?;
        let mut wait = READ_MAX;
        while !self.is_interrupted() {
            parked::carry_out(&self.shared, &self.component, &mut parked::not_parked_here)?;
            let bytes_max = self.shared.limits.step_bytes_max;
            let received = stream.read(transactions_max, bytes_max, wait).map_err(wrap)?;
            self.component.recovered();
            *trouble = Trouble::none();
            let is_idle = received.caught_up && received.transactions.is_empty();
            if received.position.is_some() {
                if !received.transactions.is_empty() {
                    self.component.set(State::Running);
                }
                self.take_in(received, &mut stream)?;
            }
            if is_idle {
                caught_up(&self.shared, &self.component);
                if self.settings.clock == Clock::Wall {
                    wait = READ_MAX.min(timers::tick(&self.shared, &self.component)?);
                }
            }
        }
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.shared.is_interrupted(&self.component)
    }

    /// Copies all rows as they are, with a new slot. `replace`: whether an old slot of the name may go.
    fn copy(&self, replace: bool) -> Result<(), Error> {
        let replace = replace || self.settings.recovery == SourceRecovery::AutoReset;
        self.component.set(State::Running);
        let prepared = Prepared::new(&self.settings, replace).map_err(wrap)?;
        let mut stage = Stage::begin(&self.shared, &self.component)?;
        let mut copy = prepared.begin().map_err(wrap)?;
        self.component.recovered();
        let (began, timestamp) = (Instant::now(), copy.timestamp());
        tracing::info!(source = %self.component.id, "copying the rows that are there");
        loop {
            let limits = &self.shared.limits;
            let elements = copy.read(limits.rebuild_elements_max, limits.step_bytes_max).map_err(wrap)?;
            if elements.is_empty() {
                break;
            }
            stage.add(timestamp, &elements)?;
            if self.shared.is_stopping(&self.component) {
                return Ok(());
            }
        }
        let rows = copy.rows();
        let position = copy.finish().map_err(wrap)?;
        stage.finish(timestamp, position)?;
        tracing::info!(source = %self.component.id, rows, took = ?began.elapsed(), "copied");
        Ok(())
    }

    /// Takes transactions in with the position after them, once the log has room, and then acknowledges them.
    fn take_in(&self, received: Received, stream: &mut Stream) -> Result<(), Error> {
        let mut keep_alive = || stream.keep_alive().map_err(wrap);
        let intake = Intake::with_room_while(&self.shared, &self.component, &mut keep_alive)?;
        let Some(mut intake) = intake else { return Ok(()) };
        for upstream in received.transactions {
            let changes = resolve::changes(&intake, upstream.steps)?;
            intake.add(Transaction { changes, timestamp: Some(upstream.timestamp) })?;
        }
        if let Some(position) = received.position {
            intake.overlay().put(upstream_key(&self.component), position);
        }
        intake.commit()?;
        stream.acknowledge().map_err(wrap)
    }

    /// Waits, copies anew or stops, as the error and the policy have it.
    fn meet(&self, error: &Error, trouble: &mut Trouble) {
        let (shared, component) = (&self.shared, &self.component);
        let kind = source_error(error).map(|error| error.kind);
        match kind {
            Some(SourceErrorKind::Unreachable) => trouble.wait_out(shared, component, error),
            Some(SourceErrorKind::Changed) if self.settings.recovery == SourceRecovery::AutoReset => {
                tracing::warn!(source = %component.id, "{error}; copying all rows anew");
                self.copy_due.set(true);
                trouble.pause(shared, component);
            }
            _ => {
                failed(shared, component, error);
                let copies = matches!(
                    kind,
                    Some(SourceErrorKind::Changed | SourceErrorKind::Input | SourceErrorKind::Position)
                ) || error.kind == ErrorKind::Invalid;
                if !copies {
                    // What stood in the way is gone; what was read is still what it was.
                    component.reset.store(false, Ordering::Release);
                }
            }
        }
    }
}

/// Takes the slot of a source that was removed away, so that the server no longer keeps its log for it.
pub(crate) fn drop_slot(settings: &PostgresSettings) {
    if let Err(error) = livewell_source::postgres::drop_slot(settings) {
        let slot = settings.slot();
        tracing::warn!(source = %settings.id, "{error}; drop the slot `{slot}` by hand, or the server keeps its log");
    }
}
