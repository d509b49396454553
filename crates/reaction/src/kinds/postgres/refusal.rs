//! Rows that the target refuses: which one, why, and what would help.

use super::failure::{Failure, Rejection};
use super::layout::{Column, Layout};
use super::text::{quoted, text};
use crate::{DeadLetter, OnRefusal, ReactionError};
use livewell_model::Value;
use livewell_model::diff::Columns;
use std::collections::HashSet;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

/// How much of a value is shown.
const SHOWN_CHARS_MAX: usize = 80;

/// A row on its way into the target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub signature: u64,
    pub columns: &'a Columns,
}

/// What becomes of refused rows.
pub(super) struct Refusals {
    pub policy: OnRefusal,
    /// The signatures of rows whose letters are stored already.
    stored: HashSet<u64>,
    /// The rows that are set aside now, with their signatures.
    pub letters: Vec<(u64, DeadLetter)>,
}

impl Refusals {
    pub fn new(policy: OnRefusal, stored: HashSet<u64>) -> Self {
        Self { policy, stored, letters: Vec::new() }
    }

    /// Sets aside a row, in JSON, unless that was done before.
    ///
    /// # Errors
    /// Returns the refusal itself if the reaction is to stop at it.
    pub fn put(
        &mut self,
        layout: &Layout,
        key: String,
        (signature, row): (u64, String),
        cause: &str,
    ) -> Result<(), Failure> {
        let cause = format!("the row with the key {key}: {cause}");
        if self.policy == OnRefusal::Stop {
            let cause = format!("{cause}; then start the reaction again");
            return Err(ReactionError::Refused { target: layout.target(), cause }.into());
        }
        if self.stored.insert(signature) {
            let reason = format!("{}: {cause}", layout.target());
            self.letters.push((signature, DeadLetter { key, body: row.into_bytes(), reason, origin: None }));
        }
        Ok(())
    }
}

