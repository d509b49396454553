//! The servers that other tests rely on: that they start, restart, can be cut off, and end.

use livewell_services::{Nats, Options, Postgres, Proxy, Redis};
use std::net::TcpStream;

#[test]
fn postgres_keeps_its_data_over_a_restart_and_a_crash() {
    let mut postgres = Postgres::start();
    postgres.sql("create table t (id int primary key); insert into t values (1), (2);");
    postgres.restart();
    assert_eq!(postgres.sql("select * from t order by id"), "1\n2");
    postgres.sql("insert into t values (3)");
    postgres.kill();
    assert!(TcpStream::connect(("127.0.0.1", postgres.port())).is_err());
    postgres.up();
    assert_eq!(postgres.sql("show wal_level; select count(*) from t"), "logical\n3");
}

#[test]
fn postgres_takes_the_password_method_that_is_asked_for() {
    for auth in ["md5", "password", "scram-sha-256"] {
        let postgres = Postgres::start_with(&Options { auth, ..Options::default() });
        let stored = postgres.sql("select left(rolpassword, 3) from pg_authid where rolname = 'postgres'");
        assert_eq!(stored, if auth == "md5" { "md5" } else { "SCR" });
        let output = postgres.program("psql").env("PGPASSWORD", "wrong").args(["-c", "select 1"]).output();
        assert!(!output.expect("psql can be run").status.success(), "{auth}");
    }
}

#[test]
fn nats_comes_back_at_its_port_after_a_stop_and_a_crash() {
    let mut nats = Nats::start();
    let is_up = |nats: &Nats| TcpStream::connect(("127.0.0.1", nats.port())).is_ok();
    nats.stop();
    assert!(!is_up(&nats));
    nats.up();
    nats.kill();
    assert!(!is_up(&nats));
    nats.up();
    assert!(is_up(&nats));
}

#[test]
fn a_proxy_leads_to_its_server_and_cuts_connections() {
    let postgres = Postgres::start();
    let proxy = Proxy::start(postgres.port());
    let select = || {
        let mut psql = postgres.program("psql");
        psql.env("PGPORT", proxy.port().to_string()).args(["-Atc", "select 42"]);
        psql.output().expect("psql can be run")
    };
    assert_eq!(select().stdout, b"42\n");
    proxy.refuse(true);
    assert!(!select().status.success());
    proxy.refuse(false);
    let waiting = {
        let mut psql = postgres.program("psql");
        psql.env("PGPORT", proxy.port().to_string()).args(["-Atc", "select pg_sleep(600)"]);
        psql.stderr(std::process::Stdio::null()).spawn()
    };
    let mut waiting = waiting.expect("psql can be run");
    while proxy.accepted() < 3 {
        livewell_services::pause(std::time::Duration::from_millis(5));
    }
    proxy.cut();
    assert!(!waiting.wait().expect("psql can be waited for").success());
}

#[test]
fn redis_starts_on_a_port_of_its_own_and_forgets_when_killed() {
    use std::io::{Read, Write};
    let mut redis = Redis::start();
    let ask = |redis: &Redis, command: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).expect("it takes connections");
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    };
    assert!(ask(&redis, "SET a 1").starts_with("+OK"));
    assert!(ask(&redis, "GET a").starts_with("$1\r\n1"));
    redis.kill();
    redis.up();
    assert!(ask(&redis, "GET a").starts_with("$-1"));
}
