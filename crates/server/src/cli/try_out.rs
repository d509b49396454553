//! The arguments of commands that show what came in and try queries.

use super::look::{for_each, parameter};
use super::{At, StatusFormat};
use crate::render::Format;
use clap::Args;
use livewell_model::Value;
use livewell_query::Parameter;
use std::path::PathBuf;

/// `livewell elements`.
#[derive(Debug, Args)]
pub struct Elements {
    /// The source's id
    #[arg(value_name = "SOURCE")]
    pub source: String,

    /// Show the element of this id
    #[arg(value_name = "ID", conflicts_with_all = ["label", "kind", "schema", "format"])]
    pub element: Option<String>,

    /// Show the nodes with this label, one a line
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,

    /// Show the relationships of this type, one a line
    #[arg(long = "type", value_name = "TYPE", conflicts_with = "label")]
    pub kind: Option<String>,

    /// Show the properties of each label and type, with the types of their values; of a large source from a sample
    #[arg(long, conflicts_with_all = ["label", "kind"])]
    pub schema: bool,

    /// Output format of the counts and of the schema
    #[arg(long, value_enum, default_value_t = StatusFormat::Table)]
    pub format: StatusFormat,

    /// Whom to ask
    #[command(flatten)]
    pub at: At,
}

/// `livewell try`.
#[derive(Debug, Args)]
pub struct Try {
    /// The query's text
    #[arg(value_name = "QUERY")]
    pub cypher: String,

    /// A file of changes (.jsonl, also .gz and .zst); several are read in their order
    #[arg(long, value_name = "FILE", conflicts_with = "source")]
    pub data: Vec<PathBuf>,

    /// The source whose stored elements the query is tried on
    #[arg(long, value_name = "ID", conflicts_with = "diffs")]
    pub source: Option<String>,

    /// Show every result, one a line of JSON, instead of the rows at the end
    #[arg(long, conflicts_with = "format")]
    pub diffs: bool,

    /// Also show how the query would be maintained, on stderr
    #[arg(long)]
    pub plan: bool,

    /// The value of a parameter of the query, as JSON; text that is not JSON is a string
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub params: Vec<(String, Value)>,

    /// A parameter that the query is run for each value of, with its type: text, integer, float or boolean. The rows of all
    /// values are shown
    #[arg(long, value_name = "NAME=TYPE", value_parser = for_each, conflicts_with = "source")]
    pub for_each: Vec<Parameter>,

    /// Output format [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Where the source is
    #[command(flatten)]
    pub at: At,
}
