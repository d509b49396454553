//! A disk that is full or fails under a running server: it says so at once, waits, and resumes by itself with exactly what
//! it has acknowledged.

use super::running::{Answer, Running};
use super::shim::Shim;
use super::small_disk::SmallDisk;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const ORDER: &str = "{\"operation\":\"insert\",\"element\":{\"type\":\"node\",\"id\":\"o\",\"labels\":[\"Order\"],\"properties\":{}}}\n";

fn config(store: &Path, out: &Path) -> String {
    let (store, out) = (store.display(), out.display());
    format!(
        "store: {{ kind: embedded, path: {store}/data }}\n\
         server: {{ listen: 127.0.0.1:0 }}\n\
         sources: [{{ id: orders, kind: http }}]\n\
         queries: [{{ id: q, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id' }}]\n\
         reactions: [{{ id: all, kind: file, queries: [q], path: {out}/all.jsonl }}]\n"
    )
}

/// A server, and the ids of all that it has acknowledged.
struct Tried {
    server: Running,
    acknowledged: BTreeSet<String>,
    count: usize,
}

impl Tried {
    fn new(server: Running) -> Self {
        server.wait_until_ready();
        Self { server, acknowledged: BTreeSet::new(), count: 0 }
    }

    /// Posts ten orders of so many bytes each.
    fn post(&mut self, bytes: usize) -> Answer {
        let ids: Vec<String> = (0..10)
            .map(|_| {
                self.count += 1;
                format!("o{}", self.count)
            })
            .collect();
        let text = "x".repeat(bytes);
        let line = |id: &String| {
            format!(
                r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["Order"],"properties":{{"id":"{id}","text":"{text}"}}}}}}"#
            ) + "\n"
        };
        let begun = Instant::now();
        let answer = self.server.post(&ids.iter().map(line).collect::<String>());
        assert!(begun.elapsed() < Duration::from_secs(5), "answered after {:?}", begun.elapsed());
        if answer.status == 200 {
            self.acknowledged.extend(ids);
        }
        answer
    }

    /// Waits until a component shows this state.
    fn expect_state(&self, path: &str, state: &str) -> String {
        let mut shown = String::new();
        for _ in 0..400 {
            shown = self.server.get(&format!("/api/v1/{path}")).body;
            if shown.contains(&format!("\"state\":\"{state}\"")) {
                return shown;
            }
            std::thread::park_timeout(Duration::from_millis(25));
        }
        panic!("{path} is not {state}: {shown}");
    }

    /// What cannot be written is said everywhere, and what is there can be read.
    fn expect_waiting(&self, code: &str) {
        let shown = self.expect_state("sources/orders", "waiting");
        assert!(shown.contains(code), "{shown}");
        let ready = self.server.get("/ready");
        assert_eq!(ready.status, 503, "{}", ready.body);
        assert!(ready.body.contains("waits for a disk"), "{}", ready.body);
        assert_eq!(self.server.get("/health").status, 200);
        assert_eq!(self.server.get("/api/v1/queries/q/results").status, 200);
    }

    /// Once everything is at rest, rows and file hold what was acknowledged, each once.
    fn expect_exact(&self, out: &Path) {
        self.server.wait_until_ready();
        for _ in 0..400 {
            let written = fs::read_to_string(out.join("all.jsonl")).unwrap_or_default();
            if written.matches(r#""type":"ADD""#).count() >= self.acknowledged.len() {
                break;
            }
            std::thread::park_timeout(Duration::from_millis(25));
        }
        self.expect_state("sources/orders", "caught_up");
        self.expect_state("queries/q", "caught_up");
        self.expect_state("reactions/all", "caught_up");
        let rows = self.server.get("/api/v1/queries/q/results").json();
        let id = |row: &serde_json::Value| row["data"]["id"].as_str().unwrap().to_owned();
        let rows: Vec<String> = rows["rows"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(rows.len(), self.acknowledged.len());
        assert_eq!(rows.into_iter().collect::<BTreeSet<_>>(), self.acknowledged);
        let file = fs::read_to_string(out.join("all.jsonl")).unwrap();
        let mut added: Vec<String> = Vec::new();
        for line in file.lines() {
            let result: serde_json::Value = serde_json::from_str(line).unwrap();
            added.extend(result["results"].as_array().unwrap().iter().map(id));
        }
        assert_eq!(added.len(), self.acknowledged.len(), "each once");
        assert_eq!(added.into_iter().collect::<BTreeSet<_>>(), self.acknowledged);
        let verified = self.server.ask("POST", "/api/v1/queries/q/verify", "", "");
        assert_eq!(verified.json()["equal"], true, "{}", verified.body);
    }
}

