//! A backup holds one commit of a store that is written meanwhile, and anything that is not a whole backup is
//! refused.

use crate::child;
use livewell_model::Timestamp;
use livewell_store::backup::{self, Manifest, Unfinished, begin_epochs, restore};
use livewell_store::checkpoint::Checkpoint;
use livewell_store::head::{EpochRecord, Head};
use livewell_store::{
    Durability, EmbeddedStore, Feed, IndexError, MemoryStore, Resume, Store, Version, WriteSet, catalog,
    compare,
};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

const KEYS: u64 = 3_000;
const NOW: Timestamp = Timestamp(1_764_399_127_000_000_000);

/// Makes a commit that writes its number under all of 40 keys, under 60 others in turn, and values of other sizes.
fn commit(store: &dyn Store, number: u64) {
    let expected = compare::read_version(&*store.snapshot().unwrap(), 1).unwrap();
    let next = Version { epoch: 1, commit: expected.commit + 1 };
    let mut set = WriteSet { feed: 1, expected, next, ..WriteSet::default() };
    for key in 0..40u64 {
        set.put([b"same".as_slice(), &key.to_be_bytes()].concat(), number.to_be_bytes().to_vec());
    }
    for step in 0..60u64 {
        let (name, length) = in_turn(number, step);
        set.put(name, vec![number as u8; length]);
    }
    assert_eq!(store.commit(&[set]).unwrap(), [Ok(())]);
}

/// Returns the number of the commit that a store holds, and checks that it is whole: it and all before it, nothing
/// later.
fn expect_one_commit(store: &EmbeddedStore) -> u64 {
    store.verify().unwrap();
    let snapshot = store.snapshot().unwrap();
    let read = |key: u64| snapshot.get(&[b"same".as_slice(), &key.to_be_bytes()].concat()).unwrap().unwrap();
    let number = u64::from_be_bytes((*read(0)).try_into().unwrap());
    assert!((1..40).all(|key| *read(key) == number.to_be_bytes()));
    // Every key has its turn once in 50 commits.
    for turn in 0..50 {
        let last = (number >= turn).then(|| number - (number - turn) % 50);
        for (name, length) in (0..60).map(|step| in_turn(turn, step)) {
            let expected = last.map(|last| vec![last as u8; length]);
            assert_eq!(
                snapshot.get(&name).unwrap().as_deref(),
                expected.as_deref(),
                "turn {turn} at {number}"
            );
        }
    }
    number
}

/// Returns the key of a step, and the length of its values.
fn in_turn(number: u64, step: u64) -> (Vec<u8>, usize) {
    let key = (number * 60 + step) * 7919 % KEYS;
    let mut name = [b"turn".as_slice(), &key.to_be_bytes()].concat();
    name.resize(if key.is_multiple_of(70) { 600 } else { name.len() }, b'l');
    (name, if key.is_multiple_of(50) { 9_000 } else { 40 + key as usize % 300 })
}

fn restored(backup: &Path, into: &Path) -> EmbeddedStore {
    restore(backup, into, NOW, &|_| Ok(())).unwrap();
    EmbeddedStore::open(into, Durability::Sync).unwrap()
}

/// Stops the writer, even if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn backups_of_a_store_under_writes_are_each_the_state_of_one_commit() {
    for durability in [Durability::Os, Durability::Sync] {
        let place = TempDir::new().unwrap();
        let store = EmbeddedStore::open(place.path().join("store"), durability).unwrap();
        commit(&store, 0);
        let stop = AtomicBool::new(false);
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let _stopped = Stop(&stop);
            scope.spawn(|| {
                let mut number = 1;
                while !stop.load(Ordering::Relaxed) {
                    commit(&store, number);
                    number += 1;
                }
            });
            let back_up = |count: u32| {
                let path = place.path().join(format!("backup-{count}"));
                let manifest = backup::write(&store, &path, NOW).unwrap();
                assert_eq!(
                    (manifest.store, manifest.bytes),
                    (store.id(), path.join("data.mdb").metadata().unwrap().len())
                );
                assert_eq!(Manifest::read(&path).unwrap(), manifest);
                expect_one_commit(&restored(&path, &place.path().join(format!("restored-{count}"))))
            };
            (0..6).map(back_up).collect()
        });
        assert!(numbers.is_sorted() && numbers[0] < numbers[5], "{numbers:?}");
    }
}

