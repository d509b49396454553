//! Transactions that are larger than memory: taken in whole, seen whole, in constant memory.

use super::running::Running;
use livewell_services::{Postgres, pause};
use serde_json::Value as Json;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many rows one transaction changes, unless `LIVEWELL_VAST_ROWS` says otherwise.
const ROWS: u64 = 100_000;
/// The most anonymous memory that the process may have, in bytes, however many rows there are.
const MEMORY_MAX: usize = 300 << 20;

fn number_of_rows() -> u64 {
    let variable = std::env::var("LIVEWELL_VAST_ROWS");
    variable.map_or(ROWS, |text| text.parse().expect("`LIVEWELL_VAST_ROWS` is a number"))
}

fn start(postgres: &Postgres) -> Running {
    Running::of(&format!(
        "store: {{ kind: embedded, path: data }}\n\
         server:\n  listen: 127.0.0.1:0\n\
         sources:\n  - id: s\n    kind: postgres\n    url: '{}'\n    \
         tables: [ {{ table: t }} ]\n    limits: {{ changes_max: 5000000 }}\n\
         queries:\n  - {{ id: sums, sources: [s], cypher: 'MATCH (n:t) RETURN count(n) AS n, sum(n.a) AS a' }}\n\
         \x20 - {{ id: groups, sources: [s], cypher: 'MATCH (n:t) RETURN n.g AS g, count(*) AS n' }}\n\
         \x20 - {{ id: all, sources: [s], cypher: 'MATCH (n:t) RETURN n.id AS id, n.a AS a' }}\n",
        postgres.url()
    ))
}

/// The one row of `sums`: how many rows there are, and the sum of their `a`.
fn sums(running: &Running) -> Option<(u64, u64)> {
    let answer = running.get("/api/v1/queries/sums/results");
    let row = &answer.json()["rows"][0]["data"];
    Some((row["n"].as_u64()?, row["a"].as_u64().unwrap_or(0)))
}

/// Waits for the sums of a transaction, and sees none in between.
fn follow(running: &Running, before: (u64, u64), after: (u64, u64)) -> Duration {
    let began = Instant::now();
    loop {
        match sums(running) {
            Some(seen) if seen == after => return began.elapsed(),
            Some(seen) => assert_eq!(seen, before, "half of a transaction"),
            None => {}
        }
        let errors = running.get("/api/v1/status").body;
        assert!(!errors.contains("\"error\":\""), "{errors}");
        assert!(began.elapsed() < Duration::from_secs(3_600), "it does not come: {errors}");
        pause(Duration::from_millis(100));
    }
}

/// Whether every query has caught up, and with how many rows.
fn settle(running: &Running, rows: u64) {
    for (query, expected) in [("all", rows), ("groups", rows.min(10))] {
        loop {
            let status: Json = running.get(&format!("/api/v1/queries/{query}")).json();
            if status["rows"] == expected && status["state"] == "caught_up" {
                break;
            }
            assert_ne!(status["state"], "error", "{status}");
            pause(Duration::from_millis(100));
        }
    }
}

pub fn anonymous_memory(process: u32) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? << 10)
}

#[test]
fn transactions_larger_than_memory_are_seen_whole_and_take_constant_memory() {
    let rows = number_of_rows();
    let postgres = Postgres::start_with(&livewell_services::Options {
        settings: vec!["logical_decoding_work_mem=64kB".into(), "max_wal_size=8GB".into()],
        ..livewell_services::Options::default()
    });
    postgres.sql("create table t (id int primary key, a int, g int, note text)");
    let running = start(&postgres);
    running.wait_until_ready();
    let (process, is_over, most) = (running.id(), AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                most.fetch_max(anonymous_memory(process).unwrap_or(0), Ordering::Relaxed);
                pause(Duration::from_millis(20));
            }
        });
        let steps = [
            (
                format!("insert into t select g, 0, g % 10, 'row ' || g from generate_series(1, {rows}) g"),
                (rows, 0),
            ),
            // Each row twice, and half of them under another key.
            (
                format!(
                    "begin; update t set a = a + 1; update t set id = id + {rows}, a = 3 where id % 2 = 0; commit"
                ),
                (rows, rows / 2 + rows / 2 * 3),
            ),
            ("truncate t".to_owned(), (0, 0)),
        ];
        let mut before = (0, 0);
        for (sql, after) in steps {
            postgres.sql(&sql);
            let took = follow(&running, before, after);
            settle(&running, after.0);
            let memory = most.load(Ordering::Relaxed) >> 20;
            let _ = writeln!(
                std::io::stdout(),
                "counted: {rows} rows, {} s, up to {memory} MiB of anonymous memory",
                took.as_secs()
            );
            before = after;
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let most = most.into_inner();
    assert!(most < MEMORY_MAX, "{} MiB of anonymous memory", most >> 20);
}
