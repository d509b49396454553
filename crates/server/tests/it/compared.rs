//! `livewell compare`: the rows that reactions keep in a PostgreSQL, a Redis and a file, damaged by hand.

use super::running::{Running, orders};
use super::{livewell, text};
use livewell_services::{Postgres, Redis, pause};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const TARGETS: [&str; 3] = ["table", "cache", "rows"];

struct Kept {
    running: Running,
    postgres: Postgres,
    redis: Redis,
}

impl Kept {
    /// Three copies of all orders, with these limits of the server.
    fn start(limits: &str) -> Self {
        let (postgres, redis) = (Postgres::start(), Redis::start());
        let running = Running::of(&format!(
            "store: {{ kind: embedded, path: data }}\n\
             server:\n  listen: 127.0.0.1:0\n  limits: {{ {limits} }}\n\
             sources:\n  - {{ id: orders, kind: http }}\n\
             queries:\n  - {{ id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
             reactions:\n  \
             - {{ id: table, kind: postgres, queries: [all], url: '{}', table: orders, key: [id], timeout: 2s }}\n  \
             - {{ id: cache, kind: redis, queries: [all], url: '{}', prefix: 'order:', key: [id], timeout: 2s }}\n  \
             - {{ id: rows, kind: file, queries: [all], path: rows.jsonl, mode: table }}\n  \
             - {{ id: out, kind: file, queries: [all], path: out.jsonl }}\n",
            postgres.url(),
            redis.url()
        ));
        running.wait_until_ready();
        Self { running, postgres, redis }
    }

    /// Sends changes, and waits until these reactions have delivered them.
    fn send(&self, changes: &str, reactions: &[&str]) {
        let sent = self.running.post(changes);
        assert_eq!(sent.status, 200, "{}", sent.body);
        let position = sent.json()["position"].clone();
        self.running.get(&format!("/api/v1/queries/all/results?limit=1&position={position}&wait=20s"));
        let head = self.running.get("/api/v1/queries/all").json()["sequence"].clone();
        for reaction in reactions {
            let path = format!("/api/v1/reactions/{reaction}");
            until("it is delivered", || self.running.get(&path).json()["sequence"] == head);
        }
    }

    fn compare(&self, reaction: &str) -> Json {
        let answer = self.running.ask("POST", &format!("/api/v1/reactions/{reaction}/compare"), "", "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn refused(&self, method: &str, path: &str) -> (u16, Json) {
        let answer = self.running.ask(method, &format!("/api/v1/reactions/{path}"), "", "");
        (answer.status, answer.json())
    }

    fn redis(&self, command: &str, arguments: &[&str]) {
        let client = ::redis::Client::open(self.redis.url()).unwrap();
        ::redis::cmd(command).arg(arguments).exec(&mut client.get_connection().unwrap()).unwrap();
    }

    fn file(&self) -> PathBuf {
        self.running.folder.path().join("rows.jsonl")
    }

    /// Removes `o1`, changes `o2` and adds `o9`, in each target.
    fn damage(&self) {
        self.postgres.sql(
            "DELETE FROM orders WHERE id = 'o1'; UPDATE orders SET total = 7 WHERE id = 'o2'; \
             INSERT INTO orders VALUES ('o9', 9)",
        );
        self.redis("DEL", &["order:o1"]);
        self.redis("SET", &["order:o2", "{\"id\":\"o2\",\"total\":7}"]);
        self.redis("SET", &["order:o9", "{\"id\":\"o9\",\"total\":9}"]);
        let rows = fs::read_to_string(self.file()).unwrap();
        let mut kept: String = rows
            .lines()
            .filter(|line| !line.contains("\"o1\""))
            .fold(String::new(), |text, line| text + &line.replace("\"total\":200", "\"total\":7") + "\n");
        kept.push_str("{\"row_signature\":\"00000000000000aa\",\"data\":{\"id\":\"o9\",\"total\":9}}\n");
        fs::write(self.file(), kept).unwrap();
    }
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what} in time");
        pause(Duration::from_millis(20));
    }
}

