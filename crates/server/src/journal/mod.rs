//! The journal: what happened to the components, and which calls changed something. The last events are in memory and,
//! beside a store on a disk, in a file, to which commands also add what they do while nobody runs the store.

mod event;
mod file;
mod watching;

pub use event::{Event, Of, What};
pub use watching::Watching;

use file::Kept;
use livewell::clock::{Clock, SystemClock};
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tokio::sync::broadcast;

/// How many events are kept.
pub const EVENTS_MAX: usize = 10_000;
/// How many events a reader that follows may be behind before it misses some.
const AHEAD_MAX: usize = 256;

/// The journal of a process; clones are the same one.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Signalled when there is something to write.
    news: Condvar,
    followers: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug, Default)]
struct State {
    events: VecDeque<Arc<Event>>,
    /// The number of the next event.
    next: u64,
    /// Set once the process ends: what components do then is not an event.
    is_closed: bool,
    writer: Option<JoinHandle<()>>,
}

impl Default for Journal {
    fn default() -> Self {
        let (followers, _) = broadcast::channel(AHEAD_MAX);
        Self(Arc::new(Inner { state: Mutex::default(), news: Condvar::new(), followers }))
    }
}

impl Journal {
    /// Begins with the start of the process: after what a file in the directory of the store has, if there is one. A file
    /// that cannot be used costs a line in the log, and what happens is in memory alone.
    ///
    /// `tell` is called for each thing that commands have done since the last run, before the start is recorded: one that
    /// ends between the two tells it again.
    pub fn begin(&self, store: Option<&Path>, tell: impl FnMut(&Event)) {
        let opened = store.map(|store| Kept::open(store, EVENTS_MAX)).transpose();
        let (kept, before) = opened
            .unwrap_or_else(|error| {
                tracing::warn!(code = "LW0811", "the file of events cannot be used: {error} [LW0811]");
                None
            })
            .unzip();
        let before = before.unwrap_or_default();
        let (of_runs, since) = before.split_at(by_runs(&before));
        since.iter().for_each(tell);
        let crashed = of_runs.last().is_some_and(|last| last.what != What::Stop);
        let saved = before.last().map_or(0, |last| last.number);
        {
            let mut state = self.lock();
            state.next = saved + 1;
            state.events = before.into_iter().map(Arc::new).collect();
        }
        let how = if crashed { ", after a process that did not end in order" } else { "" };
        self.record(Event::new(What::Start).with(&format!("{}{how}", env!("CARGO_PKG_VERSION"))));
        if let Some(kept) = kept {
            let journal = self.clone();
            let writer =
                thread::Builder::new().name("events".into()).spawn(move || journal.write(kept, saved));
            self.lock().writer = writer.ok();
        }
    }

    /// Returns whether a restart finds the events again.
    pub fn is_durable(&self) -> bool {
        self.lock().writer.is_some()
    }

    /// Records an event, which gets its number and its time.
    pub fn record(&self, event: Event) {
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        let event = Arc::new(Event { number: state.next, time: SystemClock.now().to_rfc3339(), ..event });
        state.next += 1;
        if state.events.len() == EVENTS_MAX {
            state.events.pop_front();
        }
        state.events.push_back(event.clone());
        drop(state);
        self.0.news.notify_one();
        // Nobody may follow.
        let _ = self.0.followers.send(event);
    }

    /// Returns at most `most` of the wanted events before a number, the newest first, and whether there are older ones.
    pub fn before(
        &self,
        number: Option<u64>,
        most: usize,
        is_wanted: impl Fn(&Event) -> bool,
    ) -> (Vec<Arc<Event>>, bool) {
        let state = self.lock();
        let end = number
            .map_or(state.events.len(), |number| state.events.partition_point(|event| event.number < number));
        // Nobody who records an event waits for a search.
        let events: Vec<_> = state.events.range(..end).rev().cloned().collect();
        drop(state);
        let mut wanted = events.into_iter().filter(|event| is_wanted(event));
        let page = wanted.by_ref().take(most).collect();
        (page, wanted.next().is_some())
    }

    /// Returns a receiver of what happens from now on.
    pub fn follow(&self) -> broadcast::Receiver<Arc<Event>> {
        self.0.followers.subscribe()
    }

    /// Ends with the end of the process: what components do now is not an event. Returns once all is written.
    pub fn end(&self) {
        self.record(Event::new(What::Stop));
        let writer = {
            let mut state = self.lock();
            state.is_closed = true;
            state.writer.take()
        };
        self.0.news.notify_all();
        if let Some(writer) = writer {
            // What it had to say is in the log.
            let _ = writer.join();
        }
    }

