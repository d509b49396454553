//! What all components of one running Livewell share, and what each shows of itself.

use crate::bell::{Bell, Bells};
use crate::clock::{Clock, SystemClock};
use crate::damages::Damages;
pub use crate::doing::{ComponentKind, State};
use crate::drift::SourceDrift;
use crate::parked::Parking;
use crate::set_aside::Order;
use crate::settings::Limits;
use crate::stall::Stall;
use crate::timers::Timers;
use crate::{Error, error::ErrorKind};
use livewell_model::Timestamp;
use livewell_source::source::Report;
use livewell_source::unwind::Unwind;
use livewell_store::{GroupCommit, Store};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;

/// What all components share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) group: GroupCommit,
    pub(crate) bells: Bells,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timers: Timers,
    pub(crate) limits: Limits,
    pub(crate) damages: Damages,
    /// The last position given to a transaction. Held from giving a position until the transaction is in the
    /// queue of commits, so that positions become visible in their order.
    pub(crate) position: Mutex<u64>,
    /// The components by id.
    pub(crate) components: RwLock<BTreeMap<String, Arc<Component>>>,
    /// Set when everything is to come to an end.
    pub(crate) stopping: AtomicBool,
    /// All threads that may still run; each holds the store until its end.
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
}

/// One source, query or reaction, as the others see it.
#[derive(Debug)]
pub(crate) struct Component {
    pub(crate) id: String,
    pub(crate) number: u32,
    pub(crate) kind: ComponentKind,
    /// The feeds it follows.
    pub(crate) follows: Vec<u32>,
    /// Of a source: the lists whose items become nodes of their own.
    pub(crate) unwind: Vec<Unwind>,
    /// Of a source: how much input it may set aside.
    pub(crate) parking: Parking,
    /// Rung when there may be something to do for it.
    pub(crate) bell: Arc<Bell>,
    /// Set when it alone is to stop.
    pub(crate) stopping: AtomicBool,
    /// Set when its state is to be rebuilt.
    pub(crate) reset: AtomicBool,
    /// Of a source whose tables can be copied one by one: those that are to be copied, if not all.
    reset_tables: Mutex<Vec<String>>,
    /// How far a source is outside, as it says itself.
    report: Mutex<Option<Report>>,
    /// How many comparisons wait for how far a source is.
    pub(crate) watchers: AtomicU64,
    /// What is to be done about what it has set aside.
    orders: Mutex<Vec<Order>>,
    /// Changes it has seen that did nothing: deletes of unknown ids, repeated inserts.
    pub(crate) without_effect: AtomicU64,
    /// How often it has failed.
    pub(crate) failures: AtomicU64,
    /// Set once its thread has come to its end.
    pub(crate) ended: AtomicBool,
    /// Of a source: how its time is related to the clock's.
    pub(crate) drift: Mutex<SourceDrift>,
    pub(crate) view: Mutex<View>,
}

#[derive(Debug)]
pub(crate) struct View {
    pub(crate) state: State,
    /// Why it waits for the world outside or is in error, and since when.
    pub(crate) error: Option<(String, Timestamp)>,
    /// Set while it waits for a disk.
    pub(crate) stall: Option<Stall>,
    /// When that was last logged.
    pub(crate) logged: Option<Instant>,
    /// The id of another one in error that it waits for before it can begin; it is in error itself only for those
    /// who wait for it.
    pub(crate) blocked_by: Option<String>,
    /// When it last came forward; liveness alone depends on it.
    progress: Instant,
}

impl View {
    /// Shows why; the time is that of the first of several reasons in a row.
    pub(crate) fn tell(&mut self, error: &Error) {
        let since = self.error.take().map_or_else(|| SystemClock.now(), |(_, since)| since);
        self.error = Some((error.to_string(), since));
    }
}

