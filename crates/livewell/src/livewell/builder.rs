//! Builds a Livewell: its store, its limits and its clock.

use crate::Error;
use crate::clock::{self, Clock, SystemClock};
use crate::component::Component;
use crate::component::bell::Bells;
use crate::component::damages::Damages;
use crate::component::holds::Holds;
use crate::component::leftovers::Leftovers;
use crate::component::marks::Marks;
use crate::component::measures::Measures;
use crate::component::order::Positions;
use crate::component::shared::Shared;
use crate::component::state::ComponentKind;
use crate::component::timers::Timers;
use crate::livewell::{End, Livewell};
use crate::observe::{Nobody, Observer};
use crate::run::supervise;
use crate::run::workers::Workers;
use crate::settings::Limits;
use crate::upkeep::sweeper;
use livewell_store::{GroupCommit, Store, catalog};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, RwLock};

/// Builds a [`Livewell`].
#[derive(Default)]
pub struct Builder {
    store: Option<Arc<dyn Store>>,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
    observer: Option<Arc<dyn Observer>>,
}

impl Builder {
    /// Sets the store, where everything durable is.
    #[must_use]
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Sets a store that is shared with other owners.
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets the bounds of steps and logs.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the clock, from which transactions without a time of their own get one.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Sets the observer, which is told what the components do.
    #[must_use]
    pub fn observer(mut self, observer: Arc<impl Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Builds the Livewell, with nothing running yet.
    ///
    /// # Errors
    /// Returns an error if there is no store or it cannot be read, and LW0308 if the machine's clock is before 1970 and
    /// no other clock is given.
    pub fn build(self) -> Result<Livewell, Error> {
        let store = self.store.ok_or_else(|| Error::invalid("LW0505", "a Livewell needs a store"))?;
        if self.clock.is_none() {
            clock::check_system()?;
        }
        let position = catalog::position(&*store.snapshot()?)?;
        // A name needs only this much of its id.
        let store_name = format!("{:032x}", store.id().0)[..6].to_owned();
        let shared = Arc::new(Shared {
            leftovers: Leftovers::default(),
            store_name,
            group: GroupCommit::new(store.clone()),
            store,
            bells: Bells::default(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            observer: self.observer.unwrap_or_else(|| Arc::new(Nobody)),
            timers: Timers::default(),
            limits: self.limits,
            damages: Damages::default(),
            holds: Holds::default(),
            marks: Marks::default(),
            measures: Measures::after(position),
            positions: Positions::after(position),
            roster: RwLock::default(),
            stopping: AtomicBool::new(false),
            threads: Mutex::default(),
        });
        let sweeper = Arc::new(Component::new("sweeper", catalog::SWEEPER, ComponentKind::Query, Vec::new()));
        let (background, component) = (shared.clone(), sweeper.clone());
        supervise::spawn(&shared, &sweeper, Box::new(move || sweeper::sweeper(&background, &component)));
        crate::upkeep::scrub::at_opening(&shared)?;
        let scrubber = Arc::new(Component::new("scrub", catalog::SCRUB, ComponentKind::Query, Vec::new()));
        let scrubbed = Arc::<crate::upkeep::scrub::Progress>::default();
        crate::upkeep::scrub::spawn(&shared, &scrubber, &scrubbed);
        let workers = Arc::<Workers>::default();
        let (all, own) = (shared.clone(), sweeper.clone());
        Ok(Livewell {
            end: Arc::new(End { shared: all, workers: workers.clone(), sweeper: own, scrubber }),
            shared,
            sweeper,
            scrubbed,
            routers: Arc::default(),
            workers,
            builds: Arc::default(),
            dealers: Arc::default(),
            handles: Arc::default(),
            other_sides: Arc::default(),
            targets: Arc::default(),
        })
    }
}
