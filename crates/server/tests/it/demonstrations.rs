//! The three demonstrations of the README, with its commands, over the first days of the flights example.

use super::place::{Place, Ran, ended};
use serde_json::Value as Json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

/// How many lines of the example's changes are read; all of them would take long without optimisation.
const LINES: usize = 20_000;

/// The example in a place of its own, with the beginning of its data; the server on any free port.
fn example(change: impl Fn(String) -> String) -> Place {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights");
    let text = fs::read_to_string(example.join("livewell.yaml")).unwrap();
    let text = replaced(&text, "data/reference.jsonl.zst", "reference.jsonl.zst");
    let text = replaced(&text, "data/ops.jsonl.zst", "ops.jsonl");
    let ops = zstd::Decoder::new(fs::File::open(example.join("data/ops.jsonl.zst")).unwrap()).unwrap();
    let lines: Vec<String> = BufReader::new(ops).lines().take(LINES).map(Result::unwrap).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let place = Place::new(&change(replaced(&text, "127.0.0.1:7171", "127.0.0.1:0")), &lines);
    fs::copy(example.join("data/reference.jsonl.zst"), place.file("reference.jsonl.zst")).unwrap();
    place
}

/// As `str::replace`, and what is to be replaced must be there.
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example no longer has `{from}`");
    text.replace(from, to)
}

/// A process that is killed when it is dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn begin_anew(place: &Place) {
    for name in ["livewell-data", "out"] {
        let _ = fs::remove_dir_all(place.file(name));
    }
}

/// Rows by signature, from the lines of a table file.
fn rows(table: &str) -> Vec<Json> {
    table.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_query_is_watched_live_while_the_source_keeps_its_pace() {
    let place = example(|text| replaced(&text, "# rate: 2000", "rate: 4000"));
    let mut server = place
        .command(&["run", "livewell.yaml"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let _server = Started(server);
    let mut line = String::new();
    let address = loop {
        line.clear();
        assert!(log.read_line(&mut line).unwrap() > 0, "it ended before it served");
        if let Some((_, address)) = line.trim_end().split_once("serving ") {
            break address.to_owned();
        }
    };
    // Somebody must read what it says, or it waits.
    std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(drop));
    let mut watch = place
        .command(&["results", "late-in-the-air", "--watch", "--server", &address])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let _watch = Started(watch);
    let seen: Vec<Json> = lines.take(20).map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    let sequences: Vec<u64> = seen.iter().map(|result| result["sequence"].as_u64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[1] == pair[0] + 1), "{sequences:?}");
    assert!(seen.iter().all(|result| result["query_id"] == "late-in-the-air"));
    assert_eq!(seen[0]["results"][0]["data"].as_object().unwrap().keys().next().unwrap(), "flight");
}

#[test]
fn killed_as_often_as_one_likes_the_file_comes_out_the_same() {
    let place = example(|text| text);
    place.run().expect(0, &[]);
    let kept = fs::read(place.file("out/late.jsonl")).unwrap();
    begin_anew(&place);
    for life in [20, 100, 250, 500] {
        let child = place
            .command(&["run", "livewell.yaml", "--until-idle", "--log-level", "error"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _killed = Started(child);
        std::thread::park_timeout(Duration::from_millis(life));
    }
    place.run().expect(0, &[]);
    assert!(fs::read(place.file("out/late.jsonl")).unwrap() == kept, "the file differs");
}

/// A small outbox and two paused reactions, as the README says it.
fn with_a_gap(text: &str) -> String {
    let text = replaced(
        text,
        "  - id: late-in-the-air\n",
        "  - id: late-in-the-air\n    outbox: { capacity: 100 }\n",
    );
    let text = replaced(&text, "path: out/late.jsonl }", "path: out/late.jsonl, enabled: false }");
    replaced(&text, "mode: table }", "mode: table, enabled: false, recovery: auto_reset }")
}

#[test]
fn a_gap_stops_what_is_strict_and_says_what_to_do_and_rebuilds_what_may_be() {
    let place = example(|text| text);
    place.run().expect(0, &[]);
    let table = place.read("out/late-now.jsonl");
    assert!(!rows(&table).is_empty(), "there is something to compare");
    assert!(
        place.read("out/late.jsonl").lines().count() > 200,
        "there are more results than the outbox will hold"
    );
    begin_anew(&place);
    let whole = place.read("livewell.yaml");
    let paused = with_a_gap(&whole);
    place.write("livewell.yaml", &paused);
    let ran = place.run();
    ran.expect(0, &[]);
    assert!(line_of(&ran, "diffs").ends_with("paused") && line_of(&ran, "board").ends_with("paused"));
    assert!(!place.file("out/late-now.jsonl").exists());

    place.write("livewell.yaml", &replaced(&paused, ", enabled: false", ""));
    let ran = place.run();
    ran.expect(1, &["`late-in-the-air` no longer holds what comes next for `diffs`", "LW0530"]);
    ran.expect(1, &["`livewell reset diffs`", "`recovery: auto_skip_gap`"]);
    assert!(line_of(&ran, "diffs").contains("in error"), "{}", ran.out);
    assert_eq!(place.read("out/late-now.jsonl"), table, "the table is the same as ever");

    // What the message says: go on from what is true now.
    let skipping = replaced(&paused, ", enabled: false", "");
    place.write(
        "livewell.yaml",
        &replaced(&skipping, "path: out/late.jsonl }", "path: out/late.jsonl, recovery: auto_skip_gap }"),
    );
    place.run().expect(0, &[]);
}

fn line_of<'a>(ran: &'a Ran, id: &str) -> &'a str {
    let mut lines = ran.out.lines();
    lines
        .find(|line| line.split_whitespace().nth(1) == Some(id))
        .unwrap_or_else(|| panic!("{}", ran.out))
        .trim_end()
}

#[test]
fn the_first_command_of_the_readme_works_as_it_stands() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    assert!(readme.contains("run examples/flights/livewell.yaml --until-idle"));
    for said in ["`rate: 2000`", "outbox: { capacity: 100 }", "enabled: false", "`recovery: auto_reset`"] {
        assert!(readme.contains(said), "the demonstrations follow the README, which no longer says {said}");
    }
    let place = example(|text| text);
    let ran = ended(place.command(&["check", "livewell.yaml"]));
    ran.expect(0, &[]);
    assert!(ran.out.contains("2 sources, 4 queries, 2 reactions"), "{}", ran.out);
}
