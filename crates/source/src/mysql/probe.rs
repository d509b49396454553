//! Looks at a database as a source would, without making anything there.

use super::connection::cell;
use super::copy::look;
use super::session::Session;
use crate::SourceError;
use crate::settings::MysqlSettings;
use livewell_model::probe::Probed;

/// Connects, and checks the version, the log, the tables and the rights.
///
/// # Errors
/// Returns what would keep the source from following the tables.
pub(crate) fn probe(settings: &MysqlSettings) -> Result<Probed, SourceError> {
    let mut session = Session::open(settings)?;
    session.check_log()?;
    session.files()?;
    let tables = look(settings, &mut session)?.0.len();
    let tables = if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") };
    let statement = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS INT)";
    let now = cell(&session.connection.one(statement, "to say what time it is")?, 0)?;
    let ((major, minor), server) = (session.version, session.server);
    let found = format!("MariaDB {major}.{minor}, server {server}, {tables}, binary log of rows");
    Ok(Probed::new(found).at_micros(now.parse().ok()))
}
