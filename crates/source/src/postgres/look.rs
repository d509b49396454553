//! Looks at the catalogs while a database is followed, and plans what they require.

use super::catalog::estimate;
use super::catalog::facts::UnitFacts;
use super::catalog::keys;
use super::failure::is_locked;
use super::follow::Following;
use super::judge::{Stored as Judged, judge};
use super::replay::Context;
use super::suspects::Through;
use super::work::Work;
use crate::settings::PostgresSettings;
use crate::{ErrorKind, SourceError};
use livewell_model::Recovery;
use std::collections::BTreeMap;
use std::time::Instant;

/// Returns whether the source waits until somebody corrects what keeps tables from being followed: what was missed
/// meanwhile is copied then.
pub(super) fn passes(error: &SourceError, settings: &PostgresSettings, has_base: bool) -> bool {
    matches!(error.kind, ErrorKind::Refused | ErrorKind::Changed)
        && settings.recovery == Recovery::AutoReset
        && has_base
}

impl Following {
    /// Returns whether somebody waits for the next look at the catalogs.
    pub fn is_eager(&self) -> bool {
        self.refusal.is_none() && (!self.is_checked || !self.held.is_empty())
    }

    /// Looks at the catalogs, and plans what they require.
    pub fn look(&mut self) -> Result<(), SourceError> {
        match self.look_now() {
            Ok(()) => {
                self.refusal = None;
                Ok(())
            }
            // The holder of the lock may wait for what the stream acknowledges.
            Err(error) if is_locked(&error) => {
                (self.is_checked, self.is_judged) = (false, false);
                self.waits_for = Some(error.message);
                Ok(())
            }
            Err(error) => self.refuse(error),
        }
    }

    /// Records what keeps the tables from being followed, if the source waits until somebody corrects it. The stream
    /// continues meanwhile, because somebody may wait for its acknowledgement.
    pub fn refuse(&mut self, error: SourceError) -> Result<(), SourceError> {
        if !passes(&error, &self.settings, self.has_base) {
            return Err(error);
        }
        (self.is_checked, self.is_judged) = (false, false);
        self.refusal = Some(error);
        Ok(())
    }

    fn look_now(&mut self) -> Result<(), SourceError> {
        let is_different = if self.is_checked {
            self.watch.look()?
        } else {
            let (is_different, altering) = self.watch.look_after_altering()?;
            self.suspects.meet(altering);
            is_different
        };
        self.server_end = self.server_end.max(self.watch.last.end);
        self.settle();
        if is_different {
            self.forms.learn(&self.watch.facts.types);
        }
        let seen = &self.watch.last.seen;
        let unseen = &mut self.position.unseen;
        let visible = unseen.iter().take_while(|(transaction, _)| seen.sees(*transaction)).count();
        let unseen_from = unseen.get(visible).map(|(_, position)| *position);
        unseen.retain(|(transaction, _)| !seen.sees(*transaction));
        let through = self.suspects.through(seen).and(unseen_from);
        if is_different || !self.is_judged {
            self.judge()?;
        }
        let is_exact = self.copy.is_none() && self.going.is_empty() && self.work.is_empty();
        let is_news = match through {
            Through::All => !self.is_checked,
            Through::Position(position) => Some(position) != self.checked_through,
            Through::Unknown => false,
        };
        if is_exact && is_news {
            self.checked_through = through.position();
            self.work.push_back(Work::Checked(self.checked_through));
        }
        Ok(())
    }

    /// Updates the end that the stream has to reach. What is at the end of the log may stay unflushed, and so unsent,
    /// for many seconds. Commits do not: those that the server does not flush at once are flushed soon. So after a
    /// while it is enough that all that is flushed has come.
    fn settle(&mut self) {
        if self.settling_since.elapsed() < self.watch.flush_max {
            return;
        }
        let flushed = self.watch.last.flushed;
        self.going.values_mut().for_each(|end| *end = flushed.min(*end));
        if let Some(copy) = self.copy.as_mut().filter(|copy| copy.is_read()) {
            copy.head.passed = copy.head.passed.min(flushed.0);
        }
    }

    fn judge(&mut self) -> Result<(), SourceError> {
        self.watch.ensure_publication()?;
        self.waits_for = None;
        let going = self.going.keys().copied().collect();
        let stored = Judged { facts: &self.facts, copy: self.copy.as_ref(), going };
        let judgement = judge(&stored, &mut self.watch, &self.settings, &self.asked)?;
        judgement.copy.iter().try_for_each(|(_, facts)| keys::check_rights(&facts.table))?;
        // This role may also have lost the right to read a table that is being read.
        let read = self.copy.iter().flat_map(|copy| copy.units.iter().filter(|(_, unit)| !unit.is_gone));
        read.filter_map(|(oid, _)| self.watch.facts.tables.get(oid)).try_for_each(keys::check_rights)?;
        self.is_judged = true;
        if self.asked.all {
            self.watch.know_names();
        }
        self.follow_late();
        if !judgement.is_nothing() {
            self.is_checked = false;
        }
        let end = self.watch.last.end;
        let work = &mut self.work;
        work.extend(
            judgement.harmless.into_iter().map(|(oid, facts)| Work::Facts(oid, Some(Box::new(facts)))),
        );
        work.extend(judgement.replaced.into_iter().map(|oid| Work::Facts(oid, None)));
        work.extend(judgement.taken_out.into_iter().map(Work::TakeOut));
        if !judgement.gone.is_empty() {
            self.settling_since = Instant::now();
        }
        work.extend(judgement.gone.into_iter().map(|oid| Work::Going(oid, end)));
        if !judgement.copy.is_empty() {
            let waits = judgement.after_running || self.asked.after_running;
            let floor = if waits { self.watch.last.seen.xmax } else { 0 };
            self.plan_copy(judgement.copy, floor)?;
            self.is_asked_planned = true;
        }
        Ok(())
    }

    /// Uses what the stream announced about tables that could not be followed at that time.
    fn follow_late(&mut self) {
        let gone = self.gone_roots();
        let (watch, settings, stored) = (&self.watch, &self.settings, &self.facts);
        self.forms.follow_late(&Context { watch, settings, gone: &gone, stored, copy: self.copy.as_ref() });
    }

    /// Plans a copy of everything, from a slot that was just created.
    pub fn copy_all(&mut self) -> Result<(), SourceError> {
        let units = self.watch.units();
        let units = units.into_iter().filter_map(|oid| Some((oid, self.watch.unit(oid)?))).collect();
        // What was written before the slot and the publication were made has to be visible.
        self.is_asked_planned = true;
        self.plan_copy(units, self.watch.last.seen.xmax)
    }

    pub fn plan_copy(&mut self, units: Vec<(u32, UnitFacts)>, floor: u64) -> Result<(), SourceError> {
        let mut expected = BTreeMap::new();
        for (oid, _) in &units {
            expected.extend(estimate(&mut self.watch.connection, *oid)?.map(|rows| (*oid, rows)));
        }
        let begun = self.watch.last.seen.clone();
        self.work.push_back(Work::Copy { units, floor, expected, begun });
        Ok(())
    }
}
