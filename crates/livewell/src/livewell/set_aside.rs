//! What waits for a person: the dead letters of reactions, and the parked input of sources.

use super::Livewell;
use crate::Error;
use crate::component::set_aside::{Order, What};
use crate::reaction::dead_letters::{self, DeadLetter};
use crate::source::parked::{self, Parked};
use std::sync::atomic::Ordering;

impl Livewell {
    /// The first `limit` dead letters of a reaction after number `after`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such reaction; as the store has them.
    pub fn dead_letters(&self, id: &str, after: u64, limit: usize) -> Result<Vec<DeadLetter>, Error> {
        let component = self.shared.reaction(id)?;
        dead_letters::list(&*self.shared.store.snapshot()?, component.number, after, limit)
    }

    /// Has a running reaction send its dead letters once more (`None`: all), between two deliveries and in their
    /// order; those that are taken are gone from the list.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such reaction.
    pub fn replay_dead_letters(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.shared.reaction(id)?.order(Order::new(What::Again { text: None }, numbers));
        Ok(())
    }

    /// Has a running reaction drop its dead letters (`None`: all).
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such reaction.
    pub fn discard_dead_letters(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.shared.reaction(id)?.order(Order::new(What::Discard, numbers));
        Ok(())
    }

    /// The first `limit` pieces of input that a source has parked after number `after`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such source; as the store has them.
    pub fn parked(&self, id: &str, after: u64, limit: usize) -> Result<Vec<Parked>, Error> {
        let component = self.shared.source(id)?;
        parked::list(&*self.shared.store.snapshot()?, component.number, after, limit)
    }

    /// Has a running source try its parked input once more (`None`: all), in the order in which it was parked: each
    /// piece that can be taken in now becomes a new transaction behind those that are there, and is gone from the list
    /// in the same commit; what is refused again stays, with its new reason.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such source; [`crate::ErrorKind::Unavailable`] where it is
    /// stopped.
    pub fn retry_parked(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_parked(id, Order::new(What::Again { text: None }, numbers))
    }

    /// The same for one piece, with another `text` in its place: a line, row or message as the source reads it. Where
    /// that is refused, what was parked stays.
    ///
    /// # Errors
    /// As [`Livewell::retry_parked`].
    pub fn retry_parked_as(&self, id: &str, number: u64, text: impl Into<String>) -> Result<(), Error> {
        let what = What::Again { text: Some(text.into()) };
        self.order_parked(id, Order::new(what, Some(vec![number])))
    }

    /// Has a running source drop its parked input (`None`: all).
    ///
    /// # Errors
    /// As [`Livewell::retry_parked`].
    pub fn discard_parked(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.order_parked(id, Order::new(What::Discard, numbers))
    }

    fn order_parked(&self, id: &str, order: Order) -> Result<(), Error> {
        let component = self.shared.source(id)?;
        if component.stopping.load(Ordering::Acquire) || component.ended.load(Ordering::Acquire) {
            return Err(crate::source::channel::closed(&component));
        }
        component.order(order);
        Ok(())
    }
}
