//! The workers themselves: who computes, who sleeps, and who leads commits.

use super::cell::{Cell, Ready};
use super::queue::{Queue, Work};
use crate::component::Component;
use crate::component::lock::lock;
use crate::run::supervise::no_thread;
use crate::run::task::{Next, Task};
use livewell_store::Ticket;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// How many workers there may be beyond those that compute.
const MORE_MAX: usize = 32;
/// After so long without work, a worker that is one too many ends.
const SPARE: Duration = Duration::from_secs(10);

/// The workers, and what they have to do.
pub(crate) struct Workers {
    queue: Mutex<Queue>,
    /// Notified when there is something for one more worker.
    wanted: Condvar,
    /// Notified when the watcher has to look.
    pub(super) watch: Condvar,
    /// How many compute at once.
    computing_max: usize,
}

impl Default for Workers {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(2, usize::from))
    }
}

impl Ready for Workers {
    fn is_ready(self: Arc<Self>, cell: Arc<Cell>) {
        self.push(&mut self.lock(), cell);
    }
}

impl Workers {
    pub(super) fn new(computing_max: usize) -> Self {
        let (wanted, watch) = (Condvar::new(), Condvar::new());
        Self { queue: Mutex::default(), wanted, watch, computing_max }
    }

    /// Starts a task: its first turn is due, and its component's bell wakes it from now on.
    pub(crate) fn start(self: &Arc<Self>, component: &Arc<Component>, task: Box<dyn Task>) {
        let this: Arc<dyn Ready> = self.clone();
        let cell = Arc::new(Cell::new(Arc::downgrade(&this), component, task));
        component.bell.wakes(Some(Waker::from(cell.clone())));
        let mut queue = self.lock();
        if !queue.has_watcher
            && let Err(error) = self.spawn(&mut queue, "watcher", |workers| workers.watch())
        {
            component.bell.wakes(None);
            return no_thread(component, &error);
        }
        queue.has_watcher = true;
        queue.tasks += 1;
        self.push(&mut queue, cell);
    }

