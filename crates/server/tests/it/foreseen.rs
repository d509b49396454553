//! Changing components safely: `If-Match`, and dry runs that say what then happens.

use super::running::{Answer, Running, orders};
use serde_json::{Value as Json, json};
use std::thread;
use std::time::{Duration, Instant};

fn query(id: &str, over: i64) -> Json {
    let cypher = format!("MATCH (o:Order) WHERE o.total > {over} RETURN o.id AS id");
    json!({ "id": id, "sources": ["orders"], "cypher": cypher })
}

fn send(running: &Running, method: &str, path: &str, tag: Option<&str>, body: &Json) -> Answer {
    let headers = tag.map_or(String::new(), |tag| format!("if-match: {tag}\r\n"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    running.ask(method, &format!("/api/v1/{path}"), &headers, &body)
}

fn definition(running: &Running, path: &str) -> Json {
    let answer = running.get(&format!("/api/v1/{path}/definition"));
    let shown = answer.json();
    let hash = shown["hash"].as_str().unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(answer.header("etag"), Some(format!("\"{hash}\"").as_str()));
    shown
}

fn tag(running: &Running, path: &str) -> String {
    format!("\"{}\"", definition(running, path)["hash"].as_str().unwrap())
}

#[track_caller]
fn until(running: &Running, path: &str, is: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let found = running.get(&format!("/api/v1/{path}")).json();
        if is(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{found}");
        thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_change_that_expects_another_definition_is_refused_with_both_hashes_and_nothing_changes() {
    let running = Running::start();
    running.wait_until_ready();
    let seen = tag(&running, "queries/big");
    assert_eq!(send(&running, "PUT", "queries/big", Some(&seen), &query("big", 200)).status, 200);
    let now = tag(&running, "queries/big");
    assert_ne!(now, seen);

    for (method, body) in [("PUT", query("big", 300)), ("DELETE", Json::Null)] {
        for dry in ["", "?dry_run=true"] {
            let refused = send(&running, method, &format!("queries/big{dry}"), Some(&seen), &body);
            assert_eq!(refused.status, 412, "{method}{dry}: {}", refused.body);
            let problem = refused.json();
            assert_eq!(problem["code"], "LW0830");
            assert_eq!(problem["hash"], now.trim_matches('"'));
            assert_eq!(problem["expected"], json!([seen.trim_matches('"')]));
        }
        let weak = send(&running, method, "queries/big", Some(&format!("W/{now}")), &body);
        assert_eq!(weak.status, 412, "a weak tag never matches");
        let malformed = send(&running, method, "queries/big", Some(now.trim_matches('"')), &body);
        assert_eq!((malformed.status, &malformed.json()["code"]), (400, &json!("LW0701")));
        assert_eq!(send(&running, method, "queries/none", Some(&now), &query("none", 1)).status, 404);
    }
    assert_eq!(tag(&running, "queries/big"), now);
    assert_ne!(until(&running, "queries/big", |status| status["state"] == "caught_up")["state"], "stopped");

    let either = format!("{seen}, {now}");
    assert_eq!(send(&running, "PUT", "queries/big", Some(&either), &query("big", 300)).status, 200);
    assert_eq!(send(&running, "PUT", "queries/big", Some("*"), &query("big", 400)).status, 200);
    let last = tag(&running, "queries/big");
    assert_eq!(send(&running, "DELETE", "queries/big", Some(&last), &Json::Null).status, 204);
}

#[test]
fn of_many_changes_that_expect_the_same_definition_one_is_made() {
    let running = Running::start();
    running.wait_until_ready();
    for round in 0..3_i64 {
        let seen = tag(&running, "queries/big");
        let statuses: Vec<u16> = thread::scope(|scope| {
            let change = |at: i64| {
                let (running, seen) = (&running, &seen);
                let body = query("big", 1000 * (round + 1) + at);
                scope.spawn(move || send(running, "PUT", "queries/big", Some(seen), &body).status)
            };
            let changes: Vec<_> = (0..6).map(change).collect();
            changes.into_iter().map(|change| change.join().unwrap()).collect()
        });
        let made = statuses.iter().filter(|status| **status == 200).count();
        assert_eq!(made, 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 5, "{statuses:?}");
    }
    until(&running, "queries/big", |status| status["state"] == "caught_up");
}

const REACTIONS: &str = "  - { id: over, sources: [small], cypher: 'MATCH (n:small) RETURN n.id AS id' }\n\
    reactions:\n  - { id: board, kind: file, queries: [small], path: board.jsonl, mode: table }\n  \
    - { id: log, kind: file, queries: [small], path: log.jsonl }\n";

/// With the query `small`, a query over it and two reactions to it.
fn start() -> Running {
    let small = "  - { id: small, sources: [orders], cypher: 'MATCH (o:Order) WHERE o.total > 10 RETURN o.id AS id' }\n";
    let running = Running::start_with("", "", &format!("{small}{REACTIONS}"));
    running.wait_until_ready();
    assert_eq!(running.post(&orders(&[15, 25, 150])).status, 200);
    for reaction in ["board", "log"] {
        until(&running, &format!("reactions/{reaction}"), |status| status["sequence"] == 3);
    }
    running
}

fn foreseen(running: &Running, method: &str, path: &str, body: &Json) -> Json {
    let answer = send(running, method, path, None, body);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let foreseen = answer.json();
    assert_eq!(foreseen["dry_run"], true, "{foreseen}");
    foreseen
}

#[test]
fn a_dry_run_of_a_change_says_what_apply_says_and_changes_nothing() {
    let running = start();
    let before = (definition(&running, "queries/small"), running.get("/api/v1/events").json());
    let change = foreseen(&running, "PUT", "queries/small?dry_run=true", &query("small", 20));
    assert_eq!(change["hash"], before.0["hash"]);
    assert_eq!(change["fields"], json!(["cypher"]));
    assert_eq!(
        (&change["rebuilds"], &change["rows"], &change["reads"]),
        (&json!(true), &json!(3), &json!(3))
    );
    let followers = json!([
        { "id": "over", "receives": "rebuild" },
        { "id": "board", "receives": "difference" },
        { "id": "log", "receives": "next" },
    ]);
    let by_id = |list: &Json| {
        let mut list = list.as_array().unwrap().clone();
        list.sort_by_key(|one| one["id"].to_string());
        list
    };
    assert_eq!(by_id(&change["followers"]), by_id(&followers));
    assert_eq!(change["followers_total"], 3);

    let file = std::fs::read_to_string(running.config()).unwrap();
    std::fs::write(running.config(), file.replace("o.total > 10 ", "o.total > 20 ")).unwrap();
    let plan = send(&running, "POST", "apply?dry_run=true", None, &Json::Null).json();
    let mut step = change;
    for own in ["dry_run", "hash"] {
        step.as_object_mut().unwrap().remove(own);
    }
    assert_eq!(plan["steps"], json!([step]), "one truth");

    let wrong =
        send(&running, "PUT", "queries/small?dry_run=true", None, &json!({ "id": "small", "sources": [] }));
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    let twice = send(&running, "POST", "queries?dry_run=true", None, &query("small", 20));
    assert_eq!((twice.status, &twice.json()["code"]), (409, &json!("LW0503")));
    let new = foreseen(&running, "POST", "queries?dry_run=true", &query("new", 20));
    assert_eq!((&new["action"], &new["reads"], &new["hash"]), (&json!("create"), &json!(3), &Json::Null));
    assert_eq!(running.get("/api/v1/queries/new").status, 404);
    let after = (definition(&running, "queries/small"), running.get("/api/v1/events").json());
    assert_eq!(before, after, "neither a definition nor what has happened");
}

#[test]
fn a_dry_run_of_a_removal_says_what_goes_or_who_reads_it() {
    let running = start();
    let refused = send(&running, "DELETE", "queries/small?dry_run=true", None, &Json::Null);
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("LW0535")));
    assert_eq!(refused.json()["read_by"]["count"], 3, "{}", refused.body);

    assert_eq!(send(&running, "POST", "reactions/log/stop", None, &Json::Null).status, 200);
    assert_eq!(running.post(&orders(&[15, 25, 150, 16, 26])).status, 200);
    until(&running, "reactions/log", |status| status["lag"] == 2);
    let going = foreseen(&running, "DELETE", "reactions/log?dry_run=true", &Json::Null);
    assert_eq!((&going["action"], &going["loses"]["undelivered"]), (&json!("remove"), &json!(2)), "{going}");
    assert_eq!(running.get("/api/v1/reactions/log").status, 200);
    let tag = format!("\"{}\"", going["hash"].as_str().unwrap());
    assert_eq!(send(&running, "DELETE", "reactions/log", Some(&tag), &Json::Null).status, 204);

    let going = foreseen(&running, "DELETE", "queries/over?dry_run=true", &Json::Null);
    assert_eq!(going["loses"]["rows"], 5, "{going}");
}

#[test]
fn a_dry_run_of_a_reset_says_what_comes_of_it_for_each_that_follows() {
    let running = start();
    let rebuild = foreseen(&running, "POST", "queries/small/reset?dry_run=true", &Json::Null);
    assert_eq!(
        (&rebuild["action"], &rebuild["rebuilds"], &rebuild["reads"]),
        (&json!("reset"), &json!(true), &json!(3))
    );
    let receives = rebuild["followers"].as_array().unwrap();
    assert!(receives.iter().all(|one| one["receives"] == "difference"), "{rebuild}");
    let refused = send(&running, "POST", "sources/orders/reset?dry_run=true", None, &Json::Null);
    assert_eq!(refused.status, 400, "nothing can be read again: {}", refused.body);
    for path in ["sources/orders/reset?dry_run=yes", "sources/orders/reset?dry_run=true&dry_run=true"] {
        assert_eq!(send(&running, "POST", path, None, &Json::Null).status, 400, "{path}");
    }
    assert_eq!(send(&running, "POST", "reactions/log/stop", None, &Json::Null).status, 200);
    assert_eq!(running.post(&orders(&[15, 25, 150, 17])).status, 200);
    until(&running, "reactions/log", |status| status["lag"] == 1);
    let over = foreseen(&running, "POST", "reactions/log/reset?dry_run=true", &Json::Null);
    assert_eq!(over["loses"]["undelivered"], 1, "{over}");
    let whole = foreseen(&running, "POST", "reactions/board/reset?dry_run=true", &Json::Null);
    assert_eq!(whole["loses"]["undelivered"], 0, "it keeps a copy, which is made again: {whole}");
}

#[test]
fn what_a_dry_run_says_of_a_source_that_is_read_again_is_what_happens() {
    let input = tempfile::TempDir::new().unwrap();
    let path = input.path().join("ops.jsonl");
    std::fs::write(&path, orders(&[1, 2, 3]) + "no change\nnor this\n").unwrap();
    let running = Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: 127.0.0.1:0 }}\n\
         sources:\n  - {{ id: ops, kind: file, path: {}, on_error: park }}\n\
         queries:\n  - {{ id: strict, sources: [ops], cypher: 'MATCH (o:Order) RETURN o.id AS id' }}\n  \
         - {{ id: lenient, sources: [ops], recovery: auto_reset, cypher: 'MATCH (o:Order) RETURN o.id AS id' }}\n",
        path.display()
    ));
    let status = |path: &str| running.get(&format!("/api/v1/{path}")).json();
    until(&running, "sources/ops", |status| status["parked"] == 2);
    for query in ["strict", "lenient"] {
        until(&running, &format!("queries/{query}"), |status| status["rows"] == 3);
    }
    let one = foreseen(&running, "POST", "sources/ops/parked/discard?number=2&dry_run=true", &Json::Null);
    assert_eq!((&one["action"], &one["loses"]["parked"]), (&json!("discard"), &json!(1)), "{one}");
    let none = foreseen(&running, "POST", "sources/ops/parked/discard?number=9&dry_run=true", &Json::Null);
    assert_eq!(none["loses"]["parked"], 0, "{none}");
    let all = foreseen(&running, "POST", "sources/ops/parked/discard?dry_run=true", &Json::Null);
    assert_eq!(all["loses"]["parked"], 2, "{all}");
    assert_eq!(status("sources/ops")["parked"], 2);

    let again = foreseen(&running, "POST", "sources/ops/reset?dry_run=true", &Json::Null);
    assert_eq!((&again["loses"]["elements"], &again["loses"]["parked"]), (&json!(3), &json!(2)), "{again}");
    let receives = |id: &str| {
        let followers = again["followers"].as_array().unwrap();
        followers.iter().find(|one| one["id"] == id).unwrap()["receives"].clone()
    };
    assert_eq!((receives("strict"), receives("lenient")), (json!("stop"), json!("rebuild")));
    // The command says so, too, before and after.
    let command = |more: &[&str]| {
        let output = running.command(&[&["reset", "ops"], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let stops = "query `strict` stops in error over it (`recovery: strict`), and what follows it waits; afterwards: \
                 `livewell reset strict`\n";
    let told = command(&["--dry-run"]);
    assert!(told.contains("`lenient` is rebuilt") && told.contains(stops), "{told}");
    assert!(command(&[]).ends_with(stops));
    until(&running, "queries/strict", |status| status["state"] == "error");
    let rebuilt =
        until(&running, "queries/lenient", |status| status["state"] == "caught_up" && status["rows"] == 3);
    assert_eq!(rebuilt["error"], Json::Null);
}

#[test]
fn a_change_that_a_source_would_stop_at_is_foretold_in_the_words_in_which_it_stops() {
    let running = Running::start();
    let folder = running.folder.path().join("livewell-files");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), "id,total\n1,250\n2,300\n").unwrap();
    std::fs::write(folder.join("b.csv"), "id,total\n9,9\n").unwrap();
    let source = |path: &str, label: &str| {
        json!({ "id": "shop", "kind": "file", "path": format!("livewell-files/{path}"), "on_error": "park",
            "node": { "label": label, "id": "o:{id}" } })
    };
    assert_eq!(send(&running, "POST", "sources", None, &source("a.csv", "Order")).status, 201);
    until(&running, "sources/shop", |status| status["rows"] == 2);
    let foretold = |body: &Json| {
        let answer = send(&running, "PUT", "sources/shop?dry_run=true", None, body);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["stops"].clone()
    };
    // A setting that makes no element stops nothing.
    let harmless = json!({ "rate": 1000, "id": "shop", "kind": "file", "path": "livewell-files/a.csv", "on_error": "park",
        "node": { "label": "Order", "id": "o:{id}" } });
    assert_eq!(foretold(&harmless), Json::Null);
    assert_eq!(send(&running, "PUT", "sources/shop", None, &harmless).status, 200);
    until(&running, "sources/shop", |status| status["state"] == "caught_up" && status["error"].is_null());

    for (body, code) in [
        (source("a.csv", "Purchase"), "LW0216"),
        (source("b.csv", "Order"), "LW0216"),
        (source("none.csv", "Order"), "LW0206"),
        (json!({ "id": "shop", "kind": "http" }), "LW0216"),
    ] {
        let stops = foretold(&body);
        assert_eq!((&stops["code"], &stops["resets"]), (&json!(code), &json!(false)), "{body}: {stops}");
        assert_eq!(send(&running, "PUT", "sources/shop", None, &body).status, 200);
        let stopped = until(&running, "sources/shop", |status| status["state"] == "error");
        assert!(
            stopped["error"].as_str().unwrap().contains(stops["message"].as_str().unwrap()),
            "{stops}: {stopped}"
        );
        let back = foretold(&harmless);
        assert_eq!(back, Json::Null, "what was read is as it was");
        assert_eq!(send(&running, "PUT", "sources/shop", None, &harmless).status, 200);
        until(&running, "sources/shop", |status| status["state"] == "caught_up" && status["rows"] == 2);
    }
    // A plan says it, too.
    let config = std::fs::read_to_string(running.config()).unwrap();
    let purchase = format!("  - {}\n", source("a.csv", "Purchase"));
    let config = config.replace("sources:\n", &format!("sources:\n{purchase}"));
    let plan =
        running.ask("POST", "/api/v1/apply?dry_run=true", "content-type: application/yaml\r\n", &config);
    assert_eq!(plan.status, 200, "{}", plan.body);
    let steps = plan.json()["steps"].clone();
    let step = steps.as_array().unwrap().iter().find(|step| step["id"] == "shop").unwrap().clone();
    assert_eq!(step["stops"]["code"], "LW0216", "{step}");
}
