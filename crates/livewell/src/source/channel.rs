//! Sources that are sent to: by a program, or by the server for its callers.
//!
//! They are pushed, and so are not a `Source`: each sender waits for an answer that its change is durable, or why it
//! was refused. A source can read its input again after an error, a refused transaction or a full log, so the runner
//! may leave it out of a commit. A sender cannot be asked again: a refused transaction must not affect others, and a
//! full log is an answer, not a wait. Everything else is as in `runner`: supervision, intake, orders about parked
//! input, ticks.

use super::tick;
use crate::Error;
use crate::change::IntoTransaction;
use crate::component::Component;
use crate::component::shared::Shared;
use crate::component::state::State;
use crate::error::ErrorKind;
use crate::run::supervise::{Work, caught_up, failed_while, stopped};
use crate::source::in_process::InProcess;
use crate::source::intake::{Intake, Receipt, full};
use crate::source::once::{self, Once};
use crate::source::{expiry, parked, remembered};
use livewell_model::Transaction;
use livewell_source::settings::Clock;
use livewell_source::source::not_parked_here;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Transactions submitted to a source: all of them are taken in, or none.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) once: Option<Once>,
    pub(crate) reply: oneshot::Sender<Result<Vec<Receipt>, (usize, Error)>>,
}

/// Sends transactions of a program to a source.
#[derive(Debug, Clone)]
pub struct SourceHandle {
    pub(crate) component: Arc<Component>,
    pub(crate) sender: SyncSender<Submission>,
}

impl SourceHandle {
    /// Returns the source's id.
    pub fn id(&self) -> &str {
        &self.component.id
    }

    /// Sends one transaction; returns once it is durable.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let order = Node::new("o1").label("Order").set("total", 250);
    /// let customer = Node::new("c1").label("Customer");
    /// orders.send(Change::insert(customer)).await?;
    /// orders.send(Change::insert(order)).await?;
    /// orders.send(Change::insert(Relationship::new("o1-c1", "OF", "o1", "c1"))).await?;
    /// orders.send(Change::update(Node::new("o1").set("total", 300))).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns [`ErrorKind::Invalid`] if a change does not fit its element; [`ErrorKind::Unavailable`] if the source is
    /// full or stopped. Nothing was taken in then.
    pub async fn send(&self, transaction: impl IntoTransaction) -> Result<Receipt, Error> {
        let receipts =
            self.send_all(vec![transaction.into_transaction()]).await.map_err(|(_, error)| error)?;
        receipts.last().copied().ok_or_else(|| closed(&self.component))
    }

    /// Sends several transactions, which are all taken in or none; returns once they are durable.
    ///
    /// # Errors
    /// Returns the errors of [`SourceHandle::send`], with the index of the transaction that was refused.
    pub async fn send_all(&self, transactions: Vec<Transaction>) -> Result<Vec<Receipt>, (usize, Error)> {
        self.submit(transactions, None).await
    }

    /// Like [`SourceHandle::send_all`], but exactly once: if the `key` came before with a content of the same `hash`,
    /// nothing is taken in again, and the last receipt of that time is returned. The last 10,000 keys are remembered.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let order = || Change::insert(Node::new("o1").label("Order")).into_transaction();
    /// let first = orders.send_once(vec![order()], "request-1", 1).await.map_err(|(_, error)| error)?;
    /// let again = orders.send_once(vec![order()], "request-1", 1).await.map_err(|(_, error)| error)?;
    /// assert_eq!(first, again);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`SourceHandle::send_all`], or LW0526 if the key came with another content.
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

/// A running source that is sent to.
pub(crate) struct Channel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) component: Arc<Component>,
    pub(crate) source: InProcess,
    pub(crate) receiver: Receiver<Submission>,
}

impl Work for Channel {
    fn run(&mut self) {
        let Self { shared, component, source, receiver } = &*self;
        remembered::begin_channel(shared, component, source, &mut |error| refuse(component, receiver, error));
        component.drift().goes_by_clock(source.clock == Clock::Wall);
        while !shared.is_stopping(component) {
            // A reset after a failure only resumes: what was sent cannot be requested again.
            component.reset.store(false, Ordering::Release);
            if let Err(error) = self.step() {
                self.meet(&error);
            }
        }
        stopped(shared, component);
    }

