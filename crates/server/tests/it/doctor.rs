//! `livewell doctor`: each check, in order and broken.

use super::control::Run;
use super::nats::Broker;
use super::place::Place;
use super::small_disk::SmallDisk;
use super::text;
use livewell_services::{Kafka, Mariadb, Nats, Postgres, Redis, Web};
use serde_json::Value as Json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};

/// What the doctor says of this configuration: the findings of a check about a component or file.
struct Examined {
    output: Output,
    document: Json,
}

impl Examined {
    fn of(place: &Place) -> Self {
        Self::by(Command::new(env!("CARGO_BIN_EXE_livewell")), place)
    }

    fn by(mut command: Command, place: &Place) -> Self {
        let output = command.args(["doctor", "--format", "json"]).current_dir(place.path()).output().unwrap();
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        Self { output, document }
    }

    /// Expects a finding with this verdict, which contains these parts, and the exit code that belongs to it.
    #[track_caller]
    fn has(&self, verdict: &str, check: &str, parts: &[&str]) -> &Self {
        let findings = self.document["findings"].as_array().unwrap();
        let is_meant = |one: &&Json| {
            let all = format!("{}: {} {}", one["about"], one["found"], one["fix"]);
            one["verdict"] == verdict && one["check"] == check && parts.iter().all(|part| all.contains(part))
        };
        let found = findings.iter().find(is_meant);
        assert!(found.is_some(), "{verdict} {check} {parts:?}: {:#}", self.document);
        assert!(verdict == "ok" || found.unwrap()["fix"].is_string(), "{found:?}");
        let fails = findings.iter().any(|one| one["verdict"] == "fail");
        assert_eq!(
            (self.output.status.code(), &self.document["ok"]),
            (Some(i32::from(fails)), &Json::from(!fails))
        );
        self
    }

    #[track_caller]
    fn is_well(&self) -> &Self {
        assert_eq!(self.output.status.code(), Some(0), "{:#}", self.document);
        self
    }
}

const NODE: &str =
    r#"{"operation":"insert","element":{"type":"node","id":"n","labels":["A"],"properties":{"x":1}}}"#;
const OPS: &str = "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\n\
                   queries:\n  - { id: all, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n";

fn reaction(settings: &str) -> String {
    format!("{OPS}reactions:\n  - {{ id: out, queries: [all], {settings} }}\n")
}

#[test]
fn a_run_that_has_all_it_needs_is_well_before_and_after() {
    let place = Place::new(&reaction("kind: file, path: out.jsonl"), &[NODE]);
    let before = Examined::of(&place);
    before.is_well().has("ok", "configuration", &["is valid"]).has("ok", "store", &["is not there yet"]);
    before.has("ok", "file", &["ops", "ops.jsonl` can be read"]).has(
        "ok",
        "file",
        &["out", "can be written"],
    );
    before.has("ok", "open files", &[]).has("ok", "clock", &["this machine"]);
    assert!(!place.path().join("livewell-data").exists() && !place.path().join("out.jsonl").exists());
    place.run().expect(0, &[]);
    let after = Examined::of(&place);
    after.is_well().has("ok", "store", &["3 components"]).has("ok", "clock", &["newest time in its logs"]);
    let shown = place.livewell(&["doctor"]);
    assert!(shown.out.lines().any(|line| line.starts_with("ok    configuration")), "{}", shown.out);
    assert!(shown.out.ends_with(" 0 failed\n"), "{}", shown.out);
}

#[test]
fn a_wrong_configuration_fails_with_its_place() {
    let place = Place::new(&OPS.replace("kind: file", "kind: file, pth: x"), &[NODE]);
    Examined::of(&place).has("fail", "configuration", &["line 2", "pth", "LW0603", "`path`"]);
    let place = Place::new(&OPS.replace("path: ops.jsonl", "path: missing.jsonl"), &[NODE]);
    let examined = Examined::of(&place);
    examined.has("warn", "configuration", &["missing.jsonl"]);
    examined.has("fail", "file", &["ops", "missing.jsonl` cannot be read"]);
}

