//! A stream of a NATS server as a source of a running Livewell: every message once, and what is gone is noticed.

use crate::fixture::*;
use crate::moody::{Mood, Moody};
use async_nats::jetstream::{self, Context, stream};
use livewell::IntoSource;
use livewell::{Livewell, Recovery, Setup, State};
use livewell_model::Value;
use livewell_services::Nats;
use livewell_source::nats::Stream;
use livewell_source::settings::{NatsSettings, OnError};
use livewell_store::Store;
use serde_json::json;
use std::sync::Arc;

const ROWS: &str = "MATCH (n:N) RETURN n.x AS x";

async fn jetstream(nats: &Nats) -> Context {
    jetstream::new(async_nats::connect(nats.url()).await.unwrap())
}

async fn create(jetstream: &Context) {
    let config =
        stream::Config { name: "S".into(), subjects: vec!["s.>".into()], ..stream::Config::default() };
    jetstream.create_stream(config).await.unwrap();
}

async fn publish(jetstream: &Context, subject: &'static str, body: String) {
    jetstream.publish(subject, body.into()).await.unwrap().await.unwrap();
}

fn insert(x: i64) -> String {
    let element = json!({ "type": "node", "id": format!("n{x}"), "labels": ["N"], "properties": { "x": x } });
    json!({ "operation": "insert", "element": element }).to_string()
}

async fn publish_all(jetstream: &Context, numbers: std::ops::Range<i64>) {
    for x in numbers {
        publish(jetstream, "s.a", insert(x)).await;
    }
}

fn settings(nats: &Nats) -> NatsSettings {
    NatsSettings::new("s", nats.url(), "S")
}

async fn start(store: &Arc<dyn Store>, settings: NatsSettings, recorder: &Recorder) -> Livewell {
    let livewell = open(store);
    let reactions = vec![reaction("r", "all", Recovery::AutoSkipGap, recorder.clone())];
    let mut all = query("all", ROWS);
    all.recovery = Recovery::AutoReset;
    let setup = Setup {
        sources: vec![Stream::new(settings).into_source()],
        queries: vec![all],
        reactions,
        ..Setup::default()
    };
    livewell.add(setup).await.unwrap();
    livewell
}

