//! The arguments of commands that show what runs as a whole.

use super::{At, TextFormat};
use clap::{Args, ValueEnum};

/// `livewell server`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell server
  livewell server --format json
  livewell server --server https://livewell.example.com:7171

Answers whether it is the version, the store and the token that you think it is.")]
pub struct Server {
    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell config`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell config
  livewell config --by-call >> livewell.yaml     keep what calls have made

Prints YAML: the sources, queries and reactions as they run, with references to values outside as they were written. A \
secret that was written out is not shown.")]
pub struct ShowConfig {
    /// Only what calls have made or changed, and the file does not have so
    #[arg(long)]
    pub by_call: bool,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell graph`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell graph
  livewell graph --format dot | dot -Tsvg > graph.svg

Of more than 1,000 components, those in trouble are shown, and all are counted.")]
pub struct Graph {
    /// Output format
    #[arg(long, value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell history
  livewell history late-departures --minutes 60
  livewell history --series in,p99 --format json

Up to five minutes are shown second by second, up to two hours in steps of ten seconds. It is in memory: a start begins \
with nothing.")]
pub struct History {
    /// One component; all together by default
    pub id: Option<String>,

    /// How many of the last minutes
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=120))]
    pub minutes: u64,

    /// Only these: in, out, p50, p99, lag, outbox, failures, with commas between
    #[arg(long, value_name = "NAMES")]
    pub series: Option<String>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell events`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell events
  livewell events --follow
  livewell events --component late-departures --what state
  livewell events --limit 1000 --format json | jq 'select(.what == \"call\")'
  livewell events --store ./livewell-data     without a server

The newest are last. With a store on a disk, the last 10,000 outlive a restart.")]
pub struct Events {
    /// How many of the last events
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,

    /// Only those about this component
    #[arg(long, value_name = "ID")]
    pub component: Option<String>,

    /// Only those that are this: start, stop, state, call or gap
    #[arg(long, value_name = "WHAT")]
    pub what: Option<String>,

    /// Only calls of the token with this name
    #[arg(long, value_name = "NAME")]
    pub caller: Option<String>,

    /// Only those with this error code
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,

    /// Go on with what happens
    #[arg(long, short)]
    pub follow: bool,

    /// Output format; JSON is one event a line
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// The format of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// A tree for each source; what was shown before is not unfolded again.
    Text,
    /// The language of Graphviz.
    Dot,
    /// One JSON document.
    Json,
}