#[test]
fn a_store_that_cannot_be_read_or_written_fails() {
    let place = Place::new(OPS, &[NODE]);
    place.run().expect(0, &[]);
    let data = place.path().join("livewell-data/data.mdb");
    let whole = std::fs::read(&data).unwrap();
    std::fs::write(&data, &whole[..whole.len() / 2]).unwrap();
    Examined::of(&place).has("fail", "store", &["LW0303"]);
    std::fs::write(place.path().join("livewell-data/FORMAT"), "99\n").unwrap();
    Examined::of(&place).has("fail", "store", &["LW0304"]);
    let place = Place::new(&format!("store: {{ path: /proc/livewell }}\n{OPS}"), &[NODE]);
    Examined::of(&place).has("fail", "store", &["/proc", "cannot be written"]);
    let Some(disk) = SmallDisk::mount(16) else { return };
    let store = format!("store: {{ path: {} }}\n{OPS}", disk.path().join("data").display());
    Examined::of(&Place::new(&store, &[NODE])).has("fail", "store", &["MB of its disk are free"]);
}

#[test]
fn a_time_that_is_ahead_of_the_clock_is_a_warning() {
    let future = NODE.replace("\"operation\"", "\"timestamp\":4102444800000000000,\"operation\"");
    let place = Place::new(OPS, &[&future]);
    place.run().expect(0, &[]);
    Examined::of(&place).is_well().has("warn", "clock", &["`ops`", "ahead of the clock"]);
}

#[test]
fn an_address_that_somebody_else_has_fails() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let place = Place::new(&format!("server: {{ listen: '{address}' }}\n{OPS}"), &[NODE]);
    Examined::of(&place).has("fail", "address", &[&address.to_string(), "is in use", "`server.listen`"]);
    drop(taken);
    Examined::of(&place).is_well().has("ok", "address", &["is free"]);
    let run = Run::start(place);
    Examined::of(&run.place).is_well().has("ok", "address", &["while a process runs the store"]);
}

#[test]
fn files_that_cannot_be_written_fail() {
    let place = Place::new(&reaction("kind: file, path: no/such/out.jsonl"), &[NODE]);
    Examined::of(&place).has("fail", "file", &["out", "cannot be written"]);
}

#[test]
fn too_few_open_files_are_found() {
    let place = Place::new(OPS, &[NODE]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 32; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_livewell")]);
    Examined::by(shell, &place).has("fail", "open files", &["at most 32 files", "ulimit"]);
}

#[test]
fn a_database_is_looked_at_as_the_source_would_and_nothing_is_made_there() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE t (id int primary key, x int); CREATE TABLE nokey (x int)");
    let source = |url: &str, table: &str| {
        Place::new(
            &format!(
                "sources:\n  - {{ id: shop, kind: postgres, url: '{url}', tables: [ {{ table: {table} }} ] }}\n"
            ),
            &[],
        )
    };
    let url = postgres.url();
    let examined = Examined::of(&source(&url, "t"));
    examined.is_well().has("ok", "server", &["shop", "1 table", "wal_level logical"]);
    examined.has("ok", "clock", &["shop", "agrees with ours"]);
    assert_eq!(postgres.sql("SELECT count(*) FROM pg_publication").trim(), "0");
    assert_eq!(postgres.sql("SELECT count(*) FROM pg_replication_slots").trim(), "0");
    Examined::of(&source(&url, "missing")).has("fail", "server", &["shop", "missing"]);
    Examined::of(&source(&url, "nokey")).has("fail", "server", &["shop", "nokey", "LW0211"]);
    Examined::of(&source("postgres://x@127.0.0.1:1/x", "t")).has("fail", "server", &["shop", "LW0210"]);
    postgres.sql("CREATE ROLE weak LOGIN PASSWORD 'x'; GRANT SELECT ON t TO weak; CREATE ROLE half LOGIN REPLICATION PASSWORD 'x'; GRANT SELECT ON t TO half");
    let as_role = |role: &str| with_role(&url, role);
    Examined::of(&source(&as_role("weak"), "t")).has("fail", "server", &["shop"]);
    let half = || Examined::of(&source(&as_role("half"), "t"));
    let statement = "CREATE PUBLICATION \"livewell_shop\" FOR TABLE \"public\".\"t\"";
    half().has("fail", "server", &["shop", "does not own t", "FOR TABLE"]);
    postgres.sql("GRANT CREATE ON DATABASE postgres TO half");
    half().has("fail", "server", &["shop", "does not own t", "FOR TABLE"]);
    postgres.sql("ALTER TABLE t OWNER TO half");
    half().is_well().has("ok", "server", &["shop", "1 table"]);
    postgres.sql("REVOKE CREATE ON DATABASE postgres FROM half");
    half().has("fail", "server", &["shop", "may not create in the database", "FOR TABLE"]);
    postgres.sql(statement);
    half().is_well();
    postgres.sql("DROP PUBLICATION livewell_shop");
    for n in 0..postgres.sql("SHOW max_replication_slots").trim().parse::<u32>().unwrap() {
        postgres.sql(&format!("SELECT pg_create_physical_replication_slot('s{n}')"));
    }
    Examined::of(&source(&url, "t")).has("fail", "server", &["shop", "no replication slot is free"]);
}

