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
