//! A router: its thread reads, decodes and shows.

use super::batch::Batch;
use super::member::{Shows, Touch};
use super::seats::{Seats, Unstored};
use crate::Error;
use crate::component::bell::Bell;
use crate::component::lock::lock;
use crate::component::marks::{Cursor, Shown};
use crate::component::shared::Shared;
use crate::feed::elements::Lens;
use crate::feed::follow::{self, Found, Group, ReadMost, Upstream};
use livewell_store::checkpoint::Checkpoint;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long an idle router waits before it looks by itself.
const LOOK: Duration = Duration::from_millis(500);
/// How long it waits for queries that have much to step over.
const HELD_UP: Duration = Duration::from_millis(5);
/// How many bytes of transactions may wait for all queries.
const WAITING_BYTES_ALL: usize = 64 << 20;

/// Reads a set of sources for all queries that follow exactly these.
pub(crate) struct Router {
    pub(super) shared: Arc<Shared>,
    pub(super) upstreams: Vec<Upstream>,
    bell: Arc<Bell>,
    /// How far everything was read and shown.
    pub(super) cursor: Arc<Cursor>,
    seats: Mutex<Seats>,
}

impl Router {
    pub(super) fn new(shared: &Arc<Shared>, upstreams: &[Upstream]) -> Self {
        Self {
            shared: shared.clone(),
            upstreams: upstreams.to_vec(),
            bell: Arc::default(),
            cursor: Arc::default(),
            seats: Mutex::default(),
        }
    }

    pub(super) fn seats(&self) -> MutexGuard<'_, Seats> {
        lock(&self.seats)
    }

    /// Starts the router's thread unless it runs. Returns whether it runs.
    pub(super) fn start(self: &Arc<Self>, seats: &mut Seats) -> bool {
        if seats.is_running {
            return true;
        }
        let running = Running(self.clone());
        match std::thread::Builder::new().name("router".into()).spawn(move || running.0.run()) {
            Ok(thread) => self.shared.keep_thread(thread),
            Err(error) => {
                tracing::warn!(
                    code = "LW0502",
                    "no thread to read for several queries, so each reads alone: {error}"
                );
                return false;
            }
        }
        self.upstreams.iter().for_each(|upstream| self.shared.bells.listen(upstream.number, &self.bell));
        seats.is_running = true;
        true
    }

    /// Ends the router's thread; whoever sits down next starts it again.
    fn end(&self, seats: &mut Seats) {
        self.upstreams.iter().for_each(|upstream| self.shared.bells.unlisten(upstream.number, &self.bell));
        seats.is_running = false;
    }

    fn run(&self) {
        while self.goes_on() {
            match self.read() {
                Ok(true) => {}
                Ok(false) => {
                    self.seats().settle();
                    self.bell.wait(LOOK);
                }
                Err(error) => {
                    tracing::warn!(code = error.code, "each query reads alone now: {error}");
                    self.seats().dismiss_all(&self.shared.marks);
                }
            }
        }
    }

    /// Waits for queries that are slow. Returns false once everything stops or nobody has a seat.
    fn goes_on(&self) -> bool {
        loop {
            let mut seats = self.seats();
            if self.shared.stopping.load(Ordering::Acquire) || seats.is_empty() {
                self.end(&mut seats);
                return false;
            }
            if seats.waiting_bytes < WAITING_BYTES_ALL {
                return true;
            }
            drop(seats);
            self.bell.wait(HELD_UP);
        }
    }

    /// Reads and shows what has come; returns false if nothing has.
    fn read(&self) -> Result<bool, Error> {
        let from = self.cursor.get();
        let (snapshot, limits) = (self.shared.store.snapshot()?, &self.shared.limits);
        let checkpoints: Vec<Checkpoint> = from.iter().map(|(_, checkpoint)| checkpoint.clone()).collect();
        let most = ReadMost { entries: limits.step_transactions_max, bytes: limits.step_bytes_max };
        let found = follow::read_after(&snapshot, &self.shared.marks, &checkpoints, &self.upstreams, most)?;
        drop(snapshot);
        let groups = match found {
            Found::Groups(groups) if groups.is_empty() => return Ok(false),
            Found::Groups(groups) => groups,
            Found::Broken { .. } => Vec::new(),
        };
        // Each query takes a new history, and a transaction that is not held in memory, in by itself.
        let whole = groups.iter().position(Group::is_begun).unwrap_or(groups.len());
        if whole == 0 {
            self.seats().dismiss_all(&self.shared.marks);
            return Ok(true);
        }
        let lens = |upstream: &Upstream| Lens { upstream: upstream.clone(), columns: Vec::new() };
        let lenses: Vec<Lens> = self.upstreams.iter().map(lens).collect();
        let time = self.seats().time;
        let batch = Batch::decode(&from, time, &groups[..whole], &lenses)?;
        self.show(&from, &Arc::new(batch));
        Ok(true)
    }

    /// Shows each query what concerns it.
    fn show(&self, from: &Arc<Shown>, batch: &Arc<Batch>) {
        let (mut seats, marks) = (self.seats(), &self.shared.marks);
        if !Arc::ptr_eq(&self.cursor.get(), from) {
            // All seats were free meanwhile, or others were taken from another place on.
            return;
        }
        let (mut shown, mut concerned, mut woken) = (Shown::clone(from), Vec::new(), Vec::new());
        for (at, read) in batch.reads.iter().enumerate() {
            seats.concerned(&read.transaction, &mut concerned);
            seats.reach(read.until, at);
            let before = (!concerned.is_empty()).then(|| Arc::new(shown.clone()));
            read.pass(&mut shown);
            let Some(before) = before else { continue };
            let (transaction, after) = (read.transaction.clone(), Arc::new(shown.clone()));
            let touch = Touch { transaction, before, after, time: read.time, bytes: read.bytes };
            for number in &concerned {
                if seats.touch(marks, *number, (batch, at), Shows::Touches(touch.clone())) {
                    woken.push(*number);
                }
            }
        }
        woken.extend(seats.pass(marks, batch));
        seats.time = batch.reads.last().map_or(seats.time, |read| read.until);
        self.cursor.set(Arc::new(shown));
        let entries = batch.reads.iter().map(|read| read.sequences.len() as u64).sum();
        let bytes = batch.reads.iter().map(|read| read.bytes as u64).sum();
        seats.count_unstored(&self.shared.limits, Unstored { entries, bytes });
        for member in woken.iter().filter_map(|number| seats.members.get(number)) {
            member.component.bell.ring();
        }
    }
}

/// The router's thread; if it panics, nobody waits for it.
struct Running(Arc<Router>);

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut seats = self.0.seats();
            self.0.end(&mut seats);
            seats.dismiss_all(&self.0.shared.marks);
        }
    }
}