#[test]
fn on_a_full_disk_a_server_answers_507_waits_and_resumes_by_itself_when_there_is_room() {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let out = TempDir::new().unwrap();
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![1; 6 << 20]).unwrap();
    let mut tried = Tried::new(Running::of(&config(disk.path(), out.path())));
    let mut refused = None;
    for _ in 0..5_000 {
        let answer = tried.post(2_000);
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the disk is never full");
    assert_eq!(refused.status, 507, "{}", refused.body);
    assert_eq!(refused.json()["code"], "LW0302");
    assert!(refused.body.contains("free space on that disk"), "{}", refused.body);
    assert_eq!(refused.header("retry-after"), Some("1"));
    // To the last byte.
    let mut rest = 1 << 20;
    while rest > 0 {
        let more = fs::File::options().append(true).create(true).open(disk.path().join("more"));
        if std::io::Write::write_all(&mut more.unwrap(), &vec![1; rest]).is_err() {
            rest /= 2;
        }
    }
    let mut refused = 0;
    while refused < 5 {
        let answer = tried.post(2_000);
        assert!(matches!(answer.status, 200 | 507), "{}", answer.body);
        refused = if answer.status == 507 { refused + 1 } else { 0 };
    }
    tried.expect_waiting("LW0302");
    // What would stop something that could not begin again is refused before it does.
    let other = r#"{"id":"q","sources":["orders"],"cypher":"MATCH (o:Order) RETURN o.text AS text"}"#;
    let json = "content-type: application/json\r\n";
    assert_eq!(tried.server.ask("PUT", "/api/v1/queries/q", json, other).status, 507);
    assert_eq!(tried.server.ask("DELETE", "/api/v1/reactions/all", "", "").status, 507);
    fs::remove_file(&filler).unwrap();
    tried.server.wait_until_ready();
    for _ in 0..20 {
        assert_eq!(tried.post(2_000).status, 200);
    }
    tried.expect_exact(out.path());
    let log = tried.server.stop();
    let lines = log.lines().filter(|line| line.contains("LW0302")).count();
    assert!((1..=6).contains(&lines), "{lines} lines about it: {log}");
}

#[test]
fn whatever_call_fails_on_the_disk_of_the_store_it_waits_and_resumes_with_all_it_acknowledged() {
    let (disk, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (shim, environment) = Shim::over(disk.path());
    let mut tried =
        Tried::new(Running::with_environment(&config(disk.path(), out.path()), environment.clone()));
    for words in ["sync once", "write once", "meta once", "sync", "write", "meta", "sync write meta"] {
        for _ in 0..5 {
            assert_eq!(tried.post(100).status, 200, "before {words}");
        }
        shim.fail(words);
        if words.contains("once") {
            while shim.is_failing() {
                let answer = tried.post(100);
                assert!(matches!(answer.status, 200 | 503), "{words}: {}", answer.body);
            }
        } else {
            for _ in 0..10 {
                let answer = tried.post(100);
                assert_eq!(answer.status, 503, "{words}: {}", answer.body);
                assert_eq!(answer.json()["code"], "LW0305", "{words}: {}", answer.body);
            }
            tried.expect_waiting("LW0305");
            shim.mend();
        }
        tried.server.wait_until_ready();
        tried.expect_exact(out.path());
    }
    tried.server.kill_and_start_again();
    tried.expect_exact(out.path());
}

#[test]
fn a_store_whose_commit_broke_off_half_way_is_read_on_and_opened_again() {
    let (disk, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (shim, environment) = Shim::over(disk.path());
    let mut tried = Tried::new(Running::with_environment(&config(disk.path(), out.path()), environment));
    assert_eq!(tried.post(100).status, 200);
    tried.expect_exact(out.path());
    shim.fail("meta");
    assert_eq!(tried.post(100).status, 503);
    for _ in 0..20 {
        let rows = tried.server.get("/api/v1/queries/q/results").json();
        assert_eq!(rows["rows"].as_array().unwrap().len(), 10);
    }
    tried.expect_waiting("LW0305");
    shim.mend();
    tried.server.wait_until_ready();
    assert_eq!(tried.post(100).status, 200);
    tried.expect_exact(out.path());
    let log = tried.server.stop();
    assert!(log.contains("a commit failed half way") && log.contains("the data file is open again"), "{log}");
}

#[test]
fn a_disk_that_fails_under_the_files_of_a_reaction_alone_holds_up_this_reaction_alone() {
    let (disk, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (shim, environment) = Shim::over(out.path());
    let mut tried = Tried::new(Running::with_environment(&config(disk.path(), out.path()), environment));
    assert_eq!(tried.post(100).status, 200);
    tried.expect_exact(out.path());
    shim.fail("sync write");
    for _ in 0..5 {
        assert_eq!(tried.post(100).status, 200);
    }
    let shown = tried.expect_state("reactions/all", "waiting");
    assert!(shown.contains("LW0405"), "{shown}");
    assert_eq!(tried.server.get("/ready").status, 503);
    tried.expect_state("queries/q", "caught_up");
    shim.mend();
    tried.expect_exact(out.path());
}

#[test]
fn what_is_posted_to_a_source_in_error_is_answered_at_once() {
    let place = TempDir::new().unwrap();
    fs::write(place.path().join("orders.jsonl"), ORDER).unwrap();
    let config = config(place.path(), place.path());
    let as_file =
        config.replace("kind: http", &format!("kind: file, path: {}/orders.jsonl", place.path().display()));
    let file = Tried::new(Running::of(&as_file));
    for _ in 0..400 {
        if file.server.get("/api/v1/sources/orders").json()["rows"] == 1 {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(25));
    }
    drop(file);
    let server = Running::of(&config);
    let tried = Tried { server, acknowledged: BTreeSet::new(), count: 0 };
    tried.expect_state("sources/orders", "error");
    let mut tried = tried;
    for _ in 0..3 {
        let answer = tried.post(10);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (503, Some("LW0525")), "{}", answer.body);
    }
    assert_eq!(tried.server.ask("POST", "/api/v1/sources/orders/stop", "", "").status, 200);
}
