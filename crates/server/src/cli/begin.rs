//! The arguments of commands that set things up: a configuration, a shell, manual pages.

use clap::{Args, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// `livewell init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell init                               in the current directory, over a file of changes
  livewell init --template postgres shop      in the directory `shop`, over tables of PostgreSQL

`livewell check` accepts what it writes. It overwrites nothing.")]
pub struct Init {
    /// Where the changes come from
    #[arg(long, value_enum, default_value_t = Template::Files)]
    pub template: Template,

    /// Where the configuration goes; created if it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
}

/// A configuration to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A file of changes, with a few to begin with.
    Files,
    /// Tables of PostgreSQL.
    Postgres,
    /// Tables of MariaDB.
    Mysql,
    /// A topic of Kafka.
    Kafka,
    /// A stream of NATS JetStream.
    Nats,
    /// Changes that programs post.
    Http,
}

/// `livewell completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell completions bash > ~/.local/share/bash-completion/completions/livewell
  livewell completions zsh > \"${fpath[1]}/_livewell\"
  livewell completions fish > ~/.config/fish/completions/livewell.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `livewell man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  livewell man ~/.local/share/man/man1        then `man livewell`, `man livewell-results`")]
pub struct Man {
    /// Where the pages go, one for each command; created if it is missing
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}
