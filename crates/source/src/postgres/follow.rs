//! Follows a database: its stream and a copy in progress side by side, and both beside the catalogs.

use super::catalog::facts::UnitFacts;
use super::catalog::watch::Watch;
use super::copy::Copy;
use super::copy::range::{self, Outcome, Pace, Request};
use super::failure::{is_locked, unreachable};
use super::judge::Asked;
use super::position::{Lsn, Position};
use super::replay::{Context, Forms};
use super::slot::{self, Kept};
use super::stream::Stream;
use super::suspects::Suspects;
use super::upstream::Upstream;
use super::work::Work;
use crate::SourceError;
use crate::settings::{Check, OnError, PostgresSettings};
use crate::source::{Patience, Read, ReadLimits};
use livewell_model::Recovery;
use livewell_model::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How often the server is asked how much of its log it keeps.
const KEPT_EVERY: Duration = Duration::from_secs(1);
/// How long a read waits while a copy is in progress.
const COPY_WAIT: Duration = Duration::from_millis(10);

/// A database that is followed.
pub(super) struct Following {
    pub settings: PostgresSettings,
    pub slot: String,
    pub watch: Watch,
    pub stream: Stream,
    pub position: Position,
    /// The facts of the units that their live rows were made with.
    pub facts: BTreeMap<u32, UnitFacts>,
    /// Units that are gone, with the position that the stream has to reach before their rows are deleted too.
    pub going: BTreeMap<u32, Lsn>,
    pub copy: Option<Copy>,
    pub asked: Asked,
    /// Whether all requested copies are planned as work.
    pub is_asked_planned: bool,
    pub forms: Forms,
    pub work: VecDeque<Work>,
    /// Transactions that wait until they are visible.
    pub held: VecDeque<Upstream>,
    pace: Pace,
    /// Whether a range is to be read next, not the stream.
    is_range_next: bool,
    /// When the end that the stream has to reach was last determined.
    pub settling_since: Instant,
    /// Whether everything taken in is known to equal what the database had.
    pub is_checked: bool,
    /// The position of the store up to which that is known, if not for everything.
    pub checked_through: Option<u64>,
    pub suspects: Suspects,
    /// Whether what is stored was compared with the catalogs as they were last seen.
    pub is_judged: bool,
    pub last_commit: Option<Timestamp>,
    pub waits_for: Option<String>,
    /// Whether the source has its first elements.
    pub has_base: bool,
    /// Whether the tables have not been read since this connection was made.
    is_blind: bool,
    /// Why tables cannot be followed at the moment, by the catalogs.
    pub refusal: Option<SourceError>,
    pub kept: Kept,
    kept_at: Option<Instant>,
    /// The end of the server's log when it was last seen.
    pub server_end: Lsn,
}

impl Following {
    pub fn new(
        settings: &PostgresSettings,
        slot: String,
        watch: Watch,
        stream: Stream,
        position: Position,
        asked: Asked,
    ) -> Self {
        let mut forms = Forms::default();
        forms.learn(&watch.facts.types);
        let server_end = watch.last.end;
        Self {
            settings: settings.clone(),
            slot,
            watch,
            stream,
            position,
            facts: BTreeMap::new(),
            going: BTreeMap::new(),
            copy: None,
            asked,
            is_asked_planned: false,
            forms,
            work: VecDeque::new(),
            held: VecDeque::new(),
            pace: Pace::default(),
            // Otherwise a process that dies often would never get to it.
            is_range_next: true,
            settling_since: Instant::now(),
            is_checked: false,
            checked_through: None,
            suspects: Suspects::default(),
            is_judged: false,
            last_commit: None,
            waits_for: None,
            has_base: false,
            is_blind: false,
            refusal: None,
            kept: Kept::default(),
            kept_at: None,
            server_end,
        }
    }

    /// Records the outcome of the first look at the tables: the stream continues even if they cannot be followed now.
    ///
    /// # Errors
    /// Returns an error that the source does not wait for.
    pub fn looked(&mut self, look: Result<(), SourceError>) -> Result<(), SourceError> {
        self.is_blind = look.is_err();
        match look {
            Ok(()) => Ok(()),
            Err(error) if is_locked(&error) => {
                self.waits_for = Some(error.message);
                Ok(())
            }
            Err(error) => self.refuse(error),
        }
    }

