//! `mode: table`: a table that equals the live results, changed in the transaction that moves its checkpoint.

use super::checkpoint::Owner;
use super::claim::Claim;
use super::compare::Rows;
use super::failure::Failure;
use super::layout::{self, Layout, ROWS_MAX};
use super::place::Places;
use super::refusal::Refusals;
use super::session::Session;
use super::settings::PostgresSettings;
use super::snapshot::Incoming;
use super::write::Writing;
use crate::aside::{Aside, Asides};
use crate::keyed::{Changes, Keyed};
use crate::target::Target;
use crate::{
    DeadLetter, Delivered, OnRefusal, Outgoing, Reached, Reaction, ReactionError, Role, SnapshotOf,
    SnapshotRow, Start, Started, Style,
};
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use std::sync::Arc;
use tokio_postgres::Transaction;

/// How many time-outs a snapshot may take.
const SNAPSHOT_PATIENCE: u32 = 20;

/// Keeps a table of a PostgreSQL database equal to a query's live results.
pub struct Table {
    settings: PostgresSettings,
    on_refusal: OnRefusal,
    running: Option<Running>,
    /// The rows that the last snapshot was not put in place for, because their letters come first.
    dead: Vec<DeadLetter>,
}

struct Running {
    session: Session,
    owner: Owner,
    places: Places,
    /// The checkpoints of the target, of this query or of one that the reaction followed before.
    reached: Vec<Reached>,
    /// The rows whose letters are stored, of results that the target does not have.
    asides: Asides,
    /// The table, once it was looked at for these columns.
    layout: Option<(Vec<SmolStr>, Layout)>,
}

impl Table {
    /// Creates a reaction that keeps the table that `settings` name. Does no I/O yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings, on_refusal: OnRefusal::Stop, running: None, dead: Vec::new() }
    }

    /// Sets what becomes of rows that the table refuses.
    #[must_use]
    pub fn on_refusal(self, on_refusal: OnRefusal) -> Self {
        Self { on_refusal, ..self }
    }

    fn target(&self) -> String {
        layout::target(&self.settings)
    }
}

