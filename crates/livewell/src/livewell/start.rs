//! Adds components: enters all of them into one registration, then starts each on its thread, and queries on the workers.

use crate::Error;
use crate::component::lock::lock;
use crate::component::parking::Parking;
use crate::component::state::{ComponentKind, State};
use crate::component::{Component, LogMax};
use crate::livewell::Livewell;
use crate::query::pipeline::Pipeline;
use crate::query::run::Running;
use crate::reaction::deliver::{self, Delivery};
use crate::reaction::notes::Notes;
use crate::register::pending;
use crate::register::registrar::Registrar;
use crate::register::setup::{ReactionSetup, Setup};
use crate::run::backoff::{self, Backoff};
use crate::run::supervise::{self, Work};
use crate::run::task::Task;
use crate::settings::{Query, Recovery};
use crate::source::channel::{Channel, SourceHandle};
use crate::source::in_process::InProcess;
use crate::source::progress::Progress;
use crate::source::runner::{self, Runner};
use crate::source::setup::{Added, SourceSetup};
use crate::source::{expiry, refit};
use livewell_query::Engine;
use livewell_reaction::Role;
use livewell_source::{Profile, Source};
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::time::Instant;

/// A component that is registered and waits to be started.
pub(super) type Start = (Arc<Component>, Means);

/// What runs a component.
pub(super) enum Means {
    /// A thread of its own.
    Thread(Box<dyn Work>),
    /// The workers.
    Workers(Box<dyn Task>),
    /// Nothing, while it is paused.
    Nothing,
}

impl Livewell {
    /// Registers everything in one commit, then starts it.
    ///
    /// # Errors
    /// Returns the errors of the calls that add a single component; nothing is registered or started then.
    pub async fn add(&self, setup: Setup) -> Result<(), Error> {
        self.exchange(&[], setup).await
    }

    /// Enters all of a setup into the registration. Returns what there is to start once that is committed.
    pub(super) fn starts(&self, registrar: &mut Registrar<'_>, setup: Setup) -> Result<Vec<Start>, Error> {
        let mut starts: Vec<Start> = Vec::new();
        for source in setup.sources {
            starts.push(self.source_start(registrar, source)?);
        }
        for query in setup.queries {
            starts.push(self.query_start(registrar, query)?);
        }
        for reaction in setup.reactions {
            starts.push(self.reaction(registrar, reaction)?);
        }
        Ok(starts)
    }

