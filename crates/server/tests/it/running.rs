//! A pipeline that runs: started on a free port, asked over plain HTTP, stopped by a signal.

use serde_json::Value as Json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

const QUERY: &str = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";

/// `livewell run` over an `http` source `orders` and a query `big`, until it is dropped.
pub struct Running {
    pub folder: TempDir,
    pub address: String,
    process: Child,
    environment: Vec<(&'static str, PathBuf)>,
    /// What was logged before it served.
    pub begun: String,
    /// Kept open, so that the process can go on writing to it.
    log: BufReader<std::process::ChildStderr>,
}

/// A process that serves: with what it has logged before, the rest of its log, and its address.
type Serving = (Child, String, BufReader<std::process::ChildStderr>, String);

/// An answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let of =
            |line: &'_ str| line.split_once(": ").is_some_and(|(found, _)| found.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| Some(line.split_once(": ")?.1))
    }
}

impl Running {
    pub fn start() -> Self {
        Self::start_with("", "", "")
    }

    /// With more lines in the sections of the server, of the source and of the queries.
    pub fn start_with(server: &str, source: &str, queries: &str) -> Self {
        let config = format!(
            "store: {{ kind: embedded, path: data }}\n\
             server:\n  listen: 127.0.0.1:0\n{server}\
             sources:\n  - id: orders\n    kind: http\n{source}\
             queries:\n  - {{ id: big, sources: [orders], cypher: \"{QUERY}\" }}\n{queries}"
        );
        Self::of(&config)
    }

    /// Over this configuration, which has a server that listens on port 0.
    pub fn of(config: &str) -> Self {
        Self::with_environment(config, Vec::new())
    }

    /// Over this configuration, with these variables set.
    pub fn with_environment(config: &str, environment: Vec<(&'static str, PathBuf)>) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("livewell.yaml"), config).unwrap();
        let (process, begun, log, address) = spawn(&folder, &environment);
        Self { folder, address, process, environment, begun, log }
    }

    /// Over this configuration, with so many files that the process can have open.
    pub fn with_open_files(config: &str, files: usize) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("livewell.yaml"), config).unwrap();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            &format!("ulimit -n {files}; exec \"$0\" \"$@\""),
            env!("CARGO_BIN_EXE_livewell"),
        ]);
        let (process, begun, log, address) = spawned(command, &folder);
        Self { folder, address, process, environment: Vec::new(), begun, log }
    }

    /// Stops the process by a signal and waits for it; then its output is in order. Returns what it has logged since it
    /// serves.
    pub fn stop(&mut self) -> String {
        let kill = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
        let mut log = String::new();
        self.log.read_to_string(&mut log).unwrap();
        assert!(self.process.wait().unwrap().success(), "{log}");
        log
    }

    /// Has the process read its configuration again.
    pub fn hang_up(&self) {
        let kill = Command::new("kill").args(["-HUP", &self.process.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }

    /// Reads its log until a line has `part`; returns that line.
    pub fn wait_for_log(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "it ended without saying `{part}`");
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Kills the process and starts it over the same store.
    pub fn kill_and_start_again(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.start_again();
    }

    /// Starts the process, which has ended, over the same store.
    pub fn start_again(&mut self) {
        (self.process, self.begun, self.log, self.address) = spawn(&self.folder, &self.environment);
    }

    /// The process' id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("livewell.yaml")
    }

    /// Waits until every query has caught up since the start.
    pub fn wait_until_ready(&self) {
        for _ in 0..400 {
            if self.get("/ready").status == 200 {
                return;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
        panic!("the server is not ready within 20 seconds");
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }

    pub fn post(&self, body: &str) -> Answer {
        self.ask("POST", "/api/v1/sources/orders/changes", "", body)
    }

    /// The whole answer; `headers` end in a line break each.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        answer(self.open(method, path, &format!("{headers}connection: close\r\n"), body))
    }

    /// The connection after the request was sent.
    pub fn open(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        send(&self.address, method, path, headers, body)
    }

    /// The binary with these arguments, asking this server.
    pub fn command(&self, arguments: &[&str]) -> Output {
        super::livewell(&[arguments, &["--server", &format!("http://{}", self.address)]].concat())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(folder: &TempDir, environment: &[(&'static str, PathBuf)]) -> Serving {
    let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    spawned(command, folder)
}

#[expect(clippy::zombie_processes, reason = "the caller waits; a process that ends by itself fails the test")]
fn spawned(mut command: Command, folder: &TempDir) -> Serving {
    let mut process = command
        .args(["run", "livewell.yaml"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut said = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended before it served: {said}");
        let served = line.trim_end().split_once("serving http");
        if let Some((_, address)) = served.and_then(|(_, address)| address.split_once("://")) {
            return (process, said, log, address.to_owned());
        }
        said.push_str(&line);
    }
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some((length, rest)) = split(body, b"\r\n") {
        let length = usize::from_str_radix(std::str::from_utf8(length).unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend_from_slice(&rest[..length]);
        body = &rest[length + 2..];
    }
    panic!("the body was cut off after: {}", String::from_utf8_lossy(&whole));
}

/// What comes before the first `end`, and what after it.
fn split<'a>(bytes: &'a [u8], end: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(end.len()).position(|window| window == end)?;
    Some((&bytes[..at], &bytes[at + end.len()..]))
}

/// A connection to a server after a request was sent; `headers` end in a line break each.
pub fn send(address: &str, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = body.len();
    let _ = write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    );
    stream
}

/// The whole answer to a request that asked for the connection to be closed.
pub fn answer(mut stream: TcpStream) -> Answer {
    let mut answer = Vec::new();
    // A server that refuses early may close before all is sent.
    let _ = stream.read_to_end(&mut answer);
    let (head, body) = split(&answer, b"\r\n\r\n").expect("a whole head");
    let head = String::from_utf8(head.to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_vec() };
    // All answers but a backup are text.
    let body = String::from_utf8_lossy(&body).into_owned();
    Answer { status, head, body }
}

/// The bytes of the body of a whole answer in chunks.
pub fn body(answer: &[u8]) -> Vec<u8> {
    unchunked(split(answer, b"\r\n\r\n").expect("a whole head").1)
}

/// The whole answer of another server to a body.
pub fn post_to(address: &str, path: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    answer(stream)
}

/// Lines of inserts of orders with these totals, `o1` first.
pub fn orders(totals: &[i64]) -> String {
    let order = |(at, total): (usize, &i64)| {
        let id = at + 1;
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"o{id}","labels":["Order"],"properties":{{"id":"o{id}","total":{total}}}}}}}"#
        ) + "\n"
    };
    totals.iter().enumerate().map(order).collect()
}

/// Reads server-sent events from a connection: name, id, data.
pub struct Events(BufReader<TcpStream>);

impl Events {
    pub fn of(stream: TcpStream) -> Self {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the head was cut off");
        }
        Self(reader)
    }

    /// The next whole event; `None` at the end, which a killed server leaves anywhere.
    pub fn next(&mut self) -> Option<(String, Option<String>, Json)> {
        let (mut name, mut id, mut data) = (String::new(), None, Json::Null);
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).ok()?;
            if !line.ends_with('\n') {
                return None;
            }
            // The lengths of chunks stand between the lines and are none of these.
            match line.trim_end_matches('\n').split_once(": ") {
                Some(("event", value)) => name = value.to_owned(),
                Some(("id", value)) => id = Some(value.to_owned()),
                Some(("data", value)) => data = serde_json::from_str(value).unwrap(),
                _ if line == "\n" && !name.is_empty() => return Some((name, id, data)),
                _ => {}
            }
        }
    }
}
