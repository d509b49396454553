//! Following a file that grows.

use crate::support::{append, line, put};
use livewell_source::file::{FilePosition, FileSource};
use livewell_source::settings::{FileSettings, NodeMapping};
use livewell_source::{ErrorKind, SourceError};
use std::path::PathBuf;

fn followed(text: &str) -> (tempfile::TempDir, PathBuf, FileSource) {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.jsonl", text.as_bytes());
    let source = FileSource::open(FileSettings::new("s", &path), None).unwrap();
    (dir, path, source)
}

/// Returns how many transactions the next read brings; it must not be the end.
fn next(source: &mut FileSource) -> Result<usize, SourceError> {
    let batch = source.read(100, usize::MAX)?;
    assert!(!batch.end);
    Ok(batch.transactions.len())
}

#[test]
fn a_followed_file_brings_lines_as_they_are_completed() {
    let (_dir, path, mut source) = followed("");
    assert_eq!(next(&mut source), Ok(0));
    let (first, second) = (line("a"), line("b"));
    append(&path, &first[..10]);
    assert_eq!(next(&mut source), Ok(0));
    assert_eq!(source.position(), FilePosition::default());
    append(&path, &first[10..]);
    append(&path, &second[..5]);
    assert_eq!(next(&mut source), Ok(1));
    assert_eq!(source.position().offset, first.len() as u64);
    // A restart in the middle of a line loses nothing of it.
    let mut again = FileSource::open(FileSettings::new("s", &path), Some(source.position())).unwrap();
    append(&path, &second[5..]);
    for source in [&mut source, &mut again] {
        assert_eq!(next(source), Ok(1));
        assert_eq!(next(source), Ok(0));
        assert_eq!(source.position().line, 2);
    }
}

#[test]
fn a_followed_file_that_is_shortened_replaced_or_removed_stops_the_source() {
    let (_dir, path, mut source) = followed(&line("a"));
    assert_eq!(next(&mut source), Ok(1));
    std::fs::write(&path, "").unwrap();
    let error = next(&mut source).unwrap_err();
    assert!(error.kind == ErrorKind::Changed && error.message.contains("shortened to 0 bytes"), "{error}");

    let (dir, path, mut source) = followed(&line("a"));
    assert_eq!(next(&mut source), Ok(1));
    std::fs::rename(put(dir.path(), "new.jsonl", line("b").as_bytes()), &path).unwrap();
    if cfg!(unix) {
        let error = next(&mut source).unwrap_err();
        assert!(
            error.kind == ErrorKind::Changed && error.message.contains("replaced by another file"),
            "{error}"
        );
    }

    let (_dir, path, mut source) = followed(&line("a"));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(next(&mut source), Ok(1));
    assert_eq!(next(&mut source).unwrap_err().kind, ErrorKind::Unavailable);
}

#[test]
fn a_packed_file_ends_even_where_it_would_be_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.jsonl.gz", line("a").as_bytes());
    let mut source = FileSource::open(FileSettings::new("s", path), None).unwrap();
    assert!(source.read(100, usize::MAX).unwrap().end);
}

#[test]
fn a_followed_table_may_begin_without_its_header() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.csv", b"na");
    let node = Some(NodeMapping { label: "L".into(), id: "n:{name}".into() });
    let settings = FileSettings { node, ..FileSettings::new("s", &path) };
    let mut source = FileSource::open(settings.clone(), None).unwrap();
    assert_eq!(next(&mut source), Ok(0));
    append(&path, "me,b\n\"x\n");
    assert_eq!(next(&mut source), Ok(0));
    append(&path, "y\",2\n");
    assert_eq!(next(&mut source), Ok(1));
    assert_eq!(source.position().line, 3);
    FileSource::open(settings, Some(source.position())).unwrap();
}
