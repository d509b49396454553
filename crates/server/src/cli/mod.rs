//! The command line: the commands and their arguments.

mod apply;
mod at;
mod backup;
mod begin;
mod deliver;
mod doctor;
mod export;
mod look;
mod operate;
mod overview;
mod parse;
mod run;
mod source;
mod store;
mod test;
mod token;
mod try_out;

pub use apply::Apply;
pub use at::At;
pub use backup::{Backup, Restore};
pub use begin::{Completions, Init, Man, Template};
pub use deliver::{Compare, Deliveries, SendNow};
pub use doctor::Doctor;
pub use export::{Export, ExportFormat};
pub use look::{Explain, Results, Status, StatusFormat, TextFormat, Verify, Why};
pub use operate::{DeadLetters, Parked, Remove, Reset, Switch, Which};
pub use overview::{Events, Graph, GraphFormat, History, Server, ShowConfig};
pub use parse::{DIRECT, command, parse};
pub use run::{CONFIG, Check, Run};
pub use source::{Progress, Send, Transactions};
pub use store::{Size, Store};
pub use test::Test;
pub use token::Token;
pub use try_out::{Elements, Try};

use clap::{Parser, Subcommand, ValueEnum};
use std::path::{Path, PathBuf};

/// Runs standing Cypher queries over changing data, keeps their results durable, and drives reactions from
/// their changes.
#[derive(Debug, Parser)]
#[command(name = "livewell", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "\
Begin with:
  livewell init                     write a commented configuration
  livewell check livewell.yaml      find what is wrong with a configuration
  livewell run livewell.yaml        run it
  livewell status                   see what it does

A command finds the process that it asks by the store: that of --store, of --config, or of livewell.yaml in the current \
directory. The configuration needs no `server:` for that. --server asks at an address instead.

Environment:
  LIVEWELL_SERVER     the server to ask if no option names one, as in http://127.0.0.1:7171
  LIVEWELL_TOKEN      the token that is sent to an address (`server.token`)
  LIVEWELL_CA         the PEM file of certificates that are trusted for https://, if not the system's

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT", help_heading = "Logging")]
    pub log_format: LogFormat,

    /// The least important level that is logged
    #[arg(long, global = true, value_enum, default_value_t = LogLevel::Info, env = "LIVEWELL_LOG_LEVEL", value_name = "LEVEL", help_heading = "Logging")]
    pub log_level: LogLevel,

    /// The store directory to read in this very process, which damage may end; see [`parse::DIRECT`].
    #[arg(skip)]
    pub here: Option<PathBuf>,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Levels of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// Also what should be looked at.
    Warn,
    /// Also what happens.
    Info,
    /// Also how.
    Debug,
    /// Everything.
    Trace,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented configuration to begin with
    Init(Init),

    /// Run a configuration until it is stopped
    #[command(after_help = "\
Examples:
  livewell run                                livewell.yaml in the current directory
  livewell run shop.yaml
  livewell run shop.yaml --until-idle         read the files to their end, deliver, and stop

SIGINT (Ctrl-C) and SIGTERM stop it in order; it may also be killed: it goes on where it stood.")]
    Run(Run),

    /// Check a configuration and every query in it; starts nothing
    #[command(after_help = "\
Examples:
  livewell check livewell.yaml

Every problem is shown with its line, column and what to do about it, also a query that has no value \
over the empty graph. Exit code 2 if there is any.")]
    Check(Check),

    /// Bring what runs to a configuration, after showing what that changes
    Apply(Apply),

    /// Look at everything that a run needs: configuration, store, servers, files, clocks, limits
    Doctor(Doctor),

    /// Show the live results of a query
    #[command(after_help = "\
Examples:
  livewell results late-departures
  livewell results late-departures --watch
  livewell results late-departures --format csv > late.csv
  livewell results late-departures --store ./livewell-data
  livewell results late-departures --config shop.yaml")]
    Results(Results),

    /// Export the live results of a query for other programs
    Export(Export),

    /// Explain a query: its columns and how it is maintained; or an error code
    Explain(Explain),

    /// Compute a query from scratch and compare it with its live results, or a `postgres` or `mysql` source with its database
    Verify(Verify),

    /// Compare the rows that a reaction keeps in its target with the live results of its query
    Compare(Compare),

    /// Explain a row of a query: why it is in the results, or why not; without a row: where the rows end
    Why(Why),

    /// Show every source, query and reaction: state, sequence, lag, rows, last error
    #[command(after_help = "\
