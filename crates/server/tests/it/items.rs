//! Sources and reactions as texts: their kinds, what is wrong with one, what it would do, and all of them as one text.

use super::running::{Answer, Running, orders};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::PathBuf;

const SERVER: &str = "  allowed_environment: [SHOP_URL, MARIADB_URL, HOOK_SECRET]\n";

fn running() -> Running {
    let config = format!(
        "store: {{ kind: embedded, path: data }}\nserver:\n  listen: 127.0.0.1:0\n{SERVER}\
         sources:\n  - {{ id: other, kind: http }}\n\
         queries:\n  - {{ id: late, sources: [other], cypher: 'MATCH (o:Order) RETURN o.id AS id' }}\n"
    );
    let set = |name, value: &str| (name, PathBuf::from(value));
    Running::with_environment(
        &config,
        vec![
            set("SHOP_URL", "postgres://me:kept-secret@127.0.0.1/shop"),
            set("MARIADB_URL", "mysql://me:kept-secret@127.0.0.1/shop"),
            set("HOOK_SECRET", "whsec_a2VwdC1zZWNyZXQta2VwdC1zZWNyZXQta2VwdA=="),
        ],
    )
}

fn post(running: &Running, path: &str, text: &str) -> Answer {
    running.ask("POST", &format!("/api/v1/{path}"), "", &json!({ "text": text }).to_string())
}

#[track_caller]
fn checked(running: &Running, section: &str, text: &str) -> Json {
    let answer = post(running, &format!("{section}/check"), text);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!answer.body.contains("kept-secret"), "{}", answer.body);
    answer.json()
}

#[test]
fn each_kind_comes_with_an_example_that_its_check_accepts_and_its_schema_names() {
    let running = running();
    let kinds = running.get("/api/v1/kinds").json();
    for (section, least) in [("sources", 4), ("reactions", 6)] {
        let all = kinds[section].as_array().unwrap();
        assert!(all.len() >= least, "{kinds}");
        for kind in all {
            let example = kind["example"].as_str().unwrap();
            let found = checked(&running, section, example);
            assert_eq!(
                (&found["valid"], &found["diagnostics"]),
                (&json!(true), &json!([])),
                "{example}\n{found}"
            );
            assert_eq!(found["definition"]["kind"], kind["kind"]);
            assert_eq!(kind["schema"]["properties"]["kind"]["const"], kind["kind"]);
            for field in found["definition"].as_object().unwrap().keys() {
                assert!(kind["schema"]["properties"].get(field).is_some(), "{field} of {}", kind["kind"]);
            }
            assert!(!kind["description"].as_str().unwrap().is_empty());
        }
    }
    // What a check returns is what creates it.
    let example = kinds["reactions"][0]["example"].as_str().unwrap();
    let definition = &checked(&running, "reactions", example)["definition"];
    assert_eq!(running.ask("POST", "/api/v1/reactions", "", &definition.to_string()).status, 201);
}

