//! The time that records and rows say they are from, and values that a change does not carry.

use crate::support::{drain, one, put};
use livewell_model::{Change, Element, Timestamp, Transaction, Value};
use livewell_source::settings::{FileSettings, HttpSettings, NatsSettings, OnError, SourceSettings};
use livewell_source::{ErrorKind, SourceError};
use serde_json::{Value as Json, json};

const PLACEHOLDER: &str = "__debezium_unavailable_value";

fn settings(name: &str, mapping: &Json, text: &str) -> (tempfile::TempDir, FileSettings) {
    let dir = tempfile::tempdir().unwrap();
    let mut settings = serde_json::to_value(one(put(dir.path(), name, text.as_bytes()))).unwrap();
    settings.as_object_mut().unwrap().extend(mapping.as_object().unwrap().clone());
    (dir, serde_json::from_value(settings).unwrap())
}

fn read(name: &str, mapping: &Json, text: &str) -> Result<Vec<Transaction>, SourceError> {
    let (_dir, settings) = settings(name, mapping, text);
    drain(&settings, None, 9).map(|(transactions, _)| transactions)
}

fn readings(timestamp: &Json) -> Json {
    json!({ "node": { "label": "Reading", "id": "r:{id}" }, "timestamp": timestamp })
}

fn times(transactions: &[Transaction]) -> Vec<Option<i64>> {
    transactions.iter().map(|transaction| transaction.timestamp.map(|Timestamp(nanos)| nanos)).collect()
}

#[test]
fn a_record_or_row_is_from_the_time_that_it_says() {
    let text = json!({"path": "at"});
    let lines = "{\"id\":1,\"at\":\"2024-05-01T10:30:00+02:00\"}\n{\"id\":2,\"at\":\"1970-01-01T00:00:00.000000001Z\"}\n";
    let wanted = vec![Some(1_714_552_200_000_000_000), Some(1)];
    assert_eq!(times(&read("x.jsonl", &readings(&text), lines).unwrap()), wanted);
    let rows = "id,at\n1,2024-05-01T10:30:00+02:00\n2,1970-01-01T00:00:00.000000001Z\n";
    assert_eq!(times(&read("x.csv", &readings(&text), rows).unwrap()), wanted);
    for (unit, number) in
        [("ms", 5), ("milliseconds", 5), ("us", 5_000), ("\u{b5}s", 5_000), ("ns", 5_000_000)]
    {
        let timestamp = json!({"path": "meta.at", "unit": unit});
        let lines = format!(
            "{{\"id\":1,\"meta\":{{\"at\":{number}}}}}\n{{\"id\":1,\"meta\":{{\"at\":\"{number}\"}}}}"
        );
        assert_eq!(
            times(&read("x.jsonl", &readings(&timestamp), &lines).unwrap()),
            [Some(5_000_000); 2],
            "{unit}"
        );
    }
    let rows = read("x.csv", &readings(&json!({"path": "at", "unit": "s"})), "id,at\n1,-7\n").unwrap();
    assert_eq!(times(&rows), [Some(-7_000_000_000)]);
}

#[test]
fn an_envelope_or_its_record_says_the_time_also_of_a_delete() {
    let mapping = |path: &str, unit: &str| {
        json!({
            "node": { "label": "R", "id": "r:{id}" },
            "operation": { "path": "op", "insert": ["c", "u"], "delete": ["d"] },
            "record": "after", "record_before": "before",
            "timestamp": { "path": path, "unit": unit },
        })
    };
    let lines = "{\"op\":\"c\",\"after\":{\"id\":1,\"at\":3},\"source\":{\"ts_ms\":1}}\n\
                 {\"op\":\"d\",\"before\":{\"id\":1,\"at\":4},\"after\":null,\"source\":{\"ts_ms\":2}}\n";
    let of = |path: &str, unit: &str| times(&read("x.jsonl", &mapping(path, unit), lines).unwrap());
    assert_eq!(of("source.ts_ms", "ms"), [Some(1_000_000), Some(2_000_000)]);
    assert_eq!(of("at", "s"), [Some(3_000_000_000), Some(4_000_000_000)]);
}