    /// Ends the workers once the last task has ended.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.wanted.notify_all();
        self.watch.notify_all();
    }

    /// Joins the threads that have ended; returns how many still run.
    pub(crate) fn join_ended(&self) -> usize {
        let mut queue = self.lock();
        for ended in queue.threads.extract_if(.., |thread| thread.is_finished()) {
            if ended.join().is_err() {
                tracing::error!(code = "LW0541", "a worker has panicked");
            }
        }
        queue.threads.len()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        lock(&self.queue)
    }

    /// Adds a task that is ready.
    pub(super) fn push(self: &Arc<Self>, queue: &mut Queue, cell: Arc<Cell>) {
        queue.ready.push_back(cell);
        self.call_another(queue);
    }

    /// Has one more worker compute, if there is something for it and a core. Else the watcher looks whether one of those
    /// that compute takes long.
    pub(super) fn call_another(self: &Arc<Self>, queue: &mut Queue) {
        if !queue.has_work() {
            return;
        }
        if queue.computing < self.computing_max {
            if queue.asleep > queue.called {
                queue.called += 1;
                queue.computing += 1;
                self.wanted.notify_one();
                return;
            }
            if queue.workers < self.computing_max + MORE_MAX && self.spawn_worker(queue).is_ok() {
                return;
            }
        }
        if !std::mem::replace(&mut queue.is_watched, true) {
            self.watch.notify_one();
        }
    }

    fn spawn_worker(self: &Arc<Self>, queue: &mut Queue) -> io::Result<()> {
        queue.last_worker += 1;
        let number = queue.last_worker;
        self.spawn(queue, "worker", move |workers| workers.work(number))?;
        queue.workers += 1;
        queue.computing += 1;
        Ok(())
    }

    fn spawn(
        self: &Arc<Self>,
        queue: &mut Queue,
        name: &str,
        run: impl FnOnce(&Arc<Self>) + Send + 'static,
    ) -> io::Result<()> {
        let workers = self.clone();
        let thread = std::thread::Builder::new().name(name.into()).spawn(move || run(&workers))?;
        // Workers come and go while it runs.
        queue.threads.retain(|thread| !thread.is_finished());
        queue.threads.push(thread);
        Ok(())
    }

    /// Runs a worker, which counts as one that computes.
    fn work(self: &Arc<Self>, worker: usize) {
        let mut queue = self.lock();
        loop {
            let is_one_too_many = queue.computing > self.computing_max;
            if is_one_too_many {
                // What it leaves waits for the other workers. They may have begun when nothing waited, and take long.
                self.call_another(&mut queue);
            }
            let work = if is_one_too_many { None } else { queue.take() };
            queue = match work {
                Some(Work::Turn(cell)) => self.turn(queue, worker, &cell),
                Some(Work::Commits(commits)) => self.lead(queue, commits),
                None => match self.sleep(queue) {
                    Some(queue) => queue,
                    None => return,
                },
            };
        }
    }

    fn turn<'a>(
        self: &'a Arc<Self>,
        mut queue: MutexGuard<'a, Queue>,
        worker: usize,
        cell: &Arc<Cell>,
    ) -> MutexGuard<'a, Queue> {
        queue.turns.insert(worker, Instant::now());
        self.call_another(&mut queue);
        drop(queue);
        let next = cell.turn();
        let mut queue = self.lock();
        if queue.turns.remove(&worker).is_none() {
            // It took long, and did not count.
            queue.computing += 1;
        }
        self.put(&mut queue, cell, next);
        queue
    }

    /// Commits, and lets each task go on.
    fn lead<'a>(
        self: &'a Arc<Self>,
        mut queue: MutexGuard<'a, Queue>,
        commits: Vec<(Arc<Cell>, Ticket)>,
    ) -> MutexGuard<'a, Queue> {
        queue.is_led = true;
        queue.computing -= 1;
        self.call_another(&mut queue);
        drop(queue);
        let done = commits.into_iter().map(|(cell, ticket)| {
            let next = cell.commit(ticket);
            (cell, next)
        });
        let done: Vec<_> = done.collect();
        let mut queue = self.lock();
        queue.is_led = false;
        queue.computing += 1;
        for (cell, next) in done {
            self.put(&mut queue, &cell, next);
        }
        queue
    }

    /// Puts a task where it waits for what is next.
    fn put(&self, queue: &mut Queue, cell: &Arc<Cell>, next: Next) {
        match next {
            Next::Again => {
                cell.is_ready();
                queue.ready.push_back(cell.clone());
            }
            Next::Commit(ticket) => queue.commits.push((cell.clone(), ticket)),
            Next::Wait(time) => {
                let at = Instant::now() + time;
                queue.deadlines.set(cell, at);
                if queue.next_look.is_none_or(|look| at < look) {
                    self.watch.notify_one();
                }
                if !cell.idle() {
                    queue.ready.push_back(cell.clone());
                }
            }
            Next::End => {
                queue.deadlines.forget(cell.component.number);
                queue.tasks -= 1;
                if queue.is_over() {
                    self.wanted.notify_all();
                    self.watch.notify_all();
                }
                cell.component.ended.store(true, std::sync::atomic::Ordering::Release);
            }
        }
    }

    /// Waits until there is something to do; `None` if the worker has to end.
    fn sleep<'a>(&self, mut queue: MutexGuard<'a, Queue>) -> Option<MutexGuard<'a, Queue>> {
        queue.computing -= 1;
        queue.asleep += 1;
        let mut is_spare = false;
        loop {
            if queue.called > 0 {
                queue.called -= 1;
                queue.asleep -= 1;
                return Some(queue);
            }
            if is_spare || queue.is_over() {
                queue.asleep -= 1;
                queue.workers -= 1;
                return None;
            }
            let waited = self.wanted.wait_timeout(queue, SPARE).unwrap_or_else(PoisonError::into_inner);
            queue = waited.0;
            is_spare = waited.1.timed_out() && queue.workers > self.computing_max;
        }
    }
}
