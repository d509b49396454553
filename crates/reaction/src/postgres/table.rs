//! `mode: table`: a table that equals the live results, changed in the transaction that moves its checkpoint.

use super::checkpoint::Owner;
use super::layout::{self, Layout};
use super::session::{Failure, Session};
use super::settings::PostgresSettings;
use super::write;
use crate::keyed::{Changes, Keyed};
use crate::{
    Delivered, Outgoing, Reached, Reaction, ReactionError, Role, SnapshotOf, SnapshotRow, Start, Started,
    Style,
};
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;

/// The one byte of detail: it has been here before, and the target knows the rest.
const BEGUN: &[u8] = &[1];
/// How many rows of a snapshot go to the target at once, and how many say what types a new table has.
const ROWS_MAX: usize = 1_000;
/// How many time-outs a snapshot may take.
const SNAPSHOT_PATIENCE: u32 = 20;

/// Keeps a table of a PostgreSQL database equal to a query's live results.
pub struct Table {
    settings: PostgresSettings,
    running: Option<Running>,
}

struct Running {
    session: Session,
    owner: Owner,
    /// Where the target stands, in this query or in one that the reaction followed before.
    reached: Vec<Reached>,
    /// The table, once it was looked at for these columns.
    layout: Option<(Vec<SmolStr>, Layout)>,
}

impl Table {
    /// Keeps the table that `settings` name. Does no IO yet.
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings, running: None }
    }

    fn target(&self) -> String {
        format!("the table {}", layout::name_of(&self.settings.table))
    }
}

impl Reaction for Table {
    fn role(&self) -> Role {
        Role::StateKeeper
    }

    fn style(&self) -> Style {
        Style::Results
    }

    fn start(&mut self, start: &Start<'_>) -> Result<Started, ReactionError> {
        let owner = Owner { store: start.store.to_owned(), reaction: start.reaction.to_owned() };
        let mut session = Session::new(self.settings.url.reveal(), self.settings.timeout)?;
        let anew = start.detail.is_none();
        let reached = session.transact(1, async |transaction| {
            owner.prepare(transaction).await?;
            if anew {
                owner.forget(transaction).await?;
            }
            owner.read(transaction).await
        })?;
        self.running = Some(Running { session, owner, reached: reached.clone(), layout: None });
        Ok(Started { detail: BEGUN.to_vec(), rebuild: reached.is_empty(), reached })
    }

    fn deliver(&mut self, results: &[Outgoing<'_>]) -> Result<Delivered, ReactionError> {
        let target = self.target();
        let running = self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let Some(last) = results.last() else { return Ok(Delivered::all(results, BEGUN.to_vec())) };
        // All of one delivery have the columns of one epoch, or come in parts.
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
        let Running { session, owner, reached, layout } = running;
        let known = layout.take().filter(|(of, _)| of == names).map(|(_, layout)| layout);
        let settings = &self.settings;
        let found = session.transact(1, async |transaction| {
            let layout = match known {
                Some(layout) => layout,
                None => {
                    let rows: Vec<&Columns> =
                        changes.values().filter_map(|change| Some(&change.row.as_ref()?.1)).collect();
                    find_or_make(transaction, settings, &owner.reaction, names, &rows).await?
                }
            };
            owner.advance(transaction, at(reached, query_id), &to).await?;
            write::apply(transaction, &layout, &keyed, &changes).await?;
            Ok(layout)
        })?;
        *layout = Some((names.to_vec(), found));
        *reached = vec![to];
        Ok(Delivered::all(results, BEGUN.to_vec()))
    }

    /// In one visible step: the rows go into a temporary table, and the difference from there into the table.
    fn replace(&mut self, snapshot: SnapshotOf<'_>) -> Result<Vec<u8>, ReactionError> {
        let target = self.target();
        let settings = &self.settings;
        let Running { session, owner, reached, layout } =
            self.running.as_mut().ok_or(ReactionError::NotStarted)?;
        let to = Reached {
            query_id: snapshot.query_id.into(),
            epoch: snapshot.epoch,
            sequence: snapshot.sequence,
            position: snapshot.position,
        };
        let SnapshotOf { query_id, columns, rows, .. } = snapshot;
        let found = session.transact(SNAPSHOT_PATIENCE, async |transaction| {
            let mut part = next_part(query_id, rows)?;
            let found = Layout::find(transaction, settings, columns).await?;
            let layout = match found {
                Some(layout) => layout,
                // Without a row nobody knows the types of its columns; the first delivery does.
                None if part.is_empty() => {
                    owner.advance(transaction, at(reached, query_id), &to).await?;
                    return Ok(None);
                }
                None => {
                    let rows: Vec<&Columns> = part.iter().map(|(_, row)| row).collect();
                    Layout::make(transaction, settings, &owner.reaction, columns, &rows).await?
                }
            };
            write::begin_snapshot(transaction, &layout).await?;
            while !part.is_empty() {
                write::add_to_snapshot(transaction, &layout, &part).await?;
                part = next_part(query_id, rows)?;
            }
            write::end_snapshot(transaction, &layout, &target).await?;
            owner.forget_others(transaction, query_id).await?;
            owner.advance(transaction, at(reached, query_id), &to).await?;
            Ok(Some(layout))
        })?;
        *layout = found.map(|layout| (columns.to_vec(), layout));
        *reached = vec![to];
        Ok(BEGUN.to_vec())
    }
}

/// Where the target stands in this query.
fn at<'r>(reached: &'r [Reached], query_id: &str) -> Option<&'r Reached> {
    reached.iter().find(|reached| reached.query_id == query_id)
}

async fn find_or_make(
    transaction: &Transaction<'_>,
    settings: &PostgresSettings,
    reaction: &str,
    names: &[SmolStr],
    rows: &[&Columns],
) -> Result<Layout, Failure> {
    match Layout::find(transaction, settings, names).await? {
        Some(layout) => Ok(layout),
        None => Layout::make(transaction, settings, reaction, names, rows).await,
    }
}

fn next_part(
    query_id: &str,
    rows: &mut dyn Iterator<Item = SnapshotRow>,
) -> Result<Vec<(u64, Columns)>, Failure> {
    let part: Result<Vec<_>, _> = rows.take(ROWS_MAX).collect();
    part.map_err(|cause| ReactionError::Snapshot { query_id: query_id.to_owned(), cause }.into())
}
