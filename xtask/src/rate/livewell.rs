//! Livewell's binary, as a user runs it: started, asked over HTTP, stopped.

use super::database::Database;
use crate::cargo::cargo;
use crate::outcome::Outcome;
use livewell_services::pause;
use serde_json::Value as Json;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(10);
/// How long there may be no progress before the measurement is given up.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Builds the binary.
///
/// # Errors
/// Returns an error if it does not build.
pub fn build(root: &Path) -> Outcome<()> {
    let status =
        cargo(root).args(["build", "--locked", "--release", "--package=livewell-server"]).status()?;
    if status.success() { Ok(()) } else { Err("the binary does not build".into()) }
}

/// Writes the configuration into `folder`, where the store will be, too.
///
/// # Errors
/// Returns an error if it cannot be written.
pub fn configure(folder: &Path, database: &dyn Database, durability: &str) -> Outcome<()> {
    let (sources, names) = (database.sources(folder)?, database.names());
    let text = format!(
        "store: {{ kind: embedded, path: data, durability: {durability} }}
server: {{ listen: 127.0.0.1:0 }}
{sources}queries:
  - id: large
    sources: [{names}]
    cypher: |
      MATCH (o:Order)-[:PLACED_BY]->(c:Customer) WHERE o.total > 100
      RETURN o.id AS id, c.name AS customer, o.total AS total
"
    );
    Ok(fs::write(folder.join("livewell.yaml"), text)?)
}

/// A running Livewell, killed when this is dropped.
pub struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts it, and returns once it serves.
    ///
    /// # Errors
    /// Returns an error if it does not start.
    pub fn start(root: &Path, folder: &Path) -> Outcome<Self> {
        let log = folder.join("log");
        let mut command = cargo(root);
        // Cargo becomes the process that it runs.
        command.args(["run", "--locked", "--release", "--quiet", "--package=livewell-server", "--", "run"]);
        command.arg(folder.join("livewell.yaml")).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.stderr(File::create(&log)?).spawn()?;
        let mut server = Self { process, address: String::new() };
        let began = Instant::now();
        while server.address.is_empty() {
            let said = fs::read_to_string(&log)?;
            if let Some((_, rest)) = said.split_once("serving http://") {
                server.address = rest.lines().next().unwrap_or_default().trim().to_owned();
            } else if began.elapsed() > SILENCE_MAX || server.process.try_wait()?.is_some() {
                return Err(format!("it does not serve: {said}").into());
            }
            pause(LOOK);
        }
        Ok(server)
    }

    /// Waits until the source has read so many transactions and the query has caught up with it.
    ///
    /// # Errors
    /// Returns an error if one of them is in error, or makes no progress.
    pub fn reach(&self, transactions: u64) -> Outcome<()> {
        let (mut seen, mut moved) = ((0, 0), Instant::now());
        loop {
            let (source, query) = (self.ask("sources/shop")?, self.ask("queries/large")?);
            let number = |status: &Json, name: &str| status[name].as_u64().unwrap_or_default();
            let now = (number(&source, "sequence"), number(&query, "position"));
            let is_there = now.0 >= transactions && now.1 >= number(&source, "position");
            if is_there && query["lag"] == 0 && query["state"] == "caught_up" {
                return Ok(());
            }
            if now != seen {
                (seen, moved) = (now, Instant::now());
            }
            if source["state"] == "error" || query["state"] == "error" || moved.elapsed() > SILENCE_MAX {
                return Err(format!("it does not go on: {source}, {query}").into());
            }
            pause(LOOK);
        }
    }

    fn ask(&self, component: &str) -> Outcome<Json> {
        let mut stream = TcpStream::connect(&self.address)?;
        let address = &self.address;
        write!(stream, "GET /api/v1/{component} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        Ok(serde_json::from_str(body)?)
    }

    /// Returns the number of rows of the query, and the sum of their totals.
    ///
    /// # Errors
    /// Returns an error if they cannot be read.
    pub fn count_and_sum(&self, root: &Path) -> Outcome<String> {
        let mut command = cargo(root);
        command.args(["run", "--locked", "--release", "--quiet", "--package=livewell-server", "--"]);
        let server = format!("http://{}", self.address);
        command.args(["results", "large", "--format=ndjson", "--server", &server]);
        let output = command.stderr(Stdio::inherit()).output()?;
        let (mut rows, mut sum) = (0, 0);
        for line in String::from_utf8(output.stdout)?.lines() {
            let row: Json = serde_json::from_str(line)?;
            rows += 1;
            sum += row["data"]["total"].as_i64().ok_or("a row without a total")?;
        }
        Ok(format!("{rows} rows of {sum}"))
    }

    /// Returns how many seconds of processor time it has used.
    ///
    /// # Errors
    /// Returns an error if the system does not say.
    pub fn processor_time(&self) -> Outcome<f64> {
        let times = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // After the name: the state and 10 numbers, then the ticks in user and in system mode.
        let (_, rest) = times.rsplit_once(") ").ok_or("no name")?;
        let ticks: f64 = rest.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(ticks / 100.0)
    }

    /// Stops it cleanly.
    ///
    /// # Errors
    /// Returns an error if it fails.
    pub fn stop(mut self) -> Outcome<()> {
        Command::new("kill").arg(self.process.id().to_string()).status()?;
        if self.process.wait()?.success() { Ok(()) } else { Err("it ended in error".into()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended cannot be killed any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
