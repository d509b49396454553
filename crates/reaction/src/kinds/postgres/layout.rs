//! The target table: checked against the query's columns, or created for them.

use super::failure::Failure;
use super::kind::{Class, ColumnKind, Taking};
use super::place::Places;
use super::settings::PostgresSettings;
use super::text::{literal, name_of, quoted, text, type_of};
use crate::ReactionError;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;

/// How many rows of a snapshot go to the target at once, and how many determine the types of a new table.
pub(super) const ROWS_MAX: usize = 1_000;
/// The type of a column for which no row has a value yet.
const UNKNOWN: &str = "text";

/// How the comment of a table that a reaction creates begins. Sources of kind `postgres` leave out such tables, so that
/// a source that follows all tables does not follow its own results.
const KEPT_BY_LIVEWELL: &str = "kept by Livewell";

/// The columns of a table with the types below their domains, the items of arrays, and whether they can be written.
const COLUMNS: &str = "\
    WITH RECURSIVE base AS ( \
      SELECT a.attnum, a.atttypmod AS modifier, t.* FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid \
      WHERE a.attrelid = $1::bigint::oid AND a.attnum > 0 AND NOT a.attisdropped \
      UNION ALL \
      SELECT b.attnum, b.typtypmod, t.* FROM base b JOIN pg_type t ON t.oid = b.typbasetype WHERE b.typtype = 'd') \
    SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
      format_type(coalesce(i.oid, b.oid), NULL), i.oid IS NOT NULL, b.modifier >= 0, a.attgenerated <> '', \
      NOT a.attnotnull \
    FROM base b JOIN pg_attribute a ON a.attrelid = $1::bigint::oid AND a.attnum = b.attnum \
    LEFT JOIN pg_type i ON i.oid = b.typelem AND b.typcategory = 'A' \
    WHERE b.typtype <> 'd' ORDER BY a.attnum";

/// Values that change whenever a column changes.
const VERSION: &str = "\
    SELECT md5(string_agg(concat_ws(' ', attnum, attname, atttypid, atttypmod, attnotnull, attgenerated), ',' \
      ORDER BY attnum)) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";

/// A target table as the reaction needs it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The table's name as SQL quotes it.
    pub table: String,
    /// The query's columns, in its order.
    pub columns: Vec<Column>,
    /// The places of the key columns.
    pub key: Vec<usize>,
    /// All columns that can be written, as SQL quotes them.
    pub written: Vec<String>,
    /// Whether constraints of the table, or to it, may be checked at the end.
    pub is_deferrable: bool,
    version: String,
}

/// A column of the target table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its name as SQL quotes it.
    pub name: String,
    pub kind: ColumnKind,
    /// Whether values of its type can be compared; JSON as text can not.
    pub comparable: bool,
    pub is_nullable: bool,
}

impl Layout {
    /// Returns the layout of the table as it is; `None` if there is no such table.
    pub async fn find(
        transaction: &Transaction<'_>,
        settings: &PostgresSettings,
        places: &Places,
        names: &[SmolStr],
    ) -> Result<Option<Self>, Failure> {
        let table = places.table.clone();
        let found = transaction.query_one("SELECT to_regclass($1)::oid::bigint", &[&table]).await?;
        let Some(oid) = found.get::<_, Option<i64>>(0) else { return Ok(None) };
        let rows = transaction.query(COLUMNS, &[&oid]).await?;
        let written =
            rows.iter().filter(|row| !row.get::<_, bool>(5)).map(|row| quoted(row.get(0))).collect();
        let deferrable = "SELECT EXISTS (SELECT FROM pg_constraint WHERE condeferrable AND $1::bigint::oid IN (conrelid, \
                          confrelid))";
        let is_deferrable = transaction.query_one(deferrable, &[&oid]).await?.get(0);
        let version = version(transaction, &table).await?.unwrap_or_default();
        let mut layout =
            Self { table, columns: Vec::new(), key: key(settings, names)?, written, is_deferrable, version };
        for name in names {
            let Some(row) = rows.iter().find(|row| row.get::<_, &str>(0) == name.as_str()) else {
                let message = format!(
                    "it has no column `{name}`, which the query returns; add it (`ALTER TABLE {} ADD COLUMN {} ...`)",
                    layout.table,
                    quoted(name)
                );
                return Err(layout.mismatch(message));
            };
            layout.columns.push(Column::read(row));
        }
        layout.check_key(transaction, oid, settings).await?;
        Ok(Some(layout))
    }

    /// Returns whether the table's columns are still these, and locks them until the end of the transaction.
    pub async fn is_current(&self, transaction: &Transaction<'_>) -> Result<bool, Failure> {
        let lock = format!("LOCK TABLE {} IN ROW EXCLUSIVE MODE", self.table);
        // The server gets both at once, in this order.
        let lock = async { Ok(transaction.batch_execute(&lock).await?) };
        let ((), version) = futures::future::try_join(lock, version(transaction, &self.table)).await?;
        Ok(version.as_deref() == Some(self.version.as_str()))
    }

