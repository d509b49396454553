//! A `nats` source at work: the messages of a stream, each a transaction.

use super::full::wait_for_room;
use super::tick;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::run::backoff::Trouble;
use crate::run::supervise::{caught_up, failed, stopped};
use crate::source::failure::{source_error, wrap};
use crate::source::intake::Intake;
use crate::source::key::position_key;
use crate::source::parked::{self, Input, Origin};
use crate::source::remembered::Definition;
use crate::source::wipe::wipe;
use livewell_source::ErrorKind as SourceErrorKind;
use livewell_source::nats::{NatsPosition, Parked, Received, Stream, Taken};
use livewell_source::settings::{Clock, NatsSettings, SourceRecovery};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

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
    component.drift().goes_by_clock(runner.settings.clock == Clock::Wall);
    component.set(State::Running);
    while !shared.is_stopping(component) {
        let messages_max = shared.limits.step_transactions_max;
        let followed = match runner.follow(messages_max, &mut trouble) {
            // One that is refused refuses its batch, so what comes before it is taken in by itself.
            Err(error) if error.is_of_one_input() => runner.follow(1, &mut trouble),
            followed => followed,
        };
        let Err(error) = followed else { continue };
        match wait_for_room(shared, component, &error, || runner.carry_out_orders()) {
            Ok(true) => {}
            Ok(false) => runner.meet(&error, &mut trouble),
            Err(error) => runner.meet(&error, &mut trouble),
        }
    }
    stopped(shared, component);
}

impl NatsRunner {
    /// Follows the stream from the stored position until something interrupts.
    fn follow(&self, messages_max: usize, trouble: &mut Trouble) -> Result<(), Error> {
        let definition = Definition::of_stream(&self.settings);
        if self.component.reset.swap(false, Ordering::AcqRel) {
            let wiped = definition
                .check_wipe(&self.shared, &self.component)
                .and_then(|()| wipe(&self.shared, &self.component));
            if let Err(error) = wiped {
                self.component.reset.fetch_or(error.passes_by_itself(), Ordering::AcqRel);
                return Err(error);
            }
        }
        let position = self.kept_position(&definition)?;
        let mut stream = Stream::open(&self.settings, position).map_err(wrap)?;
        definition.keep(&self.shared, &self.component)?;
        let mut wait = READ_MAX;
        while !self.is_interrupted() {
            self.carry_out_orders()?;
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
                    wait = READ_MAX.min(tick::tick(&self.shared, &self.component)?);
                }
            }
        }
        Ok(())
    }

    fn is_interrupted(&self) -> bool {
        self.shared.is_interrupted(&self.component)
    }

    /// Does what was asked for about the parked input.
    fn carry_out_orders(&self) -> Result<(), Error> {
        let reader = self.settings.reader().map_err(wrap)?;
        parked::carry_out(&self.shared, &self.component, &mut |_, text| reader.transaction(text.as_bytes()))
    }

    /// Where reading stands, if what was read is what the settings would make of it.
    fn kept_position(&self, definition: &Definition) -> Result<Option<NatsPosition>, Error> {
        definition.check_kind(&self.shared, &self.component)?;
        let position = self.position()?;
        definition.check_stream(&self.shared, &self.component, position.is_some())?;
        Ok(position)
    }

    fn position(&self) -> Result<Option<NatsPosition>, Error> {
        let snapshot = self.shared.store.snapshot()?;
        let stored = snapshot.get(&position_key(self.component.number))?;
        stored.map(|bytes| NatsPosition::decode(&bytes).map_err(wrap)).transpose()
    }

    /// Takes messages in with the position after them, once the log has room.
    fn take_in(&self, received: Received) -> Result<(), Error> {
        let Some(mut intake) = Intake::with_room(&self.shared, &self.component)? else { return Ok(()) };
        let transactions = received.transactions.into_iter().map(|taken| {
            let Taken { name, transaction, text } = taken;
            let refused = move |mut error: Error| match text {
                Some(text) => {
                    let reason = format!("{name}: {error}");
                    Ok(Input { origin: Origin { place: name, file: 0, is_whole: true }, text, reason })
                }
                None => {
                    error.message = format!("{name}: {}", error.message);
                    Err(error)
                }
            };
            (transaction, refused)
        });
        let unread = received.parked.into_iter().map(|parked| {
            let Parked { after, name, text, is_whole, error } = parked;
            let reason = error.about(&name);
            (after, Input { origin: Origin { place: name, file: 0, is_whole }, text, reason })
        });
        parked::take_in(&mut intake, transactions, unread)?;
        if let Some(position) = received.position {
            intake.overlay().put(position_key(self.component.number), position);
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
                if !error.passes_by_itself()
                    && !matches!(kind, Some(SourceErrorKind::Changed | SourceErrorKind::Position))
                    && !error.is_damage()
                {
                    // What stood in the way is gone; what was read is still what it was.
                    component.reset.store(false, Ordering::Release);
                }
            }
        }
    }
}
