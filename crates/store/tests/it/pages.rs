//! Reading the pages themselves finds damage in which a lookup only gets lost, and trusts no page.

use crate::backends::Directory;
use livewell_store::catalog::Kind;
use livewell_store::keyspace::Space;
use livewell_store::scrub::{self, Meaning};
use livewell_store::{
    Durability, EmbeddedStore, IndexError, LiveResults, LiveResultsWriter, RowMutation, Snapshot, Store,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const PAGE: usize = 4096;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;

struct Bytes;

impl Meaning for Bytes {
    fn check_value(&self, _: Kind, _: Space, _: &[u8]) -> Result<(), IndexError> {
        Ok(())
    }

    fn check_set_aside(&self, _: &dyn Snapshot, _: Space, _: u32) -> Result<(), IndexError> {
        Ok(())
    }
}

async fn change(path: &Path, rows: std::ops::Range<u64>, byte: u8) {
    let store = EmbeddedStore::open(path, Durability::Sync).unwrap();
    let data = [byte; 90];
    let mutation =
        |row: u64| RowMutation { row_signature: row.wrapping_mul(0x9e37_79b9_7f4a_7c15), data: Some(&data) };
    let rows: Vec<_> = rows.map(mutation).collect();
    LiveResults::new(Arc::new(store)).apply_mutations("q", &rows).await.unwrap();
}

/// Returns whether the rows are as they should be; `None` if they are refused.
async fn rows(path: &Path) -> Option<BTreeMap<u64, Vec<u8>>> {
    let store = EmbeddedStore::open(path, Durability::Sync).ok()?;
    store.verify().ok()?;
    let found = scrub::scrub(&store, &Bytes).ok()?.found;
    if !found.is_empty() {
        return None;
    }
    let live = LiveResults::new(Arc::new(store));
    let rows: BTreeMap<u64, Vec<u8>> = live.read_snapshot("q").await.ok()?.into_iter().collect();
    Some(rows)
}

fn half(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_ne_bytes([bytes[at], bytes[at + 1]]))
}

#[tokio::test]
async fn a_damaged_key_in_a_branch_is_found_though_every_entry_is_there() {
    let place = Directory::new(Durability::Sync);
    change(place.path.path(), 0..4_000, 1).await;
    let right = rows(place.path.path()).await.unwrap();
    let data = place.path.path().join("data.mdb");
    let whole = std::fs::read(&data).unwrap();
    let (mut found, mut harmless) = (0, 0);
    for page in
        (2 * PAGE..whole.len()).step_by(PAGE).filter(|page| half(&whole, page + 10) == usize::from(BRANCH))
    {
        let count = (half(&whole, page + 12) - 16) / 2;
        for node in (1..count).step_by(7) {
            let at = page + half(&whole, page + 16 + 2 * node);
            for byte in (0..half(&whole, at + 6)).step_by(5) {
                let mut damaged = whole.clone();
                damaged[at + 8 + byte] ^= 1 << (node % 8);
                std::fs::write(&data, damaged).unwrap();
                match rows(place.path.path()).await {
                    None => found += 1,
                    Some(rows) => {
                        assert_eq!(rows, right);
                        harmless += 1;
                    }
                }
            }
        }
    }
    assert!(found > 20, "{found} found, {harmless} harmless");
}

#[tokio::test]
async fn a_page_of_rows_that_is_put_back_to_what_it_was_is_found() {
    let place = Directory::new(Durability::Sync);
    let data = place.path.path().join("data.mdb");
    let mut versions = Vec::new();
    for (round, rows) in [0..2_000, 500..700, 1_500..2_400, 0..60].into_iter().enumerate() {
        change(place.path.path(), rows, round as u8).await;
        versions.push(std::fs::read(&data).unwrap());
    }
    let right = rows(place.path.path()).await.unwrap();
    let (last, before) = (versions.pop().unwrap(), versions);
    let (mut found, mut harmless) = (0, 0);
    for old in &before {
        for page in (2 * PAGE..last.len().min(old.len())).step_by(PAGE) {
            if last[page..page + PAGE] == old[page..page + PAGE] || !(page / PAGE).is_multiple_of(5) {
                continue;
            }
            let mut damaged = last.clone();
            damaged[page..page + PAGE].copy_from_slice(&old[page..page + PAGE]);
            std::fs::write(&data, damaged).unwrap();
            match rows(place.path.path()).await {
                None => found += 1,
                Some(rows) => {
                    assert_eq!(rows, right, "page {}", page / PAGE);
                    harmless += 1;
                }
            }
        }
    }
    assert!(found > 10, "{found} found, {harmless} harmless");
}

#[tokio::test]
async fn no_byte_of_a_page_ends_the_process_that_checks_it() {
    let place = Directory::new(Durability::Sync);
    change(place.path.path(), 0..1_500, 1).await;
    let store = EmbeddedStore::open(place.path.path(), Durability::Sync).unwrap();
    let whole = std::fs::read(place.path.path().join("data.mdb")).unwrap();
    // Without telling the open store, as a failing disk does it: only what reads pages may look.
    let file = File::options().write(true).open(place.path.path().join("data.mdb")).unwrap();
    let pages = |kind: u16| {
        let all = (2 * PAGE..whole.len()).step_by(PAGE);
        all.filter(|page| half(&whole, page + 10) == usize::from(kind)).take(3).collect::<Vec<_>>()
    };
    let mut found = 0;
    for page in [pages(BRANCH), pages(LEAF)].concat() {
        for at in (0..64).chain((64..PAGE).step_by(61)) {
            for value in [0, 0xff, whole[page + at] ^ 1, whole[page + at] ^ 0x80] {
                file.write_all_at(&[value], (page + at) as u64).unwrap();
                found += u32::from(store.verify().is_err());
            }
            file.write_all_at(&whole[page + at..page + at + 1], (page + at) as u64).unwrap();
        }
    }
    assert!(found > 200, "{found} found");
    store.verify().unwrap();
}

#[test]
fn a_range_is_checked_in_pieces_that_come_to_the_whole() {
    let place = Directory::new(Durability::Sync);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(change(place.path.path(), 0..3_000, 1));
    let store = EmbeddedStore::open(place.path.path(), Durability::Sync).unwrap();
    let whole = store.snapshot().unwrap().check(&[], None, u64::MAX).unwrap();
    assert_eq!((whole.entries, whole.next), (store.verify().unwrap(), None));
    for bytes_max in [1, 5_000, 100_000] {
        let (mut from, mut entries, mut bytes, mut pieces) = (Vec::new(), 0, 0, 0);
        loop {
            let checked = store.snapshot().unwrap().check(&from, None, bytes_max).unwrap();
            entries += checked.entries;
            bytes += checked.bytes;
            pieces += 1;
            let Some(next) = checked.next else { break };
            assert!(next > from);
            from = next;
        }
        assert_eq!((entries, bytes), (whole.entries, whole.bytes), "by {bytes_max}");
        assert!(pieces > whole.bytes / (bytes_max + 8_000));
    }
}
