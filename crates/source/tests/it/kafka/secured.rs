//! TLS and SASL, by a program that stands before the broker. librdkafka goes the same ways, to show that they are right.

use super::*;
use livewell_services::{Certificates, Front};
use livewell_source::settings::DatabaseUrl;
use serde_json::Value as Json;

fn with_url(kafka: &Kafka, topic: &str, url: String) -> KafkaSettings {
    KafkaSettings { url: DatabaseUrl(url), ..settings(kafka, topic) }
}

/// Follows a topic with one record through a front.
#[track_caller]
fn follows(kafka: &Kafka, topic: &str, url: &str) {
    let mut follower = Follower::new(with_url(kafka, topic, url.to_owned()));
    assert_eq!(follower.transactions(), ["+item:1"], "{url}");
}

/// Returns the error of a source that somebody has to mend.
#[track_caller]
fn refused(kafka: &Kafka, topic: &str, url: &str) -> String {
    let mut follower = Follower::new(with_url(kafka, topic, url.to_owned()));
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0218"), "{url}: {error}");
    error.message
}

fn path(certificates: &Certificates, name: &str) -> String {
    certificates.file(name).display().to_string()
}

fn topic(kafka: &Kafka) -> String {
    let topic = kafka.topic("secured", 1);
    kafka.send(&topic, "", &[(0, "1", Some(r#"{"id":1}"#))]);
    topic
}

#[test]
fn a_certificate_is_verified_as_the_url_says() {
    let kafka = Kafka::start();
    if !kafka.is_ours() {
        return;
    }
    let (topic, ours, theirs) = (topic(&kafka), Certificates::new(), Certificates::new());
    ours.sign("broker", "DNS:localhost,IP:127.0.0.1");
    ours.sign("other", "DNS:elsewhere.example");
    let front = |name: &str| {
        let (certificate, key) = (path(&ours, &format!("{name}.crt")), path(&ours, &format!("{name}.key")));
        Front::start(&kafka, &json!({ "certificate": certificate, "key": key }))
    };
    let (right, wrong) = (front("broker"), front("other"));
    let url = |front: &Front, host: &str, more: &str| format!("kafka://{host}:{}?{more}", front.port());
    let (ca, stranger) = (path(&ours, "ca.crt"), path(&theirs, "ca.crt"));
    for host in ["localhost", "127.0.0.1"] {
        follows(&kafka, &topic, &url(&right, host, &format!("sslmode=verify-full&sslrootcert={ca}")));
    }
    follows(&kafka, &topic, &url(&right, "localhost", &format!("sslrootcert={ca}")));
    follows(&kafka, &topic, &url(&right, "localhost", "sslmode=require"));
    follows(&kafka, &topic, &url(&wrong, "localhost", &format!("sslmode=verify-ca&sslrootcert={ca}")));
    for (front, more, said) in [
        (&wrong, format!("sslmode=verify-full&sslrootcert={ca}"), "another name"),
        (&right, format!("sslmode=verify-full&sslrootcert={stranger}"), "not trusted"),
        (&right, "sslmode=verify-full".into(), "not trusted"),
    ] {
        let message = refused(&kafka, &topic, &url(front, "localhost", &more));
        assert!(message.contains(said), "{more}: {message}");
    }
    let librdkafka = |front: &Front, ca: &str| {
        front.asked_by_librdkafka(&kafka, &json!({ "security.protocol": "ssl", "ssl.ca.location": ca }))
    };
    assert_eq!(librdkafka(&right, &ca), "ok");
    assert_ne!(librdkafka(&wrong, &ca), "ok");
    assert_ne!(librdkafka(&right, &stranger), "ok");
}

#[test]
fn a_client_shows_its_certificate_to_a_broker_that_asks_for_one() {
    let kafka = Kafka::start();
    if !kafka.is_ours() {
        return;
    }
    let (topic, ours, theirs) = (topic(&kafka), Certificates::new(), Certificates::new());
    ours.sign("broker", "DNS:localhost,IP:127.0.0.1");
    ours.sign("client", "DNS:client");
    theirs.sign("client", "DNS:client");
    let [certificate, key, ca] = ["broker.crt", "broker.key", "ca.crt"].map(|name| path(&ours, name));
    let front = Front::start(&kafka, &json!({ "certificate": certificate, "key": key, "ca": ca }));
    let url =
        |more: &str| format!("kafka://localhost:{}?sslmode=verify-full&sslrootcert={ca}{more}", front.port());
    let shown =
        |by: &Certificates| format!("&sslcert={}&sslkey={}", path(by, "client.crt"), path(by, "client.key"));
    follows(&kafka, &topic, &url(&shown(&ours)));
    for more in [String::new(), shown(&theirs)] {
        let mut follower = Follower::new(with_url(&kafka, &topic, url(&more)));
        let error = follower.driver.step(WAIT).expect_err("it does not get in");
        assert!(matches!(error.code, "LW0217" | "LW0218"), "{error}");
    }
}

#[test]
fn each_way_to_log_in_is_gone_with_tls_and_without() {
    let kafka = Kafka::start();
    if !kafka.is_ours() {
        return;
    }
    let (topic, ours) = (topic(&kafka), Certificates::new());
    ours.sign("broker", "DNS:localhost,IP:127.0.0.1");
    let [certificate, key, ca] = ["broker.crt", "broker.key", "ca.crt"].map(|name| path(&ours, name));
    let users = json!({ "livewell": "se,c=ret%", "other": "x" });
    let plain = Front::start(&kafka, &json!({ "users": users }));
    let secure = Front::start(&kafka, &json!({ "users": users, "certificate": certificate, "key": key }));
    let tls = format!("&sslmode=verify-full&sslrootcert={ca}");
    for (front, more) in [(&plain, ""), (&secure, tls.as_str())] {
        for mechanism in ["plain", "scram-sha-256", "scram-sha-512"] {
            let url = |password: &str| {
                format!("kafka://livewell:{password}@localhost:{}?sasl={mechanism}{more}", front.port())
            };
            follows(&kafka, &topic, &url("se%2Cc%3Dret%25"));
            let message = refused(&kafka, &topic, &url("wrong"));
            assert!(message.contains("log in") && !message.contains("wrong"), "{mechanism}: {message}");
            let librdkafka = |password: &str| {
                let protocol = if more.is_empty() { "sasl_plaintext" } else { "sasl_ssl" };
                let settings = json!({
                    "security.protocol": protocol, "ssl.ca.location": ca, "sasl.username": "livewell",
                    "sasl.mechanism": mechanism.to_uppercase(), "sasl.password": password,
                });
                front.asked_by_librdkafka(&kafka, &settings)
            };
            assert_eq!(librdkafka("se,c=ret%"), "ok", "{mechanism}{more}");
            assert_ne!(librdkafka("wrong"), "ok", "{mechanism}{more}");
        }
    }
    // Without a login the broker ends the connection.
    let mut follower = Follower::new(with_url(&kafka, &topic, format!("kafka://localhost:{}", plain.port())));
    assert_eq!(follower.driver.step(WAIT).expect_err("it does not get in").kind, ErrorKind::Unreachable);
}

#[test]
fn a_connection_that_is_cut_anywhere_is_made_again_and_nothing_is_lost() {
    let kafka = Kafka::start();
    if !kafka.is_ours() {
        return;
    }
    let topic = kafka.topic("cut", 1);
    let ids: Vec<String> = (0..200).map(|id| id.to_string()).collect();
    let values: Vec<String> = ids.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let records: Vec<_> =
        ids.iter().zip(&values).map(|(id, value)| (0, id.as_str(), Some(value.as_str()))).collect();
    let ours = Certificates::new();
    ours.sign("broker", "DNS:localhost,IP:127.0.0.1");
    let [certificate, key, ca] = ["broker.crt", "broker.key", "ca.crt"].map(|name| path(&ours, name));
    let front = |cut_after: Json| {
        Front::start(
            &kafka,
            &json!({ "certificate": certificate, "key": key, "users": { "me": "x" }, "cut_after": cut_after }),
        )
    };
    kafka.send(&topic, "", &records);
    let whole = front(Json::Null);
    let url = |port: u16| format!("kafka://me:x@localhost:{port}?sasl=scram-sha-256&sslrootcert={ca}");
    for cut_after in [0, 3, 40, 200, 900, 2_500] {
        let cut = front(json!(cut_after));
        let mut follower = Follower::new(with_url(&kafka, &topic, url(cut.port())));
        for _ in 0..3 {
            if let Err(error) = follower.driver.step(WAIT) {
                assert_eq!(error.kind, ErrorKind::Unreachable, "cut after {cut_after}: {error}");
            }
        }
        let seen = std::mem::take(&mut follower.driver.memory);
        let mut follower = Follower::new(with_url(&kafka, &topic, url(whole.port())));
        follower.driver.memory = seen;
        follower.settle().expect("it follows");
        assert_eq!(follower.ids().len(), 200, "cut after {cut_after}");
        assert_eq!(follower.driver.memory.log.len(), 200, "cut after {cut_after}");
    }
}
