//! Tables that are altered while they are followed.

use super::{Follower, settings, started};
use livewell_model::Value;

const TABLE: &str =
    "create table t (id int primary key, v varchar(10), n numeric(6,2)); insert into t values (1, 'a', 1)";

#[test]
fn an_added_column_without_a_value_for_old_rows_is_followed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres
        .sql("create type mood as enum ('sad', 'happy'); alter table t add m mood, alter v type varchar(20)");
    postgres.sql("alter table t alter n type numeric(10,2); insert into t values (2, 'b', 2, 'sad')");
    follower.transaction().unwrap();
    assert_eq!(follower.property("public.t:2", "m"), Value::string("sad"));
    // A new stream begins with the table as it was stored.
    follower.stream = None;
    postgres.sql("insert into t values (3, 'c', 3, 'happy')");
    follower.transaction().unwrap();
    assert_eq!(follower.property("public.t:3", "m"), Value::string("happy"));
}

#[test]
fn what_changes_rows_that_are_not_sent_stops_the_source_and_says_why() {
    for (alteration, says) in [
        ("alter table t add c int default 5", "column `c` was added"),
        ("alter table t add c serial", "column `c` was added"),
        ("alter table t drop v", "column `v` of `public.t` was dropped or renamed"),
        ("alter table t rename v to w", "column `v` of `public.t` was dropped or renamed"),
        ("alter table t alter v type int using 1", "column `v` of `public.t` is of another type"),
        ("alter table t alter n type numeric(6,1)", "column `n` of `public.t` is of another type"),
        ("alter table t rename to other", "named `public.other` now"),
        ("alter table t replica identity nothing; alter table t replica identity full", ""),
    ] {
        let postgres = started(TABLE);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        postgres.sql("insert into t values (2)");
        follower.transaction().unwrap();
        let table = if alteration.ends_with("other") { "other" } else { "t" };
        postgres.sql(&format!("{alteration}; insert into {table} (id) values (3)"));
        if says.is_empty() {
            follower.transaction().unwrap();
            continue;
        }
        let error = follower.error();
        assert_eq!(error.code, "LW0213", "{alteration}: {error}");
        assert!(error.message.contains(says), "{alteration}: {error}");
        assert!(error.message.contains("reset the source"), "{alteration}: {error}");
        assert_eq!(follower.error().code, "LW0213", "{alteration}: it does not go away by itself");
    }
}

#[test]
fn a_table_that_is_made_anew_or_has_lost_its_key_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    postgres.sql("alter table t replica identity nothing; insert into t values (3)");
    assert!(follower.error().message.contains("replica identity"));
    postgres.sql(&format!("drop table t; {TABLE}; alter publication livewell_shop add table t"));
    postgres.sql("insert into t values (4)");
    let error = follower.error();
    assert!(error.message.contains("made anew"), "{error}");
}

#[test]
fn a_table_that_joins_the_publication_is_noticed() {
    let postgres = started(TABLE);
    postgres.sql("create publication livewell_shop for all tables");
    let mut follower = Follower::copied(settings(postgres.url(), &[])).unwrap();
    postgres.sql("create table t2 (id int primary key); insert into t2 values (1)");
    let error = follower.error();
    assert_eq!(error.code, "LW0213");
    assert!(error.message.contains("`public.t2` was added"), "{error}");
}
