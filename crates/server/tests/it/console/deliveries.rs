//! What a reaction has tried to deliver, against a target that refuses, says strange things, and accepts in the end.

use crate::running::{Answer, Running, orders};
use crate::text;
use livewell_services::{Act, Web};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// A webhook with these settings, and a file beside it, over all orders.
fn running(web: &Web, settings: &str) -> Running {
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: all, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id, o.total AS total\" }}\n\
         reactions:\n  - {{ id: hook, kind: webhook, queries: [all], url: '{}?token=in-the-address', \
         headers: {{ authorization: 'Bearer of-the-header' }}, allow_private: true, {settings} }}\n  \
         - {{ id: out, kind: file, queries: [all], path: out.jsonl }}\n",
        web.url()
    ));
    running.wait_until_ready();
    running
}

fn deliveries(running: &Running, id: &str, asked: &str) -> Json {
    let answer = running.get(&format!("/api/v1/reactions/{id}/deliveries?{asked}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

/// The deliveries once they are as wanted.
fn until(running: &Running, id: &str, is_wanted: impl Fn(&Json) -> bool) -> Json {
    until_json(|| deliveries(running, id, "limit=512"), is_wanted)
}

fn until_json(read: impl Fn() -> Json, is_wanted: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = read();
        if is_wanted(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found:#}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

fn letters(running: &Running) -> Json {
    running.get("/api/v1/reactions/hook/dead-letters").json()
}

fn post(running: &Running, rest: &str) -> Answer {
    running.ask("POST", &format!("/api/v1/reactions/hook/{rest}"), "", "")
}

/// What is wanted of the attempts, the newest first.
fn members(made: &Json, names: &[&str]) -> Json {
    let attempts = made["attempts"].as_array().unwrap();
    attempts.iter().map(|one| names.iter().map(|name| one[*name].clone()).collect::<Json>()).collect()
}

#[test]
fn a_refused_message_is_shown_with_its_next_try_and_sent_at_once_when_asked() {
    let web = Web::scripted(|_, _| Act::Answer(503, ""));
    let running = running(&web, "retry_first: 10m");
    running.post(&orders(&[250]));
    let refused = until(&running, "hook", |made| !made["waits_until"].is_null());
    let names =
        ["what", "query_id", "epoch", "sequence", "change", "index", "outcome", "answer", "code", "attempt"];
    let answer = "answered 503 Service Unavailable: no thanks";
    let first = json!(["message", "all", "1", 1, "ADD", 0, "failed", answer, "LW0409", 1]);
    assert_eq!(members(&refused, &names), json!([first]));
    assert_eq!(refused["attempts"][0]["next_try"], refused["waits_until"]);
    assert_eq!((&refused["made"], &refused["failed"], &refused["kept"]), (&json!(1), &json!(1), &json!(1)));

    // The target refuses once more, then it accepts; nobody waits for ten minutes.
    assert_eq!(post(&running, "send-now").status, 202);
    until(&running, "hook", |made| made["made"] == 2 && !made["waits_until"].is_null());
    web.set(|_, _| Act::Answer(200, ""));
    let asked = running.command(&["send-now", "hook"]);
    assert_eq!(asked.status.code(), Some(0), "{}", text(&asked.stderr));
    let taken = until(&running, "hook", |made| made["made"] == 3);
    let names = ["outcome", "answer", "attempt", "code"];
    assert_eq!(members(&taken, &names)[0], json!(["taken", "answered 200 OK", 3, null]));
    assert!(taken["waits_until"].is_null(), "{taken}");
    let keys: Vec<Json> = web.seen().iter().map(|request| request.id().into()).collect();
    assert_eq!(
        keys,
        members(&taken, &["key"]).as_array().unwrap().iter().map(|key| key[0].clone()).collect::<Vec<_>>()
    );

    let failed = deliveries(&running, "hook", "failed=true&limit=1");
    assert_eq!(members(&failed, &["number", "attempt"]), json!([[2, 2]]));
    let calls = running.get("/api/v1/events?limit=1000").json();
    let sent = calls["events"].as_array().unwrap().iter().filter(|event| event["call"] == "send-now").count();
    assert_eq!(sent, 2, "who has skipped a pause is known: {calls}");
    let lines = running.command(&["deliveries", "hook"]);
    let lines: Vec<&str> = text(&lines.stdout).lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].contains(" all 1-1  add  failed: answered 503") && lines[2].contains("taken"),
        "{lines:?}"
    );
}

#[test]
fn neither_secrets_nor_long_or_strange_answers_get_through() {
    let web = Web::scripted(|request, _| {
        let strange = "<img src=x onerror=alert(1)>\u{202e}\u{1b}[31m";
        let echo = format!("{} {}", request.headers["authorization"], request.path);
        Act::Refuse(500, format!("{echo} {strange}{}", "long ".repeat(200_000)))
    });
    let running = running(&web, "retry_first: 10m");
    running.post(&orders(&[250]));
    let made = until(&running, "hook", |made| made["made"] == 1);
    let answer = made["attempts"][0]["answer"].as_str().unwrap();
    assert!(answer.len() <= 512 && answer.contains("<img src=x onerror=alert(1)>\u{202e}"), "{answer}");
    let everything = format!("{made} {}", running.get("/api/v1/reactions/hook").body);
    assert!(!everything.contains("of-the-header") && !everything.contains("in-the-address"), "{everything}");
}

#[test]
fn results_that_are_delivered_together_are_one_attempt() {
    let web = Web::start();
    let running = running(&web, "each: result");
    running.post(&orders(&[50, 60, 70]));
    let made = until(&running, "out", |made| {
        members(made, &["results"]).as_array().unwrap().iter().map(|of| of[0].as_u64().unwrap()).sum::<u64>()
            == 3
    });
    assert!(made["made"].as_u64().unwrap() <= 3 && made["failed"] == 0, "{made}");
    let last = &made["attempts"][0];
    assert_eq!((&last["what"], &last["sequence"], &last["key"]), (&json!("results"), &json!(3), &Json::Null));
    let of_hook = until(&running, "hook", |made| made["made"] == 3);
    assert_eq!(members(&of_hook, &["diffs", "change", "index"])[0], json!([1, null, null]));

    for (path, status, code) in [
        ("reactions/hook/deliveries?limit=0", 400, "LW0701"),
        ("reactions/hook/deliveries?limit=513", 400, "LW0701"),
        ("reactions/hook/deliveries?other=1", 400, "LW0701"),
        ("reactions/all/deliveries", 404, "LW0501"),
        ("reactions/%3Cimg%20onerror%3E%2F%E2%80%AE/deliveries", 404, "LW0501"),
    ] {
        let answer = running.get(&format!("/api/v1/{path}"));
        assert_eq!(
            (answer.status, answer.json()["code"].as_str()),
            (status, Some(code)),
            "{path}: {}",
            answer.body
        );
    }
}

#[test]
fn attempts_outlive_a_stop_and_a_stopped_reaction_sends_nothing() {
    let web = Web::scripted(|_, _| Act::Answer(503, ""));
    let running = running(&web, "retry_first: 10m");
    running.post(&orders(&[250]));
    until(&running, "hook", |made| !made["waits_until"].is_null());
    assert_eq!(post(&running, "stop").status, 200);
    let refused = post(&running, "send-now");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("LW0840")), "{}", refused.body);
    for order in ["replay", "discard"] {
        let refused = post(&running, &format!("dead-letters/{order}"));
        assert_eq!(refused.json()["code"], "LW0840", "it would be forgotten: {}", refused.body);
    }
    assert_eq!(deliveries(&running, "hook", "")["made"], 1);
    web.set(|_, _| Act::Answer(200, ""));
    assert_eq!(post(&running, "start").status, 200);
    let made = until(&running, "hook", |made| made["made"] == 2);
    assert_eq!(members(&made, &["outcome"]), json!([["taken"], ["failed"]]));
    assert_eq!(post(&running, "send-now").status, 202, "it has nothing to skip");
}

#[test]
fn a_kill_forgets_attempts_and_no_message_and_letters_keep_what_is_known_of_them() {
    let web = Web::scripted(|_, _| Act::Answer(422, ""));
    let mut running = running(&web, "retries: 2, retry_first: 1ms");
    running.post(&orders(&[250, 300]));
    until_json(|| letters(&running), |letters| letters.as_array().unwrap().len() == 2);
    web.set(|_, _| Act::Answer(503, ""));
    running.post(&orders(&[250, 300, 350]));
    until(&running, "hook", |made| made["attempts"][0]["sequence"] == 3);

    running.kill_and_start_again();
    running.wait_until_ready();
    let all = letters(&running);
    let names = ["number", "query_id", "epoch", "sequence", "index", "attempts", "reason"];
    let known: Json = all.as_array().unwrap()[..2]
        .iter()
        .map(|one| names.map(|name| one[name].clone()).into_iter().collect::<Json>())
        .collect();
    let reason = "answered 422 Unprocessable Entity: no thanks; sent 3 times";
    assert_eq!(known, json!([[1, "all", "1", 1, 0, 3, reason], [2, "all", "1", 2, 0, 3, reason]]));
    let (first_at, timestamp) = (all[0]["first_at"].as_str().unwrap(), all[0]["timestamp"].as_str().unwrap());
    assert!(first_at <= timestamp, "{first_at} {timestamp}");
    // The third message is given up in its turn, by this process or the one before.
    until_json(|| letters(&running), |letters| letters.as_array().unwrap().len() == 3);
    let made = deliveries(&running, "hook", "");
    assert!(made["made"].as_u64().unwrap() <= 3, "what the killed process had tried is not known: {made}");

    // Refused again, a letter stays with the new reason; several are named at once.
    web.set(|_, _| Act::Answer(413, ""));
    assert_eq!(post(&running, "dead-letters/replay?numbers=1,2").status, 202);
    let again = until_json(|| letters(&running), |letters| letters[1]["attempts"] == 4);
    assert_eq!(again[0]["reason"], "answered 413 Payload Too Large: no thanks");
    let sent = deliveries(&running, "hook", "limit=2");
    assert_eq!(
        members(&sent, &["what", "outcome"]),
        json!([["dead_letter", "set_aside"], ["dead_letter", "set_aside"]])
    );
    assert_eq!(post(&running, "dead-letters/discard?numbers=2&number=3").status, 202);
    until_json(|| letters(&running), |letters| letters.as_array().unwrap().len() == 1);
    web.set(|_, _| Act::Answer(200, ""));
    assert_eq!(post(&running, "dead-letters/replay").status, 202);
    until_json(|| letters(&running), |letters| letters.as_array().unwrap().is_empty());
    assert_eq!(web.seen().last().unwrap().id(), all[0]["key"].as_str().unwrap(), "a letter keeps its id");

    for (numbers, status) in
        [("numbers=1,x", 400), ("numbers=", 400), ("number=1&numbers=2", 404), ("numbers=7", 404)]
    {
        assert_eq!(post(&running, &format!("dead-letters/discard?{numbers}")).status, status, "{numbers}");
    }
    let many = vec!["1"; 1_001].join(",");
    assert_eq!(post(&running, &format!("dead-letters/replay?numbers={many}")).status, 400);
}
