//! The dealers of all queries that were read for a value.

use crate::Error;
use crate::component::Component;
use crate::component::lock::lock;
use crate::component::shared::Shared;
use crate::read::value::dealer::Dealer;
use crate::read::value::one::for_each;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// The dealers, by the numbers of their queries.
#[derive(Default)]
pub(crate) struct Dealers(Mutex<HashMap<u32, Arc<Dealer>>>);

impl Dealers {
    /// Returns the dealer of a query; `None` if its rows are not dealt out by value.
    ///
    /// # Errors
    /// Returns an error if the query's definition cannot be read.
    pub(crate) fn of(
        &self,
        shared: &Arc<Shared>,
        query: &Arc<Component>,
    ) -> Result<Option<Arc<Dealer>>, Error> {
        if let Some(dealer) = lock(&self.0).get(&query.number).filter(|dealer| dealer.is_of(query)) {
            return Ok(Some(dealer.clone()));
        }
        let Some(for_each) = for_each(&*shared.store.snapshot()?, &query.id)? else { return Ok(None) };
        let mut dealers = lock(&self.0);
        // One that was stopped may have been of another definition.
        dealers.retain(|_, dealer| !dealer.query.ended.load(Ordering::Acquire));
        if let Some(dealer) = dealers.get(&query.number).filter(|dealer| dealer.is_of(query)) {
            return Ok(Some(dealer.clone()));
        }
        let dealer = Arc::new(Dealer::new(shared.clone(), query.clone(), for_each));
        dealers.insert(query.number, dealer.clone());
        Ok(Some(dealer))
    }
}
