//! A damaged store through the binary: exit code 1 with a message, never a wrong answer; `store inspect` names it.

use super::place::{Place, Ran};
use super::running::{Events, Running, orders};
use super::text;
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Durability, EmbeddedStore, Feed, Store, WriteSet, catalog, compare};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const CONFIG: &str = "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\n\
                      queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x, n.text AS text' }\n";
/// What `verify` says of the whole store.
const RIGHT: &str = "`q` is right: 200 rows at sequence 200\n";
/// How many places are damaged, each with a handful of commands over it.
const FLIPS: u64 = 40;
/// How many stores are damaged at many places at once, and at how many.
const STORES: u64 = 12;
const PLACES: u64 = 400;

/// A store that was run to idle, and what its query gives.
fn whole() -> (Place, String) {
    let line = |x: u32| {
        let text = "word ".repeat(40);
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"n{x}","labels":["A"],"properties":{{"x":{x},"text":"{text}"}}}}}}"#
        )
    };
    let lines: Vec<String> = (0..200).map(line).collect();
    let place = Place::new(CONFIG, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    place.run().expect(0, &[]);
    let rows = place.results("q");
    assert_eq!(rows.lines().count(), 200);
    let inspected = place.livewell(&["store", "inspect", "livewell-data"]);
    assert!(inspected.expect(0, &[]).out.ends_with("no damage found\n"));
    std::fs::rename(place.file("livewell-data"), place.file("kept")).unwrap();
    (place, rows)
}

/// Puts a fresh copy of the store in its place; returns its data file.
fn copy(place: &Place) -> PathBuf {
    let (from, to) = (place.file("kept"), place.file("livewell-data"));
    let _ = std::fs::remove_dir_all(&to);
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let files = std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path());
    files.max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

/// Reads, inspects and runs on: right each time, or refused. Says whether reading was refused.
fn expect_right_or_refused(place: &Place, rows: &str, what: &str) -> bool {
    let refused = is_refused(&place.livewell(&["results", "q", "--store", "livewell-data"]), rows, what);
    is_refused(&place.livewell(&["verify", "q", "--store", "livewell-data"]), RIGHT, what);
    let status = place.livewell(&["status", "--store", "livewell-data"]);
    assert!(matches!(status.status.code(), Some(0 | 1)), "{what}: {status:?}");
    let inspected = place.livewell(&["store", "inspect", "livewell-data"]);
    match inspected.status.code() {
        Some(0) => assert!(!refused, "{what}: reading is refused, and `store inspect` finds nothing"),
        Some(1) => assert!(inspected.err.contains("LW03"), "{what}: {}", inspected.err),
        code => panic!("{what}: `store inspect` ends with {code:?}: {}", inspected.err),
    }
    let ran = place.run();
    match ran.status.code() {
        Some(0) => {
            is_refused(&place.livewell(&["results", "q", "--store", "livewell-data"]), rows, what);
        }
        Some(1) => assert!(ran.err.contains("[LW"), "{what}: {}", ran.err),
        // The process that runs reads the store itself, and damage within a page ends it.
        code => assert_eq!(code, None, "{what}: {}", ran.err),
    }
    refused
}

/// Nothing but `right` was said, or nothing at all with exit code 1 and a reason.
fn is_refused(ran: &Ran, right: &str, what: &str) -> bool {
    match ran.status.code() {
        Some(0) => assert_eq!(ran.out, right, "{what}"),
        Some(1) => {
            assert!(ran.err.contains("[LW"), "{what}: {}", ran.err);
            assert_eq!(ran.out, "", "{what}: a part of what is damaged was shown");
        }
        code => panic!("{what}: exit code {code:?}: {}", ran.err),
    }
    ran.status.code() == Some(1)
}

#[test]
fn a_store_cut_short_is_refused_or_whole() {
    let (place, rows) = whole();
    let length = copy(&place).metadata().unwrap().len();
    let mut refused = 0;
    for length in [0, 1, 4_095, 4_096, 8_192, length / 4, length / 2, length - length / 8, length - 1] {
        OpenOptions::new().write(true).open(copy(&place)).unwrap().set_len(length).unwrap();
        refused += u32::from(expect_right_or_refused(&place, &rows, &format!("cut to {length}")));
    }
    assert!(refused >= 5, "only {refused} cuts were noticed");
}

