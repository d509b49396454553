//! The servers that other tests rely on start, restart, can be cut off, and end.

use livewell_services::{Mariadb, Nats, Options, Postgres, Proxy, Redis};
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
fn mariadb_logs_whole_rows_and_keeps_its_data_over_a_stop_and_a_crash() {
    let mut mariadb = Mariadb::start();
    let settings = "select @@log_bin, @@binlog_format, @@binlog_row_image, @@binlog_row_metadata";
    assert_eq!(mariadb.sql(settings), "1\tROW\tFULL\tFULL");
    mariadb.sql("create table t (id int primary key, a text); insert into t values (1, 'a'), (2, null)");
    mariadb.stop();
    assert!(TcpStream::connect(("127.0.0.1", mariadb.port())).is_err());
    mariadb.up();
    mariadb.sql("insert into t values (3, 'ü')");
    mariadb.kill();
    mariadb.up();
    assert_eq!(mariadb.sql("select * from t order by id"), "1\ta\n2\tNULL\n3\tü");
    let refused = mariadb.try_sql("insert into t values (4, 'b'), (1, 'c')").expect_err("1 is there");
    assert!(refused.contains("Duplicate entry"), "{refused}");
}

#[test]
fn mariadb_takes_arguments_that_override_the_usual_ones() {
    let mariadb = Mariadb::start_with(&["--binlog-format=MIXED", "--binlog-row-metadata=MINIMAL"]);
    assert_eq!(mariadb.sql("select @@binlog_format, @@binlog_row_metadata"), "MIXED\tMINIMAL");
    assert!(mariadb.url().ends_with(&format!("@127.0.0.1:{}/test", mariadb.port())));
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

#[test]
fn each_version_of_postgres_starts_and_says_which_it_is() {
    let versions = Postgres::versions();
    assert!(versions.is_sorted() && !versions.is_empty(), "{versions:?}");
    let settings = vec!["logical_decoding_work_mem=64kB".into()];
    let options = Options { settings, socket: true, ..Options::default() };
    let mut started = Vec::new();
    for postgres in Postgres::each_version_with(&options) {
        let version = postgres.version();
        assert_eq!(
            postgres.sql("select current_setting('server_version_num')::int / 10000"),
            version.to_string()
        );
        assert_eq!(postgres.sql("show logical_decoding_work_mem"), "64kB");
        let mut local = postgres.program("psql");
        local.env("PGHOST", postgres.socket_folder()).args(["-Atc", "select 1"]);
        assert_eq!(local.output().expect("psql can be run").stdout, b"1\n", "{version}");
        started.push(version);
    }
    assert_eq!(started, versions);
    assert_eq!(Postgres::start_version(versions[0]).version(), versions[0]);
}

#[test]
fn a_standby_of_each_version_has_the_rows_of_its_primary_and_can_be_promoted() {
    for postgres in Postgres::each_version() {
        postgres.sql("create table t (id int primary key); insert into t values (1)");
        postgres.sql("select pg_create_logical_replication_slot('of_the_primary', 'pgoutput')");
        let standby = postgres.standby();
        postgres.sql("insert into t values (2)");
        let rows = |count: &str| {
            while standby.sql("select count(*) from t") != count {
                livewell_services::pause(std::time::Duration::from_millis(20));
            }
        };
        rows("2");
        assert_eq!(standby.sql("select pg_is_in_recovery(), count(*) from pg_replication_slots"), "t|0");
        standby.sql("select pg_promote()");
        standby.sql("insert into t values (3)");
        rows("3");
        assert_eq!(postgres.sql("select count(*) from t"), "2");
    }
}
