//! What a template makes of the next result and of the last ones, before it is used. Nothing is sent.

use crate::running::{Answer, Running, orders};
use livewell_services::{Act, Web};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

const TEMPLATE: &str = "{{ row.id }} is {{ row.total }}";

fn running(web: &Web) -> Running {
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
         reactions:\n  - {{ id: hook, kind: webhook, queries: [all], url: '{}', allow_private: true, retry_first: 10m, \
         template: '{TEMPLATE}' }}\n  \
         - {{ id: out, kind: file, queries: [all], path: out.jsonl }}\n",
        web.url()
    ));
    running.wait_until_ready();
    running
}

fn ask(running: &Running, id: &str, body: &Json) -> Answer {
    running.ask("POST", &format!("/api/v1/reactions/{id}/message/try"), "", &body.to_string())
}

fn tried(running: &Running, body: &Json) -> Json {
    let answer = ask(running, "hook", body);
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_template_is_tried_on_the_next_and_the_last_results_and_nothing_is_sent() {
    // The first message is taken; the second waits, and the third behind it.
    let web = Web::scripted(|_, before| Act::Answer(if before == 0 { 200 } else { 503 }, ""));
    let running = running(&web);
    running.post(&orders(&[50, 60, 70]));
    wait_for("the second message is tried", || web.seen().len() == 2);
    wait_for("all results are there", || {
        running.get("/api/v1/queries/all/results?position=3&wait=20s").status == 200
            && running.get("/api/v1/reactions/hook").json()["sequence"] == 1
    });

    let now = tried(&running, &json!({}));
    assert_eq!(
        (&now["each"], &now["template"], &now["problem"]),
        (&json!("diff"), &json!(TEMPLATE), &Json::Null)
    );
    let next = &now["next"];
    assert_eq!(
        (&next["sequence"], &next["body"], &next["change"]),
        (&json!(2), &json!("o2 is 60"), &json!("ADD"))
    );
    assert_eq!(next["key"], web.seen()[1].id(), "exactly the message that waits");
    assert_eq!(next["body"], web.seen()[1].body);
    let bodies: Vec<&str> =
        now["last"].as_array().unwrap().iter().filter_map(|one| one["body"].as_str()).collect();
    assert_eq!(bodies, ["o3 is 70", "o2 is 60", "o1 is 50"]);
    assert_eq!(
        (&now["results"], &now["messages"], &now["failed"], &now["truncated"]),
        (&json!(3), &json!(3), &json!(0), &json!(false))
    );

    let other = tried(&running, &json!({ "template": "{{ type }}:{{ id }}", "last": 1 }));
    assert_eq!(other["next"]["body"], format!("ADD:{}", web.seen()[1].id()));
    assert_eq!((&other["results"], &other["last"][0]["sequence"]), (&json!(1), &json!(3)));
    let failing =
        tried(&running, &json!({ "template": "{% if row.total > 60 %}{{ row.none }}{% endif %}fine" }));
    assert_eq!((&failing["messages"], &failing["failed"]), (&json!(3), &json!(1)));
    let first = &failing["last"][0];
    assert!(first["sequence"] == 3 && first["body"].is_null() && first["problem"].is_string(), "{failing}");
    let broken = tried(&running, &json!({ "template": "{{ row." }));
    assert!(
        broken["problem"].is_string() && broken["next"].is_null() && broken["last"] == json!([]),
        "{broken}"
    );
    assert_eq!(web.seen().len(), 2, "nothing was sent");
    assert_eq!(running.get("/api/v1/reactions/hook/deliveries").json()["made"], 2, "and nothing noted");
}

#[test]
fn what_a_template_may_cost_is_bounded() {
    let web = Web::start();
    let running = running(&web);
    let long = "a\u{20ac}<img src=x onerror=alert(1)>\u{202e}".repeat(30_000);
    let properties = json!({ "id": long, "total": 1 });
    let element = json!({ "type": "node", "id": "long", "labels": ["Order"], "properties": properties });
    running.post(&json!({ "operation": "insert", "element": element }).to_string());
    wait_for("it is delivered", || web.seen().len() == 1);
    let whole = tried(&running, &json!({ "template": "{{ row.id }}" }));
    let made = &whole["last"][0];
    assert_eq!((&made["whole"], made["body_bytes"].as_u64()), (&json!(false), Some(long.len() as u64)));
    assert!(long.starts_with(made["body"].as_str().unwrap()), "its beginning");

    for template in [
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ row.id }}{% endfor %}{% endfor %}",
        "{% set a = row.id * 90 %}{% for b in range(100000) %}{{ a ~ b }}{% endfor %}",
        "{{ [1] * 100000000000 }}",
    ] {
        let tried = tried(&running, &json!({ "template": template }));
        assert_eq!((&tried["messages"], &tried["failed"]), (&json!(1), &json!(1)), "{template}");
        assert!(tried["last"][0]["problem"].is_string(), "{template}");
    }
    for (id, body, status, code) in [
        ("hook", json!({ "template": "a".repeat(65_537) }), 400, "LW0701"),
        ("hook", json!({ "last": 101 }), 400, "LW0701"),
        ("hook", json!({ "other": 1 }), 400, "LW0701"),
        ("out", json!({}), 409, "LW0841"),
        ("all", json!({}), 404, "LW0501"),
    ] {
        let answer = ask(&running, id, &body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{}", answer.body);
    }
    assert_eq!(web.seen().len(), 1, "nothing was sent");
}
