//! Reading files of changes: packed or not, in order, resumed anywhere, and never past what is wrong.

use crate::support::{drain, line, one, put};
use livewell_model::Transaction;
use livewell_source::file::{FilePosition, FileSource, Line};
use livewell_source::json::parse_transaction;
use livewell_source::settings::{FileEntry, FileSettings, OnError};
use livewell_source::{ErrorKind, Limits, SourceError};
use std::path::Path;

fn lines(count: usize) -> String {
    (0..count).map(|n| line(&format!("n{n}"))).collect()
}

fn parsed(text: &str) -> Vec<Transaction> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| parse_transaction(line.as_bytes(), "s", &Limits::default()).unwrap()).collect()
}

fn several(dir: &Path, names: &[&str]) -> FileSettings {
    let files = names.iter().map(|name| FileEntry { path: dir.join(name), ..FileEntry::default() }).collect();
    FileSettings { id: "s".into(), files, follow: Some(false), ..FileSettings::default() }
}

fn position(batch: &[u8]) -> Option<FilePosition> {
    Some(FilePosition::decode(batch).unwrap())
}

#[test]
fn a_packed_file_reads_as_the_plain_one() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("\u{feff}{}\n  \r\n{}", lines(500).replace('\n', "\r\n"), lines(1).trim_end());
    let wanted = parsed(text.trim_start_matches('\u{feff}'));
    assert_eq!(wanted.len(), 501);
    let mut ends = Vec::new();
    for name in ["x.jsonl", "x.jsonl.gz", "x.jsonl.zst"] {
        let settings = one(put(dir.path(), name, text.as_bytes()));
        assert_eq!(drain(&settings, None, 7).unwrap().0, wanted, "{name}");
        let mut source = FileSource::open(settings, None).unwrap();
        ends.push(source.read(1_000, usize::MAX).unwrap().position);
    }
    // Positions are of the content, so a file may be packed between two runs.
    assert!(ends.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn several_members_or_frames_are_one_file() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["x.jsonl.gz", "x.jsonl.zst"] {
        let packed = [
            crate::support::pack(name, line("a").as_bytes()),
            crate::support::pack(name, line("b").as_bytes()),
        ];
        let path = dir.path().join(name);
        std::fs::write(&path, packed.concat()).unwrap();
        assert_eq!(drain(&one(path), None, 9).unwrap().0, parsed(&(line("a") + &line("b"))), "{name}");
    }
}

#[test]
fn resuming_at_any_line_gives_what_remains() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.jsonl", lines(5).as_bytes());
    put(dir.path(), "b.jsonl.zst", format!("\n{}", lines(4).trim_end()).as_bytes());
    put(dir.path(), "c.jsonl", b"");
    put(dir.path(), "d.jsonl", lines(3).as_bytes());
    let settings = several(dir.path(), &["a.jsonl", "b.jsonl.zst", "c.jsonl", "d.jsonl"]);
    let (all, _) = drain(&settings, None, 100).unwrap();
    assert_eq!(all.len(), 12);
    let mut source = FileSource::open(settings.clone(), None).unwrap();
    for taken in 0..=12 {
        let stored = source.position().encode();
        assert_eq!(drain(&settings, position(&stored), 2).unwrap().0, all[taken..], "after {taken}");
        assert_eq!(
            source.read(1, usize::MAX).unwrap().transactions.as_slice(),
            all[taken..].get(..1).unwrap_or(&[])
        );
    }
}

#[test]
fn a_batch_stays_within_its_limits() {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "x.jsonl", lines(100).as_bytes());
    let mut source = FileSource::open(one(path), None).unwrap();
    assert_eq!(source.read(17, usize::MAX).unwrap().transactions.len(), 17);
    assert_eq!(source.read(100, 1).unwrap().transactions.len(), 1);
    let bytes = 3 * line("n10").len();
    assert_eq!(source.read(100, bytes).unwrap().transactions.len(), 3);
    assert_eq!(source.read(0, bytes).unwrap().transactions.len(), 0);
}

