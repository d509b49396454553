//! The control socket: what runs a store is asked by the store, without an address and without a token.

use super::place::{Place, Ran, ended};
use super::running::{Answer, Running, answer, orders};
use livewell_store::{Durability, EmbeddedStore};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, connect, socket};
use serde_json::Value as Json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

pub const CONFIG: &str = "sources:
  - { id: ops, kind: file, path: ops.jsonl }
queries:
  - { id: all, sources: [ops], cypher: \"MATCH (n:N) RETURN n.x AS x\" }
reactions:
  - { id: diffs, kind: file, queries: [all], path: all.jsonl }
";

const WAIT_MAX: Duration = Duration::from_secs(20);

pub fn node(id: &str, x: i64) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["N"],"properties":{{"x":{x}}}}}}}"#
    )
}

/// `livewell run` in a place, until it is dropped.
pub struct Run {
    pub place: Place,
    process: Child,
}

impl Run {
    /// Runs `livewell.yaml`, and waits until the store in `livewell-data` can be asked.
    pub fn start(place: Place) -> Self {
        let run = Self::spawned(place);
        run.wait_until_it_answers();
        run
    }

    /// Runs `livewell.yaml`, and waits for nothing.
    pub fn spawned(place: Place) -> Self {
        let process = spawn(&place);
        Self { place, process }
    }