#[test]
fn a_time_that_is_missing_or_malformed_stops_or_is_parked() {
    let wrong = [
        "{\"id\":1}",
        "{\"id\":1,\"at\":null}",
        "{\"id\":1,\"at\":\"soon\"}",
        "{\"id\":1,\"at\":1714552200}",
        "{\"id\":1,\"at\":true}",
        "{\"id\":1,\"at\":{}}",
        "{\"id\":1,\"at\":\"2024-05-01T10:30:00\"}",
    ];
    let mapping = readings(&json!({"path": "at"}));
    for line in wrong {
        let error = read("x.jsonl", &mapping, line).unwrap_err();
        assert_eq!((error.kind, error.code), (ErrorKind::Input, "LW0220"), "{line}: {error}");
        assert!(error.message.contains("at"), "{error}");
    }
    let good = "{\"id\":2,\"at\":\"2024-05-01T10:30:00Z\"}";
    let (_dir, settings) = settings("x.jsonl", &mapping, &format!("{}\n{good}\n", wrong.join("\n")));
    let (taken, parked) = drain(&FileSettings { on_error: OnError::Park, ..settings }, None, 9).unwrap();
    assert_eq!((taken.len(), parked.len()), (1, wrong.len()));
    for rows in ["id,at\n1,soon\n", "id,at\n1,\n"] {
        let error = read("x.csv", &mapping, rows).unwrap_err();
        assert_eq!((error.code, error.message.contains("`at`")), ("LW0204", true), "{error}");
    }
    let error = read("x.csv", &readings(&json!({"path": "when"})), "id,at\n1,2\n").unwrap_err();
    assert!(error.message.contains("no column `when`"), "{error}");
}

#[test]
fn every_source_that_takes_a_mapping_takes_both_and_refuses_what_makes_no_sense() {
    let source = |kind: Json, mapping: Json| -> Result<SourceSettings, serde_json::Error> {
        let mut settings = kind;
        settings.as_object_mut().unwrap().extend(mapping.as_object().unwrap().clone());
        serde_json::from_value(settings)
    };
    let kinds = [
        json!({"id": "s", "kind": "http"}),
        json!({"id": "s", "kind": "nats", "url": "nats://localhost:4222", "stream": "S"}),
        json!({"id": "s", "kind": "file", "path": "x.jsonl"}),
    ];
    let whole = json!({"node": {"label": "A", "id": "{id}"}, "timestamp": {"path": "at", "unit": "ms"},
        "unavailable_value": "gone"});
    for kind in kinds {
        let settings = source(kind.clone(), whole.clone()).unwrap();
        settings.validate().unwrap();
        let stored = serde_json::to_value(&settings).unwrap();
        let again: SourceSettings = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), stored, "what is stored is read back");
        for alone in [json!({"timestamp": {"path": "at"}}), json!({"unavailable_value": "gone"})] {
            let error = source(kind.clone(), alone).unwrap().validate().unwrap_err();
            assert!(error.message.contains("goes with `node`"), "{error}");
        }
        let crooked = json!({"node": {"label": "A", "id": "{id}"}, "timestamp": {"path": "a..b"}});
        let error = source(kind.clone(), crooked).unwrap().validate().unwrap_err();
        assert!(error.message.contains("`timestamp.path`"), "{error}");
        assert!(source(kind, json!({"timestamp": {"path": "at", "unit": "hours"}})).is_err());
    }
    let table = json!({"node": {"label": "A", "id": "{id}"}, "unavailable_value": "gone"});
    let error =
        source(json!({"id": "s", "kind": "file", "path": "x.csv"}), table).unwrap().validate().unwrap_err();
    assert!(error.message.contains("`unavailable_value` is for records"), "{error}");
    // Whoever takes them by name gets readers that know both.
    let http: HttpSettings = serde_json::from_value(json!({"id": "s", "node": {"label": "A", "id": "{id}"},
        "timestamp": {"path": "at", "unit": "ms"}}))
    .unwrap();
    let nats: NatsSettings = serde_json::from_value(json!({"id": "s", "url": "nats://h", "stream": "S",
        "node": {"label": "A", "id": "{id}"}, "timestamp": {"path": "at", "unit": "ms"}}))
    .unwrap();
    for reader in [http.reader().unwrap(), nats.reader().unwrap()] {
        let transaction = reader.transaction(br#"{"id":1,"at":7}"#).unwrap();
        assert_eq!(transaction.timestamp, Some(Timestamp(7_000_000)));
    }
}