#[test]
fn a_file_that_is_not_what_was_read_is_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let text = lines(10);
    let settings = several(dir.path(), &["a.jsonl", "b.jsonl"]);
    put(dir.path(), "a.jsonl", text.as_bytes());
    put(dir.path(), "b.jsonl", text.as_bytes());
    let mut source = FileSource::open(settings.clone(), None).unwrap();
    let in_b = position(&source.read(14, usize::MAX).unwrap().position);
    let offset = in_b.clone().unwrap().offset;

    let reopen = |a: &str, b: &str| -> Result<FileSource, SourceError> {
        put(dir.path(), "a.jsonl", a.as_bytes());
        put(dir.path(), "b.jsonl", b.as_bytes());
        FileSource::open(settings.clone(), in_b.clone())
    };
    let refused = |a: &str, b: &str, says: &str, file: &str| {
        let error = reopen(a, b).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0208"));
        assert!(error.message.contains(says) && error.message.contains(file), "{error}");
    };
    refused(&text, &text.replace("n2", "N2"), &format!("was changed before byte {offset}"), "b.jsonl");
    refused(&text, &line("n0"), "was shortened to", "b.jsonl");
    refused(&text.replace("n9", "N9"), &text, "was changed before byte", "a.jsonl");
    refused(&lines(9), &text, "was shortened to", "a.jsonl");
    refused(&lines(11), &text, "has grown since", "a.jsonl");
    // What lies beyond the position was never read and may change.
    reopen(&text, &text.replace("n9", "N9")).unwrap();
    // A list that no longer reaches as far as reading did.
    let shorter = several(dir.path(), &["a.jsonl"]);
    assert_eq!(FileSource::open(shorter, in_b.clone()).unwrap_err().kind, ErrorKind::Changed);
}

#[test]
fn lines_and_files_added_at_the_end_are_read_on() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a.jsonl", lines(2).as_bytes());
    let settings = several(dir.path(), &["a.jsonl"]);
    let end = FileSource::open(settings.clone(), None).unwrap().read(9, usize::MAX).unwrap();
    assert!(end.end);
    put(dir.path(), "a.jsonl", lines(3).as_bytes());
    assert_eq!(drain(&settings, position(&end.position), 9).unwrap().0, parsed(&line("n2")));
    put(dir.path(), "b.jsonl", line("b").as_bytes());
    let longer = several(dir.path(), &["a.jsonl", "b.jsonl"]);
    assert_eq!(drain(&longer, position(&end.position), 9).unwrap().0, parsed(&(line("n2") + &line("b"))));
}

#[test]
fn a_last_line_taken_without_its_break_cannot_grow() {
    let dir = tempfile::tempdir().unwrap();
    let whole = line("a");
    let path = put(dir.path(), "x.jsonl", whole.trim_end().as_bytes());
    let end = FileSource::open(one(&path), None).unwrap().read(9, usize::MAX).unwrap();
    assert_eq!(end.transactions, parsed(&whole));
    assert_eq!(position(&end.position).unwrap().line, 1);
    put(dir.path(), "x.jsonl", (whole.clone() + &line("b")).as_bytes());
    let mut source = FileSource::open(one(&path), position(&end.position)).unwrap();
    assert_eq!(source.read(9, usize::MAX).unwrap().transactions, parsed(&line("b")));
    assert_eq!(source.position().line, 2);
    put(dir.path(), "x.jsonl", format!("{}{}", whole.trim_end(), whole).as_bytes());
    let error = drain(&one(&path), position(&end.position), 9).unwrap_err();
    assert!(error.message.contains("extended in the middle of line 1"), "{error}");
}

