//! Routers: one reads the logs of a set of sources for all queries that follow them, decodes each transaction once, and
//! shows each query what concerns it.
//!
//! What does not [concern](livewell_query::Interest) a query changes nothing in it, so skipping it can be repeated
//! without harm and nothing about it need be durable: the stored checkpoint of a query may stand behind what it has been
//! shown, which its [mark](crate::component::marks) tells. After a crash the query reads from its checkpoint again. A
//! query that is behind, full, in error or being built reads alone; once it has caught up it takes a [`Seat`].

mod batch;
mod due;
mod index;
mod member;
mod read;
mod seat;
mod seats;

pub(crate) use index::Index;
pub(crate) use member::{Shows, Timing, Touch};
pub(crate) use seat::{Seat, Taken};

use crate::component::lock::lock;
use crate::component::shared::Shared;
use crate::feed::follow::Upstream;
use livewell_model::AppliedTransaction;
use livewell_query::{Engine, Interest};
use read::Router;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

/// The routers, by the sources that they read.
#[derive(Default)]
pub(crate) struct Routers(Mutex<BTreeMap<Vec<u32>, Weak<Router>>>);

/// A query's right to a seat, from its start to its end.
pub(crate) struct Attached {
    router: Arc<Router>,
    interest: Interest,
}

impl Routers {
    /// Attaches a query to the router of what it follows. Returns `None` if no router can read for it: since it reads
    /// every change, or since it follows a query, whose outbox would wait for it.
    pub(crate) fn attach(
        &self,
        shared: &Arc<Shared>,
        engine: &Engine,
        upstreams: &[Upstream],
    ) -> Option<Attached> {
        let interest = engine.interest();
        let follows_query = upstreams.iter().any(|upstream| upstream.is_query);
        if interest.is_everything() || follows_query {
            return None;
        }
        let numbers = upstreams.iter().map(|upstream| upstream.number).collect();
        let mut routers = lock(&self.0);
        let router = routers.get(&numbers).and_then(Weak::upgrade).unwrap_or_else(|| {
            routers.retain(|_, router| router.strong_count() > 0);
            Arc::new(Router::new(shared, upstreams))
        });
        routers.insert(numbers, Arc::downgrade(&router));
        router.seats().attached += 1;
        Some(Attached { router, interest })
    }
}

impl Attached {
    pub(crate) fn router(&self) -> &Arc<Router> {
        &self.router
    }

    /// Returns whether enough queries are attached that one reads for all of them.
    pub(crate) fn is_open(&self) -> bool {
        self.router.seats().attached >= self.router.shared.limits.routed_from
    }

    /// Returns whether a query that reads alone skips a transaction, as it would on a seat: what does not concern it
    /// must not fail there either, such as by its size.
    pub(crate) fn skips(&self, transaction: &AppliedTransaction) -> bool {
        !transaction.changes.iter().any(|change| self.interest.is_touched_by(change))
    }

    /// Returns what the query reads.
    pub(crate) fn interest(&self) -> &Interest {
        &self.interest
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        self.router.seats().attached -= 1;
    }
}
