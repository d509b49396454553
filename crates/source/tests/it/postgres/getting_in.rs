//! Getting in: passwords, TLS, permissions, and what is said if it fails.

use super::{Follower, settings, started, texts, wait_until};
use livewell_services::{Options, Postgres};
use livewell_source::ErrorKind;
use std::process::Command;

const TABLE: &str = "create table t (id int primary key); insert into t values (1)";

#[test]
fn each_method_of_passwords_is_spoken() {
    for auth in ["scram-sha-256", "md5", "password"] {
        let postgres = Postgres::start_with(&Options { auth, ..Options::default() });
        postgres.sql(TABLE);
        let follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        assert_eq!(follower.ids(), texts(&["public.t:1"]), "{auth}");
        let wrong = postgres.url().replace("secret", "wrong");
        let error = Follower::copied(settings(wrong, &["t"])).err().unwrap();
        assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0211"), "{auth}: {error}");
    }
}

/// Returns a certificate of its own making for this name, and its key.
fn certificate(name: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("c"), folder.path().join("k"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=test", "-addext", &format!("subjectAltName={name}")]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    let output = openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (std::fs::read_to_string(certificate).unwrap(), std::fs::read_to_string(key).unwrap())
}

#[test]
fn tls_is_spoken_and_certificates_are_checked_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    let by_address = certificate("IP:127.0.0.1");
    std::fs::write(&root, &by_address.0).unwrap();
    let postgres = Postgres::start_with(&Options { tls: Some(by_address), ..Options::default() });
    postgres.sql(&format!("{TABLE}; create publication livewell_shop for table t"));
    let elsewhere =
        Postgres::start_with(&Options { tls: Some(certificate("DNS:other")), ..Options::default() });
    let open = |postgres: &Postgres, parameters: &str| {
        let settings = settings(format!("{}?{parameters}", postgres.url()), &["t"]);
        let copied = Follower::copied(settings).map(drop).map_err(|error| error.message);
        wait_until("the slot is free", || {
            postgres.sql("select 1 from pg_replication_slots where active").is_empty()
        });
        let slots = "select pg_drop_replication_slot(slot_name) from pg_replication_slots";
        postgres.sql(slots);
        copied
    };
    let trusted = format!("sslrootcert={}", root.display());
    for parameters in [
        "sslmode=require".to_owned(),
        "sslmode=prefer".into(),
        "sslmode=disable".into(),
        format!("sslmode=verify-ca&{trusted}"),
        format!("sslmode=verify-full&{trusted}"),
    ] {
        assert_eq!(open(&postgres, &parameters), Ok(()), "{parameters}");
    }
    for parameters in ["sslmode=verify-full".to_owned(), "sslmode=verify-ca&sslrootcert=/no/such".into()] {
        assert!(open(&postgres, &parameters).is_err(), "{parameters}");
    }
    elsewhere.sql(TABLE);
    let unknown = open(&elsewhere, &format!("sslmode=verify-full&{trusted}"));
    assert!(unknown.as_ref().is_err_and(|error| error.contains("TLS")), "{unknown:?}");
    assert_eq!(open(&elsewhere, "sslmode=require"), Ok(()));
    let plain = started(TABLE);
    assert!(open(&plain, "sslmode=require").is_err_and(|error| error.contains("no TLS")));
}

