//! Bodies made by templates, and those that are signed.

use super::{SECRET, columns, deliver_all, outgoing, settings, started};
use livewell_model::{Diff, QueryResult, Timestamp, Value};
use livewell_reaction::webhook::WebhookSettings;
use livewell_reaction::{Connector, ErrorKind, Reaction, Settings};
use livewell_services::Web;
use serde_json::{Value as Json, json};

/// Returns a result that adds a row with this id and note.
fn added(id: Value, note: Value) -> QueryResult {
    let diffs = vec![Diff::Add { row_signature: 1, data: vec![id, note].into() }];
    QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs }
}

#[test]
fn null_and_booleans_stand_in_a_body_as_json_has_them() {
    let server = Web::start();
    let template = r#"{"id": {{ row.id }}, "note": {{ row.note }}, "text": "{{ row.id ~ row.note }}"}"#;
    let (mut webhook, _) =
        started(WebhookSettings { template: Some(template.into()), ..settings(&server) }, None);
    for (id, note) in [(Value::Null, Value::Bool(true)), (Value::Bool(false), Value::list(vec![Value::Null]))]
    {
        let (columns, result) = (columns(), added(id, note));
        deliver_all(&mut webhook, &outgoing(&columns, &result));
    }
    let bodies: Vec<Json> =
        server.seen().iter().map(|request| serde_json::from_str(&request.body).unwrap()).collect();
    let first = json!({"id": null, "note": true, "text": "nulltrue"});
    assert_eq!(bodies, [first, json!({"id": false, "note": [null], "text": "false[null]"})]);
}

/// Returns what the convention's libraries do with a request: verify it, and parse what they have verified.
fn verified(request: &livewell_services::Request) -> Json {
    let library = standardwebhooks::Webhook::new(SECRET).unwrap();
    let signature = library.sign(request.id(), 1_700_000_000, request.body.as_bytes()).unwrap();
    assert_eq!(request.headers["webhook-signature"], signature);
    serde_json::from_str(&request.body).unwrap()
}

#[test]
fn a_signed_body_is_json_that_the_libraries_verify_or_is_not_sent() {
    let server = Web::start();
    let signed = |template: &str| WebhookSettings {
        secret: Some(SECRET.into()),
        template: Some(template.into()),
        ..settings(&server)
    };
    let (columns, result) = (columns(), added(Value::Int(1), Value::string("say \"hi\"")));
    let (mut webhook, _) =
        started(signed(r#"{"text": {{ row.note | tojson }}, "is": {{ row.id > 0 }}}"#), None);
    deliver_all(&mut webhook, &outgoing(&columns, &result));
    assert_eq!(verified(&server.seen()[0]), json!({"text": "say \"hi\"", "is": true}));
    // That this one breaks with such a note shows only with the note.
    let (mut webhook, _) = started(signed(r#"{"text": "{{ row.note }}"}"#), None);
    let error = webhook.deliver(&outgoing(&columns, &result)).unwrap_err();
    assert_eq!((error.code(), error.kind()), ("LW0412", ErrorKind::Stop));
    assert!(error.to_string().contains("is not JSON") && error.to_string().contains("tojson"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_template_that_cannot_give_json_is_refused_with_a_secret_and_taken_without() {
    let check = |secret: Option<&str>| {
        let webhook = WebhookSettings {
            secret: secret.map(Into::into),
            template: Some("{{ row.id }} is {{ row.note }}".into()),
            ..WebhookSettings::to("https://example.com/hook")
        };
        let shared = serde_json::from_value(json!({"id": "hook", "queries": ["q"]})).unwrap();
        Settings { shared, connector: Connector::Webhook(Box::new(webhook)) }.validate()
    };
    let error = check(Some(SECRET)).unwrap_err();
    assert_eq!((error.code(), error.field()), ("LW0423", "template"));
    assert!(
        error.to_string().contains("does not give JSON") && error.to_string().contains("`secret`"),
        "{error}"
    );
    assert_eq!(check(None), Ok(()));
}
