//! `livewell results --watch` on a pipe, in each format.

use super::running::{Running, orders};
use std::io::{BufRead, BufReader, Lines};
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
