//! The handle: building a Livewell, adding components, reading, and bringing it to an end.

use crate::bell::{Bell, Bells};
use crate::clock::{Clock, SystemClock};
use crate::dead_letters::{self, DeadLetter, Order, What};
use crate::deliver::{self, Delivery};
use crate::pipeline::Pipeline;
use crate::register::{self, Registrar};
use crate::results::Results;
use crate::settings::{Limits, Query, Recovery};
use crate::setup::{InProcess, ReactionSetup, Setup};
use crate::shared::{Component, ComponentKind, Shared, State};
use crate::sources::{self, FileRunner, SourceHandle};
use crate::status::{self, Status};
use crate::subscribe::{Position, Subscription};
use crate::timers::Timers;
use crate::verify::{Verified, verify};
use crate::{Error, supervise, unwind};
use livewell_query::Engine;
use livewell_reaction::Role;
use livewell_source::settings::FileSettings;
use livewell_source::unwind::Unwind;
use livewell_store::{GroupCommit, Store, catalog};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock, mpsc};
use std::time::{Duration, Instant};

/// How long stopping one component may take.
const STOP_MAX: Duration = Duration::from_secs(30);

/// Builds a [`Livewell`].
#[derive(Default)]
pub struct Builder {
    store: Option<Arc<dyn Store>>,
    limits: Limits,
    clock: Option<Arc<dyn Clock>>,
}

impl Builder {
    /// Where everything durable lives.
    #[must_use]
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// The same for a store that others hold, too.
    #[must_use]
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// The bounds of steps and logs.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Where transactions without a time of their own get one.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The Livewell, with nothing running yet.
    ///
    /// # Errors
    /// Where there is no store, or it cannot be read.
    pub fn build(self) -> Result<Livewell, Error> {
        let store = self.store.ok_or_else(|| Error::invalid("LW0505", "a Livewell needs a store"))?;
        let position = catalog::position(&*store.snapshot()?)?;
        let shared = Arc::new(Shared {
            group: GroupCommit::new(store.clone()),
            store,
            bells: Bells::default(),
            clock: self.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            timers: Timers::default(),
            limits: self.limits,
            position: Mutex::new(position),
            components: RwLock::new(BTreeMap::new()),
            stopping: AtomicBool::new(false),
            threads: Mutex::default(),
        });
        let sweeper = Arc::new(Component::new("sweeper", catalog::SWEEPER, ComponentKind::Query, Vec::new()));
        let (background, component) = (shared.clone(), sweeper.clone());
        supervise::spawn(&shared, &sweeper, move || supervise::sweeper(&background, &component));
        Ok(Livewell {
            shared,
            sweeper,
            handles: Mutex::default(),
            #[cfg(feature = "postgres")]
            databases: Mutex::default(),
        })
    }
}

/// Standing queries over changing data, with durable results and reactions.
pub struct Livewell {
    shared: Arc<Shared>,
    sweeper: Arc<Component>,
    handles: Mutex<HashMap<String, SourceHandle>>,
    /// Where sources that are removed have left something.
    #[cfg(feature = "postgres")]
    databases: Mutex<HashMap<String, livewell_source::settings::PostgresSettings>>,
}

/// A component that is registered and waits to be started.
type Start = (Arc<Component>, Box<dyn FnOnce() + Send>);

impl Livewell {
    /// Begins to build one.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Adds a source that the program sends into.
    ///
    /// # Errors
    /// Where the id is taken or no id; as the store has them.
    pub async fn add_source(&self, source: InProcess) -> Result<SourceHandle, Error> {
        let id = source.id.clone();
        self.add(Setup { channels: vec![source], ..Setup::default() }).await?;
        self.source(&id)
    }

    /// Adds a query.
    ///
    /// # Errors
    /// A query that cannot be maintained exactly is refused with a place in its text; unknown sources; as the
    /// store has them.
    pub async fn add_query(&self, query: Query) -> Result<(), Error> {
        self.add(Setup { queries: vec![query], ..Setup::default() }).await
    }

    /// Adds a reaction.
    ///
    /// # Errors
    /// Unknown queries; a recovery policy that does not fit it; as the store has them.
    pub async fn add_reaction(&self, reaction: ReactionSetup) -> Result<(), Error> {
        self.add(Setup { reactions: vec![reaction], ..Setup::default() }).await
    }