    /// Reads what comes next: from the catalogs, a copy or the stream.
    pub fn read(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        patience: &dyn Patience,
    ) -> Result<Read, SourceError> {
        let is_new = !self.is_judged && self.refusal.is_none();
        if is_new || self.watch.is_due(self.is_eager()) {
            self.look()?;
        }
        self.ask_kept()?;
        if self.is_blind && self.is_judged {
            self.is_blind = false;
        }
        // The changes cannot be interpreted yet. They wait, unless the obstacle may itself wait for them.
        if self.is_blind && self.refusal.is_none() && !self.kept.is_awaited {
            self.stream.keep_alive()?;
            self.watch.connection.receive(wait)?;
            return Ok(Read::default());
        }
        self.plan();
        if self.work.is_empty() && self.is_range_next && self.is_judged {
            self.read_range(patience)?;
        }
        self.is_range_next = false;
        let mut caught_up = false;
        if self.work.is_empty() {
            let wait = if self.copy.is_some() { wait.min(COPY_WAIT) } else { wait };
            caught_up = self.read_stream(limits, wait, patience.is_watched())?;
            self.is_range_next = self.copy.is_some();
        }
        let is_whole = self.copy.is_none() && self.going.is_empty() && self.held.is_empty();
        let has_work = !self.work.is_empty();
        let is_busy = !is_whole || self.work.iter().any(|work| matches!(work, Work::Transaction(_)));
        let caught_up = caught_up && !has_work && is_whole && self.is_checked;
        Ok(Read { has_work, is_busy, caught_up, rest: None })
    }

    /// Plans what needs no reading.
    fn plan(&mut self) {
        if !self.work.is_empty() {
            return;
        }
        let reached = self.position.lsn;
        if let Some((oid, _)) = self.going.iter().find(|(_, end)| reached >= **end) {
            self.work.push_back(Work::Gone(*oid));
            return;
        }
        let Some(copy) = &self.copy else { return };
        if let Some(oid) = copy.clearing() {
            self.work.push_back(Work::Clear(oid));
        } else if copy.is_whole(reached) {
            self.work.push_back(Work::Finish);
        }
    }

    fn read_range(&mut self, patience: &dyn Patience) -> Result<(), SourceError> {
        let Some(copy) = &self.copy else { return Ok(()) };
        let again = copy.again.keys().map(|(unit, _)| *unit).next();
        // Rows to read again come last: ranges bring many of them.
        let Some((oid, unit)) = copy.next_unit().or_else(|| {
            let oid = again?;
            copy.units.get(&oid).map(|unit| (oid, unit))
        }) else {
            return Ok(());
        };
        let rows = copy.again.iter().filter(|((of, _), _)| *of == oid && unit.is_done);
        let rows = rows.map(|((_, key), cells)| (key, cells));
        let request = Request::of(oid, unit, rows, copy.head.floor, &self.position.unseen);
        // The server ends a stream whose client is silent.
        let mut keep_alive = || {
            if patience.is_over() {
                // The rest of the rows is on its way, so the connection cannot be used any more.
                return Err(unreachable("a range was given up for a stop or a reset"));
            }
            self.stream.keep_alive()
        };
        match range::read(&mut self.watch, &self.settings, &request, &mut self.pace, &mut keep_alive)? {
            Outcome::Read(range) => {
                let bad = range.rows.iter().find_map(|row| row.as_ref().err());
                if let Some(bad) = bad.filter(|_| self.settings.on_error == OnError::Stop) {
                    return Err(bad.error.clone());
                }
                self.waits_for = None;
                self.settling_since = Instant::now();
                self.work.push_back(Work::Range(range));
            }
            Outcome::Changed => self.look()?,
            Outcome::Denied(error) => {
                self.look()?;
                // What the facts do not show, such as a function that a value needs.
                if self.is_judged {
                    self.refuse(error)?;
                }
            }
            Outcome::NotYet(what) => {
                if let Some(what) = what.filter(|what| self.waits_for.as_ref() != Some(what)) {
                    patience.waits_for(&what);
                    self.waits_for = Some(what);
                }
            }
        }
        Ok(())
    }