#[test]
fn what_is_wrong_is_said_at_its_place_as_a_browser_counts() {
    let running = running();
    let place = |section: &str, text: &str| {
        let found = checked(&running, section, text);
        assert_eq!(found["valid"], false, "{found}");
        let first = &found["diagnostics"][0];
        let units: Vec<u16> = text.encode_utf16().collect();
        let at = |name: &str| usize::try_from(first["span"][name].as_u64().unwrap()).unwrap();
        let marked = String::from_utf16(&units[at("start")..at("end")]).unwrap();
        (first["code"].as_str().unwrap().to_owned(), marked, first["line"].as_u64().unwrap())
    };
    for (section, text, code, marked, line) in [
        ("sources", "id: s\n# \u{1f600}\nkind: fil\n", "LW0604", "fil", 3),
        ("sources", "- id: s\n  kind: http\n  clok: wall\n", "LW0603", "clok", 3),
        ("sources", "{\"id\": \"\u{1f600}\", \"kind\": \"http\"}", "LW0605", "\"\u{1f600}\"", 1),
        ("sources", "id: late\nkind: http\n", "LW0605", "late", 1),
        ("sources", "id: s\nkind: file\npath: /etc/passwd.jsonl\n", "LW0610", "/etc/passwd.jsonl", 3),
        ("reactions", "id: r\nkind: log\nqueries: [lat]\n", "LW0606", "lat", 3),
        (
            "reactions",
            "id: r\nkind: webhook\nqueries: [late]\nurl: \"${HOME}\"\n",
            "LW0607",
            "\"${HOME}\"",
            4,
        ),
        (
            "reactions",
            "id: r\nkind: log\nqueries: [late]\nx: { file: /etc/passwd }\n",
            "LW0607",
            "/etc/passwd",
            4,
        ),
    ] {
        assert_eq!(place(section, text), (code.to_owned(), marked.to_owned(), line), "{text}");
    }
    for text in
        ["", "kind: http\n", "[]", "just a text", "id: [", "- id: a\n- id: b\n", "\u{0}", &"[".repeat(5_000)]
    {
        let found = checked(&running, "sources", text);
        assert_eq!(found["valid"], false, "{text:?}: {found}");
        assert!(!found["diagnostics"].as_array().unwrap().is_empty(), "{text:?}");
    }
    let wrong = checked(
        &running,
        "reactions",
        "id: r\nkind: postgres\nqueries: [late]\nurl: \"${SHOP_URL}x\"\nmode: \"${SHOP_URL}\"\n",
    );
    assert_eq!(wrong["valid"], false, "and no value is shown: {wrong}");
    assert_eq!(post(&running, "sources/check", &"x".repeat(5 << 20)).status, 413);
    assert_eq!(running.ask("POST", "/api/v1/sources/check", "", "{}").status, 400);
}

#[test]
fn what_was_probably_meant_comes_as_an_edit_that_mends_the_text() {
    let running = running();
    for (section, text, title) in [
        ("sources", "id: s\n# \u{1f600}\nkind: fil\npath: livewell-files/a.jsonl\n", "Make it file"),
        ("sources", "- id: s\n  kind: http\n  clok: wall\n", "Make it clock"),
        ("sources", "id: s\nkind: http\nclock: 'wal'\n", "Make it 'wall'"),
        ("sources", "{\"id\": \"s\", \"kind\": \"http\", \"clok\": \"wall\"}", "Make it \"clock\""),
        ("reactions", "id: r\nkind: log\nqueries: [lat]\n", "Make it late"),
        ("reactions", "{id: r, kind: \"logg\", queries: [late]}", "Make it \"log\""),
    ] {
        let found = checked(&running, section, text);
        let diagnostics = found["diagnostics"].as_array().unwrap();
        assert_eq!(diagnostics.len(), 1, "{text}: {found}");
        let edit = &diagnostics[0]["edits"][0];
        assert_eq!(edit["title"], title, "{text}: {found}");
        let units: Vec<u16> = text.encode_utf16().collect();
        let at = |name: &str| usize::try_from(edit["span"][name].as_u64().unwrap()).unwrap();
        let (before, after) = (&units[..at("start")], &units[at("end")..]);
        let mended =
            [before, &edit["text"].as_str().unwrap().encode_utf16().collect::<Vec<_>>(), after].concat();
        let mended = String::from_utf16(&mended).unwrap();
        let found = checked(&running, section, &mended);
        assert_eq!(found["valid"], true, "{mended}: {found}");
    }
    // What is far from everything there is, and what only stands for a value, is not guessed at.
    for (section, text) in
        [("sources", "id: s\nkind: zebra\n"), ("reactions", "id: r\nkind: log\nqueries: [\"${SHOP_URL}\"]\n")]
    {
        let found = checked(&running, section, text);
        assert_eq!(found["diagnostics"][0]["edits"], json!([]), "{text}: {found}");
    }
}

