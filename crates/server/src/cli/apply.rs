//! The arguments of `livewell apply`.

use super::{At, CONFIG, TextFormat};
use clap::Args;
use std::path::PathBuf;

/// `livewell apply`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell apply                            livewell.yaml in the current directory, to what runs it
  livewell apply shop.yaml --dry-run
  livewell apply shop.yaml --prune --yes

Shows what would be created, changed, rebuilt and removed, what that costs and what followers receive; asks; and does \
it. All that is new or changed starts together. What the configuration does not name stays, unless --prune removes it \
with everything that it has stored. What has changed under `store:` and `server:` takes effect with the next start.

If the process runs this very file, it reads it itself, with its secrets and variables, and the next start finds the \
same. Any other file is applied like calls that create and change components: its files and variables must be ones that \
calls may name, and the store keeps what it makes. A file that is wrong changes nothing.")]
pub struct Apply {
    /// The configuration file
    #[arg(value_name = "CONFIG.yaml", default_value = CONFIG)]
    pub file: PathBuf,

    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,

    /// Remove what the configuration does not name
    #[arg(long)]
    pub prune: bool,

    /// Do not ask
    #[arg(long, short)]
    pub yes: bool,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// What it is applied to
    #[command(flatten)]
    pub at: At,
}