#[test]
fn a_bad_line_stops_the_source_after_what_stands_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let bad = r#"{"operation":"delete","id":7}"#;
    let text = format!("{}\n{bad}\n{}", lines(2), line("after"));
    let path = put(dir.path(), "x.jsonl", text.as_bytes());
    let mut source = FileSource::open(one(&path), None).unwrap();
    let batch = source.read(100, usize::MAX).unwrap();
    assert_eq!((batch.transactions.len(), batch.end), (2, false));
    let error = source.read(100, usize::MAX).unwrap_err();
    let place = error.place.clone().unwrap();
    assert_eq!((place.file, place.line, place.column), (path.clone(), 4, Some(28)));
    for part in ["x.jsonl:4:28", "must be a string", bad, "on_error: park"] {
        assert!(error.message.contains(part), "{part} in {error}");
    }
    assert_eq!(source.read(100, usize::MAX), Err(error.clone()));
    // The stored position lies before the line, so a restart meets it again, and a mended file continues.
    let stored = position(&batch.position);
    assert_eq!(drain(&one(&path), stored.clone(), 9), Err(error));
    put(dir.path(), "x.jsonl", text.replace(bad, line("mended").trim_end()).as_bytes());
    assert_eq!(drain(&one(&path), stored, 9).unwrap().0, parsed(&(line("mended") + &line("after"))));
}

#[test]
fn parked_lines_are_handed_over_whole_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!("nonsense\n{}{}\n\u{e9}{}", line("a"), "x".repeat(5_000), line("b"));
    let path = put(dir.path(), "x.jsonl", text.as_bytes());
    let limits = Limits { line_bytes_max: 1_000, ..Limits::default() };
    let settings = FileSettings { on_error: OnError::Park, limits, ..one(&path) };
    let (transactions, parked) = drain(&settings, None, 1).unwrap();
    assert_eq!(transactions, parsed(&line("a")));
    let places: Vec<_> = parked.iter().map(|parked| (parked.place.line, parked.place.column)).collect();
    assert_eq!(places, [(1, Some(2)), (3, None), (4, Some(1))]);
    let kept: Vec<_> = parked.iter().map(|parked| (parked.file, parked.line, parked.is_whole)).collect();
    assert_eq!(kept, [(0, 1, true), (0, 3, false), (0, 4, true)]);
    assert_eq!(parked[0].text, "nonsense");
    assert!(parked[1].error.message.contains("line_bytes_max"), "{}", parked[1]);
    assert!(parked[1].text.len() <= 4 << 10 && parked[1].text.starts_with("xxx"));
    assert_eq!(parked[2].text, format!("\u{e9}{}", line("b").trim_end()));
    assert!(parked[2].to_string().contains("x.jsonl:4:1: not JSON"), "{}", parked[2]);
    let batch = FileSource::open(settings.clone(), None).unwrap().read(9, usize::MAX).unwrap();
    let after: Vec<usize> = batch.parked.iter().map(|parked| parked.after).collect();
    assert_eq!(after, [0, 1, 1], "how many transactions stand before each");
    let a = Line { file: 0, line: 2, text: line("a").trim_end().into() };
    assert_eq!(batch.lines, [a], "what was taken is there as it came, too");
    // Positions after parked lines hold as well.
    let mut source = FileSource::open(settings.clone(), None).unwrap();
    for taken in 1..=4 {
        let batch = source.read(1, usize::MAX).unwrap();
        let (rest, rest_parked) = drain(&settings, position(&batch.position), 9).unwrap();
        assert_eq!(rest.len() + rest_parked.len(), 4 - taken);
    }
}

#[test]
fn zero_bytes_behind_and_between_members_are_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let pack = |text: &str| crate::support::pack("x.gz", text.as_bytes());
    let (a, b) = (pack(&lines(500)), pack(&line("b")));
    let zeros = |count: usize| vec![0u8; count];
    let wanted = [parsed(&lines(500)), parsed(&line("b"))];
    for (at, (bytes, count)) in [
        ([a.clone(), zeros(1)].concat(), 1),
        ([a.clone(), zeros(300_000)].concat(), 1),
        ([a.clone(), b.clone(), zeros(512)].concat(), 2),
        ([a.clone(), zeros(511), b.clone()].concat(), 2),
        ([a.clone(), zeros(40_000), b.clone(), zeros(7)].concat(), 2),
        ([a, pack(""), b, pack(""), zeros(9)].concat(), 2),
    ]
    .into_iter()
    .enumerate()
    {
        let path = dir.path().join(format!("{at}.jsonl.gz"));
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(drain(&one(path), None, 900).unwrap().0, wanted[..count].concat(), "{at}");
    }
}

