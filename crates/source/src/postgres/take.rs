//! Writes what was read: every piece of work in its order, then the position, all in one commit.

use super::catalog::facts::UnitFacts;
use super::copy::range::Range;
use super::copy::{Copy, CopyHead};
use super::follow::Following;
use super::judge::Asked;
use super::keys::Keys;
use super::live::{Live, park, place};
use super::notes;
use super::rows::prefix;
use super::upstream::Upstream;
use super::visible::Visible;
use super::work::Work;
use crate::SourceError;
use crate::pages::Elements;
use crate::settings::OnError;
use crate::source::{Commit, Report, Side};
use livewell_model::{Change, ElementId};
use std::collections::{BTreeMap, BTreeSet};

impl Following {
    /// Writes everything that was read since the last time. Returns whether that begins the requested copies.
    pub fn take_in(&mut self, commit: &mut dyn Commit) -> Result<bool, SourceError> {
        while let Some(work) = self.work.pop_front() {
            self.take(commit, work)?;
        }
        self.stream.take_in(self.position.lsn);
        self.suspects.reach(commit.position());
        commit.put_note(notes::POSITION, Some(self.position.encode()));
        let is_begun = std::mem::take(&mut self.is_asked_planned);
        if is_begun {
            self.asked = Asked::default();
            commit.put_note(notes::OWED, None);
        } else if self.asked.after_running && self.copy.is_some() {
            // The copy that this one replaces no longer says what was to be copied.
            commit.put_note(notes::OWED, Some(notes::encode(&true)));
        }
        Ok(is_begun)
    }

    fn take(&mut self, commit: &mut dyn Commit, work: Work) -> Result<(), SourceError> {
        match work {
            Work::Transaction(upstream) => self.transaction(commit, upstream),
            Work::Facts(oid, facts) => {
                match (&mut self.copy, facts) {
                    (Some(copy), Some(facts)) if copy.has(oid) => copy.learn(commit, oid, *facts),
                    // The stage lacks changes, as the live elements do.
                    (Some(copy), None) if copy.has(oid) => {
                        copy.begin_again(commit, oid);
                        self.put_facts(commit, oid, None);
                    }
                    (_, facts) => self.put_facts(commit, oid, facts.map(|facts| *facts)),
                }
                Ok(())
            }
            Work::Copy { units, floor, expected, begun } => {
                self.begin_copy(commit, units, floor, &expected, &begun)
            }
            Work::TakeOut(oid) => {
                if let Some(copy) = &mut self.copy {
                    copy.take_out(commit, oid);
                }
                Ok(())
            }
            Work::Going(oid, end) => {
                commit.put_note(&notes::gone(oid), Some(notes::encode(&end.0)));
                self.going.insert(oid, end);
                Ok(())
            }
            Work::Gone(oid) => self.gone(commit, oid),
            Work::Range(range) => self.range(commit, *range),
            Work::Clear(oid) => self.clear(commit, oid),
            Work::Finish => self.finish(commit),
            Work::Quiet(lsn) => {
                self.position.lsn = self.position.lsn.max(lsn);
                Ok(())
            }
            Work::Checked(through) => {
                let is_all = through.is_none();
                let through = through.unwrap_or_else(|| commit.position());
                commit.set_checked(through);
                self.suspects.clear_through(through);
                self.is_checked = is_all;
                Ok(())
            }
        }
    }

    fn transaction(&mut self, commit: &mut dyn Commit, upstream: Upstream) -> Result<(), SourceError> {
        let before = commit.position();
        if let Some(copy) = &mut self.copy {
            copy.follow(commit, &upstream)?;
        }
        let Upstream { transaction, end, timestamp, steps } = upstream;
        if commit.has_base() {
            // Only for the units at hand: there may be thousands, and transactions are many.
            let units = steps.units();
            let (mut leaves, mut exact) = (units.clone(), units);
            leaves.retain(|oid| self.is_leaf(*oid));
            exact.retain(|oid| self.is_exact(*oid));
            let parks = self.settings.on_error == OnError::Park;
            Live::new(commit, &leaves, &exact, parks).take_in(steps, timestamp)?;
        }
        self.position.lsn = end;
        self.position.unseen.push((transaction, before));
        self.last_commit = Some(timestamp);
        self.is_checked = false;
        Ok(())
    }

