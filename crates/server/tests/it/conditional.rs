//! Conditional reads: no rows again while nothing has changed, and an answer at once when something does.

use super::running::{Answer, Running, orders};
use std::thread;
use std::time::{Duration, Instant};

const RESULTS: &str = "/api/v1/queries/big/results";

fn ask(running: &Running, path: &str, etag: &str, more: &str) -> Answer {
    running.ask("GET", path, &format!("if-none-match: {etag}\r\n{more}"), "")
}

fn start() -> (Running, String) {
    let running = Running::start();
    running.wait_until_ready();
    running.post(&orders(&[150, 20]));
    let answer = running.get(&format!("{RESULTS}?position=2&wait=20s"));
    let etag = answer.header("etag").unwrap().to_owned();
    assert!(etag.starts_with("W/\"1-1-"), "{etag}");
    (running, etag)
}

#[test]
fn results_that_a_reader_has_are_not_sent_again_until_they_change() {
    let (running, etag) = start();
    for known in [&etag, "*", etag.trim_start_matches("W/"), &format!("\"other\", {etag}")] {
        for path in [RESULTS.to_owned(), format!("{RESULTS}?limit=1")] {
            let answer = ask(&running, &path, known, "");
            assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{known}");
            assert_eq!(answer.header("etag"), Some(etag.as_str()));
        }
    }
    let other = ask(&running, RESULTS, "W/\"1-0-0\"", "");
    assert_eq!(other.status, 200);
    // What no row depends on changes nothing.
    running.post(&orders(&[150, 30]));
    assert_eq!(ask(&running, &format!("{RESULTS}?position=3&wait=20s"), &etag, "").status, 304);
    running.post(&orders(&[250]));
    let changed = ask(&running, &format!("{RESULTS}?position=4&wait=20s"), &etag, "");
    assert_eq!(
        (changed.status, changed.json()["rows"].as_array().unwrap().len()),
        (200, 1),
        "{}",
        changed.body
    );
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
}

#[test]
fn a_reader_that_prefers_to_wait_is_answered_when_something_changes() {
    let (running, etag) = start();
    let began = Instant::now();
    let waited = ask(&running, RESULTS, &etag, "prefer: wait=1\r\n");
    assert_eq!((waited.status, waited.header("preference-applied")), (304, Some("wait=1")));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    let began = Instant::now();
    let answer = thread::scope(|scope| {
        let reader = scope.spawn(|| ask(&running, RESULTS, &etag, "prefer: wait=50\r\n"));
        thread::park_timeout(Duration::from_millis(300));
        running.post(&orders(&[500]));
        reader.join().unwrap()
    });
    assert_eq!(answer.status, 200);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_stop_does_not_wait_for_those_who_wait() {
    let (mut running, etag) = start();
    let address = running.address.clone();
    let reader = thread::spawn(move || {
        let headers = format!("if-none-match: {etag}\r\nprefer: wait=50\r\nconnection: close\r\n");
        super::running::answer(super::running::send(&address, "GET", RESULTS, &headers, "")).status
    });
    thread::park_timeout(Duration::from_millis(300));
    let began = Instant::now();
    running.stop();
    assert_eq!(reader.join().unwrap(), 304);
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}
