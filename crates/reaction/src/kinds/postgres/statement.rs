//! The statements that change the table, derived from its layout.

use super::failure::Failure;
use super::layout::{Column, Layout};
use livewell_model::Value;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// The temporary table of rows that were removed to be inserted again with changes; it ends with the transaction.
pub(super) const MOVED: &str = "livewell_moved";

/// How the keys of two rows are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameKey {
    /// By `=`, which can use indexes.
    Equal,
    /// By `=` of lists, which holds for NULL and NULL.
    NullsToo,
}

impl SameKey {
    /// Returns which comparison the keys of these rows need.
    pub fn of<'r>(layout: &Layout, mut rows: impl Iterator<Item = &'r Columns>) -> Self {
        let has_null = |row: &Columns| layout.key.iter().any(|at| matches!(row[*at], Value::Null));
        if rows.any(has_null) { Self::NullsToo } else { Self::Equal }
    }

    fn condition(self, one: &str, other: &str) -> String {
        match self {
            Self::Equal => format!("{one} = {other}"),
            Self::NullsToo => format!("ARRAY[{one}] = ARRAY[{other}]"),
        }
    }

    /// Returns the condition that the rows `one` and `other` have the same key.
    pub fn columns(self, layout: &Layout, one: &str, other: &str) -> String {
        let same = layout.key_columns().into_iter();
        let same = same.map(|key| self.condition(&format!("{one}.{key}"), &format!("{other}.{key}")));
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// Returns the condition that the row `one` has the key in the texts of `n`, which are those of the keys alone or
    /// of all columns.
    pub fn texts(self, layout: &Layout, one: &str, among_keys: bool) -> String {
        let same = |(nth, at): (usize, &usize)| {
            let column = &layout.columns[*at];
            let place = if among_keys { nth } else { *at };
            self.condition(&format!("{one}.{}", column.name), &format!("n.c{place}::{}", column.kind))
        };
        layout.key.iter().enumerate().map(same).collect::<Vec<_>>().join(" AND ")
    }
}

pub(super) async fn execute(
    transaction: &Transaction<'_>,
    statement: &str,
    arrays: &[Vec<Option<String>>],
) -> Result<u64, Failure> {
    let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
    Ok(transaction.execute(statement, &values).await?)
}

pub(super) fn delete(layout: &Layout, same: SameKey) -> String {
    let same = same.texts(layout, "t", true);
    format!("DELETE FROM {} AS t USING {} WHERE {same}", layout.table, Layout::unnest(layout.key.len()))
}

/// Returns the statement that removes rows from the table and keeps them.
pub(super) fn take_out(layout: &Layout, same: SameKey) -> String {
    format!("WITH gone AS ({} RETURNING t.*) INSERT INTO {MOVED} SELECT * FROM gone", delete(layout, same))
}

/// Returns the statement that creates the temporary table for removed rows.
pub(super) fn make_moved(layout: &Layout) -> String {
    format!(
        "CREATE TEMPORARY TABLE {MOVED} ON COMMIT DROP AS SELECT t.* FROM {} AS t WITH NO DATA",
        layout.table
    )
}

pub(super) fn update(layout: &Layout, same: SameKey) -> String {
    let set = set(layout, |at, column| format!("n.c{at}::{}", column.kind));
    format!(
        "UPDATE {} AS t SET {set} FROM {} WHERE {}",
        layout.table,
        Layout::unnest(layout.columns.len()),
        same.texts(layout, "t", false)
    )
}

pub(super) fn insert(layout: &Layout) -> String {
    let unnest = Layout::unnest(layout.columns.len());
    format!("INSERT INTO {} ({}) SELECT {} FROM {unnest}", layout.table, names(layout), casts(layout))
}

/// Returns the statement that inserts the rows that the table lacks.
pub(super) fn insert_missing(layout: &Layout, same: SameKey) -> String {
    let same = same.texts(layout, "t", false);
    format!("{} WHERE NOT EXISTS (SELECT FROM {} AS t WHERE {same})", insert(layout), layout.table)
}

/// Returns the statement that inserts removed rows again with changes; columns that the query does not have keep their
/// values.
pub(super) fn put_back(layout: &Layout, same: SameKey) -> String {
    let value = |name: &String| match layout.columns.iter().position(|column| column.name == *name) {
        Some(at) => format!("n.c{at}::{}", layout.columns[at].kind),
        None => format!("m.{name}"),
    };
    let values: Vec<String> = layout.written.iter().map(value).collect();
    format!(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {} JOIN {MOVED} AS m ON {}",
        layout.table,
        layout.written.join(", "),
        values.join(", "),
        Layout::unnest(layout.columns.len()),
        same.texts(layout, "m", false)
    )
}

pub(super) fn casts(layout: &Layout) -> String {
    let cast = |(at, column): (usize, &Column)| format!("n.c{at}::{}", column.kind);
    layout.columns.iter().enumerate().map(cast).collect::<Vec<_>>().join(", ")
}

pub(super) fn names(layout: &Layout) -> String {
    layout.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns `a = ..., b = ...` for every column.
pub(super) fn set(layout: &Layout, value: impl Fn(usize, &Column) -> String) -> String {
    let set = |(at, column): (usize, &Column)| format!("{} = {}", column.name, value(at, column));
    layout.columns.iter().enumerate().map(set).collect::<Vec<_>>().join(", ")
}

/// Returns the condition that the row `t` of the table is not as the row `n`.
pub(super) fn differ(layout: &Layout) -> String {
    let side = |side: &str| {
        let value = |column: &Column| match column.comparable {
            true => format!("{side}.{}", column.name),
            false => format!("{side}.{}::text", column.name),
        };
        layout.columns.iter().map(value).collect::<Vec<_>>().join(", ")
    };
    format!("ROW({}) IS DISTINCT FROM ROW({})", side("t"), side("n"))
}

/// Does work that changes the table, with deferrable constraints checked at its end.
pub(super) async fn deferring(
    transaction: &Transaction<'_>,
    layout: &Layout,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    if !layout.is_deferrable {
        return work.await;
    }
    transaction.batch_execute("SET CONSTRAINTS ALL DEFERRED").await?;
    work.await?;
    // Here rather than at the commit, where the row could not be identified.
    Ok(transaction.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await?)
}