#[test]
fn what_is_missing_on_the_server_is_named_with_what_to_run() {
    for postgres in Postgres::each_version() {
        postgres.sql(&format!(
            "{TABLE}; create table bare (id int); create table two (a int, b int, primary key (a, b))"
        ));
        let refused = |tables: &[&str]| {
            let error = Follower::copied(settings(postgres.url(), tables)).err().unwrap();
            assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0211"), "{error}");
            error.message
        };
        assert!(refused(&["absent"]).contains("no table `public.absent`"));
        assert!(refused(&["bare"]).contains("REPLICA IDENTITY FULL"));
        let mut half = settings(postgres.url(), &["two"]);
        half.tables[0].key = vec!["a".into()];
        assert!(Follower::copied(half).err().unwrap().message.contains("CREATE UNIQUE INDEX"));
        assert_eq!(postgres.sql("select count(*) from pg_publication"), "0", "nothing is made in vain");
        postgres.sql(
            "create publication livewell_shop for table two; comment on publication livewell_shop is 'mine'",
        );
        assert!(
            refused(&["t"]).contains("ALTER PUBLICATION \"livewell_shop\" ADD TABLE ONLY \"public\".\"t\"")
        );
        postgres.sql("alter publication livewell_shop set (publish = 'insert')");
        assert!(refused(&["two"]).contains("SET (publish"));
        postgres
            .sql("drop publication livewell_shop; create role weak login replication password 'secret word'");
        let weak = postgres.url().replace("postgres:secret", "weak:secret");
        let error = Follower::copied(settings(weak.clone(), &["t"])).err().unwrap();
        assert!(error.message.contains("CREATE PUBLICATION"), "{error}");
        postgres.sql("create publication livewell_shop for table t");
        let error = Follower::copied(settings(weak, &["t"])).err().unwrap();
        assert!(error.message.contains("GRANT SELECT ON"), "{error}");
        let off = Postgres::start_with(&Options {
            settings: vec!["wal_level=replica".into()],
            ..Options::default()
        });
        off.sql(TABLE);
        let error = Follower::copied(settings(off.url(), &["t"])).err().unwrap();
        assert!(error.message.contains("wal_level = logical"), "{error}");
    }
}

#[test]
fn time_outs_of_a_role_do_not_end_what_a_source_does() {
    let postgres = started(TABLE);
    postgres.sql(
        "alter role postgres set lock_timeout = '100ms'; alter role postgres set statement_timeout = '100ms'",
    );
    // A slot waits for transactions that are in progress.
    let (mut open, url) = (postgres.program("psql"), postgres.url());
    let statement =
        "set statement_timeout = 0; begin; select pg_current_xact_id(); select pg_sleep(1); commit";
    let mut open =
        open.args(["-X", "-q", "-c", statement]).stdout(std::process::Stdio::null()).spawn().unwrap();
    livewell_services::pause(std::time::Duration::from_millis(300));
    let follower = Follower::copied(settings(url, &["t"])).unwrap();
    assert_eq!(follower.ids(), texts(&["public.t:1"]));
    assert!(open.wait().unwrap().success());
}

#[test]
fn a_table_of_which_a_policy_hides_rows_is_refused() {
    let postgres = started(&format!("{TABLE}; create publication livewell_shop for table t"));
    postgres.sql("create role weak login replication password 'secret word'; grant select on t to weak");
    postgres.sql("alter table t enable row level security; create policy few on t using (id > 1)");
    let weak = postgres.url().replace("postgres:secret", "weak:secret");
    let error = Follower::copied(settings(weak, &["t"])).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("BYPASSRLS"), "{error}");
}

#[test]
fn slots_that_are_used_up_are_a_refusal_that_says_what_to_do() {
    let settings_of_server = vec!["max_replication_slots=1".into()];
    let postgres = Postgres::start_with(&Options { settings: settings_of_server, ..Options::default() });
    postgres.sql(TABLE);
    postgres.sql("select pg_create_physical_replication_slot('other')");
    let error = Follower::copied(settings(postgres.url(), &["t"])).err().unwrap();
    assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0211"), "{error}");
    assert!(error.message.contains("drop a replication slot") && error.message.contains("53400"), "{error}");
}

#[test]
fn senders_that_are_used_up_are_waited_for() {
    let settings_of_server = vec!["max_wal_senders=0".into()];
    let postgres = Postgres::start_with(&Options { settings: settings_of_server, ..Options::default() });
    let error = Follower::copied(settings(postgres.url(), &["t"])).err().unwrap();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("max_wal_senders") && error.message.contains("53300"), "{error}");
}