/// Returns the changes of one message of an envelope like that of the guide.
fn enveloped(more: &Json, after: &Json) -> Result<Vec<Change>, SourceError> {
    let mut mapping = json!({
        "node": { "label": "Order", "id": "order:{id}" },
        "relationships": [{ "type": "PLACED_BY", "to": "customer:{customer_id}" }],
        "operation": { "path": "op", "insert": ["c", "r", "u"], "delete": ["d"] },
        "record": "after",
    });
    mapping.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let line = json!({"op": "u", "before": null, "after": after}).to_string();
    read("x.jsonl", &mapping, &line).map(|mut transactions| transactions.remove(0).changes)
}

/// Returns the order's node after these changes came upon one that has a long note.
fn upon(changes: &[Change]) -> Element {
    let old =
        enveloped(&json!({}), &json!({"id": 1, "note": "long", "tags": ["a"], "bytes": "b", "state": "new"}));
    let old = old.unwrap()[0].apply(None).unwrap();
    changes[0].apply(old.as_ref()).unwrap().unwrap()
}

#[test]
fn an_unavailable_value_is_one_that_did_not_change() {
    let after = json!({"id": 1, "note": PLACEHOLDER, "tags": [PLACEHOLDER], "state": null,
        "bytes": "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==", "customer_id": 7});
    let changes = enveloped(&json!({}), &after).unwrap();
    let Element::Node(node) = upon(&changes) else { panic!("a node") };
    let properties = &node.properties;
    assert_eq!(properties.get("note"), Some(&Value::string("long")));
    assert_eq!(properties.get("tags"), Some(&Value::list(vec![Value::string("a")])));
    assert_eq!(properties.get("bytes"), Some(&Value::string("b")));
    assert_eq!(properties.get("customer_id"), Some(&Value::Int(7)));
    assert!(properties.get("state").is_none(), "null is said, and removes");
    assert_eq!(changes.len(), 2, "the relationship is set");
    // A relationship whose end is not said stays.
    let changes = enveloped(&json!({}), &json!({"id": 1, "customer_id": PLACEHOLDER})).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    // Chosen properties, too.
    let chosen = json!({"properties": {"text": "note", "state": "state"}});
    let changes = enveloped(&chosen, &json!({"id": 1, "note": PLACEHOLDER, "state": "paid"})).unwrap();
    let Change::Update(patch) = &changes[0] else { panic!("{changes:?}") };
    assert_eq!(patch.properties.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["state"]);
}

#[test]
fn another_placeholder_can_be_named_and_what_an_id_needs_has_to_be_there() {
    let other = json!({"unavailable_value": "\u{fc} n/a"});
    let changes = enveloped(&other, &json!({"id": 1, "note": "\u{fc} n/a", "state": PLACEHOLDER})).unwrap();
    let Element::Node(node) = upon(&changes) else { panic!("a node") };
    assert_eq!(node.properties.get("note"), Some(&Value::string("long")));
    assert_eq!(node.properties.get("state"), Some(&Value::string(PLACEHOLDER)), "this one is data now");
    let none = enveloped(&json!({"unavailable_value": ""}), &json!({"id": 1, "note": PLACEHOLDER})).unwrap();
    let Element::Node(node) = upon(&none) else { panic!("a node") };
    assert_eq!(node.properties.get("note"), Some(&Value::string(PLACEHOLDER)));
    assert!(node.properties.get("tags").is_none(), "a whole record replaces");
    let error = enveloped(&json!({}), &json!({"id": PLACEHOLDER})).unwrap_err();
    assert_eq!((error.code, error.message.contains("`id` is missing")), ("LW0220", true), "{error}");
    let error = enveloped(&json!({}), &json!({"id": 1, "m": {"a": 1, "b": PLACEHOLDER}})).unwrap_err();
    assert_eq!((error.code, error.message.contains("`properties`")), ("LW0220", true), "{error}");
}