impl Reaction for Table {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn identity(&self) -> String {
        format!("{} of PostgreSQL by `{}`", self.target(), self.settings.key.join("`, `"))
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let mut session = Session::new(self.settings.url.reveal(), self.settings.timeout)?;
        let Claim { owner, places, reached, asides } =
            Claim::make(&mut session, start, &self.settings.table)?;
        let detail = places.encode(&asides);
        let reached_there = reached.clone();
        self.running = Some(Running { session, owner, places, reached: reached_there, asides, layout: None });
        Ok(Started { detail, rebuild: reached.is_empty(), reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let target = self.target();
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        running.asides.forget(&running.reached);
        let Some(last) = results.last() else {
            return Ok(Delivered::all(results, running.places.encode(&running.asides)));
        };
        // All results of a part have the columns of one epoch.
        let of_epoch = results.iter().take_while(|outgoing| outgoing.epoch == results[0].epoch).count();
        let results = &results[..of_epoch];
        let last = results.last().unwrap_or(last);
        let names = last.columns;
        let key = layout::key(&self.settings, names)?;
        let key_of = |row: &Columns| layout::key_of(&key, row);
        let keyed = Keyed { key_of: &key_of, names, target: &target };
        let mut changes = Changes::new();
        results.iter().try_for_each(|outgoing| keyed.add(&mut changes, outgoing))?;
        let to = Reached {
            query_id: last.query_id.into(),
            epoch: last.epoch,
            sequence: last.result.sequence,
            position: last.result.position,
        };
        let query_id = last.query_id;
        let Running { session, owner, places, reached, asides, layout } = running;
        let mut refusals = Refusals::new(self.on_refusal, asides.parts(query_id));
        let known = layout.take().filter(|(of, _)| of == names).map(|(_, layout)| layout);
        let settings = &self.settings;
        let found = session.transact_unless(1, async |transaction| {
            owner.advance(transaction, at(reached, query_id), &to).await?;
            let known = match known {
                Some(layout) if layout.is_current(transaction).await? => Some(layout),
                _ => None,
            };
            let layout = match known {
                Some(layout) => layout,
                None => {
                    let rows: Vec<&Columns> =
                        changes.values().filter_map(|change| Some(&change.row.as_ref()?.1)).collect();
                    find_or_make(transaction, settings, places, &owner.reaction, names, &rows).await?
                }
            };
            let is_tolerant = self.on_refusal == OnRefusal::DeadLetter;
            let writing = Writing { transaction, layout: &layout, keyed: &keyed, is_tolerant };
            writing.apply(&mut changes, &mut refusals).await?;
            // The letters first: behind this commit a crash would lose them.
            Ok(if refusals.letters.is_empty() { Ok(layout) } else { Err(refusals.letters) })
        })?;
        match found {
            Ok(found) => {
                *layout = Some((names.to_vec(), found));
                *reached = vec![to];
                asides.forget(reached);
                Ok(Delivered::all(results, places.encode(asides)))
            }
            Err(letters) => {
                let dead = set_aside(asides, &to, letters);
                Ok(Delivered { results: 0, detail: places.encode(asides), dead })
            }
        }
    }

    /// Replaces the rows in one visible step: they go into a temporary table, and the difference from there into the
    /// table.
    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let target = self.target();
        let settings = &self.settings;
        let Running { session, owner, places, reached, asides, layout } =
            self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        asides.forget(reached);
        let mut refusals = Refusals::new(self.on_refusal, asides.parts(snapshot.query_id));
        let to = Reached {
            query_id: snapshot.query_id.into(),
            epoch: snapshot.epoch,
            sequence: snapshot.sequence,
            position: snapshot.position,
        };
        let SnapshotOf { query_id, columns, rows, .. } = snapshot;
        let key = layout::key(settings, columns)?;
        let key_of = |row: &Columns| layout::key_of(&key, row);
        let keyed = Keyed { key_of: &key_of, names: columns, target: &target };
        let found = session.transact_unless(SNAPSHOT_PATIENCE, async |transaction| {
            // First, because a read-only server reports that at this statement.
            owner.forget_others(transaction, query_id).await?;
            owner.advance(transaction, at(reached, query_id), &to).await?;
            let mut part = next_part(query_id, rows)?;
            let found = Layout::find(transaction, settings, places, columns).await?;
            let layout = match found {
                Some(layout) => layout,
                // Without a row the types of its columns are not known; the first delivery determines them.
                None if part.is_empty() => return Ok(Ok(None)),
                None => {
                    let rows: Vec<&Columns> = part.iter().map(|(_, row)| row).collect();
                    Layout::make(transaction, settings, places, &owner.reaction, columns, &rows).await?
                }
            };
            let incoming = Incoming { transaction, layout: &layout, keyed: &keyed };
            incoming.begin().await?;
            while !part.is_empty() {
                incoming.add(&part, &mut refusals).await?;
                part = next_part(query_id, rows)?;
            }
            incoming.end(&mut refusals).await?;
            Ok(if refusals.letters.is_empty() { Ok(Some(layout)) } else { Err(refusals.letters) })
        })?;
        match found {
            Ok(found) => {
                *layout = found.map(|layout| (columns.to_vec(), layout));
                *reached = vec![to];
                asides.forget(reached);
            }
            Err(letters) => self.dead = set_aside(asides, &to, letters),
        }
        Ok(places.encode(asides))
    }

    fn dead(&mut self) -> Vec<DeadLetter> {
        std::mem::take(&mut self.dead)
    }

    fn target(&self) -> Option<Arc<dyn Target>> {
        Some(Arc::new(Rows::new(self.settings.clone())))
    }
}

/// Sets rows aside of what leads to the checkpoint `to`; returns their letters.
fn set_aside(asides: &mut Asides, to: &Reached, letters: Vec<(u64, DeadLetter)>) -> Vec<DeadLetter> {
    let (query_id, epoch, sequence) = (&to.query_id, to.epoch, to.sequence);
    let aside = |part| Aside { query_id: query_id.clone(), epoch, sequence, part };
    asides.extend(letters.iter().map(|(signature, _)| aside(*signature)));
    letters.into_iter().map(|(_, letter)| letter).collect()
}

/// Returns the checkpoint of the target in this query.
fn at<'r>(reached: &'r [Reached], query_id: &str) -> Option<&'r Reached> {
    reached.iter().find(|reached| reached.query_id == query_id)
}

async fn find_or_make(
    transaction: &Transaction<'_>,
    settings: &PostgresSettings,
    places: &Places,
    reaction: &str,
    names: &[SmolStr],
    rows: &[&Columns],
) -> Result<Layout, Failure> {
    match Layout::find(transaction, settings, places, names).await? {
        Some(layout) => Ok(layout),
        None => Layout::make(transaction, settings, places, reaction, names, rows).await,
    }
}

fn next_part(
    query_id: &str,
    rows: &mut dyn Iterator<Item = SnapshotRow>,
) -> Result<Vec<(u64, Columns)>, Failure> {
    let part: Result<Vec<_>, _> = rows.take(ROWS_MAX).collect();
    part.map_err(|cause| ReactionError::Snapshot { query_id: query_id.to_owned(), cause }.into())
}