#[test]
fn a_file_is_looked_at_and_nothing_is_stored() {
    let running = running();
    let folder = running.folder.path().join("livewell-files");
    fs::create_dir_all(&folder).unwrap();
    let rows: String = (1..=30).map(|n| format!("{n},c{},{}\n", n % 3, n * 10)).collect();
    fs::write(folder.join("orders.csv"), format!("id,customer,total\n1,c1,x\n{rows}")).unwrap();
    let text = "id: orders\nkind: file\npath: livewell-files/orders.csv\nnode: { label: Order, id: 'o:{id}' }\n\
        relationships: [{ type: OF, to: 'c:{customer}' }]\ntypes: { total: integer }\n";
    let tried = post(&running, "sources/try", text);
    assert_eq!(tried.status, 200, "{}", tried.body);
    let tried = tried.json();
    let records = tried["records"].as_array().unwrap();
    assert_eq!((records.len(), &tried["truncated"]), (20, &json!(true)));
    assert_eq!((&records[0]["input"], &records[0]["line"]), (&json!("1,c1,x"), &json!(2)));
    assert_eq!(records[0]["changes"], json!([]));
    assert!(records[0]["problem"]["code"].as_str().unwrap().starts_with("LW"), "{}", records[0]);
    let first = &records[1];
    assert_eq!(first["problem"], Json::Null);
    let node = &first["changes"][0]["element"];
    assert_eq!(
        (&node["id"], &node["labels"], &node["properties"]["total"]),
        (&json!("o:1"), &json!(["Order"]), &json!(10))
    );
    assert_eq!(first["changes"][1]["element"]["to"], "c:c1", "{first}");
    // Sent as they are shown, they are taken in.
    let lines: String =
        first["changes"].as_array().unwrap().iter().map(|change| format!("{change}\n")).collect();
    assert_eq!(running.ask("POST", "/api/v1/sources/other/changes", "", &lines).status, 200);

    assert_eq!(running.get("/api/v1/sources/orders").status, 404);
    let changes = orders(&[5]) + "no change \u{202e}\n";
    fs::write(folder.join("ops.jsonl"), changes).unwrap();
    let tried =
        post(&running, "sources/try", "{ id: ops, kind: file, path: livewell-files/ops.jsonl }").json();
    assert_eq!(
        (tried["records"].as_array().unwrap().len(), &tried["truncated"]),
        (2, &json!(false)),
        "{tried}"
    );
    assert!(tried["note"].as_str().unwrap().contains("Nothing was stored"));
}

#[test]
fn what_cannot_be_looked_at_says_why_and_nothing_hangs() {
    let running = running();
    let folder = running.folder.path().join("livewell-files");
    fs::create_dir_all(&folder).unwrap();
    for kind in ["http", "postgres", "nats"] {
        let kinds = running.get("/api/v1/kinds").json();
        let all = kinds["sources"].as_array().unwrap();
        let example = all.iter().find(|one| one["kind"] == kind).unwrap()["example"].as_str().unwrap();
        let tried = post(&running, "sources/try", example).json();
        assert_eq!(tried["records"], json!([]), "{tried}");
        assert!(!tried["note"].as_str().unwrap().is_empty());
    }
    let missing = post(&running, "sources/try", "{ id: s, kind: file, path: livewell-files/none.jsonl }");
    assert_eq!(missing.status, 422, "{}", missing.body);
    let pipe = folder.join("pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let piped = post(&running, "sources/try", "{ id: s, kind: file, path: livewell-files/pipe.jsonl }");
    assert_eq!(piped.status, 422, "{}", piped.body);
    let refused = post(&running, "sources/try", "{ id: s, kind: file, path: /etc/passwd.jsonl }");
    assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("LW0610")));
    // Lines without an end, and nothing but blank ones.
    fs::write(folder.join("long.jsonl"), "x".repeat(3 << 20)).unwrap();
    let long = post(&running, "sources/try", "{ id: s, kind: file, path: livewell-files/long.jsonl }");
    assert_eq!(long.status, 200, "{}", long.body);
    assert!(long.body.len() < 64 << 10, "{}", long.body.len());
    fs::write(folder.join("blank.jsonl"), "\n".repeat(3 << 20)).unwrap();
    let blank =
        post(&running, "sources/try", "{ id: s, kind: file, path: livewell-files/blank.jsonl }").json();
    assert_eq!((&blank["records"], &blank["truncated"]), (&json!([]), &json!(true)));
}