    /// Starts what is registered. If one cannot be prepared, it and those behind it are in error, and can be started once
    /// the obstacle is gone.
    pub(super) fn start_all(&self, starts: Vec<Start>) -> Result<(), Error> {
        let mut failure = None;
        for (component, means) in starts {
            let prepared = if failure.is_none() { self.prepare(&component) } else { Ok(()) };
            failure = failure.or(prepared.err());
            match &failure {
                None => match means {
                    Means::Thread(work) => supervise::spawn(&self.shared, &component, work),
                    Means::Workers(task) => self.workers.start(&component, task),
                    Means::Nothing => component.ended.store(true, Ordering::Release),
                },
                Some(error) => {
                    component.fail(error);
                    component.ended.store(true, Ordering::Release);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Does what has to be done before the component runs.
    fn prepare(&self, component: &Arc<Component>) -> Result<(), Error> {
        if component.kind == ComponentKind::Source {
            refit::refit(&self.shared, component)?;
            expiry::begin(&self.shared, component)?;
        }
        pending::take(&self.shared, component)
    }

    fn source_start(&self, registrar: &mut Registrar<'_>, source: SourceSetup) -> Result<Start, Error> {
        match source.0 {
            Added::Pulled { profile, source } => self.pulled(registrar, *profile, source),
            Added::Pushed(source) => self.pushed(registrar, source),
        }
    }

    fn pulled(
        &self,
        registrar: &mut Registrar<'_>,
        profile: Profile,
        source: Box<dyn Source>,
    ) -> Result<Start, Error> {
        if profile.copies && !profile.unwind.is_empty() {
            let message =
                format!("`{}` copies, and lists are unwound only of what comes as changes", profile.id);
            return Err(Error::invalid("LW0537", message));
        }
        if profile.copies && profile.expire.is_some() {
            let message =
                format!("`{}` copies, and keeps elements as long as what it copies has them", profile.id);
            return Err(Error::invalid("LW0547", message));
        }
        let number = registrar.source(&profile.id, &profile.unwind, profile.copies)?;
        let parking = Parking { pieces: profile.parked_max, bytes: profile.parked_bytes };
        let mut component = self.as_source(&profile.id, number)?;
        (component.unwind, component.expire) = (profile.unwind.clone(), profile.expire.clone());
        component.parking = parking;
        let component = Arc::new(component);
        // One that was stopped may have had the same id, and been of another kind.
        lock(&self.handles).remove(&profile.id);
        match source.other_side() {
            Some(other_side) => drop(lock(&self.other_sides).insert(profile.id.clone(), other_side)),
            None => drop(lock(&self.other_sides).remove(&profile.id)),
        }
        let (shared, own, progress) = (self.shared.clone(), component.clone(), Progress::default());
        let mut runner = Runner { shared, component: own, source, profile, progress };
        Ok((component, Means::Thread(Box::new(move || runner::run(&mut runner)))))
    }

    fn pushed(&self, registrar: &mut Registrar<'_>, source: InProcess) -> Result<Start, Error> {
        let number = registrar.source(&source.id, &source.unwind, false)?;
        let mut component = self.as_source(&source.id, number)?;
        (component.unwind, component.expire) = (source.unwind.clone(), source.expire.clone());
        let component = Arc::new(component);
        let (sender, receiver) = mpsc::sync_channel(self.shared.limits.submissions_max);
        let handle = SourceHandle { component: component.clone(), sender };
        lock(&self.handles).insert(source.id.clone(), handle);
        lock(&self.other_sides).remove(&source.id);
        let (shared, own) = (self.shared.clone(), component.clone());
        Ok((component, Means::Thread(Box::new(Channel { shared, component: own, source, receiver }))))
    }

    fn query_start(&self, registrar: &mut Registrar<'_>, query: Query) -> Result<Start, Error> {
        if query.recovery == Recovery::AutoSkipGap {
            let message = format!("`{}`: a query keeps state; `recovery` is strict or auto_reset", query.id);
            return Err(Error::invalid("LW0506", message));
        }
        check_names(&query)?;
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        let fingerprint = Pipeline::fingerprint_of(&engine);
        let registered = registrar.query(&query, &engine, fingerprint)?;
        let follows = registered.upstreams.iter().map(|upstream| upstream.number).collect();
        let log_max = LogMax { entries: query.outbox.capacity, bytes: query.outbox.bytes_max };
        let mut component =
            self.component(&query.id, registered.number, ComponentKind::Query, follows, log_max)?;
        if let Some(component) = Arc::get_mut(&mut component) {
            component.former = registered.former;
        }
        if !query.enabled {
            component.set(State::Paused);
            return Ok((component, Means::Nothing));
        }
        // A component is new for each start, so this is the first.
        let _ = component.passed.set(engine.plan().passed().clone());
        let attached = self.routers.attach(&self.shared, &engine, &registered.upstreams);
        let pipeline = Pipeline {
            attached,
            shared: self.shared.clone(),
            component: component.clone(),
            settings: query,
            engine,
            config_hash: registered.config_hash,
            upstreams: registered.upstreams,
        };
        let running = Running::new(pipeline, &self.builds, registered.refusal);
        Ok((component, Means::Workers(Box::new(running))))
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
        let (number, upstreams) = registrar.reaction(&setup.id, &setup.queries, setup.recovery)?;
        let follows = upstreams.iter().map(|upstream| upstream.number).collect();
        let before = self.shared.roster().get(&setup.id).filter(|before| before.number == number).cloned();
        let mut component =
            self.component(&setup.id, number, ComponentKind::Reaction, follows, LogMax::default())?;
        // Whoever starts it again wants to know what became of it before.
        if let (Some(component), Some(before)) = (Arc::get_mut(&mut component), before) {
            component.attempts = before.attempts.clone();
        }
        match setup.reaction.target() {
            Some(target) => drop(lock(&self.targets).insert(setup.id.clone(), target)),
            None => drop(lock(&self.targets).remove(&setup.id)),
        }
        if !setup.enabled {
            component.set(State::Paused);
            return Ok((component, Means::Nothing));
        }
        let notes = Notes::new(&self.shared, &component, setup.reaction.notes_attempts());
        let mut delivery = Delivery {
            notes,
            shared: self.shared.clone(),
            component: component.clone(),
            upstreams,
            recovery: setup.recovery,
            reaction: setup.reaction,
            rebuild: false,
            not_before: Instant::now(),
            backoff: Backoff::new(backoff::TARGET),
        };
        Ok((component, Means::Thread(Box::new(move || deliver::run(&mut delivery)))))
    }

    fn component(
        &self,
        id: &str,
        number: u32,
        kind: ComponentKind,
        follows: Vec<u32>,
        log_max: LogMax,
    ) -> Result<Arc<Component>, Error> {
        self.check_free(id)?;
        let mut component = Component::new(id, number, kind, follows);
        (component.observer, component.log_max) = (self.shared.observer.clone(), log_max);
        Ok(Arc::new(component))
    }

    fn as_source(&self, id: &str, number: u32) -> Result<Component, Error> {
        self.check_free(id)?;
        let mut component = Component::new(id, number, ComponentKind::Source, Vec::new());
        let limits = &self.shared.limits;
        component.log_max = LogMax { entries: limits.log_entries_max, bytes: limits.log_bytes_max };
        component.observer = self.shared.observer.clone();
        Ok(component)
    }

    fn check_free(&self, id: &str) -> Result<(), Error> {
        let has_ended = |component: &Arc<Component>| component.ended.load(Ordering::Acquire);
        if self.shared.roster().get(id).is_some_and(|component| !has_ended(component)) {
            return Err(Error::invalid("LW0503", format!("`{id}` is running already")));
        }
        Ok(())
    }
}

/// Checks that the values of a query with `for_each` can be given by name.
fn check_names(query: &Query) -> Result<(), Error> {
    let mut names = query.for_each.iter().map(|parameter| parameter.name.as_str());
    let Some(name) = names.find(|name| Query::RESERVED.contains(name)) else { return Ok(()) };
    let message = format!(
        "`{}`: calls mean something else by `?{name}=` than a value of the query; give the parameter another name in \
         `for_each` and in the text",
        query.id
    );
    Err(Error::invalid("LW0890", message))
}
