//! A truncated data file is refused before anything is read from it; extra bytes after its end do no harm.

use crate::backends::Directory;
use crate::child;
use livewell_store::{Durability, EmbeddedStore, IndexError, Store, Version, WriteSet};
use std::fs::File;
use std::path::Path;

fn fill(store: &dyn Store) {
    for number in 0..20u64 {
        let epoch = u64::from(number > 0);
        let (expected, next) = (Version { epoch, commit: number }, Version { epoch: 1, commit: number + 1 });
        let mut set = WriteSet { feed: 1, expected, next, ..WriteSet::default() };
        for row in 0..100u64 {
            set.put((row * 7919 % 1000).to_be_bytes().to_vec(), vec![number as u8; 300]);
        }
        assert_eq!(store.commit(&[set]).expect("a commit"), [Ok(())]);
    }
}

fn cut(original: &Path, length: u64, durability: Durability) -> Result<u64, IndexError> {
    let copy = Directory::new(durability);
    child::copy(original, copy.path.path());
    let file = File::options().write(true).open(copy.path.path().join("data.mdb")).expect("the data file");
    file.set_len(length).expect("a cut");
    drop(file);
    EmbeddedStore::open(copy.path.path(), durability)?.verify()
}

#[test]
fn a_file_cut_at_any_length_is_refused_or_whole() {
    for durability in [Durability::Sync, Durability::Os] {
        let place = Directory::new(durability);
        let store = place.open_embedded().expect("a store");
        fill(&store);
        let entries = store.verify().expect("an undamaged store");
        drop(store);
        let used =
            File::open(place.path.path().join("data.mdb")).expect("the file").metadata().expect("it").len();
        let near = (0..6).flat_map(|page| [used - page * 4096, used - page * 4096 - 1]);
        let early = [0, 1, 15, 151, 152, 4095, 4096, 4247, 8191, 8192, 8193, 12_288];
        let between = (1..24).map(|step| used / 24 * step);
        for length in early.into_iter().chain(between).chain(near).chain([used + 1, used + 100_000]) {
            match cut(place.path.path(), length, durability) {
                Ok(found) => {
                    assert!(length >= used && found == entries, "{length} of {used}: {found} entries");
                }
                Err(IndexError::Corrupted(cause)) => {
                    let message = cause.to_string();
                    assert!(length < used, "{length} of {used}: {message}");
                    assert!(message.contains(&format!("{length} bytes")), "{length} of {used}: {message}");
                }
                Err(other) => panic!("{length} of {used}: {other:?}"),
            }
        }
    }
}

#[test]
fn a_missing_data_file_is_damage_not_a_new_store() {
    let place = Directory::new(Durability::Sync);
    fill(&place.open_embedded().expect("a store"));
    std::fs::remove_file(place.path.path().join("data.mdb")).expect("a removal");
    let refused = place.open_embedded().err();
    assert!(matches!(refused, Some(IndexError::Corrupted(_))), "{refused:?}");
}