#[test]
fn a_restored_store_goes_on_and_can_be_backed_up_again() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    let store = EmbeddedStore::open(path("store"), Durability::Sync).unwrap();
    (0..200).for_each(|number| commit(&store, number));
    backup::write(&store, &path("first"), NOW).unwrap();
    let again = restored(&path("first"), &path("again"));
    assert_eq!(again.id(), store.id());
    (200..260).for_each(|number| commit(&again, number));
    backup::write(&again, &path("second"), NOW).unwrap();
    drop(again);
    assert_eq!(expect_one_commit(&EmbeddedStore::open(path("again"), Durability::Os).unwrap()), 259);
    assert_eq!(expect_one_commit(&restored(&path("second"), &path("third"))), 259);
    assert_eq!(expect_one_commit(&store), 199);
}

fn refusal<T: std::fmt::Debug>(outcome: Result<T, IndexError>, code: &str, says: &str) {
    let error = outcome.unwrap_err();
    assert!(error.code() == code && error.to_string().contains(says), "{} of {code}: {error}", error.code());
}

#[test]
fn a_backup_and_a_restore_touch_nothing_that_is_there() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    let store = EmbeddedStore::open(path("store"), Durability::Sync).unwrap();
    commit(&store, 0);
    backup::write(&store, &path("backup"), NOW).unwrap();
    refusal(backup::write(&store, &path("backup"), NOW), "LW0312", "there is a backup in");
    refusal(backup::write(&store, &path("store"), NOW), "LW0312", "is in use");
    for within in ["store/backup", "store/far/below"] {
        refusal(backup::write(&store, &path(within), NOW), "LW0312", "is within the store");
        let into = path(within);
        refusal(restore(&path("backup"), &into, NOW, &|_| Ok(())), "LW0312", "is within the store");
        assert!(!path("store/backup").exists() && !path("store/far").exists());
    }
    fs::create_dir(path("other")).unwrap();
    fs::write(path("other/notes.txt"), "mine").unwrap();
    refusal(backup::write(&store, &path("other"), NOW), "LW0312", "there are files in");
    let again = |into: &str| restore(&path("backup"), &path(into), NOW, &|_| Ok(()));
    refusal(again("other"), "LW0312", "is not empty (notes.txt)");
    refusal(again("backup"), "LW0312", "is not empty");
    refusal(again("store"), "LW0312", "is in use");
    drop(store);
    refusal(again("store"), "LW0312", "is not empty");
    refusal(backup::write(&MemoryStore::new(), &path("memory"), NOW), "LW0300", "in memory");
    refusal(
        EmbeddedStore::open(path("backup"), Durability::Sync).map(drop),
        "LW0304",
        "is not a Livewell store",
    );
    fs::create_dir(path("empty")).unwrap();
    again("empty").unwrap();
    assert_eq!(expect_one_commit(&EmbeddedStore::open(path("store"), Durability::Sync).unwrap()), 0);
    assert_eq!(fs::read_to_string(path("other/notes.txt")).unwrap(), "mine");
}

