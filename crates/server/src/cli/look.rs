//! The arguments of commands that show what runs or is stored.

use super::At;
use crate::explain::is_code;
use crate::render::Format;
use clap::{Args, ValueEnum};
use livewell::{ComponentKind, State};
use livewell_model::Value;
use livewell_model::component::is_component_id;
use livewell_query::Parameter;

/// `livewell results`.
#[derive(Debug, Args)]
pub struct Results {
    /// The query's id
    #[arg(value_name = "QUERY")]
    pub query: String,

    /// The value to show of a query with `for_each`, once for each of its parameters
    #[arg(long = "for", value_name = "NAME=VALUE", value_parser = named)]
    pub values: Vec<(String, String)>,

    /// Stay and show every change: on a terminal the rows, on a pipe each result as a line of JSON, or with `--format`
    /// table, json or csv all rows after every result
    #[arg(long)]
    pub watch: bool,

    /// Output format [default: table on a terminal, else ndjson]
    #[arg(long, value_enum)]
    pub format: Option<Format>,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell explain 'MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id'
  livewell explain --param limit=60 'MATCH (f:Flight) WHERE f.delay > $limit RETURN f.id AS id'
  livewell explain - < query.cypher
  livewell explain late-departures            a query that runs, or that a store has
  livewell explain LW0604")]
pub struct Explain {
    /// The text of a query (`-` reads it from standard input), the id of one that runs, or an error code such as LW0604
    #[arg(value_name = "QUERY|ID|CODE", allow_hyphen_values = true)]
    pub subject: String,

    /// The value of a parameter of the query, as JSON; text that is not JSON is a string
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub params: Vec<(String, Value)>,

    /// A parameter that the query is run for each value of, with its type: text, integer, float or boolean
    #[arg(long, value_name = "NAME=TYPE", value_parser = for_each)]
    pub for_each: Vec<Parameter>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where the query of an id is
    #[command(flatten)]
    pub at: At,
}

impl Explain {
    /// Returns the id of a query, if it is one that is to be explained. No text of a query has the form of an id.
    pub fn id(&self) -> Option<&str> {
        let subject = self.subject.trim();
        (is_component_id(subject) && !is_code(subject)).then_some(subject)
    }
}

pub(super) fn for_each(text: &str) -> Result<Parameter, String> {
    let (name, of) = text.split_once('=').ok_or("write NAME=TYPE, as in `customer=text`")?;
    Ok(Parameter { name: name.trim_start_matches('$').into(), of: of.parse()? })
}

pub(super) fn parameter(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in `limit=60`")?;
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(value).is_ok();
    let value = match livewell_model::json::value_from_text(value) {
        Err(error) if is_json => return Err(error.to_string()),
        read => read.unwrap_or_else(|_| Value::string(value)),
    };
    Ok((name.trim_start_matches('$').to_owned(), value))
}

/// Reads a value of a query with `for_each`, as text: the query declares its type.
pub(super) fn named(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in `customer=c42`")?;
    Ok((name.trim_start_matches('$').to_owned(), value.to_owned()))
}

/// `livewell verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell verify late-departures
  livewell verify late-departures --store ./livewell-data
  livewell verify shop
  livewell verify shop --table public.orders

A query and its rows are taken at one sequence. A source goes on while it is compared. Prints the first differences; \
exit code 1 if there is any, or if a table could not be compared.")]
pub struct Verify {
    /// The id of the query or source
    #[arg(value_name = "QUERY|SOURCE")]
    pub id: String,

    /// Compare only this table of a source, as `schema.name`
    #[arg(long, value_name = "TABLE")]
    pub table: Option<String>,

    /// Compare only this value of a query with `for_each`, once for each of its parameters
    #[arg(long = "for", value_name = "NAME=VALUE", value_parser = named, conflicts_with = "table")]
    pub values: Vec<(String, String)>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// `livewell why`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  livewell why late-departures                                how many are left after each step
  livewell why late-departures --where flight=UA1545          why that flight is there, or why not
  livewell why late-departures --row 9f1c00a2b3d40000
  livewell why late-departures --bind f=ops/UA1545            by an element that the query matches
  livewell why orders-of --for customer=c42 --where id=o7

The query is evaluated from scratch at one sequence. A server gives up after 20 seconds; a store that nobody runs is \
read as long as it takes.")]
pub struct Why {
    /// The query's id
    #[arg(value_name = "QUERY")]
    pub query: String,

    /// The signature of the row, as `livewell results --format ndjson` shows it
    #[arg(long, value_name = "SIGNATURE", conflicts_with_all = ["columns", "bindings"])]
    pub row: Option<String>,

    /// The value of a column of the row; may be given for several columns
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = column)]
    pub columns: Vec<(String, String)>,

    /// The element that a variable of the query is bound to; may be given for several variables
    #[arg(long = "bind", value_name = "VARIABLE=SOURCE/ID", value_parser = binding)]
    pub bindings: Vec<(String, (String, String))>,

    /// The value to read a query with `for_each` for, once for each of its parameters
    #[arg(long = "for", value_name = "NAME=VALUE", value_parser = named)]
    pub values: Vec<(String, String)>,

    /// Output format
    #[arg(long, value_enum, default_value_t = TextFormat::Text)]
    pub format: TextFormat,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// Reads the value of a column; its name may hold anything but `=`.
fn column(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write COLUMN=VALUE, as in `flight=UA1545`")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads the element of a variable. The id of a source holds no `/`; that of an element may.
fn binding(text: &str) -> Result<(String, (String, String)), String> {
    let found = text.split_once('=').and_then(|(name, element)| Some((name, element.split_once('/')?)));
    let (name, (source, id)) = found.ok_or("write VARIABLE=SOURCE/ID, as in `f=ops/UA1545`")?;
    Ok((name.to_owned(), (source.to_owned(), id.to_owned())))
}

/// `livewell status`.
#[derive(Debug, Args)]
pub struct Status {
    /// Output format
    #[arg(long, value_enum, default_value_t = StatusFormat::Table)]
    pub format: StatusFormat,

    /// Only the components of this kind
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,

    /// Only the components in this state: `starting`, `running`, `caught_up`, `waiting`, `paused`, `stopped` or `error`
    #[arg(long, value_parser = state)]
    pub state: Option<State>,

    /// Where it is
    #[command(flatten)]
    pub at: At,
}

/// A kind of component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Sources.
    Source,
    /// Queries.
    Query,
    /// Reactions.
    Reaction,
}

impl From<Kind> for ComponentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Source => Self::Source,
            Kind::Query => Self::Query,
            Kind::Reaction => Self::Reaction,
        }
    }
}

/// Reads the name of a state.
fn state(name: &str) -> Result<State, String> {
    State::ALL.into_iter().find(|state| state.name() == name).ok_or_else(|| {
        let names: Vec<&str> = State::ALL.iter().map(|state| state.name()).collect();
        format!("the states are {}", names.join(", "))
    })
}

/// The output format of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// A table for people.
    Table,
    /// One JSON document.
    Json,
}

/// The output format of what is text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    /// Text for people.
    Text,
    /// One JSON document.
    Json,
}