    /// Returns whether the unit is a partition that is sent as itself.
    fn is_leaf(&self, oid: u32) -> bool {
        let copied = || Some(&self.copy.as_ref()?.units.get(&oid)?.facts);
        self.facts.get(&oid).or_else(copied).is_some_and(|facts| facts.root != oid)
    }

    /// Returns whether the live rows of the unit are complete: in others, values that were not sent may be missing.
    fn is_exact(&self, oid: u32) -> bool {
        let is_copied = self.copy.as_ref().is_some_and(|copy| copy.units.contains_key(&oid));
        let Some(facts) = self.facts.get(&oid) else { return false };
        !is_copied && !self.going.contains_key(&oid) && !self.asked.is_for(&facts.root_name)
    }

    fn put_facts(&mut self, commit: &mut dyn Commit, oid: u32, facts: Option<UnitFacts>) {
        commit.put_note(&notes::facts(oid), facts.as_ref().map(notes::encode));
        match facts {
            Some(facts) => {
                self.watch.learn(&facts.root_name);
                self.facts.insert(oid, facts);
            }
            None => drop(self.facts.remove(&oid)),
        }
    }

    fn begin_copy(
        &mut self,
        commit: &mut dyn Commit,
        units: Vec<(u32, UnitFacts)>,
        floor: u64,
        expected: &BTreeMap<u32, u64>,
        begun: &Visible,
    ) -> Result<(), SourceError> {
        self.is_checked = false;
        if self.copy.is_none() {
            // A copy that was given up; it is dropped even if it is damaged.
            let old = commit.note(notes::COPY)?.and_then(|old| notes::decode::<CopyHead>(&old).ok());
            if let Some(old) = old {
                commit.discard_notes(&notes::copy_prefix(old.number));
            }
            let number = commit.begin_stage()?;
            let is_base = !commit.has_base();
            self.copy = Some(Copy::new(CopyHead::new(number, is_base)));
        }
        let mut names = BTreeSet::new();
        for (oid, facts) in units {
            names.insert(facts.root_name.1.clone());
            // A partition that comes back before its rows are gone is copied, which removes the excess rows.
            if self.going.remove(&oid).is_some() {
                commit.put_note(&notes::gone(oid), None);
            }
            let Some(copy) = &mut self.copy else { return Ok(()) };
            copy.begin_unit(commit, oid, facts, begun.clone());
            if let Some(unit) = copy.units.get_mut(&oid) {
                unit.expected = expected.get(&oid).copied();
            }
            copy.put_unit(commit, oid);
        }
        let names: Vec<String> = names.into_iter().collect();
        tracing::info!(source = %self.settings.id, tables = names.join(", "), "copying rows");
        if let Some(copy) = &mut self.copy {
            copy.head.floor = copy.head.floor.max(floor);
            copy.put_head(commit);
        }
        Ok(())
    }

    fn range(&mut self, commit: &mut dyn Commit, range: Range) -> Result<(), SourceError> {
        let Some(shape) = self.watch.shape(range.unit).cloned() else { return Ok(()) };
        let Some(copy) = &mut self.copy else { return Ok(()) };
        for bad in copy.take_in(commit, &shape, range)? {
            park(commit, &place(&shape.name, &bad.key), &bad.text, &bad.error.message)?;
        }
        Ok(())
    }

    fn clear(&mut self, commit: &mut dyn Commit, oid: u32) -> Result<(), SourceError> {
        let Some(copy) = &mut self.copy else { return Ok(()) };
        let root = copy.units.get(&oid).map(|unit| unit.facts.root);
        let shape = root.and_then(|root| self.watch.shapes.get(&root)).cloned();
        copy.clear_some(commit, oid, shape.as_deref())
    }

