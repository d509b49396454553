//! The index of a query's rows by value, over both backends.

use crate::backends::Directory;
use livewell_model::{Row, Value, key};
use livewell_store::catalog::{self, CATALOG, Kind};
use livewell_store::head::{EpochRecord, Head};
use livewell_store::keyspace::{Space, snapshot_key};
use livewell_store::scrub::{self, Meaning};
use livewell_store::{
    Durability, Feed, IndexError, LiveSnapshot, MemoryStore, Snapshot, Store, Version, WriteSet, by_value,
    compare, sweep,
};

const EPOCH: u64 = 1;

struct AllRight;

impl Meaning for AllRight {
    fn check_value(&self, _: Kind, _: Space, _: &[u8]) -> Result<(), IndexError> {
        Ok(())
    }

    fn check_set_aside(&self, _: &dyn Snapshot, _: Space, _: u32) -> Result<(), IndexError> {
        Ok(())
    }
}

/// Texts whose keys begin like each other, hold zero bytes, are as long as a length can say, one longer, and longer
/// than a key of the store.
fn values() -> Vec<Value> {
    let lengths = [1, 250, 251, 252, 253, 254, 255, 300, 500, 100_000];
    let texts = ["", "a", "a\0", "a\0\0", "b"].map(ToOwned::to_owned).into_iter();
    texts.chain(lengths.map(|length| "x".repeat(length))).map(Value::from).collect()
}

/// A row for each of a few values, several for most of them, by signature.
fn rows() -> Vec<(u64, Row)> {
    let values = values();
    let row = |signature: u64| {
        let value = values[signature as usize * 7 % (values.len() - 1)].clone();
        let columns = [value, Value::Int(signature as i64)];
        (signature << 48 | signature, Row { key: vec![1], columns: columns.into(), order: vec![] })
    };
    (0..60).map(row).collect()
}

/// Stores rows with their index, which `entries` may change before.
fn store(store: &dyn Store, entries: impl FnOnce(&mut Vec<Vec<u8>>)) -> u32 {
    let mut set = WriteSet::over(&*store.snapshot().unwrap(), CATALOG).unwrap();
    let entry = catalog::register(&*store.snapshot().unwrap(), &mut set, Kind::Query, "q", "").unwrap();
    catalog::put_epoch(&mut set, "q", EPOCH);
    assert_eq!(store.commit(&[set]).unwrap(), [Ok(())]);
    let number = entry.number;
    let mut head = Head { epoch: EPOCH, generation: 1, last_generation: 1, low: 1, ..Head::default() };
    let next = Version { epoch: EPOCH, commit: 1 };
    let mut set = WriteSet { feed: number, next, ..WriteSet::default() };
    let (prefix, mut index) = (by_value::prefix(number, 1), Vec::new());
    for (signature, row) in rows() {
        let bytes = row.encode();
        head.count(&signature.to_be_bytes(), None, Some(&bytes));
        set.put(snapshot_key(number, 1, &signature.to_be_bytes()), bytes);
        index.push(prefix.of(&by_value::entry(&key::of(&row.columns[..1]), signature)).into_vec());
    }
    entries(&mut index);
    index.into_iter().for_each(|entry| set.put(entry, Vec::new()));
    set.put(Head::key(number), head.encode());
    let columns = vec!["p".into(), "n".into()];
    let record = EpochRecord { columns, parameters: 1, ..EpochRecord::default() };
    set.put(EpochRecord::key(number, EPOCH), record.encode());
    set.put(livewell_store::Checkpoint::key(number, number), livewell_store::Checkpoint::default().encode());
    assert_eq!(store.commit(&[set]).unwrap(), [Ok(())]);
    number
}

fn live(store: &dyn Store, number: u32) -> LiveSnapshot {
    LiveSnapshot(Feed::open(store.snapshot().unwrap(), number).unwrap().unwrap())
}

