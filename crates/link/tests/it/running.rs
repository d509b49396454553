//! A source and a reaction at work with one URL, at a server with a self-signed certificate.

use crate::certificates::Certificates;
use crate::ends::Outcome::{self, In, Refuses, Waits};
use crate::ends::reaction;
use livewell_model::Value;
use livewell_services::{Options, Postgres};
use livewell_source::Source as _;
use livewell_source::postgres::Database;
use livewell_source::settings::PostgresSettings;
use livewell_source::testkit::Driver;
use livewell_source::{ErrorKind, SourceError};
use std::time::{Duration, Instant};

/// How long to wait for something that must happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// The statement of the reaction.
const COUNT: &str = "UPDATE t SET n = n + 1";

/// A source over the table `t`.
struct Source {
    driver: Driver<Database>,
    settings: PostgresSettings,
}

impl Source {
    fn new(url: &str) -> Self {
        let settings = serde_json::json!({ "id": "shop", "url": url, "tables": [{ "table": "t" }] });
        let settings: PostgresSettings = serde_json::from_value(settings).expect("these are settings");
        let own = settings.clone();
        Self { driver: Driver::new(move || Database::new(own.clone())), settings }
    }

    /// Steps until it has this number.
    fn until(&mut self, n: i64) -> (Outcome, String) {
        match self.follow(n) {
            Ok(()) => (In, String::new()),
            Err(error) if error.kind == ErrorKind::Unreachable => (Waits, error.message),
            Err(error) => (Refuses, error.message),
        }
    }

    fn follow(&mut self, n: i64) -> Result<(), SourceError> {
        let began = Instant::now();
        let has_it = |driver: &Driver<Database>| {
            let element = driver.memory.live.get("public.t:1");
            element.is_some_and(|element| element.properties().get("n") == Some(&Value::Int(n)))
        };
        while !(self.driver.step(Duration::from_millis(100))?.caught_up && has_it(&self.driver)) {
            assert!(began.elapsed() < PATIENCE, "it does not come to {n}: {:?}", self.driver.memory.live);
        }
        Ok(())
    }

    /// Leaves nothing on the server.
    fn end(self) {
        drop(self.driver);
        let there = Database::new(self.settings).other_side().expect("a database can be asked");
        there.drop_there("abc123", "livewell_shop_abc123").expect("its slot is free");
    }
}

/// Lets both ends do their work if they are to be let in; returns what each says.
fn at_work(postgres: &Postgres, url: &str, n: &mut i64) -> [(Outcome, String); 2] {
    let mut source = Source::new(url);
    let begun = source.until(*n);
    let executed = reaction(url, COUNT);
    *n += i64::from(executed.0 == In);
    assert_eq!(
        postgres.sql("select n from t"),
        n.to_string(),
        "{url}: a reaction executes once or not at all"
    );
    if begun.0 != In {
        return [begun, executed];
    }
    let encrypted = "select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) \
         where application_name = 'livewell shop'";
    assert_eq!(postgres.sql(encrypted), "t", "{url}");
    let followed = source.until(*n);
    source.end();
    [followed, executed]
}

#[test]
fn a_source_and_a_reaction_at_work_take_a_self_signed_certificate_alike_and_name_what_to_change() {
    let certificates = Certificates::new();
    let tls = Some(certificates.self_signed("ours", "/CN=ours", "IP:127.0.0.1"));
    certificates.self_signed("stranger", "/CN=ours", "IP:127.0.0.1");
    let trusting = |name: &str| format!("&sslrootcert={}", certificates.path(name).display());
    for postgres in Postgres::each_version_with(&Options { tls, ..Options::default() }) {
        postgres.sql("create table t (id int primary key, n int); insert into t values (1, 0)");
        let mut n = 0;
        for mode in ["", "sslmode=prefer", "sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"] {
            let untold = if mode.contains("verify") { Refuses } else { In };
            // A certificate to trust is never without effect.
            let roots = [("", untold), (&*trusting("ours.crt"), In), (&*trusting("stranger.crt"), Refuses)];
            for (root, expected) in roots {
                let parameters = format!("{mode}{root}");
                let ends = at_work(
                    &postgres,
                    &format!("{}?{}", postgres.url(), parameters.trim_start_matches('&')),
                    &mut n,
                );
                for (end, (outcome, message)) in ["source", "reaction"].into_iter().zip(ends) {
                    assert_eq!(outcome, expected, "{end}, {parameters}: {message}");
                    assert!(!message.contains("secret"), "{end}, {parameters}: {message}");
                    let is_told = message.contains("`sslrootcert`") && message.contains("sslmode");
                    assert!(outcome == In || is_told, "{end}, {parameters}: {message}");
                }
            }
        }
        assert_eq!(n, 8, "both were at work in every way that is let in");
    }
}
