//! Laws of the rows that the store counts while it writes them.

use super::law::{Entry, Failure, Outcome, Place, commit, ensure, step};
use crate::head::entry_hash;
use crate::keyspace::snapshot_key;
use crate::{Feed, Head, RowWrites, Store, WriteSet};
use std::collections::BTreeMap;

pub(super) const LAWS: &[Entry] = &[
    ("rows are counted by what they replace", counted),
    ("rows of a refused set are neither written nor counted", refused),
    ("rows are written after the other writes of their set", after),
];

type Rows = BTreeMap<u64, Vec<u8>>;

/// Returns the head that the feed must have, computed again from all its rows.
fn head_of(rows: &Rows) -> Head {
    let hash = |(signature, data): (&u64, &Vec<u8>)| entry_hash(&signature.to_be_bytes(), data);
    Head {
        epoch: 1,
        rows: rows.len() as u64,
        rows_hash: rows.iter().map(hash).fold(0, u64::wrapping_add),
        ..Head::default()
    }
}

fn expect(store: &dyn Store, feed: u32, rows: &Rows) -> Outcome {
    let found = Feed::open(store.snapshot()?, feed)?.ok_or_else(|| Failure("the feed has no head".into()))?;
    let expected = head_of(rows);
    ensure(found.head == expected, || format!("the head is {:?}, not {expected:?}", found.head))?;
    let entries = found.entries(None)?.collect::<Result<Vec<_>, _>>()?;
    let mut expected = rows.iter().map(|(signature, data)| (signature.to_be_bytes().to_vec(), data.clone()));
    ensure(entries.len() == rows.len() && entries.into_iter().all(|row| expected.next() == Some(row)), || {
        "the rows are others than those written".into()
    })
}

fn with<'a>(set: WriteSet, head: Head, rows: impl IntoIterator<Item = (u64, Option<&'a [u8]>)>) -> WriteSet {
    WriteSet { rows: Some(RowWrites::new(head, rows)), ..set }
}

/// Returns numbers that look random (SplitMix64).
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}

/// Writes new rows, changed ones of the same and of another length, deleted ones, absent ones, one row several times.
fn counted(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let mut rows = Rows::new();
    for number in 0..40u64 {
        let count = [1, 7, 60, 300][number as usize % 4];
        let batch: Vec<(u64, Option<Vec<u8>>)> = (0..count)
            .map(|at| {
                let dice = mixed(number << 32 | at);
                let signature = mixed(dice % 400);
                let length = [150, 150, 0, 149, 1200, 9000][(dice >> 20) as usize % 6];
                (signature, (dice >> 40 & 3 != 0).then(|| vec![dice as u8; length]))
            })
            .collect();
        let writes = batch.iter().map(|(signature, data)| (*signature, data.as_deref()));
        commit(&*store, &with(step(20, number), head_of(&rows), writes))?;
        for (signature, data) in batch {
            match data {
                Some(data) => rows.insert(signature, data),
                None => rows.remove(&signature),
            };
        }
        expect(&*store, 20, &rows)?;
    }
    let gone: Vec<u64> = rows.keys().copied().chain([0, u64::MAX]).collect();
    let all = with(step(20, 40), head_of(&rows), gone.into_iter().map(|signature| (signature, None)));
    commit(&*store, &all)?;
    expect(&*store, 20, &Rows::new())
}

fn refused(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    let rows = Rows::from([(7, b"seven".to_vec())]);
    commit(&*store, &with(step(20, 0), head_of(&Rows::new()), [(7, Some(&b"seven"[..]))]))?;
    let other = [(7, None), (8, Some(&b"eight"[..]))];
    let stale = with(step(20, 0), head_of(&rows), other);
    let fates = store.commit(&[stale])?;
    ensure(fates.iter().all(Result::is_err), || "a stale set was taken".into())?;
    expect(&*store, 20, &rows)
}

fn after(place: &dyn Place) -> Outcome {
    let store = place.open()?;
    // The count begins with the row that the set itself writes.
    let before = head_of(&Rows::from([(7, b"old".to_vec())]));
    let mut set = with(step(20, 0), before, [(7, Some(&b"new"[..]))]);
    set.put(snapshot_key(20, 0, &7u64.to_be_bytes()), b"old".to_vec());
    set.put(Head::key(20), Head::default().encode());
    commit(&*store, &set)?;
    expect(&*store, 20, &Rows::from([(7, b"new".to_vec())]))
}
