//! What a run logs: one event a line, ids and codes in fields, nothing that only programmers read.

use super::running::{answer, orders, send};
use livewell_services::{Act, Web};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A configuration in which everything goes wrong that can without a server of another kind.
fn troubled(web: &str) -> String {
    format!(
        "store: {{ kind: embedded, path: data }}\n\
         server: {{ listen: 127.0.0.1:0, token: open-sesame }}\n\
         sources:\n\
         - {{ id: lines, kind: file, path: lines.jsonl, on_error: park }}\n\
         - {{ id: missing, kind: file, path: no-such.jsonl }}\n\
         - {{ id: orders, kind: http }}\n\
         - {{ id: away, kind: postgres, url: 'postgres://u@127.0.0.1:1/db', tables: [{{ table: t }}] }}\n\
         queries:\n\
         - {{ id: divides, sources: [orders], cypher: \"MATCH (o:Order) RETURN 1 / (o.total - 7) AS x\" }}\n\
         - {{ id: above, sources: [divides], cypher: \"MATCH (n:divides) RETURN n.x AS x\" }}\n\
         - {{ id: small, sources: [orders], outbox: {{ capacity: 2, when_full: evict }}, cypher: \"MATCH (o:Order) RETURN o.id AS id\" }}\n\
         - {{ id: kept, sources: [orders], cypher: \"MATCH (o:Order) RETURN o.id AS id\" }}\n\
         reactions:\n\
         - {{ id: strict, kind: file, queries: [small], path: strict.jsonl, enabled: false }}\n\
         - {{ id: skips, kind: file, queries: [small], path: skips.jsonl, enabled: false, recovery: auto_skip_gap }}\n\
         - {{ id: refused, kind: webhook, queries: [kept], url: 'http://{web}/', allow_private: true, retries: 0, on_refusal: dead_letter }}\n\
         - {{ id: nobody, kind: webhook, queries: [kept], url: 'http://127.0.0.1:1/', allow_private: true }}\n\
         - {{ id: shows, kind: log, queries: [kept] }}\n"
    )
}

/// Runs a troubled configuration until all of it has happened, and returns its log.
fn log(format: &str) -> (TempDir, String) {
    let web = Web::scripted(|_, _| Act::Answer(400, ""));
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::write(place("lines.jsonl"), "nonsense\n".repeat(13)).unwrap();
    fs::write(place("livewell.yaml"), troubled(&format!("127.0.0.1:{}", web.port()))).unwrap();
    let mut log = String::new();
    for round in 0..2 {
        let path = place(&format!("log-{round}"));
        let mut process = Command::new(env!("CARGO_BIN_EXE_livewell"))
            .args(["run", "livewell.yaml", "--log-format", format])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&path).unwrap())
            .spawn()
            .unwrap();
        let address = wait_for(&path, |log| {
            let (_, rest) = log.split_once("serving http://")?;
            Some(rest.split(['"', '\n']).next()?.to_owned()).filter(|_| rest.contains('\n'))
        });
        let token = "authorization: Bearer open-sesame\r\n";
        let ask = |method: &str, path: &str, token: &str, body: &str| {
            let headers = format!("{token}connection: close\r\n");
            answer(send(&address, method, &format!("/api/v1/{path}"), &headers, body))
        };
        if round == 0 {
            let all = orders(&[1, 2, 3, 4, 5]).lines().map(|line| format!("{line}\n")).collect::<Vec<_>>();
            for order in &all {
                assert_eq!(ask("POST", "sources/orders/changes", token, order).status, 200);
            }
            assert_eq!(ask("POST", "sources/orders/changes", token, &orders(&[7])).status, 200);
            ask("GET", "queries", "authorization: Bearer wrong\r\n", "");
            ask("POST", "sources/lines/parked/retry?number=1", token, "");
            ask("POST", "reactions/strict/start", token, "");
            ask("POST", "reactions/skips/start", token, "");
            let limits = json!({ "id": "small", "sources": ["orders"], "outbox": { "capacity": 3 },
                                 "cypher": "MATCH (o:Order) RETURN o.id AS id" });
            for part in ["LW0530", "LW0416", "LW0409", "LW0510", "LW0206", "LW0210", "the parked input stays"]
            {
                wait_for(&path, |log| log.contains(part).then_some(()));
            }
            assert_eq!(ask("PUT", "queries/small", token, &limits.to_string()).status, 200);
            ask("POST", "reactions/nobody/reset", token, "");
            ask("POST", "queries/none/reset", token, "");
            wait_for(&path, |log| log.contains("LW0546").then_some(()));
        } else {
            wait_for(&path, |log| log.contains("LW0761").then_some(()));
        }
        assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
        process.wait().unwrap();
        // What the command says at its end is not an event.
        let all = fs::read_to_string(&path).unwrap();
        log.push_str(all.split("\nerror: ").next().unwrap().trim_end());
        log.push('\n');
    }
    (folder, log)
}

