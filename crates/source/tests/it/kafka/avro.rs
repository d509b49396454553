//! Records in Avro, written by fastavro, with schemas from a registry that a test plays.

mod registries;
mod types;

use super::*;
use livewell_model::Value;
use livewell_services::{Act, Request, Web};
use livewell_source::settings::{DatabaseUrl, Format, OnError, RegistryApi, RegistrySettings};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Returns a registry with these schemas by path, as its interface answers.
fn registry(answers: &[(&str, Json)]) -> Web {
    let answers: BTreeMap<String, String> =
        answers.iter().map(|(path, answer)| ((*path).to_owned(), answer.to_string())).collect();
    Web::scripted(move |request, _| match answers.get(&request.path) {
        Some(answer) => Act::Say(answer.clone()),
        None => Act::Refuse(404, r#"{"error_code":40403,"message":"Schema not found"}"#.into()),
    })
}

/// Returns what a registry says of a schema.
fn answer(schema: &Json) -> Json {
    json!({ "schema": schema.to_string() })
}

fn with_registry(kafka: &Kafka, topic: &str, web: &Web) -> KafkaSettings {
    let url = DatabaseUrl(format!("http://127.0.0.1:{}", web.port()));
    let registry = Some(RegistrySettings { url, api: RegistryApi::Confluent, token: None, ca: None });
    KafkaSettings { registry, ..settings(kafka, topic) }
}

fn item(fields: &Json) -> Json {
    json!({ "type": "record", "name": "Item", "namespace": "shop", "fields": fields })
}

/// A type with attributes.
fn of(kind: &str, attribute: &str, name: &str) -> Json {
    json!({ "type": kind, attribute: name })
}

#[test]
fn keys_in_avro_delete_and_each_way_to_name_a_schema_is_understood() {
    let kafka = Kafka::start();
    for (framing, path, api, base) in [
        ("confluent", "/schemas/ids/3", RegistryApi::Confluent, ""),
        ("apicurio", "/schemas/ids/3", RegistryApi::Confluent, "/"),
        ("confluent", "/apis/registry/v3/ids/contentIds/3", RegistryApi::Apicurio, "/apis/registry/v3"),
        ("apicurio", "/apis/registry/v3/ids/globalIds/3", RegistryApi::Apicurio, "/apis/registry/v3/"),
        ("headers", "/apis/registry/v2/ids/globalIds/3", RegistryApi::Apicurio, "/apis/registry/v2"),
    ] {
        let topic = kafka.topic("keys", 1);
        let schema = item(&json!([{ "name": "id", "type": "int" }]));
        let said = if api == RegistryApi::Apicurio { schema.clone() } else { answer(&schema) };
        let web = registry(&[(path, said)]);
        let part = |id: u32| json!({ "schema": schema, "id": 3, "value": { "id": id }, "framing": framing });
        let both = |id| json!({ "key": part(id), "value": part(id) });
        kafka.send_avro(&topic, &[both(1), both(2), json!({ "key": part(1) })]);
        let mut settings = with_registry(&kafka, &topic, &web);
        let registry = settings.registry.as_mut().unwrap();
        registry.api = api;
        registry.url.0.push_str(base);
        let mut follower = Follower::new(settings);
        assert_eq!(follower.transactions(), ["+item:1", "+item:2", "-item:1"], "{framing} {path}");
        assert_eq!(web.seen().len(), 1, "what it has said is kept");
        kafka.delete(&topic);
    }
}

#[test]
fn an_envelope_of_debezium_comes_in_avro_too() {
    let kafka = Kafka::start();
    let topic = kafka.topic("envelopes", 1);
    let row = json!({ "type": "record", "name": "Value", "fields": [
        { "name": "id", "type": "int" },
        { "name": "at", "type": ["null", of("long", "connect.name", "io.debezium.time.MicroTimestamp")] },
        { "name": "picture", "type": ["null", "bytes"] },
    ] });
    let source =
        json!({ "type": "record", "name": "Source", "fields": [{ "name": "ts_ms", "type": "long" }] });
    let schema = json!({ "type": "record", "name": "Envelope", "fields": [
        { "name": "before", "type": ["null", row] }, { "name": "after", "type": ["null", "Value"] },
        { "name": "source", "type": source }, { "name": "op", "type": "string" },
    ] });
    let key = json!({ "type": "record", "name": "Key", "fields": [{ "name": "id", "type": "int" }] });
    let web = registry(&[("/schemas/ids/1", answer(&key)), ("/schemas/ids/2", answer(&schema))]);
    let record = |op: &str, before: Json, after: Json| {
        let value = json!({ "before": before, "after": after, "op": op, "source": { "ts_ms": 5 } });
        json!({ "key": { "schema": key, "id": 1, "value": { "id": 1 } },
            "value": { "schema": schema, "id": 2, "value": value } })
    };
    let row = |picture: &str| json!({ "id": 1, "at": 1, "picture": { "$bytes": picture } });
    let unsent = "5f5f646562657a69756d5f756e617661696c61626c655f76616c7565";
    kafka.send_avro(&topic, &[record("c", Json::Null, row("0102")), record("u", row("0102"), row(unsent))]);
    let settings = KafkaSettings { format: Format::Debezium, ..with_registry(&kafka, &topic, &web) };
    let mut follower = Follower::new(settings);
    assert_eq!(follower.transactions(), ["+item:1", "~item:1"]);
    let item = follower.driver.memory.live.values().next().unwrap();
    assert_eq!(item.properties().get("picture"), Some(&Value::Bytes([1, 2][..].into())));
    assert_eq!(item.properties().get("at"), Some(&types::local((1970, 1, 1), 1_000).into()));
    assert_eq!(follower.driver.memory.log[0].transaction.timestamp.unwrap().0, 5_000_000);
    kafka.send_avro(&topic, &[json!({ "key": { "schema": key, "id": 1, "value": { "id": 1 } } })]);
    assert_eq!(follower.transactions(), ["-item:1"]);
}

#[test]
fn a_schema_that_refers_to_others_is_read_with_them() {
    let kafka = Kafka::start();
    let topic = kafka.topic("others", 1);
    let place =
        json!({ "type": "record", "name": "shop.Place", "fields": [{ "name": "city", "type": "string" }] });
    let schema = item(&json!([{ "name": "id", "type": "int" }, { "name": "place", "type": "shop.Place" }]));
    let reference = json!([{ "name": "shop.Place", "subject": "places/a b", "version": 4 }]);
    let web = registry(&[
        (
            "/schemas/ids/9",
            json!({ "schema": schema.to_string(), "schemaType": "AVRO", "references": reference }),
        ),
        ("/subjects/places%2Fa%20b/versions/4", answer(&place)),
    ]);
    let value = json!({ "schema": schema, "others": [place], "id": 9, "value": { "id": 1, "place": { "city": "Kyiv" } } });
    kafka.send_avro(&topic, &[json!({ "value": value })]);
    let mut follower = Follower::new(with_registry(&kafka, &topic, &web));
    assert_eq!(follower.transactions(), ["+item:1"]);
}

#[test]
fn json_with_the_number_of_a_schema_and_plain_json_are_read_beside_avro() {
    let kafka = Kafka::start();
    let topic = kafka.topic("mixed", 1);
    let web = registry(&[("/schemas/ids/5", json!({ "schema": "{}", "schemaType": "JSON" }))]);
    let json = hex(br#"{"id":1}"#);
    let records = [
        json!({ "key": "1", "value": { "id": 5, "raw": json } }),
        json!({ "key": "2", "value": r#"{"id":2}"# }),
    ];
    kafka.send_avro(&topic, &records);
    let mut follower = Follower::new(with_registry(&kafka, &topic, &web));
    assert_eq!(follower.transactions(), ["+item:1", "+item:2"]);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