#[test]
fn a_reaction_shows_what_it_would_send_of_the_rows_there_are_and_sends_nothing() {
    let running = running();
    let none = post(&running, "reactions/try", "{ id: r, kind: log, queries: [late] }").json();
    assert_eq!(none["messages"], json!([]), "{none}");
    let sent = running.ask("POST", "/api/v1/sources/other/changes", "", &orders(&[5, 6]));
    let position = sent.json()["position"].clone();
    running.get(&format!("/api/v1/queries/late/results?position={position}&wait=30s"));

    // Nobody listens there, and no reaction is made.
    let hook = "id: hook\nkind: webhook\nqueries: [late]\nurl: http://127.0.0.1:9/x\nallow_private: true\n\
        secret: \"${HOOK_SECRET}\"\nheaders: { X-Key: kept-secret }\ntemplate: '{\"order\": {{ row.id | tojson }}}'\n";
    let tried = post(&running, "reactions/try", hook);
    assert_eq!(tried.status, 200, "{}", tried.body);
    assert!(!tried.body.contains("kept-secret"), "{}", tried.body);
    let messages = tried.json()["messages"].clone();
    assert_eq!(messages.as_array().unwrap().len(), 2, "{messages}");
    let bodies: Vec<&str> =
        messages.as_array().unwrap().iter().map(|one| one["body"].as_str().unwrap()).collect();
    assert!(bodies.contains(&"{\"order\": \"o1\"}"), "{bodies:?}");
    let names: Vec<&str> =
        messages[0]["headers"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["webhook-id", "content-type", "webhook-signature", "X-Key"]);
    assert_eq!(running.get("/api/v1/reactions/hook").status, 404);

    let broken = hook.replace("row.id | tojson", "row.id | nothing_such");
    let refused = post(&running, "reactions/try", &broken);
    assert!(matches!(refused.status, 400 | 422), "{}", refused.body);
    let nats =
        "{ id: out, kind: nats, queries: [late], url: 'nats://127.0.0.1:9', subject: 'late.{{ row.id }}' }";
    let subjects = post(&running, "reactions/try", nats).json();
    let mut targets: Vec<&str> =
        subjects["messages"].as_array().unwrap().iter().map(|one| one["target"].as_str().unwrap()).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["late.o1", "late.o2"]);
    let table = post(
        &running,
        "reactions/try",
        "{ id: t, kind: file, mode: table, queries: [late], path: livewell-files/t }",
    );
    assert_eq!(table.json()["messages"].as_array().unwrap().len(), 2, "{}", table.body);
    assert!(!running.folder.path().join("livewell-files/t").exists());
}

#[test]
fn reading_files_that_a_caller_names_needs_the_scope_administer() {
    let tokens = "  tokens:\n    - { name: reader, token: may-read-only-now, scopes: [read, operate] }\n";
    let running = Running::start_with(tokens, "", "");
    let ask = |path: &str| {
        let body = json!({ "text": "{ id: s, kind: http }" }).to_string();
        running.ask("POST", path, "authorization: Bearer may-read-only-now\r\n", &body).status
    };
    assert_eq!(ask("/api/v1/sources/check"), 200);
    assert_eq!(ask("/api/v1/sources/try"), 403);
    assert_eq!(ask("/api/v1/reactions/try"), 403);
}

