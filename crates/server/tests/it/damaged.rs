//! A damaged store through the binary: a message or an end, never a wrong answer; `store inspect` names it.

use super::place::{Place, Ran};
use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const CONFIG: &str = "sources:\n  - { id: ops, kind: file, path: ops.jsonl }\n\
                      queries:\n  - { id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x, n.text AS text' }\n";
/// How many places are damaged, each with three commands over it.
const FLIPS: u64 = 60;

/// A store that was run to idle, and what its query gives.
fn whole() -> (Place, String) {
    let line = |x: u32| {
        let text = "word ".repeat(40);
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"n{x}","labels":["A"],"properties":{{"x":{x},"text":"{text}"}}}}}}"#
        )
    };
    let lines: Vec<String> = (0..200).map(line).collect();
    let place = Place::new(CONFIG, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    place.run().expect(0, &[]);
    let rows = place.results("q");
    assert_eq!(rows.lines().count(), 200);
    let inspected = place.livewell(&["store", "inspect", "livewell-data"]);
    assert!(inspected.expect(0, &[]).out.ends_with("no damage found\n"));
    std::fs::rename(place.file("livewell-data"), place.file("kept")).unwrap();
    (place, rows)
}

/// Puts a fresh copy of the store in its place; gives its data file.
fn copy(place: &Place) -> PathBuf {
    let (from, to) = (place.file("kept"), place.file("livewell-data"));
    let _ = std::fs::remove_dir_all(&to);
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
    let files = std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path());
    files.max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

/// Reads, inspects and runs on: right each time, or refused. Says whether reading was refused.
fn expect_right_or_refused(place: &Place, rows: &str, what: &str) -> bool {
    let read = place.livewell(&["results", "q", "--store", "livewell-data"]);
    let refused = is_refused(&read, what);
    assert!(refused || read.out == rows, "{what}: wrong rows");
    let inspected = place.livewell(&["store", "inspect", "livewell-data"]);
    match inspected.status.code() {
        Some(0) => assert!(!refused, "{what}: reading is refused, and `store inspect` finds nothing"),
        Some(1) => assert!(inspected.err.contains("LW03"), "{what}: {}", inspected.err),
        code => panic!("{what}: `store inspect` ends with {code:?}: {}", inspected.err),
    }
    let ran = place.run();
    if !is_refused(&ran, what) {
        let after = place.livewell(&["results", "q", "--store", "livewell-data"]);
        assert!(is_refused(&after, what) || after.out == rows, "{what}: wrong rows after a run");
    }
    refused
}

/// A refusal is exit code 1 with a message, or the end of the process where a page itself is damaged.
fn is_refused(ran: &Ran, what: &str) -> bool {
    match ran.status.code() {
        Some(0) => false,
        Some(1) => {
            assert!(ran.err.contains("[LW"), "{what}: {}", ran.err);
            true
        }
        Some(code) => panic!("{what}: exit code {code}: {}", ran.err),
        None => true,
    }
}

#[test]
fn a_store_cut_short_is_refused_or_whole() {
    let (place, rows) = whole();
    let length = copy(&place).metadata().unwrap().len();
    let mut refused = 0;
    for length in [0, 1, 4_095, 4_096, 8_192, length / 4, length / 2, length - length / 8, length - 1] {
        OpenOptions::new().write(true).open(copy(&place)).unwrap().set_len(length).unwrap();
        refused += u32::from(expect_right_or_refused(&place, &rows, &format!("cut to {length}")));
    }
    assert!(refused >= 5, "only {refused} cuts were noticed");
}

#[test]
fn a_flipped_bit_is_refused_or_without_effect() {
    let (place, rows) = whole();
    let used = used(&copy(&place));
    let mut refused = 0;
    for number in 0..FLIPS {
        let data = copy(&place);
        let file = OpenOptions::new().read(true).write(true).open(data).unwrap();
        let offset = used * number / FLIPS + number * 37 % 64;
        let mut byte = [0];
        file.read_exact_at(&mut byte, offset).unwrap();
        byte[0] ^= 1 << (number % 8);
        file.write_all_at(&byte, offset).unwrap();
        drop(file);
        refused += u32::from(expect_right_or_refused(
            &place,
            &rows,
            &format!("bit {} of byte {offset}", number % 8),
        ));
    }
    assert!(refused > 0, "no flip was noticed");
}

/// Up to where the file holds anything; behind that is room.
fn used(data: &Path) -> u64 {
    let bytes = std::fs::read(data).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1
}
