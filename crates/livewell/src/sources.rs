//! Sources at work: files that are read, and channels that a program or the server sends into.

mod pace;

use crate::Error;
use crate::change::IntoTransaction;
use crate::error::ErrorKind;
use crate::intake::{Intake, Receipt, full, wipe};
use crate::once::{self, Once};
use crate::parked::{self, Input, Origin};
use crate::remembered::{self, Definition};
use crate::setup::InProcess;
use crate::shared::{Component, Shared, State};
use crate::supervise::{caught_up, failed, stopped};
use crate::timers;
use crate::trouble::{source_error, wrap};
use livewell_model::Transaction;
use livewell_source::ErrorKind as SourceErrorKind;
use livewell_source::file::{Batch, FilePosition, FileSource, Parser};
use livewell_source::settings::{Clock, FileSettings};
use livewell_store::keyspace::{Key, Space};
use pace::Pace;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError};
use std::time::Duration;
use tokio::sync::oneshot;

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
    runner.wait_for_others();
    while !shared.is_stopping(component) {
        component.set(State::Running);
        let result = if component.reset.swap(false, Ordering::AcqRel) {
            Definition::of_files(&runner.settings)
                .check_wipe(shared, component)
                .and_then(|()| wipe(shared, component))
        } else {
            runner.read_to_end().and_then(|()| runner.rest())
        };
        if let Err(error) = result {
            runner.meet(&error);
            if !is_another_file(&error) {
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
            Some(Clock::Wall) => timers::tick(&self.shared, &self.component),
            _ => Ok(timers::LOOK),
        }
    }

    /// Waits where there is no room for what has to be parked, else stops.
    fn meet(&self, error: &Error) {
        let (shared, component) = (&self.shared, &self.component);
        match parked::wait_for_room(shared, component, error, || self.carry_out_orders()) {
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
        let stored = snapshot.get(&upstream_key(&self.component))?;
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
        intake.overlay().put(upstream_key(&self.component), batch.position);
        intake.commit()
    }

    fn origin(&self, file: usize, line: u64, is_whole: bool) -> Origin {
        let path = self.settings.entries().into_iter().nth(file).map(|entry| entry.path);
        let path = path.unwrap_or_default();
        Origin { place: format!("{}:{line}", path.display()), file, is_whole }
    }
}

pub(crate) fn upstream_key(source: &Component) -> Vec<u8> {
    Key::new(Space::Upstream).number(source.number).done()
}

/// Transactions on their way to a source: all of them are taken in, or none.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) once: Option<Once>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Receipt>, (usize, Error)>>,
}

/// Where a program hands transactions to a source.
#[derive(Debug, Clone)]
pub struct SourceHandle {
    pub(crate) component: Arc<Component>,
    pub(crate) sender: SyncSender<Submission>,
}

impl SourceHandle {
    /// The source's id.
    pub fn id(&self) -> &str {
        &self.component.id
    }

    /// Sends one transaction; returns once it is durable.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] where a change does not fit its element; [`ErrorKind::Unavailable`] where the
    /// source is full or stopped. Nothing was taken in then.
    pub async fn send(&self, transaction: impl IntoTransaction) -> Result<Receipt, Error> {
        let receipts =
            self.send_all(vec![transaction.into_transaction()]).await.map_err(|(_, error)| error)?;
        receipts.last().copied().ok_or_else(|| closed(&self.component))
    }

    /// Sends several transactions, which are all taken in or none; returns once they are durable.
    ///
    /// # Errors
    /// As [`SourceHandle::send`], with the index of the transaction that was refused.
    pub async fn send_all(&self, transactions: Vec<Transaction>) -> Result<Vec<Receipt>, (usize, Error)> {
        self.submit(transactions, None).await
    }

    /// The same exactly once: under a `key` that came before, with a content of the same `hash`, nothing is
    /// taken in again, and the last receipt of then is given. The last 10,000 keys are remembered.
    ///
    /// # Errors
    /// As [`SourceHandle::send_all`]; LW0526 where the key came with another content.
    pub async fn send_once(
        &self,
        transactions: Vec<Transaction>,
        key: impl Into<String>,
        hash: u128,
    ) -> Result<Vec<Receipt>, (usize, Error)> {
        self.submit(transactions, Some(Once { key: key.into(), hash })).await
    }

