//! Looks at a database as a source would, without making anything there.

use super::begin;
use super::catalog::{identifier, literal, qualified, text};
use super::failure::refused;
use super::session::Session;
use crate::SourceError;
use crate::settings::PostgresSettings;
use livewell_model::probe::Probed;

/// What the server is asked beside what a source needs: its time, its free slots, whether the slot and the publication
/// are there, and whether a missing publication can be made.
fn question(slot: Option<&str>, publication: &str) -> String {
    let slot = slot.map_or_else(
        || "slot_name LIKE 'livewell%'".to_owned(),
        |slot| format!("slot_name = {}", literal(slot)),
    );
    format!(
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, \
         current_setting('max_replication_slots')::int - (SELECT count(*) FROM pg_replication_slots), \
         EXISTS (SELECT FROM pg_replication_slots WHERE {slot}), \
         EXISTS (SELECT FROM pg_publication WHERE pubname = {}), \
         has_database_privilege(current_database(), 'CREATE')",
        literal(publication)
    )
}

/// Checks that this role could make the missing publication: it must own the tables, and may create in the database.
fn check_creatable(
    session: &mut Session,
    settings: &PostgresSettings,
    may_create: bool,
) -> Result<(), SourceError> {
    let publication = settings.publication();
    if settings.tables.is_empty() {
        return Err(refused(format!(
            "there is no publication `{publication}`, and no `tables` to make it for; name them, or make it"
        )));
    }
    let tables: Vec<String> = settings.tables.iter().map(|table| qualified(table.name())).collect();
    let listed: Vec<String> = tables.iter().map(|table| format!("to_regclass({})", literal(table))).collect();
    // A table that is not there is found by the look at all of them, which names it.
    let question = format!(
        "SELECT string_agg(oid::regclass::text, ', ' ORDER BY oid::regclass::text) FROM pg_class \
         WHERE oid IN ({}) AND NOT pg_has_role(relowner, 'USAGE')",
        listed.join(", ")
    );
    let rows = session.connection.query(&question, "to say whose tables they are")?;
    let foreign = rows.first().and_then(|row| row.first().cloned().flatten());
    let why = match (foreign, may_create) {
        (Some(foreign), _) => format!("does not own {foreign}"),
        (None, false) => "may not create in the database".to_owned(),
        (None, true) => return Ok(()),
    };
    Err(refused(format!(
        "there is no publication `{publication}`, and this role cannot make it, since it {why}; let the tables' owner, who \
         needs CREATE on the database, run: CREATE PUBLICATION {} FOR TABLE {}",
        identifier(&publication),
        tables.join(", ")
    )))
}

/// Connects, and checks the version, the log's level, the tables, the rights, and that there is a slot to be had.
///
/// # Errors
/// Returns what would keep the source from following the tables.
pub(crate) fn probe(settings: &PostgresSettings) -> Result<Probed, SourceError> {
    let mut session = Session::open(settings)?;
    session.check_level()?;
    let question = question(settings.slot.as_deref(), &settings.publication());
    let rows = session.connection.query(&question, "to say what it has")?;
    let row =
        rows.first().ok_or_else(|| super::failure::not_understood("it answers a question with no row"))?;
    let is = |at: usize| text(row, at).map(|text| text == "t");
    let free: i64 = text(row, 1)?.parse().unwrap_or_default();
    if free <= 0 && !is(2)? {
        return Err(refused(
            "no replication slot is free; raise `max_replication_slots` and restart the database, or drop a slot that \
             nobody uses",
        ));
    }
    if !is(3)? {
        check_creatable(&mut session, settings, is(4)?)?;
    }
    let tables = begin::look(settings)?;
    let tables = if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") };
    let major = session.version / 10_000;
    let found = format!("PostgreSQL {major}, database `{}`, {tables}, wal_level logical", session.database);
    Ok(Probed::new(found).at_micros(text(row, 0)?.parse().ok()))
}
