//! Verification finds what is wrong with the rows of a value.

use super::{differences, each, of, rows_of, send, start};
use crate::fixture::*;
use livewell_model::{Row, Value, key};
use livewell_store::keyspace::snapshot_key;
use livewell_store::{Head, WriteSet, by_value, catalog};

#[tokio::test]
async fn verifying_finds_what_is_missing_what_is_too_much_and_what_is_other() {
    let store = memory();
    let livewell = start(&store, each()).await;
    send(&livewell, &[vec![(1, Some((1, 7)))], vec![(2, Some((2, 8)))], vec![(3, Some((2, 9)))]]).await;
    idle(&livewell).await;
    let number = catalog::find(&*store.snapshot().unwrap(), "each").unwrap().unwrap().number;
    // Writes a row with its entry of the index, or deletes both.
    let write = |signature: u64, before: Option<&Row>, after: Option<&Row>| {
        let snapshot = store.snapshot().unwrap();
        let mut head = Head::read(&*snapshot, number).unwrap().unwrap();
        let mut set = WriteSet::over(&*snapshot, number).unwrap();
        let index = by_value::prefix(number, head.generation);
        let entry = |row: &Row| index.of(&by_value::entry(&key::of(&row.columns[..1]), signature)).into_vec();
        let bytes = [before, after].map(|row| row.map(Row::encode));
        head.count(&signature.to_be_bytes(), bytes[0].as_deref(), bytes[1].as_deref());
        before.iter().for_each(|row| set.delete(entry(row)));
        after.iter().for_each(|row| set.put(entry(row), Vec::new()));
        let place = snapshot_key(number, head.generation, &signature.to_be_bytes());
        match &bytes[1] {
            Some(bytes) => set.put(place, bytes.clone()),
            None => set.delete(place),
        }
        set.put(Head::key(number), head.encode());
        assert_eq!(store.commit(&[set]).unwrap(), [Ok(())]);
    };
    let stored = |x: i64| {
        let (signature, _) = rows_of(&livewell, &of(x)).pop_first().unwrap();
        let bytes = store.snapshot().unwrap();
        let generation = Head::read(&*bytes, number).unwrap().unwrap().generation;
        let row = bytes.get(&snapshot_key(number, generation, &signature.to_be_bytes())).unwrap().unwrap();
        (signature, Row::decode(&row).unwrap())
    };
    let all = || livewell.verify("each").unwrap().differences;
    assert_eq!((all(), differences(&livewell, 1)), (vec![], vec![]));

    let (signature, row) = stored(1);
    write(signature, Some(&row), None);
    let found = [all(), differences(&livewell, 1)];
    assert!(found.iter().all(|found| found.len() == 1 && found[0].contains("missing")), "{found:?}");
    assert_eq!(differences(&livewell, 2), Vec::<String>::new(), "another value is right");
    write(signature, None, Some(&row));

    let other = Row { columns: [Value::Int(99), "n9".into(), Value::Int(0)].into(), ..row };
    write(5, None, Some(&other));
    let found = [all(), differences(&livewell, 99)];
    assert!(found.iter().all(|found| found.len() == 1 && found[0].contains("should not be")), "{found:?}");
    write(5, Some(&other), None);

    let (signature, row) = stored(2);
    let other =
        Row { columns: [Value::Int(2), row.columns[1].clone(), Value::Int(-1)].into(), ..row.clone() };
    write(signature, Some(&row), Some(&other));
    assert_eq!((all().len(), differences(&livewell, 2).len()), (2, 2));
    assert_eq!(differences(&livewell, 1), Vec::<String>::new());
}