#[test]
fn a_table_that_is_not_logged_is_refused_with_what_to_run() {
    for postgres in Postgres::each_version() {
        postgres.sql("create unlogged table t (id int primary key)");
        let error = Follower::copied(settings(postgres.url(), &["t"])).err().unwrap();
        assert!(error.message.contains("SET LOGGED"), "{error}");
    }
}

#[test]
fn settings_are_refused_with_what_to_write() {
    let wrong = |change: &dyn Fn(&mut livewell_source::settings::PostgresSettings)| {
        let mut settings = settings("postgres://me@host/db".into(), &["t"]);
        change(&mut settings);
        settings.validate().unwrap_err().message
    };
    assert!(wrong(&|s| s.slot = Some("My-Slot".into())).contains("a-z"));
    assert!(wrong(&|s| s.url.0 = "host".into()).contains("postgres://"));
    assert!(wrong(&|s| s.tables.push(s.tables[0].clone())).contains("twice"));
    assert!(wrong(&|s| s.limits.changes_max = 0).contains("limits"));
    let shown = format!("{:?}", settings("postgres://me:secret@host/db?x=y".replace("?x=y", ""), &[]).url);
    assert_eq!(shown, "postgres://***@host/db");
}

#[test]
fn whatever_a_server_says_there_is_an_error_and_no_panic() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let ready = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I".to_vec();
    let with = |more: &[u8]| [ready.as_slice(), more].concat();
    let answers: Vec<Vec<u8>> = vec![
        // A server that asks for a proof and lets in before it has given its own.
        b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I".to_vec(),
        b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(),
        b"R\0\0\0\x03".to_vec(),
        b"R\xff\xff\xff\xff".to_vec(),
        b"R\0\0\0\x08\0\0\0\x07".to_vec(),
        b"R\0\0\0\x0b\0\0\0\x0aSCRAM".to_vec(),
        b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0R\0\0\0\x0c\0\0\0\x0br=x,".to_vec(),
        b"E\0\0\0\x05M".to_vec(),
        with(b"D\0\0\0\x06\xff\xff"),
        with(b"D\0\0\0\x0a\0\x01\0\0\0\x09Z\0\0\0\x05I"),
        with(b"D\0\0\0\x0b\0\x01\0\0\0\x01\xffZ\0\0\0\x05I"),
        with(b"Z\0\0\0\x05I"),
        with(b""),
    ];
    let count = answers.len();
    let server = std::thread::spawn(move || {
        for answer in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut hello = [0; 4096];
            let _ = socket.read(&mut hello).unwrap();
            let _ = socket.write_all(&answer);
            // What is written into a closed connection would hide the answer.
            let _ = socket.shutdown(std::net::Shutdown::Write);
            while socket.read(&mut hello).is_ok_and(|count| count > 0) {}
        }
    });
    for _ in 0..count {
        let url = format!("postgres://me:secret@127.0.0.1:{port}/db?sslmode=disable");
        assert!(Follower::copied(settings(url, &["t"])).is_err());
    }
    server.join().unwrap();
}

#[test]
fn a_pooler_that_does_not_pass_replication_on_is_named_and_not_waited_for() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://me:secret@{}/db?sslmode=disable", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.read(&mut [0; 4096]).unwrap();
        // As pgbouncer 1.18 says it.
        let body = b"SFATAL\0C08P01\0Munsupported startup parameter: replication\0\0";
        let length = (body.len() as u32 + 4).to_be_bytes();
        socket.write_all(&[b"E", length.as_slice(), body].concat()).unwrap();
    });
    let error = Follower::copied(settings(url, &["t"])).err().unwrap();
    server.join().unwrap();
    assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0211"), "{error}");
    assert!(error.message.contains("straight to the server"), "{error}");
}
