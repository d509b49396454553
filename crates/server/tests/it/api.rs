//! The HTTP API of a running pipeline.

use super::running::{Events, Running, orders};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// The totals above 100 by id: what `big` must hold.
fn totals(rows: &Json) -> BTreeMap<String, i64> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| (row["data"]["id"].as_str().unwrap().to_owned(), row["data"]["total"].as_i64().unwrap()))
        .collect()
}

fn expected(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(id, total)| ((*id).to_owned(), *total)).collect()
}

#[test]
fn what_was_posted_is_read_as_of_its_position() {
    let running = Running::start();
    let posted = running.post(&orders(&[250, 50, 300]));
    assert_eq!((posted.status, posted.json()), (200, json!({"position": 3, "sequence": 3})));
    let results = running.get("/api/v1/queries/big/results?position=3&wait=20s").json();
    assert_eq!((&results["epoch"], &results["sequence"]), (&json!("1"), &json!(2)));
    assert_eq!(totals(&results["rows"]), expected(&[("o1", 250), ("o3", 300)]));
    assert_eq!(results["config_hash"].as_str().unwrap().len(), 16);
    let lines = running.ask("GET", "/api/v1/queries/big/results", "accept: application/x-ndjson\r\n", "");
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let rows: Vec<Json> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Json::from(rows), results["rows"]);
    let late = running.get("/api/v1/queries/big/results?position=4&wait=20ms");
    assert_eq!((late.status, &late.json()["code"]), (504, &json!("LW0705")));
    running.wait_until_ready();
    assert_eq!(running.get("/api/v1/queries/big").json()["rows"], json!(2));
}

#[test]
fn one_bad_line_is_named_and_nothing_of_the_body_is_taken_in() {
    let running = Running::start();
    let cases = [
        (format!("{}nonsense\n", orders(&[500, 600])), 2),
        (format!("{}{{\"operation\":\"insert\"}}", orders(&[500])), 1),
        // Of the right form, but a relationship that is not there yet needs its ends.
        (
            format!(
                "{}{{\"operation\":\"update\",\"element\":{{\"type\":\"relation\",\"id\":\"r\"}}}}",
                orders(&[500])
            ),
            1,
        ),
        ("[".repeat(100_000), 0),
        (String::new(), 0),
    ];
    for (body, index) in cases {
        let refused = running.post(&body);
        assert_eq!((refused.status, &refused.json()["index"]), (400, &json!(index)), "{}", refused.body);
        assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    }
    let source = running.get("/api/v1/sources/orders").json();
    assert_eq!((&source["sequence"], &source["rows"]), (&json!(0), &json!(0)));
}

#[test]
fn a_key_is_taken_in_once_also_over_a_kill() {
    let mut running = Running::start();
    let path = "/api/v1/sources/orders/changes";
    let key = "idempotency-key: first\r\n";
    let first = running.ask("POST", path, key, &orders(&[250])).json();
    assert_eq!(running.post(&orders(&[1])).json(), json!({"position": 2, "sequence": 2}));
    assert_eq!(running.ask("POST", path, key, &orders(&[250])).json(), first);
    running.kill_and_start_again();
    assert_eq!(running.ask("POST", path, key, &orders(&[250])).json(), first);
    let other = running.ask("POST", path, key, &orders(&[251]));
    assert_eq!((other.status, &other.json()["code"]), (422, &json!("LW0526")));
    assert_eq!(running.get("/api/v1/sources/orders").json()["sequence"], json!(2));
}

#[test]
fn a_body_beyond_the_limit_is_refused_announced_or_not() {
    let running = Running::start_with("", "    body_bytes_max: 1000\n", "");
    assert_eq!(running.post(&orders(&[1; 100])).status, 413);
    let chunked = format!("transfer-encoding: chunked\r\n\r\n7d0\r\n{}\r\n0\r\n", " ".repeat(2000));
    let refused = running.ask("POST", "/api/v1/sources/orders/changes", "", "");
    assert_eq!(refused.status, 400, "an empty body is not a change");
    let mut stream = std::net::TcpStream::connect(&running.address).unwrap();
    let head = "POST /api/v1/sources/orders/changes HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n";
    std::io::Write::write_all(&mut stream, format!("{head}{chunked}\r\n").as_bytes()).unwrap();
    let mut answer = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
}