    /// Checks that the key of the table is the key of the settings, so that both identify the same rows.
    async fn check_key(
        &self,
        transaction: &Transaction<'_>,
        oid: i64,
        settings: &PostgresSettings,
    ) -> Result<(), Failure> {
        let unique = transaction
            .query(
                "SELECT array_agg(a.attname::text ORDER BY a.attname::text) FROM pg_index i \
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) \
                 WHERE i.indrelid = $1::bigint::oid AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL \
                 GROUP BY i.indexrelid",
                &[&oid],
            )
            .await?;
        let mut wanted = settings.key.clone();
        wanted.sort_unstable();
        if unique.iter().any(|row| row.get::<_, Vec<String>>(0) == wanted) {
            return Ok(());
        }
        let columns = self.key_columns().join(", ");
        let message = format!(
            "no primary key or unique index is on its key ({columns}); make one \
             (`ALTER TABLE {} ADD PRIMARY KEY ({columns})`)",
            self.table
        );
        Err(self.mismatch(message))
    }

    /// Creates the table for `reaction`, with the types that the settings name or these rows have, and the comment by
    /// which sources of the same database leave it out.
    pub async fn make(
        transaction: &Transaction<'_>,
        settings: &PostgresSettings,
        places: &Places,
        reaction: &str,
        names: &[SmolStr],
        rows: &[&Columns],
    ) -> Result<Self, Failure> {
        let table = &places.table;
        let key = key(settings, names)?;
        let kind = |at: usize, name: &SmolStr| {
            let named = settings.columns.get(name.as_str()).map(String::as_str);
            named.or_else(|| type_of(rows.iter().map(|row| &row[at]))).unwrap_or(UNKNOWN)
        };
        let columns: Vec<String> = names
            .iter()
            .enumerate()
            .map(|(at, name)| format!("{} {}", quoted(name), kind(at, name)))
            .collect();
        let primary: Vec<String> = key.iter().map(|at| quoted(&names[*at])).collect();
        let make =
            format!("CREATE TABLE {table} ({}, PRIMARY KEY ({}))", columns.join(", "), primary.join(", "));
        let comment = literal(&format!("{KEPT_BY_LIVEWELL} for its reaction `{reaction}`"));
        transaction.batch_execute(&format!("{make}; COMMENT ON TABLE {table} IS {comment}")).await?;
        tracing::info!(table, "the target table was made: {}", columns.join(", "));
        Self::find(transaction, settings, places, names)
            .await?
            .ok_or_else(|| Failure::Refused(format!("{table} was made and is not there")))
    }

    pub fn key_columns(&self) -> Vec<&str> {
        self.key.iter().map(|at| self.columns[*at].name.as_str()).collect()
    }

    /// Returns the rows as one array of texts for each of the columns at `places`.
    pub fn arrays<'r>(
        &self,
        places: &[usize],
        rows: &(impl Iterator<Item = &'r Columns> + Clone),
    ) -> Vec<Vec<Option<String>>> {
        let array =
            |at: &usize| rows.clone().map(|row| text(&row[*at], self.columns[*at].kind.taking)).collect();
        places.iter().map(array).collect()
    }

    /// Returns `unnest($1::text[], $2::text[]) AS n(c0, c1)` for this many columns.
    pub fn unnest(count: usize) -> String {
        let arrays: Vec<String> = (1..=count).map(|at| format!("${at}::text[]")).collect();
        let names: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
        format!("unnest({}) AS n({})", arrays.join(", "), names.join(", "))
    }

    /// Returns the table in words.
    pub fn target(&self) -> String {
        format!("the table {}", self.table)
    }

    /// Returns the error that this table does not fit these rows.
    pub fn mismatch(&self, cause: String) -> Failure {
        ReactionError::Refused { target: self.target(), cause }.into()
    }
}

impl Column {
    /// Reads a column from a row of [`COLUMNS`].
    fn read(row: &tokio_postgres::Row) -> Self {
        let base: String = row.get(2);
        let taking = Taking { class: Class::of(&base), is_list: row.get(3) };
        let kind = ColumnKind { declared: row.get(1), base, taking, is_limited: row.get(4) };
        Self { name: quoted(row.get(0)), comparable: kind.base != "json", is_nullable: row.get(6), kind }
    }
}

async fn version(transaction: &Transaction<'_>, table: &str) -> Result<Option<String>, Failure> {
    Ok(transaction.query_one(VERSION, &[&table]).await?.get(0))
}

/// Returns the key of a row: the texts of its key columns, by which the table identifies rows.
pub(super) fn key_of(key: &[usize], row: &Columns) -> String {
    let plain = Taking { class: Class::Other, is_list: false };
    let texts: Vec<_> = key.iter().map(|at| text(&row[*at], plain)).collect();
    serde_json::to_string(&texts).expect("texts always have a JSON form")
}

/// Returns the table that settings name, in words.
pub(super) fn target(settings: &PostgresSettings) -> String {
    format!("the table {}", name_of(&settings.table))
}

/// Returns the places of the key columns in the query's columns.
pub(super) fn key(settings: &PostgresSettings, names: &[SmolStr]) -> Result<Vec<usize>, ReactionError> {
    let place = |column: &String| {
        names.iter().position(|name| name == column).ok_or_else(|| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            ReactionError::Refused {
                target: target(settings),
                cause: format!(
                    "its key `{column}` is not a column of the query, which returns {}",
                    names.join(", ")
                ),
            }
        })
    };
    settings.key.iter().map(place).collect()
}