    /// Publishes the copy: as the base, or as the difference to the live elements.
    fn finish(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        let Some(copy) = self.copy.take() else { return Ok(()) };
        let rows: u64 = copy.units.values().map(|unit| unit.rows).sum();
        if copy.head.is_base {
            commit.end_stage(true, copy.time())?;
            self.has_base = true;
        } else {
            commit.begin(Some(copy.time()))?;
            let changes = copy.difference(commit, &self.watch.shapes, &self.complete(&copy))?;
            commit.end()?;
            tracing::info!(source = %self.settings.id, rows, changes, "the copy is compared");
            commit.end_stage(false, copy.time())?;
        }
        // What was stored before did not agree with the database, and queries that are behind still see it.
        commit.set_exact_from(commit.position());
        commit.put_note(notes::COPY, None);
        commit.discard_notes(&notes::copy_prefix(copy.head.number));
        for (oid, unit) in copy.units {
            self.put_facts(commit, oid, Some(unit.facts));
        }
        tracing::info!(source = %self.settings.id, rows, "copied");
        Ok(())
    }

    /// Returns the roots all of whose units are in the copy.
    fn complete(&self, copy: &Copy) -> BTreeSet<u32> {
        let is_copied = |oid: &u32| copy.units.get(oid).is_some_and(|unit| !unit.is_gone);
        let roots = self.watch.shapes.keys();
        let is_complete = |root: &&u32| {
            let units = self.watch.facts.units(**root);
            units.iter().all(is_copied)
                // A table without partitions has nothing to copy; its old rows go with their partitions.
                && (!units.is_empty() || copy.units.values().any(|unit| unit.facts.root == **root))
        };
        roots.filter(is_complete).copied().collect()
    }

    /// Deletes the rows of a unit that is gone.
    fn gone(&mut self, commit: &mut dyn Commit, oid: u32) -> Result<(), SourceError> {
        commit.begin(self.last_commit)?;
        let mut elements = 0u64;
        let mut delete = |commit: &mut dyn Commit, id: ElementId| {
            elements += 1;
            commit.change(Change::Delete(id))
        };
        if let Some(facts) = self.facts.get(&oid) {
            let shape = self.watch.shapes.get(&facts.root).filter(|_| facts.root != oid);
            let mut keys = Keys::of(notes::leaf_prefix(oid));
            while let Some(key) = keys.next(commit)? {
                commit.put_note(&notes::leaf(oid, &key), None);
                for id in shape.map(|shape| shape.ids(&key)).transpose()?.into_iter().flatten() {
                    delete(commit, id)?;
                }
            }
            if shape.is_none() {
                let (schema, name) = &facts.root_name;
                let prefix = prefix(schema, name);
                for end in [".", ":"] {
                    let mut all = Elements::of(Side::Live, format!("{prefix}{end}"));
                    while let Some(element) = all.next(commit)? {
                        delete(commit, element.id().clone())?;
                    }
                }
            }
        }
        commit.end()?;
        commit.set_exact_from(commit.position());
        tracing::info!(source = %self.settings.id, elements, "rows of a table or partition are gone");
        self.put_facts(commit, oid, None);
        commit.put_note(&notes::gone(oid), None);
        self.going.remove(&oid);
        self.is_checked = false;
        Ok(())
    }

    /// Returns the progress and the activity of the source.
    pub fn report(&self) -> Report {
        let behind = self.server_end.0.saturating_sub(self.position.lsn.0);
        let (parts, parts_total) = self.copy.as_ref().map(Copy::parts).unwrap_or_default();
        Report {
            is_checked: Some(self.is_checked),
            copy: self.copy.as_ref().map(Copy::report),
            parts,
            parts_total,
            behind_bytes: Some(behind),
            last_commit: self.last_commit,
            kept_bytes: self.kept.bytes,
            safe_bytes: self.kept.safe,
            waits_for: self.waits_for.clone(),
            refusal: self.refusal.clone(),
            ..Report::default()
        }
    }
}
