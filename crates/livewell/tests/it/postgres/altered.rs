//! Tables that are altered while they are followed: rows that nobody touches become what SQL says they are.

use super::cases::{Case, hold};
use super::compared::Table;

const SETUP: &str = "create table t (id int primary key, note text, v varchar(10), n numeric(6,2), i int, \
     at timestamptz(0)); insert into t values (1, 'old', 'a', 1.5, 7, '2024-02-29 12:00+02'), (2, null, 'b', \
     2, 8, null)";
const INSERT: &str = "insert into t (id) values (9)";

fn t() -> Vec<Table> {
    vec![Table::new("t", &["id"])]
}

/// A case that is followed under every policy.
fn followed(name: &'static str, then: &str) -> Case {
    Case::new(name, SETUP, &t(), then).after(INSERT)
}

/// A case that may stop a strict source, which then names the table.
fn copied(name: &'static str, then: &str) -> Case {
    followed(name, then).may_stop(&["public.t", "--table"])
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_go_come_or_move_are_followed_without_a_copy() {
    hold(vec![
        followed("dropped", "alter table t drop note"),
        followed("dropped and added again", "alter table t drop note; alter table t add note text"),
        followed(
            "dropped and added again in one transaction",
            "begin; alter table t drop note; alter table t add note text; commit; insert into t (id, note) \
                 values (3, 'new')",
        ),
        followed("renamed", "alter table t rename note to remark"),
        followed(
            "renamed, and rows with the new name",
            "alter table t rename note to remark; update t set remark = 'x' where id = 2",
        ),
        followed(
            "swapped by three names",
            "begin; alter table t rename note to aside; alter table t rename v to note; alter table t rename \
                 aside to v; commit",
        ),
        followed(
            "swapped, then a third one takes a name that became free",
            "begin; alter table t drop v; alter table t rename note to v; alter table t add note int default \
                 3; commit",
        ),
        followed("added, empty", "alter table t add c int; insert into t (id, c) values (3, 3)"),
        followed(
            "added and its default set afterwards",
            "alter table t add c int; alter table t alter c set default 4",
        ),
        followed(
            "added and rolled back",
            "begin; alter table t add c int default 4; insert into t (id) values (5); rollback",
        ),
        followed(
            "added in a savepoint that is rolled back",
            "begin; insert into t (id) values (3); savepoint s; alter table t add c int default 4; insert \
                 into t (id) values (5); rollback to s; insert into t (id) values (6); commit",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_come_with_one_value_for_all_rows_are_followed_without_a_copy() {
    hold(vec![
        followed("a constant default", "alter table t add c int default 5"),
        followed(
            "a constant default, not null",
            "alter table t add c text not null default 'x y'; update t set c = 'z' where id = 1",
        ),
        followed(
            "a default that is a moment",
            "alter table t add c timestamptz default '2024-01-01 10:00+00'",
        ),
        followed("a default that is an array", "alter table t add c int[] default '{1,2}'"),
        followed(
            "an enum",
            "create type mood as enum ('sad', 'happy'); alter table t add c mood default 'happy'",
        ),
        followed("a stable function", "alter table t add c timestamptz default now()"),
        followed(
            "its default is gone at once",
            "begin; alter table t add c int not null default 7; alter table t alter c drop default; commit",
        )
        .after("insert into t (id, c) values (9, 8)"),
        followed(
            "its default is another one at once",
            "alter table t add c int default 7; alter table t alter c set default 8",
        ),
        followed(
            "two, and one renamed",
            "alter table t add c int default 1, add d int default 2; alter table t rename c to e",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_a_column_that_change_no_value_are_followed_without_a_copy() {
    hold(vec![
        followed("a longer varchar", "alter table t alter v type varchar(20)"),
        followed("varchar to text", "alter table t alter v type text"),
        followed("more digits", "alter table t alter n type numeric(10,2)"),
        followed("not null", "alter table t alter i set not null; insert into t (id, i) values (3, 3)")
            .after(""),
        followed("a default", "alter table t alter i set default 3"),
        followed("an index and a check", "create index on t (i); alter table t add check (i > 0)"),
        followed(
            "statistics, grants and a comment",
            "analyze t; grant select on t to public; comment on table t is 'x'",
        ),
        followed("a rewrite by itself", "vacuum full t; cluster t using t_pkey"),
        followed(
            "an identity and back",
            "alter table t replica identity full; alter table t replica identity default",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_an_alteration_makes_of_old_rows_come_by_a_copy_or_stop_the_source() {
    hold(vec![
        copied(
            "another value for each row, its default gone at once",
            "begin; alter table t add u uuid default gen_random_uuid(); alter table t alter u drop default; \
                 commit; insert into t (id) values (3)",
        ),
        copied("numbers of their own", "alter table t add c serial"),
        copied("an identity", "alter table t add c int generated always as identity"),
        copied(
            "a constant default that a rewrite has spread",
            "alter table t add c int not null default 7; alter table t alter c drop default; vacuum full t",
        )
        .after("insert into t (id, c) values (9, 8)"),
        copied("the same type, other values", "alter table t alter note type text using upper(note)"),
        copied(
            "the same type, other values, and back to the same form",
            "alter table t alter i type int using i + 1; alter table t alter i type int using i * 2",
        ),
        copied("another type", "alter table t alter i type bigint"),
        copied("another type, other values", "alter table t alter i type text using 'n' || i"),
        copied("fewer digits", "alter table t alter n type numeric(6,1)"),
        copied("a shorter varchar", "alter table t alter v type varchar(2)"),
        copied("more of a moment", "alter table t alter at type timestamptz"),
        copied("another kind of moment", "alter table t alter at type timestamp"),
        copied(
            "added, filled, dropped and added again",
            "alter table t add c int; update t set c = 1 where id = 1; alter table t drop c; alter table t \
                 add c int default 5; \
             update t set c = 2 where id = 2; alter table t drop c; alter table t add c int",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_column_that_the_settings_name_stops_the_source_with_both_names() {
    let named = vec![Table::new("t", &["id"]).setting("types", serde_json::json!({ "note": "string" }))];
    // A copy does not help: the settings name what is not there.
    let renamed = Case::new("renamed", SETUP, &named, "alter table t rename note to remark");
    super::refused::stops(&renamed, &["public.t", "`note`", "`remark`"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_whose_type_changes_its_texts_are_noticed_though_nobody_touches_a_row() {
    let setup = "create type mood as enum ('sad', 'happy'); create type pair as (a int, b text); \
         create domain small as int check (value < 100); create table t (id int primary key, m mood, p pair, \
         ms mood[], d small); \
         insert into t values (1, 'sad', row(1, 'x'), '{sad,happy}', 5), (2, 'happy', row(null, 'y'), null, \
         null)";
    let case = |name, then: &str| Case::new(name, setup, &t(), then).after(INSERT);
    let copied = |name, then: &str| case(name, then).may_stop(&["public.t", "--table"]);
    hold(vec![
        copied("a label renamed", "alter type mood rename value 'sad' to 'blue'"),
        copied(
            "a label renamed, then used",
            "alter type mood rename value 'sad' to 'blue'; insert into t (id, m) values (3, 'blue')",
        ),
        case("a label added", "alter type mood add value 'calm'"),
        copied("a field renamed", "alter type pair rename attribute a to c"),
        copied("a field added", "alter type pair add attribute c int"),
        copied("a field dropped", "alter type pair drop attribute b"),
        case("a type renamed", "alter type mood rename to feeling; alter type pair rename to two"),
        case("a domain's check", "alter domain small add check (value > 0)"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_generated_column_that_becomes_an_ordinary_one_brings_its_values() {
    let setup = "create table t (id int primary key, g int generated always as (id * 2) stored); insert into \
         t values (1), (2)";
    let case = |name, then: &str| Case::new(name, setup, &t(), then).may_stop(&["public.t", "--table"]);
    hold(vec![
        case("its expression dropped", "alter table t alter g drop expression")
            .after("insert into t values (3, 30)"),
        case("dropped", "alter table t drop g").after(INSERT),
        case("added", "alter table t add h int generated always as (id + 1) stored").after(INSERT),
        case("another expression", "alter table t alter g set expression as (id * 3)")
            .since(17)
            .after(INSERT),
        case("added, made when it is read", "alter table t add h int generated always as (id + 1) virtual")
            .since(18)
            .after(INSERT),
    ])
    .await;
}
