//! Files and calls: whoever may call the API may not thereby read and write what the server can.

use super::place::Place;
use super::running::{Running, orders};
use serde_json::{Value as Json, json};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

/// Every path with what is there must stay as it is.
fn outside(running: &Running) -> Vec<String> {
    let folder = running.folder.path();
    let files = folder.join("livewell-files");
    fs::create_dir(&files).unwrap();
    fs::write(folder.join("notes.txt"), "of a person\n").unwrap();
    fs::write(files.join("foreign.txt"), "of a person\n").unwrap();
    symlink("..", files.join("up")).unwrap();
    symlink("../made-by-link.jsonl", files.join("dangling")).unwrap();
    symlink("../livewell.yaml", files.join("configuration")).unwrap();
    symlink("../livewell.yaml", files.join("configuration.jsonl")).unwrap();
    symlink("circle", files.join("circle")).unwrap();
    fs::hard_link(folder.join("livewell.yaml"), files.join("hard")).unwrap();
    let away = folder.join("away.jsonl").display().to_string();
    let paths = [
        "livewell.yaml",
        "./livewell.yaml",
        "data/data.mdb",
        "data/SESSION",
        "data/OWNER",
        "data/events.jsonl",
        "data/new.jsonl",
        "notes.txt",
        "away.jsonl",
        "../away.jsonl",
        &away,
        "/proc/self/mem",
        "livewell-files",
        "livewell-files/",
        "livewell-files/.",
        "livewell-files/../away.jsonl",
        "livewell-files/not/there/../../../away.jsonl",
        "livewell-files/up/away.jsonl",
        "livewell-files/up/data/new.jsonl",
        "livewell-files/dangling",
        "livewell-files/configuration",
        "livewell-files/configuration.jsonl",
        "livewell-files/circle",
        "livewell-files/hard",
        "livewell-files-too/a.jsonl",
    ];
    paths.map(str::to_owned).to_vec()
}

/// The files of the folder and of the store with what they hold, but for what the store itself writes.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for place in [folder.to_owned(), folder.join("livewell-files"), folder.join("data")] {
        for entry in fs::read_dir(&place).unwrap().map(Result::unwrap) {
            let name = entry.path().display().to_string();
            // By the store and by the journal of the server.
            let is_written =
                name.ends_with(".mdb") || name.ends_with("data/events.jsonl") || !entry.path().is_file();
            files.push((name, if is_written { Vec::new() } else { fs::read(entry.path()).unwrap() }));
        }
    }
    files.sort();
    files
}

fn send(running: &Running, method: &str, path: &str, body: &Json) -> (u16, Json) {
    let answer = running.ask(method, path, "", &body.to_string());
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Json::Null))
}

#[track_caller]
fn expect_refused(running: &Running, kind: &str, body: &Json, codes: &[&str]) {
    let (status, problem) = send(running, "POST", &format!("/api/v1/{kind}"), body);
    assert_eq!(status, 400, "{body}: {problem}");
    assert!(codes.iter().any(|code| problem["code"] == *code), "{body}: {problem}");
    let help = problem["problems"][0]["help"].as_str().unwrap_or_default();
    assert!(!help.is_empty(), "{problem}");
}

#[test]
fn a_reaction_that_a_call_makes_writes_nothing_but_its_own_file_below_the_data_directory() {
    let running = Running::start();
    let mut paths = outside(&running);
    paths.extend(["livewell-files/foreign.txt", "/dev/null"].map(str::to_owned));
    let before = content(running.folder.path());
    running.post(&orders(&[250]));
    for mode in ["append", "table"] {
        for path in &paths {
            let mut body =
                json!({ "id": "r", "kind": "file", "queries": ["big"], "path": path, "mode": mode });
            expect_refused(&running, "reactions", &body, &["LW0610", "LW0404"]);
            body["take_over"] = true.into();
            expect_refused(&running, "reactions", &body, &["LW0610", "LW0404"]);
        }
    }
    // What is renamed counts, too.
    fs::write(running.folder.path().join("livewell-files/x.jsonl.1"), "of a person\n").unwrap();
    let rotate = json!({ "bytes": 1, "keep": 1 });
    let body = json!({ "id": "r", "kind": "file", "queries": ["big"], "path": "livewell-files/x.jsonl", "rotate": rotate });
    expect_refused(&running, "reactions", &body, &["LW0610"]);
    fs::remove_file(running.folder.path().join("livewell-files/x.jsonl.1")).unwrap();

    let log = json!({ "id": "r", "kind": "log", "queries": ["big"] });
    assert_eq!(send(&running, "POST", "/api/v1/reactions", &log).0, 201);
    let file = json!({ "id": "r", "kind": "file", "queries": ["big"], "path": "livewell.yaml" });
    assert_eq!(send(&running, "PUT", "/api/v1/reactions/r", &file).0, 400);
    running.post(&orders(&[251]));
    assert_eq!(content(running.folder.path()), before);
}

