//! The role that `target_session_attrs` asks of a server.

use super::choice::TargetSession;

/// What a server must be, or what its sessions must be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Anything.
    Any,
    /// Its sessions can write.
    ReadWrite,
    /// Its sessions cannot write.
    ReadOnly,
    /// It is not in recovery.
    Primary,
    /// It is in recovery.
    Standby,
}

impl Role {
    /// Asks a server for its role; the answer is one row of two texts for [`Role::check`].
    pub const QUERY: &str = "SELECT pg_catalog.pg_is_in_recovery()::text, \
         pg_catalog.current_setting('transaction_read_only')";

    /// Compares the answer to [`Role::QUERY`] with what is wanted.
    ///
    /// # Errors
    /// Returns what the server is if that is not wanted.
    pub fn check(self, in_recovery: Option<&str>, read_only: Option<&str>) -> Result<(), String> {
        let (in_recovery, read_only) = (in_recovery == Some("true"), read_only == Some("on"));
        let (fits, is) = match self {
            Self::Any => (true, ""),
            Self::ReadWrite => (!read_only, "its sessions are read-only"),
            Self::ReadOnly => (read_only, "its sessions are read-write"),
            Self::Primary => (!in_recovery, "it is a standby"),
            Self::Standby => (in_recovery, "it is not a standby"),
        };
        if fits { Ok(()) } else { Err(format!("{is}, but `target_session_attrs` asks for another")) }
    }
}

impl TargetSession {
    /// Returns the roles to look for among the hosts, in the order of preference.
    pub(super) fn passes(self) -> &'static [Role] {
        match self {
            Self::Any => &[Role::Any],
            Self::ReadWrite => &[Role::ReadWrite],
            Self::ReadOnly => &[Role::ReadOnly],
            Self::Primary => &[Role::Primary],
            Self::Standby => &[Role::Standby],
            Self::PreferStandby => &[Role::Standby, Role::Any],
        }
    }
}