fn expect_rows_by_value(store: &dyn Store, number: u32) {
    let live = live(store, number);
    for value in values() {
        let of: Vec<u64> = rows()
            .iter()
            .filter(|(_, row)| row.columns[0] == value)
            .map(|(signature, _)| *signature)
            .collect();
        let key = key::of([&value]);
        let found = live.signatures_of(&key, None).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(found, of, "of {value:?}");
        for (at, after) in of.iter().enumerate() {
            let rest: Vec<_> = live.rows_of(&key, Some(*after)).unwrap().map(Result::unwrap).collect();
            assert_eq!(rest.iter().map(|(signature, _)| *signature).collect::<Vec<_>>(), of[at + 1..]);
            assert!(rest.iter().all(|(_, row)| Row::decode(row).unwrap().columns[0] == value));
        }
    }
}

#[test]
fn the_rows_of_a_value_are_the_rows_with_that_value() {
    let (memory, place) = (MemoryStore::new(), Directory::new(Durability::Os));
    let number = store(&memory, |_| ());
    expect_rows_by_value(&memory, number);
    let embedded = place.open_embedded().unwrap();
    let number = store(&embedded, |_| ());
    expect_rows_by_value(&embedded, number);
    assert!(scrub::scrub(&embedded, &AllRight).unwrap().found.is_empty());
}

#[test]
fn an_index_that_is_not_that_of_the_rows_is_damage() {
    let found = |change: fn(&mut Vec<Vec<u8>>)| {
        let memory = MemoryStore::new();
        store(&memory, change);
        let found = scrub::scrub(&memory, &AllRight).unwrap().found;
        found.into_iter().map(|found| found.damage.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found(|_| ()), Vec::<String>::new());
    let other = |index: &mut Vec<Vec<u8>>| {
        let last = index.last_mut().and_then(|entry| entry.last_mut()).unwrap();
        *last ^= 1;
    };
    for (change, said) in [
        ((|index| drop(index.pop())) as fn(&mut Vec<Vec<u8>>), "other rows by value"),
        (other, "other rows by value"),
        (|index| index.push([index[0].as_slice(), &[0]].concat()), "61 of 60 rows by value"),
    ] {
        let found = found(change);
        assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
    }
}

#[test]
fn a_row_that_the_index_names_and_is_not_there_is_damage() {
    let memory = MemoryStore::new();
    let number = store(&memory, |_| ());
    let (signature, row) = rows().swap_remove(0);
    let mut set = WriteSet::over(&*memory.snapshot().unwrap(), number).unwrap();
    set.delete(snapshot_key(number, 1, &signature.to_be_bytes()));
    assert_eq!(memory.commit(&[set]).unwrap(), [Ok(())]);
    let live = live(&memory, number);
    let read: Result<Vec<_>, _> = live.rows_of(&key::of(&row.columns[..1]), None).unwrap().collect();
    assert!(read.unwrap_err().to_string().contains("other rows by value"));
}

#[test]
fn an_index_is_swept_with_its_generation() {
    let memory = MemoryStore::new();
    let number = store(&memory, |_| ());
    let mut set = WriteSet::over(&*memory.snapshot().unwrap(), number).unwrap();
    sweep::generation(number, 1).iter().for_each(|prefix| sweep::mark(&mut set, prefix));
    assert_eq!(memory.commit(&[set]).unwrap(), [Ok(())]);
    while sweep::sweep(&memory, 7, &|_| false).unwrap() {}
    let snapshot = memory.snapshot().unwrap();
    for space in [Space::Snapshot, Space::ByValue] {
        let left = snapshot.scan_prefix(&[space as u8], livewell_store::Direction::Forward).unwrap().count();
        assert_eq!(left, 0, "{space:?}");
    }
}

#[test]
fn the_record_of_an_epoch_says_how_many_columns_are_parameters() {
    let columns = vec!["p".into(), "q".into(), "n".into()];
    for parameters in 0..=3 {
        let record = EpochRecord { columns: columns.clone(), parameters, ..EpochRecord::default() };
        let memory = MemoryStore::new();
        let mut set = WriteSet::default();
        set.put(EpochRecord::key(9, 1), record.encode());
        set.next = compare::read_version(&*memory.snapshot().unwrap(), 0).unwrap().after();
        assert_eq!(memory.commit(&[set]).unwrap(), [Ok(())]);
        assert_eq!(EpochRecord::read(&*memory.snapshot().unwrap(), 9, 1).unwrap(), Some(record.clone()));
        assert_eq!(
            record.encode()[0],
            if parameters == 0 { 1 } else { 2 },
            "older programs read the first form"
        );
    }
}
