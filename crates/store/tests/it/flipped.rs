//! A bit flipped anywhere in the data file: a refusal (a crash counts as one) or the right data, never wrong data.

use crate::backends::Directory;
use crate::child;
use livewell_store::{Direction, Durability, EmbeddedStore, Snapshot, Store, Version, WriteSet, compare};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::Path;
use std::process::Stdio;

const RIGHT: i32 = 40;
const REFUSED: i32 = 41;
const WRONG: i32 = 42;

fn rows() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let row = |number: u64| {
        let mut key = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_be_bytes().to_vec();
        if number.is_multiple_of(400) {
            key.resize(700, b'l');
        }
        let length = if number.is_multiple_of(150) { 9000 } else { 60 + number % 200 };
        (key, vec![number as u8; length as usize])
    };
    (0..3000).map(row).collect()
}

fn build(store: &dyn Store) {
    let rows: Vec<_> = rows().into_iter().collect();
    for (number, part) in (0u64..).zip(rows.chunks(300)) {
        let epoch = u64::from(number > 0);
        let (expected, next) = (Version { epoch, commit: number }, Version { epoch: 1, commit: number + 1 });
        let writes = part.iter().cloned().map(|(key, value)| (key, Some(value))).collect();
        let set = WriteSet { feed: 1, expected, next, writes, ..WriteSet::default() };
        assert_eq!(store.commit(&[set]).expect("a commit"), [Ok(())]);
    }
}

/// Reads all rows by key and by scan. Returns whether all are there; a wrong one ends the child.
fn read_all(snapshot: &dyn Snapshot) -> Result<bool, livewell_store::IndexError> {
    let rows = rows();
    let mut whole = true;
    for (key, value) in &rows {
        match snapshot.get(key)? {
            Some(found) if *found == **value => {}
            Some(_) => std::process::exit(WRONG),
            None => whole = false,
        }
    }
    let mut seen = 0;
    for entry in snapshot.scan(Bound::Unbounded, Bound::Unbounded, Direction::Forward)? {
        let (key, value) = entry?;
        if *key == compare::version_key(1) {
            continue;
        }
        if rows.get(&*key).is_none_or(|expected| **expected != *value) {
            std::process::exit(WRONG);
        }
        seen += 1;
    }
    Ok(whole && seen == rows.len())
}

#[test]
fn child_reads() {
    let Some((path, durability)) = child::told() else { return };
    let outcome = EmbeddedStore::open(path, durability).and_then(|store| {
        let whole = read_all(&*store.snapshot()?)?;
        // Rows may be missing because of a damaged page in the tree; then the full check must say so.
        store.verify().map(|_| if whole { RIGHT } else { WRONG })
    });
    std::process::exit(outcome.unwrap_or(REFUSED));
}

/// Flips one bit in a copy and has a child read all of it.
fn flip(original: &Path, offset: u64, bit: u8) -> Option<i32> {
    use std::os::unix::fs::FileExt;
    let copy = Directory::new(Durability::Sync);
    child::copy(original, copy.path.path());
    let file = std::fs::File::options().read(true).write(true).open(copy.path.path().join("data.mdb"));
    let file = file.expect("the data file");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("a byte");
    file.write_all_at(&[byte[0] ^ (1 << bit)], offset).expect("a flip");
    drop(file);
    let mut command = child::command("flipped::child_reads", copy.path.path(), Durability::Sync);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("a child");
    status.code()
}

fn flip_all(flips: impl Iterator<Item = (u64, u8)>, original: &Path) {
    let (mut right, mut refused, mut crashed) = (0, 0, 0);
    for (offset, bit) in flips {
        match flip(original, offset, bit) {
            Some(RIGHT) => right += 1,
            Some(REFUSED) => refused += 1,
            Some(WRONG) => panic!("wrong data after flipping bit {bit} of byte {offset}"),
            _ => crashed += 1,
        }
    }
    assert!(refused > 0 && right + refused > crashed, "{right} right, {refused} refused, {crashed} crashed");
}

#[test]
fn a_flipped_bit_never_becomes_wrong_data() {
    let place = Directory::new(Durability::Sync);
    build(&place.open_embedded().expect("a store"));
    let used = std::fs::metadata(place.path.path().join("data.mdb")).expect("the data file").len();
    let anywhere = (0..120u64).map(|number| {
        let mixed = (number + 3).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed % used, (mixed >> 60) as u8 % 8)
    });
    flip_all(anywhere, place.path.path());
}

#[test]
fn a_flipped_bit_in_the_first_pages_brings_back_no_old_commit() {
    let place = Directory::new(Durability::Sync);
    build(&place.open_embedded().expect("a store"));
    // The two numbers of the newest commits, the roots and the last page, in both pages, bit by bit.
    let places = [144u64, 136, 128, 80];
    let bits = (0..16u64).map(|bit| (bit / 8, (bit % 8) as u8));
    let flips = places.into_iter().flat_map(|at| bits.clone().map(move |(byte, bit)| (at + byte, bit)));
    flip_all(flips.clone().chain(flips.map(|(offset, bit)| (offset + 4096, bit))), place.path.path());
}
