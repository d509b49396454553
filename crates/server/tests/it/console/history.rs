//! What was measured lately.

use crate::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

fn values(history: &Json, series: &str) -> Vec<Option<f64>> {
    history["series"][series].as_array().unwrap().iter().map(Json::as_f64).collect()
}

/// The sum of what is not null.
fn sum(history: &Json, series: &str) -> f64 {
    values(history, series).into_iter().flatten().sum()
}

#[test]
fn what_came_in_and_went_out_is_in_the_rings_once() {
    let reaction =
        "reactions:\n  - { id: board, kind: file, queries: [big], path: board.jsonl, mode: table }\n";
    let running = Running::start_with("", "", reaction);
    running.wait_until_ready();
    let past = |history: &Json| values(history, "in").into_iter().flatten().count();
    let read = |asked: &str| running.get(&format!("/api/v1/history?{asked}")).json();
    let deadline = Instant::now() + Duration::from_secs(30);
    while past(&read("minutes=5")) < 2 {
        assert!(Instant::now() < deadline, "there are no looks");
        std::thread::park_timeout(Duration::from_millis(50));
    }
    // Each line is a transaction of its own, and each of those above 100 a result.
    for line in orders(&[50, 150, 250, 350]).lines() {
        running.post(line);
    }
    running.get("/api/v1/queries/big/results?position=4&wait=20s");
    // A step is a second, give or take what looking takes.
    let is_near = |found: f64, expected: f64| (found - expected).abs() < 0.2 * expected;
    while !is_near(sum(&read("minutes=5"), "out"), 3.0) {
        assert!(Instant::now() < deadline, "{}", read("minutes=5&series=in,out"));
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let all = read("minutes=5");
    assert_eq!((&all["step_seconds"], &all["id"]), (&json!(1), &Json::Null));
    assert!(is_near(sum(&all, "in"), 4.0), "{all}");
    for series in ["in", "out", "p50", "p99", "lag", "outbox", "failures"] {
        assert_eq!(values(&all, series).len(), 300, "{series}");
    }
    let (p50, p99) = (values(&all, "p50"), values(&all, "p99"));
    let measured: Vec<_> = p50.iter().zip(&p99).filter_map(|(p50, p99)| p50.zip(*p99)).collect();
    assert!(
        !measured.is_empty() && measured.iter().all(|(p50, p99)| 0.0 < *p50 && p50 <= p99),
        "{measured:?}"
    );
    let of = |id: &str| read(&format!("id={id}&minutes=5&series=in,out"));
    assert!(is_near(sum(&of("orders"), "in"), 4.0) && sum(&of("orders"), "out") == 0.0);
    assert!(is_near(sum(&of("big"), "out"), 3.0) && values(&of("big"), "in").iter().all(Option::is_none));
    let minutes = read("minutes=15&series=lag");
    assert_eq!((&minutes["step_seconds"], values(&minutes, "lag").len()), (&json!(10), 90));
    assert_eq!(minutes["series"].as_object().unwrap().len(), 1, "no other series than was asked for");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let running = Running::start();
    for (wrong, status, code) in [
        ("series=secrets", 400, "LW0701"),
        ("series=", 400, "LW0701"),
        ("series=in,,out", 400, "LW0701"),
        ("minutes=0", 400, "LW0701"),
        ("minutes=121", 400, "LW0701"),
        ("minutes=18446744073709551616", 400, "LW0701"),
        ("minutes=-1", 400, "LW0701"),
        ("minutes=1e3", 400, "LW0701"),
        ("since=1", 400, "LW0701"),
        ("id=nowhere", 404, "LW0810"),
        ("id=%22%0a%00", 404, "LW0810"),
    ] {
        let refused = running.get(&format!("/api/v1/history?{wrong}"));
        assert_eq!((refused.status, &refused.json()["code"]), (status, &json!(code)), "{wrong}");
    }
}
