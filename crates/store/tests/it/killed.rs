//! A process killed while it writes leaves whole commits only, and every commit that it acknowledged.

use crate::backends::Directory;
use crate::child;
use livewell_store::{Direction, Durability, EmbeddedStore, Store, Version, WriteSet, compare};
use std::io::{BufRead, BufReader};
use std::ops::Bound;
use std::process::Stdio;
use std::time::Duration;

const FEED: u32 = 5;
const ROUNDS: u64 = 20;

/// Returns the commit with a number: the number under several keys, small, long and paged out, and one key that
/// wanders.
fn batch(number: u64) -> WriteSet {
    let epoch = u64::from(number > 0);
    let (expected, next) = (Version { epoch, commit: number }, Version { epoch: 1, commit: number + 1 });
    let mut set = WriteSet { feed: FEED, expected, next, ..WriteSet::default() };
    for (key, length) in [8usize, 40, 700, 9000, 20_000].into_iter().cycle().take(30).enumerate() {
        let mut value = number.to_be_bytes().to_vec();
        value.resize(length, key as u8);
        let mut name = vec![b'k', key as u8];
        name.resize(if key % 10 == 9 { 1000 } else { 2 }, b'x');
        set.put(name, value);
    }
    set.put([b"w", &number.to_be_bytes()[..]].concat(), number.to_be_bytes().to_vec());
    if let Some(last) = number.checked_sub(1) {
        set.delete([b"w", &last.to_be_bytes()[..]].concat());
    }
    set
}

fn commits(store: &EmbeddedStore) -> u64 {
    compare::read_version(&*store.snapshot().expect("a snapshot"), FEED).expect("a version").commit
}

/// Checks that the newest commit is there whole, and nothing else.
fn expect_whole(store: &EmbeddedStore) {
    store.verify().expect("an undamaged store");
    let Some(last) = commits(store).checked_sub(1) else { return };
    let mut expected: Vec<(Vec<u8>, Vec<u8>)> =
        batch(last).writes.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    expected.insert(
        0,
        (compare::version_key(FEED).to_vec(), compare::encode(batch(last).next).expect("a version").to_vec()),
    );
    let snapshot = store.snapshot().expect("a snapshot");
    let scan = snapshot.scan(Bound::Unbounded, Bound::Unbounded, Direction::Forward).expect("a scan");
    let found: Vec<(Vec<u8>, Vec<u8>)> =
        scan.map(|entry| entry.expect("an entry")).map(|(key, value)| (key.into(), value.into())).collect();
    assert!(found == expected, "commit {last} is not whole");
}

#[test]
fn child_writes() {
    let Some((path, durability)) = child::told() else { return };
    let store = EmbeddedStore::open(path, durability).expect("the store");
    loop {
        let number = commits(&store);
        assert_eq!(store.commit(&[batch(number)]).expect("a commit"), [Ok(())]);
        child::say(&format!("acked {}", number + 1));
    }
}

/// Kills a writing child after some time; returns the last commit that it acknowledged.
#[expect(clippy::disallowed_methods, reason = "the moment of the kill is the point")]
fn kill_one(place: &Directory, after: Duration) -> Option<u64> {
    let mut command = child::command("killed::child_writes", place.path.path(), place.durability);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    // The clock starts with the first write, so that slow machines test the same thing.
    let acked = |line: Option<std::io::Result<String>>| -> Option<u64> {
        line?.ok()?.rsplit_once("acked ")?.1.parse().ok()
    };
    let mut last = None;
    while last.is_none() {
        let line = lines.next();
        assert!(line.is_some(), "the child ended by itself");
        last = acked(line);
    }
    let reader =
        std::thread::spawn(move || std::iter::from_fn(|| lines.next()).filter_map(|l| acked(Some(l))).last());
    std::thread::sleep(after);
    child.kill().expect("a kill");
    child.wait().expect("its end");
    reader.join().expect("the reader").or(last)
}

fn killed_again_and_again(durability: Durability) {
    let place = Directory::new(durability);
    for round in 0..ROUNDS {
        let micros = (round * 7919 + 13) * 977 % 30_000;
        let acked = kill_one(&place, Duration::from_micros(micros)).expect("at least one commit");
        let store = place.open_embedded().expect("the store opens at once");
        let found = commits(&store);
        assert!((acked..=acked + 1).contains(&found), "{acked} commits were acknowledged, {found} are there");
        expect_whole(&store);
        // Half of the time the next child finds a store that was not closed cleanly since.
        if round % 2 == 0 {
            assert_eq!(store.commit(&[batch(found)]).expect("a commit"), [Ok(())]);
            expect_whole(&store);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_with_sync() {
    killed_again_and_again(Durability::Sync);
}

#[test]
fn a_killed_process_loses_nothing_acknowledged_with_os() {
    killed_again_and_again(Durability::Os);
}
