//! `on_refusal: dead_letter`: what a table refuses is listed and sent again by the commands for dead letters.

use super::running::{Running, orders};
use super::text;
use livewell_services::Postgres;
use serde_json::Value as Json;
use std::time::Duration;

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..400 {
        if is_so() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(50));
    }
    panic!("within 20 seconds: {what}");
}

#[test]
fn rows_that_a_table_refuses_are_dead_letters_that_come_in_as_they_are_then() {
    let postgres = Postgres::start();
    postgres.sql("CREATE TABLE mirror (id text PRIMARY KEY, total numeric(3,0))");
    let config = format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: \"127.0.0.1:0\" }}\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
         reactions:\n  - {{ id: mirror, kind: postgres, queries: [all], url: \"{}\", table: mirror, key: [id], on_refusal: dead_letter }}\n",
        postgres.url()
    );
    let running = Running::of(&config);
    let rows = || postgres.sql("SELECT string_agg(concat(id, '=', total), ',' ORDER BY id) FROM mirror");
    let letters = || -> Vec<Json> {
        let ran = running.command(&["dead-letters", "mirror"]);
        text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    running.post(&orders(&[1, 5_000, 3, 6_000, 7_000]));
    until("the others go on", || rows() == "o1=1,o3=3");
    until("each that is refused is listed", || letters().len() == 3);
    let reason = letters()[0]["reason"].as_str().unwrap().to_owned();
    assert!(
        reason.contains("\"total\"") && reason.contains("[\"o2\"]") && reason.contains("ALTER TABLE"),
        "{reason}"
    );
    let status = running.get("/api/v1/reactions/mirror").json();
    assert_eq!(status["state"], "caught_up", "{status}");

    // One changes to what fits, one goes; then there is room. Each comes in as it is now, or not at all.
    let changed = orders(&[0, 0, 0, 7]);
    running.post(changed.lines().nth(3).unwrap());
    running.post("{\"operation\":\"delete\",\"id\":\"o5\"}");
    until("what fits now comes in", || rows() == "o1=1,o3=3,o4=7");
    running.command(&["dead-letters", "mirror", "--replay"]);
    until("what is refused again stays", || letters().len() == 1);
    postgres.sql("ALTER TABLE mirror ALTER COLUMN total TYPE numeric");
    running.command(&["dead-letters", "mirror", "--replay"]);
    until("nothing is left", || letters().is_empty());
    assert_eq!(rows(), "o1=1,o2=5000,o3=3,o4=7");
}

#[test]
fn a_kind_that_refuses_nothing_has_no_such_setting() {
    let config = "sources:\n  - { id: orders, kind: http }\n\
         queries:\n  - { id: all, sources: [orders], cypher: \"MATCH (o) RETURN o.id AS id\" }\n\
         reactions:\n  - { id: out, kind: file, queries: [all], path: out.jsonl, on_refusal: dead_letter }\n";
    let place = super::place::Place::new(config, &[]);
    place.livewell(&["check", "livewell.yaml"]).expect(2, &["LW0423", "on_refusal", "kind `file`"]);
}
