//! `kind: redis` against a real Redis behind a proxy that cuts and holds up.

use livewell_model::{SmolStr, Value};
use livewell_reaction::redis::{Redis, RedisSettings};
use livewell_reaction::testkit::{Behaviour, History, Mirrored, mirrors, start};
use livewell_reaction::{ErrorKind, Reaction, SnapshotOf, SnapshotRow};
use livewell_services::{Proxy, Redis as Server};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

/// A database of one server, behind a proxy.
struct Target<'a> {
    server: &'a Server,
    proxy: Proxy,
    database: u32,
}

impl<'a> Target<'a> {
    fn new(server: &'a Server, database: u32) -> Self {
        Self { server, proxy: Proxy::start(server.port()), database }
    }

    fn settings(&self) -> RedisSettings {
        let url = format!("redis://127.0.0.1:{}/{}", self.proxy.port(), self.database);
        RedisSettings { timeout: Duration::from_millis(400), ..RedisSettings::to(&url, "it's[*]:", &["id"]) }
    }

    fn run<T: ::redis::FromRedisValue>(&self, command: &str, arguments: &[&str]) -> T {
        let client = ::redis::Client::open(format!("{}/{}", self.server.url(), self.database)).unwrap();
        ::redis::cmd(command).arg(arguments).query(&mut client.get_connection().unwrap()).unwrap()
    }
}

impl Mirrored for Target<'_> {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(Redis::new(self.settings()))
    }

    fn rows(&self) -> BTreeSet<String> {
        let keys: Vec<String> = self.run("KEYS", &["it's*"]);
        let row = |key: &String| {
            let value: String = self.run("GET", &[key]);
            let row: serde_json::Value = serde_json::from_str(&value).unwrap();
            assert_eq!(*key, format!("it's[*]:{}", row["id"]), "a row stands under its key");
            serde_json::json!([row["id"], row["note"]]).to_string()
        };
        keys.iter().map(row).collect()
    }

    fn put_foreign(&self, id: i64, note: &str) {
        let () = self.run("SET", &[&format!("it's[*]:{id}"), note]);
        let () = self.run("SET", &["it's another's", "{\"id\":1}"]);
        let () = self.run("DEL", &["it's another's"]);
    }

    fn take_away(&self, id: i64) {
        let () = self.run("DEL", &[&format!("it's[*]:{id}")]);
    }

    fn behave(&self, how: Behaviour) {
        self.proxy.hold(how == Behaviour::Hang);
        self.proxy.refuse(how == Behaviour::Refuse);
        if how != Behaviour::Hang {
            self.proxy.cut();
        }
    }
}

#[test]
fn keys_pass_the_suite_of_mirrors() {
    let server = Server::start();
    let count = Cell::new(0);
    mirrors(|| {
        count.set(count.get() + 1);
        Target::new(&server, count.get())
    });
}

#[test]
fn a_redis_that_forgot_everything_is_filled_again() {
    let mut server = Server::start();
    let history = History::new(1, 20);
    let port = server.port();
    let url = format!("redis://127.0.0.1:{port}");
    let make = || Redis::new(RedisSettings::to(&url, "row:", &["id"]));
    let mut redis = make();
    start(&mut redis, None).unwrap();
    let detail = history.snapshot(10, |snapshot| redis.replace(snapshot)).unwrap();
    server.kill();
    server.up();
    let mut redis = make();
    let started = start(&mut redis, Some(&detail)).unwrap();
    assert!(started.rebuild && started.reached.is_empty(), "what is gone is not taken for kept");
}

#[test]
fn a_large_difference_arrives_whole_and_keys_of_several_columns_do_not_meet() {
    let server = Server::start();
    let target = Target::new(&server, 0);
    let settings = RedisSettings { key: vec!["a".into(), "b".into()], ..target.settings() };
    let mut redis = Redis::new(settings);
    start(&mut redis, None).unwrap();
    let columns: [SmolStr; 2] = ["a".into(), "b".into()];
    let mut snapshot = |pairs: Vec<(String, String)>| {
        let row = |(at, (a, b)): (usize, (String, String))| -> SnapshotRow {
            Ok((at as u64, vec![Value::string(a), Value::string(b)].into()))
        };
        let mut rows = pairs.into_iter().enumerate().map(row);
        let (epoch, sequence, position) = (1, 1, 1);
        redis
            .replace(SnapshotOf {
                query_id: "q",
                epoch,
                sequence,
                position,
                columns: &columns,
                rows: &mut rows,
            })
            .unwrap();
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    snapshot((0..25_000).map(|at| (format!("{at}"), "x".to_owned())).collect());
    assert_eq!(target.run::<u64>("DBSIZE", &[]), 25_001, "a key a row, and the checkpoint");
    snapshot(vec![pair("a:b", "c"), pair("a", "b:c")]);
    assert_eq!(target.run::<u64>("DBSIZE", &[]), 3);
}

#[test]
fn a_redis_that_lacks_memory_replicas_or_the_right_to_write_is_waited_for() {
    let server = Server::start();
    let target = Target::new(&server, 0);
    let history = History::new(3, 6);
    let mut redis = Redis::new(target.settings());
    start(&mut redis, None).unwrap();
    let detail = history.snapshot(0, |snapshot| redis.replace(snapshot)).unwrap();
    let set = |name: &str, value: &str| {
        let () = target.run("CONFIG", &["SET", name, value]);
    };
    let mut at = 1;
    for (name, short, enough, code) in
        [("maxmemory", "1", "0", "OOM"), ("min-replicas-to-write", "1", "0", "NOREPLICAS")]
    {
        set(name, short);
        let outgoing = history.outgoing(at..=at);
        let error = redis.deliver(&outgoing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Wait, "{error}");
        assert!(error.to_string().contains(code), "{error}");
        set(name, enough);
        start(&mut redis, Some(&detail)).unwrap();
        redis.deliver(&outgoing).unwrap();
        assert_eq!(target.rows(), history.rows(at), "what was short left nothing behind");
        at += 1;
    }
    let () = target.run("REPLICAOF", &["127.0.0.1", "1"]);
    let error = redis.deliver(&history.outgoing(at..=at)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Wait, "{error}");
    let () = target.run("REPLICAOF", &["NO", "ONE"]);
    start(&mut redis, Some(&detail)).unwrap();
    redis.deliver(&history.outgoing(at..=at)).unwrap();
    assert_eq!(target.rows(), history.rows(at));
}
