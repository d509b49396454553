//! Records of any shape, by each way they can come, to the results.

use super::nats::Broker;
use super::place::Place;
use super::running::Running;
use livewell_services::Nats;
use serde_json::{Value as Json, json};

/// Envelopes of change data capture: orders with their customer and lines.
const MAPPING: &str = r#"
    node: { label: Order, id: "order:{id}" }
    relationships: [ { type: PLACED_BY, to: { source: customers, id: "{customer.id}" } } ]
    properties: { total: amounts.total, status: state, lines: lines }
    operation: { path: op, insert: [c, r], update: [u], delete: [d] }
    record: after
    record_before: before
    unwind:
      - { label: Order, path: lines, relationship: HAS, into: { label: Line, id: sku } }
"#;

const LINES: &str = "MATCH (:Order)-[:HAS]->(l:Line) RETURN l.sku AS sku, l.count AS count";
const BY: &str =
    "MATCH (o:Order)-[:PLACED_BY]->(c:Customer) RETURN o.status AS status, o.total AS total, c.name AS name";
const CUSTOMERS: &str = "{\"id\":\"b\",\"name\":\"Ben\"}\n{\"id\":7,\"name\":\"Eve\"}\n";

/// What the rows come to.
const EXPECTED: [(&str, [&str; 2]); 2] = [
    ("lines", [r#"{"sku":"y","count":4}"#, r#"{"sku":"z","count":3}"#]),
    ("by", [r#"{"status":"paid","total":10,"name":"Ben"}"#, r#"{"status":"sent","total":20,"name":"Eve"}"#]),
];

/// A place where orders come from `source` and customers from a file.
fn place(source: &str, lines: &[&str]) -> Place {
    let place = Place::new(
        &format!(
            "sources:\n  - id: orders\n{source}{MAPPING}\
             \x20 - {{ id: customers, kind: file, path: customers.jsonl, node: {{ label: Customer, id: \"{{id}}\" }} }}\n\
             queries:\n  - {{ id: lines, sources: [orders], cypher: \"{LINES}\" }}\n  \
             - {{ id: by, sources: [orders, customers], cypher: \"{BY}\" }}\n"
        ),
        lines,
    );
    place.write("customers.jsonl", CUSTOMERS);
    place
}

fn assert_rows(place: &Place) {
    for (query, expected) in EXPECTED {
        let ran = place.livewell(&["results", query, "--store", "livewell-data", "--format", "ndjson"]);
        assert_eq!(rows(&ran.expect(0, &[]).out), expected, "{query}");
    }
}

/// What comes, in order.
fn envelopes() -> Vec<Json> {
    let order = |id: u32, customer: Json, state: &str, lines: &[(&str, u32)]| {
        let lines: Vec<Json> =
            lines.iter().map(|(sku, count)| json!({ "sku": sku, "count": count })).collect();
        json!({ "id": id, "customer": { "id": customer }, "amounts": { "total": 10 * id }, "state": state, "lines": lines })
    };
    let old = order(1, json!("a"), "new", &[("x", 1), ("y", 2)]);
    vec![
        json!({ "op": "r", "after": old }),
        json!({ "op": "c", "after": order(2, json!(null), "new", &[("z", 3)]) }),
        json!({ "op": "c", "after": order(3, json!("b"), "new", &[]) }),
        json!({ "op": "c", "before": old, "after": order(1, json!("b"), "paid", &[("y", 4)]) }),
        json!({ "op": "u", "after": { "id": 2, "state": "sent", "customer": { "id": 7 } } }),
        json!({ "op": "d", "before": { "id": 3 }, "after": null }),
    ]
}

/// The rows of a query as its columns in text, sorted.
fn rows(text: &str) -> Vec<String> {
    let line = |line: &str| serde_json::from_str::<Json>(line).unwrap()["data"].to_string();
    let mut rows: Vec<String> = text.lines().map(line).collect();
    rows.sort();
    rows
}

#[test]
fn envelopes_in_a_file_are_followed_and_what_is_none_is_parked() {
    let mut lines: Vec<String> = envelopes().iter().map(Json::to_string).collect();
    lines.insert(2, r#"{"op":"c","after":{"id":9,"customer":{"id":[]}}}"#.into());
    lines.insert(3, json!({ "op": "c", "after": { "id": 9, "lines": [{ "count": 1 }] } }).to_string());
    let text: Vec<&str> = lines.iter().map(String::as_str).collect();
    let source = "    kind: file\n    path: ops.jsonl\n    on_error: park";
    let parking = place(source, &text);
    let ran = parking.livewell(&["run", "livewell.yaml", "--until-idle"]);
    ran.expect(0, &["ops.jsonl:3:44", "to be part of an id, and this is a list", "has no key at `sku`"]);
    assert_rows(&parking);

    let stopping = place(&source.replace("park", "stop"), &text);
    stopping.run().expect(1, &["ops.jsonl:3:44: `after.customer.id`: must be a text", "correct the line"]);
    for (right, wrong, says) in [
        ("{customer.id}", "{customer.id", "is never closed"),
        ("record_before:", "record_befor:", "did you mean `record_before`?"),
        ("    record: after", "    types: { id: strin }", "did you mean `string`?"),
    ] {
        stopping.write("livewell.yaml", &stopping.read("livewell.yaml").replace(right, wrong));
        stopping.livewell(&["check", "livewell.yaml"]).expect(2, &[says]);
        stopping.write("livewell.yaml", &stopping.read("livewell.yaml").replace(wrong, right));
    }
}

#[test]
fn records_are_posted_one_by_one_or_many() {
    let running = Running::start_with("", MAPPING, "");
    let create = |kind: &str, body: Json| {
        let answer = running.ask("POST", &format!("/api/v1/{kind}"), "", &body.to_string());
        assert_eq!(answer.status, 201, "{}", answer.body);
    };
    let node = json!({ "label": "Customer", "id": "{id}" });
    create("sources", json!({ "id": "customers", "kind": "http", "node": node }));
    create("queries", json!({ "id": "lines", "sources": ["orders"], "cypher": LINES }));
    create("queries", json!({ "id": "by", "sources": ["orders", "customers"], "cypher": BY }));
    let customers = running.ask("POST", "/api/v1/sources/customers/changes", "", CUSTOMERS);
    assert_eq!(customers.json()["sequence"], json!(2), "{}", customers.body);

    let envelopes = envelopes();
    let first = running.post(&serde_json::to_string_pretty(&envelopes[0]).unwrap());
    assert_eq!((first.status, &first.json()["sequence"]), (200, &json!(1)), "{}", first.body);
    let refused = running.post(&format!("{}\n{{\"op\":\"x\"}}\n", envelopes[1]));
    let problem = refused.json();
    assert_eq!((refused.status, &problem["code"], &problem["index"]), (400, &json!("LW0220"), &json!(1)));
    assert_eq!((&problem["line"], &problem["column"]), (&json!(2), &json!(7)), "{problem}");
    let rest: String = envelopes[1..].iter().map(|envelope| format!("{envelope}\n")).collect();
    let position = running.post(&rest).json()["position"].clone();
    for (query, expected) in EXPECTED {
        let path = format!("/api/v1/queries/{query}/results?position={position}&wait=20s");
        let lines = running.ask("GET", &path, "accept: application/x-ndjson\r\n", "").body;
        assert_eq!(rows(&lines), expected, "{query}");
    }
}

#[test]
fn records_are_followed_in_a_stream() {
    let nats = Nats::start();
    let broker = Broker::of(&nats);
    broker.create("ORDERS", "orders");
    broker.publish("orders", envelopes().iter().map(Json::to_string));
    let place = place(&format!("    kind: nats\n    url: '{}'\n    stream: ORDERS", nats.url()), &[]);
    place.run().expect(0, &[]);
    assert_rows(&place);
}
