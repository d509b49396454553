//! What a call costs a server that runs many queries:
//! `cargo run --release -p livewell-scenarios --example calls -- PROGRAM QUERIES`.
//!
//! PROGRAM is the `livewell` to measure. It runs so many queries, each waiting for one reading to reach one value, over an
//! embedded store in a temporary folder. One client sends one call after the other on one connection. Prints the processor
//! time of the server for each call, by the kernel's count of its threads, without what it takes when nobody calls.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures, also what passes while it waits"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [program, queries] = &arguments[..] else {
        return Err("the program or the number of queries is missing".into());
    };
    let queries: usize = queries.parse()?;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("livewell.yaml"), configuration(queries)?)?;
    let mut command = Command::new(fs::canonicalize(program)?);
    let command = command.args(["run", "livewell.yaml"]).current_dir(folder.path());
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let measured = measure(&mut process, queries);
    process.kill()?;
    process.wait()?;
    measured
}

fn configuration(queries: usize) -> Result<String> {
    let mut text = "store: { kind: embedded, path: data, durability: os }\nserver: { listen: 127.0.0.1:0 }\n\
                    sources:\n  - { id: readings, kind: http }\nqueries:\n"
        .to_owned();
    for number in 0..queries {
        let cypher = cypher(number % 1_000, 50);
        writeln!(text, "  - {{ id: q{number:05}, sources: [readings], cypher: \"{cypher}\" }}")?;
    }
    Ok(text)
}

fn cypher(reading: usize, value: usize) -> String {
    format!("MATCH (n:Reading) WHERE n.value = {value} AND n.id = 'r{reading}' RETURN n.id AS id")
}

fn measure(process: &mut Child, queries: usize) -> Result<()> {
    let mut log = BufReader::new(process.stderr.take().ok_or("its log is closed")?).lines();
    let address = loop {
        let line = log.next().ok_or("it ended before it served")??;
        if let Some((_, address)) = line.split_once("serving http://") {
            break address.trim().to_owned();
        }
    };
    let mut client = Client { stream: BufReader::new(TcpStream::connect(&address)?), process: process.id() };
    client.quiet()?;
    let middle = format!("/api/v1/queries/q{:05}", queries / 2);
    let get = |path: &str| ("GET", path.to_owned());
    let calls = [
        (500, get("/health")),
        (500, get(&middle)),
        (500, get(&format!("{middle}/results"))),
        (500, get(&format!("{middle}/definition"))),
        (200, get("/api/v1/queries?limit=10")),
        (200, get("/api/v1/queries?state=error")),
        (200, get("/api/v1/queries?state=running")),
        (200, get("/api/v1/graph")),
        (50, get("/metrics")),
        (500, ("POST", "/api/v1/sources/readings/changes".to_owned())),
        (100, ("POST", "/api/v1/queries".to_owned())),
        (100, ("PUT", "/api/v1/queries/new".to_owned())),
        (100, ("DELETE", "/api/v1/queries/new".to_owned())),
    ];
    for (count, (method, path)) in calls {
        let spent = client.spent(count, method, &path)?;
        println!("{:>10.0} us  {method} {path}", spent.as_secs_f64() * 1e6 / count as f64);
    }
    Ok(())
}

struct Client {
    stream: BufReader<TcpStream>,
    process: u32,
}

impl Client {
    /// Waits until the server takes no processor time but that of its clocks.
    fn quiet(&mut self) -> Result<()> {
        let mut before = self.processor_time()?;
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let now = self.processor_time()?;
            if now - before < Duration::from_millis(20) {
                return Ok(());
            }
            before = now;
        }
    }

    /// Calls so often, and returns the processor time that this took.
    fn spent(&mut self, count: usize, method: &str, path: &str) -> Result<Duration> {
        let (idle_before, pause) = (self.processor_time()?, Duration::from_secs(1));
        std::thread::sleep(pause);
        let (begun, before) = (Instant::now(), self.processor_time()?);
        let idle = (before - idle_before).as_secs_f64() / pause.as_secs_f64();
        for number in 0..count {
            self.call(method, path, number)?;
        }
        // What a call leaves to do is a part of it.
        std::thread::sleep(pause);
        let spent = (self.processor_time()? - before).as_secs_f64();
        Ok(Duration::from_secs_f64((spent - idle * begun.elapsed().as_secs_f64()).max(0.0)))
    }

    fn call(&mut self, method: &str, path: &str, number: usize) -> Result<()> {
        // Of what is created, changed and removed, each call has one of its own.
        let path = path.replace("/new", &format!("/new{number}"));
        let body = match (method, path.ends_with("/changes")) {
            ("POST", true) => format!(
                "{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"r{}\",\"labels\":[\"Reading\"],\
                 \"properties\":{{\"id\":\"r{}\",\"value\":{}}}}}}}",
                number % 1_000,
                number % 1_000,
                number % 100
            ),
            ("POST", false) => item(number, 60),
            ("PUT", _) => item(number, 70),
            _ => String::new(),
        };
        let length = body.len();
        let kind = if path.ends_with("/changes") { "application/x-ndjson" } else { "application/json" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (status, body) = self.answer()?;
        let is_well = (200..300).contains(&status);
        if is_well { Ok(()) } else { Err(format!("{method} {path}: {status} {body}").into()) }
    }

    fn answer(&mut self) -> Result<(u16, String)> {
        let (mut status, mut length, mut line) = (None, Some(0), String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            if status.is_none() {
                status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
            } else if let Some((name, value)) = line.split_once(':') {
                match &*name.to_ascii_lowercase() {
                    "content-length" => length = Some(value.trim().parse()?),
                    "transfer-encoding" => length = None,
                    _ => {}
                }
            } else {
                break;
            }
        }
        let body = match length {
            Some(length) => self.exactly(length)?,
            None => self.chunked()?,
        };
        Ok((status.ok_or("the server hung up")?, String::from_utf8(body)?))
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn chunked(&mut self) -> Result<Vec<u8>> {
        let (mut body, mut line) = (Vec::new(), String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16)?;
            body.extend(self.exactly(length)?);
            self.exactly(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }

    /// The processor time of all threads of the server.
    fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.process))? {
            // A thread may end in between.
            let text = fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            nanoseconds += text.split(' ').next().unwrap_or_default().parse().unwrap_or(0);
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

fn item(number: usize, value: usize) -> String {
    let cypher = cypher(number, value);
    format!("{{\"id\":\"new{number}\",\"sources\":[\"readings\"],\"cypher\":\"{cypher}\"}}")
}
