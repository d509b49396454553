//! Compares the table with the live results of its checkpoint.
//!
//! One read-only transaction sees the checkpoint and the table at one moment, so the reaction goes on meanwhile. The
//! server compares, by the types of the columns, as it does when the table is replaced.

use super::PostgresSettings;
use super::checkpoint::Owner;
use super::failure::Failure;
use super::layout::{Layout, ROWS_MAX, key, key_of, target};
use super::place::Places;
use super::refusal::{Row, saved, unreadable};
use super::session::Session;
use super::statement::{SameKey, casts, differ, names};
use crate::target::{Compared, Difference, Held, Kept, Live, Target, given_up, no_checkpoint, row_text};
use crate::{Reached, ReactionError};
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// How many time-outs a comparison may take.
const PATIENCE: u32 = 60;
/// What is asked first, so that all of it is of one moment.
const ONE_MOMENT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// The rows of a reaction.
pub(super) struct Rows {
    settings: PostgresSettings,
}

impl Rows {
    pub fn new(settings: PostgresSettings) -> Self {
        Self { settings }
    }

    /// Does `work` in a transaction that sees one moment, with the places of the tables and the checkpoint.
    fn at_one_moment<T>(
        &self,
        kept: &Kept<'_>,
        work: impl AsyncFnOnce(&Transaction<'_>, &Places, Option<Reached>) -> Result<T, Failure>,
    ) -> Result<T, ReactionError> {
        let mut session = Session::new(self.settings.url.reveal(), self.settings.timeout)?;
        let detail = (kept.stored)()?.detail;
        let detail = Some(detail.as_slice()).filter(|detail| !detail.is_empty());
        session.transact(PATIENCE, async |transaction| {
            transaction.batch_execute(ONE_MOMENT).await?;
            let (places, _) = Places::find(transaction, detail, &self.settings.table).await?;
            let [store, reaction] = [kept.store, kept.reaction].map(ToOwned::to_owned);
            let owner = Owner { store, reaction, table: places.checkpoint.clone() };
            let reached = match exists(transaction, &owner.table).await? {
                true => owner.read(transaction).await?,
                false => Vec::new(),
            };
            let reached = reached.into_iter().find(|reached| reached.query_id == kept.query_id);
            work(transaction, &places, reached).await
        })
    }
}

impl Target for Rows {
    fn look(&self, kept: &Kept<'_>) -> Result<Held, ReactionError> {
        self.at_one_moment(kept, async |transaction, places, reached| {
            let rows = match exists(transaction, &places.table).await? {
                true => count(transaction, &places.table).await?,
                false => 0,
            };
            given_up(kept, &target(&self.settings))?;
            Ok(Held { target: target(&self.settings), rows, reached })
        })
    }

    fn compare(&self, kept: &Kept<'_>, live: &mut dyn Live) -> Result<Compared, ReactionError> {
        let target = target(&self.settings);
        self.at_one_moment(kept, async |transaction, places, reached| {
            let reached = reached.ok_or_else(|| no_checkpoint(target.clone()))?;
            let names = live.begin(&reached)?;
            let mut compared = Compared::begin(target.clone(), reached);
            let Some(layout) = Layout::find(transaction, &self.settings, places, &names).await? else {
                // The table is made with the first row.
                return all_missing(live, &names, &key(&self.settings, &names)?, compared);
            };
            compared.there = count(transaction, &layout.table).await?;
            let mut comparing = Comparing { transaction, layout: &layout, names: &names, found: Vec::new() };
            loop {
                let part = next_part(live)?;
                if part.is_empty() {
                    break;
                }
                compared.live += part.len() as u64;
                live.hold(part.len() * size_of::<i64>())?;
                comparing.part(&part, &mut compared).await?;
            }
            comparing.extra(live, &mut compared).await?;
            Ok(compared)
        })
    }
}

/// A comparison on its way.
struct Comparing<'a> {
    transaction: &'a Transaction<'a>,
    layout: &'a Layout,
    names: &'a [SmolStr],
    /// Hashes of the keys that were found.
    found: Vec<i64>,
}