    pub fn kill_and_start_again(&mut self) {
        self.kill();
        self.process = spawn(&self.place);
        self.wait_until_it_answers();
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops it by a signal and waits for it.
    pub fn stop(mut self) -> Place {
        let kill = std::process::Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(kill.success());
        assert!(self.process.wait().unwrap().success());
        let elsewhere = Place::new("", &[]);
        std::mem::replace(&mut self.place, elsewhere)
    }

    /// What a command says once this is in what it prints.
    #[track_caller]
    pub fn until(&self, arguments: &[&str], part: &str) -> Ran {
        let deadline = Instant::now() + WAIT_MAX;
        loop {
            let ran = self.place.livewell(arguments);
            if ran.out.contains(part) {
                return ran;
            }
            assert!(Instant::now() < deadline, "{arguments:?}: {}{}", ran.out, ran.err);
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }

    #[track_caller]
    fn wait_until_it_answers(&self) {
        let (socket, deadline) = (self.place.file("livewell-data/control.sock"), Instant::now() + WAIT_MAX);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < deadline, "nobody listens at {}", socket.display());
            std::thread::park_timeout(Duration::from_millis(10));
        }
        self.until(&["status", "--store", "livewell-data"], "caught_up");
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(place: &Place) -> Child {
    place.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The answer to what is sent to the control socket as it is.
fn ask_raw(store: &Path, request: &str) -> Answer {
    let stream = UnixStream::connect(store.join("control.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (&stream).write_all(request.as_bytes()).unwrap();
    // What reads an answer does not care what kind of socket it comes from.
    answer(TcpStream::from(std::os::fd::OwnedFd::from(stream)))
}

#[test]
fn a_run_without_a_server_answers_every_command_by_its_configuration_and_its_store() {
    let run = Run::start(Place::new(CONFIG, &[&node("a", 1), &node("b", 2)]));
    let place = &run.place;
    run.until(&["results", "all"], "\"x\":2");
    for how in [&[][..], &["--config", "livewell.yaml"], &["--store", "livewell-data"]] {
        let with = |arguments: &[&str]| place.livewell(&[arguments, how].concat());
        let rows = with(&["results", "all"]);
        assert_eq!((rows.expect(0, &[]).out.lines().count(), rows.err.as_str()), (2, ""), "{how:?}");
        let status: Json =
            serde_json::from_str(&with(&["status", "--format", "json"]).expect(0, &[]).out).unwrap();
        assert_eq!(status["queries"][0]["id"], "all");
        assert_ne!(status["queries"][0]["state"], "stopped", "a store alone says so");
        assert!(with(&["verify", "all"]).expect(0, &[]).out.contains("`all` is right"));
        assert!(with(&["reset", "diffs"]).expect(0, &[]).out.contains("is being reset"));
        with(&["parked", "ops"]).expect(0, &[]);
        with(&["parked", "ops", "--retry"]).expect(0, &[]);
        with(&["dead-letters", "diffs"]).expect(0, &[]);
        with(&["results", "al"]).expect(1, &["LW0501", "did you mean `all`?"]);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = place.command(&["results", "all", "--config"]);
    command.arg(place.file("livewell.yaml")).current_dir(elsewhere.path());
    assert_eq!(ended(command).expect(0, &[]).out.lines().count(), 2);
}

#[test]
fn changes_are_watched_by_the_store_until_the_run_ends() {
    let run = Run::start(Place::new(CONFIG, &[&node("a", 1)]));
    run.until(&["results", "all"], "\"x\":1");
    let mut command = run.place.command(&["results", "all", "--watch", "--format", "csv"]);
    let mut watching = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert_eq!(lines.by_ref().take(3).collect::<Vec<_>>(), ["x", "1", ""]);
    run.place.append("ops.jsonl", &format!("{}\n", node("b", 2)));
    assert_eq!(lines.by_ref().take(4).count(), 4);
    let place = run.stop();
    assert_eq!(lines.count(), 0);
    let mut said = String::new();
    watching.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(watching.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("has stopped"), "{said}");
    assert!(!place.file("livewell-data/control.sock").exists());
    place.livewell(&["results", "all", "--watch"]).expect(2, &["`--watch` needs a running server", "LW0722"]);
}

#[test]
fn a_store_that_nobody_runs_is_read_directly_also_after_a_kill() {
    let mut run = Run::start(Place::new(CONFIG, &[&node("a", 1)]));
    run.until(&["results", "all"], "\"x\":1");
    for _ in 0..2 {
        run.kill();
        assert!(run.place.file("livewell-data/control.sock").exists(), "nobody was left to remove it");
        let rows = run.place.livewell(&["results", "all", "--store", "livewell-data"]);
        assert!(rows.expect(0, &[]).out.contains("\"x\":1"), "{}", rows.out);
        let found = run.place.livewell(&["results", "all"]);
        assert_eq!(found.expect(0, &["nothing runs livewell.yaml", "its store livewell-data"]).out, rows.out);
        run.place.livewell(&["stop", "ops"]).expect(2, &["LW0722"]);
        run.kill_and_start_again();
        assert_eq!(run.place.livewell(&["results", "all"]).expect(0, &[]).err, "");
    }
}

#[test]
fn a_command_waits_for_another_one_that_reads_the_same_store() {
    let place = Place::new(CONFIG, &[&node("a", 1)]);
    place.run().expect(0, &[]);
    let reader = EmbeddedStore::open(place.file("livewell-data"), Durability::Os).unwrap();
    let mut command = place.command(&["results", "all", "--store", "livewell-data"]);
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    std::thread::park_timeout(Duration::from_millis(500));
    assert!(process.try_wait().unwrap().is_none(), "it waits");
    drop(reader);
    let mut rows = String::new();
    process.stdout.take().unwrap().read_to_string(&mut rows).unwrap();
    assert!(process.wait().unwrap().success() && rows.contains("\"x\":1"), "{rows}");
}

#[test]
fn a_run_waits_for_a_command_that_reads_its_store_and_for_no_other_run() {
    let place = Place::new(CONFIG, &[&node("a", 1)]);
    place.run().expect(0, &[]);
    let reader = EmbeddedStore::open(place.file("livewell-data"), Durability::Os).unwrap();
    let mut process = spawn(&place);
    std::thread::park_timeout(Duration::from_millis(500));
    assert!(process.try_wait().unwrap().is_none(), "it waits");
    drop(reader);
    let run = Run { place, process };
    run.wait_until_it_answers();
    let began = Instant::now();
    run.place.livewell(&["run", "--until-idle"]).expect(1, &["LW0301", "already open"]);
    assert!(began.elapsed() < Duration::from_secs(3), "a second run is refused at once");
}

#[test]
fn the_path_of_a_store_may_have_any_length() {
    let place = Place::new(CONFIG, &[&node("a", 1)]);
    let deep: PathBuf = (0..8).map(|_| "a-directory-with-a-long-name").collect();
    fs::create_dir_all(place.file(&deep)).unwrap();
    let store = place.file(&deep).join("livewell-data");
    assert!(store.as_os_str().len() > 200);
    place.write("livewell.yaml", &format!("store: {{ path: {} }}\n{CONFIG}", store.display()));
    let mut process = spawn(&place);
    let deadline = Instant::now() + WAIT_MAX;
    let status = || place.livewell(&["status", "--store", store.to_str().unwrap()]);
    while !store.join("control.sock").exists() || !status().out.contains("caught_up") {
        assert!(Instant::now() < deadline, "{}", status().err);
        std::thread::park_timeout(Duration::from_millis(10));
    }
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn the_owner_needs_no_token_and_no_name_and_others_need_both() {
    let running = Running::start_with("  token: open-sesame\n", "", "");
    let store = running.store();
    let socket = fs::metadata(store.join("control.sock")).unwrap();
    assert!(socket.file_type().is_socket());
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let by_store = Ran::from(super::livewell(&["status", "--store", store.to_str().unwrap()]));
    assert!(by_store.expect(0, &[]).out.contains("caught_up"));
    Ran::from(running.command(&["status"])).expect(1, &["LW0707"]);
    for head in ["", "host: rebound.test\r\norigin: http://rebound.test\r\n"] {
        let answer =
            ask_raw(&store, &format!("GET /api/v1/queries HTTP/1.1\r\n{head}connection: close\r\n\r\n"));
        assert_eq!((answer.status, &answer.json()[0]["id"]), (200, &Json::from("big")));
    }
    assert_eq!(ask_raw(&store, "GET /openapi.json HTTP/1.1\r\nconnection: close\r\n\r\n").status, 200);
}

#[test]
fn limits_of_size_and_time_hold_for_the_owner_too() {
    let limits = "  limits: { header: 1s, request: 1s, body_bytes: 1000, streams_per_client: 1, requests_per_second: 1 }\n";
    let running = Running::start_with(limits, "", "");
    let store = running.store();
    let body = orders(&[1; 100]);
    let path = "/api/v1/sources/orders/changes";
    let length = body.len();
    let request =
        format!("POST {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    assert_eq!(ask_raw(&store, &request).status, 413);
    let late = "GET /api/v1/queries/big/results?position=99&wait=30s HTTP/1.1\r\nconnection: close\r\n\r\n";
    assert_eq!(ask_raw(&store, late).json()["code"], "LW0720");
    let mut half = UnixStream::connect(store.join("control.sock")).unwrap();
    half.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    half.write_all(b"GET /health HTTP/1.1\r\n").unwrap();
    assert_eq!(half.read(&mut [0; 64]).unwrap_or(0), 0, "a head has so much time");
    // What others may not take from each other, the owner has.
    let store = store.to_str().unwrap().to_owned();
    for _ in 0..5 {
        Ran::from(super::livewell(&["results", "big", "--store", &store])).expect(0, &[]);
    }
}

#[test]
fn many_callers_who_say_nothing_do_not_keep_the_owner_out() {
    let running = Running::of(
        "store: { path: data }\nserver: { listen: '127.0.0.1:0', limits: { connections: 4 } }\n\
         sources: [{ id: ops, kind: http }]\n",
    );
    let store = running.store();
    let callers: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&running.address).unwrap()).collect();
    let owners: Vec<UnixStream> =
        (0..100).map(|_| UnixStream::connect(store.join("control.sock")).unwrap()).collect();
    Ran::from(super::livewell(&["status", "--store", store.to_str().unwrap()])).expect(0, &[]);
    drop((callers, owners));
}

#[test]
fn a_store_whose_socket_cannot_be_used_says_why_and_how_else() {
    let place = Place::new(CONFIG, &[]);
    place.run().expect(0, &[]);
    // Nobody may connect to a socket that takes datagrams.
    let other = socket(AddressFamily::UNIX, SocketType::DGRAM, None).unwrap();
    let path = place.file("livewell-data/control.sock");
    rustix::net::bind(&other, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    assert!(
        connect(
            socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap(),
            &SocketAddrUnix::new(&path).unwrap()
        )
        .is_err()
    );
    place.livewell(&["status", "--store", "livewell-data"]).expect(1, &["LW0721", "--server"]);
}

#[test]
fn an_option_wins_over_the_environment_and_that_over_the_directory() {
    let running = Running::start();
    let place = Place::new(CONFIG, &[]);
    let status = |server: &str, arguments: &[&str]| {
        let mut command = place.command(&[&["status"], arguments].concat());
        command.env("LIVEWELL_SERVER", server);
        ended(command)
    };
    let localhost = running.address.replace("127.0.0.1", "localhost");
    for server in [&running.address, &format!("http://{}", running.address), &localhost] {
        assert!(status(server, &[]).expect(0, &[]).out.contains("orders"), "{server}");
    }
    assert!(status("", &["--server", &localhost]).expect(0, &[]).out.contains("orders"));
    status("ftp://x", &[]).expect(2, &["http://"]);
    place.run().expect(0, &[]);
    let told = status(&running.address, &["--store", "livewell-data"]);
    assert!(told.expect(0, &[]).out.contains("diffs"), "{}", told.out);
    assert!(status("", &[]).expect(0, &["nothing runs livewell.yaml"]).out.contains("diffs"));
}

#[test]
fn a_memory_store_is_asked_at_the_configured_address_and_has_no_socket() {
    let memory =
        "store: { kind: memory }\nserver: { listen: '127.0.0.1:0' }\nsources: [{ id: ops, kind: http }]\n";
    let running = Running::of(memory);
    let config = memory.replace("127.0.0.1:0", &running.address);
    fs::write(running.config(), config).unwrap();
    let asked = super::livewell(&["status", "--config", running.config().to_str().unwrap()]);
    assert!(Ran::from(asked).expect(0, &[]).out.contains("ops"));
    assert_eq!(fs::read_dir(running.folder.path()).unwrap().count(), 1);
}

#[test]
fn a_configuration_that_is_being_edited_still_says_where_it_runs() {
    let run = Run::start(Place::new(CONFIG, &[&node("a", 1)]));
    run.place.write("livewell.yaml", &format!("{CONFIG}  - {{ id: half, kind: nonsense"));
    run.place.livewell(&["check"]).expect(2, &[]);
    // It is not YAML at all, and nobody named it.
    run.place.livewell(&["status", "--config", "livewell.yaml"]).expect(2, &["LW0602"]);
    run.place
        .write("livewell.yaml", &format!("{CONFIG}  - {{ id: half, kind: \"${{NO_SUCH_VARIABLE}}\" }}\n"));
    run.place.livewell(&["check"]).expect(2, &["NO_SUCH_VARIABLE"]);
    run.place.livewell(&["results", "all"]).expect(0, &[]);
}

#[test]
fn a_run_says_where_its_store_is_and_how_it_is_looked_at() {
    let place = Place::new(CONFIG, &[]);
    fs::create_dir(place.file("sub")).unwrap();
    fs::rename(place.file("livewell.yaml"), place.file("sub/livewell.yaml")).unwrap();
    fs::rename(place.file("ops.jsonl"), place.file("sub/ops.jsonl")).unwrap();
    let run = |arguments: &[&str], folder: &Path| {
        let mut command = place.command(&[&["run", "--until-idle"], arguments].concat());
        command.current_dir(folder);
        ended(command).err
    };
    let said = run(&["sub/livewell.yaml"], place.path());
    assert!(said.contains("store sub/livewell-data:"), "{said}");
    assert!(said.contains("`livewell status --config sub/livewell.yaml` shows what it does"), "{said}");
    let said = run(&[], &place.file("sub"));
    assert!(said.contains("store livewell-data:") && said.contains("`livewell status` shows"), "{said}");
}

#[test]
fn a_configuration_that_never_ran_is_said_not_to_run() {
    let place = Place::new(&format!("server: {{ listen: '127.0.0.1:1' }}\n{CONFIG}"), &[]);
    let said = ["LW0710", "nothing runs livewell.yaml", "no store in livewell-data yet", "`livewell run`"];
    place.livewell(&["status"]).expect(1, &said);
    place.write("livewell.yaml", "store: { kind: memory }\nserver: { listen: '127.0.0.1:1' }\n");
    place.livewell(&["status"]).expect(1, &["LW0710", "in memory", "127.0.0.1:1"]);
    assert!(!place.file("livewell-data").exists());
}

#[test]
fn without_a_configuration_in_the_directory_one_is_asked_for() {
    let place = Place::new(CONFIG, &[]);
    fs::remove_file(place.file("livewell.yaml")).unwrap();
    for command in ["run", "check"] {
        place.livewell(&[command]).expect(2, &["LW0601", "`livewell.yaml`", "name the configuration"]);
    }
}