    /// Registers everything in one commit, then starts it.
    ///
    /// # Errors
    /// As the single calls; nothing is registered or started then.
    pub async fn add(&self, setup: Setup) -> Result<(), Error> {
        // No source takes anything in meanwhile: it would not know yet that its log is held.
        let position = crate::shared::lock(&self.shared.position);
        let mut registrar = Registrar::begin(&self.shared)?;
        let mut starts: Vec<Start> = Vec::new();
        for settings in setup.files {
            starts.push(self.file(&mut registrar, settings)?);
        }
        for channel in setup.channels {
            starts.push(self.channel(&mut registrar, &channel)?);
        }
        #[cfg(feature = "nats")]
        for settings in setup.streams {
            starts.push(self.stream(&mut registrar, settings)?);
        }
        #[cfg(feature = "postgres")]
        for settings in setup.databases {
            starts.push(self.database(&mut registrar, settings)?);
        }
        for query in setup.queries {
            starts.push(self.query_start(&mut registrar, query)?);
        }
        for reaction in setup.reactions {
            starts.push(self.reaction(&mut registrar, reaction)?);
        }
        registrar.commit()?;
        {
            let mut components =
                self.shared.components.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            for (component, _) in &starts {
                components.insert(component.id.clone(), component.clone());
            }
        }
        drop(position);
        for (component, run) in starts {
            if component.kind == ComponentKind::Source {
                unwind::refit(&self.shared, &component)?;
            }
            supervise::spawn(&self.shared, &component, run);
        }
        Ok(())
    }

    fn file(&self, registrar: &mut Registrar<'_>, settings: FileSettings) -> Result<Start, Error> {
        let number = registrar.source(&settings.id)?;
        let component = self.unwinding(&settings.id, number, &settings.unwind)?;
        let runner = FileRunner { shared: self.shared.clone(), component: component.clone(), settings };
        Ok((component, Box::new(move || sources::run_file(&runner))))
    }

    fn channel(&self, registrar: &mut Registrar<'_>, source: &InProcess) -> Result<Start, Error> {
        let number = registrar.source(&source.id)?;
        let component = self.unwinding(&source.id, number, &source.unwind)?;
        let (sender, receiver) = mpsc::sync_channel(self.shared.limits.submissions_max);
        let handle = SourceHandle { component: component.clone(), sender };
        crate::shared::lock(&self.handles).insert(source.id.clone(), handle);
        let (shared, own, clock) = (self.shared.clone(), component.clone(), source.clock);
        Ok((component, Box::new(move || sources::run_channel(&shared, &own, clock, &receiver))))
    }

    #[cfg(feature = "nats")]
    fn stream(
        &self,
        registrar: &mut Registrar<'_>,
        settings: livewell_source::settings::NatsSettings,
    ) -> Result<Start, Error> {
        let number = registrar.source(&settings.id)?;
        let component = self.component(&settings.id, number, ComponentKind::Source, Vec::new())?;
        let (shared, own) = (self.shared.clone(), component.clone());
        let runner = crate::nats::NatsRunner { shared, component: own, settings };
        Ok((component, Box::new(move || crate::nats::run(&runner))))
    }

    #[cfg(feature = "postgres")]
    fn database(
        &self,
        registrar: &mut Registrar<'_>,
        settings: livewell_source::settings::PostgresSettings,
    ) -> Result<Start, Error> {
        let number = registrar.copied_source(&settings.id)?;
        let component = self.component(&settings.id, number, ComponentKind::Source, Vec::new())?;
        crate::shared::lock(&self.databases).insert(settings.id.clone(), settings.clone());
        let (shared, own) = (self.shared.clone(), component.clone());
        let copy_due = std::cell::Cell::new(false);
        let runner = crate::postgres::PostgresRunner { shared, component: own, settings, copy_due };
        Ok((component, Box::new(move || crate::postgres::run(&runner))))
    }

