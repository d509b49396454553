//! Transactions of the database, as they come.

use super::{Follower, changes, settings, started};
use livewell_model::Value;
use livewell_source::settings::{ForeignKey, MysqlSettings, TableSettings};

#[test]
fn a_transaction_comes_whole_and_in_its_order() {
    let mariadb = started("create table t (id int primary key, n int); insert into t values (1, 1), (2, 2)");
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    assert!(follower.driver.memory.log.is_empty());
    mariadb.sql(
        "begin; insert into t values (3, 3); update t set n = 0 where id < 3; delete from t where id = 2; commit; \
         begin; insert into t values (9, 9); rollback; insert into t values (4, null), (5, 5)",
    );
    let all: Vec<Vec<String>> = follower.transactions().iter().map(changes).collect();
    let first = ["+test.t:3", "+test.t:1", "+test.t:2", "-test.t:2"];
    assert_eq!(all, [first.to_vec(), vec!["+test.t:4", "+test.t:5"]]);
    follower.agrees(&mariadb, "t", &["id", "n"]);
}

#[test]
fn what_a_savepoint_takes_back_has_not_happened() {
    let mariadb = started(
        "create table t (id int primary key); create table m (id int) engine=MyISAM; create table other (id int primary key)",
    );
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    // A table without transactions makes the server log what it would otherwise leave out.
    mariadb.sql(
        "begin; insert into t values (1); savepoint a; insert into t values (2); insert into m values (1); \
         rollback to a; insert into t values (3); commit; \
         begin; insert into t values (4); insert into m values (2); rollback; insert into other values (1)",
    );
    follower.agrees(&mariadb, "t", &["id"]);
    assert_eq!(follower.ids(), ["test.t:1", "test.t:3"]);
}

#[test]
fn a_key_that_changes_moves_the_row_and_its_relationships() {
    let mariadb = started(
        "create table c (id int primary key); \
         create table o (a int, b varchar(5), c int, primary key (a, b), foreign key (c) references c (id)); \
         insert into c values (1), (2); insert into o values (1, 'x,y', 1), (2, 'z', null)",
    );
    let placed = ForeignKey { kind: "PLACED_BY".into(), table: "c".into(), columns: vec!["c".into()] };
    let table = |name: &str| TableSettings { table: name.into(), ..TableSettings::default() };
    let tables = vec![
        TableSettings { relationships: vec![placed], label: Some("Order".into()), ..table("test.o") },
        table("c"),
    ];
    let mut follower = Follower::copied(MysqlSettings { tables, ..settings(mariadb.url(), &["c"]) }).unwrap();
    let nodes = ["test.c:1", "test.c:2"];
    let orders = ["test.o.PLACED_BY.c:1,x\\,y", "test.o:1,x\\,y", "test.o:2,z"];
    assert_eq!(follower.ids(), [&nodes[..], &orders[..]].concat());
    mariadb.sql("update o set b = 'w' where a = 1; update o set a = a + 10, c = 2 order by a desc");
    follower.settle().unwrap();
    let orders = ["test.o.PLACED_BY.c:11,w", "test.o.PLACED_BY.c:12,z", "test.o:11,w", "test.o:12,z"];
    assert_eq!(follower.ids(), [&nodes[..], &orders[..]].concat());
    let order = &follower.driver.memory.live["test.o:11,w"];
    assert_eq!(order.properties().get("c"), Some(&Value::Int(2)));
    mariadb.sql("update o set c = null where a = 11; delete from o where a = 12");
    follower.settle().unwrap();
    assert_eq!(follower.ids(), [&nodes[..], &["test.o:11,w"]].concat());
}

#[test]
fn truncate_deletes_all_rows_that_are_there() {
    let mariadb = started(
        "create table t (id int primary key); create table u (id int primary key); \
         insert into t select seq from seq_1_to_3000; insert into u values (1)",
    );
    let mut follower = Follower::copied(settings(mariadb.url(), &["t", "u"])).unwrap();
    mariadb.sql("insert into t values (0); truncate table t; insert into t values (7)");
    let all = follower.transactions();
    assert_eq!(all.iter().map(|all| all.changes.len()).collect::<Vec<_>>(), [1, 3001, 1]);
    assert_eq!(follower.ids(), ["test.t:7", "test.u:1"]);
}

#[test]
fn rows_of_other_tables_and_databases_are_left_out_and_the_position_moves_past_them() {
    let mariadb = started(
        "create table t (id int primary key); create database d; create table d.t (id int primary key)",
    );
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql("insert into d.t values (1); create table x (id int); insert into x values (1); insert into t values (1); flush logs; insert into t values (2)");
    follower.agrees(&mariadb, "t", &["id"]);
    assert_eq!(follower.transactions().len(), 2);
    assert_eq!(follower.driver.report().behind_bytes, Some(0));
}
