//! The target table: checked against the query's columns, or made for them.

use super::session::Failure;
use super::settings::PostgresSettings;
use super::text::{Taking, literal, quoted, text, type_of};
use crate::ReactionError;
use livewell_model::SmolStr;
use livewell_model::diff::Columns;
use tokio_postgres::Transaction;

/// The type of a column for which no row has a value yet.
const UNKNOWN: &str = "text";

/// What the comment of a table that a reaction creates begins with. Sources of kind `postgres` leave such tables out, so
/// that one that follows all tables does not follow what comes of itself.
const KEPT_BY_LIVEWELL: &str = "kept by Livewell";

/// A target table as the reaction needs it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// The table's name as SQL quotes it.
    pub table: String,
    /// The query's columns, in its order.
    pub columns: Vec<Column>,
    /// The places of the key columns.
    pub key: Vec<usize>,
}

/// A column of the target table.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Its name as SQL quotes it.
    pub name: String,
    /// Its type without what limits it: a limit is checked when it is stored, a cast would cut silently.
    pub kind: String,
    pub taking: Taking,
    /// Whether values of its type can be compared; JSON as text can not.
    pub comparable: bool,
}

impl Layout {
    /// The layout of the table as it is; `None` where there is no such table.
    pub async fn find(
        transaction: &Transaction<'_>,
        settings: &PostgresSettings,
        names: &[SmolStr],
    ) -> Result<Option<Self>, Failure> {
        let table = name_of(&settings.table);
        let found = transaction.query_one("SELECT to_regclass($1)::oid::bigint", &[&table]).await?;
        let Some(oid) = found.get::<_, Option<i64>>(0) else { return Ok(None) };
        let columns = transaction
            .query(
                "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
                 WHERE attrelid = $1::bigint::oid AND attnum > 0 AND NOT attisdropped",
                &[&oid],
            )
            .await?;
        let mut layout = Self { table, columns: Vec::new(), key: key(settings, names)? };
        for name in names {
            let Some(row) = columns.iter().find(|row| row.get::<_, &str>(0) == name.as_str()) else {
                let message = format!(
                    "it has no column `{name}`, which the query returns; add it (`ALTER TABLE {} ADD COLUMN {} ...`)",
                    layout.table,
                    quoted(name)
                );
                return Err(layout.mismatch(message));
            };
            layout.columns.push(Column::new(name, row.get(1)));
        }
        layout.check_key(transaction, oid, settings).await?;
        Ok(Some(layout))
    }

    /// Rows are told apart by the key here as there.
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
        reaction: &str,
        names: &[SmolStr],
        rows: &[&Columns],
    ) -> Result<Self, Failure> {
        let table = name_of(&settings.table);
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
        Self::find(transaction, settings, names)
            .await?
            .ok_or_else(|| Failure::Refused(format!("{table} was made and is not there")))
    }

    pub fn key_columns(&self) -> Vec<&str> {
        self.key.iter().map(|at| self.columns[*at].name.as_str()).collect()
    }

    /// The rows as one array of texts for each of the columns at `places`.
    pub fn arrays<'r>(
        &self,
        places: &[usize],
        rows: &(impl Iterator<Item = &'r Columns> + Clone),
    ) -> Vec<Vec<Option<String>>> {
        let array = |at: &usize| rows.clone().map(|row| text(&row[*at], self.columns[*at].taking)).collect();
        places.iter().map(array).collect()
    }

    /// `unnest($1::text[], $2::text[]) AS n(c0, c1)` for so many columns.
    pub fn unnest(count: usize) -> String {
        let arrays: Vec<String> = (1..=count).map(|at| format!("${at}::text[]")).collect();
        let names: Vec<String> = (0..count).map(|at| format!("c{at}")).collect();
        format!("unnest({}) AS n({})", arrays.join(", "), names.join(", "))
    }

    /// The error that this table is not one for these rows.
    pub fn mismatch(&self, cause: String) -> Failure {
        ReactionError::Refused { target: format!("the table {}", self.table), cause }.into()
    }
}

impl Column {
    fn new(name: &str, kind: &str) -> Self {
        let taking = match kind {
            "json" | "jsonb" => Taking::Json,
            "bytea" => Taking::Bytes,
            _ => Taking::Plain,
        };
        Self { name: quoted(name), kind: kind.to_owned(), taking, comparable: kind != "json" }
    }
}

/// `schema.name` as SQL quotes it.
pub(super) fn name_of(table: &str) -> String {
    table.splitn(2, '.').map(quoted).collect::<Vec<_>>().join(".")
}

/// The key of a row: the texts of its key columns, by which the table tells rows apart.
pub(super) fn key_of(key: &[usize], row: &Columns) -> String {
    let texts: Vec<_> = key.iter().map(|at| text(&row[*at], Taking::Plain)).collect();
    serde_json::to_string(&texts).expect("texts always have a JSON form")
}

/// The places of the key columns in the query's columns.
pub(super) fn key(settings: &PostgresSettings, names: &[SmolStr]) -> Result<Vec<usize>, ReactionError> {
    let place = |column: &String| {
        names.iter().position(|name| name == column).ok_or_else(|| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            ReactionError::Refused {
                target: format!("the table {}", name_of(&settings.table)),
                cause: format!(
                    "its key `{column}` is no column of the query, which returns {}",
                    names.join(", ")
                ),
            }
        })
    };
    settings.key.iter().map(place).collect()
}