    fn refuse(&mut self, error: &Error) {
        refuse(&self.component, &self.receiver, error);
    }
}

impl Channel {
    /// Takes in what was sent, or waits for it.
    fn step(&self) -> Result<(), Error> {
        let Self { shared, component, source, receiver } = self;
        parked::carry_out(shared, component, &mut |_, _| Err(not_parked_here()))?;
        let expires = expiry::work(shared, component, source.clock)?;
        match receiver.try_recv() {
            Ok(first) => {
                component.set(State::Running);
                let mut waiting = vec![first];
                waiting.extend(receiver.try_iter().take(shared.limits.step_transactions_max));
                take_in_all(shared, component, waiting)?;
            }
            Err(_) if expires => {}
            Err(TryRecvError::Empty) => {
                caught_up(shared, component);
                let is_ticking = source.clock == Clock::Wall;
                let rest = if is_ticking { tick::tick(shared, component)? } else { tick::LOOK };
                component.bell.wait(rest);
            }
            Err(TryRecvError::Disconnected) => {
                caught_up(shared, component);
                component.bell.wait(Duration::from_secs(5));
            }
        }
        Ok(())
    }

    /// Handles a failure: submissions while a disk is full or fails are tried at once, so that they are answered at
    /// once.
    fn meet(&self, error: &Error) {
        let Self { shared, component, receiver, .. } = self;
        if let Some(disk) = error.disk() {
            let wait = component.stall(disk, error);
            shared.bells.ring(component.number);
            component.bell.wait(wait);
            return;
        }
        failed_while(shared, component, error, &mut |error| refuse(component, receiver, error));
    }
}

/// Answers all waiting submissions: nothing is taken in.
fn refuse(component: &Component, receiver: &Receiver<Submission>, error: &Error) {
    for submission in receiver.try_iter() {
        let _ = submission.reply.send(Err((0, refusal(component, error))));
    }
}

/// Returns the error for senders to a source that takes nothing in because of `error`.
fn refusal(component: &Component, error: &Error) -> Error {
    if error.disk().is_some() {
        let message =
            format!("nothing was taken in, and `{}` tries again by itself: {}", component.id, error.message);
        return Error::new(error.kind, error.code, message);
    }
    if error.is_damage() {
        return Error::new(error.kind, error.code, format!("nothing was taken in: {}", error.message));
    }
    let message = format!("the source `{}` takes nothing in: {error}", component.id);
    Error::new(ErrorKind::Unavailable, "LW0525", message)
}

/// Takes in all of a submission, or none of it; a repeated one is only answered.
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

/// Takes in all waiting submissions in one commit; each gets its own answer once that is durable.
fn take_in_all(shared: &Shared, component: &Component, waiting: Vec<Submission>) -> Result<(), Error> {
    let (mut accepted, mut damage) = (Vec::new(), None);
    let mut intake = match Intake::begin(shared, component) {
        Ok(intake) => intake,
        Err(error) => {
            for submission in waiting {
                let _ = submission.reply.send(Err((0, refusal(component, &error))));
            }
            return Err(error);
        }
    };
    for submission in waiting {
        if intake.is_full() {
            let _ = submission.reply.send(Err((0, full(component))));
            continue;
        }
        match take_in(&mut intake, submission.transactions, submission.once.as_ref()) {
            Ok(receipts) => accepted.push((submission.reply, receipts)),
            Err((at, error)) => {
                let copy = Error::new(error.kind, error.code, error.message.clone());
                let _ = submission.reply.send(Err((at, copy)));
                if error.is_damage() {
                    damage = Some(error);
                    break;
                }
            }
        }
    }
    let result = damage.map_or_else(|| intake.commit(), Err);
    // A receiver that is gone needs no answer.
    for (reply, receipts) in accepted {
        let _ = reply.send(match &result {
            Ok(()) => Ok(receipts),
            Err(error) => Err((0, refusal(component, error))),
        });
    }
    result
}
