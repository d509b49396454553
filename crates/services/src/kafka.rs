//! A broker of Kafka for one test, and a client that is not ours to write to it.

use crate::process::{User, end, free_port, locked, pause, signal, wait_until};
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// What is installed: a small imitation of a broker, the client of Confluent, which is librdkafka, and an encoder of Avro.
const PACKAGES: [&str; 3] = ["noida-db==0.2.3", "confluent-kafka==2.16.1", "fastavro==1.13.1"];
/// The client's side of [`Client`].
const SCRIPT: &str = include_str!("kafka.py");

/// A broker, and a client to write to it; dropping this ends both.
///
/// It is the one that `LIVEWELL_KAFKA` names as `host:port`, if that is set; otherwise a small imitation that is started
/// here, which keeps its records when it is killed, if it had a second to write them.
#[derive(Debug)]
pub struct Kafka {
    python: PathBuf,
    folder: TempDir,
    /// `host:port`, several with commas between.
    place: String,
    is_ours: bool,
    server: Option<Child>,
    client: RefCell<Option<Client>>,
}

/// The running client.
#[derive(Debug)]
struct Client {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Kafka {
    /// Starts a broker that accepts everybody, unless there is one to test against.
    pub fn start() -> Self {
        let there = std::env::var("LIVEWELL_KAFKA").ok();
        let is_ours = there.is_none();
        let place = there.unwrap_or_else(|| format!("127.0.0.1:{}", free_port()));
        let mut kafka = Self::new(place, is_ours);
        if is_ours {
            let user = User::unprivileged("nobody");
            user.own(kafka.folder.path()).expect("the directory can be given to another user");
            kafka.up();
        }
        kafka
    }

    fn new(place: String, is_ours: bool) -> Self {
        let folder = TempDir::with_prefix("livewell-kafka-").expect("a temporary directory can be made");
        std::fs::write(folder.path().join("kafka.py"), SCRIPT).expect("a temporary file can be written");
        Self { python: python(), folder, place, is_ours, server: None, client: RefCell::default() }
    }

    /// Starts so many brokers of librdkafka's own imitation, in which topics come into being with four partitions when they
    /// are written to. They are not killed.
    pub fn mock(brokers: u32) -> Self {
        let mut kafka = Self::new(format!("mock:{brokers}"), false);
        kafka.place = kafka.tell(&json!({ "do": "servers" })).as_str().expect("it has places").to_owned();
        kafka
    }

    /// Returns whether the broker was started here, so that a test may kill it.
    pub fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Starts the broker after [`Kafka::kill`]: same port, same records.
    pub fn up(&mut self) {
        assert!(self.is_ours && self.server.is_none(), "the broker is up already");
        let (_, port) = self.place.split_once(':').expect("a place has a port");
        let mut server = User::unprivileged("nobody").server_ended_by("KILL", &broker(&self.python));
        server.args(["start", "--only", "kafka", "--kafka-port", port, "--data-dir"]);
        server.arg(self.folder.path().join("data")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().expect("the broker can be started");
        wait_until("the broker takes connections", || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("the broker ended with {status}");
            }
            TcpStream::connect(&self.place).is_ok()
        });
        self.server = Some(server);
    }

