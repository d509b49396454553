//! The checkpoint in the target: a row for each query of each reaction of each store, changed in the transaction
//! of the effects.

use super::failure::Failure;
use crate::Reached;
use tokio_postgres::Transaction;

pub(super) const TABLE: &str = "livewell_checkpoint";
/// What the row of a dead letter that was sent again has in place of a query's id, before the letter's key. No id has a
/// blank in it.
const LETTER: &str = "letter ";
/// The key of the advisory lock under which that table is created: `livewell` in ASCII.
const MAKING: i64 = 0x6c69_7665_7765_6c6c;

/// The owner of a checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub store: String,
    pub reaction: String,
    /// The table of checkpoints, as SQL quotes it.
    pub table: String,
}

impl Owner {
    /// Creates the table of checkpoints if it is missing.
    pub async fn prepare(&self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let table = &self.table;
        let find = transaction.query_one("SELECT to_regclass($1)::text", &[table]).await?;
        if find.get::<_, Option<&str>>(0).is_some() {
            return Ok(());
        }
        // Two sessions that create it at the same time would conflict, in spite of IF NOT EXISTS.
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING]).await?;
        let make = format!(
            "CREATE TABLE IF NOT EXISTS {table} (store text, reaction text, query text, epoch bigint NOT NULL, \
             sequence bigint NOT NULL, position bigint NOT NULL, PRIMARY KEY (store, reaction, query))"
        );
        Ok(transaction.batch_execute(&make).await?)
    }

    /// Returns the checkpoints in the target, by query.
    pub async fn read(&self, transaction: &Transaction<'_>) -> Result<Vec<Reached>, Failure> {
        let table = &self.table;
        let read = format!(
            "SELECT query, epoch, sequence, position FROM {table} WHERE store = $1 AND reaction = $2 \
             AND NOT starts_with(query, '{LETTER}') ORDER BY query"
        );
        let rows = transaction.query(&read, &[&self.store, &self.reaction]).await?;
        let number = |row: &tokio_postgres::Row, at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or(0);
        let reached = |row: &tokio_postgres::Row| Reached {
            query_id: row.get::<_, &str>(0).into(),
            epoch: number(row, 1),
            sequence: number(row, 2),
            position: number(row, 3),
        };
        Ok(rows.iter().map(reached).collect())
    }

    /// Deletes the checkpoints.
    pub async fn forget(&self, transaction: &Transaction<'_>) -> Result<(), Failure> {
        let table = &self.table;
        let forget = format!(
            "DELETE FROM {table} WHERE store = $1 AND reaction = $2 AND NOT starts_with(query, '{LETTER}')"
        );
        transaction.execute(&forget, &[&self.store, &self.reaction]).await?;
        Ok(())
    }

    /// Deletes the checkpoints of queries that are not followed any more.
    pub async fn forget_others(&self, transaction: &Transaction<'_>, query_id: &str) -> Result<(), Failure> {
        let table = &self.table;
        let forget = format!("DELETE FROM {table} WHERE store = $1 AND reaction = $2 AND query <> $3");
        transaction.execute(&forget, &[&self.store, &self.reaction, &query_id]).await?;
        Ok(())
    }

    /// Notes that the statement is executed for a dead letter; returns false if that was noted before.
    pub async fn note_letter(&self, transaction: &Transaction<'_>, key: &str) -> Result<bool, Failure> {
        let table = &self.table;
        let note = format!("INSERT INTO {table} VALUES ($1, $2, $3, 0, 0, 0) ON CONFLICT DO NOTHING");
        let name = format!("{LETTER}{key}");
        Ok(transaction.execute(&note, &[&self.store, &self.reaction, &name]).await? == 1)
    }

    /// Forgets that the statement was executed for a letter, which the store no longer holds.
    pub async fn forget_letter(&self, transaction: &Transaction<'_>, key: &str) -> Result<(), Failure> {
        let table = &self.table;
        let forget = format!("DELETE FROM {table} WHERE store = $1 AND reaction = $2 AND query = $3");
        let name = format!("{LETTER}{key}");
        transaction.execute(&forget, &[&self.store, &self.reaction, &name]).await?;
        Ok(())
    }

    /// Moves a checkpoint from where this process left it.
    ///
    /// Fails if somebody else has moved it, before anything of the transaction becomes visible.
    pub async fn advance(
        &self,
        transaction: &Transaction<'_>,
        from: Option<&Reached>,
        to: &Reached,
    ) -> Result<(), Failure> {
        let table = &self.table;
        let [epoch, sequence, position] = [to.epoch, to.sequence, to.position].map(signed);
        let query = to.query_id.as_str();
        let changed = match from {
            None => {
                let insert =
                    format!("INSERT INTO {table} VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING");
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
                    [&self.store, &self.reaction, &query, &epoch, &sequence, &position];
                transaction.execute(&insert, &values).await?
            }
            Some(from) => {
                let update = format!(
                    "UPDATE {table} SET epoch = $4, sequence = $5, position = $6 WHERE store = $1 AND reaction = $2 \
                     AND query = $3 AND epoch = $7 AND sequence = $8"
                );
                let [was_epoch, was_sequence] = [from.epoch, from.sequence].map(signed);
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
                    &self.store,
                    &self.reaction,
                    &query,
                    &epoch,
                    &sequence,
                    &position,
                    &was_epoch,
                    &was_sequence,
                ];
                transaction.execute(&update, &values).await?
            }
        };
        match changed {
            1 => Ok(()),
            // A commit that was given up may still have succeeded: the next start reads the checkpoint.
            _ => Err(Failure::Away(format!(
                "`{TABLE}` was moved by someone else; if that continues, another process runs on a copy of the store"
            ))),
        }
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
