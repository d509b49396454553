//! A `nats` source at work: the messages of a stream, each a transaction.

use crate::Error;
use crate::error::ErrorKind;
use crate::intake::{Intake, wipe};
use crate::parked::park;
use crate::shared::{Component, Shared, State};
use crate::sources::upstream_key;
use crate::supervise::{caught_up, failed, stopped};
use crate::timers;
use crate::trouble::{Trouble, source_error, wrap};
use livewell_source::ErrorKind as SourceErrorKind;
use livewell_source::nats::{NatsPosition, Received, Stream};
use livewell_source::settings::{Clock, NatsSettings, OnError, SourceRecovery};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const HELD_UP: Duration = Duration::from_millis(50);
/// How long one read waits for the server, and so how long a stop or a reset waits for the source.
const READ_MAX: Duration = Duration::from_millis(100);

/// A `nats` source at work.
pub(crate) struct NatsRunner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) settings: NatsSettings,
}

/// Runs a `nats` source until everything stops. A reset reads the stream from its beginning.
pub(crate) fn run(runner: &NatsRunner) {
    let (shared, component) = (&runner.shared, &runner.component);
    let mut trouble = Trouble::none();
    component.set(State::Running);
    while !shared.is_stopping(component) {
        let messages_max = shared.limits.step_transactions_max;
        let followed = match runner.follow(messages_max, &mut trouble) {
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

impl NatsRunner {
    /// Follows the stream from the stored position until something interrupts.
    fn follow(&self, messages_max: usize, trouble: &mut Trouble) -> Result<(), Error> {
        if self.component.reset.swap(false, Ordering::AcqRel) {
            wipe(&self.shared, &self.component)?;
        }
        let mut stream = Stream::open(&self.settings, self.position()?).map_err(wrap)?;
        let mut wait = READ_MAX;
        while !self.is_interrupted() {
            let bytes_max = self.shared.limits.step_bytes_max;
            let received = stream.read(messages_max, bytes_max, wait).map_err(wrap)?;
            self.component.recovered();
            *trouble = Trouble::none();
            if received.position.is_some() {
                self.component.set(State::Running);
                self.take_in(received)?;
            } else if received.caught_up {
                caught_up(&self.shared, &self.component);
                if self.settings.clock == Clock::Wall {
                    wait = READ_MAX.min(timers::tick(&self.shared, &self.component)?);
                }
            }
        }
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.shared.is_stopping(&self.component) || self.component.reset.load(Ordering::Acquire)
    }

    fn position(&self) -> Result<Option<NatsPosition>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let stored = snapshot.get(&upstream_key(&self.component))?;
        stored.map(|bytes| NatsPosition::decode(&bytes).map_err(wrap)).transpose()
    }

    /// Takes messages in with the position after them, once the log has room.
    fn take_in(&self, received: Received) -> Result<(), Error> {
        let mut intake = loop {
            let intake = Intake::begin(&self.shared, &self.component)?;
            if !intake.is_full() {
                break intake;
            }
            // The commit of nothing still trims the log.
            intake.commit()?;
            if self.is_interrupted() {
                return Ok(());
            }
            self.component.set(State::Waiting);
            self.component.bell.wait(HELD_UP);
        };
        for taken in received.transactions {
            match intake.add(taken.transaction.clone()) {
                Ok(_) => {}
                Err(error) if error.kind == ErrorKind::Invalid && self.settings.on_error == OnError::Park => {
                    let text = livewell_source::json::transaction_to_json(&taken.transaction);
                    park(intake.overlay(), &self.component, &text, &format!("{}: {error}", taken.name))?;
                }
                Err(mut error) => {
                    error.message = format!("{}: {}", taken.name, error.message);
                    return Err(error);
                }
            }
        }
        for parked in &received.parked {
            park(intake.overlay(), &self.component, &parked.text, &parked.why)?;
        }
        if let Some(position) = received.position {
            intake.overlay().put(upstream_key(&self.component), position);
        }
        intake.commit()
    }

    /// Waits, reads the stream anew or stops, as the error and the policy have it.
    fn meet(&self, error: &Error, trouble: &mut Trouble) {
        let (shared, component) = (&self.shared, &self.component);
        match source_error(error).map(|error| error.kind) {
            Some(SourceErrorKind::Unreachable) => trouble.wait_out(shared, component, error),
            Some(SourceErrorKind::Changed) if self.settings.recovery == SourceRecovery::AutoReset => {
                tracing::warn!(source = %component.id, "{error}; reading the stream from its beginning");
                component.reset.store(true, Ordering::Release);
                trouble.pause(shared, component);
            }
            kind => {
                failed(shared, component, error);
                if !matches!(kind, Some(SourceErrorKind::Changed | SourceErrorKind::Position)) {
                    // What stood in the way is gone; what was read is still what it was.
                    component.reset.store(false, Ordering::Release);
                }
            }
        }
    }
}
