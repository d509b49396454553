//! Reads the two sides of a comparison: rows of the database, and what is stored, with its position.

use super::halt::Halt;
use crate::SourceError;
use crate::postgres::catalog::facts::UnitFacts;
use crate::postgres::catalog::fingerprint::FLUSHED;
use crate::postgres::catalog::text;
use crate::postgres::catalog::verdict::{Verdict, verdict};
use crate::postgres::catalog::watch::Watch;
use crate::postgres::copy::range::{self, Outcome, Pace, Range, Request};
use crate::postgres::copy::{CopyHead, CopyUnit};
use crate::postgres::failure::{not_understood, refused};
use crate::postgres::notes;
use crate::postgres::position::{Lsn, Position};
use crate::postgres::visible::Visible;
use crate::settings::PostgresSettings;
use crate::source::{Patience, Stored};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// How long the source may take to reach a snapshot; an idle one stores its position every ten seconds.
const REACH_MAX: Duration = Duration::from_secs(20);
/// How often its position is checked.
const REACH_EVERY: Duration = Duration::from_millis(20);
/// How long a source may take to learn what was altered in the catalogs.
const ALTERED_MAX: Duration = Duration::from_secs(10);
/// How long a table may be locked.
const LOCKED_MAX: Duration = Duration::from_secs(60);

/// Both sides of a comparison.
pub(super) struct Reader<'a> {
    pub watch: Watch,
    settings: &'a PostgresSettings,
    stored: &'a dyn Fn() -> Result<Box<dyn Stored>, SourceError>,
    parked: &'a dyn Fn() -> Result<BTreeSet<String>, SourceError>,
    patience: &'a dyn Patience,
    pace: Pace,
    /// Whether the source was waited for in vain.
    is_late: bool,
    /// The position up to which everything that matters is known to be stored.
    reached: Lsn,
    /// The digest of catalogs that the source does not know yet, and since when.
    altered: Option<(String, Instant)>,
    /// The last snapshot that was used.
    pub snapshot: Visible,
}

/// Functions that return all that is stored now, and the places of all input that is set aside.
type Sides<'a> = (
    &'a dyn Fn() -> Result<Box<dyn Stored>, SourceError>,
    &'a dyn Fn() -> Result<BTreeSet<String>, SourceError>,
);

/// What is stored some time after a snapshot.
pub(super) struct Passed {
    pub view: Box<dyn Stored>,
    pub position: Position,
    /// Whether everything that the snapshot sees is stored.
    pub is_reached: bool,
}

impl<'a> Reader<'a> {
    pub fn new(
        watch: Watch,
        settings: &'a PostgresSettings,
        (stored, parked): Sides<'a>,
        patience: &'a dyn Patience,
    ) -> Result<Self, SourceError> {
        let snapshot = watch.last.seen.clone();
        let (pace, is_late, reached) = (Pace::default(), false, Lsn(0));
        Ok(Self {
            watch,
            settings,
            stored,
            parked,
            patience,
            pace,
            is_late,
            reached,
            altered: None,
            snapshot,
        })
    }

    /// Returns the places of all input that is set aside now.
    pub fn parked(&self) -> Result<BTreeSet<String>, SourceError> {
        (self.parked)()
    }

    /// Returns what is stored now.
    pub fn view(&self) -> Result<Box<dyn Stored>, SourceError> {
        (self.stored)()
    }

    /// Returns the position of the source.
    pub fn position(&self) -> Result<Position, SourceError> {
        position(&*self.view()?)
    }

    /// Begins a unit, whose rows may have another size.
    pub fn begin_unit(&mut self) {
        self.pace = Pace::default();
    }

    /// Reads rows of a unit: those with these keys, or else the next range after a key.
    pub fn range(
        &mut self,
        oid: u32,
        again: Vec<(String, Vec<String>)>,
        after: Option<&[String]>,
    ) -> Result<Range, Halt> {
        let facts = self.watch.unit(oid).ok_or(Halt::Changed)?;
        let request = Request { oid, facts: &facts, again, after, floor: 0, unseen: &[] };
        let began = Instant::now();
        loop {
            self.check_patience()?;
            match range::read(&mut self.watch, self.settings, &request, &mut self.pace, &mut || Ok(()))? {
                Outcome::Read(range) => {
                    self.snapshot = range.snapshot.clone();
                    return Ok(*range);
                }
                Outcome::Denied(error) => return Err(error.into()),
                Outcome::Changed => return Err(Halt::Changed),
                Outcome::NotYet(why) if began.elapsed() > LOCKED_MAX => {
                    return Err(Halt::NotNow(why.unwrap_or_else(|| "it is locked".into())));
                }
                Outcome::NotYet(_) => {}
            }
        }
    }

