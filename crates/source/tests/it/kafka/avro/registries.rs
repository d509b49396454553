//! Registries that are away, refuse, or say something else.

use super::*;

#[test]
fn a_registry_that_does_not_answer_is_waited_for_and_nothing_is_skipped() {
    let kafka = Kafka::start();
    let topic = kafka.topic("away", 1);
    let schema = item(&json!([{ "name": "id", "type": "int" }]));
    let record = |id: u32| json!({ "value": { "schema": schema, "id": 3, "value": { "id": id } } });
    kafka.send_avro(&topic, &[record(1), record(2)]);
    let web = registry(&[("/schemas/ids/3", answer(&schema))]);
    let mut settings = with_registry(&kafka, &topic, &web);
    settings.on_error = OnError::Park;
    let mut follower = Follower::new(settings);
    for act in
        [Act::Refuse(503, "starting".into()), Act::Cut, Act::Answer(429, ""), Act::Garble, Act::Promise]
    {
        web.set(move |_, _| act.clone());
        for _ in 0..2 {
            let error = follower.driver.step(WAIT).expect_err("it waits");
            assert_eq!((error.kind, error.code), (ErrorKind::Unreachable, "LW0226"), "{error}");
            assert!(error.message.contains("offset 0"), "{error}");
        }
    }
    let said = answer(&schema).to_string();
    web.set(move |_, _| Act::Say(said.clone()));
    assert_eq!(follower.transactions(), ["+item:1", "+item:2"]);
}

#[test]
fn a_registry_that_refuses_or_has_no_schema_that_can_be_used_stops_the_source_and_parks_nothing() {
    let kafka = Kafka::start();
    let topic = kafka.topic("refused", 1);
    let schema = item(&json!([{ "name": "id", "type": "int" }]));
    kafka.send_avro(&topic, &[json!({ "value": { "schema": schema, "id": 3, "value": { "id": 1 } } })]);
    let web = Web::start();
    let mut settings = with_registry(&kafka, &topic, &web);
    settings.on_error = OnError::Park;
    let said = |schema: &str| Act::Say(json!({ "schema": schema }).to_string());
    let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(70), "}".repeat(70));
    for (act, expected) in [
        (Act::Answer(401, ""), "401"),
        (Act::Answer(404, ""), "is it the one that the producer uses"),
        (Act::Answer(302, "location: http://127.0.0.1:1/\r\n"), "302"),
        (Act::Say("<html>".into()), "not what a registry says"),
        (said("nonsense"), "not JSON"),
        (said(&deep), "deeper"),
        (Act::Say(json!({ "schema": "x", "schemaType": "PROTOBUF" }).to_string()), "PROTOBUF"),
        (said(&"x".repeat(9 << 20)), "longer than"),
    ] {
        web.set(move |_, _| act.clone());
        let mut follower = Follower::new(settings.clone());
        let error = follower.error();
        assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0227"), "{error}");
        assert!(error.message.contains(expected), "{error}");
        assert!(follower.driver.memory.parked.is_empty() && follower.driver.memory.log.is_empty());
    }
}

#[test]
fn a_record_that_is_no_value_of_its_schema_stops_the_source_or_is_set_aside() {
    let kafka = Kafka::start();
    let topic = kafka.topic("wrong", 1);
    let schema = item(&json!([{ "name": "id", "type": "int" }, { "name": "note", "type": "string" }]));
    let value =
        |id: u32| json!({ "value": { "schema": schema, "id": 3, "value": { "id": id, "note": "x" } } });
    kafka.send_avro(&topic, &[value(1), json!({ "value": { "id": 3, "raw": "0214ff" } }), value(2)]);
    let web = registry(&[("/schemas/ids/3", answer(&schema))]);
    let settings = with_registry(&kafka, &topic, &web);
    let error = Follower::new(settings.clone()).error();
    assert_eq!((error.kind, error.code), (ErrorKind::Input, "LW0225"));
    assert!(error.message.contains("offset 1") && error.message.contains("`note`"), "{error}");
    let mut follower = Follower::new(KafkaSettings { on_error: OnError::Park, ..settings });
    assert_eq!(follower.transactions(), ["+item:1", "+item:2"]);
    assert_eq!(follower.driver.memory.parked.len(), 1);
}

#[test]
fn a_login_goes_to_the_registry_and_nowhere_else() {
    let kafka = Kafka::start();
    let schema = item(&json!([{ "name": "id", "type": "int" }]));
    let said = answer(&schema).to_string();
    let web = Web::scripted(move |_, _| Act::Say(said.clone()));
    let topic = kafka.topic("login", 1);
    kafka.send_avro(&topic, &[json!({ "value": { "schema": schema, "id": 3, "value": { "id": 1 } } })]);
    let plain = with_registry(&kafka, &topic, &web);
    let header = |request: &Request| request.headers.get("authorization").cloned();
    for (login, token, expected) in [
        ("", None, None),
        ("me:p%40ss@", None, Some("Basic bWU6cEBzcw==")),
        ("", Some("secret"), Some("Bearer secret")),
    ] {
        let mut settings = plain.clone();
        let registry = settings.registry.as_mut().unwrap();
        registry.url = DatabaseUrl(format!("http://{login}127.0.0.1:{}", web.port()));
        registry.token = token.map(Into::into);
        let shown = serde_json::to_string(&settings).unwrap() + &format!("{settings:?}");
        assert!(!shown.contains("p%40ss") && !shown.contains("secret"), "{shown}");
        let mut follower = Follower::new(settings);
        assert_eq!(follower.transactions(), ["+item:1"]);
        assert_eq!(header(web.seen().last().unwrap()).as_deref(), expected);
    }
}
