//! XA transactions: their rows are logged when they are prepared, and their end has none.

use super::{Follower, settings, started};
use livewell_source::ErrorKind;

const TABLES: &str = "create table t (id int primary key); create table x (id int primary key);";

#[test]
fn an_xa_transaction_with_rows_of_a_followed_table_needs_a_copy() {
    let mariadb = started(TABLES);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql("xa start 'a'; insert into t values (1); xa end 'a'; xa prepare 'a'");
    let error = follower.error();
    assert_eq!((error.kind, error.code), (ErrorKind::Changed, "LW0871"), "{error}");
    // It is not visible to the copy, and its end is not one of those that the position knows.
    follower.driver.reset(None).unwrap();
    follower.settle().unwrap();
    assert!(follower.ids().is_empty());
    mariadb.sql("xa commit 'a'");
    assert_eq!(follower.error().code, "LW0871");
    follower.driver.reset(None).unwrap();
    follower.agrees(&mariadb, "t", &["id"]);
    assert_eq!(follower.ids(), ["test.t:1"]);
}

#[test]
fn xa_transactions_of_other_tables_are_passed_over_also_by_a_new_process() {
    let mariadb = started(TABLES);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    for end in ["xa commit 'a'", "xa rollback 'a'"] {
        mariadb.sql("delete from x; xa start 'a'; insert into x values (1); xa end 'a'; xa prepare 'a'");
        mariadb.sql("insert into t select coalesce(max(id), 0) + 1 from t");
        follower.agrees(&mariadb, "t", &["id"]);
        follower.driver.kill();
        mariadb.sql(end);
        mariadb.sql("insert into t select max(id) + 1 from t");
        follower.agrees(&mariadb, "t", &["id"]);
    }
}

#[test]
fn an_xa_transaction_in_one_phase_is_an_ordinary_one() {
    let mariadb = started(TABLES);
    let mut follower = Follower::copied(settings(mariadb.url(), &["t"])).unwrap();
    mariadb.sql("xa start 'a'; insert into t values (1); xa end 'a'; xa commit 'a' one phase");
    follower.agrees(&mariadb, "t", &["id"]);
}
