//! Tables that are altered while they are followed.

use super::{Follower, auto_reset, settings, started};
use livewell_model::Value;
use livewell_services::Postgres;

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
    // A new process begins with the table as it was stored.
    follower.driver.kill();
    postgres.sql("insert into t values (3, 'c', 3, 'happy')");
    follower.until("the row comes", |follower| follower.ids().len() == 3).unwrap();
    assert_eq!(follower.property("public.t:3", "m"), Value::string("happy"));
    assert_eq!(follower.driver.memory.log.len(), 2, "nothing was copied");
}

#[test]
fn what_follows_from_the_catalogs_is_followed_also_where_everything_else_would_stop() {
    for (alteration, name, expected) in [
        ("alter table t add c int default 5", "c", Value::Int(5)),
        ("alter table t drop v", "v", Value::Null),
        ("alter table t rename v to w", "w", Value::string("a")),
        ("alter table t drop v, add v int default 6", "v", Value::Int(6)),
        ("alter table t rename v to old; alter table t add v int default 7", "v", Value::Int(7)),
    ] {
        for is_used in [true, false] {
            let postgres = started(TABLE);
            let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
            postgres.sql(alteration);
            if is_used {
                postgres.sql("insert into t (id) values (3)");
            }
            follower
                .until(alteration, |follower| {
                    let row = &follower.driver.memory.live["public.t:1"];
                    row.properties().get(name).cloned().unwrap_or_default() == expected
                })
                .unwrap();
            follower.settle().unwrap();
            assert_eq!(follower.ids().len(), if is_used { 2 } else { 1 }, "{alteration}");
        }
    }
}

#[test]
fn what_the_catalogs_do_not_tell_stops_the_source_says_why_and_is_copied_when_asked() {
    for (alteration, says) in [
        ("alter table t add c serial", "column `c` was added"),
        ("alter table t alter v type int using 1", "column `v` altered"),
        ("alter table t alter n type numeric(6,1)", "`n`"),
        ("alter table t replica identity nothing; alter table t replica identity full", "replica identity"),
        (
            "alter table t add c int; insert into t (id, c) values (9, 9); alter table t drop c",
            "added and dropped",
        ),
        (
            "alter publication livewell_shop drop table t; alter publication livewell_shop add table t",
            "publication",
        ),
    ] {
        let postgres = started(TABLE);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        postgres.sql("insert into t values (2)");
        follower.transaction().unwrap();
        postgres.sql(&format!("{alteration}; insert into t (id) values (3)"));
        let error = follower.error();
        assert_eq!(error.code, "LW0213", "{alteration}: {error}");
        assert!(error.message.contains(says), "{alteration}: {error}");
        assert!(error.message.contains("livewell reset shop --table public.t"), "{alteration}: {error}");
        assert_eq!(follower.error().code, "LW0213", "{alteration}: it does not go away by itself");
        assert!(!follower.driver.memory.live.contains_key("public.t:3"), "{alteration}");
        follower.driver.reset(Some("t")).unwrap();
        follower.agrees(&postgres, "t", &["id"]).unwrap();
        postgres.sql("insert into t (id) values (4)");
        follower.agrees(&postgres, "t", &["id"]).unwrap();
    }
}

#[test]
fn what_the_catalogs_do_not_tell_is_copied_by_itself_where_that_is_asked_for() {
    let postgres = started(&format!("{TABLE}; create table u (id int primary key)"));
    let mut follower = Follower::copied(auto_reset(settings(postgres.url(), &["t", "u"]))).unwrap();
    for alteration in [
        "alter table t add c serial",
        "alter table t alter v type int using id",
        "alter table t replica identity full",
        "alter publication livewell_shop drop table t; insert into t values (50); \
         alter publication livewell_shop add table t",
    ] {
        postgres.sql(&format!(
            "{alteration}; insert into t (id) select max(id) + 1 from t; insert into u select count(*) from t"
        ));
        follower.agrees(&postgres, "u", &["id"]).unwrap();
        let columns: &[&str] = if alteration.contains("serial") { &["id", "v", "c"] } else { &["id", "v"] };
        follower.agrees(&postgres, "t", columns).unwrap_or_else(|error| panic!("{alteration}: {error}"));
    }
}

