//! Errors in the settings of reactions.

use smol_str::SmolStr;
use std::path::PathBuf;

/// Settings that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A recovery that does not fit the reaction's role.
    #[error("a reaction that {does} cannot recover by `{refused}`; use `strict` or `{instead}`")]
    Recovery {
        /// Its role, in words.
        does: &'static str,
        /// The refused value.
        refused: &'static str,
        /// The one that fits.
        instead: &'static str,
    },
    /// A reaction that follows nothing.
    #[error("it follows no query; name at least one under `queries`")]
    NoQuery,
    /// A table of several queries.
    #[error("a copy holds the rows of one query, and {count} are named; make one reaction for each")]
    TableOfMany {
        /// How many queries are named.
        count: usize,
    },
    /// An empty path.
    #[error("`path` is empty; name a file")]
    NoPath,
    /// Two reactions that write the same file.
    #[error("it writes `{}`, and so does the reaction `{other}`; give each a file of its own", path.display())]
    SharedPath {
        /// The file.
        path: PathBuf,
        /// The id of the reaction that named it first.
        other: SmolStr,
    },
    /// Two reactions that keep the same copy.
    #[error("it writes where the reaction `{other}` does; give each a {field} of its own")]
    SharedTarget {
        /// The field that says where.
        field: &'static str,
        /// The id of the reaction that named it first.
        other: SmolStr,
    },
    /// A field with an invalid value.
    #[error("{message}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it and what to write; never its value.
        message: String,
    },
}

impl SettingsError {
    /// Returns the code whose page explains the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Recovery { .. } => "LW0420",
            Self::NoQuery | Self::TableOfMany { .. } => "LW0421",
            Self::NoPath | Self::SharedPath { .. } | Self::SharedTarget { .. } => "LW0422",
            Self::Field { .. } => "LW0423",
        }
    }

    /// Returns the field at fault.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Recovery { .. } => "recovery",
            Self::NoQuery | Self::TableOfMany { .. } => "queries",
            Self::NoPath | Self::SharedPath { .. } => "path",
            Self::Field { field, .. } | Self::SharedTarget { field, .. } => field,
        }
    }
}

/// Refuses more than one query for a reaction that keeps a copy.
pub(crate) fn one_query(count: usize) -> Result<(), SettingsError> {
    if count > 1 { Err(SettingsError::TableOfMany { count }) } else { Ok(()) }
}