impl Component {
    pub(crate) fn new(id: &str, number: u32, kind: ComponentKind, follows: Vec<u32>) -> Self {
        let (state, progress) = (State::Starting, Instant::now());
        let view = View { state, error: None, stall: None, logged: None, blocked_by: None, progress };
        Self {
            id: id.to_owned(),
            number,
            kind,
            follows,
            unwind: Vec::new(),
            parking: Parking::default(),
            bell: Arc::default(),
            stopping: AtomicBool::new(false),
            reset: AtomicBool::new(false),
            reset_tables: Mutex::default(),
            report: Mutex::default(),
            watchers: AtomicU64::new(0),
            orders: Mutex::default(),
            without_effect: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            drift: Mutex::default(),
            view: Mutex::new(view),
        }
    }

    pub(crate) fn state(&self) -> State {
        lock(&self.view).state
    }

    /// Why it waits for the world outside or is in error, and since when.
    pub(crate) fn error(&self) -> Option<(String, Timestamp)> {
        lock(&self.view).error.clone()
    }

    pub(crate) fn set(&self, state: State) {
        let mut view = lock(&self.view);
        if !view.may_show(state) {
            return;
        }
        if view.state == State::CaughtUp && state != State::CaughtUp {
            // It stood still because there was nothing to do.
            view.progress = Instant::now();
        }
        if view.state != State::Error || state == State::Starting {
            view.state = state;
            view.error = None;
            view.blocked_by = None;
        }
    }

    /// Shows that it waits for the world outside, and why; the next [`Component::set`] takes that back.
    pub(crate) fn held_up(&self, error: &Error) {
        tracing::warn!(component = %self.id, code = error.code, "{error}");
        self.show_held_up(error);
    }

    /// Like [`Component::held_up`], without a line in the log.
    pub(crate) fn show_held_up(&self, error: &Error) {
        let mut view = lock(&self.view);
        if view.state != State::Error {
            view.state = State::Waiting;
        }
        view.tell(error);
    }

    pub(crate) fn fail(&self, error: &Error) {
        tracing::error!(component = %self.id, code = error.code, "{error}");
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut view = lock(&self.view);
        view.state = State::Error;
        view.blocked_by = None;
        view.stall = None;
        view.tell(error);
        view.progress = Instant::now();
    }

    /// Shows that it was stopped, also where it had failed before.
    pub(crate) fn show_stopped(&self) {
        let mut view = lock(&self.view);
        view.state = State::Stopped;
        view.error = None;
        view.stall = None;
        view.blocked_by = None;
    }

    /// Notes that it cannot begin before another one that is in error; [`Component::recovered`] takes that back.
    pub(crate) fn blocked_by(&self, other: &str) {
        let mut view = lock(&self.view);
        if view.state == State::Error {
            return;
        }
        let error = Error::waits_for(&self.id, other);
        tracing::error!(component = %self.id, code = error.code, "{error}");
        view.state = State::Error;
        view.blocked_by = Some(other.to_owned());
        view.tell(&error);
        view.progress = Instant::now();
    }

    /// The id of the one in error that it waits for before it can begin.
    pub(crate) fn is_blocked_by(&self) -> Option<String> {
        lock(&self.view).blocked_by.clone()
    }

    /// Takes an error back that has passed by itself.
    pub(crate) fn recovered(&self) {
        if self.state() == State::Error {
            self.set(State::Starting);
        }
    }

    /// Asks for a reset: of these tables, or of everything if there are none.
    pub(crate) fn ask_reset(&self, table: Option<&str>) {
        let mut tables = lock(&self.reset_tables);
        match table {
            // One of everything is one of each table, too.
            None => tables.clear(),
            Some(_) if self.reset.load(Ordering::Acquire) && tables.is_empty() => {}
            Some(table) => tables.push(table.to_owned()),
        }
        self.reset.store(true, Ordering::Release);
        drop(tables);
        self.bell.ring();
    }

    /// The reset that was asked for, if one was: of which tables, or of everything if there are none.
    pub(crate) fn take_reset(&self) -> Option<Vec<String>> {
        let mut tables = lock(&self.reset_tables);
        self.reset.swap(false, Ordering::AcqRel).then(|| std::mem::take(&mut *tables))
    }

