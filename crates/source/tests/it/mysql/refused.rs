//! What the log does not have is refused, before the copy or when it comes.

use super::{Follower, settings, started};
use livewell_services::Mariadb;
use livewell_source::settings::{MysqlSettings, TableSettings};
use livewell_source::{ErrorKind, SourceError};

/// Returns the error of a source over `t` on a server with such a table.
#[track_caller]
fn refused_table(mariadb: &Mariadb, create: &str) -> SourceError {
    mariadb.sql(&format!("set foreign_key_checks = 0; drop table if exists t; {create}"));
    let error = Follower::new(settings(mariadb.url(), &["t"])).error();
    assert_eq!(error.kind, ErrorKind::Refused, "{create}: {error}");
    error
}

#[test]
fn tables_whose_changes_the_log_does_not_have_are_refused() {
    let mariadb = started("create table p (id int primary key)");
    for (create, code, says) in [
        (
            "create table t (id int primary key, p int, foreign key (p) references p (id) on delete cascade)",
            "LW0870",
            "ON DELETE CASCADE",
        ),
        (
            "create table t (id int primary key, p int, foreign key (p) references p (id) on update set null)",
            "LW0870",
            "ON UPDATE SET NULL",
        ),
        ("create table t (id int primary key) engine=MyISAM", "LW0870", "engine MyISAM"),
        ("create table t (id int primary key) with system versioning", "LW0870", "system-versioned"),
        ("create table t (id int primary key, n int as (id + 1))", "LW0870", "`n` of `test.t` is generated"),
        ("create table t (id int primary key, n text compressed)", "LW0870", "compressed"),
        ("create table t (id int primary key, n uuid)", "LW0870", "uuid"),
        ("create table t (id int primary key, n inet6)", "LW0870", "inet6"),
        ("create table t (id int primary key, n point)", "LW0870", "point"),
        ("create table t (id int primary key, n float(5, 2))", "LW0870", "float(5,2)"),
        ("create table t (id int primary key, n varchar(5) character set latin1)", "LW0870", "latin1"),
        ("create table t (id int)", "LW0211", "no primary key"),
        ("create table t (id date primary key)", "LW0211", "a key has integers"),
        ("create table t (id varchar(50), primary key (id(5)))", "LW0211", "no primary key"),
        ("create table u (id int)", "LW0211", "there is no table `test.t`"),
    ] {
        let error = refused_table(&mariadb, create);
        assert_eq!(error.code, code, "{create}: {error}");
        assert!(error.message.contains(says), "{create}: {error}");
    }
}

#[test]
fn foreign_keys_are_found_by_a_user_who_may_only_read() {
    let mariadb = started(
        "create table p (id int primary key); \
         create table t (id int primary key, p int, foreign key (p) references p (id) on delete cascade); \
         create user reader identified by 'secret'; grant select on test.* to reader; \
         grant replication slave, binlog monitor on *.* to reader",
    );
    let url = mariadb.url().replace("root@", "reader:secret@");
    let error = Follower::new(settings(url.clone(), &["t"])).error();
    assert!(error.message.contains("ON DELETE CASCADE"), "{error}");
    // The same user follows a table without one.
    let mut follower = Follower::copied(settings(url.clone(), &["p"])).unwrap();
    mariadb.sql("insert into p values (1)");
    follower.agrees(&mariadb, "p", &["id"]);
    let wrong = Follower::new(settings(url.replace("secret", "wrong"), &["p"])).error();
    assert_eq!((wrong.kind, wrong.code), (ErrorKind::Refused, "LW0211"));
    assert!(wrong.message.contains("[1045]") && !wrong.message.contains("wrong"), "{wrong}");
}

#[test]
fn servers_that_do_not_log_whole_rows_are_refused() {
    for (argument, says) in [
        ("--binlog-format=MIXED", "binlog_format = MIXED"),
        ("--binlog-row-image=MINIMAL", "binlog_row_image = MINIMAL"),
        ("--binlog-row-metadata=MINIMAL", "binlog_row_metadata = MINIMAL"),
        ("--log-bin-compress=1", "log_bin_compress = 1"),
        ("--binlog-ignore-db=x", "binlog_ignore_db"),
        ("--skip-log-bin", "log_bin = 0"),
    ] {
        let mariadb = Mariadb::start_with(&[argument]);
        mariadb.sql("create table t (id int primary key)");
        let error = Follower::new(settings(mariadb.url(), &["t"])).error();
        assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0870"), "{argument}: {error}");
        assert!(error.message.contains(says), "{argument}: {error}");
    }
}

#[test]
fn a_session_that_logs_less_than_whole_rows_is_noticed() {
    let mariadb = started(
        "create table t (id int primary key, n int); create table x (id int); insert into t values (1, 1)",
    );
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    for statements in [
        "set binlog_row_image = minimal; update t set n = n + 1",
        "set binlog_format = statement; update t set n = n + 1",
        "set binlog_format = statement; insert into x values (1)",
    ] {
        mariadb.sql(statements);
        let error = follower.error();
        assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0871"), "{statements}: {error}");
        follower.driver.reset(None).unwrap();
        follower.agrees(&mariadb, "t", &["id", "n"]);
    }
}

