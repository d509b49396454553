//! How much a range takes, as both backends tell it without reading the range.

use livewell_store::{Durability, EmbeddedStore, Extent, MemoryStore, Store, WriteSet};

const FEED: u32 = 77;

fn never() -> bool {
    false
}

fn write(store: &dyn Store, entries: impl Iterator<Item = (Vec<u8>, Vec<u8>)>) {
    let mut set = WriteSet::over(&*store.snapshot().unwrap(), FEED).unwrap();
    entries.for_each(|(key, value)| set.put(key, value));
    store.commit(&[set]).unwrap().into_iter().for_each(|fate| fate.unwrap());
}

fn key(space: u8, number: u32) -> Vec<u8> {
    // Spread, so that pages are split in the middle, too.
    let spread = number.wrapping_mul(2_654_435_761);
    [&[space], spread.to_be_bytes().as_slice()].concat()
}

fn extents(store: &dyn Store, prefixes: &[Vec<u8>]) -> Vec<Extent> {
    store.extents(prefixes, &never).unwrap().unwrap()
}

/// Both backends, with what each adds to a value.
fn backends(folder: &std::path::Path) -> [(Box<dyn Store>, u64); 2] {
    let embedded = EmbeddedStore::open(folder, Durability::Os).unwrap();
    [(Box::new(MemoryStore::new()), 0), (Box::new(embedded), 8)]
}

#[test]
fn small_ranges_are_counted_and_large_ones_estimated() {
    let folder = tempfile::tempdir().unwrap();
    for (store, added) in backends(folder.path()) {
        let store = &*store;
        // Few, many that are small, and some of which a page holds few or none.
        write(store, (0..20).map(|number| (key(0xa1, number), vec![1; 10])));
        for piece in 0..10 {
            write(store, (0..5_000).map(|at| (key(0xa2, piece * 5_000 + at), vec![1; 30])));
        }
        write(store, (0..400).map(|number| (key(0xa3, number), vec![1; 100 + 50 * number as usize])));
        let prefixes = [vec![0xa1], vec![0xa2], vec![0xa3], vec![0xa4], key(0xa2, 7), vec![0xff]];
        let found = extents(store, &prefixes);
        assert_eq!(found[0], Extent { entries: 20, bytes: 20 * (5 + 10 + added), is_exact: true });
        assert_eq!(found[4], Extent { entries: 1, bytes: 5 + 30 + added, is_exact: true });
        assert_eq!((found[3], found[5]), (Extent::NOTHING, Extent::NOTHING));
        let bytes_3: u64 = (0..400).map(|number| 5 + 100 + 50 * number + added).sum();
        for (extent, entries, bytes) in [(found[1], 50_000, 50_000 * (35 + added)), (found[2], 400, bytes_3)]
        {
            let close = |is: u64, of: u64| (is as f64 / of as f64 - 1.0).abs() < 0.25;
            assert!(
                close(extent.entries, entries) && close(extent.bytes, bytes),
                "{extent:?} of {entries}, {bytes}"
            );
        }
        assert!(!found[1].is_exact);
    }
}

#[test]
fn an_empty_store_has_nothing_and_a_look_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    for (store, _) in backends(folder.path()) {
        assert_eq!(extents(&*store, &[vec![0x20]]), [Extent::NOTHING]);
        assert_eq!(store.extents(&[vec![0x20]], &|| true).unwrap(), None);
    }
}

#[test]
fn what_is_written_meanwhile_does_not_disturb_a_look() {
    let folder = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::open(folder.path(), Durability::Os).unwrap();
    write(&store, (0..20_000).map(|number| (key(0xa2, number), vec![1; 30])));
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for round in 0..200_u8 {
                write(&store, (0..50).map(|at| (key(0xa2, u32::from(round) * 50 + at), vec![round; 30])));
            }
        });
        while !writing.is_finished() {
            let [found] = extents(&store, &[vec![0xa2]])[..] else { panic!("one prefix, one extent") };
            assert!((15_000..25_000).contains(&found.entries), "{found:?}");
        }
        writing.join().unwrap();
    });
}
