//! Records of any shape: a mapping makes nodes and relationships of them, and keeps what they come to.

use crate::support::{drain, one, put};
use livewell_model::{Change, Decimal, Element, ElementId, Map, Node, Relationship, Transaction, Value};
use livewell_source::settings::{FileSettings, OnError, SourceSettings};
use livewell_source::{ErrorKind, SourceError};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

type Graph = BTreeMap<ElementId, Element>;

/// Returns a source over `text`, with a mapping in the form of the configuration.
fn settings(mapping: &Json, text: &str) -> (tempfile::TempDir, FileSettings) {
    let dir = tempfile::tempdir().unwrap();
    let path = put(dir.path(), "orders.jsonl", text.as_bytes());
    let mut settings = serde_json::to_value(one(path)).unwrap();
    settings.as_object_mut().unwrap().extend(mapping.as_object().unwrap().clone());
    (dir, serde_json::from_value(settings).unwrap())
}

fn read(mapping: &Json, text: &str) -> Result<Vec<Transaction>, SourceError> {
    let (_dir, settings) = settings(mapping, text);
    drain(&settings, None, 9).map(|(transactions, _)| transactions)
}

fn fold(transactions: Vec<Transaction>) -> Graph {
    let mut graph = Graph::new();
    for change in transactions.into_iter().flat_map(|transaction| transaction.changes) {
        match change.apply(graph.get(change.id())).unwrap() {
            Some(element) => graph.insert(element.id().clone(), element),
            None => graph.remove(change.id()),
        };
    }
    graph
}

fn node(id: &str, label: &str, properties: Json) -> Element {
    let Json::Object(properties) = properties else { panic!("properties are an object") };
    let properties: Map = properties.iter().map(|(name, json)| (name.as_str(), value(json))).collect();
    Node { id: ElementId::new("s", id), labels: vec![label.into()], properties }.into()
}

fn value(json: &Json) -> Value {
    livewell_model::json::value_from_json(json).unwrap()
}

fn leads(id: &str, kind: &str, from: &str, to: ElementId) -> Element {
    let (id, from) = (ElementId::new("s", id), ElementId::new("s", from));
    Relationship { id, kind: kind.into(), from, to, properties: Map::new() }.into()
}

fn graph(elements: impl IntoIterator<Item = Element>) -> Graph {
    elements.into_iter().map(|element| (element.id().clone(), element)).collect()
}

fn orders() -> Json {
    json!({
        "node": { "label": "Order", "id": "order:{id}" },
        "relationships": [
            { "type": "PLACED_BY", "to": "customer:{customer.id}" },
            { "type": "IN", "to": { "source": "shops", "id": "{shop.country}/{shop.id}" } },
        ],
    })
}

#[test]
fn a_record_becomes_a_node_and_the_relationships_whose_fields_are_not_null() {
    let text = r#"{"id":7,"total":12.5,"customer":{"id":"c1","name":"Ann"},"shop":{"id":18446744073709551615,"country":"is"}}
                  {"id":"8","customer":null,"shop":{"id":true,"country":null},"tags":["a",{"b":1}],"note":null}"#;
    let place = ElementId::new("shops", "is/18446744073709551615");
    let shop = json!({ "id": u64::MAX, "country": "is" });
    let first = json!({ "id": 7, "total": 12.5, "customer": { "id": "c1", "name": "Ann" }, "shop": shop });
    let second = json!({ "id": "8", "shop": { "id": true, "country": null }, "tags": ["a", { "b": 1 }] });
    let expected = graph([
        node("order:7", "Order", first),
        leads(
            "order:7-PLACED_BY->customer:{customer.id}",
            "PLACED_BY",
            "order:7",
            ElementId::new("s", "customer:c1"),
        ),
        leads("order:7-IN->shops/{shop.country}/{shop.id}", "IN", "order:7", place),
        node("order:8", "Order", second),
    ]);
    assert_eq!(fold(read(&orders(), text).unwrap()), expected);
}

#[test]
fn properties_are_chosen_and_renamed() {
    let mut mapping = orders();
    mapping["properties"] = json!({ "total": "amounts.total", "status": "state", "amounts": "amounts" });
    let text = r#"{"id":1,"amounts":{"total":3,"tax":1},"state":"new","secret":"x"}
                  {"id":2,"amounts":null}"#;
    let expected = graph([
        node("order:1", "Order", json!({ "total": 3, "status": "new", "amounts": { "total": 3, "tax": 1 } })),
        node("order:2", "Order", json!({})),
    ]);
    assert_eq!(fold(read(&mapping, text).unwrap()), expected);
}