#[test]
fn a_backup_that_is_not_whole_is_refused() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    let store = EmbeddedStore::open(path("store"), Durability::Sync).unwrap();
    (0..60).for_each(|number| commit(&store, number));
    backup::write(&store, &path("backup"), NOW).unwrap();
    let length = path("backup/data.mdb").metadata().unwrap().len();
    let damaged = |what: &str, change: &dyn Fn(&Path)| {
        for name in ["damaged", "into"] {
            let _ = fs::remove_dir_all(path(name));
        }
        child::copy(&path("backup"), &path("damaged"));
        change(&path("damaged"));
        let outcome = restore(&path("damaged"), &path("into"), NOW, &|_| Ok(()));
        assert_eq!(outcome.as_ref().map_err(IndexError::code), Err("LW0311"), "{what}: {outcome:?}");
        assert!(
            !path("into").exists() || EmbeddedStore::open(path("into"), Durability::Sync).is_err(),
            "{what}"
        );
    };
    for step in 0..16 {
        let (offset, bit) = (length * step / 16 + step % 7, step % 8);
        damaged(&format!("bit {bit} of {offset}"), &|directory| {
            let file = fs::File::options().read(true).write(true).open(directory.join("data.mdb")).unwrap();
            let mut byte = [0];
            file.read_exact_at(&mut byte, offset).unwrap();
            file.write_all_at(&[byte[0] ^ 1 << bit], offset).unwrap();
        });
    }
    for cut in [0, 1, 4_096, length / 2, length - 4_096, length - 1] {
        damaged(&format!("cut to {cut}"), &|directory| {
            fs::File::options().write(true).open(directory.join("data.mdb")).unwrap().set_len(cut).unwrap();
        });
    }
    damaged("no data", &|directory| fs::remove_file(directory.join("data.mdb")).unwrap());
    damaged("no manifest", &|directory| fs::remove_file(directory.join("MANIFEST")).unwrap());
    damaged("half a manifest", &|directory| {
        fs::File::options().write(true).open(directory.join("MANIFEST")).unwrap().set_len(100).unwrap();
    });
}

#[test]
fn child_backs_up() {
    let Some((place, _)) = child::told() else { return };
    let store = EmbeddedStore::open(place.join("store"), Durability::Os).unwrap();
    child::say("begins");
    backup::write(&store, &place.join("backup"), NOW).unwrap();
    restore(&place.join("backup"), &place.join("restored"), NOW, &|_| Ok(())).unwrap();
    child::say("done");
}

#[test]
fn a_process_killed_in_a_backup_or_a_restore_leaves_none_or_a_whole_one_and_the_next_takes_its_place() {
    let place = TempDir::new().unwrap();
    let path = |name: &str| place.path().join(name);
    let store = EmbeddedStore::open(path("store"), Durability::Os).unwrap();
    (0..400).for_each(|number| commit(&store, number));
    drop(store);
    let (mut unfinished, mut whole, mut interrupted) = (0, 0, 0);
    for round in 0..12u64 {
        let mut command = child::command("backups::child_backs_up", place.path(), Durability::Os);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut said = std::io::BufReader::new(child.stdout.take().unwrap());
        while !line.ends_with("begins\n") {
            assert!(std::io::BufRead::read_line(&mut said, &mut line).unwrap() > 0, "{line}");
        }
        std::thread::park_timeout(std::time::Duration::from_millis(round * 20));
        child.kill().unwrap();
        child.wait().unwrap();
        match Manifest::read(&path("backup")) {
            Ok(_) => whole += 1,
            Err(error) => {
                assert_eq!(error.code(), "LW0311", "{error}");
                unfinished += 1;
                refusal(restore(&path("backup"), &path("into"), NOW, &|_| Ok(())), "LW0311", "backup");
            }
        }
        match EmbeddedStore::open(path("restored"), Durability::Os) {
            Ok(store) if path("restored/FORMAT").exists() && path("backup").exists() => {
                let is_new =
                    store.snapshot().unwrap().get(&[b"same".as_slice(), &[0; 8]].concat()).unwrap().is_none();
                // Before the restore began there was no directory, and a new store is made in it.
                assert!(is_new || expect_one_commit(&store) == 399);
            }
            Ok(_) => {}
            Err(error) => {
                assert!(error.to_string().contains("being restored"), "{error}");
                interrupted += 1;
                restore(&path("backup"), &path("restored"), NOW, &|_| Ok(())).unwrap();
                assert_eq!(
                    expect_one_commit(&EmbeddedStore::open(path("restored"), Durability::Os).unwrap()),
                    399
                );
            }
        }
        let _ = (fs::remove_dir_all(path("restored")), fs::remove_dir_all(path("into")));
        if Manifest::read(&path("backup")).is_ok() {
            fs::remove_dir_all(path("backup")).unwrap();
        }
    }
    assert!(unfinished > 0, "{unfinished} unfinished, {whole} whole, {interrupted} interrupted");
    let store = EmbeddedStore::open(path("store"), Durability::Os).unwrap();
    backup::write(&store, &path("backup"), NOW).unwrap();
    assert_eq!(expect_one_commit(&restored(&path("backup"), &path("last"))), 399);
}

