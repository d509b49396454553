//! Brings the target table to a snapshot, by difference: its rows go into a temporary table first.

use super::failure::Failure;
use super::layout::Layout;
use super::refusal::{Refusals, Row, changed, not_allowed, saved, unreadable};
use super::statement::{self, MOVED, SameKey, casts, differ, execute, names, set};
use crate::ReactionError;
use crate::keyed::Keyed;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;

/// The temporary table of the snapshot, which ends with the transaction.
const INCOMING: &str = "livewell_incoming";

/// A snapshot on its way into the table.
#[derive(Clone, Copy)]
pub(super) struct Incoming<'a> {
    pub transaction: &'a Transaction<'a>,
    pub layout: &'a Layout,
    pub keyed: &'a Keyed<'a>,
}

impl Incoming<'_> {
    /// Creates the temporary table for the snapshot.
    pub async fn begin(&self) -> Result<(), Failure> {
        let make = format!(
            "LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE; \
             CREATE TEMPORARY TABLE {INCOMING} ON COMMIT DROP AS \
             SELECT NULL::bigint AS livewell_row, {names} FROM {table} WITH NO DATA",
            table = self.layout.table,
            names = names(self.layout)
        );
        Ok(self.transaction.batch_execute(&make).await?)
    }

    /// Takes in a part of the snapshot; rows that the table refuses are added to the refusals.
    pub async fn add(&self, rows: &[(u64, Columns)], refusals: &mut Refusals) -> Result<(), Failure> {
        let mut rows: Vec<Row<'_>> =
            rows.iter().map(|(signature, columns)| Row { signature: *signature, columns }).collect();
        let found = changed(self.transaction, self.layout, &rows).await?;
        self.leave_out(&mut rows, &found, refusals)?;
        if let Err(rejection) = saved(self.transaction, self.insert(&rows)).await? {
            let found = unreadable(self.transaction, self.layout, &rows).await?;
            if found.is_empty() {
                let cause = rejection.cause;
                return Err(ReactionError::Refused { target: self.layout.target(), cause }.into());
            }
            self.leave_out(&mut rows, &found, refusals)?;
            self.insert(&rows).await?;
        }
        Ok(())
    }

    fn leave_out(
        &self,
        rows: &mut Vec<Row<'_>>,
        found: &[(usize, String)],
        refusals: &mut Refusals,
    ) -> Result<(), Failure> {
        for (place, cause) in found {
            let Row { signature, columns } = rows[*place];
            let row = (signature, self.keyed.in_words(signature, columns));
            refusals.put(self.layout, (self.keyed.key_of)(columns), row, cause)?;
        }
        let mut place = 0;
        rows.retain(|_| {
            place += 1;
            found.iter().all(|(at, _)| *at != place - 1)
        });
        Ok(())
    }

    async fn insert(&self, rows: &[Row<'_>]) -> Result<(), Failure> {
        let all: Vec<usize> = (0..self.layout.columns.len()).collect();
        let mut arrays = self.layout.arrays(&all, &rows.iter().map(|row| row.columns));
        let count = arrays.len();
        // Signatures fill 64 bits; PostgreSQL's integers are signed.
        arrays.push(rows.iter().map(|row| Some(row.signature.cast_signed().to_string())).collect());
        let add = format!(
            "INSERT INTO {INCOMING} ({}, livewell_row) SELECT {}, n.c{count}::bigint FROM {}",
            names(self.layout),
            casts(self.layout),
            Layout::unnest(count + 1)
        );
        execute(self.transaction, &add, &arrays).await?;
        Ok(())
    }

    /// Brings the table to the snapshot.
    pub async fn end(&self, refusals: &mut Refusals) -> Result<(), Failure> {
        self.refuse_twice().await?;
        let same = self.same_key().await?.columns(self.layout, "t", "n");
        let (table, names) = (&self.layout.table, names(self.layout));
        let set = set(self.layout, |_, column| format!("n.{}", column.name));
        let keys = self.layout.key_columns().join(", ");
        let differ = differ(self.layout);
        self.transaction
            .batch_execute(&format!("CREATE INDEX ON {INCOMING} ({keys}); ANALYZE {INCOMING}"))
            .await?;
        let difference = format!(
            "DELETE FROM {table} AS t WHERE NOT EXISTS (SELECT FROM {INCOMING} AS n WHERE {same}); \
             UPDATE {table} AS t SET {set} FROM {INCOMING} AS n WHERE {same} AND {differ}; \
             INSERT INTO {table} ({names}) SELECT {names} FROM {INCOMING} AS n \
             WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same})"
        );
        let write = async { Ok(self.transaction.batch_execute(&difference).await?) };
        let write = statement::deferring(self.transaction, self.layout, write);
        match saved(self.transaction, write).await? {
            Ok(()) => Ok(()),
            // Rows conflict with each other, or a constraint does not allow one.
            Err(_) => self.exchange(&same, &differ, refusals).await,
        }
    }

    /// Removes what differs and inserts the rows of the snapshot instead: all of them, or, by bisection, those that are
    /// allowed.
    async fn exchange(&self, same: &str, differ: &str, refusals: &mut Refusals) -> Result<(), Failure> {
        let table = &self.layout.table;
        let stays = format!("EXISTS (SELECT FROM {INCOMING} AS n WHERE {same} AND NOT ({differ}))");
        let take_out = format!(
            "{}; WITH gone AS (DELETE FROM {table} AS t WHERE NOT {stays} RETURNING t.*) \
             INSERT INTO {MOVED} SELECT * FROM gone",
            statement::make_moved(self.layout)
        );
        self.transaction.batch_execute(&take_out).await?;
        let find = format!(
            "SELECT livewell_row FROM {INCOMING} AS n WHERE NOT EXISTS (SELECT FROM {table} AS t WHERE {same}) \
             ORDER BY livewell_row"
        );
        let rows = self.transaction.query(&find, &[]).await?;
        let rows: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        let (back, new) = self.put(same);
        let mut parts = vec![(0, rows.len())];
        while let Some((from, to)) = parts.pop() {
            let part = &rows[from..to];
            let put = async {
                self.transaction.execute(&back, &[&part]).await?;
                self.transaction.execute(&new, &[&part]).await?;
                Ok(())
            };
            match saved(self.transaction, put).await? {
                Ok(()) => {}
                Err(rejection) if to - from == 1 => {
                    self.refuse(part[0], &not_allowed(self.layout, &rejection), refusals).await?;
                }
                Err(_) => {
                    let middle = usize::midpoint(from, to);
                    parts.extend([(middle, to), (from, middle)]);
                }
            }
        }
        Ok(())
    }

    /// Returns the statements that insert rows of the snapshot into the table: for rows that were removed, and for the
    /// others.
    fn put(&self, same: &str) -> (String, String) {
        let (table, names) = (&self.layout.table, names(self.layout));
        let value = |name: &String| match self.layout.columns.iter().any(|column| column.name == *name) {
            true => format!("n.{name}"),
            false => format!("t.{name}"),
        };
        let values: Vec<String> = self.layout.written.iter().map(value).collect();
        let back = format!(
            "INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {INCOMING} AS n JOIN {MOVED} AS t ON {same} \
             WHERE n.livewell_row = ANY ($1)",
            self.layout.written.join(", "),
            values.join(", ")
        );
        let new = format!(
            "INSERT INTO {table} ({names}) SELECT {names} FROM {INCOMING} AS n WHERE n.livewell_row = ANY ($1) \
             AND NOT EXISTS (SELECT FROM {MOVED} AS t WHERE {same})"
        );
        (back, new)
    }

    /// Adds a row of the snapshot to the refusals.
    async fn refuse(&self, row: i64, cause: &str, refusals: &mut Refusals) -> Result<(), Failure> {
        let keys = self.layout.key_columns().join(", ");
        let find = format!(
            "SELECT jsonb_build_array({keys})::text, (to_jsonb(n) - 'livewell_row')::text FROM {INCOMING} AS n \
             WHERE livewell_row = $1"
        );
        let found = self.transaction.query_one(&find, &[&row]).await?;
        let (key, data): (String, String) = (found.get(0), found.get(1));
        let row_signature = row.cast_unsigned();
        let signature = livewell_model::row::signature_text(row_signature);
        let row = format!("{{\"row_signature\":\"{signature}\",\"data\":{data}}}");
        refusals.put(self.layout, key, (row_signature, row), cause)
    }

    /// Returns which comparison the keys of the table and the snapshot need.
    async fn same_key(&self) -> Result<SameKey, Failure> {
        let layout = self.layout;
        let nullable = layout.key.iter().map(|at| &layout.columns[*at]).filter(|column| column.is_nullable);
        let is_null: Vec<String> = nullable.map(|column| format!("{} IS NULL", column.name)).collect();
        if is_null.is_empty() {
            return Ok(SameKey::Equal);
        }
        let is_null = is_null.join(" OR ");
        let find = format!(
            "SELECT EXISTS (SELECT FROM {INCOMING} WHERE {is_null}) OR EXISTS (SELECT FROM {} WHERE {is_null})",
            layout.table
        );
        let found = self.transaction.query_one(&find, &[]).await?;
        Ok(if found.get(0) { SameKey::NullsToo } else { SameKey::Equal })
    }

    async fn refuse_twice(&self) -> Result<(), Failure> {
        let keys = self.layout.key_columns().join(", ");
        let find = format!(
            "SELECT jsonb_build_array({keys})::text, array_agg((to_jsonb(n) - 'livewell_row')::text ORDER BY livewell_row) \
             FROM {INCOMING} AS n GROUP BY {keys} HAVING count(*) > 1 LIMIT 1"
        );
        let Some(row) = self.transaction.query_opt(&find, &[]).await? else { return Ok(()) };
        let rows: Vec<String> = row.get(1);
        let named = |at: usize| rows.get(at).cloned().unwrap_or_default();
        Err(ReactionError::SameKey {
            target: self.keyed.target.to_owned(),
            key: row.get(0),
            first: named(0),
            second: named(1),
        }
        .into())
    }
}