Examples:
  livewell status
  livewell status --format json
  livewell status --store ./livewell-data
  livewell status --config shop.yaml")]
    Status(Status),

    /// Show what runs: the version, the store and its room, and what the caller may do
    Server(Server),

    /// Show what reads what: from sources through queries to reactions, each with its state
    Graph(Graph),

    /// Print what runs as a configuration, with what calls have made
    Config(ShowConfig),

    /// Show what was measured lately: rates, times from change to result, lags, failures
    History(History),

    /// Show what happened: errors, gaps, restarts, and calls that changed something
    Events(Events),

    /// Start a source, query or reaction that is stopped, paused or in error
    #[command(
        override_usage = "livewell start [OPTIONS] [KIND] ID",
        after_help = "\
Examples:
  livewell start readings
  livewell start reaction hook

It starts with its settings in the configuration that runs, and resumes where it stopped."
    )]
    Start(Switch),

    /// Stop a source, query or reaction after its running step
    #[command(
        override_usage = "livewell stop [OPTIONS] [KIND] ID",
        after_help = "\
Examples:
  livewell stop hook
  livewell stop source readings

It keeps its place until it is started, and what it still has to read is kept for it. The next run starts it."
    )]
    Stop(Switch),

    /// Remove a source, query or reaction with all it has stored
    #[command(
        override_usage = "livewell remove [OPTIONS] [KIND] ID",
        after_help = "\
Examples:
  livewell remove old-alerts
  livewell remove query old-alerts --store ./livewell-data
  livewell remove old-alerts --dry-run        what would go with it, and who reads it

Take it out of the configuration first: else the next run makes it again, without what it had stored. What is in the \
store alone, as after that, is marked by `livewell status` and can be removed with a run and without one. What others \
read is not removed. A `postgres` source takes its replication slot along if its settings are still known."
    )]
    Remove(Remove),

    /// Rebuild a query or a reaction, read a source again, or copy some of its tables again
    #[command(
        override_usage = "livewell reset [OPTIONS] [KIND] ID",
        after_help = "\
Examples:
  livewell reset late-departures
  livewell reset shop --table public.orders --table public.customer
  livewell reset readings --store ./livewell-data
  livewell reset shop --dry-run               what each that follows it would do

If nothing runs the store, the reset begins with the next run.

What it does:
  query            rebuilds its rows from its sources' elements as they are now; the old rows are served until
                   then, and the switch is one commit
  reaction         starts over as if it had just been created: one that keeps a table, keys or a file of rows
                   brings it to the live results, another continues with the next result and leaves out
                   what it has not delivered
  file source      wipes what it read and reads its files from the beginning, in a new epoch; queries over it
                   do what their `recovery` says
  kafka source     the same with its topic, nats source the same with its stream; one that stopped at a message goes on where it stopped
  postgres source  copies all its tables again, or those of --table while the others go on; queries keep their
                   rows and get what differs
  mysql source     copies all its tables again, also with --table; queries keep their rows and get what differs
  http source      only one in error, which resumes where it stopped"
    )]
    Reset(Reset),

    /// List what a source has parked; try it again, as it is or mended, or drop it
    #[command(after_help = "\
Examples:
  livewell parked ops
  livewell parked ops --retry
  livewell parked ops --retry --number 3 --number 4
  livewell parked ops --retry --number 3 --text '{\"operation\":\"delete\",\"id\":\"o1\"}'
  livewell parked ops --discard --number 3
  livewell parked ops --store ./livewell-data

One piece a line, as JSON. What is taken in now is a new transaction of the source and leaves the list; what is \
refused again stays, with its new reason.")]
    Parked(Parked),

    /// Show what a reaction has tried to deliver lately, and what its target answered
    Deliveries(Deliveries),

    /// End the pause before a reaction tries again
    SendNow(SendNow),

    /// List what a reaction's target would not take; send it once more, or drop it
    DeadLetters(DeadLetters),

    /// Show what came in: a source's elements by label and type, what dangles, single elements
    #[command(after_help = "\
