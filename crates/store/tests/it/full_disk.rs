//! A full disk is an error, leaves nothing half written, and work resumes once there is room.

use crate::small_disk::SmallDisk;
use livewell_store::{Durability, EmbeddedStore, IndexError, Store, Version, WriteSet, compare};
use std::fs;

fn batch(number: u64) -> WriteSet {
    let epoch = u64::from(number > 0);
    let (expected, next) = (Version { epoch, commit: number }, Version { epoch: 1, commit: number + 1 });
    let mut set = WriteSet { feed: 1, expected, next, ..WriteSet::default() };
    for row in 0..40u64 {
        let key = (number * 40 + row).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec();
        set.put(key, vec![number as u8; if row % 20 == 0 { 6000 } else { 200 }]);
    }
    set
}

/// Commits until the disk is full; returns the number of the first commit that failed.
fn write_until_full(store: &dyn Store, mut number: u64) -> u64 {
    loop {
        match store.commit(&[batch(number)]) {
            Ok(fates) => assert_eq!(fates, [Ok(())]),
            Err(IndexError::Full(_)) => return number,
            Err(other) => panic!("instead of being full: {other:?}"),
        }
        number += 1;
        assert!(number < 20_000, "the disk is never full");
    }
}

fn expect_commits(store: &EmbeddedStore, count: u64) {
    store.verify().expect("an undamaged store");
    let snapshot = store.snapshot().expect("a snapshot");
    assert_eq!(compare::read_version(&*snapshot, 1).expect("a version").commit, count);
    for number in 0..count + 2 {
        for (key, value) in batch(number).writes {
            let found = snapshot.get(&key).expect("a read");
            assert_eq!(found.as_deref(), value.as_deref().filter(|_| number < count), "commit {number}");
        }
    }
}

fn full(durability: Durability) {
    let Some(disk) = SmallDisk::mount(24) else { return };
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![1; 6 << 20]).expect("a filler");
    let path = disk.path().join("store");
    let store = EmbeddedStore::open(&path, durability).expect("a store");
    let first = write_until_full(&store, 0);
    assert!(first > 10, "full after {first} commits");
    expect_commits(&store, first);
    // The last bytes are used as well, so that not even a page is left.
    let mut rest = 1 << 20;
    while rest > 0 {
        let more = fs::File::options().append(true).create(true).open(disk.path().join("more"));
        if std::io::Write::write_all(&mut more.expect("a file"), &vec![1; rest]).is_err() {
            rest /= 2;
        }
    }
    assert_eq!(write_until_full(&store, first), first);
    assert!(matches!(store.check_room(), Err(IndexError::Full(_))), "it is still full");
    expect_commits(&store, first);
    fs::remove_file(&filler).expect("room");
    store.check_room().expect("there is room by now");
    let second = write_until_full(&store, first);
    assert!(second > first, "room was made and not used");
    expect_commits(&store, second);
    drop(store);
    fs::remove_file(disk.path().join("more")).expect("room");
    expect_commits(&EmbeddedStore::open(&path, durability).expect("the store"), second);
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_lost_with_sync() {
    full(Durability::Sync);
}

#[test]
fn a_full_disk_is_an_error_and_nothing_is_lost_with_os() {
    full(Durability::Os);
}

#[test]
fn a_store_is_not_begun_on_a_full_disk() {
    for durability in [Durability::Sync, Durability::Os] {
        let Some(disk) = SmallDisk::mount(1) else { return };
        let _ = fs::write(disk.path().join("filler"), vec![1; 1 << 20]);
        let error =
            EmbeddedStore::open(disk.path().join("store"), durability).map(|_| ()).expect_err("no room");
        assert!(matches!(error, IndexError::Full(_)), "{error:?}");
        fs::remove_file(disk.path().join("filler")).expect("room");
    }
}