    /// Writes events as they come, until the journal ends.
    fn write(&self, mut kept: Kept, mut saved: u64) {
        let mut has_failed = false;
        loop {
            let (new, is_closed) = self.news(saved);
            let Some(last) = new.last() else { return };
            saved = last.number;
            let all = || self.lock().events.iter().map(|event| Event::clone(event)).collect();
            match kept.append(&new, all, EVENTS_MAX) {
                Ok(()) => has_failed = false,
                Err(error) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::warn!(
                            code = "LW0811",
                            "events are not written to their file: {error} [LW0811]"
                        );
                    }
                }
            }
            if is_closed {
                return;
            }
        }
    }

    /// Waits for events after a number; there are none only if the journal has ended.
    fn news(&self, saved: u64) -> (Vec<Event>, bool) {
        let mut state = self.lock();
        loop {
            let first = state.events.partition_point(|event| event.number <= saved);
            if first < state.events.len() || state.is_closed {
                let new = state.events.range(first..).map(|event| Event::clone(event)).collect();
                return (new, state.is_closed);
            }
            state = self.0.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records what a command has done to a store that nobody runs. The caller holds the store, so that nobody else writes
/// to its file. When this returns, the event is on the disk.
///
/// # Errors
/// Returns an error if the file cannot be read or written.
pub fn record_command(store: &Path, call: &str, component: Option<Of>) -> io::Result<()> {
    let (mut kept, mut events) = Kept::open(store, EVENTS_MAX)?;
    let number = events.last().map_or(0, |last| last.number) + 1;
    let event = Event { number, time: SystemClock.now().to_rfc3339(), ..Event::of_command(call, component) };
    events.push(event.clone());
    kept.append(&[event], || events, EVENTS_MAX)?;
    kept.sync()
}

/// Returns the events of a store that nobody runs.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn stored(store: &Path) -> io::Result<Vec<Event>> {
    file::read(store, EVENTS_MAX)
}

/// Returns how many of the events are there without what commands have done since the last run.
fn by_runs(events: &[Event]) -> usize {
    events.iter().rposition(|event| !event.is_of_command()).map_or(0, |last| last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(journal: &Journal) -> (u64, u64) {
        let (events, _) = journal.before(None, usize::MAX, |_| true);
        (events.last().unwrap().number, events[0].number)
    }

    #[test]
    fn it_holds_so_many_events_and_no_more_also_over_restarts() {
        let store = tempfile::tempdir().unwrap();
        let most = EVENTS_MAX as u64;
        let journal = Journal::default();
        journal.begin(Some(store.path()), |_| {});
        (0..3 * most).for_each(|_| journal.record(Event::new(What::Gap)));
        assert_eq!(numbers(&journal), (2 * most + 2, 3 * most + 1));
        journal.end();
        journal.record(Event::new(What::Gap));
        let again = Journal::default();
        again.begin(Some(store.path()), |_| {});
        assert_eq!(
            numbers(&again),
            (2 * most + 4, 3 * most + 3),
            "one event for the end, and one for the start"
        );
        again.end();
    }

    #[test]
    fn without_a_file_that_can_be_used_it_is_in_memory() {
        let store = tempfile::tempdir().unwrap();
        std::fs::create_dir(store.path().join("events.jsonl")).unwrap();
        let journal = Journal::default();
        journal.begin(Some(store.path()), |_| {});
        assert!(!journal.is_durable());
        assert_eq!(numbers(&journal), (1, 1));
        journal.end();
    }

    #[test]
    fn a_long_message_is_cut_off_between_characters() {
        let event = Event::new(What::Gap).with(&"\u{e9}".repeat(10_000));
        let message = event.message.unwrap();
        assert!(message.ends_with("\u{e9} ...") && message.chars().count() == 504);
        assert_eq!(Event::new(What::Gap).with("short").message.as_deref(), Some("short"));
    }

    #[test]
    fn what_commands_did_since_the_last_run_is_told_once_and_is_no_crash() {
        let store = tempfile::tempdir().unwrap();
        let told = |journal: &Journal| {
            let mut told = Vec::new();
            journal.begin(Some(store.path()), |event| told.push(event.call.clone().unwrap()));
            told
        };
        record_command(store.path(), "restore", None).unwrap();
        let journal = Journal::default();
        assert_eq!(told(&journal), ["restore"]);
        journal.end();
        for call in ["remove", "reset"] {
            record_command(store.path(), call, Some(Of::new(livewell::ComponentKind::Query, "late")))
                .unwrap();
        }
        let journal = Journal::default();
        assert_eq!(told(&journal), ["remove", "reset"]);
        let (events, _) = journal.before(None, 3, |_| true);
        let whats: Vec<What> = events.iter().map(|event| event.what).collect();
        assert_eq!(whats, [What::Start, What::Call, What::Call]);
        assert!(!events[0].message.as_ref().unwrap().contains("not end in order"), "{events:?}");
        assert_eq!(events[0].number, events[2].number + 2);
        journal.end();
        let journal = Journal::default();
        assert!(told(&journal).is_empty());
        // It is killed: its file has no end.
        drop(journal);
    }
}
