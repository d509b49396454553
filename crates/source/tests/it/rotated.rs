//! A log that is rotated while it is followed: each line comes once, in order, or the source says why it cannot
//! continue.

use crate::support::{append, line, pack, put};
use livewell_model::Change;
use livewell_source::file::{FilePosition, FileSource, Parser};
use livewell_source::settings::{FileSettings, Rotation};
use livewell_source::{ErrorKind, SourceError};
use proptest::prelude::*;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const ENDINGS: [&str; 3] = ["", ".gz", ".zst"];

/// A log, whoever writes it, and how it is rotated.
struct Log {
    dir: TempDir,
    writer: File,
    written: usize,
    /// Whether the writer writes to the newest file.
    is_newest: bool,
}

impl Log {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let writer = File::create(dir.path().join("x.jsonl")).unwrap();
        Self { dir, writer, written: 0, is_newest: true }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("x.jsonl")
    }

    fn settings(&self) -> FileSettings {
        FileSettings { rotation: Some(Rotation::Rename), ..FileSettings::new("s", self.path()) }
    }

    fn write(&mut self, lines: usize) {
        for _ in 0..lines {
            self.writer.write_all(line(&self.written.to_string()).as_bytes()).unwrap();
            self.written += 1;
        }
    }

    fn older(&self, age: usize) -> Option<(PathBuf, &'static str)> {
        let path = |ending| self.dir.path().join(format!("x.jsonl.{age}{ending}"));
        ENDINGS.into_iter().map(|ending| (path(ending), ending)).find(|(path, _)| path.exists())
    }

    /// Renames all files and makes a new one; the writer is not told.
    fn rotate(&mut self) {
        self.reopen();
        let ages = (1..).take_while(|age| self.older(*age).is_some()).count();
        for age in (1..=ages).rev() {
            let (path, ending) = self.older(age).unwrap();
            fs::rename(path, self.dir.path().join(format!("x.jsonl.{}{ending}", age + 1))).unwrap();
        }
        fs::rename(self.path(), self.dir.path().join("x.jsonl.1")).unwrap();
        self.is_newest = false;
    }

    /// Makes the writer continue in the new file.
    fn reopen(&mut self) {
        self.writer = OpenOptions::new().create(true).append(true).open(self.path()).unwrap();
        self.is_newest = true;
    }

    /// Packs the newest file that nobody writes to any more and is not packed.
    fn compress(&mut self, ending: &str) {
        for age in 1 + usize::from(!self.is_newest).. {
            let Some((path, packed)) = self.older(age) else { return };
            if packed.is_empty() {
                fs::write(
                    path.with_extension(format!("{age}{ending}")),
                    pack(ending, &fs::read(&path).unwrap()),
                )
                .unwrap();
                return fs::remove_file(path).unwrap();
            }
        }
    }
}

/// A reader that remembers which lines came.
struct Reader {
    settings: FileSettings,
    source: FileSource,
    position: Option<Vec<u8>>,
    taken: Vec<usize>,
}

impl Reader {
    fn new(settings: FileSettings) -> Self {
        let source = FileSource::open(settings.clone(), None).unwrap();
        Self { settings, source, position: None, taken: Vec::new() }
    }

    /// Reads once; says whether something came.
    fn read(&mut self, most: usize) -> Result<bool, SourceError> {
        let batch = self.source.read(most, usize::MAX)?;
        self.position = Some(batch.position);
        let before = self.taken.len();
        for change in batch.transactions.iter().flat_map(|transaction| &transaction.changes) {
            let Change::Insert(element) = change else { panic!("{change:?}") };
            self.taken.push(element.id().id.parse().unwrap());
        }
        Ok(self.taken.len() > before)
    }

    fn restart(&mut self) -> Result<(), SourceError> {
        let position = self.position.as_ref().map(|bytes| FilePosition::decode(bytes).unwrap());
        self.source = FileSource::open(self.settings.clone(), position)?;
        Ok(())
    }