    async fn submit(
        &self,
        transactions: Vec<Transaction>,
        once: Option<Once>,
    ) -> Result<Vec<Receipt>, (usize, Error)> {
        let (reply, answer) = oneshot::channel();
        match self.sender.try_send(Submission { transactions, once, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err((0, full(&self.component))),
            Err(TrySendError::Disconnected(_)) => return Err((0, closed(&self.component))),
        }
        self.component.bell.ring();
        answer.await.unwrap_or_else(|_| Err((0, closed(&self.component))))
    }
}

pub(crate) fn closed(component: &Component) -> Error {
    Error::new(ErrorKind::Unavailable, "LW0525", format!("the source `{}` is stopped", component.id))
}

/// Runs a source that is sent to, until everything stops.
pub(crate) fn run_channel(
    shared: &Arc<Shared>,
    component: &Arc<Component>,
    source: &InProcess,
    receiver: &Receiver<Submission>,
) {
    let clock = source.clock;
    remembered::begin_channel(shared, component, source);
    while !shared.is_stopping(component) {
        // Reset after a failure means: go on. What was sent once cannot be sent for anew from here.
        component.reset.store(false, Ordering::Release);
        if let Err(error) = parked::carry_out(shared, component, &mut parked::not_parked_here) {
            failed(shared, component, &error);
        }
        match receiver.try_recv() {
            Ok(first) => {
                component.set(State::Running);
                let mut waiting = vec![first];
                waiting.extend(receiver.try_iter().take(shared.limits.step_transactions_max));
                take_in_all(shared, component, waiting);
            }
            Err(TryRecvError::Empty) => {
                caught_up(shared, component);
                match if clock == Clock::Wall { timers::tick(shared, component) } else { Ok(timers::LOOK) } {
                    Ok(rest) => component.bell.wait(rest),
                    Err(error) => failed(shared, component, &error),
                }
            }
            Err(TryRecvError::Disconnected) => {
                caught_up(shared, component);
                component.bell.wait(Duration::from_secs(5));
            }
        }
    }
    stopped(shared, component);
}

/// All of a submission, or none of it; one that came before is only answered.
fn take_in(
    intake: &mut Intake<'_>,
    transactions: Vec<Transaction>,
    once: Option<&Once>,
) -> Result<Vec<Receipt>, (usize, Error)> {
    let Some(once) = once else { return intake.add_all(transactions) };
    let source = intake.source().number;
    if let Some(receipt) = once::find(intake.overlay(), source, once).map_err(|error| (0, error))? {
        return Ok(vec![receipt]);
    }
    let receipts = intake.add_all(transactions)?;
    if let Some(last) = receipts.last() {
        once::remember(intake.overlay(), source, once, *last).map_err(|error| (0, error))?;
    }
    Ok(receipts)
}

/// One commit for all that wait; each is told its own fate once it is durable.
fn take_in_all(shared: &Shared, component: &Component, waiting: Vec<Submission>) {
    let mut accepted = Vec::new();
    let result = (|| {
        let mut intake = Intake::begin(shared, component)?;
        for submission in waiting {
            if intake.is_full() {
                let _ = submission.reply.send(Err((0, full(component))));
                continue;
            }
            match take_in(&mut intake, submission.transactions, submission.once.as_ref()) {
                Ok(receipts) => accepted.push((submission.reply, receipts)),
                Err(refusal) => {
                    let _ = submission.reply.send(Err(refusal));
                }
            }
        }
        intake.commit()
    })();
    // A receiver that is gone no longer wants to know.
    for (reply, receipts) in accepted {
        let _ = reply.send(match &result {
            Ok(()) => Ok(receipts),
            Err(error) => Err((0, Error::new(error.kind, error.code, error.message.clone()))),
        });
    }
    if let Err(error) = result {
        failed(shared, component, &error);
    }
}
