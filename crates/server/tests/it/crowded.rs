//! A server that has no room now says so with 429 and when to come again, takes nothing in, and goes on once it has.

use super::running::{Answer, Running, orders};
use livewell_store::{Durability, EmbeddedStore, Head, Store, WriteSet, catalog, compare};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How many bytes of bodies a server holds at once, and how many one body may have.
const BODIES_BYTES: usize = 256 << 20;
const BODY_BYTES: usize = 64 << 20;
/// How many transactions the log of a source holds at most.
const LOG_ENTRIES: u64 = 1_000_000;

/// The answer is 429 with this code, and asks to come again.
#[track_caller]
fn expect_come_again(answer: &Answer, code: &str) {
    assert_eq!((answer.status, answer.json()["code"].as_str()), (429, Some(code)), "{}", answer.body);
    let seconds: u64 = answer.header("retry-after").expect("it says when").parse().expect("in seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
}

/// A body that is sent but for its last byte.
fn held_body(running: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(&running.address).unwrap();
    let head = "POST /api/v1/sources/orders/changes HTTP/1.1\r\nhost: localhost\r\ncontent-length:";
    write!(stream, "{head} {BODY_BYTES}\r\n\r\n").unwrap();
    let mebibyte = vec![b' '; 1 << 20];
    for _ in 1..BODY_BYTES >> 20 {
        stream.write_all(&mebibyte).unwrap();
    }
    stream.write_all(&mebibyte[1..]).unwrap();
    stream
}

#[test]
fn more_than_it_holds_at_once_is_to_come_again() {
    let running = Running::start();
    let order = orders(&[250]);
    assert_eq!(running.post(&order).status, 200);
    // What is sent meanwhile could take the room of one that is to be held: it is asked once, after a pause.
    let crowded = (1..8).find_map(|attempt| {
        let held: Vec<TcpStream> = (0..BODIES_BYTES / BODY_BYTES).map(|_| held_body(&running)).collect();
        std::thread::park_timeout(Duration::from_millis(500) * attempt);
        let answer = running.post(&order);
        (answer.status != 200).then_some((held, answer))
    });
    let (held, answer) = crowded.expect("it holds no more than so many bytes");
    expect_come_again(&answer, "LW0704");
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(20);
    while running.post(&order).status != 200 {
        assert!(Instant::now() < deadline, "the room of clients that have gone is not released");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn a_full_log_is_to_come_again_and_nothing_of_the_body_is_taken_in() {
    let idle =
        "  - { id: late, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id', enabled: false }\n";
    let mut running = Running::start_with("", "", idle);
    assert_eq!(running.post(&orders(&[250])).status, 200);
    running.stop();
    fill_log(&running.store(), "orders");
    running.kill_and_start_again();
    running.wait_until_ready();
    expect_come_again(&running.post(&orders(&[251, 252])), "LW0524");
    let rows = running.get("/api/v1/queries/big/results").json()["rows"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["data"]["total"], 250);
    assert_eq!(running.get("/api/v1/sources/orders").json()["sequence"], 1);
}

/// Has the source's head say that its log is full; a million transactions would take long.
fn fill_log(store: &Path, source: &str) {
    let store = EmbeddedStore::open(store, Durability::Os).unwrap();
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, source).unwrap().unwrap().number;
    let head = Head { log_entries: LOG_ENTRIES, ..Head::read(&*snapshot, number).unwrap().unwrap() };
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    set.put(Head::key(number), head.encode());
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
}
