//! Rules of a copy that only a certain order of events shows: each of these tests fails without its rule.

use super::session::Session;
use super::{Follower, auto_reset, settings, wait_until};
use livewell_services::Postgres;
use livewell_source::SourceError;
use livewell_source::settings::PostgresSettings;

/// Steps until the copy has read more rows; `before` is run whenever the next step may be the one that reads them.
fn range(follower: &mut Follower, mut before: impl FnMut()) -> Result<(), SourceError> {
    let rows = follower.rows_read();
    follower.until("a range is read", |follower| {
        let is_read = follower.rows_read() != rows;
        if !is_read {
            before();
        }
        is_read
    })
}

#[test]
fn a_value_that_was_not_sent_is_not_taken_from_a_row_that_came_into_the_place_of_its_own() {
    for postgres in Postgres::each_version() {
        postgres.sql(
        "create table t (id int primary key, n int, big text); alter table t alter big set storage external; \
         insert into t select g, 0, case when g > 1000 then repeat('o', 2500) end from generate_series(1, 1200) g;",
    );
        let mut follower = Follower::new(settings(postgres.url(), &["t"]));
        follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
        range(&mut follower, || {}).unwrap();
        // In front of what is read next a row moves to where ranges have been, and another one comes into its place, with a
        // value of its own: what the range brings is that one.
        let mut at = 1000;
        for _ in 0..2 {
            range(&mut follower, || {
                at += 1;
                postgres.sql(&format!("update t set id = -id, n = 1 where id = {at}"));
                postgres.sql(&format!("insert into t values ({at}, 2, repeat('z', 3000))"));
            })
            .unwrap();
        }
        assert!(at > 1001, "rows have moved");
        follower.agrees(&postgres, "t", &["id", "n", "big"]).unwrap();
    }
}

#[test]
fn rows_of_a_table_that_has_the_name_for_a_moment_are_not_read() {
    for postgres in Postgres::each_version() {
        let rows = "insert into t select g, 0 from generate_series(1, 100) g";
        postgres.sql(&format!(
            "create table t (id int primary key, n int); {rows}; create table u (id int primary key, n int); \
         insert into u select g, 9 from generate_series(1, 50) g"
        ));
        let swap = "alter table t rename to away; alter table u rename to t; alter table away rename to u";
        let mut follower = Follower::copied(auto_reset(settings(postgres.url(), &["t"]))).unwrap();
        let mut session = Session::open(&postgres);
        session.run(&format!("begin; {swap}"));
        follower.driver.reset(Some("t")).unwrap();
        // While it waits for the lock the names change, and they change back before it looks again.
        let is_waiting = "select 1 from pg_locks where not granted and mode = 'AccessShareLock'";
        std::thread::scope(|scope| {
            let committing = scope.spawn(|| {
                wait_until("the copy waits for the lock", || !postgres.sql(is_waiting).is_empty());
                session.run("commit");
            });
            while !committing.is_finished() {
                follower.step().unwrap();
            }
        });
        postgres.sql(&format!("begin; {swap}; commit"));
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}

#[test]
fn a_table_of_which_a_change_does_not_say_which_row_it_is_of_is_copied_or_stops_the_source() {
    // What identifies the rows is changed and changed back before anybody looks.
    let unclear = "begin; alter table t replica identity using index by_n; delete from t where id < 10; \
         alter table t replica identity default; commit";
    let ways = [(true, false), (true, true), (false, false)];
    for (version, (may_copy, in_copy)) in
        Postgres::versions().into_iter().flat_map(|one| ways.map(|way| (one, way)))
    {
        let postgres = Postgres::start_version(version);
        postgres.sql(
            "create table t (id int primary key, n int not null); create unique index by_n on t (n); \
             insert into t select g, g from generate_series(1, 1000) g; create publication p for table t",
        );
        let published =
            PostgresSettings { publication: Some("p".into()), ..settings(postgres.url(), &["t"]) };
        let settings = if may_copy { auto_reset(published) } else { published };
        let mut follower = Follower::copied(settings).unwrap();
        if in_copy {
            follower.driver.reset(Some("t")).unwrap();
            follower.until("the copy begins", |follower| follower.rows_read().is_some()).unwrap();
        }
        postgres.sql(unclear);
        if !may_copy {
            let error = follower.error();
            assert_eq!(error.code, "LW0213", "{error}");
            assert!(error.message.contains("`livewell reset shop --table public.t`"), "{error}");
            follower.driver.reset(Some("t")).unwrap();
        }
        follower.agrees(&postgres, "t", &["id", "n"]).unwrap();
    }
}
