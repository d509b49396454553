//! Messages that a template cannot make, set aside while the others continue.

use super::{SECRET, columns, deliver_all, settings, started};
use livewell_model::{Diff, QueryResult, Timestamp, Value};
use livewell_reaction::testkit::{STORE, start};
use livewell_reaction::webhook::{Webhook, WebhookSettings};
use livewell_reaction::{OnRefusal, Outgoing, Reaction};
use livewell_services::Web;

#[test]
fn what_a_template_cannot_make_is_set_aside_and_made_again_once_the_template_is_mended() {
    let server = Web::start();
    let with = |template: &str| WebhookSettings {
        secret: Some(SECRET.into()),
        template: Some(template.into()),
        ..settings(&server)
    };
    let notes = [Value::string("a"), Value::string("say \"b\""), Value::string("c")];
    let add = |(at, note): (usize, &Value)| Diff::Add {
        row_signature: at as u64,
        data: vec![Value::Int(at as i64), note.clone()].into(),
    };
    let diffs = notes.iter().enumerate().map(add).collect();
    let result = QueryResult { sequence: 1, position: 3, timestamp: Timestamp(0), diffs };
    let columns = columns();
    let outgoing = [Outgoing { query_id: "sample", epoch: 1, columns: &columns, result: &result }];
    let mut webhook = Webhook::from(with(r#"{"note": "{{ row.note }}"}"#)).on_refusal(OnRefusal::DeadLetter);
    start(&mut webhook, None).unwrap();
    let (_, dead) = deliver_all(&mut webhook, &outgoing);
    assert_eq!(server.seen().len(), 2);
    let [letter] = &dead[..] else { panic!("{dead:?}") };
    let id = format!("{STORE}:sample:sample:1:1:1");
    assert!(letter.key.starts_with(&id) && letter.reason.contains("is not JSON"), "{letter:?}");
    assert_eq!(webhook.resend(letter).unwrap_err().code(), "LW0412");
    let (mut mended, _) = started(with(r#"{"note": {{ row.note | tojson }}}"#), None);
    mended.resend(letter).unwrap();
    let last = server.seen().pop().unwrap();
    assert_eq!((last.id(), last.body.as_str()), (id.as_str(), r#"{"note": "say \"b\""}"#));
}