#[test]
fn a_flipped_bit_is_refused_or_without_effect() {
    let (place, rows) = whole();
    let used = used(&copy(&place));
    let mut refused = 0;
    for number in 0..FLIPS {
        let (offset, bit) = (used * number / FLIPS + number * 37 % 64, number % 8);
        flip(&copy(&place), offset, bit);
        refused += u32::from(expect_right_or_refused(&place, &rows, &format!("bit {bit} of byte {offset}")));
    }
    assert!(refused > 0, "no flip was noticed");
}

#[test]
fn many_flipped_bits_are_refused() {
    let (place, rows) = whole();
    let used = used(&copy(&place));
    let mut refused = 0;
    for store in 0..STORES {
        let data = copy(&place);
        for number in 0..PLACES {
            // Behind the first two pages: where those are broken, nothing else is looked at.
            let begin = 2 * 4_096;
            let far = (number * PLACES + store * 977) * 7_919 % (used - begin);
            flip(&data, begin + far, (number + store) % 8);
        }
        refused += u64::from(expect_right_or_refused(&place, &rows, &format!("store {store}")));
    }
    assert_eq!(refused, STORES);
}

fn flip(data: &Path, offset: u64, bit: u64) {
    let file = OpenOptions::new().read(true).write(true).open(data).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).unwrap();
    byte[0] ^= 1 << bit;
    file.write_all_at(&byte, offset).unwrap();
}

/// Up to where the file holds anything; behind that is room.
fn used(data: &Path) -> u64 {
    let bytes = std::fs::read(data).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}

#[test]
fn rows_that_are_not_all_are_served_by_none_as_a_result() {
    let mut running = Running::start();
    running.post(&orders(&[101; 25]));
    running.get("/api/v1/queries/big/results?position=25&wait=20s");
    running.stop();
    lose_a_row(&running.store(), "big");
    running.kill_and_start_again();
    running.wait_until_ready();
    let mut whole = String::new();
    let path = "/api/v1/queries/big/results";
    let mut stream = running.open("GET", path, "connection: close\r\n", "");
    // A body that is cut off lacks its last chunk.
    let _ = stream.read_to_string(&mut whole);
    assert!(whole.starts_with("HTTP/1.1 200") && !whole.ends_with("0\r\n\r\n"), "{whole}");
    let page = running.get(&format!("{path}?limit=10")).json();
    let page = running.get(&format!("{path}?limit=10&cursor={}", page["cursor"].as_str().unwrap())).json();
    let last = running.get(&format!("{path}?limit=10&cursor={}", page["cursor"].as_str().unwrap()));
    assert_eq!((last.status, last.json()["code"].as_str()), (500, Some("LW0303")), "{}", last.body);
    let mut events =
        Events::of(running.open("GET", "/api/v1/queries/big/changes", "connection: close\r\n", ""));
    let seen: Vec<String> = std::iter::from_fn(|| events.next()).map(|(name, ..)| name).collect();
    assert_eq!(seen, Vec::<String>::new(), "no snapshot is given for whole");
    let asked = running.command(&["results", "big"]);
    assert_eq!(asked.status.code(), Some(1), "{}", text(&asked.stderr));
    assert!(text(&asked.stderr).contains("[LW0710]"), "{}", text(&asked.stderr));
}

/// Deletes a row of the query and leaves everything else as it is, also the count of the rows.
fn lose_a_row(store: &Path, query: &str) {
    let store = EmbeddedStore::open(store, Durability::Os).unwrap();
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, query).unwrap().unwrap().number;
    let feed = Feed::open(snapshot.clone(), number).unwrap().unwrap();
    let (key, _) = feed.entries(None).unwrap().next().unwrap().unwrap();
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    set.delete(snapshot_key(number, feed.head.generation, &key));
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
}
