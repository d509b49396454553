//! `mode: append`: exactly once, and never a line of someone else's lost.

use livewell_reaction::file::Append;
use livewell_reaction::testkit::{Bench, Sample, start, triggers};
use livewell_reaction::{ErrorKind, Reaction, ReactionError};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

struct File {
    directory: TempDir,
}

impl File {
    fn new() -> Self {
        Self { directory: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("made/on/demand/results.jsonl")
    }

    fn append(&self) -> Append {
        Append::new(self.path())
    }

    /// Returns a file with two results in it, and the detail of its checkpoint.
    fn delivered() -> (Self, Vec<u8>) {
        let file = Self::new();
        let mut append = file.append();
        start(&mut append, None).unwrap();
        let detail = append.deliver(&Sample::new(2).outgoing(1..=2)).unwrap().detail;
        (file, detail)
    }

    fn refusal(&self, detail: &[u8]) -> ReactionError {
        start(&mut self.append(), Some(detail)).unwrap_err()
    }
}

impl Bench for File {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(self.append())
    }

    fn effects(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(str::to_owned).collect()
    }

    fn leave_half_an_effect(&self) {
        let mut file = OpenOptions::new().append(true).open(self.path()).unwrap();
        file.write_all(b"{\"query_id\":\"sam").unwrap();
    }
}

#[test]
fn append_passes_the_suite_of_triggers() {
    triggers(File::new);
}

#[test]
fn a_file_that_was_here_before_is_kept_and_ours_begin_on_a_line_of_their_own() {
    let sample = Sample::new(2);
    for before in ["", "theirs\n", "theirs"] {
        let file = File::new();
        fs::create_dir_all(file.path().parent().unwrap()).unwrap();
        fs::write(file.path(), before).unwrap();
        let first = start(&mut file.append(), None).unwrap().detail;
        for _ in 0..2 {
            let mut append = file.append();
            start(&mut append, Some(&first)).unwrap();
            append.deliver(&sample.outgoing(1..=2)).unwrap();
        }
        let mut expected: Vec<String> = before.lines().map(str::to_owned).collect();
        expected.extend(sample.lines(1..=2));
        assert_eq!(file.effects(), expected);
    }
}

#[test]
fn a_missing_file_is_refused_and_the_way_on_named() {
    let (file, detail) = File::delivered();
    fs::remove_file(file.path()).unwrap();
    let refusal = file.refusal(&detail);
    assert!(matches!(refusal, ReactionError::Missing { .. }), "{refusal}");
    assert!(refusal.to_string().contains("livewell reset"), "{refusal}");
    assert_eq!(refusal.kind(), ErrorKind::Stop);
    assert!(!file.path().exists(), "a refusal leaves everything as it is");
}

#[test]
fn a_shorter_file_is_refused_and_left_as_it_is() {
    let (file, detail) = File::delivered();
    let whole = fs::read(file.path()).unwrap();
    fs::write(file.path(), &whole[..whole.len() - 1]).unwrap();
    let refusal = file.refusal(&detail);
    assert!(matches!(refusal, ReactionError::Shorter { .. }), "{refusal}");
    assert_eq!(fs::read(file.path()).unwrap(), &whole[..whole.len() - 1]);
}

#[test]
fn a_replaced_file_of_at_least_the_length_is_refused_and_left_as_it_is() {
    let (file, detail) = File::delivered();
    let mut other = fs::read(file.path()).unwrap();
    let at = other.len() - 10;
    other[at] ^= 1;
    other.extend_from_slice(b"more\n");
    fs::write(file.path(), &other).unwrap();
    let refusal = file.refusal(&detail);
    assert!(matches!(refusal, ReactionError::Changed { .. }), "{refusal}");
    assert_eq!(fs::read(file.path()).unwrap(), other);
}

#[test]
fn a_file_moved_away_between_two_deliveries_is_noticed_at_the_next() {
    let file = File::new();
    let mut append = file.append();
    start(&mut append, None).unwrap();
    let sample = Sample::new(2);
    append.deliver(&sample.outgoing(1..=1)).unwrap();
    fs::rename(file.path(), file.directory.path().join("rotated")).unwrap();
    let refusal = append.deliver(&sample.outgoing(2..=2)).unwrap_err();
    assert!(matches!(refusal, ReactionError::Missing { .. }), "{refusal}");
}

#[test]
fn a_directory_in_the_place_of_the_file_is_named_with_what_to_do() {
    let file = File::new();
    fs::create_dir_all(file.path()).unwrap();
    let error = start(&mut file.append(), None).unwrap_err().to_string();
    assert!(error.contains("results.jsonl") && error.contains("names a file"), "{error}");
}

#[test]
fn a_file_in_the_place_of_a_directory_is_named_with_what_to_do() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("made"), "a file").unwrap();
    let error =
        start(&mut Append::new(directory.path().join("made/results.jsonl")), None).unwrap_err().to_string();
    assert!(error.contains("a part of the `path` is a file"), "{error}");
}

#[test]
fn a_full_disk_is_an_error_to_try_again_after() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    let mut append = Append::new("/dev/full");
    start(&mut append, None).unwrap();
    let error = append.deliver(&Sample::new(1).outgoing(1..=1)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Retry, "LW0405"));
    assert!(error.to_string().contains("free space"), "{error}");
}

#[test]
fn damaged_details_are_refused_not_trusted() {
    let (file, detail) = File::delivered();
    for damaged in [&b""[..], b"\x02", &detail[..detail.len() - 1], &[&detail[..], b"x"].concat()] {
        let refusal = file.refusal(damaged);
        assert!(matches!(refusal, ReactionError::Detail { .. }), "{refusal}");
    }
}