#[test]
fn relationships_over_texts_that_the_server_folds_are_refused() {
    let mariadb = started(
        "create table c (id varchar(5) primary key); create table o (id int primary key, c varchar(5), n int)",
    );
    let with = |columns: &[&str]| {
        let columns = columns.iter().map(ToString::to_string).collect();
        let by = livewell_source::settings::ForeignKey { kind: "BY".into(), table: "c".into(), columns };
        let table = |name: &str| TableSettings { table: name.into(), ..TableSettings::default() };
        let orders = TableSettings { relationships: vec![by], ..table("o") };
        MysqlSettings { tables: vec![orders, table("c")], ..settings(mariadb.url(), &["c"]) }
    };
    for (columns, says) in
        [(&["c"][..], "_bin"), (&["n"], "their types differ"), (&["c", "n"], "one column for each")]
    {
        let error = Follower::new(with(columns)).error();
        assert!(error.message.contains(says), "{columns:?}: {error}");
    }
    mariadb.sql("alter table c convert to character set utf8mb4 collate utf8mb4_bin; alter table o convert to character set utf8mb4 collate utf8mb4_bin");
    Follower::copied(with(&["c"])).unwrap();
}

#[test]
fn two_readers_with_one_number_are_told_to_take_their_own() {
    let mariadb = started("create table t (id int primary key)");
    let of =
        |id: &str| MysqlSettings { id: id.into(), server_id: Some(77), ..settings(mariadb.url(), &["t"]) };
    let mut one = Follower::copied(of("one")).unwrap();
    let mut other = Follower::copied(of("other")).unwrap();
    let error = one.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0872"), "{error}");
    other.agrees(&mariadb, "t", &["id"]);
    let own = Follower::new(MysqlSettings { server_id: Some(1), ..of("one") }).error();
    assert!(own.message.contains("the number of the server itself"), "{own}");
}

#[test]
fn other_tables_in_the_settings_need_a_copy() {
    let mariadb = started(
        "create table t (id int primary key); create table u (id int primary key); insert into u values (1)",
    );
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    follower.with(settings(mariadb.url(), &["t", "u"]));
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0216"), "{error}");
    follower.driver.reset(None).unwrap();
    follower.settle().unwrap();
    assert_eq!(follower.ids(), ["test.u:1"]);
    let twice = Follower::new(settings(mariadb.url(), &["t", "test.t"])).error();
    assert!(twice.message.contains("`test.t` is twice"), "{twice}");
    // By its full name it is the same table.
    follower.with(settings(mariadb.url(), &["test.t", "u"]));
    follower.settle().unwrap();
}

#[test]
fn a_certificate_is_verified_if_the_url_says_so() {
    let folder = tempfile::TempDir::new().expect("a temporary directory can be made");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-days", "2", "-subj", "/CN=test", "-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-keyout", &path("key"), "-out", &path("crt")]);
    assert!(openssl.output().expect("openssl can be run").status.success());
    // The server runs as another user.
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), everybody).expect("it can be opened");
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(path("key"), readable).expect("it can be opened");
    let (key, certificate) = (format!("--ssl-key={}", path("key")), format!("--ssl-cert={}", path("crt")));
    let mariadb = Mariadb::start_with(&[&key, &certificate]);
    mariadb.sql("create table t (id int primary key); create user s identified by 'x' require ssl; grant all on *.* to s");
    let url = |host: &str, more: &str| format!("mysql://s:x@{host}:{}/test?{more}", mariadb.port());
    let ca = format!("sslrootcert={}", path("crt"));
    for (host, more) in [
        ("localhost", format!("sslmode=verify-full&{ca}")),
        ("127.0.0.1", format!("sslmode=verify-ca&{ca}")),
        ("127.0.0.1", "sslmode=require".into()),
        ("127.0.0.1", String::new()),
    ] {
        let mut follower = Follower::copied(settings(url(host, &more), &["t"])).unwrap();
        mariadb.sql("insert into t select coalesce(max(id), 0) + 1 from t");
        follower.agrees(&mariadb, "t", &["id"]);
    }
    for (host, more, says) in [
        ("127.0.0.1", format!("sslmode=verify-full&{ca}"), "another name"),
        ("localhost", "sslmode=verify-full".into(), "not trusted"),
        ("localhost", "sslmode=disable".into(), "[1045]"),
    ] {
        let error = Follower::new(settings(url(host, &more), &["t"])).error();
        assert_eq!((error.kind, error.code), (ErrorKind::Refused, "LW0211"), "{host} {more}: {error}");
        assert!(error.message.contains(says), "{host} {more}: {error}");
    }
    let plain = started("create table t (id int primary key)");
    let error = Follower::new(settings(format!("{}?sslmode=require", plain.url()), &["t"])).error();
    assert!(error.message.contains("has no TLS"), "{error}");
}
