//! Finding out what came in, and what a query would give: `elements` and `try`, as a beginner uses them.

use super::running::Running;
use serde_json::{Value as Json, json};
use std::path::Path;
use std::process::{Command, Output};

fn livewell(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_livewell"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("LIVEWELL_SERVER")
        .output()
        .unwrap()
}

fn node(id: &str, label: &str, total: i64) -> String {
    json!({"operation": "insert", "element": {"type": "node", "id": id, "labels": [label], "properties": {"total": total}}})
        .to_string()
}

fn placed(id: &str, from: &str, to: &Json) -> String {
    json!({"operation": "insert", "element": {"type": "relation", "id": id, "labels": ["PLACED_BY"], "from": from, "to": to}})
        .to_string()
}

#[track_caller]
fn lines(output: &Output) -> Vec<Json> {
    assert!(output.status.success(), "{output:?}");
    super::text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(output: &Output) -> &str {
    super::text(&output.stderr)
}

#[test]
fn a_query_is_tried_on_files_of_changes_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, lines: &[String]| {
        std::fs::write(folder.path().join(name), lines.join("\n") + "\n").unwrap();
    };
    write("a.jsonl", &[node("o1", "Order", 250), node("o2", "Order", 50)]);
    write("b.jsonl", &[node("o2", "Order", 500), r#"{"operation":"delete","id":"o1"}"#.into()]);
    let query = "MATCH (o:Order) WHERE o.total > $limit RETURN o.total AS total";
    let tried = |more: &[&str]| {
        let mut arguments = vec!["try", query, "--param", "limit=100", "--data", "a.jsonl"];
        arguments.extend(more);
        livewell(folder.path(), &arguments)
    };
    let rows = lines(&tried(&[]));
    assert_eq!(rows.iter().map(|row| &row["data"]).collect::<Vec<_>>(), [&json!({"total": 250})]);
    let rows = lines(&tried(&["--data", "b.jsonl"]));
    assert_eq!(rows.iter().map(|row| &row["data"]).collect::<Vec<_>>(), [&json!({"total": 500})]);
    let results = lines(&tried(&["--data", "b.jsonl", "--diffs"]));
    let kinds: Vec<_> =
        results.iter().map(|result| (&result["sequence"], &result["results"][0]["type"])).collect();
    let (add, delete) = (json!("ADD"), json!("DELETE"));
    assert_eq!(kinds, [(&json!(1), &add), (&json!(2), &add), (&json!(3), &delete)]);
    assert_eq!(super::text(&tried(&["--format", "csv"]).stdout), "total\n250\n");
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn what_is_wrong_with_what_is_tried_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), node("o1", "Order", 0) + "\nnonsense\n").unwrap();
    std::fs::write(folder.path().join("b.jsonl"), node("o1", "Order", 0) + "\n").unwrap();
    std::fs::write(folder.path().join("c.csv"), "id\n1\n").unwrap();
    for (query, data, code, parts) in [
        ("MATCH (o:Order) RETURN o.id", "a.jsonl", 1, ["a.jsonl:2:2", "not JSON"]),
        ("MATCH (o:Order) RETURN 1 / o.total AS n", "b.jsonl", 1, ["LW0510", "data/o1"]),
        ("MATCH (o:Order RETURN o.id", "b.jsonl", 2, ["^", "LW1"]),
        ("MATCH (o:Order) RETURN o.id", "c.csv", 2, ["c.csv", "is a table"]),
        ("MATCH (o:Order) RETURN o.id", "d.jsonl", 1, ["d.jsonl` does not exist", "LW0206"]),
    ] {
        let tried = livewell(folder.path(), &["try", query, "--data", data]);
        assert_eq!(tried.status.code(), Some(code), "{query} {data}: {tried:?}");
        for part in parts {
            assert!(said(&tried).contains(part), "{part} is missing: {}", said(&tried));
        }
        assert!(tried.stdout.is_empty(), "{tried:?}");
        let times = said(&tried).lines().filter(|line| line.starts_with("error")).count();
        assert_eq!(times, 1, "it is said once: {}", said(&tried));
        assert!(!said(&tried).contains("ERROR"), "{}", said(&tried));
    }
    let nothing = livewell(folder.path(), &["try", "MATCH (n) RETURN n"]);
    assert_eq!(nothing.status.code(), Some(2), "on no data");
    assert!(
        said(&nothing).contains("`--data FILE`") && said(&nothing).contains("`--source ID`"),
        "{nothing:?}"
    );
    let unset =
        livewell(folder.path(), &["try", "MATCH (n) WHERE n.x > $least RETURN n", "--data", "b.jsonl"]);
    assert!(said(&unset).contains("`--param least=VALUE`"), "{unset:?}");
}