    fn query_start(&self, registrar: &mut Registrar<'_>, query: Query) -> Result<Start, Error> {
        if query.recovery == Recovery::AutoSkipGap {
            let message = format!("`{}`: a query keeps state; `recovery` is strict or auto_reset", query.id);
            return Err(Error::invalid("LW0506", message));
        }
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        let fingerprint = Pipeline::fingerprint_of(&engine);
        let registered = registrar.query(&query, &engine, fingerprint)?;
        let follows = registered.upstreams.iter().map(|upstream| upstream.number).collect();
        let component = self.component(&query.id, registered.number, ComponentKind::Query, follows)?;
        if !query.enabled {
            component.set(State::Paused);
            return Ok((component, Box::new(|| {})));
        }
        let pipeline = Pipeline {
            shared: self.shared.clone(),
            component: component.clone(),
            settings: query,
            engine,
            config_hash: registered.config_hash,
            upstreams: registered.upstreams,
        };
        let refusal = registered.refusal;
        Ok((component, Box::new(move || supervise::query(&pipeline, refusal))))
    }

    fn reaction(&self, registrar: &mut Registrar<'_>, setup: ReactionSetup) -> Result<Start, Error> {
        let fits = match setup.reaction.role() {
            Role::Trigger => setup.recovery != Recovery::AutoReset,
            Role::StateKeeper => setup.recovery != Recovery::AutoSkipGap,
        };
        if !fits {
            let message = format!("`{}`: this recovery policy does not fit the reaction", setup.id);
            return Err(Error::invalid("LW0506", message));
        }
        let (number, upstreams) = registrar.reaction(&setup.id, &setup.queries)?;
        let follows = upstreams.iter().map(|upstream| upstream.number).collect();
        let component = self.component(&setup.id, number, ComponentKind::Reaction, follows)?;
        if !setup.enabled {
            component.set(State::Paused);
            return Ok((component, Box::new(|| {})));
        }
        let delivery = Delivery {
            shared: self.shared.clone(),
            component: component.clone(),
            upstreams,
            recovery: setup.recovery,
            reaction: setup.reaction,
            rebuild: false,
            not_before: Instant::now(),
            away_since: None,
        };
        Ok((component, Box::new(move || deliver::run(delivery))))
    }

    fn component(
        &self,
        id: &str,
        number: u32,
        kind: ComponentKind,
        follows: Vec<u32>,
    ) -> Result<Arc<Component>, Error> {
        self.check_free(id)?;
        Ok(Arc::new(Component::new(id, number, kind, follows)))
    }

    /// A source that makes nodes of lists in its nodes.
    fn unwinding(&self, id: &str, number: u32, unwind: &[Unwind]) -> Result<Arc<Component>, Error> {
        self.check_free(id)?;
        let component = Component::new(id, number, ComponentKind::Source, Vec::new());
        Ok(Arc::new(component.unwinding(unwind.to_vec())))
    }

    fn check_free(&self, id: &str) -> Result<(), Error> {
        let has_ended = |component: &Arc<Component>| component.ended.load(Ordering::Acquire);
        if self.shared.components().get(id).is_some_and(|component| !has_ended(component)) {
            return Err(Error::invalid("LW0503", format!("`{id}` is running already")));
        }
        Ok(())
    }

    /// The handle of a source that is sent to.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such source.
    pub fn source(&self, id: &str) -> Result<SourceHandle, Error> {
        crate::shared::lock(&self.handles).get(id).cloned().ok_or_else(|| Error::not_found(id))
    }

    /// A query's live results as they are now.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for an unknown query; as the store has them.
    pub fn results(&self, query: &str) -> Result<Results, Error> {
        Results::read(&*self.shared.store, query)
    }

    /// A query's snapshot, then its results as they come.
    ///
    /// # Errors
    /// As [`Livewell::results`].
    pub async fn subscribe(&self, query: &str) -> Result<Subscription, Error> {
        Subscription::new(self.shared.clone(), self.shared.query(query)?, None)
    }

    /// A query's results after a position that a subscriber has seen; a reset and a snapshot where the outbox
    /// no longer reaches back.
    ///
    /// # Errors
    /// As [`Livewell::results`].
    pub async fn subscribe_after(&self, query: &str, after: Position) -> Result<Subscription, Error> {
        Subscription::new(self.shared.clone(), self.shared.query(query)?, Some(after))
    }

    /// What every component is doing.
    ///
    /// # Errors
    /// As the store has them.
    pub fn status(&self) -> Result<Vec<Status>, Error> {
        status::of(&self.shared)
    }

    /// Compares a query's live results with its evaluation from scratch.
    ///
    /// # Errors
    /// As [`crate::verify::verify`].
    pub fn verify(&self, query: &str) -> Result<Verified, Error> {
        verify(&*self.shared.store, query)
    }

