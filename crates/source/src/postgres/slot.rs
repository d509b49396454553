//! Creates and advances the slot: the place on the server from which the changes come.

use super::catalog::{identifier, literal, number, text};
use super::connection::{Connection, TextRow};
use super::failure::{not_understood, refused, unreachable};
use super::position::Lsn;
use super::session::{Session, connect};
use crate::SourceError;
use crate::error::code;
use crate::settings::PostgresSettings;
use crate::source::Patience;
use std::time::{Duration, Instant};

/// How often to check, and show, what the server waits for.
const TOLD_AFTER: Duration = Duration::from_secs(5);
/// The first version whose slots survive a failover.
const FAILOVER_MIN: u32 = 170_000;
/// How long one wait for the server lasts, and so how long a stop waits for the source.
const LOOK: Duration = Duration::from_millis(100);

/// Creates a slot; returns where its changes begin, or `None` if the patience was over.
///
/// The server waits for all transactions of the cluster that were running when the creation began.
///
/// # Errors
/// Returns an error if the database refuses or is out of reach.
pub(super) fn make(
    session: &mut Session,
    settings: &PostgresSettings,
    name: &str,
    patience: &dyn Patience,
) -> Result<Option<Lsn>, SourceError> {
    if settings.failover && session.version < FAILOVER_MIN {
        return Err(refused("`failover: true` needs PostgreSQL 17 or later"));
    }
    let failover = if settings.failover { ", FAILOVER true" } else { "" };
    let statement = format!(
        "CREATE_REPLICATION_SLOT {} LOGICAL pgoutput (SNAPSHOT 'nothing'{failover})",
        identifier(name)
    );
    let Some(rows) = run(session, settings, &statement, "to make a slot", patience)? else { return Ok(None) };
    let point = rows.first().map(|row| text(row, 1)).transpose()?.and_then(Lsn::parse);
    point.map(Some).ok_or_else(|| not_understood("a new slot has no beginning"))
}

/// Runs a statement that may take the server long; returns `None` if the patience was over before its end.
fn run(
    session: &mut Session,
    settings: &PostgresSettings,
    statement: &str,
    what: &str,
    patience: &dyn Patience,
) -> Result<Option<Vec<TextRow>>, SourceError> {
    let backend = pid(&mut session.connection)?;
    session.connection.start(statement)?;
    let (mut looked, mut told) = (Instant::now(), None);
    loop {
        if let Some(rows) = session.connection.finish(LOOK, what)? {
            return Ok(Some(rows));
        }
        if patience.is_over() {
            let cancel = format!("SELECT pg_catalog.pg_cancel_backend({backend})");
            connect(settings)?.query(&cancel, what)?;
            return Ok(None);
        }
        if looked.elapsed() > TOLD_AFTER {
            // If the network were down, there would be no new connection either.
            let waits = blocker(&mut connect(settings)?, backend)?;
            if let Some(text) = waits.filter(|text| told.as_ref() != Some(text)) {
                patience.waits_for(&text);
                told = Some(text);
            }
            looked = Instant::now();
        }
    }
}

/// Makes an existing slot survive a failover, if the settings ask for that.
///
/// # Errors
/// Returns an error if the slot is in use, or the database refuses.
pub(super) fn survive(
    session: &mut Session,
    settings: &PostgresSettings,
    name: &str,
) -> Result<(), SourceError> {
    if !settings.failover {
        return Ok(());
    }
    if session.version < FAILOVER_MIN {
        tracing::warn!(
            source = %settings.id,
            code = code::REFUSED,
            "the slot `{name}` does not survive a failover: `failover: true` needs PostgreSQL 17 or later"
        );
        return Ok(());
    }
    let statement =
        format!("SELECT failover FROM pg_catalog.pg_replication_slots WHERE slot_name = {}", literal(name));
    let rows = session.connection.query(&statement, "to show a slot")?;
    if rows.first().map(|row| text(row, 0)).transpose()? == Some("f") {
        let alter = format!("ALTER_REPLICATION_SLOT {} (FAILOVER true)", identifier(name));
        session.connection.query(&alter, "to have a slot survive a failover")?;
    }
    Ok(())
}

fn pid(connection: &mut Connection) -> Result<u32, SourceError> {
    let rows = connection.query("SELECT pg_catalog.pg_backend_pid()", "to say which session it is")?;
    number(rows.first().ok_or_else(|| not_understood("a session has no number"))?, 0)
}

