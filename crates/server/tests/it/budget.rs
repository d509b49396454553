//! A query that would take the machine: it stops alone, within bounded memory, at any start; and a step that nobody wants
//! any more ends soon.

use super::running::{Running, orders};
use super::vast::anonymous_memory;
use livewell_services::pause;
use serde_json::{Value as Json, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most anonymous memory that the process may have, with the usual budget of 256 MiB a step.
const MEMORY_MAX: usize = 1 << 30;
/// A budget that is used up sooner, and the most anonymous memory with it.
const SMALL: (usize, usize) = (32 << 20, 256 << 20);
/// How long a step or a verification may take to end on a machine that has much else to do: it would take minutes.
const SOON: Duration = Duration::from_secs(15);

/// With the usual budget.
const LARGE: [(&str, &str); 2] = [
    ("unwound", "MATCH (a:Order) UNWIND range(1,100000) AS x RETURN a.id AS i, x"),
    ("counted", "MATCH (o:Order) UNWIND range(1, o.total * 19000) AS x RETURN o.id AS i, x"),
];

/// With a small budget.
const OTHERS: [(&str, &str); 5] = [
    ("product", "MATCH (a:Order), (b:Order), (c:Order) RETURN a.id AS a, b.id AS b, c.id AS c"),
    (
        "nested",
        "MATCH (a:Order) WITH collect(a.id) AS xs UNWIND xs AS x UNWIND xs AS y WITH x, collect(x + y) AS ys RETURN collect(ys) AS every",
    ),
    ("lists", "MATCH (a:Order) RETURN a.id AS i, [x IN range(1, 20000 + a.total) | [x, x]] AS xs"),
    (
        "text",
        "MATCH (a:Order) RETURN a.id AS i, reduce(s = a.id, x IN range(1, 15 + a.total % 2) | s + s) AS s",
    ),
    ("subquery", "MATCH (a:Order) RETURN a.id AS i, COLLECT { MATCH (b:Order) RETURN b.id + a.id } AS ids"),
];

fn config(queries: &[(&str, &str)], limits: &str) -> String {
    let query = |(id, text): &(&str, &str)| {
        format!("  - {{ id: {id}, sources: [orders], cypher: '{text}', limits: {{ {limits} }} }}\n")
    };
    format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: good, sources: [orders], cypher: 'MATCH (o:Order) RETURN count(*) AS n' }}\n{}",
        queries.iter().map(query).collect::<String>()
    )
}

fn query(running: &Running, id: &str) -> Json {
    running.get(&format!("/api/v1/queries/{id}")).json()
}

/// Runs `work` and returns the most anonymous memory that the process had meanwhile.
fn watched(running: &Running, work: impl FnOnce()) -> usize {
    let (process, is_over, most) = (running.id(), AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                most.fetch_max(anonymous_memory(process).unwrap_or(0), Ordering::Relaxed);
                pause(Duration::from_millis(5));
            }
        });
        work();
        is_over.store(true, Ordering::Relaxed);
    });
    most.into_inner()
}

/// Waits until the query is in error, for its budget.
fn wait_for_error(running: &Running, id: &str) {
    let began = Instant::now();
    let status = loop {
        let status = query(running, id);
        if status["state"] == "error" {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "{status}");
        pause(Duration::from_millis(50));
    };
    let why = status["error"].as_str().unwrap_or_default();
    assert!(why.contains("LW0540") && why.contains("`limits.step_bytes`") && why.contains(id), "{why}");
}

fn wait_for_count(running: &Running, count: u64) {
    wait_for_count_of(running, "good", count);
}

fn wait_for_count_of(running: &Running, id: &str, count: u64) {
    for _ in 0..1_200 {
        let rows = running.get(&format!("/api/v1/queries/{id}/results")).json();
        if rows["rows"][0]["data"]["n"] == count {
            return;
        }
        pause(Duration::from_millis(50));
    }
    panic!("`{id}` has not come to {count}");
}

/// So many orders, one transaction.
fn body(count: usize) -> String {
    let orders = orders(&vec![100; count]);
    format!("{{\"transaction\":[{}]}}\n", orders.trim_end().replace('\n', ","))
}

/// The query stops for its budget and the other one keeps running, now and after a restart.
fn attack(query_and_text: (&str, &str), count: usize, limits: &str, memory_max: usize) {
    let id = query_and_text.0;
    let mut running = Running::of(&config(&[query_and_text], limits));
    running.wait_until_ready();
    let most = watched(&running, || {
        assert_eq!(running.post(&body(count)).status, 200);
        wait_for_error(&running, id);
        wait_for_count(&running, count as u64);
    });
    assert!(most < memory_max, "{id}: {} MiB of anonymous memory", most >> 20);
    let status = query(&running, id);
    let stored = [&status["sequence"], &status["position"]];
    assert_eq!(stored, [&json!(0), &json!(0)], "nothing was committed: {status}");
    running.kill_and_start_again();
    let most = watched(&running, || wait_for_error(&running, id));
    assert!(most < memory_max, "{id}, again: {} MiB of anonymous memory", most >> 20);
    assert_eq!(running.get("/health").status, 200);
    wait_for_count(&running, count as u64);
}

#[test]
fn a_query_that_would_take_the_machine_stops_alone_and_again_after_a_restart() {
    // One after another, since each may have its whole budget.
    attack(LARGE[0], 3_000, "rows: 1000000", MEMORY_MAX);
    attack(LARGE[1], 4, "rows: 1000000", MEMORY_MAX);
    let (step_bytes, memory_max) = SMALL;
    for query in OTHERS {
        attack(query, 1_000, &format!("rows: 100000000, step_bytes: {step_bytes}"), memory_max);
    }
}

