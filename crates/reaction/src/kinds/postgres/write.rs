//! Brings the target table from the old state to the new one, by the net changes of results. Every statement knows how
//! many rows it has to find.

use super::failure::{Failure, Rejection};
use super::layout::Layout;
use super::refusal::{Refusals, Row, changed, not_allowed, saved, unreadable};
use super::statement::{self, SameKey, execute};
use crate::keyed::{Change, Changes, Keyed};
use crate::{OnRefusal, ReactionError};
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// What is changed, and for which reaction.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub transaction: &'a Transaction<'a>,
    pub layout: &'a Layout,
    pub keyed: &'a Keyed<'a>,
    /// Whether rows may be missing, because they were set aside.
    pub is_tolerant: bool,
}

impl Writing<'_> {
    /// Makes the changes; rows that the table refuses are left out and added to the refusals.
    pub async fn apply(&self, changes: &mut Changes, refusals: &mut Refusals) -> Result<(), Failure> {
        let (transaction, layout) = (self.transaction, self.layout);
        let found = changed(transaction, layout, &rows(changes)).await?;
        self.leave_out(changes, found, refusals)?;
        loop {
            let write = statement::deferring(transaction, layout, self.write(changes));
            if saved(transaction, write).await?.is_ok() {
                return Ok(());
            }
            // Rows may only conflict with each other: two that exchange a unique value.
            let exchange = statement::deferring(transaction, layout, self.exchange(changes));
            let Err(rejection) = saved(transaction, exchange).await? else { return Ok(()) };
            let found = unreadable(transaction, layout, &rows(changes)).await?;
            if found.is_empty() {
                return self.one_by_one(changes, refusals, &rejection).await;
            }
            self.leave_out(changes, found, refusals)?;
        }
    }

    /// Adds the rows at these places to the refusals, and removes their old versions from the table.
    fn leave_out(
        &self,
        changes: &mut Changes,
        found: Vec<(usize, String)>,
        refusals: &mut Refusals,
    ) -> Result<(), Failure> {
        let keys: Vec<String> = new_rows(changes).map(|(key, _)| key.clone()).collect();
        for (place, cause) in found {
            self.refuse(changes, &keys[place], &cause, refusals)?;
        }
        Ok(())
    }

    fn refuse(
        &self,
        changes: &mut Changes,
        key: &str,
        cause: &str,
        refusals: &mut Refusals,
    ) -> Result<(), Failure> {
        let Some((signature, row)) = changes.get_mut(key).and_then(|change| change.row.take()) else {
            return Ok(());
        };
        let row = (signature, self.keyed.in_words(signature, &row));
        refusals.put(self.layout, key.to_owned(), row, cause)
    }

    async fn write(&self, changes: &Changes) -> Result<(), Failure> {
        let Self { transaction, layout, .. } = *self;
        let gone: Vec<&Columns> = gone(changes).collect();
        if !gone.is_empty() {
            let same = SameKey::of(layout, gone.iter().copied());
            let keys = layout.arrays(&layout.key, &gone.iter().copied());
            let done = execute(transaction, &statement::delete(layout, same), &keys).await?;
            self.expect("deleted", done, gone.len())?;
        }
        let changed: Vec<&Columns> = of(changes, true).map(|(_, row)| row).collect();
        if !changed.is_empty() {
            let same = SameKey::of(layout, changed.iter().copied());
            let arrays = self.arrays(&changed);
            let mut done = execute(transaction, &statement::update(layout, same), &arrays).await?;
            if self.is_tolerant {
                done += execute(transaction, &statement::insert_missing(layout, same), &arrays).await?;
            }
            self.expect("updated", done, changed.len())?;
        }
        self.insert_new(changes).await
    }

    async fn insert_new(&self, changes: &Changes) -> Result<(), Failure> {
        let new: Vec<&(u64, Columns)> = of(changes, false).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.refuse_taken(&new).await?;
        let rows: Vec<&Columns> = new.iter().map(|(_, row)| row).collect();
        let insert = statement::insert(self.layout);
        let done = execute(self.transaction, &insert, &self.arrays(&rows)).await?;
        self.expect("inserted", done, new.len())
    }

    /// Like [`Self::write`], but removes changed rows and inserts them again, so that they do not conflict with each
    /// other.
    async fn exchange(&self, changes: &Changes) -> Result<(), Failure> {
        self.take_out(changes).await?;
        let changed: Vec<&Columns> = of(changes, true).map(|(_, row)| row).collect();
        self.put_back(&changed).await?;
        self.insert_new(changes).await?;
        Ok(self.transaction.batch_execute(&format!("DROP TABLE {}", statement::MOVED)).await?)
    }

    async fn take_out(&self, changes: &Changes) -> Result<(), Failure> {
        let Self { transaction, layout, .. } = *self;
        transaction.batch_execute(&statement::make_moved(layout)).await?;
        let before: Vec<&Columns> = changes.values().filter_map(|change| change.before.as_ref()).collect();
        let same = SameKey::of(layout, before.iter().copied());
        let keys = layout.arrays(&layout.key, &before.iter().copied());
        let done = execute(transaction, &statement::take_out(layout, same), &keys).await?;
        self.expect("changed", done, before.len())
    }

    async fn put_back(&self, rows: &[&Columns]) -> Result<(), Failure> {
        let Self { transaction, layout, .. } = *self;
        let same = SameKey::of(layout, rows.iter().copied());
        let arrays = self.arrays(rows);
        let mut done = execute(transaction, &statement::put_back(layout, same), &arrays).await?;
        if self.is_tolerant {
            done += execute(transaction, &statement::insert_missing(layout, same), &arrays).await?;
        }
        self.expect("put back", done, rows.len())
    }

    /// Finds the rows that constraints do not allow, by bisection, and writes the others.
    async fn one_by_one(
        &self,
        changes: &mut Changes,
        refusals: &mut Refusals,
        rejection: &Rejection,
    ) -> Result<(), Failure> {
        if let Err(rejection) = saved(self.transaction, self.take_out(changes)).await? {
            // Nothing was to be written yet: the cause is a deleted row.
            let cause = not_allowed(self.layout, &rejection);
            return Err(ReactionError::Refused { target: self.layout.target(), cause }.into());
        }
        if self.layout.is_deferrable {
            self.transaction.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        let keys: Vec<String> = new_rows(changes).map(|(key, _)| key.clone()).collect();
        let mut refused = Vec::new();
        let mut parts = vec![(0, keys.len())];
        while let Some((from, to)) = parts.pop() {
            let part: Changes = keys[from..to]
                .iter()
                .filter_map(|key| Some((key.clone(), changes.get(key)?.clone())))
                .collect();
            match saved(self.transaction, self.put(&part)).await? {
                Ok(()) => {}
                Err(rejection) if to - from == 1 => {
                    refused.push((keys[from].clone(), not_allowed(self.layout, &rejection)));
                }
                Err(_) => {
                    let middle = usize::midpoint(from, to);
                    parts.extend([(middle, to), (from, middle)]);
                }
            }
        }
        if refused.is_empty() && refusals.policy == OnRefusal::Stop {
            // Each row alone is taken, but not all together.
            let cause = not_allowed(self.layout, rejection);
            return Err(ReactionError::Refused { target: self.layout.target(), cause }.into());
        }
        refused.iter().try_for_each(|(key, cause)| self.refuse(changes, key, cause, refusals))
    }

    /// Writes rows after their old versions have been removed.
    async fn put(&self, part: &Changes) -> Result<(), Failure> {
        let back: Vec<&Columns> = of(part, true).map(|(_, row)| row).collect();
        if !back.is_empty() {
            self.put_back(&back).await?;
        }
        self.insert_new(part).await
    }

    fn arrays(&self, rows: &[&Columns]) -> Vec<Vec<Option<String>>> {
        let all: Vec<usize> = (0..self.layout.columns.len()).collect();
        self.layout.arrays(&all, &rows.iter().copied())
    }

    fn expect(&self, what: &str, done: u64, wanted: usize) -> Result<(), Failure> {
        let done = usize::try_from(done).unwrap_or(usize::MAX);
        if done == wanted || self.is_tolerant && done < wanted {
            return Ok(());
        }
        let cause = format!("of the rows that were to be {what} ({wanted}), {done} are there");
        Err(ReactionError::Altered { target: self.layout.target(), cause }.into())
    }

    /// Returns an error that names both rows if a key of these is taken.
    async fn refuse_taken(&self, new: &[&(u64, Columns)]) -> Result<(), Failure> {
        let layout = self.layout;
        let count = layout.key.len();
        let arrays = layout.arrays(&layout.key, &new.iter().map(|(_, row)| row));
        let order: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
        let unnest: Vec<String> = (1..=count).map(|at| format!("${at}::text[]")).collect();
        let find = format!(
            "SELECT n.place, to_jsonb(t)::text FROM {} AS t JOIN unnest({}) WITH ORDINALITY AS n({}, place) ON {} LIMIT 1",
            layout.table,
            unnest.join(", "),
            order.join(", "),
            SameKey::of(layout, new.iter().map(|(_, row)| row)).texts(layout, "t", true),
        );
        let values: Vec<&(dyn ToSql + Sync)> =
            arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
        let Some(row) = self.transaction.query_opt(&find, &values).await? else { return Ok(()) };
        let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or(1);
        let (row_signature, columns) = new[place - 1];
        Err(ReactionError::SameKey {
            target: self.keyed.target.to_owned(),
            key: (self.keyed.key_of)(columns),
            first: row.get::<_, String>(1),
            second: self.keyed.in_words(*row_signature, columns),
        }
        .into())
    }
}

/// Returns the new rows whose keys existed before (`there`) or did not.
fn of(changes: &Changes, there: bool) -> impl Iterator<Item = &(u64, Columns)> {
    let is_of = move |change: &&Change| change.before.is_some() == there;
    changes.values().filter(is_of).filter_map(|change| change.row.as_ref())
}

fn gone(changes: &Changes) -> impl Iterator<Item = &Columns> {
    changes.values().filter(|change| change.row.is_none()).filter_map(|change| change.before.as_ref())
}

fn new_rows(changes: &Changes) -> impl Iterator<Item = (&String, &(u64, Columns))> {
    changes.iter().filter_map(|(key, change)| Some((key, change.row.as_ref()?)))
}

fn rows(changes: &Changes) -> Vec<Row<'_>> {
    new_rows(changes).map(|(_, (signature, columns))| Row { signature: *signature, columns }).collect()
}