/// The rows come to be those of the numbers.
async fn come_to(livewell: &Livewell, numbers: impl Iterator<Item = i64>) {
    let mut expected: Vec<Vec<Value>> = numbers.map(|x| vec![Value::Int(x)]).collect();
    expected.sort_by_key(|row| format!("{row:?}"));
    for _ in 0..3_000 {
        // While the query takes up another epoch it cannot be verified.
        if values(livewell, "all") == expected
            && let Ok(verified) = livewell.verify("all")
        {
            return assert_eq!(verified.differences, Vec::<String>::new());
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{:?} and not {expected:?}: {:#?}", values(livewell, "all"), livewell.status().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_is_one_transaction_in_the_order_of_the_stream_also_over_a_restart_of_the_server() {
    let mut nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..40).await;
    let (folder, recorder) = (tempfile::tempdir().unwrap(), Recorder::default());
    let livewell = start(&disk(&folder), settings(&nats), &recorder).await;
    come_to(&livewell, 0..40).await;
    nats.kill();
    until(&livewell, "s", |status| {
        status.state == State::Waiting && status.error.as_deref().is_some_and(|e| e.contains("LW0217"))
    })
    .await;
    nats.up();
    let js = jetstream(&nats).await;
    let both = format!(r#"{{"transaction":[{},{}]}}"#, insert(40), insert(41));
    for _ in 0..100 {
        // The streams are there a moment after the port.
        if js.get_stream("S").await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    publish(&js, "s.a", both).await;
    publish_all(&js, 42..60).await;
    come_to(&livewell, 0..60).await;
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").sequence, 59, "two changes are one transaction");
    livewell.shutdown().await;
    drop(livewell);
    publish_all(&js, 60..70).await;
    let livewell = start(&disk(&folder), settings(&nats), &recorder).await;
    come_to(&livewell, 0..70).await;
    idle(&livewell).await;
    assert_eq!(recorder.sequences(), (1..=69).collect::<Vec<u64>>(), "nothing came twice or was left out");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subject_chooses_among_the_messages_of_the_stream_that_holds_it() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish(&js, "s.a.x", insert(1)).await;
    publish(&js, "s.b", "not for us".into()).await;
    publish(&js, "s.a.y", insert(2)).await;
    let chosen = NatsSettings { stream: None, subject: Some("s.a.*".into()), ..settings(&nats) };
    let livewell = start(&memory(), chosen, &Recorder::default()).await;
    come_to(&livewell, 1..3).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_no_change_stops_the_source_or_is_parked() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..3).await;
    publish(&js, "s.a", r#"{"operation":"insrt"}"#.into()).await;
    publish_all(&js, 3..6).await;
    let folder = tempfile::tempdir().unwrap();
    let livewell = start(&disk(&folder), settings(&nats), &Recorder::default()).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("stream `S`, message 4 on `s.a`, column") && error.contains("LW0202"), "{error}");
    come_to(&livewell, 0..3).await;
    livewell.shutdown().await;
    drop(livewell);
    let parking = NatsSettings { on_error: OnError::Park, ..settings(&nats) };
    let livewell = start(&disk(&folder), parking, &Recorder::default()).await;
    come_to(&livewell, 0..6).await;
    assert_eq!(status(&livewell, "s").parked, 1);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_message_is_tried_again_or_mended_once_and_its_stream_is_not_read_again() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    let related = r#"{"operation":"insert","element":{"type":"relation","id":"n1","labels":["R"],"from":"n0","to":"n0"}}"#;
    for body in [insert(0), insert(1), related.into(), "nonsense".into()] {
        publish(&js, "s.a", body).await;
    }
    let parking = NatsSettings { on_error: OnError::Park, ..settings(&nats) };
    let folder = tempfile::tempdir().unwrap();
    let livewell = start(&disk(&folder), parking, &Recorder::default()).await;
    until(&livewell, "s", |status| status.parked == 2).await;
    let parked = livewell.parked("s", 0, 9).unwrap();
    let texts: Vec<&str> = parked.iter().map(|parked| parked.text.as_str()).collect();
    assert_eq!(texts, [related, "nonsense"]);
    assert!(
        parked[0].reason.starts_with("stream `S`, message 3 on `s.a`: ") && parked[0].timestamp.is_some()
    );
    publish(&js, "s.a", r#"{"operation":"delete","id":"n1"}"#.into()).await;
    come_to(&livewell, 0..1).await;
    livewell.retry_parked("s", None).unwrap();
    until(&livewell, "s", |status| status.parked == 1).await;
    idle(&livewell).await;
    let left = livewell.parked("s", 0, 9).unwrap().remove(0);
    assert!(
        left.number == 2 && left.reason.starts_with("stream `S`, message 4 on `s.a`, column 2: not JSON")
    );
    livewell.retry_parked_as("s", 2, insert(7)).unwrap();
    publish(&js, "s.a", insert(8)).await;
    come_to(&livewell, [0, 7, 8].into_iter()).await;
    idle(&livewell).await;
    assert_eq!((status(&livewell, "s").parked, status(&livewell, "s").sequence), (0, 6));
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_parked_messages_waits_for_the_server_and_does_not_hide_that_it_is_away() {
    let mut nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish(&js, "s.a", "nonsense".into()).await;
    let parking = NatsSettings { on_error: OnError::Park, ..settings(&nats) };
    let livewell = start(&memory(), parking, &Recorder::default()).await;
    until(&livewell, "s", |status| status.parked == 1).await;
    nats.kill();
    let is_away = |status: &livewell::Status| status.state == State::Waiting && status.error.is_some();
    until(&livewell, "s", is_away).await;
    livewell.retry_parked_as("s", 1, insert(5)).unwrap();
    for _ in 0..50 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        assert!(is_away(&status(&livewell, "s")));
    }
    nats.up();
    come_to(&livewell, 5..6).await;
    assert_eq!(status(&livewell, "s").parked, 0);
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_made_anew_stops_the_source_or_is_read_from_its_beginning() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..5).await;
    let folder = tempfile::tempdir().unwrap();
    let livewell = start(&disk(&folder), settings(&nats), &Recorder::default()).await;
    come_to(&livewell, 0..5).await;
    js.delete_stream("S").await.unwrap();
    create(&js).await;
    // More than were read before, so that sequences alone would not tell.
    publish_all(&js, 100..110).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("was deleted and created again") && error.contains("LW0219"), "{error}");
    come_to(&livewell, 0..5).await;
    livewell.shutdown().await;
    drop(livewell);
    let resetting = NatsSettings { recovery: Recovery::AutoReset, ..settings(&nats) };
    let livewell = start(&disk(&folder), resetting, &Recorder::default()).await;
    come_to(&livewell, 100..110).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_gone_before_they_were_read_are_never_passed_over_in_silence() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..5).await;
    for purged in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let livewell = start(&disk(&folder), settings(&nats), &Recorder::default()).await;
        let held = values(&livewell, "all").len();
        idle(&livewell).await;
        assert!(status(&livewell, "s").sequence > 0, "{held}");
        livewell.shutdown().await;
        drop(livewell);
        let mut stream = js.get_stream("S").await.unwrap();
        let last = stream.info().await.unwrap().state.last_sequence;
        publish_all(&js, 10..14).await;
        if purged {
            stream.purge().sequence(last + 3).await.unwrap();
        } else {
            stream.delete_message(last + 2).await.unwrap();
        }
        let livewell = start(&disk(&folder), settings(&nats), &Recorder::default()).await;
        reach(&livewell, "s", State::Error).await;
        let error = status(&livewell, "s").error.unwrap();
        let (from, to) = if purged { (last + 1, last + 2) } else { (last + 2, last + 2) };
        assert!(error.contains(&format!("no longer holds messages {from} to {to}")), "{error}");
        // A person says: from the beginning.
        livewell.reset("s").unwrap();
        let expected: Vec<i64> = if purged { vec![12, 13] } else { vec![10, 12, 13] };
        come_to(&livewell, expected.into_iter()).await;
        livewell.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_were_read_may_go() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..5).await;
    let livewell = start(&memory(), settings(&nats), &Recorder::default()).await;
    come_to(&livewell, 0..5).await;
    js.get_stream("S").await.unwrap().purge().await.unwrap();
    publish_all(&js, 5..8).await;
    come_to(&livewell, 0..8).await;
    js.get_stream("S").await.unwrap().purge().await.unwrap();
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").error, None, "what was read may go");
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_stop_the_source_and_right_ones_let_it_in() {
    let nats = Nats::start_with(&["--user", "me", "--pass", "secret word"]);
    let named = |password: &str| NatsSettings {
        user: Some("me".into()),
        password: Some(password.into()),
        ..settings(&nats)
    };
    let livewell = start(&memory(), named("wrong word"), &Recorder::default()).await;
    reach(&livewell, "s", State::Error).await;
    let error = status(&livewell, "s").error.unwrap();
    assert!(error.contains("LW0218") && !error.contains("wrong word"), "{error}");
    livewell.shutdown().await;
    let options = async_nats::ConnectOptions::with_user_and_password("me".into(), "secret word".into());
    let js = jetstream::new(options.connect(nats.url()).await.unwrap());
    create(&js).await;
    publish_all(&js, 0..3).await;
    let livewell = start(&memory(), named("secret word"), &Recorder::default()).await;
    come_to(&livewell, 0..3).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_in_nodes_of_messages_become_nodes() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    let mut settings = settings(&nats);
    let rule = json!({ "label": "Order", "path": "lines", "relationship": "HAS", "into": { "label": "N", "id": "x" } });
    settings.unwind = vec![serde_json::from_value(rule).unwrap()];
    let order = |lines: &[i64]| {
        let lines: Vec<_> = lines.iter().map(|x| json!({ "x": x })).collect();
        let element =
            json!({ "type": "node", "id": "o", "labels": ["Order"], "properties": { "lines": lines } });
        json!({ "operation": "insert", "element": element }).to_string()
    };
    publish(&js, "s.a", order(&[1, 2, 3])).await;
    let livewell = start(&memory(), settings, &Recorder::default()).await;
    come_to(&livewell, 1..4).await;
    publish(&js, "s.a", order(&[3, 4])).await;
    come_to(&livewell, 3..5).await;
    livewell.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_full_messages_stay_in_the_stream_and_each_comes_once_when_there_is_room() {
    let nats = Nats::start();
    let js = jetstream(&nats).await;
    create(&js).await;
    publish_all(&js, 0..20).await;
    let (store, recorder) = (Moody::new(), Recorder::default());
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let livewell = start(&shared, settings(&nats), &recorder).await;
    come_to(&livewell, 0..20).await;
    for mood in [Mood::Full, Mood::Broken] {
        store.is(mood);
        publish_all(&js, 20..40).await;
        until(&livewell, "s", |one| one.state == State::Waiting && one.error.is_some()).await;
        store.is(Mood::Well);
        come_to(&livewell, 0..40).await;
    }
    idle(&livewell).await;
    assert_eq!(status(&livewell, "s").state, State::CaughtUp);
    livewell.shutdown().await;
}
