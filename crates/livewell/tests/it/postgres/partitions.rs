//! Partitions that come, go, move and are emptied: their rows come and go with them.

use super::cases::{Case, hold};
use super::compared::Table;

const SETUP: &str = "create table t (id int, d int, a text, primary key (id, d)) partition by range (d); \
     create table t1 partition of t for values from (0) to (10); \
     create table t2 partition of t for values from (10) to (20); \
     create table rest partition of t default; \
     create table t3 (id int, d int, a text, primary key (id, d)); insert into t3 values (9, 25, 'x'); \
     insert into t values (1, 1, 'a'), (2, 2, 'b'), (3, 11, 'c'), (4, 12, 'd'), (5, 99, 'e')";
const ATTACH: &str = "alter table t attach partition t3 for values from (20) to (30);";

fn t() -> Vec<Table> {
    vec![Table::new("t", &["id", "d"])]
}

fn followed(name: &'static str, then: &str) -> Case {
    Case::new(name, SETUP, &t(), then)
        .after("insert into t values (20, 5, 'later'), (21, 15, 'later'), (22, 25, 'later')")
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_come_and_go_take_their_rows_along() {
    hold(vec![
        followed("attached with rows", ATTACH),
        followed(
            "attached empty, then filled",
            &format!("truncate t3; {ATTACH} insert into t values (7, 21, 'f')"),
        ),
        followed(
            "made",
            "create table t4 partition of t for values from (30) to (40); insert into t values \
             (7, 31, 'f')",
        ),
        followed("detached", "alter table t detach partition t1")
            .after("insert into t values (20, 15, 'later')"),
        followed(
            "detached while it is used",
            "alter table t detach partition rest; alter table t detach partition t1 concurrently",
        )
        .after("insert into t values (20, 15, 'later')"),
        followed("dropped", "drop table t2").after("insert into t values (20, 15, 'later')"),
        followed("the default one dropped", "drop table rest")
            .after("insert into t values (20, 15, 'later')"),
        followed(
            "all of that",
            &format!("{ATTACH} alter table t detach partition t1; drop table t2; truncate t3"),
        )
        .after("insert into t values (20, 15, 'later')"),
        followed(
            "all of that at once",
            &format!("begin; {ATTACH} alter table t detach partition t1; drop table t2; truncate t3; commit"),
        )
        .after("insert into t values (20, 15, 'later')"),
        followed(
            "detached, changed and attached again",
            "alter table t detach partition t1; update t1 set a = 'z'; delete from t1 where id = 1; \
             insert into t1 values (8, 8, 'n'); alter table t attach partition t1 for values from (0) to \
             (10)",
        ),
        followed(
            "replaced by a table of the same name",
            "begin; alter table t detach partition t2; drop table t2; \
             create table t2 (id int, d int, a text, primary key (id, d)); insert into t2 values (3, 11, \
             'other'); alter table t attach partition t2 for values from (10) to (20); commit",
        ),
        followed(
            "swapped bounds",
            "begin; alter table t detach partition t1; alter table t detach partition t2; \
             update t1 set d = d + 10; update t2 set d = d - 10; alter table t attach partition t1 for \
             values from (10) to (20); \
             alter table t attach partition t2 for values from (0) to (10); commit",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_is_emptied_loses_its_rows_and_no_others() {
    hold(vec![
        followed("a leaf", "truncate t1"),
        followed(
            "a leaf, and rows in the same transaction",
            "begin; insert into t values (6, 6, 'f'); truncate t1; insert into t values (7, 7, 'g'); commit",
        ),
        followed("the root", "truncate t"),
        followed("the root, refilled", "begin; truncate t; insert into t values (1, 12, 'again'); commit"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_move_between_partitions_stay_themselves() {
    hold(vec![
        followed("moved", "update t set d = d + 10 where d < 10"),
        followed("moved with another key", "update t set d = d + 10, id = id + 50 where d < 10"),
        followed(
            "into the default one and back",
            "update t set d = 50 where id = 1; update t set d = 3 where id = 1",
        ),
        followed(
            "moved, and large",
            "alter table t alter a set storage external; update t set a = repeat('x', 40000) where id = 1; \
             update t set d = 15 where id = 1; update t set d = 16 where id = 1",
        ),
        followed(
            "out of the default one by a new partition",
            "begin; create table t9 (like t including all); \
             with moved as (delete from rest where d = 99 returning *) insert into t9 select * from moved; \
             alter table t attach partition t9 for values from (90) to (100); commit",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_of_partitions_and_other_names_are_followed() {
    let sub = "create table s (id int, d int, a text, primary key (id, d)) partition by list (id); \
         create table s1 partition of s for values in (1, 2, 3); create table s2 partition of s for values \
         in (4, 5, 6); insert into s values (1, 21, 'p'), (4, 22, 'q');";
    let attach = format!("{sub} alter table t attach partition s for values from (20) to (30);");
    let later = "insert into t values (20, 5, 'later')";
    let attached = |name, then: &str| Case::new(name, &format!("{SETUP}; {attach}"), &t(), then).after(later);
    hold(vec![
        followed("a tree attached", &attach).after(later),
        attached("its leaf dropped", "drop table s1"),
        attached("its leaf detached", "alter table s detach partition s2"),
        attached("its leaf emptied", "truncate s1"),
        attached(
            "its leaf made",
            "create table s3 partition of s for values in (7); insert into t values (7, 27, 'r')",
        ),
        attached("the tree detached", "alter table t detach partition s"),
        attached("the tree dropped", "drop table s"),
        attached("moved within it", "update t set id = 5 where id = 1"),
        followed("a leaf renamed", "alter table t1 rename to first; insert into t values (7, 7, 'g')"),
        followed(
            "a leaf renamed, and another gets its name",
            "begin; alter table t1 rename to x; alter table t2 rename to t1; \
             alter table x rename to t2; commit; insert into t values (7, 7, 'g'), (8, 18, 'h')",
        ),
        followed(
            "a leaf in another schema",
            "create schema other; alter table t1 set schema other; insert into t values (7, 7, 'g')",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_of_a_partitioned_table_change_in_all_leaves() {
    let copied = |name, then: &str| followed(name, then).may_stop(&["public.t", "--table"]);
    let other_order = "create table o (gone int, a text, d int not null, id int not null); alter table o \
         drop gone; \
         insert into o values ('far', 25, 9); alter table t attach partition o for values from (20) to (30);";
    hold(vec![
        followed("a leaf with another order of columns", other_order),
        followed(
            "such a leaf, moved into",
            &format!("{other_order} update t set d = 26 where id = 1; update t set a = 'y' where d = 26"),
        ),
        followed("a column renamed", "alter table t rename a to b").after(""),
        followed("a column dropped", "alter table t drop a").after("insert into t values (20, 5)"),
        followed("a constant default", "alter table t add c int default 4"),
        followed(
            "a constant default, then a leaf with rows of its own",
            &format!("alter table t add c int default 4; alter table t3 add c int default 5; {ATTACH}"),
        ),
        copied("a leaf that was rewritten", "alter table t add c int default 4; vacuum full t1"),
        copied(
            "another value for each row",
            "alter table t add u uuid default gen_random_uuid(); alter table t alter u drop default",
        ),
        copied("the same type, other values", "alter table t alter a type text using upper(a)"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_of_a_publication_through_the_root_come_and_go_too() {
    let setup = format!("{SETUP}; create publication p for table t with (publish_via_partition_root = true)");
    let case = |name, then: &str| {
        let extra = serde_json::json!({ "publication": "p" });
        Case::new(name, &setup, &t(), then).extra(extra).may_stop(&["public.t", "--table"])
    };
    hold(vec![
        case("attached with rows", ATTACH),
        case("detached", "alter table t detach partition t1"),
        case("dropped", "drop table t2"),
        case("a leaf emptied", "truncate t1"),
        case("moved", "update t set d = d + 10 where d < 10"),
    ])
    .await;
}
