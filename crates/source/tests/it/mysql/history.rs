//! The history that was read: it has to be the one that goes on, and to be there.

use super::{Follower, settings, started};
use livewell_services::Mariadb;
use livewell_source::ErrorKind;

const TABLE: &str = "create table t (id int primary key, n int); insert into t values (1, 1);";

/// Lets something happen to the log while the source is away; it notices, and a copy helps.
#[track_caller]
fn noticed(happens: impl FnOnce(&mut Mariadb), says: &str) {
    let mut mariadb = started(TABLE);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql("insert into t values (2, 2)");
    follower.settle().unwrap();
    follower.driver.kill();
    happens(&mut mariadb);
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0212"), "{error}");
    assert!(error.message.contains(says), "{error}");
    assert!(error.message.contains("livewell reset"), "{error}");
    follower.driver.reset(None).unwrap();
    follower.agrees(&mariadb, "t", &["id", "n"]);
    mariadb.sql("insert into t values (99, 99)");
    follower.agrees(&mariadb, "t", &["id", "n"]);
}

#[test]
fn a_log_that_was_purged_is_noticed() {
    noticed(
        |mariadb| {
            mariadb.sql("insert into t values (3, 3); flush logs; flush logs");
            // The server keeps what it sends to a reader, also to one that is gone until it notices that.
            while mariadb.sql("show binary logs").contains("binlog.000001") {
                mariadb
                    .sql("insert into t select max(id) + 1, 0 from t; purge binary logs to 'binlog.000003'");
            }
        },
        "no longer has the file `binlog.000001`",
    );
}

#[test]
fn a_log_that_began_again_is_noticed_even_if_it_is_longer_than_the_old_one() {
    noticed(
        |mariadb| {
            mariadb.sql("reset master; insert into t values (3, 3)");
            for id in 10..40 {
                mariadb.sql(&format!("insert into t values ({id}, 1)"));
            }
        },
        "log",
    );
}

#[test]
fn a_log_that_began_again_is_noticed_even_if_it_has_the_same_transactions() {
    noticed(
        |mariadb| {
            // As many transactions as before, of the same length, with the same numbers.
            mariadb.sql("delete from t; drop table t; reset master");
            livewell_services::pause(std::time::Duration::from_millis(1_100));
            mariadb.sql("reset master");
            mariadb.sql(TABLE);
            mariadb.sql("insert into t values (2, 3)");
        },
        // The same length is not sure: how transactions are committed together adds to it.
        "log",
    );
}

#[test]
fn another_server_is_noticed() {
    let mariadb = started(TABLE);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    let other = Mariadb::start_with(&["--server-id=2"]);
    other.sql(TABLE);
    follower.with(settings(other.url(), &["t"]));
    let error = follower.error();
    assert_eq!(error.code, "LW0212");
    assert!(error.message.contains("this is the server 2, and 1 was read"), "{error}");
}

#[test]
fn statements_that_alter_a_table_need_a_copy() {
    let mariadb = started(TABLE);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    for (statement, columns) in [
        ("alter table t add column m int default 5", &["id", "n", "m"][..]),
        ("alter table t drop column m", &["id", "n"]),
        ("rename table t to u; create table t like u; insert into t values (7, 7)", &["id", "n"]),
        (
            "drop table t; create table t (id int primary key, n varchar(5)); insert into t values (1, 'a')",
            &["id", "n"],
        ),
    ] {
        mariadb.sql("insert into t (id, n) values (50, 5)");
        mariadb.sql(statement);
        let error = follower.error();
        assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0213"), "{statement}: {error}");
        // What came before it was taken in.
        assert!(follower.ids().contains(&"test.t:50".to_owned()), "{statement}");
        follower.driver.reset(None).unwrap();
        follower.agrees(&mariadb, "t", columns);
        mariadb.sql("delete from t where id = 50");
        follower.agrees(&mariadb, "t", columns);
    }
}

#[test]
fn a_table_that_was_altered_beside_the_log_is_noticed_at_its_next_row() {
    for alter in [
        "alter table t modify n bigint",
        "alter table t modify n int unsigned",
        "alter table t change n m int",
        "alter table t add m int",
        "alter table t modify e enum('b', 'a')",
    ] {
        let mariadb = started("create table t (id int primary key, n int, e enum('a', 'b'))");
        let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
        mariadb.sql(&format!(
            "set sql_log_bin = 0; {alter}; set sql_log_bin = 1; insert into t (id) values (1)"
        ));
        let error = follower.error();
        assert_eq!(error.code, "LW0213", "{alter}: {error}");
        follower.driver.reset(None).unwrap();
        follower.settle().unwrap();
        assert_eq!(follower.ids(), ["test.t:1"], "{alter}");
    }
}

#[test]
fn other_statements_are_passed_over() {
    let mariadb = started(TABLE);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql(
        "create table x as select * from t; alter table x add y int; create index i on t (n); analyze table t; \
         create view v as select * from t; create user anna; grant select on t to anna; \
         create temporary table tmp as select * from t; drop temporary table tmp; \
         create trigger g after insert on t for each row insert into x values (new.id, new.n, 1); \
         insert into t values (3, 3); drop table x; drop trigger g; flush tables; optimize table t; insert into t values (4, 4)",
    );
    follower.agrees(&mariadb, "t", &["id", "n"]);
}
