//! Parked input through the binary: shown, mended, tried again and dropped, by command and by HTTP, also over kills.

use super::place::Place;
use super::running::Running;
use livewell_scenarios::choice::Choice;
use serde_json::Value as Json;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const ALL: &str = "  - { id: all, sources: [ops], cypher: 'MATCH (n:N) RETURN n.x AS x' }\n";

fn insert(id: &str, x: i64) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["N"],"properties":{{"x":{x}}}}}}}"#
    )
}

fn relationship(id: &str) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"relation","id":"{id}","labels":["R"],"from":"a","to":"a"}}}}"#
    )
}

fn delete(id: &str) -> String {
    format!(r#"{{"operation":"delete","id":"{id}"}}"#)
}

/// A server with a file source `ops` over these lines, beside its source `orders`.
fn start(input: &TempDir, lines: &[String]) -> Running {
    let path = input.path().join("ops.jsonl");
    std::fs::write(&path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let source = format!("  - {{ id: ops, kind: file, path: {}, on_error: park }}\n", path.display());
    let running = Running::start_with("", &source, ALL);
    running.wait_until_ready();
    running
}

#[track_caller]
fn until(running: &Running, is: impl Fn(&Json) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let status = running.get("/api/v1/sources/ops").json();
        if is(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

fn until_parked(running: &Running, count: u64) {
    until(running, |status| status["parked"] == count && status["state"] == "caught_up");
}

/// The lines of a command that succeeds, as JSON.
#[track_caller]
fn shown(output: &std::process::Output) -> Vec<Json> {
    assert!(output.status.success(), "{output:?}");
    super::text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn parked_input_is_shown_mended_tried_again_and_dropped() {
    let input = TempDir::new().unwrap();
    let mut running =
        start(&input, &["nonsense".into(), insert("a", 1), relationship("a"), "{".into(), delete("a")]);
    until_parked(&running, 3);
    let listed = shown(&running.command(&["parked", "ops"]));
    assert_eq!(Json::from(listed.clone()), running.get("/api/v1/sources/ops/parked").json());
    let texts: Vec<&Json> = listed.iter().map(|one| &one["text"]).collect();
    assert_eq!(texts, ["nonsense", relationship("a").as_str(), "{"]);
    let whole =
        |one: &Json| one["whole"] == true && one["timestamp"].as_str().is_some_and(|at| at.ends_with('Z'));
    assert!(listed.iter().all(whole), "{listed:?}");
    assert!(listed[0]["reason"].as_str().unwrap().contains("ops.jsonl:1:2: not JSON"), "{listed:?}");
    let page = running.get("/api/v1/sources/ops/parked?after=1&limit=1").json();
    assert_eq!((page.as_array().unwrap().len(), &page[0]["number"]), (1, &Json::from(2)));
    let status = running.command(&["status"]);
    assert!(
        super::text(&status.stdout)
            .contains("ops: 3 pieces of input are parked\nops: fix: `livewell parked ops` lists them")
    );

    // Of numbers that are not there nothing is done.
    for what in [&[][..], &["--discard"], &["--retry"]] {
        let none = running.command(&[&["parked", "ops", "--number", "2", "--number", "9"], what].concat());
        assert_eq!(none.status.code(), Some(1), "{none:?}");
        assert!(
            super::text(&none.stderr).contains("nothing with the number 9; `livewell parked ops`"),
            "{none:?}"
        );
    }
    assert_eq!(shown(&running.command(&["parked", "ops", "--number", "2"])), [listed[1].clone()]);
    let said = running.command(&["parked", "ops", "--retry"]);
    assert!(super::text(&said.stdout).contains("`livewell parked ops` lists what is left"), "{said:?}");
    until_parked(&running, 2);
    assert!(
        running
            .command(&["parked", "ops", "--retry", "--number", "1", "--text", &insert("b", 7)])
            .status
            .success()
    );
    until_parked(&running, 1);
    let mended = running.ask("POST", "/api/v1/sources/ops/parked/retry?number=3", "", "{}");
    assert_eq!(mended.status, 202, "{}", mended.body);
    until(&running, |_| {
        let left = running.get("/api/v1/sources/ops/parked").json();
        left[0]["reason"].as_str().is_some_and(|reason| reason.contains("ops.jsonl:4, as corrected"))
    });
    let metrics = running.get("/metrics").body;
    assert!(metrics.contains(r#"livewell_parked{kind="source",id="ops"} 1.0"#), "{metrics}");
    running.stop();
    let store = running.store();
    let left = shown(&super::livewell(&["parked", "ops", "--store", store.to_str().unwrap()]));
    assert_eq!((left.len(), left[0]["text"].as_str()), (1, Some("{")));
    let none = super::livewell(&["parked", "ops", "--number", "1", "--store", store.to_str().unwrap()]);
    assert_eq!(none.status.code(), Some(1), "{none:?}");
    running.kill_and_start_again();
    running.wait_until_ready();
    assert!(running.command(&["parked", "ops", "--discard", "--number", "3"]).status.success());
    until_parked(&running, 0);
    assert_eq!(shown(&running.command(&["parked", "ops"])), Vec::<Json>::new());
    let rows = running.get("/api/v1/queries/all/results").json()["rows"].clone();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["data"]["x"]), (1, &Json::from(7)));
    assert_eq!(running.get("/api/v1/queries/all").json()["error"], Json::Null);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let input = TempDir::new().unwrap();
    let running = start(&input, &[insert("a", 1)]);
    for (method, path, body, status, code) in [
        ("GET", "/api/v1/sources/all/parked", "", 404, "LW0501"),
        ("POST", "/api/v1/sources/absent/parked/retry", "", 404, "LW0501"),
        ("POST", "/api/v1/sources/ops/parked/retry", "{}", 400, "LW0701"),
        ("POST", "/api/v1/sources/absent/parked/discard", "", 404, "LW0501"),
    ] {
        let answer = running.ask(method, path, "", body);
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{path}");
    }
    // An `http` source refuses input that is not a change to its sender, and sets nothing aside.
    assert_eq!(running.post("nonsense").status, 400);
    assert_eq!(running.get("/api/v1/sources/orders/parked").body, "[]");
    assert_eq!(running.ask("POST", "/api/v1/sources/orders/parked/retry", "", "").status, 202);
    for arguments in [
        &["parked", "ops", "--retry", "--discard"][..],
        &["parked", "ops", "--retry", "--text", "x"],
        &["parked", "ops", "--text", "x", "--number", "1"],
        &["parked", "ops", "--retry", "--text", "", "--number", "1"],
        &["parked", "ops", "--discard", "--number", "1", "--text", "x"],
        &["parked", "ops", "--retry", "--number", "1", "--number", "2", "--text", "x"],
    ] {
        assert_eq!(running.command(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let place =
        Place::new("sources:\n  - { id: ops, kind: file, path: ops.jsonl, on_error: park }\n", &["?"]);
    place.livewell(&["run", "livewell.yaml", "--until-idle"]).expect(0, &["parked"]);
    place
        .livewell(&["parked", "ops", "--retry", "--store", "livewell-data"])
        .expect(2, &["needs a running server"]);
    place
        .livewell(&["parked", "absent", "--store", "livewell-data"])
        .expect(1, &["there is no source", "LW0501"]);
}

#[test]
fn killed_while_it_tries_again_each_piece_comes_in_exactly_once() {
    const PIECES: u64 = 120;
    let input = TempDir::new().unwrap();
    let ids: Vec<String> = (0..PIECES).map(|at| format!("n{at}")).collect();
    let in_the_way = ids.iter().map(|id| relationship(id));
    let refused = ids.iter().zip(0..).map(|(id, x)| insert(id, x));
    let lines: Vec<String> = in_the_way.chain(refused).chain(ids.iter().map(|id| delete(id))).collect();
    let mut running = start(&input, &lines);
    until_parked(&running, PIECES);
    assert_eq!(running.get("/api/v1/sources/ops").json()["sequence"], 2 * PIECES);
    let (mut random, mut kills, mut within) = (Choice::new(7), 0, 0);
    while kills < 12 {
        let left = running.get("/api/v1/sources/ops/parked?limit=1000").json();
        // A commit each, so that there is something to die between.
        for one in left.as_array().unwrap().iter().take(12) {
            let path = format!("/api/v1/sources/ops/parked/retry?number={}", one["number"]);
            assert_eq!(running.ask("POST", &path, "", "").status, 202);
        }
        std::thread::park_timeout(Duration::from_millis(random.below(12) as u64));
        running.kill_and_start_again();
        running.wait_until_ready();
        let status = until(&running, |status| status["state"] == "caught_up");
        let (sequence, parked) = (status["sequence"].as_u64().unwrap(), status["parked"].as_u64().unwrap());
        assert_eq!(sequence + parked, 3 * PIECES, "one comes as the other goes");
        within += u64::from(parked > 0 && parked < PIECES);
        kills += 1;
    }
    assert!(within > 0, "no kill came in between");
    running.ask("POST", "/api/v1/sources/ops/parked/retry", "", "");
    let status = until(&running, |status| status["parked"] == 0);
    assert_eq!(status["sequence"], 3 * PIECES);
    running.get(&format!("/api/v1/queries/all/results?position={}&wait=20s", status["position"]));
    let rows = running.get("/api/v1/queries/all/results").json()["rows"].clone();
    let mut numbers: Vec<i64> =
        rows.as_array().unwrap().iter().map(|row| row["data"]["x"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..PIECES as i64).collect::<Vec<_>>());
    let verified = running.command(&["verify", "all"]);
    assert!(verified.status.success(), "{verified:?}");
}
