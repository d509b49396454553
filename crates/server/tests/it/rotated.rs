//! Logs that rotate under a Livewell that is killed at random moments, and the files that it rotates itself: each line
//! counts once, in order.

use super::place::Place;
use livewell_scenarios::choice::Choice;
use livewell_services::pause;
use serde_json::Value as Json;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CONFIG: &str = r#"
store: { kind: embedded, path: livewell-data, durability: os }
sources:
  - { id: log, kind: file, path: log.jsonl, rotation: rename, node: { label: Line, id: "{n}" } }
queries:
  - { id: lines, sources: [log], cypher: "MATCH (l:Line) RETURN l.n AS n" }
reactions:
  - { id: all, kind: file, queries: [lines], path: all.jsonl }
"#;

const ROTATING: &str = r#"
store: { kind: embedded, path: livewell-data, durability: os }
sources:
  - { id: ops, kind: file, path: ops.jsonl, rate: 2000, node: { label: Line, id: "{n}" } }
queries:
  - { id: lines, sources: [ops], cypher: "MATCH (l:Line) RETURN l.n AS n" }
reactions:
  - { id: whole, kind: file, queries: [lines], path: whole.jsonl }
  - { id: parts, kind: file, queries: [lines], path: parts.jsonl, rotate: { bytes: 3kB, keep: 100000 } }
"#;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
fn kills() -> usize {
    std::env::var("LIVEWELL_KILLS").map_or(30, |text| text.parse().expect("a number"))
}

fn seed() -> u64 {
    std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"))
}

/// The older file of this age, packed or not.
fn older(path: &Path, age: usize) -> Option<PathBuf> {
    ["", ".zst"]
        .into_iter()
        .map(|end| PathBuf::from(format!("{}.{age}{end}", path.display())))
        .find(|it| it.exists())
}

/// Renames all files of the log and packs the last but one, as logrotate does with `delaycompress`.
fn rotate(path: &Path) {
    let ages = (1..).take_while(|age| older(path, *age).is_some()).count();
    for age in (1..=ages).rev() {
        let from = older(path, age).expect("counted");
        let packed = from.extension().is_some_and(|end| end == "zst");
        let to = format!("{}.{}", path.display(), age + 1);
        fs::rename(&from, if packed { format!("{to}.zst") } else { to }).expect("renamed");
    }
    fs::rename(path, format!("{}.1", path.display())).expect("renamed");
    let last = PathBuf::from(format!("{}.2", path.display()));
    if last.exists() {
        let packed = zstd::encode_all(&*fs::read(&last).expect("read"), 1).expect("packed");
        fs::write(format!("{}.zst", last.display()), packed).expect("written");
        fs::remove_file(&last).expect("removed");
    }
}

/// Writes numbered lines and rotates at random until told to end; says how many there are.
fn write(path: &Path, ended: &AtomicBool) -> u64 {
    let mut random = Choice::new(seed());
    let open = || fs::OpenOptions::new().create(true).append(true).open(path).expect("opened");
    let (mut file, mut number) = (open(), 0);
    while !ended.load(Ordering::Relaxed) {
        for _ in 0..random.below(20) {
            file.write_all(format!("{{\"n\":{number}}}\n").as_bytes()).expect("written");
            number += 1;
        }
        if random.below(20) == 0 {
            rotate(path);
            // The new file is there before whoever writes turns to it.
            let new = open();
            file.write_all(format!("{{\"n\":{number}}}\n").as_bytes()).expect("written");
            number += 1;
            file = new;
        }
        pause(Duration::from_millis(random.below(5) as u64));
    }
    // What stands at the end shows that the file before is ended.
    file.write_all(format!("{{\"n\":{number}}}\n").as_bytes()).expect("written");
    number + 1
}

#[test]
fn killed_anywhere_while_its_log_rotates_each_line_counts_once() {
    let place = Place::new(CONFIG, &[]);
    let path = place.file("log.jsonl");
    fs::write(&path, "").expect("written");
    let ended = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| write(&path, &ended));
        let mut random = Choice::new(seed() + 1);
        for _ in 0..kills() {
            let run = ["run", "--log-level", "error", "livewell.yaml"];
            let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
            pause(Duration::from_millis(random.below(300) as u64));
            child.kill().expect("a running child can be killed");
            child.wait().expect("a killed child ends");
            // Sometimes long enough for several rotations.
            pause(Duration::from_millis(random.below(200) as u64));
        }
        ended.store(true, Ordering::Relaxed);
        writer.join().expect("the writer ends")
    });
    assert!(older(&path, 3).is_some(), "it rotated while it was read");
    place.run().expect(0, &[]);
    let text = place.read("all.jsonl");
    let number = |line: &str| {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        assert_eq!(result["results"].as_array().map(Vec::len), Some(1), "{line}");
        result["results"][0]["data"]["n"].as_u64().expect("a number")
    };
    assert_eq!(text.lines().map(number).collect::<Vec<_>>(), (0..written).collect::<Vec<_>>());
}

#[test]
fn a_log_that_lost_what_was_read_stops_with_its_code() {
    let place = Place::new(CONFIG, &[]);
    let lines =
        |numbers: std::ops::Range<u64>| numbers.map(|n| format!("{{\"n\":{n}}}\n")).collect::<String>();
    place.write("log.jsonl", &lines(0..3));
    place.run().expect(0, &[]);
    fs::remove_file(place.file("log.jsonl")).expect("removed");
    place.write("log.jsonl", &lines(7..9));
    place.run().expect(1, &["LW0221", "log.jsonl.1"]);
    place.livewell(&["explain", "LW0221"]).expect(0, &[]);
}

#[test]
fn killed_anywhere_while_it_rotates_its_files_are_the_one_that_is_not_rotated() {
    const LINES: usize = 4_000;
    const BYTES: usize = 3_000;
    let lines: Vec<String> = (0..LINES).map(|n| format!("{{\"n\":{n}}}")).collect();
    let place = Place::new(ROTATING, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut random = Choice::new(seed());
    for _ in 0..kills() {
        let run = ["run", "--log-level", "error", "livewell.yaml"];
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        pause(Duration::from_millis(random.below(200) as u64));
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
    }
    place.run().expect(0, &[]);
    let path = place.file("parts.jsonl");
    let ages = (1..).take_while(|age| older(&path, *age).is_some()).count();
    let read = |path: PathBuf| fs::read_to_string(path).expect("a file");
    let mut parts: Vec<String> = (1..=ages).rev().filter_map(|age| older(&path, age)).map(read).collect();
    parts.push(place.read("parts.jsonl"));
    let whole = place.read("whole.jsonl");
    assert_eq!(whole.lines().count(), LINES);
    assert!(parts.concat() == whole, "behind each other they are the one that is not rotated");
    for (part, next) in parts.iter().zip(&parts[1..]) {
        let begins = next.find('\n').expect("a line") + 1;
        assert!(
            part.len() <= BYTES && part.len() + begins > BYTES,
            "a file ends where the next line does not fit"
        );
    }
}
