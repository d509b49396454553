//! Partitions: followed as rows of their table, attached, detached and dropped.

use super::{Follower, settings, started, texts};

const TABLE: &str = "create table p (id int primary key, v int) partition by range (id); \
     create table p1 partition of p for values from (0) to (1000); \
     create table p2 partition of p for values from (1000) to (2000); insert into p values (1, 1), (1001, 1);";

#[test]
fn partitions_come_as_rows_of_their_table() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["p"])).unwrap();
    assert_eq!(follower.ids(), texts(&["public.p:1", "public.p:1001"]));
    postgres.sql("update p set id = 1500, v = 2 where id = 1");
    follower.transaction().unwrap();
    assert_eq!(follower.ids(), texts(&["public.p:1001", "public.p:1500"]));
    let publication = "select pubviaroot from pg_publication where pubname = 'livewell_shop'";
    assert_eq!(postgres.sql(publication), "f");
}

#[test]
fn a_truncated_partition_loses_its_rows_and_no_others() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["p"])).unwrap();
    postgres.sql("truncate p1");
    follower.transaction().unwrap();
    assert_eq!(follower.ids(), texts(&["public.p:1001"]));
    postgres.sql("insert into p values (2, 2); truncate p");
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
    assert!(follower.ids().is_empty());
}

#[test]
fn an_attached_partition_brings_its_rows_and_a_detached_or_dropped_one_takes_them_away() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["p"])).unwrap();
    postgres.sql("create table p3 (id int primary key, v int); insert into p3 select g, 3 from generate_series(2000, 2999) g");
    postgres.sql("alter table p attach partition p3 for values from (2000) to (3000)");
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
    assert_eq!(follower.ids().len(), 1_002);
    postgres.sql(
        "update p set v = 4 where id = 2500; alter table p detach partition p3; insert into p values (3, 3)",
    );
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
    assert_eq!(follower.ids().len(), 3);
    // What happens to it now is nobody's business here.
    postgres.sql("update p3 set v = 5; drop table p2; insert into p values (4, 4)");
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
    assert_eq!(follower.ids(), texts(&["public.p:1", "public.p:3", "public.p:4"]));
    postgres.sql("alter table p attach partition p3 for values from (2000) to (3000)");
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
}

#[test]
fn a_new_partition_is_followed_from_its_first_row_on() {
    let postgres = started(TABLE);
    let mut follower = Follower::copied(settings(postgres.url(), &["p"])).unwrap();
    postgres.sql(
        "begin; create table p3 partition of p for values from (2000) to (3000); \
         insert into p values (2001, 1), (2, 2); commit; update p set v = 3 where id = 2001",
    );
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
}

#[test]
fn partitions_come_and_go_during_the_first_copy() {
    let postgres = started(&format!(
        "{TABLE} insert into p select g, 0 from generate_series(2, 999) g; \
         insert into p select g, 0 from generate_series(1002, 1999) g; \
         create table p3 (id int primary key, v int); insert into p3 select g, 3 from generate_series(2000, 2999) g"
    ));
    let mut follower = Follower::new(settings(postgres.url(), &["p"]));
    follower
        .copy_with(|range| {
            postgres.sql(&format!("update p set v = v + 1 where id % 3 = {range} % 3"));
            match range {
                1 => drop(postgres.sql("alter table p attach partition p3 for values from (2000) to (3000)")),
                2 => drop(postgres.sql("alter table p detach partition p1")),
                3 => drop(postgres.sql("drop table p2")),
                _ => {}
            }
        })
        .unwrap();
    follower.agrees(&postgres, "p", &["id", "v"]).unwrap();
}
