//! What whoever operates a server needs: metrics, the description of the API, the console, starting and stopping.

use super::place::Place;
use super::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Asks until the answer is as it should be.
#[track_caller]
fn until(running: &Running, path: &str, is: impl Fn(&super::running::Answer) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = running.get(path);
        if is(&answer) {
            return;
        }
        assert!(Instant::now() < deadline, "{path}: {}", answer.body);
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn state(running: &Running, path: &str) -> Json {
    running.get(path).json()["state"].clone()
}

#[test]
fn metrics_say_of_every_component_what_its_status_says() {
    let running = Running::start();
    running.post(&orders(&[250, 50, 300]));
    running.get("/api/v1/queries/big/results?position=3&wait=20s");
    until(&running, "/api/v1/queries/big", |answer| answer.json()["state"] == "caught_up");
    let answer = running.get("/metrics");
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    for line in [
        r#"livewell_sequence{kind="source",id="orders"} 3.0"#,
        r#"livewell_sequence{kind="query",id="big"} 2.0"#,
        r#"livewell_position{kind="query",id="big"} 3.0"#,
        r#"livewell_lag_sequences{kind="query",id="big"} 0.0"#,
        r#"livewell_lag_seconds{kind="query",id="big"} 0.0"#,
        r#"livewell_rows{kind="query",id="big"} 2.0"#,
        r#"livewell_rows{kind="source",id="orders"} 3.0"#,
        r#"livewell_parked{kind="source",id="orders"} 0.0"#,
        r#"livewell_failures_total{kind="query",id="big"} 0"#,
        r#"livewell_state{kind="query",id="big",state="caught_up"} 1.0"#,
        r#"livewell_state{kind="query",id="big",state="error"} 0.0"#,
        "# EOF",
    ] {
        assert!(answer.body.lines().any(|have| have == line), "{line} is not in:\n{}", answer.body);
    }
}

#[test]
fn the_description_names_calls_that_are_there() {
    let running = Running::start();
    let document = running.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20);
    // A file of the console has a hash in its name, and there is none of another name.
    for (path, methods) in paths.iter().filter(|(path, _)| *path != "/assets/{name}") {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let path = path.replace("{id}", "nope").replace("{code}", "LW0701");
            let answer = running.ask(&method.to_uppercase(), &path, "", "");
            let unknown =
                answer.status == 405 || (answer.status == 404 && answer.json()["code"] == json!("LW0702"));
            assert!(!unknown, "{method} {path}: {}", answer.body);
        }
    }
}

#[test]
fn the_console_needs_nothing_from_elsewhere_and_no_token() {
    let running = Running::start_with("  token: open-sesame\n", "", "");
    let page = running.get("/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
    let named: Vec<&str> =
        page.body.split('"').skip(1).step_by(2).filter(|value| value.contains('/')).collect();
    for address in named.iter().filter(|address| !address.starts_with("image/")) {
        assert!(address.starts_with("/assets/"), "{address}");
        assert_eq!(running.get(address).status, 200, "{address}");
    }
    assert!(named.len() > 3, "{named:?}");
    assert_eq!(running.get("/api/v1/queries").status, 401, "what it shows needs the token");
}

#[test]
fn a_stopped_query_stands_still_and_goes_on_where_it_stood() {
    let running = Running::start();
    running.post(&orders(&[250]));
    until(&running, "/api/v1/queries/big", |answer| answer.json()["sequence"] == 1);
    let stopped = running.ask("POST", "/api/v1/queries/big/stop", "", "");
    assert_eq!((stopped.status, &stopped.json()["state"]), (200, &json!("stopped")));
    assert_eq!(running.ask("POST", "/api/v1/queries/big/stop", "", "").status, 200, "twice is once");
    running.post(&orders(&[300, 400]));
    let late = running.get("/api/v1/queries/big/results?position=3&wait=100ms");
    assert_eq!((late.status, late.json()["position"].clone()), (504, json!(1)));
    assert_eq!(running.get("/api/v1/queries/big").json()["lag"], 2);
    assert_eq!(running.ask("POST", "/api/v1/queries/big/start", "", "").status, 200);
    let results = running.get("/api/v1/queries/big/results?position=3&wait=20s").json();
    assert_eq!((&results["epoch"], &results["sequence"]), (&json!("1"), &json!(3)));
    assert_eq!(running.ask("POST", "/api/v1/queries/big/start", "", "").status, 200, "one that runs goes on");
    assert_eq!(running.ask("POST", "/api/v1/queries/orders/stop", "", "").status, 404);
}

#[test]
fn a_stopped_source_takes_nothing_in_until_it_is_started() {
    let running = Running::start();
    assert_eq!(running.ask("POST", "/api/v1/sources/orders/stop", "", "").status, 200);
    let refused = running.post(&orders(&[250]));
    assert_eq!((refused.status, refused.json()["code"].clone()), (503, json!("LW0525")));
    assert!(refused.header("retry-after").is_some());
    assert_eq!(running.ask("POST", "/api/v1/sources/orders/start", "", "").status, 200);
    assert_eq!(running.post(&orders(&[250])).json(), json!({"position": 1, "sequence": 1}));
    let results = running.get("/api/v1/queries/big/results?position=1&wait=20s");
    assert_eq!(results.json()["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn once_ready_it_stays_ready_without_having_been_asked_in_between() {
    let running = Running::start();
    until(&running, "/api/v1/queries/big", |answer| answer.json()["state"] == "caught_up");
    // Twice as long as it is looked; then the query stands still, and changes come that it does not see.
    std::thread::park_timeout(Duration::from_millis(200));
    running.ask("POST", "/api/v1/queries/big/stop", "", "");
    running.post(&orders(&[250]));
    assert_eq!(state(&running, "/api/v1/queries/big"), "stopped");
    assert_eq!(running.get("/ready").status, 200);
}

#[test]
fn a_failure_is_said_at_once_and_not_only_at_the_end() {
    let config = "sources:\n  - { id: ops, kind: file, path: absent.jsonl }\n\
                  queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n";
    let place = Place::new(config, &[]);
    let mut serving = place
        .command(&["run", "livewell.yaml", "--log-level", "error"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(serving.stderr.take().unwrap()).read_line(&mut said).unwrap();
    let runs = serving.try_wait().unwrap().is_none();
    serving.kill().unwrap();
    serving.wait().unwrap();
    assert!(runs && said.contains("ERROR") && said.contains("`absent.jsonl` does not exist"), "{said}");
}