#[test]
fn a_publication_that_is_made_again_is_copied_again() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(auto_reset(settings(postgres.url(), &["t"]))).unwrap();
    postgres.sql("drop publication livewell_shop; insert into t values (60)");
    postgres.sql("create publication livewell_shop for table only t; insert into t values (61)");
    // Earlier servers refuse to send what was written without it; the next opening resumes from behind that.
    let began = std::time::Instant::now();
    while follower.ids().len() < 3 {
        assert!(began.elapsed() < super::PATIENCE, "it goes on: {:?}", follower.ids());
        if let Err(error) = follower.step() {
            assert!(error.message.contains("does not exist"), "{error}");
        }
    }
    follower.agrees(&postgres, "t", &["id"]).unwrap();
    assert_eq!(postgres.sql("select slot_name from pg_replication_slots"), super::SLOT);
}

#[test]
fn a_table_that_has_another_name_or_is_gone_is_noticed() {
    let postgres = started(TABLE);
    for settings in [settings(postgres.url(), &["t"]), auto_reset(settings(postgres.url(), &["t"]))] {
        let mut follower = Follower::copied(settings).unwrap();
        postgres.sql("alter table t rename to other; insert into other (id) select max(id) + 1 from other");
        let error = follower.error();
        assert_eq!(error.code, "LW0213", "{error}");
        assert!(error.message.contains("named `public.other` now"), "{error}");
        // With its name it is what it was.
        postgres.sql("alter table other rename to t");
        follower.agrees(&postgres, "t", &["id"]).unwrap();
        follower.driver.kill();
        postgres.sql(&format!("select pg_drop_replication_slot('{}') from pg_sleep(1)", super::SLOT));
    }
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("drop table t");
    let error = follower.error();
    assert_eq!(error.code, "LW0213", "{error}");
    assert!(error.message.contains("was dropped"), "{error}");
}

#[test]
fn a_table_that_is_made_again_or_has_lost_its_key_is_noticed() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
    postgres.sql("insert into t values (2)");
    follower.transaction().unwrap();
    postgres.sql("alter table t replica identity nothing; insert into t values (3)");
    let error = follower.error();
    assert!(error.message.contains("replica identity"), "{error}");
    postgres.sql(&format!("drop table t; {TABLE}; alter publication livewell_shop add table only t"));
    postgres.sql("insert into t values (4)");
    let error = follower.error();
    assert_eq!(error.code, "LW0213", "{error}");
    assert!(error.message.contains("made again"), "{error}");
    follower.driver.reset(Some("t")).unwrap();
    follower.agrees(&postgres, "t", &["id", "v"]).unwrap();
}

#[test]
fn a_table_that_joins_the_publication_is_followed_left_out_or_refused_as_asked() {
    use livewell_source::settings::NewTables;
    for new_tables in [NewTables::Follow, NewTables::Ignore, NewTables::Stop] {
        let postgres = started(TABLE);
        postgres.sql("create publication livewell_shop for all tables");
        let mut settings = settings(postgres.url(), &[]);
        settings.new_tables = new_tables;
        let mut follower = Follower::copied(settings).unwrap();
        postgres.sql("create table t2 (id int primary key); insert into t2 values (1)");
        if new_tables == NewTables::Stop {
            let error = follower.error();
            assert!(error.message.contains("`public.t2` was added"), "{error}");
            continue;
        }
        postgres.sql("insert into t2 values (2); insert into t values (2)");
        follower.agrees(&postgres, "t", &["id"]).unwrap();
        if new_tables == NewTables::Follow {
            follower.agrees(&postgres, "t2", &["id"]).unwrap();
        } else {
            assert_eq!(follower.ids(), super::texts(&["public.t:1", "public.t:2"]));
        }
    }
}

#[test]
fn positions_before_a_repair_are_not_called_checked_afterwards() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLE);
        let mut follower = Follower::copied(settings(postgres.url(), &["t"])).unwrap();
        postgres.sql("insert into t values (2, 'b', 2)");
        follower.agrees(&postgres, "t", &["id"]).unwrap();
        assert_eq!(follower.driver.memory.exact_from, 0);
        // The new row comes before the old ones have their value, and queries may still be there.
        postgres.sql("alter table t add c int default 5; insert into t (id) values (3)");
        follower.agrees(&postgres, "t", &["id", "c"]).unwrap();
        let memory = &follower.driver.memory;
        let positions: Vec<u64> = memory.log.iter().map(|logged| logged.position).collect();
        assert_eq!(positions, [1, 2, 3], "the row, the row, the repair");
        assert_eq!((memory.exact_from, memory.checked), (3, Some(3)));
    }
}
