//! What the tables held after each commit of a storm, by places in the server's log.
//!
//! All commits of a storm are made by one thread, one after another, so each state of the tables lasts from the end of
//! a commit up to where the log was when the next one was begun.

use crate::postgres::compared::answer;
use crate::postgres::database::Database;
use crate::postgres::storm::model::followed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many tables a publication sends only in part.
const PARTIAL: &str =
    "select count(*) from pg_publication_rel where prattrs is not null or prqual is not null";

/// A place in the server's log.
pub type Lsn = u64;

/// The states of the tables so far, shared with whoever compares.
#[derive(Clone, Default)]
pub struct History(Arc<Mutex<Vec<State>>>);

/// What the tables held for a while.
struct State {
    /// Where the log was when it had certainly begun.
    from: Lsn,
    /// Where the log was when it certainly still held; `None`: it holds now.
    until: Option<Lsn>,
    /// Whether what changed it into the next one was a single transaction, so that there was nothing in between.
    ends_at_once: bool,
    /// What SQL says of it; `None` while a publication leaves columns or rows out, which is what a source has then.
    answer: Option<Arc<str>>,
}

impl History {
    /// Takes note of what the tables hold now, before anything else is run. `from`: where the log was just now.
    pub fn add(&self, database: &Database, from: Lsn) {
        let is_partial = database.ask(PARTIAL) != "0";
        let answer = (!is_partial).then(|| answer(database, &followed()).into());
        self.states().push(State { from, until: None, ends_at_once: true, answer });
    }

    /// Takes note that statements are about to be run. `is_one`: they are one transaction.
    pub fn end(&self, until: Lsn, is_one: bool) {
        if let Some(last) = self.states().last_mut() {
            (last.until, last.ends_at_once) = (Some(until), is_one);
        }
    }

    /// What SQL says of the states that the tables may have had somewhere from `low` to `high`. `None` if that is not
    /// known yet; no state at all if several transactions came together there, or one is not known.
    pub fn between(&self, low: Lsn, high: Lsn) -> Option<Vec<Arc<str>>> {
        let states = self.states();
        let (first, last) = (states.first()?, states.last()?);
        if last.until.is_some_and(|until| until < high) {
            return None;
        }
        if low < first.from {
            return Some(Vec::new());
        }
        let mut found = Vec::new();
        let mut begun = first.from;
        for (at, state) in states.iter().enumerate() {
            let over = states.get(at + 1).map(|next| next.from);
            let is_before = over.is_some_and(|over| over <= low);
            if !is_before && begun <= high {
                let Some(answer) = &state.answer else { return Some(Vec::new()) };
                found.push(answer.clone());
            }
            let Some(until) = state.until else { break };
            if !is_before && until < high && !state.ends_at_once {
                return Some(Vec::new());
            }
            // The commit after it ends behind that place.
            begun = until + 1;
        }
        Some(found)
    }

    fn states(&self) -> MutexGuard<'_, Vec<State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a place in the log as the server prints it.
pub fn parse(text: &str) -> Option<Lsn> {
    let (high, low) = text.trim().split_once('/')?;
    let part = |text| u64::from_str_radix(text, 16).ok();
    Some(part(high)? << 32 | part(low)?)
}

/// Where the server's log ends.
pub fn now(database: &Database) -> Lsn {
    let text = database.ask("select pg_current_wal_insert_lsn()");
    parse(&text).expect("a place in the log")
}
