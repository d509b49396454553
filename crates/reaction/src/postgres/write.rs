//! Bringing the target table from what was to what is: by the net changes of results, or by difference to a
//! snapshot. Every statement says how many rows it has to find.

use super::layout::Layout;
use super::session::Failure;
use crate::ReactionError;
use crate::keyed::{Changes, Keyed};
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// The snapshot on its way into the target; gone with the transaction.
const INCOMING: &str = "livewell_incoming";

/// Makes the changes.
pub(super) async fn apply(
    transaction: &Transaction<'_>,
    layout: &Layout,
    keyed: &Keyed<'_>,
    changes: &Changes,
) -> Result<(), Failure> {
    let of = |there: bool| changes.values().filter(move |change| change.before.is_some() == there);
    let all: Vec<usize> = (0..layout.columns.len()).collect();
    let gone: Vec<&Columns> = changes
        .values()
        .filter(|change| change.row.is_none())
        .filter_map(|change| change.before.as_ref())
        .collect();
    if !gone.is_empty() {
        let keys = layout.arrays(&layout.key, &gone.iter().copied());
        let done = execute(transaction, &delete(layout), &keys).await?;
        expect(layout, "deleted", done, gone.len())?;
    }
    let changed: Vec<&Columns> = of(true).filter_map(|change| Some(&change.row.as_ref()?.1)).collect();
    if !changed.is_empty() {
        let arrays = layout.arrays(&all, &changed.iter().copied());
        let done = execute(transaction, &update(layout), &arrays).await?;
        expect(layout, "updated", done, changed.len())?;
    }
    let new: Vec<&(u64, Columns)> = of(false).filter_map(|change| change.row.as_ref()).collect();
    if !new.is_empty() {
        refuse_taken(transaction, layout, keyed, &new).await?;
        let arrays = layout.arrays(&all, &new.iter().map(|(_, row)| row));
        let done = execute(transaction, &insert(layout), &arrays).await?;
        expect(layout, "inserted", done, new.len())?;
    }
    Ok(())
}

fn expect(layout: &Layout, what: &str, done: u64, wanted: usize) -> Result<(), Failure> {
    if usize::try_from(done) == Ok(wanted) {
        return Ok(());
    }
    let target = format!("the table {}", layout.table);
    let cause = format!("{wanted} rows were to be {what}, and {done} are there");
    Err(ReactionError::Altered { target, cause }.into())
}

async fn execute(
    transaction: &Transaction<'_>,
    statement: &str,
    arrays: &[Vec<Option<String>>],
) -> Result<u64, Failure> {
    let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
    Ok(transaction.execute(statement, &values).await?)
}

fn delete(layout: &Layout) -> String {
    let same = same_key(layout, |at| format!("n.c{at}"), true);
    format!("DELETE FROM {} AS t USING {} WHERE {same}", layout.table, Layout::unnest(layout.key.len()))
}

fn update(layout: &Layout) -> String {
    let set = set(layout, |at| format!("n.c{at}::{}", layout.columns[at].kind));
    let same = same_key(layout, |at| format!("n.c{at}"), false);
    format!(
        "UPDATE {} AS t SET {set} FROM {} WHERE {same}",
        layout.table,
        Layout::unnest(layout.columns.len())
    )
}

fn insert(layout: &Layout) -> String {
    let names = names(layout);
    let unnest = Layout::unnest(layout.columns.len());
    format!("INSERT INTO {} ({names}) SELECT {} FROM {unnest}", layout.table, casts(layout))
}

fn casts(layout: &Layout) -> String {
    let cast = |(at, column): (usize, &super::layout::Column)| format!("n.c{at}::{}", column.kind);
    layout.columns.iter().enumerate().map(cast).collect::<Vec<_>>().join(", ")
}