#[test]
fn a_component_that_is_named_as_a_call_is_reached_all_the_same() {
    let tokens = "  tokens:\n    - { name: all, token: may-do-everything, scopes: [administer, read] }\n    \
                  - { name: reader, token: may-read-only-now, scopes: [read] }\n";
    let running = Running::start_with(tokens, "", "");
    let ask = |token: &str, method: &str, path: &str, body: &Json| {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        running.ask(method, path, &format!("authorization: Bearer {token}\r\n"), &body).status
    };
    for id in ["check", "try"] {
        let (all, one) = ("/api/v1/sources".to_owned(), format!("/api/v1/sources/{id}"));
        let body = json!({ "id": id, "kind": "http" });
        assert_eq!(ask("may-do-everything", "POST", &all, &body), 201);
        for path in [one.clone(), format!("{one}/definition"), format!("{one}/counts")] {
            assert_eq!(ask("may-read-only-now", "GET", &path, &Json::Null), 200, "{path}");
        }
        assert_eq!(ask("may-read-only-now", "DELETE", &one, &Json::Null), 403);
        assert_eq!(
            ask("may-do-everything", "PUT", &one, &json!({ "id": id, "kind": "http", "clock": "input" })),
            200
        );
        assert_eq!(ask("may-do-everything", "DELETE", &one, &Json::Null), 204);
        assert_eq!(ask("may-do-everything", "PATCH", &one, &Json::Null), 405);
    }
}

#[test]
fn all_that_runs_is_a_configuration_that_changes_nothing_and_shows_no_secret() {
    let running = running();
    let created = [
        ("sources", json!({ "id": "more", "kind": "http", "clock": "input" })),
        (
            "queries",
            json!({ "id": "text", "sources": ["more"], "cypher": "MATCH (o:Order)\nWHERE o.x = '\u{202e}<b>'\nRETURN o.id AS id\n" }),
        ),
        (
            "reactions",
            json!({ "id": "hook", "kind": "webhook", "queries": ["late"], "url": "http://127.0.0.1:9/x", "allow_private": true, "secret": "${HOOK_SECRET}" }),
        ),
        (
            "reactions",
            json!({ "id": "open", "kind": "webhook", "queries": ["late"], "url": "http://127.0.0.1:9/y", "allow_private": true, "headers": { "Authorization": "Bearer kept-secret" } }),
        ),
    ];
    for (section, body) in &created {
        let answer = running.ask("POST", &format!("/api/v1/{section}"), "", &body.to_string());
        assert_eq!(answer.status, 201, "{}", answer.body);
    }
    let answer = running.get("/api/v1/config");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/yaml")));
    assert!(!answer.body.contains("kept-secret"), "{}", answer.body);
    assert!(
        answer.body.contains("secret: \"${HOOK_SECRET}\"") && answer.body.contains("id: late"),
        "{}",
        answer.body
    );
    let called = running.get("/api/v1/config?by=call").body;
    assert!(!called.contains("id: late") && called.contains("id: more"), "{called}");
    assert_eq!(running.get("/api/v1/config?by=me").status, 400);

    // Without the one whose secret is not shown, it is what runs.
    assert_eq!(running.ask("DELETE", "/api/v1/reactions/open", "", "").status, 204);
    let text = running.get("/api/v1/config").body;
    let plan = running.ask("POST", "/api/v1/apply?dry_run=true&prune=true", "", &text).json();
    assert_eq!((&plan["steps"], &plan["unchanged"]), (&json!([]), &json!(5)), "{plan}\n{text}");
}

#[test]
fn a_definition_says_where_the_file_has_it_and_what_both_say_in_yaml() {
    let running = running();
    let path = "/api/v1/queries/late/definition";
    let as_in_file = running.get(path).json();
    assert_eq!(as_in_file["place_in_file"], json!({ "file": "livewell.yaml", "line": 8 }), "{as_in_file}");
    assert_eq!(as_in_file["text_in_file"], Json::Null);
    let other = json!({ "id": "late", "sources": ["other"], "cypher": "MATCH (o:Order)\nRETURN o.x AS id" });
    assert_eq!(running.ask("PUT", "/api/v1/queries/late", "", &other.to_string()).status, 200);
    let changed = running.get(path).json();
    assert_eq!(
        changed["text"],
        "id: late\nsources:\n  - other\ncypher: |-\n  MATCH (o:Order)\n  RETURN o.x AS id\n"
    );
    let before = as_in_file["text"].clone();
    assert_eq!((&changed["differs_from_file"], &changed["text_in_file"]), (&json!(true), &before));
    let missing = running.get("/api/v1/sources/other/definition").json();
    assert_eq!(missing["place_in_file"]["line"], 6);
}