#[test]
fn a_query_that_is_run_for_each_value_is_tried_for_all() {
    let folder = tempfile::tempdir().unwrap();
    let orders: Vec<String> =
        [1, 2, 1].iter().enumerate().map(|(at, total)| node(&format!("o{at}"), "Order", *total)).collect();
    std::fs::write(folder.path().join("a.jsonl"), orders.join("\n") + "\n").unwrap();
    let query = "MATCH (o:Order) WHERE o.total = $total RETURN o.total AS of";
    let tried = |each: &str| {
        livewell(folder.path(), &["try", query, "--data", "a.jsonl", "--for-each", each, "--format", "csv"])
    };
    let all = tried("total=integer");
    let rows = super::text(&all.stdout).to_owned();
    assert_eq!((all.status.code(), rows.lines().count()), (Some(0), 4), "{all:?}");
    let other = tried("totl=integer");
    assert_eq!(other.status.code(), Some(2), "{other:?}");
}

#[test]
fn a_label_or_type_that_occurs_nowhere_is_named_with_the_one_that_was_probably_meant() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.jsonl"), node("o1", "Order", 0) + "\n").unwrap();
    let tried = |query: &str| livewell(folder.path(), &["try", query, "--data", "a.jsonl"]);
    let slip = tried("MATCH (o:Orders)-[:PLACED_BY]->() RETURN o.id AS id");
    assert!(slip.status.success() && slip.stdout.is_empty(), "{slip:?}");
    for part in ["the label `Orders` occurs nowhere", "did you mean `Order`?", "the type `PLACED_BY` occurs"]
    {
        assert!(said(&slip).contains(part), "{part} is missing: {}", said(&slip));
    }
    assert!(said(&tried("MATCH (o:Order) RETURN o.id AS id")).is_empty());
}