    fn read_all(&mut self) {
        // Going from one file to the next may take a call of its own.
        for _ in 0..3 {
            while self.read(100).unwrap() {}
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize),
    Rotate,
    Reopen,
    Compress(&'static str),
    Read(usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1usize..4).prop_map(Step::Write),
        2 => Just(Step::Rotate),
        2 => Just(Step::Reopen),
        1 => prop::sample::select(vec![".gz", ".zst"]).prop_map(Step::Compress),
        4 => (1usize..5).prop_map(Step::Read),
        2 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_line_comes_once_in_order_however_it_is_rotated(
        before in 0usize..3,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut log = Log::new();
        for _ in 0..before {
            log.write(1);
            log.rotate();
            log.reopen();
        }
        let mut reader = Reader::new(log.settings());
        for step in steps {
            match step {
                Step::Write(lines) => log.write(lines),
                Step::Rotate => log.rotate(),
                Step::Reopen => log.reopen(),
                Step::Compress(ending) => log.compress(ending),
                Step::Read(most) => { reader.read(most).unwrap(); }
                Step::Restart => reader.restart().unwrap(),
            }
        }
        log.reopen();
        log.write(1);
        reader.read_all();
        prop_assert_eq!(&reader.taken, &(0..log.written).collect::<Vec<_>>());
        // And all at once, without waiting for more.
        let settings = FileSettings { follow: Some(false), ..log.settings() };
        let (all, _) = crate::support::drain(&settings, None, 3).unwrap();
        prop_assert_eq!(all.len(), log.written);
    }
}

#[test]
fn what_is_written_to_the_old_file_until_the_new_one_is_begun_is_read() {
    let mut log = Log::new();
    log.write(1);
    let mut reader = Reader::new(log.settings());
    reader.read_all();
    log.rotate();
    log.write(1);
    reader.read_all();
    File::create(log.path()).unwrap();
    reader.read_all();
    log.write(1);
    reader.read_all();
    assert_eq!(reader.taken, [0, 1, 2], "whoever writes has not come to the new file yet");
    reader.restart().unwrap();
    log.write(1);
    log.reopen();
    log.write(1);
    reader.read_all();
    assert_eq!(reader.taken, [0, 1, 2, 3, 4]);
}

#[test]
fn a_reader_that_looks_while_names_change_loses_nothing() {
    const ROTATIONS: usize = 100;
    let mut log = Log::new();
    let mut reader = Reader::new(log.settings());
    let writer = std::thread::spawn(move || {
        for rotation in 0..ROTATIONS {
            log.write(rotation % 4);
            log.rotate();
            log.write(rotation % 3);
            log.reopen();
            if rotation % 7 == 0 {
                log.compress(".zst");
            }
        }
        log.write(1);
        log
    });
    for turn in 0.. {
        reader.read(1 + turn % 5).unwrap();
        if turn % 3 == 0 {
            reader.restart().unwrap();
        }
        if writer.is_finished() {
            break;
        }
    }
    let log = writer.join().unwrap();
    reader.read_all();
    assert_eq!(reader.taken, (0..log.written).collect::<Vec<_>>());
}

fn refused(result: Result<impl Sized, SourceError>) -> SourceError {
    let Err(error) = result else { panic!("it goes on") };
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0221"), "{error}");
    error
}

#[test]
fn a_file_that_is_gone_stops_the_source_and_a_reset_reads_what_is_there() {
    for is_restarted in [false, true] {
        let mut log = Log::new();
        log.write(2);
        let mut reader = Reader::new(log.settings());
        reader.read(1).unwrap();
        log.rotate();
        log.reopen();
        log.write(1);
        fs::remove_file(log.dir.path().join("x.jsonl.1")).unwrap();
        let error = if is_restarted {
            refused(reader.restart())
        } else {
            // What stood in the file can still be read, but not what came after it.
            assert!(reader.read(9).unwrap());
            refused(reader.read(9))
        };
        assert!(error.message.contains("x.jsonl.1"), "{error}");
        let mut fresh = Reader::new(log.settings());
        fresh.read_all();
        assert_eq!(fresh.taken, [2]);
    }
}

#[test]
fn a_file_that_cannot_be_told_from_another_stops_the_source() {
    let mut log = Log::new();
    log.write(1);
    let mut reader = Reader::new(log.settings());
    reader.read_all();
    for _ in 0..2 {
        log.rotate();
        log.reopen();
        append(&log.path(), &line("0"));
    }
    // Copied and packed, it has lost its number; two begin alike now.
    log.compress(".gz");
    log.compress(".zst");
    refused(reader.restart());
}

#[test]
fn a_file_under_the_name_of_the_log_that_was_shortened_stops_the_source() {
    let mut log = Log::new();
    log.write(2);
    let mut reader = Reader::new(log.settings());
    reader.read_all();
    fs::write(log.path(), "").unwrap();
    assert_eq!(reader.read(9).unwrap_err().code, "LW0208");
    refused(reader.restart());
}

#[test]
fn each_file_of_a_table_has_a_header_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.csv", b"n\n0\n");
    let node = serde_json::from_str(r#"{"label":"N","id":"{n}"}"#).unwrap();
    let rotation = Some(Rotation::Rename);
    let mut reader = Reader::new(FileSettings { node, rotation, ..FileSettings::new("s", &path) });
    reader.read_all();
    let rename = |from: &Path, to: &str| fs::rename(from, dir.path().join(to)).unwrap();
    rename(&path, "x.csv.1");
    put(dir.path(), "x.csv", b"n\n");
    reader.read_all();
    reader.restart().unwrap();
    rename(&dir.path().join("x.csv.1"), "x.csv.3");
    rename(&path, "x.csv.2");
    put(dir.path(), "x.csv.1", b"");
    put(dir.path(), "x.csv", b"m,n\n7,1\n");
    reader.read_all();
    append(&path, "7,2\n");
    reader.restart().unwrap();
    reader.read_all();
    assert_eq!(reader.taken, [0, 1, 2]);
    // A row by itself is read by the header of the file that is written to.
    assert_eq!(Parser::new(&reader.settings).parse(None, "8,3").unwrap().changes.len(), 1);
    fs::write(&path, "").unwrap();
    let error = Parser::new(&reader.settings).parse(None, "8,3").unwrap_err();
    assert!(error.message.contains("a table begins with"), "{error}");
}

#[test]
fn a_rotation_that_makes_no_sense_is_refused_at_the_start() {
    for (settings, says) in [
        (r#"{"id":"s","files":[{"path":"x.jsonl"}],"rotation":"rename"}"#, "goes with `path`"),
        (r#"{"id":"s","path":"x.jsonl.gz","rotation":"rename"}"#, "is compressed"),
    ] {
        let settings: FileSettings = serde_json::from_str(settings).unwrap();
        let error = settings.validate().unwrap_err();
        assert!(error.message.contains(says), "{error}");
    }
}
