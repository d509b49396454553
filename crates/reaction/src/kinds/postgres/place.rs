//! The places of the target's tables: the schemas where they were first found, whatever `search_path` is later.

use super::checkpoint;
use super::failure::Failure;
use super::text::{name_of, quoted};
use crate::ReactionError;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{DecodeError, SmolStr};
use tokio_postgres::Transaction;

/// The formats of the detail: without schemas, of earlier versions, and with them.
const WITHOUT: u8 = 1;
const FORMAT: u8 = 2;

/// The names of the tables, with their schemas, as SQL quotes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// The table of checkpoints.
    pub checkpoint: String,
    /// The target table; empty if there is none.
    pub table: String,
    schemas: [SmolStr; 2],
}

impl Places {
    /// Returns the places that a checkpoint's detail names, or the ones that `search_path` leads to now.
    pub async fn find(
        transaction: &Transaction<'_>,
        detail: Option<&[u8]>,
        table: &str,
    ) -> Result<Self, Failure> {
        let stored = detail.map(read).transpose().map_err(|cause| ReactionError::Detail { cause })?;
        let [checkpoint, of_table] = match stored.flatten() {
            Some(schemas) => schemas,
            None => {
                let checkpoint = schema_of(transaction, checkpoint::TABLE).await?;
                let is_named = table.is_empty() || table.contains('.');
                let of_table = if is_named {
                    SmolStr::default()
                } else {
                    schema_of(transaction, &name_of(table)).await?
                };
                [checkpoint, of_table]
            }
        };
        let within = |schema: &str, name: &str| match schema {
            "" => name.to_owned(),
            schema => format!("{}.{name}", quoted(schema)),
        };
        // If the setting names a schema, that one counts.
        let table = match table {
            "" => String::new(),
            table if table.contains('.') => name_of(table),
            table => within(&of_table, &name_of(table)),
        };
        Ok(Self {
            checkpoint: within(&checkpoint, checkpoint::TABLE),
            table,
            schemas: [checkpoint, of_table],
        })
    }

    /// Returns the detail of a checkpoint; the target knows the rest.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u8(FORMAT);
        for schema in &self.schemas {
            out.string(schema);
        }
        out.bytes
    }
}

fn read(detail: &[u8]) -> Result<Option<[SmolStr; 2]>, DecodeError> {
    let mut reader = Reader::new("places in the target", detail);
    let schemas = match reader.u8()? {
        WITHOUT => None,
        FORMAT => Some([reader.string()?, reader.string()?]),
        _ => return Err(reader.error("unknown format")),
    };
    reader.finish()?;
    Ok(schemas)
}

/// Returns the schema of an existing table, or the one in which it would be created.
async fn schema_of(transaction: &Transaction<'_>, table: &str) -> Result<SmolStr, Failure> {
    let find = "SELECT coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                WHERE c.oid = to_regclass($1)), current_schema(), '')::text";
    Ok(transaction.query_one(find, &[&table]).await?.get::<_, &str>(0).into())
}
