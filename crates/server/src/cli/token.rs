//! The arguments of `livewell token`.

use clap::{Args, ValueEnum};

/// `livewell token`.
#[derive(Debug, Args)]
pub struct Token {
    /// What logs call the token
    #[arg(long, default_value = "NAME")]
    pub name: String,

    /// What its callers may do; may be given several times
    #[arg(long, value_enum, value_name = "SCOPE", default_values_t = [Scope::Read])]
    pub scope: Vec<Scope>,
}

/// A group of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Read status, results, changes and metrics.
    Read,
    /// Send changes.
    Ingest,
    /// Start, stop, reset and verify.
    Operate,
    /// Do everything.
    Administer,
}
