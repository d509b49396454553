//! A machine's clock that is set back, or was never set.

use super::running::{Running, orders};
use super::shim::Shim;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const CONFIG: &str = "store: { kind: embedded, path: data }\n\
    server: { listen: 127.0.0.1:0 }\n\
    sources: [{ id: orders, kind: http }]\n\
    queries: [{ id: late, sources: [orders], cypher: \"MATCH (o:Order) WHERE livewell.trueFor(o.total > 10, duration('PT2S')) RETURN o.id AS id\" }]\n";

/// How long it takes until the query has so many rows.
fn until_rows(server: &Running, count: usize) -> Duration {
    let begun = Instant::now();
    while server.get("/api/v1/queries/late/results").json()["rows"].as_array().unwrap().len() != count {
        assert!(begun.elapsed() < Duration::from_secs(15), "there are never {count} rows");
        std::thread::park_timeout(Duration::from_millis(20));
    }
    begun.elapsed()
}

#[test]
fn a_clock_that_is_set_back_holds_up_no_function_of_time_and_is_said_once() {
    let disk = TempDir::new().unwrap();
    let (shim, environment) = Shim::over(disk.path());
    let ten_years = 10 * 365 * 86_400;
    shim.set_clock(ten_years);
    let mut server = Running::with_environment(CONFIG, environment);
    server.wait_until_ready();
    assert_eq!(server.post(&orders(&[50])).status, 200);
    until_rows(&server, 1);
    shim.set_clock(0);
    for (at, count) in [(2, 2), (3, 3)] {
        let totals: Vec<i64> = (0..at).map(|_| 50).collect();
        assert_eq!(server.post(&orders(&totals)).status, 200);
        let taken = until_rows(&server, count);
        assert!(taken > Duration::from_millis(1_500), "true for two seconds after {taken:?}");
    }
    // Also over a restart.
    let log = server.stop();
    assert_eq!(log.matches("LW0307").count(), 1, "{log}");
    server.start_again();
    server.wait_until_ready();
    assert_eq!(server.post(&orders(&[50, 50, 50, 50])).status, 200);
    until_rows(&server, 4);
    let metrics = server.get("/metrics").body;
    let behind = metrics.lines().find(|line| line.starts_with("livewell_clock_behind_seconds{")).unwrap();
    let seconds: f64 = behind.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((seconds - ten_years as f64).abs() < 100.0, "{behind}");
    assert!(metrics.contains("livewell_panics_total 0"), "{metrics}");
    let verified = server.ask("POST", "/api/v1/queries/late/verify", "", "");
    assert_eq!(verified.json()["equal"], true, "{}", verified.body);
}

#[test]
fn a_clock_before_1970_is_refused_at_once() {
    let disk = TempDir::new().unwrap();
    let (shim, environment) = Shim::over(disk.path());
    shim.set_clock(-100 * 365 * 86_400);
    std::fs::write(disk.path().join("livewell.yaml"), CONFIG).unwrap();
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
    command.args(["run", "livewell.yaml"]).current_dir(disk.path()).envs(environment);
    let ran = command.output().unwrap();
    let text = String::from_utf8_lossy(&ran.stderr);
    assert!(text.contains("LW0308") && text.contains("1970"), "{text}");
    assert_eq!(ran.status.code(), Some(1), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
