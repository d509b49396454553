//! Livewell beside a comparable system: the same work, in the same run, on the same machine.
//!
//! ```text
//! livewell-bench engine [--query filter|join|aggregate] [--orders N] [--updates N] [--rounds N]
//! livewell-bench profile --query NAME [--orders N] [--updates N]      (Livewell's side alone)
//! livewell-bench live [--rows N] [--rounds N] [--seconds S] [--directory PATH]
//! livewell-bench pipeline [--updates N] [--history N] [--rounds N] [--directory PATH]
//! livewell-bench latency [--rounds N] [--directory PATH]              (Livewell's side alone)
//! livewell-bench restart [--rows N] [--rounds N] [--directory PATH]   (Livewell's side alone)
//! livewell-bench many [--query alerts|ranges] [--changes N] [--rounds N] [--directory PATH] [--plot FILE.svg]
//! livewell-bench verify [--query NAME] [--orders N] [--customers N] [--rounds N] [--directory PATH]   (alone, too)
//! ```

mod engine;
mod live;
mod many;
mod measure;
mod pipeline;
mod plot;
mod report;
mod verify;
mod workload;

use anyhow::{Context, bail};
use std::collections::HashMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use workload::Size;

/// The options after the subcommand, each `--name value`.
struct Options(HashMap<String, String>);

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut options = HashMap::new();
        while let Some(argument) = arguments.next() {
            let Some(name) = argument.strip_prefix("--") else { bail!("{argument:?} is not an option") };
            let value = arguments.next().with_context(|| format!("`--{name}` needs a value"))?;
            options.insert(name.to_owned(), value);
        }
        Ok(Self(options))
    }

    fn get<T: FromStr>(&self, name: &str, otherwise: T) -> anyhow::Result<T> {
        let Some(text) = self.0.get(name) else { return Ok(otherwise) };
        text.parse().ok().with_context(|| format!("`--{name} {text}` makes no sense"))
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let command = arguments
        .next()
        .context("say what to measure: engine, profile, live, pipeline, latency, many, restart or verify")?;
    let options = Options::read(arguments)?;
    // The kind of runtime that the other side's own server has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let size = Size {
        orders: options.get("orders", 100_000)?,
        customers: options.get("customers", 1_000)?,
        updates: options.get("updates", if command == "pipeline" { 2_000 } else { 100_000 })?,
    };
    let rounds = options.get("rounds", 3)?;
    let rows = options.get("rows", 1_000_000)?;
    let directory = options.get("directory", std::env::temp_dir())?;
    let query: String = options.get("query", String::new())?;
    match command.as_str() {
        "engine" => engine::run(&runtime, size, rounds, Some(query.as_str()).filter(|name| !name.is_empty())),
        "profile" => engine::profile(size, &query),
        "live" => {
            let slice = Duration::from_secs_f64(options.get("seconds", 2.0)?);
            live::run(&runtime, &live::Settings { rows, rounds, slice, directory })
        }
        "pipeline" | "latency" => {
            let history = options.get("history", 100_000)?;
            let settings = pipeline::Settings { size, history, rounds, directory };
            if command == "latency" {
                return pipeline::latency(&runtime, &settings);
            }
            pipeline::run(&runtime, &settings)
        }
        "many" => {
            let (changes, plot) = (options.get("changes", 200_000)?, options.get("plot", PathBuf::new())?);
            many::run(&runtime, &query, &many::Settings { changes, rounds, directory, plot })
        }
        "restart" => pipeline::restart::run(&runtime, rows, rounds, &directory),
        "verify" => verify::run(&runtime, (size.orders, size.customers), rounds, &query, &directory),
        // What `verify` and `restart` start.
        "verified" => verify::child(&query, &directory),
        "restarted" => pipeline::restart::child(&runtime, options.get("round", 1)?, &directory),
        other => bail!(
            "{other:?} is not measured here: engine, profile, live, pipeline, latency, many, restart or verify"
        ),
    }
}
