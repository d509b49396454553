//! The arguments of commands about backups.

use super::{At, TextFormat};
use clap::Args;
use std::path::PathBuf;

/// `livewell backup`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell backup /backups/monday
  livewell backup /backups/monday --store ./livewell-data     without a server
  livewell backup /backups/monday --file livewell-b1f...c0.mdb  of a file that the console has downloaded

The backup is the store as it is after one commit, and is checked before the command ends. A backup that was not \
finished is refused by `restore`; the next one may take its place.")]
pub struct Backup {
    /// Where the backup goes: a directory that is new or empty
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Make the backup of this data file, which the console has downloaded: its name has the store's id
    #[arg(long, value_name = "FILE", conflicts_with_all = ["server", "store", "config"])]
    pub file: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Whose store it is of
    #[command(flatten)]
    pub at: At,
}

/// `livewell restore`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  livewell restore /backups/monday --into ./livewell-data

Every source and query begins a new epoch, so that reactions and followers notice that the store went back; they do \
what their `recovery` says.")]
pub struct Restore {
    /// The directory of the backup
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// Where the store goes: a directory that is new or empty, as `store.path` will name it
    #[arg(long, value_name = "STORE")]
    pub into: PathBuf,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,
}