fn names(layout: &Layout) -> String {
    layout.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// `a = ..., b = ...` for every column.
fn set(layout: &Layout, value: impl Fn(usize) -> String) -> String {
    let set = |(at, column): (usize, &super::layout::Column)| format!("{} = {}", column.name, value(at));
    layout.columns.iter().enumerate().map(set).collect::<Vec<_>>().join(", ")
}

/// `t.key = ...` for every key column, whose incoming texts are `value` of its place: among the keys alone, or among
/// all columns.
fn same_key(layout: &Layout, value: impl Fn(usize) -> String, among_keys: bool) -> String {
    let same = |(nth, at): (usize, &usize)| {
        let column = &layout.columns[*at];
        format!("t.{} = {}::{}", column.name, value(if among_keys { nth } else { *at }), column.kind)
    };
    layout.key.iter().enumerate().map(same).collect::<Vec<_>>().join(" AND ")
}

/// Names both rows where a key of these is taken.
async fn refuse_taken(
    transaction: &Transaction<'_>,
    layout: &Layout,
    keyed: &Keyed<'_>,
    new: &[&(u64, Columns)],
) -> Result<(), Failure> {
    let count = layout.key.len();
    let arrays = layout.arrays(&layout.key, &new.iter().map(|(_, row)| row));
    let order: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
    let unnest: Vec<String> = (1..=count).map(|at| format!("${at}::text[]")).collect();
    let find = format!(
        "SELECT n.place, to_jsonb(t)::text FROM {} AS t JOIN unnest({}) WITH ORDINALITY AS n({}, place) ON {} LIMIT 1",
        layout.table,
        unnest.join(", "),
        order.join(", "),
        same_key(layout, |at| format!("n.c{at}"), true),
    );
    let values: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| array as &(dyn ToSql + Sync)).collect();
    let Some(row) = transaction.query_opt(&find, &values).await? else { return Ok(()) };
    let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or(1);
    let (row_signature, columns) = new[place - 1];
    Err(ReactionError::SameKey {
        target: keyed.target.to_owned(),
        key: (keyed.key_of)(columns),
        first: row.get::<_, String>(1),
        second: keyed.in_words(*row_signature, columns),
    }
    .into())
}

/// Makes the place that a snapshot is taken in.
pub(super) async fn begin_snapshot(transaction: &Transaction<'_>, layout: &Layout) -> Result<(), Failure> {
    let make = format!(
        "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE; \
         CREATE TEMPORARY TABLE {INCOMING} ON COMMIT DROP AS \
         SELECT NULL::bigint AS livewell_row, {names} FROM {table} WITH NO DATA",
        table = layout.table,
        names = names(layout)
    );
    Ok(transaction.batch_execute(&make).await?)
}

/// Takes in a part of a snapshot.
pub(super) async fn add_to_snapshot(
    transaction: &Transaction<'_>,
    layout: &Layout,
    rows: &[(u64, Columns)],
) -> Result<(), Failure> {
    let all: Vec<usize> = (0..layout.columns.len()).collect();
    let mut arrays = layout.arrays(&all, &rows.iter().map(|(_, row)| row));
    let count = arrays.len();
    // Signatures fill 64 bits; PostgreSQL's integers are signed.
    arrays.push(rows.iter().map(|(signature, _)| Some(signature.cast_signed().to_string())).collect());
    let add = format!(
        "INSERT INTO {INCOMING} ({}, livewell_row) SELECT {}, n.c{count}::bigint FROM {}",
        names(layout),
        casts(layout),
        Layout::unnest(count + 1)
    );
    execute(transaction, &add, &arrays).await?;
    Ok(())
}

/// Brings the table to the snapshot by difference.
pub(super) async fn end_snapshot(
    transaction: &Transaction<'_>,
    layout: &Layout,
    target: &str,
) -> Result<(), Failure> {
    refuse_twice(transaction, layout, target).await?;
    let keys = layout.key_columns();
    let same: Vec<String> = keys.iter().map(|key| format!("t.{key} = n.{key}")).collect();
    let same = same.join(" AND ");
    let set = set(layout, |at| format!("n.{}", layout.columns[at].name));
    let side = |side: &str| -> String {
        let value = |column: &super::layout::Column| match column.comparable {
            true => format!("{side}.{}", column.name),
            false => format!("{side}.{}::text", column.name),
        };
        layout.columns.iter().map(value).collect::<Vec<_>>().join(", ")
    };
    let (table, names) = (&layout.table, names(layout));
    let (old, new) = (side("t"), side("n"));
    transaction
        .batch_execute(&format!(
            "CREATE INDEX ON {INCOMING} ({keys}); ANALYZE {INCOMING}; \
             DELETE FROM {table} AS t WHERE NOT EXISTS (SELECT FROM {INCOMING} AS n WHERE {same}); \
             UPDATE {table} AS t SET {set} FROM {INCOMING} AS n WHERE {same} AND ROW({old}) IS DISTINCT FROM ROW({new}); \
             INSERT INTO {table} ({names}) SELECT {names} FROM {INCOMING} AS n \
             WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same})",
            keys = keys.join(", ")
        ))
        .await?;
    Ok(())
}

async fn refuse_twice(transaction: &Transaction<'_>, layout: &Layout, target: &str) -> Result<(), Failure> {
    let keys = layout.key_columns().join(", ");
    let find = format!(
        "SELECT jsonb_build_array({keys})::text, array_agg((to_jsonb(n) - 'livewell_row')::text ORDER BY livewell_row) \
         FROM {INCOMING} AS n GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
    );
    let Some(row) = transaction.query_opt(&find, &[]).await? else { return Ok(()) };
    let rows: Vec<String> = row.get(1);
    let named = |at: usize| rows.get(at).cloned().unwrap_or_default();
    Err(ReactionError::SameKey {
        target: target.to_owned(),
        key: row.get(0),
        first: named(0),
        second: named(1),
    }
    .into())
}