#[test]
fn a_stream_goes_on_where_it_was_cut_off_and_says_so_where_it_cannot() {
    let mut running = Running::start();
    running.post(&orders(&[250]));
    running.get("/api/v1/queries/big/results?position=1&wait=20s");
    let path = "/api/v1/queries/big/changes";
    let mut events = Events::of(running.open("GET", path, "", ""));
    let (row, end) = (events.next().unwrap(), events.next().unwrap());
    assert_eq!((row.0.as_str(), row.1, &row.2["data"]), ("row", None, &json!({"id": "o1", "total": 250})));
    assert_eq!((end.0.as_str(), end.1.as_deref()), ("snapshot_end", Some("1-1")));
    running.post(&orders(&[300]));
    let result = events.next().unwrap();
    assert_eq!((result.0.as_str(), result.1.as_deref()), ("result", Some("1-2")));
    assert_eq!(result.2["results"][0]["type"], json!("UPDATE"));
    running.post(&orders(&[400]));
    let mut resumed = Events::of(running.open("GET", path, "last-event-id: 1-2\r\n", ""));
    assert_eq!(resumed.next().unwrap().1.as_deref(), Some("1-3"));
    let mut after = Events::of(running.open("GET", &format!("{path}?after=1-0"), "", ""));
    let ids: Vec<_> = (0..3).map(|_| after.next().unwrap().1.unwrap()).collect();
    assert_eq!(ids, ["1-1", "1-2", "1-3"]);
    let mut ahead = Events::of(running.open("GET", &format!("{path}?after=1-99"), "", ""));
    let names: Vec<_> = (0..3).map(|_| ahead.next().unwrap().0).collect();
    assert_eq!(names, ["reset", "row", "snapshot_end"]);
    assert_eq!(running.get(&format!("{path}?after=yesterday")).status, 400);
    // With streams open, a signal still ends the process in order, and the streams with it.
    running.stop();
    assert!(ahead.next().is_none());
}

#[test]
fn pages_are_of_one_sequence_while_the_query_goes_on() {
    let running = Running::start();
    running.post(&orders(&[101; 25]));
    let mut page = running.get("/api/v1/queries/big/results?position=25&wait=20s&limit=10").json();
    running.post(&orders(&[999; 30]));
    running.get("/api/v1/queries/big/results?position=55&wait=20s");
    let mut seen = totals(&page["rows"]);
    while let Some(cursor) = page["cursor"].as_str() {
        page = running.get(&format!("/api/v1/queries/big/results?limit=10&cursor={cursor}")).json();
        assert_eq!(page["sequence"], json!(25));
        seen.extend(totals(&page["rows"]));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.values().all(|total| *total == 101));
    let gone = running.get("/api/v1/queries/big/results?limit=10&cursor=1-3-10-0000000000000000");
    assert_eq!((gone.status, &gone.json()["code"]), (410, &json!("LW0706")));
    for wrong in ["limit=0", "limit=100000", "cursor=1-3-10-0000000000000000", "limit=5&cursor=x", "limt=5"] {
        assert_eq!(running.get(&format!("/api/v1/queries/big/results?{wrong}")).status, 400, "{wrong}");
    }
}

#[test]
fn what_is_not_there_is_a_problem_with_a_code_and_a_page() {
    let running = Running::start_with("  token: open-sesame\n", "", "");
    let path = "/api/v1/queries/nope";
    assert_eq!(running.get(path).status, 401);
    let token = "authorization: Bearer open-sesame\r\n";
    for (method, path, status) in [
        ("GET", path, 404),
        ("GET", "/api/v1/queries/nope/results", 404),
        ("GET", "/api/v1/queries/nope/changes", 404),
        ("POST", "/api/v1/queries/nope/verify", 404),
        ("POST", "/api/v1/sources/big/changes", 404),
        ("DELETE", "/health", 405),
        ("GET", "/nope", 404),
    ] {
        let answer = running.ask(method, path, token, "");
        assert_eq!(answer.status, status, "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], json!(status));
        let page = running.ask("GET", problem["type"].as_str().unwrap(), token, "");
        assert!(page.body.starts_with(&format!("# {}: ", problem["code"].as_str().unwrap())), "{path}");
    }
    let foreign =
        running.ask("GET", "/api/v1/queries", &format!("{token}origin: http://example.com\r\n"), "");
    assert_eq!(foreign.status, 403);
}

#[test]
fn a_question_that_is_wrong_is_a_problem_wherever_it_is_asked() {
    let log = "reactions:\n  - { id: seen, kind: log, queries: [big] }\n";
    let running = Running::start_with("", "", log);
    let (parked, letters) = ("/api/v1/sources/orders/parked", "/api/v1/reactions/seen/dead-letters");
    let mut wrong = vec![
        ("POST", "/api/v1/queries/big/reset?table".to_owned()),
        ("GET", "/api/v1/queries/big/results?limit=x".to_owned()),
        ("GET", "/api/v1/queries/%ff".to_owned()),
    ];
    for list in [parked, letters] {
        for asked in ["limit=1001", "limit=0", "limit=x", "limit=-1", "after=x", "limt=5", "limit=1&limit=2"]
        {
            wrong.push(("GET", format!("{list}?{asked}")));
        }
        assert_eq!(running.get(&format!("{list}?limit=1000&after=0")).status, 200);
    }
    for order in [format!("{parked}/retry"), format!("{parked}/discard"), format!("{letters}/replay")] {
        wrong.extend(["number=x", "numer=1"].map(|asked| ("POST", format!("{order}?{asked}"))));
    }
    for (method, path) in wrong {
        let answer = running.ask(method, &path, "", "");
        assert_eq!(answer.status, 400, "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
        let problem = answer.json();
        assert!(problem["code"].as_str().unwrap().starts_with("LW"), "{problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{path}");
    }
    let huge = running.ask("POST", "/api/v1/queries", "", &" ".repeat(3 << 20));
    assert_eq!((huge.status, huge.json()["code"].as_str()), (413, Some("LW0703")));
}
