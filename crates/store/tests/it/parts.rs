//! Log entries in parts: reading an entry returns all of it, and reading its parts returns each.

use livewell_store::keyspace::{PART_BYTES, log_part_key};
use livewell_store::{Feed, Head, MemoryStore, Store, Version, WriteSet};

const FEED: u32 = 5;
const EPOCH: u64 = 1;

/// Makes a feed whose entries have these parts.
fn feed(entries: &[&[Vec<u8>]]) -> Feed {
    let store = MemoryStore::new();
    let mut set = WriteSet { feed: FEED, next: Version { epoch: EPOCH, commit: 1 }, ..WriteSet::default() };
    for (sequence, parts) in (1..).zip(entries) {
        for (part, bytes) in (0..).zip(*parts) {
            set.put(log_part_key(FEED, EPOCH, sequence, part), bytes.clone());
        }
    }
    let head = Head { epoch: EPOCH, sequence: entries.len() as u64, low: 1, ..Head::default() };
    set.put(Head::key(FEED), head.encode());
    store.commit(&[set]).expect("a commit")[0].expect("no conflict");
    Feed::open(store.snapshot().expect("a snapshot"), FEED).expect("a head").expect("a feed")
}

#[test]
fn an_entry_in_parts_is_read_whole_or_begun_and_part_by_part() {
    let long = [vec![1; PART_BYTES], vec![2; PART_BYTES + 5], vec![3; 9]];
    let feed = feed(&[&[vec![7]], &long, &[vec![8]], &[vec![9; PART_BYTES]], &[vec![4]]]);
    let all = feed.log(EPOCH, 0, 10, usize::MAX).expect("a log");
    let sequences: Vec<u64> = all.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4, 5]);
    assert_eq!(all[1].bytes, long.concat());
    assert_eq!(feed.log(EPOCH, 0, 3, usize::MAX).expect("a log").len(), 3);
    assert_eq!(feed.log(EPOCH, 0, 10, PART_BYTES).expect("a log").len(), 2);
    // A long entry is the last of those that are read at once.
    let begun = feed.log_begun(EPOCH, 1, 10, usize::MAX).expect("a log");
    assert_eq!((begun.len(), begun[0].is_begun), (1, true));
    assert_eq!(begun[0].bytes, long[0]);
    let parts: Vec<Vec<u8>> =
        feed.parts(EPOCH, 2).expect("parts").map(|part| part.unwrap().into_owned()).collect();
    assert_eq!(parts, long);
    // An entry of just that length has no further part, and limits hold.
    let rest = feed.log_begun(EPOCH, 2, 10, usize::MAX).expect("a log");
    assert_eq!(
        rest.iter().map(|entry| (entry.sequence, entry.is_begun)).collect::<Vec<_>>(),
        [(3, false), (4, false), (5, false)]
    );
    assert_eq!(feed.log_begun(EPOCH, 2, 2, usize::MAX).expect("a log").len(), 2);
    assert_eq!(feed.log_begun(EPOCH, 2, 10, 2).expect("a log").len(), 2);
}

#[test]
fn a_missing_part_is_damage() {
    let store_of = |skipped: u32| {
        let parts: Vec<Vec<u8>> = (0..3).map(|_| vec![1; PART_BYTES]).collect();
        let store = MemoryStore::new();
        let next = Version { epoch: EPOCH, commit: 1 };
        let mut set = WriteSet { feed: FEED, next, ..WriteSet::default() };
        for (part, bytes) in (0..).zip(parts).filter(|(part, _)| *part != skipped) {
            set.put(log_part_key(FEED, EPOCH, 1, part), bytes);
        }
        set.put(Head::key(FEED), Head { epoch: EPOCH, sequence: 1, low: 1, ..Head::default() }.encode());
        store.commit(&[set]).expect("a commit")[0].expect("no conflict");
        Feed::open(store.snapshot().expect("a snapshot"), FEED).expect("a head").expect("a feed")
    };
    for skipped in [0, 1] {
        let error = store_of(skipped).log(EPOCH, 0, 10, usize::MAX).expect_err("damage");
        assert!(
            error.to_string().contains("missing") || error.to_string().contains("no log entry"),
            "{error}"
        );
    }
}
