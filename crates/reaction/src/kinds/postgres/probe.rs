//! Looks at the target as the reaction would, without making anything there.

use super::failure::Failure;
use super::place::Places;
use super::session::Session;
use super::settings::{PostgresMode, PostgresSettings};
use crate::ReactionError;
use livewell_model::probe::Probed;
use tokio_postgres::Transaction;

/// For one table: its name, whether it is there, whether its rows may be written, and whether it may be created.
const QUESTION: &str = "SELECT to_regclass($1)::text, \
    to_regclass($1) IS NOT NULL AND has_table_privilege(to_regclass($1), 'SELECT') \
        AND has_table_privilege(to_regclass($1), 'INSERT') AND has_table_privilege(to_regclass($1), 'UPDATE') \
        AND has_table_privilege(to_regclass($1), 'DELETE'), \
    coalesce(has_schema_privilege(coalesce(to_regnamespace($2), to_regnamespace(current_schema())), 'CREATE'), false)";

/// Connects, and checks that the tables are there and may be written, or may be created.
///
/// # Errors
/// Returns what would keep the reaction from delivering.
pub(super) fn probe(settings: &PostgresSettings) -> Result<Probed, ReactionError> {
    let mut session = Session::new(settings.url.reveal(), settings.timeout)?;
    let micros = session.transact(1, async |transaction| {
        let (places, _) = Places::find(transaction, None, &settings.table).await?;
        for table in [&places.checkpoint, &places.table].into_iter().filter(|table| !table.is_empty()) {
            check(transaction, table).await?;
        }
        let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, pg_is_in_recovery()";
        let row = transaction.query_one(now, &[]).await?;
        if row.get::<_, bool>(1) {
            return Err(Failure::Refused(
                "it is a standby, which takes no writes; name the primary".to_owned(),
            ));
        }
        Ok(row.get::<_, i64>(0))
    })?;
    let may = match settings.mode {
        PostgresMode::Table => "its tables may be written",
        PostgresMode::Execute => "its checkpoint may be written; what the statement needs shows when it runs",
    };
    Ok(Probed::new(format!("{}, {may}", session.target())).at_micros(Some(micros)))
}

async fn check(transaction: &Transaction<'_>, table: &str) -> Result<(), Failure> {
    let schema = table.rsplit_once('.').map_or("", |(schema, _)| schema);
    let row = transaction.query_one(QUESTION, &[&table, &schema]).await?;
    let (is_there, is_writable, is_creatable) =
        (row.get::<_, Option<&str>>(0).is_some(), row.get::<_, bool>(1), row.get::<_, bool>(2));
    match (is_there, is_writable, is_creatable) {
        (true, false, _) => Err(Failure::Refused(format!(
            "the role may not write {table}: GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO ..."
        ))),
        (false, _, false) => Err(Failure::Refused(format!(
            "there is no table {table}, and the role may not create it in its schema"
        ))),
        _ => Ok(()),
    }
}