fn wait_for<T>(path: &Path, found: impl Fn(&str) -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        let log = fs::read_to_string(path).unwrap();
        if let Some(found) = found(&log) {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it was not logged:\n{log}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Checks that a message is for people: no value as programmers print it, no line break.
fn check_message(message: &str, line: &str) {
    for sign in ["Some(", "None", "Ok(", "Err(", "{ ", " }", "Error(", "::", "\n", "\\n", "\"\\\""] {
        assert!(!message.contains(sign), "`{sign}` in: {line}");
    }
    assert!(!message.is_empty() && !message.starts_with(' '), "{line}");
}

#[test]
fn each_line_of_json_has_its_id_in_a_field_and_each_trouble_its_code() {
    let (_folder, log) = log("json");
    let ids = [
        "lines", "missing", "orders", "away", "divides", "above", "small", "kept", "strict", "skips",
        "refused", "nobody",
    ];
    let mut codes = BTreeSet::new();
    for line in log.lines() {
        let event: Json = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let field = |name: &str| event[name].as_str();
        let (level, message) = (field("level").unwrap(), field("message").unwrap());
        assert!(field("timestamp").unwrap().ends_with('Z'), "{line}");
        assert!(["ERROR", "WARN", "INFO"].contains(&level), "{line}");
        assert!(event.get("component").is_none() && event.get("upstream").is_none(), "{line}");
        let about =
            ["source", "query", "reaction", "id"].into_iter().filter_map(field).collect::<BTreeSet<_>>();
        if field("target") != Some("livewell::reaction") {
            check_message(message, line);
            // The line about what runs names nobody; who is named in a message is in a field.
            let named = ids.iter().filter(|id| message.contains(&format!("`{id}`"))).collect::<Vec<_>>();
            assert!(named.is_empty() || named.iter().any(|id| about.contains(**id)), "{line}");
        }
        let code = field("code");
        assert!(code.is_some() || level == "INFO", "{line}");
        if let Some(code) = code {
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/errors/{code}.md"));
            assert!(page.exists(), "{line}");
            codes.insert(code.to_owned());
        }
    }
    let expected =
        ["LW0206", "LW0210", "LW0223", "LW0409", "LW0416", "LW0510", "LW0530", "LW0546", "LW0707", "LW0761"];
    for code in expected {
        assert!(codes.contains(code), "{code} was not logged:\n{log}");
    }
}

#[test]
fn each_line_of_text_begins_with_its_time_and_level() {
    let (_folder, log) = log("text");
    for line in log.lines() {
        let (time, rest) = line.split_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(time.len() == 27 && time.starts_with("20") && time.ends_with('Z'), "{line}");
        let level = rest.trim_start().split(' ').next().unwrap();
        assert!(["ERROR", "WARN", "INFO"].contains(&level), "{line}");
        assert!(level == "INFO" || line.contains(" code="), "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
    }
    assert!(log.contains(" audit: reset done "), "{log}");
}