impl Comparing<'_> {
    /// Compares a part of the live results with the rows of the same keys.
    async fn part(&mut self, part: &[(u64, Columns)], compared: &mut Compared) -> Result<(), Failure> {
        let mut rows: Vec<Row<'_>> =
            part.iter().map(|(signature, columns)| Row { signature: *signature, columns }).collect();
        let found = match saved(self.transaction, self.find(&rows)).await? {
            Ok(found) => found,
            Err(rejection) => {
                // The table cannot hold some of them: they were set aside.
                let unreadable = unreadable(self.transaction, self.layout, &rows).await?;
                if unreadable.is_empty() {
                    return Err(Failure::Rejected(rejection));
                }
                for (place, _) in unreadable.iter().rev() {
                    let row = rows.remove(*place);
                    let key = key_of(&self.layout.key, row.columns);
                    self.miss(key, row.columns, compared)?;
                }
                self.find(&rows).await?
            }
        };
        let mut last = None;
        for row in found {
            let at = usize::try_from(row.get::<_, i64>(0)).unwrap_or_default();
            let (key, hash, is_changed) = (row.get::<_, String>(1), row.get::<_, Option<i64>>(2), row.get(3));
            let columns = rows[at].columns;
            match hash {
                None => self.miss(key, columns, compared)?,
                Some(hash) => {
                    self.found.push(hash);
                    let expected = || Some(row_text(self.names, columns));
                    let found = || row.get::<_, Option<String>>(4).or_else(expected);
                    // No index keeps a key with NULL from being there twice.
                    if last == Some(at) {
                        compared.extra.add(|| Ok::<_, Failure>(Difference::new(key, None, found())))?;
                    } else if is_changed {
                        compared
                            .changed
                            .add(|| Ok::<_, Failure>(Difference::new(key, expected(), found())))?;
                    }
                }
            }
            last = Some(at);
        }
        Ok(())
    }

    fn miss(&self, key: String, columns: &Columns, compared: &mut Compared) -> Result<(), Failure> {
        compared.missing.add(|| Ok(Difference::new(key, Some(row_text(self.names, columns)), None)))
    }

    /// Returns for each of the rows its place, its key, the hash of the key if the table has it, whether the row there is
    /// another one, and that one.
    async fn find(&self, rows: &[Row<'_>]) -> Result<Vec<tokio_postgres::Row>, Failure> {
        let layout = self.layout;
        let all: Vec<usize> = (0..layout.columns.len()).collect();
        let columns = rows.iter().map(|row| row.columns);
        let mut arrays = layout.arrays(&all, &columns);
        let count = arrays.len();
        arrays.push((0..rows.len()).map(|place| Some(place.to_string())).collect());
        let same = SameKey::of(layout, columns).columns(layout, "t", "n");
        let (keys, differ) = (keys(layout, "n"), differ(layout));
        let find = format!(
            "SELECT n.livewell_place, {keys}, CASE WHEN t.tableoid IS NOT NULL THEN {hash} END, \
               t.tableoid IS NOT NULL AND {differ}, \
               CASE WHEN t.tableoid IS NOT NULL AND {differ} THEN {row} END \
             FROM (SELECT {casts}, c{count}::bigint FROM {unnest}) AS n({names}, livewell_place) \
             LEFT JOIN {table} AS t ON {same} ORDER BY n.livewell_place",
            hash = hash(layout),
            row = row(layout),
            casts = casts(layout),
            unnest = Layout::unnest(count + 1),
            names = names(layout),
            table = layout.table,
        );
        let values: Vec<&(dyn ToSql + Sync)> =
            arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        Ok(self.transaction.query(&find, &values).await?)
    }

    /// Finds the rows of the table that are not among the live results.
    async fn extra(&mut self, live: &dyn Live, compared: &mut Compared) -> Result<(), Failure> {
        let Some(mut left) = compared.there.checked_sub(self.found.len() as u64).filter(|left| *left > 0)
        else {
            return Ok(());
        };
        self.found.sort_unstable();
        let layout = self.layout;
        let all = format!(
            "SELECT {}, {}, {} FROM {} AS t",
            hash(layout),
            keys(layout, "t"),
            row(layout),
            layout.table
        );
        let portal = self.transaction.bind(&all, &[]).await?;
        while left > 0 {
            live.hold(0)?;
            let rows =
                self.transaction.query_portal(&portal, i32::try_from(ROWS_MAX).unwrap_or(i32::MAX)).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                if self.found.binary_search(&row.get(0)).is_err() {
                    left = left.saturating_sub(1);
                    compared.extra.add(|| Ok::<_, Failure>(Difference::new(row.get(1), None, row.get(2))))?;
                }
            }
        }
        Ok(())
    }
}

/// Returns the key of a side, as text.
fn keys(layout: &Layout, side: &str) -> String {
    let keys: Vec<String> = layout.key_columns().iter().map(|key| format!("{side}.{key}")).collect();
    format!("jsonb_build_array({})::text", keys.join(", "))
}

/// Returns the hash of the key of a row of the table.
fn hash(layout: &Layout) -> String {
    format!("hashtextextended({}, 0)", keys(layout, "t"))
}

/// Returns a row of the table as JSON, with the columns of the query.
fn row(layout: &Layout) -> String {
    let columns: Vec<String> = layout.columns.iter().map(|column| format!("t.{}", column.name)).collect();
    format!("(SELECT row_to_json(r)::text FROM (SELECT {}) AS r)", columns.join(", "))
}

async fn exists(transaction: &Transaction<'_>, table: &str) -> Result<bool, Failure> {
    Ok(transaction.query_one("SELECT to_regclass($1) IS NOT NULL", &[&table]).await?.get(0))
}

async fn count(transaction: &Transaction<'_>, table: &str) -> Result<u64, Failure> {
    let counted = transaction.query_one(&format!("SELECT count(*) FROM {table}"), &[]).await?;
    Ok(u64::try_from(counted.get::<_, i64>(0)).unwrap_or_default())
}

fn next_part(live: &mut dyn Live) -> Result<Vec<(u64, Columns)>, ReactionError> {
    let mut part = Vec::new();
    while part.len() < ROWS_MAX
        && let Some(row) = live.next()?
    {
        part.push(row);
    }
    Ok(part)
}

/// Returns the result for a table that is not there.
fn all_missing(
    live: &mut dyn Live,
    names: &[SmolStr],
    key: &[usize],
    mut compared: Compared,
) -> Result<Compared, Failure> {
    while let Some((_, columns)) = live.next()? {
        compared.live += 1;
        compared.missing.add(|| {
            let expected = row_text(names, &columns);
            Ok::<_, Failure>(Difference::new(key_of(key, &columns), Some(expected), None))
        })?;
    }
    Ok(compared)
}
