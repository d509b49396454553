//! What people see: tables that fit their terminal, colours, what to do, progress.

use super::place::Place;
use super::running::Running;
use super::text;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

const LONG: &str = "a-query-with-an-id-that-is-long-and-says-much";

fn running() -> Running {
    let queries = format!(
        "  - {{ id: {LONG}, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, o.total AS total' }}\n  \
           - {{ id: share, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, 100 / o.total AS share' }}\n"
    );
    Running::start_with("", "", &queries)
}

fn shown(running: &Running, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(arguments)
        .args(["--server", &format!("http://{}", running.address)])
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn a_table_is_as_wide_as_the_terminal_at_most_and_a_row_is_a_line() {
    let running = running();
    running.post(r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":["Order"],"properties":{"id":"o1","total":250}}}"#);
    running.get(&format!("/api/v1/queries/{LONG}/results?position=1&wait=20s"));
    for columns in ["40", "60", "80"] {
        let status = shown(&running, &["status"], &[("COLUMNS", columns)]);
        let lines: Vec<&str> = text(&status.stdout).lines().collect();
        let width = columns.parse().unwrap();
        assert!(lines.iter().all(|line| line.chars().count() <= width), "{columns}: {lines:#?}");
        // The tables of sources and queries, with an empty line between.
        assert_eq!(lines.len(), 3 + 1 + 5, "{lines:#?}");
        assert!(lines[0].starts_with(" sources") && lines[4].starts_with(" queries"), "{lines:#?}");
    }
    let whole = shown(&running, &["status"], &[]);
    assert!(text(&whole.stdout).contains(LONG), "a pipe has no width: {whole:?}");
}

#[test]
fn colours_are_for_terminals_unless_they_are_forced_and_never_if_refused() {
    let running = running();
    let has_colours = |environment: &[(&str, &str)]| {
        text(&shown(&running, &["status"], environment).stdout).contains("\u{1b}[")
    };
    assert!(!has_colours(&[]));
    assert!(has_colours(&[("CLICOLOR_FORCE", "1")]));
    assert!(!has_colours(&[("NO_COLOR", "1")]));
    assert!(!has_colours(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
}

#[test]
fn an_error_is_shown_with_what_to_do_and_a_wrong_id_with_the_right_one() {
    let running = running();
    running.post(r#"{"operation":"insert","element":{"type":"node","id":"o1","labels":["Order"],"properties":{"id":"o1","total":0}}}"#);
    let status = (0..200)
        .map(|_| {
            std::thread::park_timeout(std::time::Duration::from_millis(50));
            text(&shown(&running, &["status"], &[]).stdout).to_owned()
        })
        .find(|status| status.contains("[LW0510]"));
    let status = status.expect("the query is in error within ten seconds");
    assert!(status.contains("share: fix: ") && status.contains("`livewell reset share`"), "{status}");
    assert!(status.contains("`livewell explain LW0510`"), "{status}");
    for command in ["results", "verify", "start", "stop", "reset"] {
        let wrong = shown(&running, &[command, "shar"], &[]);
        assert!(text(&wrong.stderr).contains("did you mean `share`?"), "{command}: {wrong:?}");
    }
}

#[test]
fn a_run_to_idle_logs_every_ten_seconds_how_far_it_is_and_what_it_waits_for() {
    let config = "sources:\n  - { id: ops, kind: file, path: ops.jsonl, rate: 100 }\n\
        queries:\n  - { id: all, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x' }\n\
        reactions:\n  - { id: out, kind: redis, queries: [all], url: 'redis://127.0.0.1:1', prefix: 'p:', key: [x] }\n";
    let lines: Vec<String> = (0..5_000)
        .map(|n| format!("{{\"operation\":\"insert\",\"element\":{{\"type\":\"node\",\"id\":\"n{n}\",\"labels\":[\"A\"],\"properties\":{{\"x\":{n}}}}}}}"))
        .collect();
    let place = Place::new(config, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    let mut run = Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(["run", "--until-idle"])
        .current_dir(place.path())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = said.take(1_000).find(|line| line.contains("running: "));
    run.kill().unwrap();
    run.wait().unwrap();
    let line = line.expect("it says how far it is");
    for part in [" of ", " %), ", "/s, ", " left, ", " in, ", "; waits for `out`"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}
