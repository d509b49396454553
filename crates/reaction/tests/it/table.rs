//! `mode: table`: one snapshot or the next, nothing between, and no file of someone else's replaced.

use livewell_reaction::file::Table;
use livewell_reaction::testkit::{Bench, sample_rows, start, state_keepers};
use livewell_reaction::{Reaction, ReactionError};
use std::fs;
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
        self.directory.path().join("made/rows.jsonl")
    }

    /// Returns a table with three rows in it, and the detail of its checkpoint.
    fn written() -> (Self, Vec<u8>) {
        let file = Self::new();
        let mut table = Table::new(file.path());
        start(&mut table, None).unwrap();
        let detail = sample_rows(1, 3, |rows| table.replace(rows)).unwrap();
        (file, detail)
    }
}

impl Bench for File {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(Table::new(self.path()))
    }

    fn effects(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path()).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(str::to_owned).collect()
    }

    fn leave_half_an_effect(&self) {
        fs::write(self.directory.path().join("made/.rows.jsonl.new"), "{\"row_sig").unwrap();
    }
}

#[test]
fn table_passes_the_suite_of_state_keepers() {
    state_keepers(File::new);
}

#[test]
fn a_table_that_is_gone_or_edited_is_rebuilt() {
    let (file, detail) = File::written();
    let text = fs::read_to_string(file.path()).unwrap();
    fs::write(file.path(), text.replace("o1", "o2")).unwrap();
    assert!(start(&mut Table::new(file.path()), Some(&detail)).unwrap().rebuild);
    fs::remove_file(file.path()).unwrap();
    assert!(start(&mut Table::new(file.path()), Some(&detail)).unwrap().rebuild);
}

#[test]
fn a_table_of_an_earlier_store_is_replaced() {
    let (file, _) = File::written();
    assert!(start(&mut Table::new(file.path()), None).unwrap().rebuild);
}

#[test]
fn a_file_that_is_no_table_is_refused_and_left_as_it_is() {
    let (file, detail) = File::written();
    fs::write(file.path(), "precious").unwrap();
    for detail in [None, Some(&detail[..])] {
        let refusal = start(&mut Table::new(file.path()), detail).unwrap_err();
        assert!(matches!(refusal, ReactionError::Foreign { .. }), "{refusal}");
    }
    assert_eq!(fs::read_to_string(file.path()).unwrap(), "precious");
}

#[test]
fn nothing_but_the_table_is_left_beside_it() {
    let (file, _) = File::written();
    let names: Vec<_> =
        fs::read_dir(file.directory.path().join("made")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["rows.jsonl"]);
}

#[test]
fn a_directory_in_the_place_of_the_table_is_named_with_what_to_do() {
    let file = File::new();
    fs::create_dir_all(file.path()).unwrap();
    let error = start(&mut Table::new(file.path()), None).unwrap_err().to_string();
    assert!(error.contains("rows.jsonl") && error.contains("names a file"), "{error}");
}