    /// Kills the broker.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            end(&mut server, "-KILL");
        }
    }

    /// Returns the place of the broker: `host:port`.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the URL of the broker.
    pub fn url(&self) -> String {
        format!("kafka://{}", self.place)
    }

    /// Creates a topic with so many partitions, whose name begins like this and is of this test alone, and returns it.
    pub fn topic(&self, name: &str, partitions: i32) -> String {
        let topic = self.name(name);
        self.create(&topic, partitions);
        topic
    }

    /// Returns a name of a topic that begins like this and is of this test alone.
    pub fn name(&self, name: &str) -> String {
        let unique = self.folder.path().file_name().unwrap_or_default().to_string_lossy().replace('.', "-");
        format!("{name}-{unique}")
    }

    /// Returns whether the broker was started here and not killed since.
    pub fn is_up(&self) -> bool {
        self.server.is_some()
    }

    /// Creates a topic with so many partitions. The clocks of tests may be years behind, and that is not too old for it.
    pub fn create(&self, topic: &str, partitions: i32) {
        self.create_with(topic, partitions, &json!({ "retention.ms": "-1" }));
    }

    /// Creates a topic with so many partitions and these settings.
    pub fn create_with(&self, topic: &str, partitions: i32, config: &Json) {
        self.tell(&json!({ "do": "create", "topic": topic, "partitions": partitions, "config": config }));
    }

    /// Adds partitions to a topic until it has so many.
    pub fn add_partitions(&self, topic: &str, total: i32) {
        self.tell(&json!({ "do": "add_partitions", "topic": topic, "total": total }));
    }

    /// Deletes a topic.
    pub fn delete(&self, topic: &str) {
        self.tell(&json!({ "do": "delete", "topic": topic }));
    }

    /// Deletes the records of a partition that are before an offset.
    pub fn delete_records(&self, topic: &str, partition: i32, before: i64) {
        self.tell(
            &json!({ "do": "delete_records", "topic": topic, "partition": partition, "before": before }),
        );
    }

    /// Writes records: partition, key and value of each, `None` for a tombstone. `producer`: the name of one that has
    /// begun a transaction; empty for one that has none.
    pub fn send(&self, topic: &str, producer: &str, records: &[(i32, &str, Option<&str>)]) {
        self.send_with(topic, producer, records, &json!({}));
    }

    /// Like [`Kafka::send`], with settings of the producer.
    pub fn send_with(
        &self,
        topic: &str,
        producer: &str,
        records: &[(i32, &str, Option<&str>)],
        options: &Json,
    ) {
        self.tell(&json!({
            "do": "send", "topic": topic, "producer_id": producer, "records": records, "options": options,
        }));
    }

    /// Writes records to partition 0. The `key` and the `value` of each is a text, or has `schema`, `id` and `value`:
    /// then it is written in Avro by an encoder that is not ours, behind the number `id` in the `framing` of `confluent`,
    /// `apicurio` or `headers`. A `value` may have `{"$date": "2026-01-31"}` and its kin for what JSON has no form for.
    pub fn send_avro(&self, topic: &str, records: &[Json]) {
        self.tell(&json!({ "do": "send_avro", "topic": topic, "records": records }));
    }

    /// Writes records of orders `{"id", "customer_id", "total"}`, under the order as their key: record `first` and those
    /// behind it. The first records are each order once; the others are random orders with new totals. With `first` 0 it
    /// creates the topic. Returns how long the writing took.
    pub fn fill(&self, topic: &str, partitions: i32, first: u64, records: u64, of: (u64, u64)) -> Duration {
        let (orders, customers) = of;
        let took = self.tell(&json!({
            "do": "fill", "topic": topic, "partitions": partitions, "first": first, "records": records,
            "orders": orders, "customers": customers,
        }));
        Duration::from_secs_f64(took.as_f64().expect("it took a time"))
    }

    /// Returns how many orders of a topic that was filled have a total over this, and the sum of those.
    pub fn totals(&self, topic: &str, over: u64) -> (u64, u64) {
        let totals = self.tell(&json!({ "do": "totals", "topic": topic, "over": over }));
        let number = |at: usize| totals[at].as_u64().expect("a number");
        (number(0), number(1))
    }

    /// Reads so many records and throws them away; returns how long that took.
    pub fn drain(&self, topic: &str, partitions: i32, records: u64) -> Duration {
        let took = self
            .tell(&json!({ "do": "drain", "topic": topic, "partitions": partitions, "records": records }));
        Duration::from_secs_f64(took.as_f64().expect("it took a time"))
    }

    /// Returns what a client with these settings says when it asks for the topics: `ok`, or an error.
    pub fn ask_with(&self, settings: &Json) -> String {
        let said = self.tell(&json!({ "do": "ask_with", "settings": settings }));
        said.as_str().expect("a text").to_owned()
    }

    /// Begins a transaction of the producer with this name.
    pub fn begin(&self, producer: &str) {
        self.tell(&json!({ "do": "begin", "producer_id": producer }));
    }

    /// Commits the transaction of a producer.
    pub fn commit(&self, producer: &str) {
        self.tell(&json!({ "do": "commit", "producer_id": producer }));
    }

    /// Aborts the transaction of a producer.
    pub fn abort(&self, producer: &str) {
        self.tell(&json!({ "do": "abort", "producer_id": producer }));
    }

    /// Returns what a consumer of `read_committed` reads in each partition: offset, key and value of each record.
    pub fn read(&self, topic: &str, partitions: i32) -> Json {
        self.tell(&json!({ "do": "read", "topic": topic, "partitions": partitions }))
    }

    /// Like [`Kafka::read`], with the header `livewell-id` behind the value.
    pub fn read_with_ids(&self, topic: &str, partitions: i32) -> Json {
        self.tell(&json!({ "do": "read", "topic": topic, "partitions": partitions, "with_ids": true }))
    }

    /// Like [`Kafka::read_with_ids`], for a consumer that also reads what was aborted, or is not committed yet.
    pub fn read_uncommitted(&self, topic: &str, partitions: i32) -> Json {
        self.tell(&json!({
            "do": "read", "topic": topic, "partitions": partitions, "with_ids": true, "isolation": "read_uncommitted",
        }))
    }

    /// Ends the client, which leaves its transactions open.
    pub fn forget_client(&self) {
        if let Some(mut client) = self.client.take() {
            end(&mut client.process, "-KILL");
        }
    }

    /// Stops the broker where it is, so that it takes connections and answers nothing, or lets it go on.
    pub fn hold(&self, is_held: bool) {
        let server = self.server.as_ref().expect("the broker was started here");
        assert!(signal(server, if is_held { "-STOP" } else { "-CONT" }), "the broker is there");
        // Its threads stop a moment later.
        pause(Duration::from_millis(if is_held { 100 } else { 0 }));
    }

    fn tell(&self, command: &Json) -> Json {
        let mut client = self.client.borrow_mut();
        let Client { input, output, .. } = client.get_or_insert_with(|| self.client());
        writeln!(input, "{command}").and_then(|()| input.flush()).expect("the client reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("the client answers");
        let mut answer: Json =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("the client ended: {command}"));
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer["ok"].take()
    }

    fn client(&self) -> Client {
        let mut process = Command::new(&self.python);
        process.arg(self.folder.path().join("kafka.py")).arg(&self.place);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = process.spawn().expect("the client can be started");
        let input = process.stdin.take().expect("its input is a pipe");
        let output = BufReader::new(process.stdout.take().expect("its output is a pipe"));
        Client { process, input, output }
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        self.forget_client();
        self.kill();
    }
}

/// Returns a Python that has the packages, which are installed once for all tests of this machine.
fn python() -> PathBuf {
    let place = std::env::temp_dir().join(format!("livewell-{}", PACKAGES.join("-").replace("==", "-")));
    let (python, is_whole) = (place.join("bin/python"), place.join("whole"));
    if !is_whole.exists() {
        locked(|| {
            if is_whole.exists() {
                return;
            }
            let run = |command: &mut Command| {
                let output = command.stdin(Stdio::null()).output();
                let output = output.unwrap_or_else(|error| panic!("this test needs python3: {error}"));
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "this test needs python3 with venv and pip: {said}");
            };
            run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place));
            let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
            run(Command::new(&python).args(install).args(PACKAGES));
            std::fs::write(&is_whole, "").expect("a temporary file can be written");
        });
    }
    python
}

/// Returns the program of the broker, below the packages of a Python, which installs it as one that cannot be run.
fn broker(python: &Path) -> PathBuf {
    let find = "import noida_db, pathlib; path = pathlib.Path(noida_db.__file__).with_name('noida-db'); \
        path.stat().st_mode & 0o111 == 0o111 or path.chmod(0o755); print(path)";
    let output = Command::new(python).args(["-c", find]).output().expect("python can be run");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
}
