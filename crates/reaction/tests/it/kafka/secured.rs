//! Records that go out by TLS and SASL, through a program that stands before the broker.

use super::{Delivery, Kafka, KafkaSettings, Reaction, Sample, Target, start};
use livewell_reaction::ErrorKind;
use livewell_services::{Certificates, Front};
use serde_json::json;

#[test]
fn results_go_out_once_by_tls_and_every_login_and_a_wrong_one_stops_it() {
    let certificates = Certificates::new();
    certificates.sign("broker", "DNS:localhost,IP:127.0.0.1");
    let [certificate, key, ca] =
        ["broker.crt", "broker.key", "ca.crt"].map(|name| certificates.file(name).display().to_string());
    for mechanism in ["plain", "scram-sha-256", "scram-sha-512"] {
        let mut target = Target::new(1, Delivery::ExactlyOnce);
        if !target.server.borrow().is_ours() {
            return;
        }
        let settings = json!({ "certificate": certificate, "key": key, "users": { "me": "secret" } });
        let front = Front::start(&target.server.borrow(), &settings);
        let url = |password: &str, ca: &str| {
            let port = front.port();
            let more = format!("sasl={mechanism}&sslmode=verify-full{ca}");
            KafkaSettings::to(&format!("kafka://me:{password}@localhost:{port}?{more}"), "t").url
        };
        let ca = format!("&sslrootcert={ca}");
        target.settings.url = url("secret", &ca);
        let sample = Sample::new(6);
        let mut detail = None;
        for range in [1..=2, 3..=4, 5..=6] {
            let mut reaction = target.reaction();
            start(&mut reaction, detail.as_deref()).unwrap();
            detail = Some(reaction.deliver(&sample.outgoing(range.clone())).unwrap().detail);
            // Killed before it is stored, and started again.
            let mut reaction = target.reaction();
            let started = start(&mut reaction, detail.as_deref()).unwrap();
            assert_eq!(started.reached[0].sequence, *range.end());
        }
        let values: Vec<String> = target.records().into_iter().filter_map(|(_, value, _)| value).collect();
        assert_eq!(values, sample.lines(1..=6), "{mechanism}");
        for (password, ca, said) in [("wrong", ca.as_str(), "log in"), ("secret", "", "not trusted")] {
            let settings = KafkaSettings { url: url(password, ca), ..target.settings.clone() };
            let error = start(&mut Kafka::new(settings), None).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::Stop, "LW0410"), "{error}");
            assert!(error.to_string().contains(said), "{error}");
        }
    }
}