    /// Reads the stream; returns whether the server has nothing more at the moment. `is_watched`: whether somebody
    /// waits for the source to catch up.
    fn read_stream(
        &mut self,
        limits: ReadLimits,
        wait: Duration,
        is_watched: bool,
    ) -> Result<bool, SourceError> {
        let waits = is_watched || self.copy.as_ref().is_some_and(Copy::is_read) || !self.going.is_empty();
        if waits {
            self.stream.ask()?;
        }
        let wait = if self.is_eager() { wait.min(COPY_WAIT) } else { wait };
        let received = self.stream.read(limits.transactions, limits.bytes, wait)?;
        for finished in received.transactions {
            let transaction = self.watch.last.seen.widen(finished.xid);
            // Before altered rows are used, the catalogs have to show what else was altered.
            if finished.spool.has_forms && !self.watch.last.seen.sees(transaction) {
                self.look()?;
            }
            let gone = self.gone_roots();
            let (watch, settings, stored) = (&self.watch, &self.settings, &self.facts);
            let context = Context { watch, settings, gone: &gone, stored, copy: self.copy.as_ref() };
            let upstream = self.forms.replay(finished, &context)?;
            // Tables that missed changes are copied once they are followed again; for the others the reason is known.
            let missed = std::mem::take(&mut self.forms.missed).into_iter();
            let is_asked =
                |oid: &u32| self.facts.get(oid).is_some_and(|facts| self.asked.is_for(&facts.root_name));
            let missed = missed.filter(|oid| !self.is_judged && !is_asked(oid));
            self.work.extend(missed.map(|oid| Work::Facts(oid, None)));
            self.copy_unclear(&upstream)?;
            self.held.push_back(upstream);
        }
        self.publish()?;
        if self.held.is_empty()
            && self.work.is_empty()
            && let Some(lsn) = self.stream.quiet(waits || self.kept.is_awaited)
        {
            self.work.push_back(Work::Quiet(lsn));
        }
        Ok(received.caught_up)
    }

    /// Returns the roots of units that are gone from the catalogs and not yet from the stream.
    pub fn gone_roots(&self) -> BTreeMap<u32, u32> {
        self.going.keys().filter_map(|oid| Some((*oid, self.facts.get(oid)?.root))).collect()
    }

    /// Plans a copy of tables with a change that does not identify its row.
    fn copy_unclear(&mut self, upstream: &Upstream) -> Result<(), SourceError> {
        let units = upstream.steps.unclear();
        let is_copied = |oid: &u32| {
            let planned = self.work.iter().any(
                |work| matches!(work, Work::Copy { units, .. } if units.iter().any(|(unit, _)| unit == oid)),
            );
            planned || self.copy.as_ref().is_some_and(|copy| copy.units.contains_key(oid))
        };
        let due: Vec<u32> = units.into_iter().filter(|oid| !is_copied(oid)).collect();
        for oid in due {
            let Some(facts) = self.watch.unit(oid) else { continue };
            let name = facts.root_name.clone();
            let shown = format!("{}.{}", name.0, name.1);
            if self.settings.recovery == Recovery::Strict
                && !self.asked.all
                && !self.asked.tables.contains(&name)
            {
                return Err(super::failure::altered(format!(
                    "a change of `{shown}` does not say which row it is of, by the key that is used here; \
                     `livewell reset {} --table {shown}` copies that table while everything else continues (`recovery: \
                     auto_reset` does so by itself)",
                    self.settings.id
                )));
            }
            self.plan_copy(vec![(oid, facts)], 0)?;
        }
        Ok(())
    }

    /// Passes transactions on: all of them, or only the visible ones if each batch is checked.
    fn publish(&mut self) -> Result<(), SourceError> {
        if self.held.is_empty() {
            return Ok(());
        }
        if self.settings.check == Check::EveryBatch {
            self.look()?;
            let seen = self.watch.last.seen.clone();
            while let Some(upstream) = self.held.pop_front_if(|held| seen.sees(held.transaction)) {
                self.work.push_back(Work::Transaction(upstream));
            }
        } else {
            self.work.extend(self.held.drain(..).map(Work::Transaction));
        }
        Ok(())
    }

    fn ask_kept(&mut self) -> Result<(), SourceError> {
        if self.kept_at.is_none_or(|at| at.elapsed() > KEPT_EVERY) {
            self.kept = slot::kept(&mut self.watch.connection, &self.slot)?;
            self.kept_at = Some(Instant::now());
        }
        Ok(())
    }
}