#[test]
fn two_backups_are_not_written_in_one_place() {
    let place = TempDir::new().unwrap();
    let _first = Unfinished::begin(place.path()).unwrap();
    refusal(Unfinished::begin(place.path()), "LW0312", "is in use");
}

/// Makes a source, a query that has read half of its log, and a reaction of the query.
fn chain(store: &dyn Store) -> [u32; 3] {
    let expected = compare::read_version(&*store.snapshot().unwrap(), catalog::CATALOG).unwrap();
    let mut set =
        WriteSet { feed: catalog::CATALOG, expected, next: expected.after(), ..WriteSet::default() };
    let snapshot = store.snapshot().unwrap();
    let kinds = [("s", catalog::Kind::Source), ("q", catalog::Kind::Query), ("r", catalog::Kind::Reaction)];
    let numbers = kinds.map(|(id, kind)| {
        catalog::put_epoch(&mut set, id, 4);
        catalog::register(&*snapshot, &mut set, kind, id, "").unwrap().number
    });
    let [source, query, reaction] = numbers;
    for (number, entries) in [(source, 10u64), (query, 6)] {
        let head = Head {
            epoch: 4,
            generation: 1,
            last_generation: 1,
            low: 1,
            sequence: entries,
            log_entries: entries,
            log_bytes: entries,
            ..Head::default()
        };
        set.put(Head::key(number), head.encode());
        set.put(
            EpochRecord::key(number, 4),
            EpochRecord { config_hash: 9, ..EpochRecord::default() }.encode(),
        );
        (1..=entries).for_each(|sequence| {
            set.put(livewell_store::keyspace::log_key(number, 4, sequence), vec![sequence as u8]);
        });
    }
    let at = |sequence| Checkpoint { epoch: 4, sequence, ..Checkpoint::default() }.encode();
    set.put(Checkpoint::key(query, source), at(7));
    set.put(Checkpoint::key(reaction, query), at(6));
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
    numbers
}

#[test]
fn new_epochs_leave_queries_where_they_are_and_are_told_to_all_outside() {
    let store = MemoryStore::new();
    let [source, query, reaction] = chain(&store);
    let epochs = begin_epochs(&store, 1_000).unwrap();
    assert_eq!(epochs, [("s".to_owned(), 1_000), ("q".to_owned(), 1_000)]);
    let snapshot = store.snapshot().unwrap();
    let open = |number| Feed::open(snapshot.clone(), number).unwrap().unwrap();
    let read = |consumer, feed| Checkpoint::read(&*snapshot, consumer, feed).unwrap().unwrap();
    let source_feed = open(source);
    let follows = read(query, source);
    assert_eq!((follows.epoch, follows.sequence), (1_000, 7));
    assert_eq!(source_feed.resume(&follows).unwrap(), Resume::Follow);
    let left = source_feed.log(1_000, 7, usize::MAX, usize::MAX).unwrap();
    assert_eq!(
        left.iter().map(|entry| (entry.sequence, entry.bytes[0])).collect::<Vec<_>>(),
        [(8, 8), (9, 9), (10, 10)]
    );
    let Head { sequence, low, log_entries, log_bytes, .. } = source_feed.head;
    assert_eq!((sequence, low, log_entries, log_bytes), (10, 8, 3, 3));
    let rows = open(query);
    assert_eq!(
        (rows.head.sequence, rows.head.low, rows.head.log_entries),
        (6, 7, 0),
        "nobody inside reads its outbox"
    );
    assert_eq!(rows.epoch().unwrap().config_hash, 9);
    assert_eq!(rows.resume(&read(reaction, query)).unwrap(), Resume::OtherEpoch);
    assert_eq!(
        rows.resume(&Checkpoint { epoch: 1_000, sequence: 6, ..Checkpoint::default() }).unwrap(),
        Resume::Follow
    );
    // A second time, with a number that is lower: epochs never go back.
    assert_eq!(begin_epochs(&store, 5).unwrap()[0].1, 1_001);
}