#[test]
fn what_a_source_holds_is_counted_by_label_and_type_and_what_dangles_is_named() {
    let mut running = Running::start();
    let elsewhere = json!({"source": "reference", "id": "airport:JFK"});
    let changes = [
        node("o1", "Order", 1),
        node("o/2", "Order", 2),
        node("c1", "Customer", 3),
        placed("r1", "o1", &json!("c1")),
        placed("r2", "o/2", &json!("c9")),
        placed("r3", "o1", &elsewhere),
    ];
    assert_eq!(running.post(&changes.join("\n")).status, 200);
    let counts = running.get("/api/v1/sources/orders/counts").json();
    assert_eq!((&counts["nodes"], &counts["relationships"]), (&json!(3), &json!(3)));
    assert_eq!(counts["labels"]["Order"], json!({"count": 2, "samples": ["o/2", "o1"]}));
    assert_eq!(counts["types"]["PLACED_BY"]["count"], 3);
    assert_eq!(counts["dangling"], json!({"count": 2, "samples": ["r2", "r3"]}));
    assert_eq!((&counts["changed"], &counts["others"]), (&json!(false), &json!(0)));

    let table = running.command(&["elements", "orders"]);
    let table = super::text(&table.stdout);
    let none = running.command(&["elements", "orders", "--label", "order"]);
    assert!(none.status.success() && none.stdout.is_empty(), "{none:?}");
    assert!(said(&none).contains("no node has the label `order`; did you mean `Order`?"), "{none:?}");
    for part in ["Order", "PLACED_BY", "o/2, o1", "3 nodes, 3 relationships", "dangling: 2", "r2, r3"] {
        assert!(table.contains(part), "{part} is missing: {table}");
    }
    let shown = lines(&running.command(&["elements", "orders", "--label", "Order"]));
    assert_eq!(shown.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["o/2", "o1"]);
    let shown = lines(&running.command(&["elements", "orders", "--type", "PLACED_BY"]));
    assert_eq!((shown.len(), &shown[2]["to"], &shown[0]["to"]), (3, &elsewhere, &json!("c1")));
    let one = running.command(&["elements", "orders", "o/2"]);
    let one: Json = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(one, json!({"id": "o/2", "labels": ["Order"], "properties": {"total": 2}}));
    let missing = running.command(&["elements", "orders", "o9"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(said(&missing).contains("has no element `o9`"), "{missing:?}");

    let page = running.get("/api/v1/sources/orders/elements?limit=2").json();
    assert_eq!((page["elements"].as_array().unwrap().len(), &page["next"]), (2, &json!("o/2")));
    let page = running.get("/api/v1/sources/orders/elements?after=o/2&label=Order").json();
    assert_eq!((&page["elements"][0]["id"], &page["next"]), (&json!("o1"), &Json::Null));
    assert_eq!(running.get("/api/v1/sources/orders/elements?limit=0").status, 400);
    assert_eq!(running.get("/api/v1/sources/nothing/counts").status, 404);

    running.stop();
    let store = running.store();
    let offline = |arguments: &[&str]| {
        livewell(Path::new("."), &[arguments, &["--store", store.to_str().unwrap()]].concat())
    };
    let stored = offline(&["elements", "orders", "--format", "json"]);
    assert_eq!(serde_json::from_slice::<Json>(&stored.stdout).unwrap(), counts);
    let stored = offline(&["elements", "orders", "--label", "Customer"]);
    assert_eq!(lines(&stored)[0]["id"], "c1");
}

#[test]
fn a_query_is_tried_on_what_a_source_holds_and_nothing_is_kept() {
    let mut running = Running::start();
    let changes = [
        node("o1", "Order", 150),
        node("o2", "Order", 50),
        node("c1", "Customer", 1),
        placed("r1", "o1", &json!("c1")),
    ];
    assert_eq!(running.post(&changes.join("\n")).status, 200);
    let ids = || running_ids(&running);
    let before = ids();
    let query = "MATCH (o:Order) WHERE o.total > $limit RETURN o.total AS total";
    let asked = ["try", query, "--source", "orders", "--param", "limit=100"];
    let rows = lines(&running.command(&asked));
    assert_eq!(rows.iter().map(|row| &row["data"]).collect::<Vec<_>>(), [&json!({"total": 150})]);
    let joined = running.command(&[
        "try",
        "MATCH (o:Order)-[:PLACED_BY]->(c) RETURN o.total AS total, c.total AS c",
        "--source",
        "orders",
        "--format",
        "csv",
        "--plan",
    ]);
    assert_eq!(super::text(&joined.stdout), "total,c\n150,1\n");
    assert!(said(&joined).contains("Physical plan:"), "{joined:?}");
    let none = running.command(&["try", "MATCH (o:Orders) RETURN o", "--source", "orders"]);
    assert!(none.status.success() && said(&none).contains("did you mean `Order`?"), "{none:?}");
    let over_nothing =
        lines(&running.command(&["try", "MATCH (n:Nobody) RETURN count(*) AS n", "--source", "orders"]));
    assert_eq!(over_nothing[0]["data"], json!({"n": 0}));

    let refused = running.command(&["try", "MATCH (o:Order RETURN o", "--source", "orders"]);
    assert_eq!((refused.status.code(), said(&refused).contains('^')), (Some(2), true), "{refused:?}");
    let unknown = running.command(&["try", "MATCH (o) RETURN o", "--source", "order"]);
    assert!(
        unknown.status.code() == Some(1) && said(&unknown).contains("did you mean `orders`?"),
        "{unknown:?}"
    );
    let stops =
        running.command(&["try", "MATCH (o:Order) RETURN 1 / (o.total - 50) AS x", "--source", "orders"]);
    assert!(stops.status.code() == Some(1) && said(&stops).contains("LW0510"), "{stops:?}");
    for wrong in [&["--diffs"][..], &["--data", "a.jsonl"]] {
        let wrong = running.command(&[&["try", "MATCH (o) RETURN o", "--source", "orders"], wrong].concat());
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
    }
    assert_eq!(ids(), before, "nothing was made");

    running.stop();
    let store = running.store();
    let offline = livewell(Path::new("."), &[&asked[..], &["--store", store.to_str().unwrap()]].concat());
    assert_eq!(lines(&offline), rows);
}

#[test]
fn a_try_that_takes_too_much_memory_or_is_malformed_is_refused_and_the_server_goes_on() {
    let running = Running::start_with("  limits: { verify_bytes: 1048576 }\n", "", "");
    let many: String = (0..2_000).map(|n| node(&format!("n{n}"), "N", n) + "\n").collect();
    assert_eq!(running.post(&many).status, 200);
    let ask = |body: &str| running.ask("POST", "/api/v1/sources/orders/try", "", body);
    let large = json!({"cypher": "MATCH (n:N) UNWIND range(1, 50) AS i RETURN n.total AS n, i, 'padding, so that it is large' AS p"});
    let large = ask(&large.to_string());
    assert!(large.status >= 400 && large.body.contains("LW0540"), "{} {}", large.status, large.body);
    for body in [
        "",
        "nonsense",
        "{}",
        "{\"cypher\": 1}",
        "{\"cypher\":\"RETURN 1 AS x\",\"more\":1}",
        "{\"cypher\":\"MATCH (n) SET n.x = 1\"}",
    ] {
        let answer = ask(body);
        assert!(answer.status == 400 && answer.json()["code"].is_string(), "{body}: {}", answer.body);
    }
    let fine = ask("{\"cypher\":\"MATCH (n:N) RETURN count(*) AS n\"}").json();
    assert_eq!((&fine["rows"][0]["data"], &fine["elements"]), (&json!({"n": 2000}), &json!(2000)));
}

/// The ids of everything that runs.
fn running_ids(running: &Running) -> Vec<String> {
    let lists =
        ["sources", "queries", "reactions"].map(|kind| running.get(&format!("/api/v1/{kind}")).json());
    let all = lists.iter().flat_map(|list| list.as_array().unwrap());
    all.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}