#[test]
fn what_a_call_makes_reads_nothing_but_what_is_below_the_data_directory() {
    let running = Running::start();
    for path in outside(&running) {
        let file = json!({ "id": "s", "kind": "file", "path": path });
        let node = json!({ "label": "A", "id": "a:{a}" });
        let table = json!({ "id": "s", "kind": "file", "files": [{ "path": path, "node": node }] });
        let nats =
            json!({ "id": "s", "kind": "nats", "url": "tls://127.0.0.1:1", "subject": "a", "ca": path });
        // Others are refused for their names.
        if path.ends_with(".jsonl") {
            expect_refused(&running, "sources", &file, &["LW0610"]);
            expect_refused(&running, "sources", &table, &["LW0610"]);
        }
        expect_refused(&running, "sources", &nats, &["LW0610"]);
        let nats = json!({ "id": "r", "kind": "nats", "queries": ["big"], "url": "tls://127.0.0.1:1", "subject": "a", "ca": path });
        expect_refused(&running, "reactions", &nats, &["LW0610"]);
        let path: String = path.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for parameters in [format!("sslrootcert={path}"), format!("sslcert={path}&sslkey={path}")] {
            let url = format!("postgres://a:b@127.0.0.1:1/a?{parameters}");
            let tables = json!([{ "table": "public.a", "label": "A", "key": ["a"] }]);
            let source = json!({ "id": "s", "kind": "postgres", "url": url, "tables": tables });
            expect_refused(&running, "sources", &source, &["LW0610"]);
            let reaction = json!({ "id": "r", "kind": "postgres", "queries": ["big"], "url": url, "table": "t", "key": ["id"] });
            expect_refused(&running, "reactions", &reaction, &["LW0610"]);
        }
    }
    let read = running.folder.path().join("livewell-files/in.jsonl");
    fs::write(read, orders(&[250])).unwrap();
    let source = json!({ "id": "s", "kind": "file", "path": "livewell-files/in.jsonl" });
    assert_eq!(send(&running, "POST", "/api/v1/sources", &source).0, 201);
}

#[test]
fn a_reaction_goes_on_with_its_own_file_after_a_restart_and_where_the_configuration_says() {
    let mut running = Running::start_with("  data_directory: out/of/calls\n", "", "");
    let body = json!({ "id": "r", "kind": "file", "queries": ["big"], "path": "out/of/calls/new/r.jsonl" });
    let file = running.folder.path().join("out/of/calls/new/r.jsonl");
    for round in 1..=2 {
        // The second time it is there by itself, with its file.
        if round == 1 {
            assert_eq!(send(&running, "POST", "/api/v1/reactions", &body).0, 201);
        }
        running.post(&orders(&[250 + round]));
        let lines = || fs::read_to_string(&file).unwrap_or_default().lines().count();
        for _ in 0..400 {
            if lines() < round as usize {
                std::thread::park_timeout(Duration::from_millis(50));
            }
        }
        assert_eq!(lines(), round as usize);
        running.kill_and_start_again();
    }
    let elsewhere =
        json!({ "id": "s", "kind": "file", "queries": ["big"], "path": "livewell-files/r.jsonl" });
    expect_refused(&running, "reactions", &elsewhere, &["LW0610"]);
}

#[test]
fn a_call_learns_no_secret_file_and_no_variable_that_the_configuration_does_not_allow() {
    let running = Running::start_with("  allowed_environment: [PATH]\n", "", "");
    let query = |text: &str| {
        let cypher = format!("MATCH (o:Order) WHERE o.id <> '{text}' RETURN o.id AS id");
        json!({ "id": "q", "sources": ["orders"], "cypher": cypher })
    };
    for text in ["${HOME}", "${HOME:-x}", "${path}", "${PATH}${HOME}", "${NO_SUCH_VARIABLE:-x}"] {
        expect_refused(&running, "queries", &query(text), &["LW0607"]);
    }
    let secret = json!({ "file": "livewell.yaml" });
    let hook = json!({ "id": "r", "kind": "webhook", "queries": ["big"], "url": "http://127.0.0.1:1", "secret": secret });
    expect_refused(&running, "reactions", &hook, &["LW0607"]);
    assert_eq!(send(&running, "POST", "/api/v1/queries", &query("${PATH}")).0, 201);
    assert_eq!(send(&running, "PUT", "/api/v1/queries/q", &query("$${HOME}")).0, 200);

    // What it may use it is not shown.
    let path = std::env::var("PATH").unwrap();
    for body in [
        json!({ "id": "${PATH}", "kind": "log", "queries": ["big"] }),
        json!({ "id": "r", "kind": "${PATH}", "queries": ["big"] }),
        json!({ "id": "r", "kind": "log", "queries": ["${PATH}"] }),
        json!({ "id": "r", "kind": "log", "queries": ["big"], "recovery": "${PATH}" }),
        json!({ "id": "r", "kind": "file", "queries": ["big"], "path": "${PATH}" }),
    ] {
        let answer = running.ask("POST", "/api/v1/reactions", "", &body.to_string());
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert!(!answer.body.contains(&path), "{}", answer.body);
    }
}

#[test]
fn a_configuration_gives_no_reaction_a_file_of_the_store_or_its_own() {
    for (path, mode) in [
        ("livewell.yaml", "append"),
        ("./sub/../livewell.yaml", "table"),
        ("livewell-data/data.mdb", "append"),
        ("livewell-data/new.jsonl", "table"),
        ("link/new.jsonl", "append"),
        ("hard", "append"),
    ] {
        let reaction = format!("{{ id: r, kind: file, queries: [q], path: {path}, mode: {mode} }}");
        let config = format!(
            "sources:\n  - {{ id: s, kind: http }}\nqueries:\n  - {{ id: q, sources: [s], cypher: 'MATCH (n) RETURN n.x AS x' }}\n\
             reactions:\n  - {reaction}\n"
        );
        let place = Place::new(&config, &[]);
        fs::create_dir(place.file("livewell-data")).unwrap();
        symlink("livewell-data", place.file("link")).unwrap();
        fs::hard_link(place.file("livewell.yaml"), place.file("hard")).unwrap();
        place.livewell(&["check", "livewell.yaml"]).expect(2, &["LW0610", "a file of its own"]);
        place.livewell(&["run", "livewell.yaml", "--until-idle"]).expect(2, &["LW0610"]);
        assert_eq!(place.read("livewell.yaml"), config);
    }
}