    /// Rebuilds a query, brings a reaction to what is true now, or reads a file source anew (as a new epoch,
    /// which those who follow it meet with their recovery policies). A component in error goes on with it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Invalid`] for a source that is sent
    /// to and is not in error.
    pub fn reset(&self, id: &str) -> Result<(), Error> {
        let component = self.shared.component(id)?;
        let is_sent_to = crate::shared::lock(&self.handles).contains_key(id);
        if is_sent_to && component.state() != State::Error {
            let message =
                format!("`{id}` is sent to and has nothing to read anew; send deletes for what is to go");
            return Err(Error::invalid("LW0528", message));
        }
        component.reset.store(true, Ordering::Release);
        component.bell.ring();
        Ok(())
    }

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
        self.shared.reaction(id)?.order(Order { what: What::Replay, numbers });
        Ok(())
    }

    /// Has a running reaction drop its dead letters (`None`: all).
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] where there is no such reaction.
    pub fn discard_dead_letters(&self, id: &str, numbers: Option<Vec<u64>>) -> Result<(), Error> {
        self.shared.reaction(id)?.order(Order { what: What::Discard, numbers });
        Ok(())
    }

    /// Waits until everything that is sent or read has been taken in and delivered, or is in error. Files
    /// that are followed count as read at their present end.
    ///
    /// # Errors
    /// As the store has them.
    pub async fn idle(&self) -> Result<(), Error> {
        let bell = Arc::<Bell>::default();
        self.shared.bells.listen_to_all(&bell);
        while !status::is_idle(&self.shared)? {
            // The timeout covers state that changes without a commit.
            let _ = tokio::time::timeout(Duration::from_millis(20), bell.heard()).await;
        }
        Ok(())
    }

    /// Stops one component after its running step and waits for it. It keeps its place: added again, it goes on
    /// from there, and until then it holds the logs it reads as a slow one does.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotFound`] for an unknown id; [`crate::ErrorKind::Unavailable`] where its step takes
    /// longer than 30 seconds.
    pub async fn stop(&self, id: &str) -> Result<(), Error> {
        let component = self.shared.component(id)?;
        component.stopping.store(true, Ordering::Release);
        component.bell.ring();
        self.shared.bells.ring(component.number);
        let deadline = Instant::now() + STOP_MAX;
        while !component.ended.load(Ordering::Acquire) {
            if Instant::now() > deadline {
                let message = format!("`{id}` is still at a step; it stops after it");
                return Err(Error::new(crate::ErrorKind::Unavailable, "LW0533", message));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        component.show_stopped();
        self.shared.bells.ring(component.number);
        Ok(())
    }

    /// Stops a component and removes it with all it stored, and with the slot that a source has in its database.
    /// One of the same id that is added later is another one.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] where others still follow it; else as [`Livewell::stop`].
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let component = self.shared.component(id)?;
        let followers = self.shared.followers(component.number);
        if !followers.is_empty() {
            let names: Vec<String> = followers.iter().map(|follower| format!("`{}`", follower.id)).collect();
            let message = format!("`{id}` is read by {}; remove what reads it first", names.join(", "));
            return Err(Error::invalid("LW0535", message));
        }
        self.stop(id).await?;
        register::remove(&self.shared, &component)?;
        self.shared.components.write().unwrap_or_else(std::sync::PoisonError::into_inner).remove(id);
        crate::shared::lock(&self.handles).remove(id);
        #[cfg(feature = "postgres")]
        if let Some(settings) = crate::shared::lock(&self.databases).remove(id) {
            std::thread::spawn(move || crate::postgres::drop_slot(&settings));
        }
        // Those who were held up by what it held.
        component.follows.iter().for_each(|feed| self.shared.bells.ring(*feed));
        self.sweeper.bell.ring();
        Ok(())
    }

    /// The store below.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// Stops everything after its running step and waits until no thread of its own is left, at most 30 s.
    ///
    /// Once this is dropped too, the store is held by nobody but the caller's own handles, and can be opened again.
    pub async fn shutdown(&self) {
        self.stop_all();
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.shared.join_ended() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn stop_all(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        self.sweeper.bell.ring();
        self.shared.components().values().for_each(|component| {
            component.bell.ring();
            self.shared.bells.ring(component.number);
        });
    }
}

impl Drop for Livewell {
    fn drop(&mut self) {
        self.stop_all();
    }
}