/// Returns those of the rows that a column would change silently or store only in part, with the reason.
pub(super) async fn changed(
    transaction: &Transaction<'_>,
    layout: &Layout,
    rows: &[Row<'_>],
) -> Result<Vec<(usize, String)>, Failure> {
    let mut found = Vec::new();
    for (at, column) in layout.columns.iter().enumerate() {
        let class = column.kind.taking.class;
        for (place, row) in rows.iter().enumerate() {
            if let Some(part) = class.loses(&row.columns[at]) {
                found.push((
                    place,
                    cannot(layout, column, &row.columns[at], &format!("{part} would be lost")),
                ));
            }
        }
        let values = rows.iter().map(|row| &row.columns[at]).filter(|value| !matches!(value, Value::Null));
        let Some(exactly) = column.kind.exactly("n.x", values) else { continue };
        let find = format!(
            "SELECT n.place, concat(n.x::{}) FROM unnest($1::text[]) WITH ORDINALITY AS n(x, place) \
             WHERE n.x IS NOT NULL AND ({exactly}) IS NOT TRUE ORDER BY n.place",
            column.kind.declared
        );
        let mut texts = texts(column, at, rows);
        loop {
            let values: [&(dyn ToSql + Sync); 1] = [&texts];
            let query = async { Ok(transaction.query(&find, &values).await?) };
            let rejection = match saved(transaction, query).await? {
                Ok(different) => {
                    for row in different {
                        let place = usize::try_from(row.get::<_, i64>(0)).unwrap_or(1) - 1;
                        let why = format!("`{}` would be stored", shown(row.get::<_, &str>(1)));
                        found.push((place, cannot(layout, column, &rows[place].columns[at], &why)));
                    }
                    break;
                }
                Err(rejection) => rejection,
            };
            // Values that cannot be read at all prevent comparing the others.
            let unread = unread(transaction, column, &texts).await?;
            if unread.is_empty() {
                // It is not known which part of these values would be lost.
                return Err(Failure::Rejected(rejection));
            }
            for (place, rejection) in unread {
                texts[place] = None;
                found.push((place, cannot(layout, column, &rows[place].columns[at], &rejection.cause)));
            }
        }
    }
    first_of_each(&mut found);
    Ok(found)
}
/// Returns those of the rows with a value that a column cannot read at all, with the reason.
pub(super) async fn unreadable(
    transaction: &Transaction<'_>,
    layout: &Layout,
    rows: &[Row<'_>],
) -> Result<Vec<(usize, String)>, Failure> {
    let mut found = Vec::new();
    for (at, column) in layout.columns.iter().enumerate() {
        for (place, rejection) in unread(transaction, column, &texts(column, at, rows)).await? {
            found.push((place, cannot(layout, column, &rows[place].columns[at], &rejection.cause)));
        }
    }
    first_of_each(&mut found);
    Ok(found)
}

/// Returns the places of the texts that a column cannot read.
async fn unread(
    transaction: &Transaction<'_>,
    column: &Column,
    texts: &[Option<String>],
) -> Result<Vec<(usize, Rejection)>, Failure> {
    let read = format!("SELECT count(n.x::{}) FROM unnest($1::text[]) AS n(x)", column.kind.declared);
    let mut found = Vec::new();
    // Bisects what cannot be read, down to single texts.
    let mut parts = vec![(0, texts.len())];
    while let Some((from, to)) = parts.pop() {
        let part = &texts[from..to];
        let values: [&(dyn ToSql + Sync); 1] = [&part];
        match saved(transaction, async { Ok(transaction.execute(&read, &values).await?) }).await? {
            Ok(_) => {}
            Err(rejection) if to - from == 1 => found.push((from, rejection)),
            Err(_) => {
                let middle = usize::midpoint(from, to);
                parts.extend([(from, middle), (middle, to)]);
            }
        }
    }
    Ok(found)
}

/// Keeps one reason for each row, and sorts the rows in their order.
fn first_of_each(found: &mut Vec<(usize, String)>) {
    found.sort_by_key(|(place, _)| *place);
    found.dedup_by_key(|(place, _)| *place);
}

fn texts(column: &Column, at: usize, rows: &[Row<'_>]) -> Vec<Option<String>> {
    rows.iter().map(|row| text(&row.columns[at], column.kind.taking)).collect()
}

/// Does work that may be rejected; a rejection leaves the transaction unchanged.
pub(super) async fn saved<T>(
    transaction: &Transaction<'_>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<Result<T, Rejection>, Failure> {
    let save = transaction.batch_execute("SAVEPOINT livewell_attempt");
    // The server gets both at once, in this order.
    let (begun, done) = futures::future::join(save, work).await;
    begun?;
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(Failure::Rejected(rejection)) => {
            transaction.batch_execute("ROLLBACK TO SAVEPOINT livewell_attempt").await?;
            Ok(Err(rejection))
        }
        Err(failure) => Err(failure),
    }
}

/// Returns the message that a column cannot hold a value, with the statement that helps.
fn cannot(layout: &Layout, column: &Column, value: &Value, why: &str) -> String {
    let (table, name, kind) = (&layout.table, &column.name, &column.kind);
    let wider = kind.wider(value);
    let value = text(value, kind.taking).unwrap_or_default();
    format!(
        "the column {name} ({kind}) cannot hold `{}`: {why}; change its type with \
         `ALTER TABLE {table} ALTER COLUMN {name} TYPE {wider} USING {name}::{wider}`, or the query",
        shown(&value)
    )
}

/// Returns the message that a constraint does not allow a row, with the statement that helps.
pub(super) fn not_allowed(layout: &Layout, rejection: &Rejection) -> String {
    let table = &layout.table;
    let mend = match (&rejection.column, &rejection.constraint, rejection.state.as_str()) {
        (Some(column), _, "23502") => {
            format!("allow it with `ALTER TABLE {table} ALTER COLUMN {} DROP NOT NULL`", quoted(column))
        }
        (_, Some(constraint), "23505" | "23503" | "23514" | "23P01") => {
            format!("allow it with `ALTER TABLE {table} DROP CONSTRAINT {}`", quoted(constraint))
        }
        _ => "change the table".into(),
    };
    format!("{}; {mend}, or the query", rejection.cause)
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