    /// Whether the reset that was asked for is one of everything.
    pub(crate) fn is_reset_whole(&self) -> bool {
        lock(&self.reset_tables).is_empty()
    }

    /// How far a source is outside, as it says itself.
    pub(crate) fn report(&self) -> Option<Report> {
        lock(&self.report).clone()
    }

    pub(crate) fn set_report(&self, report: Report) {
        *lock(&self.report) = Some(report);
    }

    /// Has its thread do something about what it has set aside.
    pub(crate) fn order(&self, order: Order) {
        lock(&self.orders).push(order);
        self.bell.ring();
    }

    /// Whether there is an order that is not carried out.
    pub(crate) fn is_ordered(&self) -> bool {
        !lock(&self.orders).is_empty()
    }

    /// Has the orders carried out in their turn, as long as that says that they are. One that fails stands.
    pub(crate) fn carry_out(
        &self,
        mut carry_out: impl FnMut(&Order) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        loop {
            let first = lock(&self.orders).first().cloned();
            let Some(order) = first else { return Ok(()) };
            if !carry_out(&order)? {
                return Ok(());
            }
            lock(&self.orders).remove(0);
        }
    }

    /// Notes that it has come forward: what it committed is durable.
    pub(crate) fn progressed(&self) {
        let mut view = lock(&self.view);
        view.progress = Instant::now();
        view.resume(&self.id);
    }

    /// Since when it has not come forward, or has been in error.
    pub(crate) fn last_progress(&self) -> Instant {
        lock(&self.view).progress
    }
}

impl Shared {
    /// Takes in one more thread, and gives up those that have ended.
    pub(crate) fn keep_thread(&self, thread: JoinHandle<()>) {
        self.join_ended();
        self.lock_threads().push(thread);
    }

    /// Joins the threads that have ended. Gives how many still run.
    pub(crate) fn join_ended(&self) -> usize {
        let mut threads = self.lock_threads();
        for ended in threads.extract_if(.., |thread| thread.is_finished()) {
            let name = ended.thread().name().unwrap_or_default().to_owned();
            if ended.join().is_err() {
                tracing::error!("the thread of `{name}` has panicked");
            }
        }
        threads.len()
    }

    fn lock_threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_stopping(&self, component: &Component) -> bool {
        self.stopping.load(Ordering::Acquire) || component.stopping.load(Ordering::Acquire)
    }

    /// Whether a source is to leave what it is doing: it is to stop, or to begin anew.
    pub(crate) fn is_interrupted(&self, source: &Component) -> bool {
        self.is_stopping(source) || source.reset.load(Ordering::Acquire)
    }

    pub(crate) fn component(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.components().get(id).cloned().ok_or_else(|| Error::not_found(id))
    }

    pub(crate) fn source(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Source, "source")
    }

    pub(crate) fn query(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Query, "query")
    }

    pub(crate) fn reaction(&self, id: &str) -> Result<Arc<Component>, Error> {
        self.of_kind(id, ComponentKind::Reaction, "reaction")
    }

    fn of_kind(&self, id: &str, kind: ComponentKind, name: &str) -> Result<Arc<Component>, Error> {
        let component = self.component(id)?;
        if component.kind != kind {
            return Err(Error::new(ErrorKind::NotFound, "LW0501", format!("`{id}` is not a {name}")));
        }
        Ok(component)
    }

    pub(crate) fn components(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Component>>> {
        self.components.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first of these feeds whose component is in error.
    pub(crate) fn in_error(&self, feeds: &[u32]) -> Option<String> {
        let components = self.components();
        let mut stuck = components.values().filter(|component| component.state() == State::Error);
        stuck.find(|component| feeds.contains(&component.number)).map(|component| component.id.clone())
    }

    /// The components that follow feed number `feed`.
    pub(crate) fn followers(&self, feed: u32) -> Vec<Arc<Component>> {
        self.components().values().filter(|component| component.follows.contains(&feed)).cloned().collect()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
