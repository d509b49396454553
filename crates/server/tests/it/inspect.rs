//! `livewell store inspect` on whole and on damaged stores.

use super::{livewell, text};
use livewell_store::{Durability, EmbeddedStore, LiveResults, LiveResultsWriter, RowMutation};
use std::path::Path;
use std::sync::Arc;

const PAGE: usize = 4096;
const LEAF: usize = 0x02;

/// A store with 500 rows of 100 bytes.
async fn build(path: &Path) {
    let store = Arc::new(EmbeddedStore::open(path, Durability::Os).unwrap());
    let data = [7; 100];
    let rows: Vec<RowMutation<'_>> =
        (0..500).map(|row_signature| RowMutation { row_signature, data: Some(&data) }).collect();
    LiveResults::new(store).apply_mutations("big", &rows).await.unwrap();
}

/// Changes every leaf page of the data file, each with its offset and all bytes of the file.
fn damage(path: &Path, change: impl Fn(&mut [u8], usize)) {
    let file = path.join("data.mdb");
    let mut bytes = std::fs::read(&file).unwrap();
    for page in (2 * PAGE..bytes.len()).step_by(PAGE) {
        if half(&bytes, page + 10) == LEAF {
            change(&mut bytes, page);
        }
    }
    std::fs::write(file, bytes).unwrap();
}

/// Where the first entry of a leaf lies: four bytes of its value's length, two of flags, two of its key's length,
/// key, value.
fn first_entry(bytes: &[u8], page: usize) -> usize {
    page + half(bytes, page + 16)
}

fn half(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_ne_bytes([bytes[at], bytes[at + 1]]))
}

#[tokio::test]
async fn a_whole_store_is_described() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    build(&path).await;
    let output = livewell(&["store", "inspect", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let words: Vec<&str> = text(&output.stdout).split_whitespace().collect();
    let has = |part: &[&str]| words.windows(part.len()).any(|window| window == part);
    assert!(has(&["format", "1"]), "{words:?}");
    // 500 rows of 8 and 100 bytes in epoch 1, of which nothing is logged.
    assert!(has(&["live", "results", "big", "1", "0", "500", "54000", "0", "0"]), "{words:?}");
    assert!(has(&["no", "damage", "found"]), "{words:?}");
}

#[tokio::test]
async fn a_wrong_byte_in_a_value_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    build(&path).await;
    damage(&path, |bytes, page| {
        let entry = first_entry(bytes, page);
        let last = entry + 8 + half(bytes, entry + 6) + half(bytes, entry) - 1;
        bytes[last] ^= 1;
    });
    let output = livewell(&["store", "inspect", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("the store is damaged"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("[LW0303]"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn damage_that_ends_the_reading_process_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    build(&path).await;
    // A value of four gigabytes reaches beyond the end of the file, where the map has nothing.
    damage(&path, |bytes, page| {
        let entry = first_entry(bytes, page);
        bytes[entry..entry + 4].fill(0xff);
    });
    let output = livewell(&["store", "inspect", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("signal"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("the store is damaged"), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("[LW0303]"), "{}", text(&output.stderr));
}