/// The URL of a database with another role in it.
fn with_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{role}:x@{}", rest.split_once('@').map_or(rest, |(_, rest)| rest))
}

#[test]
fn a_target_in_a_database_needs_its_rights() {
    let postgres = Postgres::start();
    let url = postgres.url();
    let out = |url: &str| {
        Place::new(&reaction(&format!("kind: postgres, url: '{url}', table: out, key: [x]")), &[NODE])
    };
    let run = "mode: execute, statement: 'INSERT INTO a VALUES ($1)', parameters: [x]";
    let run = Place::new(&reaction(&format!("kind: postgres, url: '{url}', {run}")), &[NODE]);
    Examined::of(&run).has("ok", "server", &["out", "what the statement needs shows when it runs"]);
    Examined::of(&out(&url)).is_well().has("ok", "server", &["out", "may be written"]);
    assert_eq!(postgres.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").trim(), "0");
    postgres.sql("CREATE ROLE weak LOGIN PASSWORD 'x'; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    Examined::of(&out(&with_role(&url, "weak"))).has("fail", "server", &["out", "may not create it"]);
    postgres.sql("CREATE TABLE livewell_checkpoint (x int); CREATE TABLE out (x int)");
    Examined::of(&out(&with_role(&url, "weak"))).has("fail", "server", &["out", "GRANT SELECT, INSERT"]);
    Examined::of(&out("postgres://x@127.0.0.1:1/x")).has("fail", "server", &["out", "LW0409"]);
}

#[test]
fn a_mariadb_is_looked_at_as_its_source_would() {
    let mariadb = Mariadb::start();
    mariadb.sql("create table t (id int primary key); create table m (id int primary key) engine=MyISAM");
    let follow = |url: &str, table: &str| {
        let tables = format!("tables: [ {{ table: {table} }} ]");
        Place::new(&format!("sources:\n  - {{ id: in, kind: mysql, url: '{url}', {tables} }}\n"), &[])
    };
    let url = mariadb.url();
    let well = Examined::of(&follow(&url, "t"));
    well.is_well().has("ok", "server", &["in", "MariaDB 10.", "1 table"]).has("ok", "clock", &["in"]);
    Examined::of(&follow(&url, "m")).has("fail", "server", &["in", "MyISAM", "LW0870"]);
    Examined::of(&follow(&url, "missing")).has("fail", "server", &["in", "no table `test.missing`"]);
    Examined::of(&follow("mysql://root@127.0.0.1:1/test", "t")).has("fail", "server", &["in", "LW0210"]);
}

#[test]
fn a_topic_is_looked_at_as_its_source_or_reaction_would() {
    let kafka = Kafka::start();
    let topic = kafka.topic("orders", 2);
    let follow = |url: &str, topic: &str| {
        Place::new(&format!("sources:\n  - {{ id: in, kind: kafka, url: '{url}', topic: {topic} }}\n"), &[])
    };
    let well = Examined::of(&follow(&kafka.url(), &topic));
    well.is_well().has("ok", "server", &["in", "2 partitions"]).has("ok", "clock", &["in"]);
    Examined::of(&follow(&kafka.url(), "missing")).has("fail", "server", &["in", "no such topic", "LW0217"]);
    Examined::of(&follow("kafka://127.0.0.1:1", "t")).has("fail", "server", &["in", "LW0217"]);
    let write = |topic: &str| {
        let out = format!("kind: kafka, url: '{}', topic: {topic}", kafka.url());
        Place::new(&reaction(&out), &[NODE])
    };
    let well = Examined::of(&write(&topic));
    well.is_well().has("ok", "server", &["out", "2 partitions", "`livewell-checkpoints`"]);
    Examined::of(&write("missing")).has("fail", "server", &["out", "no such topic", "LW0409"]);
}

#[test]
fn redis_nats_and_webhooks_are_looked_at_as_their_reactions_would() {
    let redis = Redis::start();
    let cache = |url: &str| {
        Place::new(&reaction(&format!("kind: redis, url: '{url}', prefix: 'p:', key: [x]")), &[NODE])
    };
    Examined::of(&cache(&redis.url())).is_well().has("ok", "server", &["out", "a master"]).has(
        "ok",
        "clock",
        &["out"],
    );
    let mut connection = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(1).exec(&mut connection).unwrap();
    Examined::of(&cache(&redis.url())).has("fail", "server", &["out", "takes no writes"]);
    Examined::of(&cache("redis://127.0.0.1:1")).has("fail", "server", &["out", "LW0409"]);
    let wrong = another_time();
    Examined::of(&cache(&wrong)).is_well().has("warn", "clock", &["out", "behind ours"]);

    let nats = Nats::start();
    let follow = |stream: &str| {
        Place::new(
            &format!("sources:\n  - {{ id: in, kind: nats, url: '{}', stream: {stream} }}\n", nats.url()),
            &[],
        )
    };
    Broker::of(&nats).create("IN", "in.>");
    Examined::of(&follow("IN")).is_well().has("ok", "server", &["in", "stream `IN` with 0 messages"]);
    Examined::of(&follow("MISSING")).has("fail", "server", &["in", "no stream `MISSING`"]);
    let publish = |url: &str, subject: &str| {
        Place::new(&reaction(&format!("kind: nats, url: '{url}', subject: '{subject}'")), &[NODE])
    };
    Examined::of(&publish(&nats.url(), "in.x")).is_well().has("ok", "server", &["out", "stream `IN` takes"]);
    Examined::of(&publish(&nats.url(), "x.{{ row.x }}")).is_well().has("ok", "server", &["out", "JetStream"]);
    Examined::of(&publish(&nats.url(), "elsewhere")).has("fail", "server", &["out", "no stream takes"]);
    Examined::of(&publish("nats://127.0.0.1:1", "in.x")).has("fail", "server", &["out", "LW0409"]);

    let web = Web::start();
    let hook =
        |url: &str, more: &str| Place::new(&reaction(&format!("kind: webhook, url: '{url}'{more}")), &[NODE]);
    Examined::of(&hook(&web.url(), ", allow_private: true")).is_well().has(
        "ok",
        "server",
        &["out", "answers"],
    );
    let by_name = web.url().replace("127.0.0.1", "localhost");
    Examined::of(&hook(&by_name, "")).has("fail", "server", &["out", "allow_private"]);
    Examined::of(&hook("http://127.0.0.1:1/", ", allow_private: true")).has(
        "fail",
        "server",
        &["out", "LW0409"],
    );
}

/// A server that answers as a Redis does whose clock was never set.
fn another_time() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut bytes) {
            let asked = String::from_utf8_lossy(&bytes[..count]).to_uppercase();
            // Each command is an array of its words.
            for command in asked.split('*').skip(1) {
                let answer: &[u8] = match command {
                    role if role.contains("ROLE") => b"*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n",
                    time if time.contains("TIME") => b"*2\r\n$1\r\n7\r\n$1\r\n0\r\n",
                    _ => b"+OK\r\n",
                };
                stream.write_all(answer).unwrap();
            }
        }
    });
    url
}

#[test]
fn a_store_that_runs_is_left_to_its_process() {
    let running = super::running::Running::start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
    let output = command.args(["doctor"]).arg(running.config()).output().unwrap();
    assert!(output.status.success() && text(&output.stdout).contains("a process runs it"), "{output:?}");
}