/// Returns a mapping of the envelopes that change data capture sends.
fn envelopes() -> Json {
    let mut mapping = orders();
    mapping["operation"] =
        json!({ "path": "payload.op", "insert": ["c", "r"], "update": ["u"], "delete": ["d"] });
    mapping["record"] = json!("payload.after");
    mapping["record_before"] = json!("payload.before");
    mapping
}

#[test]
fn what_does_not_fit_the_mapping_is_an_error_at_its_place() {
    for (line, column, says) in [
        (
            r#"{"payload":{"op":"x","after":{"id":1}}}"#,
            18,
            "`payload.op`: unknown operation `x`; known are `c`",
        ),
        (r#"{"payload":{"after":{"id":1}}}"#, 1, "`payload.op` is missing"),
        (r#"{"payload":{"op":"c"}}"#, 1, "the record, `payload.after`, is missing"),
        (r#"{"payload":{"op":"c","after":null}}"#, 30, "must be an object (the record), and this is null"),
        (r#"{"payload":{"op":"d","after":{"id":1}}}"#, 1, "the record, `payload.before`, is missing"),
        (r#"{"payload":{"op":"c","after":{"ID":1}}}"#, 30, "`id` is missing, and the node's id needs it"),
        (r#"{"payload":{"op":"c","after":{"id":null}}}"#, 36, "`id` is null, and the node's id needs it"),
        (r#"{"payload":{"op":"c","after":{"id":1.5}}}"#, 36, "to be part of an id, and this is a number"),
        (r#"{"payload":{"op":"c","after":{"id":[]}}}"#, 36, "and this is a list"),
        (
            r#"{"payload":{"op":"c","after":{"id":1,"customer":2}}}"#,
            49,
            "(`customer.id` is looked for in it)",
        ),
        (r#"{"payload":{"op":"c","after":{"id":1,"id":2}}}"#, 43, "is here a second time"),
        (r#"["no record"]"#, 1, "must be an object (a record)"),
        (r#"{"payload":"#, 11, "not JSON"),
    ] {
        let error = read(&envelopes(), &format!("\n{line}\n")).expect_err(line);
        let place = error.place.clone().unwrap();
        assert_eq!((place.line, place.column), (2, Some(column)), "{error}");
        assert!(error.kind == ErrorKind::Input && error.message.contains(says), "{line}: {error}");
    }
    let text = "{\"payload\":{}}\n{\"payload\":{\"op\":\"r\",\"after\":{\"id\":1}}}\n";
    let (_dir, settings) = settings(&envelopes(), text);
    let (taken, parked) = drain(&FileSettings { on_error: OnError::Park, ..settings }, None, 9).unwrap();
    assert_eq!((taken.len(), parked.len(), parked[0].error.code), (1, 1, "LW0220"));
}

#[test]
fn an_id_that_is_too_long_is_refused() {
    let mut mapping = orders();
    mapping["limits"] = json!({ "id_bytes_max": 45 });
    read(&mapping, r#"{"id":1,"customer":{"id":2},"shop":{"id":3,"country":"is"}}"#).unwrap();
    let long = "1".repeat(40);
    for line in [json!({ "id": long }), json!({ "id": 1, "customer": { "id": long } })] {
        assert_eq!(read(&mapping, &line.to_string()).unwrap_err().code, "LW0203", "{line}");
    }
}

#[test]
fn a_property_has_the_type_that_the_settings_name_and_all_digits_of_the_text() {
    let mut mapping = orders();
    mapping["types"] = json!({ "total": "decimal", "share": "float", "code": "text", "paid": "boolean", "n": "integer", "prices": "decimal" });
    let line = r#"{"id":1,"total":12345678901234567.89,"share":1,"code":1.10,"paid":"TRUE","n":"007","prices":["1.10",2,null]}"#;
    let graph = fold(read(&mapping, line).unwrap());
    let order = graph[&ElementId::new("s", "order:1")].properties();
    let decimal = |text: &str| Value::from(Decimal::parse(text).unwrap());
    for (name, expected) in [
        ("total", decimal("12345678901234567.89")),
        ("share", Value::Float(1.0)),
        ("code", "1.10".into()),
        ("paid", true.into()),
        ("n", 7.into()),
        ("prices", Value::list([decimal("1.1"), decimal("2"), Value::Null])),
    ] {
        assert_eq!(order.get(name), Some(&expected), "{name}");
    }
    for (field, says) in [
        (r#""total":"ten""#, "`total`: must be a decimal number"),
        (r#""total":{}"#, "must be a single value or a list"),
        (r#""prices":[[1]]"#, "must be a single value"),
        (r#""n":1.0"#, "`n`: must be an integer of 64 bits"),
        (r#""paid":1"#, "must be `true` or `false`"),
    ] {
        let error = read(&mapping, &format!("{{\"id\":1,{field}}}")).unwrap_err();
        assert!(error.message.contains(says), "{field}: {error}");
    }
}

#[test]
fn a_mapping_that_makes_no_sense_is_refused_at_the_start() {
    let node = json!({ "label": "Order", "id": "order:{id}" });
    for (mapping, says) in [
        (json!({ "relationships": [{ "type": "A", "to": "b" }] }), "`relationships` goes with `node`"),
        (json!({ "record": "after" }), "`record` goes with `node`"),
        (json!({ "node": { "label": "", "id": "a" } }), "`node.label` is empty"),
        (json!({ "node": { "label": "A", "id": "a:{id" } }), "`node.id`: `a:{id`: `{` is never closed"),
        (json!({ "node": { "label": "A", "id": "{a..b}" } }), "a path is names with dots"),
        (json!({ "node": node, "relationships": [{ "type": "", "to": "b" }] }), "`type` is empty"),
        (json!({ "node": node, "relationships": [{ "type": "A", "to": "b}" }] }), "without its"),
        (
            json!({ "node": node, "relationships": [{ "type": "A", "to": "b" }, { "type": "A", "to": "b" }] }),
            "two relationships of type `A`",
        ),
        (
            json!({ "node": node, "relationships": [{ "type": "A", "to": { "source": "/", "id": "b" } }] }),
            "`/` is not the id of a source",
        ),
        (json!({ "node": node, "properties": { "a": "" } }), "`properties`: ``: a path is names"),
        (json!({ "node": node, "record": "a." }), "`record`: `a.`: a path is names"),
        (json!({ "node": node, "record_before": "before" }), "name deletes under `operation`"),
        (json!({ "node": node, "operation": { "path": "op" } }), "`operation` is empty"),
        (
            json!({ "node": node, "operation": { "path": "op", "insert": ["c"], "delete": ["c"] } }),
            "`c` is there twice",
        ),
    ] {
        let file = json!({ "id": "s", "kind": "file", "path": "x.jsonl" });
        let http = json!({ "id": "s", "kind": "http" });
        let nats = json!({ "id": "s", "kind": "nats", "url": "nats://host", "stream": "S" });
        for mut settings in [file, http, nats] {
            settings.as_object_mut().unwrap().extend(mapping.as_object().unwrap().clone());
            let read = serde_json::from_value::<SourceSettings>(settings.clone()).unwrap();
            let error = read.validate().expect_err(&settings.to_string());
            assert!(error.code == "LW0205" && error.message.contains(says), "{settings}: {error}");
        }
    }
    let table = json!({ "id": "s", "kind": "file", "path": "x.csv", "node": node, "record": "after" });
    let error = serde_json::from_value::<SourceSettings>(table).unwrap().validate().unwrap_err();
    assert!(error.message.contains("`record` is for records of JSON"), "{error}");
}

/// What records of orders come to, kept in a map by their ids.
#[derive(Default)]
struct Orders(BTreeMap<String, Json>);

impl Orders {
    fn take(&mut self, operation: &str, id: &str, record: &Json) {
        if operation == "d" {
            self.0.remove(id);
            return;
        }
        let order = self.0.entry(id.to_owned()).or_insert_with(|| json!({}));
        if operation != "u" {
            *order = json!({});
        }
        for (name, value) in record.as_object().unwrap() {
            order[name] = value.clone();
        }
    }

    fn graph(&self) -> Graph {
        let mut elements = Vec::new();
        for (id, order) in &self.0 {
            let own = format!("order:{id}");
            let mut properties = order.clone();
            properties.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            elements.push(node(&own, "Order", properties));
            let text = |value: &Json| match value {
                Json::String(text) => Some(text.clone()),
                Json::Number(number) => Some(number.to_string()),
                _ => None,
            };
            if let Some(customer) = text(&order["customer"]["id"]) {
                let to = ElementId::new("s", format!("customer:{customer}"));
                let id = format!("{own}-PLACED_BY->customer:{{customer.id}}");
                elements.push(leads(&id, "PLACED_BY", &own, to));
            }
            if let (Some(country), Some(shop)) = (text(&order["shop"]["country"]), text(&order["shop"]["id"]))
            {
                let to = ElementId::new("shops", format!("{country}/{shop}"));
                elements.push(leads(
                    &format!("{own}-IN->shops/{{shop.country}}/{{shop.id}}"),
                    "IN",
                    &own,
                    to,
                ));
            }
        }
        graph(elements)
    }
}

fn record() -> impl Strategy<Value = Json> {
    let key = || prop_oneof![Just(json!(null)), Just(json!(1)), Just(json!("x")), Just(json!(-2))];
    let customer = prop_oneof![
        Just(json!(null)),
        key().prop_map(|id| json!({ "id": id })),
        Just(json!({ "name": "Ann", "id": "c" })),
    ];
    let shop = prop_oneof![
        Just(json!(null)),
        (key(), key()).prop_map(|(id, country)| json!({ "id": id, "country": country })),
    ];
    let total = prop_oneof![Just(json!(null)), Just(json!(1)), Just(json!(2.5)), Just(json!([1, null]))];
    let fields = (prop::option::of(customer), prop::option::of(shop), prop::option::of(total));
    fields.prop_map(|(customer, shop, total)| {
        let named = [("customer", customer), ("shop", shop), ("total", total)];
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    })
}

proptest! {
    #[test]
    fn the_graph_is_what_records_come_to_that_are_kept_in_a_map(
        steps in prop::collection::vec((prop::sample::select(vec!["c", "r", "u", "d"]), "[ab]", record()), 0..30),
        size in 1usize..5,
    ) {
        let (mut orders, mut text) = (Orders::default(), String::new());
        for (operation, id, record) in &steps {
            let mut record = record.clone();
            record["id"] = json!(id);
            orders.take(operation, id, &record);
            let payload = match *operation {
                // Some senders give no more of what is deleted than its key.
                "d" => json!({ "op": "d", "before": { "id": id }, "after": null }),
                operation => json!({ "op": operation, "before": null, "after": record }),
            };
            text += &format!("{}\n", json!({ "payload": payload }));
        }
        let (_dir, settings) = settings(&envelopes(), &text);
        let (transactions, _) = drain(&settings, None, size).unwrap();
        prop_assert_eq!(transactions.len(), steps.len(), "a record is a transaction");
        prop_assert_eq!(fold(transactions), orders.graph());
    }

    #[test]
    fn the_graph_is_what_rows_come_to_that_are_kept_in_a_map(
        rows in prop::collection::vec(("[ab]", "[xy]?", "[0-2]?"), 0..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut kept, mut text) = (BTreeMap::new(), String::from("name,boss,age\n"));
        for (name, boss, age) in &rows {
            text += &format!("{name},{boss},{age}\n");
            kept.insert(name.clone(), (boss.clone(), age.clone()));
        }
        let mut settings = one(put(dir.path(), "x.csv", text.as_bytes()));
        settings.node = serde_json::from_value(json!({ "label": "Person", "id": "{name}" })).unwrap();
        settings.relationships = serde_json::from_value(json!([{ "type": "UNDER", "to": "{boss}" }])).unwrap();
        let mut expected = Graph::new();
        for (name, (boss, age)) in kept {
            let mut properties = json!({ "name": name });
            if !boss.is_empty() {
                properties["boss"] = json!(boss);
                let id = format!("{name}-UNDER->{{boss}}");
                expected.extend(graph([leads(&id, "UNDER", &name, ElementId::new("s", boss))]));
            }
            if let Ok(age) = age.parse::<i64>() {
                properties["age"] = json!(age);
            }
            expected.extend(graph([node(&name, "Person", properties)]));
        }
        prop_assert_eq!(fold(drain(&settings, None, 9).unwrap().0), expected);
    }

    #[test]
    fn no_record_makes_the_reader_panic(
        text in r#"(\{|\}|\[|\]|:|,|"payload"|"op"|"c"|"d"|"after"|"before"|"id"|"customer"|1|null|\\|é){0,30}"#,
    ) {
        let (_dir, settings) = settings(&envelopes(), &text);
        let _ = drain(&FileSettings { on_error: OnError::Park, ..settings }, None, 9);
    }
}

#[test]
fn deleting_takes_what_the_mapping_made_and_nothing_else() {
    let insert = r#"{"payload":{"op":"c","after":{"id":1,"customer":{"id":2}}}}"#;
    let transactions =
        read(&envelopes(), &format!("{insert}\n{}", r#"{"payload":{"op":"d","before":{"id":1}}}"#)).unwrap();
    let mut ids: Vec<_> = transactions[0].changes.iter().map(|change| change.id().id.clone()).collect();
    let deleted = transactions[1].changes.iter().map(|change| match change {
        Change::Delete(id) => id.id.clone(),
        other => panic!("{other:?}"),
    });
    assert_eq!(deleted.collect::<Vec<_>>(), ids);
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