    /// Waits until everything up to `lsn` is stored, or as long as that makes sense.
    ///
    /// What is at the end of the log may stay unflushed, and so unsent, for many seconds. Commits do not: those that the
    /// server does not flush at once are flushed soon. So after a while all that is flushed is enough.
    pub fn passed(&mut self, lsn: Lsn) -> Result<Passed, Halt> {
        let began = Instant::now();
        loop {
            let is_flushed = began.elapsed() > self.watch.flush_max;
            let needed = if is_flushed { lsn.min(self.flushed()?) } else { lsn };
            let view = self.view()?;
            let position = position(&*view)?;
            let is_reached = position.lsn >= needed || lsn <= self.reached;
            if is_reached {
                self.reached = self.reached.max(lsn);
            }
            if is_reached || self.is_late || began.elapsed() > REACH_MAX {
                self.is_late = !is_reached;
                return Ok(Passed { view, position, is_reached });
            }
            drop(view);
            self.pause(REACH_EVERY)?;
        }
    }

    /// Returns the position up to which the server's log is flushed.
    fn flushed(&mut self) -> Result<Lsn, SourceError> {
        let statement = format!("SELECT {FLUSHED}");
        let rows = self.watch.connection.query(&statement, "to say where its log ends")?;
        let lsn = rows.first().map(|row| text(row, 0)).transpose()?.and_then(Lsn::parse);
        Ok(lsn.ok_or_else(|| not_understood("its log has no end"))?.content())
    }

    /// Returns whether the source has not learnt for long what was altered in the catalogs.
    pub fn is_altered_for_long(&mut self) -> bool {
        let digest = &self.watch.last.digest;
        match &self.altered {
            Some((altered, since)) if altered == digest => since.elapsed() > ALTERED_MAX,
            _ => {
                self.altered = Some((digest.clone(), Instant::now()));
                false
            }
        }
    }

    /// Sleeps for a while.
    pub fn pause(&mut self, pause: Duration) -> Result<(), Halt> {
        self.check_patience()?;
        let statement = format!("SELECT pg_catalog.pg_sleep({})", pause.as_secs_f64());
        self.watch.connection.query(&statement, "to wait for changes")?;
        Ok(())
    }

    /// Returns an error if the comparison is to end.
    pub fn check_patience(&self) -> Result<(), SourceError> {
        if self.patience.is_over() {
            let id = &self.settings.id;
            return Err(refused(format!(
                "the comparison of `{id}` was ended, since it is being stopped or nobody waits for it; verify it again \
                 once it has caught up"
            )));
        }
        Ok(())
    }

    /// Checks that a table is not being copied; returns whether the source knows it as the catalogs have it now.
    pub fn check_rest(&self, view: &dyn Stored, root: u32, units: &[u32]) -> Result<bool, Halt> {
        if !view.has_base() || is_copied(view, root)? {
            return Err(Halt::NotNow("it is being copied".into()));
        }
        if view.note(notes::OWED)?.is_some() {
            return Err(Halt::NotNow("it is not copied yet".into()));
        }
        let mut is_same = true;
        for oid in units {
            let Some(known) = view.note(&notes::facts(*oid))? else {
                return Err(Halt::NotNow("it is not copied yet".into()));
            };
            let now = self.watch.unit(*oid).ok_or(Halt::Changed)?;
            is_same &= verdict(&notes::decode(&known)?, &now) == Verdict::Same;
        }
        let mut is_going = false;
        notes::each(view, notes::FACTS, |key, bytes| {
            let oid = notes::number_in(key)?;
            if notes::decode::<UnitFacts>(bytes)?.root == root {
                is_same &= units.contains(&oid);
                is_going |= view.note(&notes::gone(oid))?.is_some();
            }
            Ok(())
        })?;
        if is_going {
            return Err(Halt::NotNow("rows of a partition that is gone are being removed".into()));
        }
        Ok(is_same)
    }
}

/// Returns whether a part of the table is being copied.
fn is_copied(view: &dyn Stored, root: u32) -> Result<bool, SourceError> {
    let Some(head) = view.note(notes::COPY)? else { return Ok(false) };
    let head: CopyHead = notes::decode(&head)?;
    let mut is_copied = false;
    notes::each(view, &notes::unit_prefix(head.number), |_, bytes| {
        let unit: CopyUnit = notes::decode(bytes)?;
        is_copied |= unit.facts.root == root && !unit.is_gone;
        Ok(())
    })?;
    Ok(is_copied)
}

fn position(view: &dyn Stored) -> Result<Position, SourceError> {
    let bytes = view.note(notes::POSITION)?.filter(|bytes| !bytes.is_empty());
    bytes.map_or_else(|| Ok(Position::default()), |bytes| Position::decode(&bytes))
}