#[test]
fn a_query_that_is_created_over_too_much_stops_in_its_first_build_or_takes_smaller_pieces_of_it() {
    let running = Running::of(&config(&[], ""));
    running.wait_until_ready();
    assert_eq!(running.post(&body(3_000)).status, 200);
    let body = |bytes: usize| {
        json!({
            "id": "wide", "sources": ["orders"], "limits": { "step_bytes": bytes },
            "cypher": "MATCH (a:Order) UNWIND range(1, 20) AS x RETURN a.id AS i, x",
        })
        .to_string()
    };
    assert_eq!(running.ask("POST", "/api/v1/queries", "", &body(1 << 18)).status, 201);
    wait_for_error(&running, "wide");
    let why = query(&running, "wide")["error"].as_str().unwrap().to_owned();
    assert!(why.contains("elements of its base") && why.contains("262144"), "{why}");
    // Too little for the 1,000 elements that are taken in at once otherwise.
    assert_eq!(running.ask("PUT", "/api/v1/queries/wide", "", &body(4 << 20)).status, 200);
    for _ in 0..400 {
        if query(&running, "wide")["rows"] == 60_000 {
            return;
        }
        pause(Duration::from_millis(50));
    }
    panic!("{}", query(&running, "wide"));
}

/// Takes about as long for each order as a test may take at all.
const ENDLESS: &str =
    "MATCH (a:Order) RETURN a.id AS i, reduce(s = 0, x IN range(1, 1900000) | s + x % (a.total + 7)) AS s";

#[test]
fn a_step_ends_soon_when_its_query_is_stopped_changed_or_removed_and_nobody_waits_for_it() {
    let mut running = Running::of(&config(&[("a", ENDLESS), ("b", ENDLESS), ("c", ENDLESS)], ""));
    running.wait_until_ready();
    assert_eq!(running.post(&body(2_000)).status, 200);
    wait_for_count(&running, 2_000);
    let timed = |method: &str, path: &str, body: &str, status: u16| {
        let began = Instant::now();
        let answer = running.ask(method, path, "", body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert!(began.elapsed() < SOON, "{method} {path} took {:?}", began.elapsed());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| timed("DELETE", "/api/v1/queries/a", "", 204));
        let other = json!({ "id": "d", "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.id AS i" });
        timed("POST", "/api/v1/queries", &other.to_string(), 201);
    });
    timed("POST", "/api/v1/queries/b/stop", "", 200);
    let changed =
        json!({ "id": "c", "sources": ["orders"], "cypher": "MATCH (o:Order) RETURN o.total AS t" });
    timed("PUT", "/api/v1/queries/c", &changed.to_string(), 200);
    timed("POST", "/api/v1/queries/b/start", "", 200);
    // A first build, which takes as long.
    let built = json!({ "id": "e", "sources": ["orders"], "cypher": ENDLESS });
    timed("POST", "/api/v1/queries", &built.to_string(), 201);
    pause(Duration::from_millis(300));
    timed("DELETE", "/api/v1/queries/e", "", 204);
    assert_eq!(query(&running, "b")["error"], Json::Null, "a step that was given up is not a failure");
    let began = Instant::now();
    running.stop();
    assert!(began.elapsed() < SOON, "the process took {:?} to stop", began.elapsed());
}

/// How much time the process has computed, in ticks of the system.
pub fn computed(process: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn verifying_ends_with_its_caller_and_with_the_server() {
    // From scratch each order looks at each relationship, three times, and holds little.
    const CHAINS: &str =
        "MATCH (a:Order)-[:R]->(b:Order)-[:R]->(c:Order)-[:R]->(d:Order) RETURN count(*) AS n";
    const COUNT: usize = 30_000;
    let mut running = Running::of(&config(&[("chains", CHAINS)], ""));
    running.wait_until_ready();
    assert_eq!(running.post(&body(COUNT)).status, 200);
    let tie = |at: usize| {
        let element = json!({
            "type": "relation", "id": format!("r{at}"), "labels": ["R"], "from": format!("o{at}"), "to": format!("o{}", at + 1),
        });
        json!({ "operation": "insert", "element": element })
    };
    let ties: Vec<Json> = (1..COUNT).map(tie).collect();
    assert_eq!(running.post(&format!("{}\n", json!({ "transaction": ties }))).status, 200);
    wait_for_count_of(&running, "chains", COUNT as u64 - 3);
    let verify = || running.open("POST", "/api/v1/queries/chains/verify", "", "");
    let first = verify();
    let second = verify();
    pause(Duration::from_millis(700));
    let shown = || running.get("/api/v1/queries/chains/verify").json()["verifications"].clone();
    let both = shown();
    assert!(both.as_array().unwrap().len() == 2 && both[0]["what"].is_string(), "{both}");
    let third = running.ask("POST", "/api/v1/queries/chains/verify", "", "");
    assert_eq!((third.status, third.json()["code"].as_str()), (503, Some("LW0704")), "{}", third.body);
    drop((first, second));
    let began = Instant::now();
    loop {
        let before = computed(running.id());
        pause(Duration::from_millis(500));
        if computed(running.id()) - before < 10 {
            break;
        }
        assert!(began.elapsed() < SOON, "it still computes for callers that are gone");
    }
    assert_eq!(shown(), json!([]));
    let third = verify();
    pause(Duration::from_millis(300));
    let began = Instant::now();
    running.stop();
    assert!(began.elapsed() < SOON, "the process took {:?} to stop", began.elapsed());
    drop(third);
}
