//! Starts a source: the publication, the slot, and what is copied from there on.

use super::catalog::keys;
use super::catalog::watch::Watch;
use super::failure::{is_locked, lost};
use super::look::passes;
use super::position::{Lsn, Position};
use super::session::Session;
use super::slot;
use crate::SourceError;
use crate::settings::PostgresSettings;
use crate::source::Patience;
use serde::{Deserialize, Serialize};

/// The names that a source uses on the server; noted before anything with that name is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Home {
    pub slot: String,
}

/// A slot on the server from which nothing was read yet.
pub(super) struct Begun {
    pub session: Session,
    pub watch: Watch,
    pub position: Position,
    /// Whether the tables can be followed, or what has to be corrected first.
    pub found: Result<(), SourceError>,
}

/// How a source begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// For the first time: a slot of its name must not exist yet. `replace`: a slot of this name is its own.
    First { replace: bool },
    /// From a new place in the log: stored data stays, and every table is copied.
    Anew,
}

/// Creates what is missing on the server, and finds the tables. It is safe to call this again.
///
/// A source that resumes from a new place does so also if its tables, or its publication, are not yet what they have to
/// be: the commit that corrects them may wait until this source acknowledges it, and the source looks again while it
/// continues to read.
///
/// # Errors
/// Returns an error if the database refuses, or if something keeps a table from being followed.
pub(super) fn prepare(
    settings: &PostgresSettings,
    store: &str,
    how: Beginning,
) -> Result<(Session, Watch), SourceError> {
    let mut session = Session::open(settings)?;
    session.check_level()?;
    let mut watch = Watch::connect(settings, store, None)?;
    match find(&mut watch, true) {
        Err(error) if how == Beginning::Anew && is_waited_for(&error, settings) => {}
        found => found?,
    }
    Ok((session, watch))
}

/// Returns how many tables the source would follow, after the checks of [`prepare`] that make nothing on the server.
///
/// # Errors
/// Returns an error if the database refuses, or if something keeps a table from being followed.
pub(super) fn look(settings: &PostgresSettings) -> Result<usize, SourceError> {
    let mut watch = Watch::connect(settings, "", None)?;
    find(&mut watch, false)?;
    Ok(watch.facts.tables.len())
}

/// Finds the tables, and checks that they can be read. `publishes`: whether the publication exists.
fn find(watch: &mut Watch, publishes: bool) -> Result<(), SourceError> {
    watch.look()?;
    watch.check_names()?;
    if publishes {
        watch.ensure_publication()?;
    }
    watch.facts.tables.values().try_for_each(keys::check_rights)
}

/// Creates the slot, or moves the existing one past everything in the log. Returns `None` if the patience was over.
///
/// # Errors
/// Returns an error if the database refuses or is out of reach.
pub(super) fn place(
    mut session: Session,
    mut watch: Watch,
    settings: &PostgresSettings,
    name: &str,
    beginning: Beginning,
    patience: &dyn Patience,
) -> Result<Option<Begun>, SourceError> {
    let there = session.slot(name)?;
    let lsn = match (beginning, there) {
        (Beginning::First { replace: false }, Some(_)) => {
            return Err(lost(format!(
                "the slot `{name}` is there already, and nothing here says what was read from it; if nobody uses it, \
                 `livewell reset SOURCE` (or `recovery: auto_reset`) drops it and copies all rows"
            )));
        }
        // A transaction that runs now is sent whole once it is committed, because the server kept its beginning.
        (Beginning::Anew, Some(slot)) if slot.is_ours && !slot.is_lost && !slot.is_active => {
            slot::survive(&mut session, settings, name)?;
            slot::advance(&mut session, settings, name, patience)?
        }
        _ => {
            session.drop_slot(name)?;
            slot::make(&mut session, settings, name, patience)?
        }
    };
    let Some(lsn) = lsn else { return Ok(None) };
    let found = match find(&mut watch, false) {
        Err(error) if beginning != Beginning::Anew || !is_waited_for(&error, settings) => return Err(error),
        found => found,
    };
    if found.is_ok() {
        watch.know_names();
    }
    let position = position(&session, lsn);
    Ok(Some(Begun { session, watch, position, found }))
}

/// Returns whether the stream is read while somebody corrects it.
fn is_waited_for(error: &SourceError, settings: &PostgresSettings) -> bool {
    is_locked(error) || passes(error, settings, true)
}

fn position(session: &Session, lsn: Lsn) -> Position {
    Position {
        system: session.system.clone(),
        timeline: session.timeline,
        database: session.database.clone(),
        lsn,
        ..Position::default()
    }
}