Examples:
  livewell elements shop                        how many of each label and type, and what dangles
  livewell elements shop --label Order          the nodes with this label, one a line
  livewell elements shop public.orders:17       one element
  livewell elements shop --store ./livewell-data     without a server")]
    Elements(Elements),

    /// Show the latest transactions of a source, and the results that they caused
    Transactions(Transactions),

    /// Show how far a source is outside: by file or table, with rate and time left
    Progress(Progress),

    /// Send changes or records to an `http` source
    Send(Send),

    /// Try a query on files of changes, or on what a source holds; nothing is kept
    #[command(after_help = "\
Examples:
  livewell try 'MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total' --data changes.jsonl
  livewell try 'MATCH (o:Order) RETURN count(*) AS orders' --data changes.jsonl --diffs
  livewell try 'MATCH (o:Order) RETURN count(*) AS orders' --source shop --plan

Shows the rows after the last change, or with --diffs every result on the way there; with --source the rows over what \
the source holds now, which the process that runs it computes. Exit code 2 if the query is \
refused, 1 if a line of the data is.")]
    Try(Try),

    /// Run test cases of queries: changes going in, diffs coming out
    Test(Test),

    /// Take a backup of a running server's store, or of a store that no process uses
    Backup(Backup),

    /// Make a store of a backup
    Restore(Restore),

    /// Make a token for the API, and the line of the configuration that lets it in
    #[command(after_help = "\
Examples:
  livewell token
  livewell token --name ci --scope read --scope ingest

Prints the token, which is for the caller alone, and below it the line for `server: { tokens: [...] }`, which has only \
its hash. A running server takes the line up with SIGHUP.")]
    Token(Token),

    /// Show what a store holds and how much it takes, and check it
    #[command(subcommand)]
    Store(Store),

    /// Print the JSON schema of configurations, for editors
    #[command(after_help = "\
Example:
  livewell schema > livewell.schema.json

With `# yaml-language-server: $schema=livewell.schema.json` as the first line of livewell.yaml, editors complete its \
fields and mark mistakes.")]
    Schema,

    /// Print what completes commands, options and their values in a shell
    Completions(Completions),

    /// Write manual pages
    Man(Man),
}

impl Command {
    /// Returns the arguments by which the command finds its server or store.
    pub fn at(&self) -> Option<&At> {
        match self {
            Self::Results(Results { at, .. })
            | Self::Export(Export { at, .. })
            | Self::Try(Try { at, source: Some(_), .. })
            | Self::Verify(Verify { at, .. })
            | Self::Compare(Compare { at, .. })
            | Self::Why(Why { at, .. })
            | Self::Status(Status { at, .. })
            | Self::Server(Server { at, .. })
            | Self::Graph(Graph { at, .. })
            | Self::History(History { at, .. })
            | Self::Events(Events { at, .. })
            | Self::Store(Store::Size(Size { at, .. }))
            | Self::Parked(Parked { at, .. })
            | Self::Deliveries(Deliveries { at, .. })
            | Self::SendNow(SendNow { at, .. })
            | Self::DeadLetters(DeadLetters { at, .. })
            | Self::Apply(Apply { at, .. })
            | Self::Backup(Backup { at, file: None, .. })
            | Self::Config(ShowConfig { at, .. })
            | Self::Elements(Elements { at, .. })
            | Self::Transactions(Transactions { at, .. })
            | Self::Progress(Progress { at, .. })
            | Self::Send(Send { at, .. })
            | Self::Start(Switch { at, .. })
            | Self::Stop(Switch { at, .. })
            | Self::Remove(Remove { at, .. })
            | Self::Reset(Reset { at, .. }) => Some(at),
            Self::Explain(explain) => explain.id().map(|_| &explain.at),
            Self::Init(_)
            | Self::Completions(_)
            | Self::Doctor(_)
            | Self::Schema
            | Self::Test(_)
            | Self::Man(_)
            | Self::Run(_)
            | Self::Check(_)
            | Self::Try(_)
            | Self::Store(_)
            | Self::Token(_)
            | Self::Backup(_)
            | Self::Restore(_) => None,
        }
    }

    /// Returns the store directory that the command reads itself, whoever runs it.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Store(Store::Inspect { directory, .. } | Store::Scrub { directory, .. }) => Some(directory),
            _ => None,
        }
    }
}