/// Returns what one of our sessions waits for, in words. It needs no special rights.
fn blocker(connection: &mut Connection, pid: u32) -> Result<Option<String>, SourceError> {
    let statement = format!("SELECT pid FROM pg_catalog.pg_stat_activity WHERE pid = {pid}");
    if connection.query(&statement, "to say whether a session is there")?.is_empty() {
        return Err(unreachable("the server has ended the session, and the network has not said so"));
    }
    let statement = format!("SELECT unnest(pg_catalog.pg_blocking_pids({pid})) LIMIT 1");
    let rows = connection.query(&statement, "to say what it waits for")?;
    let Some(row) = rows.first() else { return Ok(None) };
    let blocking: u32 = number(row, 0)?;
    if blocking != 0 {
        return Ok(Some(format!(
            "making a replication slot waits for the transaction of session {blocking} to end; to end it: SELECT \
             pg_terminate_backend({blocking})"
        )));
    }
    let statement = format!(
        "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE transaction = \
         (SELECT transactionid FROM pg_catalog.pg_locks WHERE pid = {pid} AND NOT granted LIMIT 1)"
    );
    let rows = connection.query(&statement, "to say what it waits for")?;
    let gid = rows.first().map(|row| text(row, 0)).transpose()?;
    Ok(gid.map(|gid| {
        format!(
            "making a replication slot waits for the prepared transaction {} to end; to end it: ROLLBACK PREPARED {}",
            literal(gid).trim_start_matches('E'),
            literal(gid).trim_start_matches('E')
        )
    }))
}

/// Moves our slot past everything that is in the log now, so that what the server refuses to send no longer blocks it.
/// Returns where it continues, or `None` if the patience was over first: the server reads the log up to its end, which
/// may take long.
///
/// # Errors
/// Returns an error if the slot is in use, or the database refuses.
pub(super) fn advance(
    session: &mut Session,
    settings: &PostgresSettings,
    name: &str,
    patience: &dyn Patience,
) -> Result<Option<Lsn>, SourceError> {
    let statement = format!(
        "SELECT end_lsn FROM pg_catalog.pg_replication_slot_advance({}, pg_catalog.pg_current_wal_lsn())",
        literal(name)
    );
    let Some(rows) = run(session, settings, &statement, "to move a slot on", patience)? else {
        return Ok(None);
    };
    let end = rows.first().map(|row| text(row, 0)).transpose()?.and_then(Lsn::parse);
    end.map(Some).ok_or_else(|| not_understood("a slot that was moved on is nowhere"))
}

/// Returns the unused slots of Livewell other than `own`: name, and how many bytes of log each keeps.
///
/// # Errors
/// Returns an error if the database is out of reach.
fn left_over(connection: &mut Connection, own: &str) -> Result<Vec<(String, u64)>, SourceError> {
    let statement = format!(
        "SELECT slot_name, coalesce(pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() \
         THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn), 0)::bigint \
         FROM pg_catalog.pg_replication_slots WHERE slot_name LIKE 'livewell\\_%' AND NOT active \
         AND plugin = 'pgoutput' AND database = current_database() AND slot_name <> {} ORDER BY 1",
        literal(own)
    );
    let rows = connection.query(&statement, "to list its slots")?;
    rows.iter().map(|row| Ok((text(row, 0)?.into(), number(row, 1)?))).collect()
}

/// Logs a warning about unused slots that look like Livewell's: each keeps the server's log.
///
/// # Errors
/// Returns an error if the database is out of reach.
pub(super) fn warn_of_left_over(settings: &PostgresSettings, own: &str) -> Result<(), SourceError> {
    for (slot, bytes) in left_over(&mut connect(settings)?, own)? {
        tracing::warn!(
            source = %settings.id,
            code = code::LEFT_OVER,
            "the slot `{slot}` is not used by anybody here and keeps {bytes} bytes of the server's log; if no other \
             store needs it: SELECT pg_drop_replication_slot('{slot}')"
        );
    }
    Ok(())
}

/// How much of its log a server keeps for a slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The bytes from the end of the log back to what the slot needs.
    pub bytes: Option<u64>,
    /// The bytes that can be written until the server may drop what the slot needs; `None` if it never does.
    pub safe: Option<u64>,
    /// Whether commits wait until this source acknowledges them, as a synchronous standby.
    pub is_awaited: bool,
}

/// Returns how much log the server keeps for the slot.
///
/// # Errors
/// Returns an error if the database is out of reach.
pub(super) fn kept(connection: &mut Connection, name: &str) -> Result<Kept, SourceError> {
    let statement = format!(
        "SELECT pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() \
         THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, restart_lsn)::bigint, \
         safe_wal_size, coalesce((SELECT sync_state IN ('sync', 'quorum') FROM pg_catalog.pg_stat_replication r \
         WHERE r.pid = active_pid), false) FROM pg_catalog.pg_replication_slots WHERE slot_name = {}",
        literal(name)
    );
    let rows = connection.query(&statement, "to say what a slot keeps")?;
    let Some(row) = rows.first() else { return Ok(Kept::default()) };
    let bytes = |at: usize| {
        let text = row.get(at)?.as_deref()?;
        text.parse::<i64>().ok().map(|bytes| u64::try_from(bytes).unwrap_or(0))
    };
    Ok(Kept { bytes: bytes(0), safe: bytes(1), is_awaited: text(row, 2)? == "t" })
}
