//! `livewell results --watch` on a pipe, in each format, and on a terminal.

use super::running::{Running, orders};
use std::io::{BufRead, BufReader, Lines};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A query that is watched on a pipe.
struct Watched {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watched {
    fn start(running: &Running, query: &str, more: &[&str]) -> Self {
        let server = format!("http://{}", running.address);
        let mut process = Command::new(env!("CARGO_BIN_EXE_livewell"))
            .args(["results", query, "--watch", "--server", &server])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The lines up to an empty one.
    fn block(&mut self) -> String {
        let lines = self.lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_pipe_gets_the_rows_after_each_result_in_the_format_that_was_asked_for() {
    let ranked = "  - { id: ranked, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id ORDER BY o.total DESC\" }\n";
    let running = Running::start_with("", "", ranked);
    running.post(&orders(&[150]));
    running.get("/api/v1/queries/big/results?position=1&wait=20s");
    let mut watched: Vec<Watched> = [["--format", "csv"], ["--format", "json"], ["--format", "table"]]
        .iter()
        .map(|format| Watched::start(&running, "big", format))
        .collect();
    let mut in_order = Watched::start(&running, "ranked", &["--format", "csv"]);
    assert_eq!(watched[0].block(), "id,total\no1,150");
    assert_eq!(watched[1].block().matches("\"id\":\"o1\"").count(), 1);
    assert!(watched[2].block().contains("o1"));
    assert_eq!(in_order.block(), "id\no1");

    running.post(&orders(&[150, 200]).lines().nth(1).unwrap().replace("o2", "o2, \\\"the second\\\""));
    let mut csv: Vec<String> = watched[0].block().lines().map(str::to_owned).collect();
    csv[1..].sort_unstable();
    assert_eq!(csv, ["id,total", "\"o2, \"\"the second\"\"\",200", "o1,150"]);
    let array = watched[1].block();
    let rows: serde_json::Value = serde_json::from_str(&array).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 2, "{array}");
    assert!(watched[2].block().contains("the second"));
    assert_eq!(in_order.block().lines().last(), Some("o1"));
}

#[test]
fn a_pipe_gets_each_result_as_a_line_of_json_where_no_format_or_ndjson_is_asked_for() {
    let running = Running::start();
    running.post(&orders(&[150]));
    running.get("/api/v1/queries/big/results?position=1&wait=20s");
    for more in [&[][..], &["--format", "ndjson"]] {
        let mut watched = Watched::start(&running, "big", more);
        // The stream is known to be open once a result comes that was sent after the start.
        let line = (0..200)
            .find_map(|total| {
                running.post(&orders(&[500 + total]));
                std::thread::park_timeout(std::time::Duration::from_millis(100));
                (total > 5).then(|| watched.lines.next().unwrap().unwrap())
            })
            .unwrap();
        let result: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(result["query_id"], "big");
        assert_eq!(result["results"][0]["type"], "UPDATE", "{line}");
    }
}

/// Both ends of a terminal of this size: what it shows, and where a program writes.
fn terminal(columns: u16, rows: u16) -> (OwnedFd, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let shown = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&shown).unwrap();
    unlockpt(&shown).unwrap();
    let name = ptsname(&shown, Vec::new()).unwrap();
    let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&shown, size).unwrap();
    let program = std::fs::OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (shown, program.into())
}

#[test]
fn a_terminal_shows_what_changed_within_its_height_below_a_header_that_stays() {
    let running = Running::start();
    let totals: Vec<i64> = (0..30).map(|n| 200 + n).collect();
    running.post(&orders(&totals));
    running.get("/api/v1/queries/big/results?position=30&wait=20s");
    let (shown, program) = terminal(60, 12);
    let mut process = Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(["results", "big", "--watch", "--server", &format!("http://{}", running.address)])
        .stdout(program)
        .env("NO_COLOR", "1")
        .env_remove("COLUMNS")
        .env_remove("LINES")
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(std::fs::File::from(shown));
    // A frame begins with the sequence that clears the screen; what is read ends with the next one.
    let mut frame = || {
        let mut text = Vec::new();
        while !text.ends_with(b"\x1b[H\x1b[J") {
            assert!(reader.read_until(b'J', &mut text).unwrap() > 0, "{}", String::from_utf8_lossy(&text));
        }
        String::from_utf8(text).unwrap().replace("\x1b[H\x1b[J", "").replace('\r', "")
    };
    assert_eq!(frame(), "", "nothing is before the first frame");
    let mut changed = orders(&[200, 999]).lines().nth(1).unwrap().to_owned();
    running.post(&changed);
    let first = frame();
    assert!(
        first.lines().count() < 12 && first.contains("30 rows") && first.contains("23 more rows"),
        "{first}"
    );
    changed = changed.replace("999", "50");
    running.post(&changed);
    let second = frame();
    let lines: Vec<&str> = second.lines().collect();
    assert!(lines[0].starts_with(" big  1-31  20") && lines[0].contains("1 updated"), "{second}");
    assert!(lines[1].contains("total") && lines[3].starts_with(" ~   o2") && lines.len() < 12, "{second}");
    let _ = process.kill();
    let _ = process.wait();
}