#[test]
fn what_is_behind_a_member_and_no_other_one_is_refused_and_no_line_that_is_cut_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let pack = |text: &str| crate::support::pack("x.gz", text.as_bytes());
    let text = lines(500);
    // The last line has no line break, so that a part of it would pass for the whole.
    let (a, b) = (pack(text.trim_end()), pack(&line("b")));
    let cases = [
        ([&a[..], b"rubbish"].concat(), 500, "cannot be decompressed"),
        ([&a[..], &[0; 9], b"rubbish"].concat(), 500, "cannot be decompressed"),
        (a[..a.len() - 1].to_vec(), 499, "is incomplete"),
        (a[..a.len() - 8].to_vec(), 499, "is incomplete"),
        (a[..a.len() / 2].to_vec(), 499, "is incomplete"),
        ([&a[..], &b[..5]].concat(), 500, "is incomplete"),
        ([&pack(&text)[..], &[0; 3], &b[..b.len() - 4]].concat(), 501, "is incomplete"),
    ];
    for (at, (bytes, most, says)) in cases.into_iter().enumerate() {
        let path = dir.path().join(format!("{at}.jsonl.gz"));
        std::fs::write(&path, bytes).unwrap();
        let mut source = FileSource::open(one(path), None).unwrap();
        let mut taken = Vec::new();
        let error = loop {
            match source.read(1, usize::MAX) {
                Ok(batch) => taken.extend(batch.transactions),
                Err(error) => break error,
            }
        };
        assert_eq!((error.code, error.message.contains(says)), ("LW0207", true), "{at}: {error}");
        let whole = [parsed(&text), parsed(&line("b"))].concat();
        assert!(taken.len() <= most && whole.starts_with(&taken), "{at}: {}", taken.len());
    }
}

#[test]
fn what_cannot_be_read_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    std::fs::create_dir(path("dir.jsonl")).unwrap();
    let whole = crate::support::pack("x.gz", lines(2_000).as_bytes());
    std::fs::write(path("cut.jsonl.gz"), &whole[..whole.len() / 2]).unwrap();
    let whole = crate::support::pack("x.zst", lines(2_000).as_bytes());
    std::fs::write(path("cut.jsonl.zst"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(path("plain.jsonl.gz"), lines(2)).unwrap();
    std::fs::write(path("plain.jsonl.zst"), lines(2)).unwrap();
    let cases = [
        ("none.jsonl", "does not exist", "LW0206"),
        ("dir.jsonl", "is a directory", "LW0206"),
        ("cut.jsonl.gz", "is incomplete", "LW0207"),
        ("cut.jsonl.zst", "is incomplete", "LW0207"),
        ("plain.jsonl.gz", "cannot be decompressed", "LW0207"),
        ("plain.jsonl.zst", "cannot be decompressed", "LW0207"),
    ];
    for (name, says, code) in cases {
        let error = drain(&one(path(name)), None, 9).expect_err(name);
        assert_eq!((error.kind, error.code), (ErrorKind::Unavailable, code), "{error}");
        assert!(error.message.contains(says) && error.message.contains(name), "{error}");
    }
    // A later file of the list is looked at when the source is opened, not hours later.
    put(dir.path(), "a.jsonl", b"");
    let error = FileSource::open(several(dir.path(), &["a.jsonl", "none.jsonl"]), None).unwrap_err();
    assert!(error.message.contains("none.jsonl"), "{error}");
}