fn change(operation: &str, id: &str, total: i64) -> String {
    let properties = json!({ "id": id, "total": total });
    let element = json!({ "type": "node", "id": id, "labels": ["Order"], "properties": properties });
    json!({ "operation": operation, "element": element }).to_string() + "\n"
}

fn counts(found: &Json) -> Json {
    ["rows", "live", "equal"]
        .iter()
        .map(|name| found[*name].clone())
        .chain(["missing", "changed", "extra"].iter().map(|sort| found[*sort]["count"].clone()))
        .collect()
}

#[test]
fn rows_that_were_damaged_by_hand_are_found_in_each_target_and_nothing_there_changes() {
    let kept = Kept::start("");
    kept.send(&orders(&[100, 200, 300]), &TARGETS);
    for id in TARGETS {
        let found = kept.compare(id);
        assert_eq!(counts(&found), json!([3, 3, true, 0, 0, 0]), "{found:#}");
        assert_eq!(found["checkpoint"]["query_id"], "all");
        let held = kept.running.get(&format!("/api/v1/reactions/{id}/target")).json();
        assert_eq!((&held["rows"], &held["checkpoint"]), (&json!(3), &found["checkpoint"]), "{held:#}");
        assert_eq!(held["target"], found["target"]);
    }
    kept.damage();
    let before = (kept.postgres.sql("SELECT * FROM orders ORDER BY id"), fs::read(kept.file()).unwrap());
    let keys = json!({ "table": r#"["o1"]"#, "cache": "order:o1" });
    for id in TARGETS {
        let found = kept.compare(id);
        assert_eq!(counts(&found), json!([3, 3, false, 1, 1, 1]), "{id}: {found:#}");
        let row = |sort: &str, side: &str| {
            let text = found[sort]["rows"][0][side].as_str().unwrap_or("null").to_owned();
            let row: Json = serde_json::from_str(&text).unwrap();
            let row = row.get("data").unwrap_or(&row).clone();
            row.get("id").map_or(json!(null), |id| json!([id, row["total"].as_f64()]))
        };
        let sides = |sort: &str| json!([row(sort, "expected"), row(sort, "found")]);
        assert_eq!(sides("missing"), json!([["o1", 100.0], null]), "{id}");
        assert_eq!(sides("changed"), json!([["o2", 200.0], ["o2", 7.0]]), "{id}");
        assert_eq!(sides("extra"), json!([null, ["o9", 9.0]]), "{id}");
        if let Some(key) = keys[id].as_str() {
            assert_eq!(found["missing"]["rows"][0]["key"], key);
        }
    }
    let after = (kept.postgres.sql("SELECT * FROM orders ORDER BY id"), fs::read(kept.file()).unwrap());
    assert_eq!(before, after, "a comparison changes nothing");
    let held = kept.running.get("/api/v1/reactions/rows/target").json();
    assert_eq!(
        (&held["rows"], &held["checkpoint"]),
        (&json!(3), &json!(null)),
        "not the file that was written"
    );
}

#[test]
fn the_command_says_what_differs_and_a_reset_mends_it() {
    let mut kept = Kept::start("");
    kept.send(&orders(&[100, 200, 300]), &TARGETS);
    let said = kept.running.command(&["compare", "table"]);
    let out = text(&said.stdout);
    assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
    assert!(out.starts_with("the table \"orders\" is right: 3 rows, those of `all` at 1-"), "{out}");
    kept.damage();
    let said = kept.running.command(&["compare", "cache"]);
    let (out, error) = (text(&said.stdout), text(&said.stderr));
    assert_eq!(said.status.code(), Some(1), "{error}");
    assert_eq!(
        out,
        "`order:o1` is missing: {\"id\":\"o1\",\"total\":100}\n\
         `order:o2` is {\"id\":\"o2\",\"total\":7}, and should be {\"id\":\"o2\",\"total\":200}\n\
         `order:o9` should not be there: {\"id\":\"o9\",\"total\":9}\n"
    );
    assert!(
        error.contains("the keys `order:*` is not what `all` has at 1-") && error.contains("[LW0725]"),
        "{error}"
    );
    let said = kept.running.command(&["compare", "rows", "--format", "json"]);
    assert_eq!(said.status.code(), Some(1));
    let found: Json = serde_json::from_str(text(&said.stdout)).unwrap();
    assert_eq!(counts(&found), json!([3, 3, false, 1, 1, 1]));
    for id in TARGETS {
        assert_eq!(kept.running.command(&["reset", id]).status.code(), Some(0));
        until("it is written again", || kept.running.command(&["compare", id]).status.code() == Some(0));
    }
    kept.running.stop();
    let store = kept.running.store();
    let said = livewell(&["compare", "table", "--store", store.to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(2));
    assert!(text(&said.stderr).contains("`livewell compare`"), "{}", text(&said.stderr));
}

#[test]
fn a_target_that_is_behind_is_compared_as_of_its_checkpoint() {
    let kept = Kept::start("");
    kept.send(&orders(&[100, 200, 300]), &TARGETS);
    let checkpoints = TARGETS.map(|id| kept.compare(id)["checkpoint"].clone());
    for id in TARGETS {
        assert_eq!(kept.running.command(&["stop", id]).status.code(), Some(0));
    }
    let gone = |id: &str| json!({ "operation": "delete", "id": id }).to_string() + "\n";
    let changes = [
        change("update", "o1", 101),
        change("update", "o1", 102),
        gone("o2"),
        change("insert", "o4", 400),
        change("insert", "o5", 500),
        gone("o5"),
    ];
    kept.send(&changes.concat(), &[]);
    for (id, checkpoint) in TARGETS.iter().zip(&checkpoints) {
        let found = kept.compare(id);
        assert_eq!(counts(&found), json!([3, 3, true, 0, 0, 0]), "{id}: {found:#}");
        assert_eq!(found["checkpoint"], *checkpoint, "it is as of where the target is");
    }
    kept.damage();
    for id in TARGETS {
        let found = kept.compare(id);
        assert_eq!(counts(&found), json!([3, 3, false, 1, 1, 1]), "{id}: {found:#}");
        assert!(found["missing"]["rows"][0]["expected"].as_str().unwrap().contains("100"), "{found:#}");
    }
}

#[test]
fn what_cannot_be_compared_says_why() {
    let mut kept = Kept::start("verify_bytes: 2000");
    kept.send(&orders(&[100, 200, 300]), &TARGETS);
    let (status, refused) = kept.refused("POST", "out/compare");
    assert_eq!((status, &refused["code"]), (400, &json!("LW0418")), "{refused:#}");
    assert_eq!(kept.refused("GET", "out/target").1["code"], "LW0418");
    assert_eq!(kept.refused("POST", "nowhere/compare").0, 404);
    assert_eq!(kept.running.get("/api/v1/reactions/table/compare").json()["comparisons"], json!([]));
    let many: String = (0..400).map(|at| change("insert", &format!("p{at}"), at)).collect();
    kept.send(&many, &TARGETS);
    for id in TARGETS {
        let (status, refused) = kept.refused("POST", &format!("{id}/compare"));
        assert_eq!((status, &refused["code"]), (409, &json!("LW0543")), "{id}: {refused:#}");
        assert!(refused["detail"].as_str().unwrap().contains("server.limits.verify_bytes"), "{refused:#}");
    }
    kept.postgres.stop();
    kept.redis.kill();
    fs::remove_file(kept.file()).unwrap();
    for id in ["table", "cache"] {
        for (method, call) in [("POST", "compare"), ("GET", "target")] {
            let (status, refused) = kept.refused(method, &format!("{id}/{call}"));
            assert_eq!((status, &refused["code"]), (503, &json!("LW0409")), "{id} {call}: {refused:#}");
            assert!(refused["detail"].as_str().unwrap().contains("try again"), "{refused:#}");
        }
    }
    let held = kept.running.get("/api/v1/reactions/rows/target").json();
    assert_eq!((&held["rows"], &held["checkpoint"]), (&json!(0), &json!(null)), "the file is gone");
}
