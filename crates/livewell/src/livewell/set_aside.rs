//! What needs a person: the dead letters of reactions, and the parked input of sources.

use super::Livewell;
use super::attempts::check_runs;
use crate::Error;
use crate::component::Component;
use crate::component::set_aside::{Order, Orders, SetAside, What};
use crate::reaction::dead_letters::{self, DeadLetter};
use crate::source::parked::{self, Parked};
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Livewell {
    /// Returns the first `limit` dead letters of a reaction after number `after`.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction, or an error if the store cannot be read.
    pub fn dead_letters(&self, id: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Error> {
        let component = self.shared.reaction(id)?;
        dead_letters::list(&*self.shared.store.snapshot()?, component.number, after, limit)
    }

    /// Asks a running reaction to retry its dead letters, between two deliveries and in their order; `None` retries
    /// all. Letters that are taken leave the list.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction or letter; [`crate::ErrorKind::Stopped`] if it does not
    /// run, so that nobody would do it.
    pub fn replay_dead_letters(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_letters(id, Order::new(What::Again { text: None }, numbers))
    }

    /// Asks a running reaction to discard its dead letters; `None` discards all.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::replay_dead_letters`].
    pub fn discard_dead_letters(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_letters(id, Order::new(What::Discard, numbers))
    }

    /// Returns what was asked for about the dead letters of a reaction and is not done yet.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such reaction.
    pub fn letter_orders(&self, id: &str) -> Result<Orders, Error> {
        Ok(self.shared.reaction(id)?.orders())
    }

    fn order_letters(&self, id: &str, order: Order) -> Result<(), Error> {
        let component = self.shared.reaction(id)?;
        check_runs(&component)?;
        SetAside::dead_letters(component.number).check(&*self.shared.store.snapshot()?, id, &order)?;
        component.order(order);
        Ok(())
    }

    /// Returns the first `limit` pieces of input that a source has parked after number `after`.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such source, or an error if the store cannot be read.
    pub fn parked(&self, id: &str, after: u64, limit: usize) -> Result<Vec<Parked>, Error> {
        let component = self.shared.source(id)?;
        parked::list(&*self.shared.store.snapshot()?, component.number, after, limit)
    }

    /// Asks a running source to retry its parked input, in the order in which it was parked; `None` retries all. Each
    /// piece that can be taken in now becomes a new transaction after the existing ones, and leaves the list in the
    /// same commit; a piece that is refused again stays, with its new reason.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such source or piece; [`crate::ErrorKind::Unavailable`] if
    /// it is stopped.
    pub fn retry_parked(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_parked(id, Order::new(What::Again { text: None }, numbers))
    }

    /// Asks a running source to retry one piece with another `text` in its place: a line, row or message as the source
    /// reads it. If the text is refused, the parked piece stays.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::retry_parked`].
    pub fn retry_parked_as(&self, id: &str, number: u64, text: impl Into<String>) -> Result<(), Error> {
        let what = What::Again { text: Some(text.into()) };
        self.order_parked(id, Order::new(what, Some(vec![number])))
    }

    /// Asks a running source to discard its parked input; `None` discards all.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::retry_parked`].
    pub fn discard_parked(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_parked(id, Order::new(What::Discard, numbers))
    }

    /// Checks whether a request about the parked input of a source would be refused, and does nothing.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::retry_parked`].
    pub fn check_parked(&self, id: &str) -> Result<(), Error> {
        self.orderable(id).map(drop)
    }

    fn order_parked(&self, id: &str, order: Order) -> Result<(), Error> {
        let component = self.orderable(id)?;
        SetAside::parked(component.number).check(&*self.shared.store.snapshot()?, id, &order)?;
        component.order(order);
        Ok(())
    }

    /// Returns a source, if it is there to carry out a request.
    fn orderable(&self, id: &str) -> Result<Arc<Component>, Error> {
        let component = self.shared.source(id)?;
        if component.stopping.load(Ordering::Acquire) || component.ended.load(Ordering::Acquire) {
            return Err(crate::source::channel::closed(&component));
        }
        Ok(component)
    }
}
