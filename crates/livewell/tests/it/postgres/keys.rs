//! Keys: which are taken, which are refused and with what advice, and where relationships lead.

use super::cases::{Case, hold};
use super::compared::Table;
use super::refused::at_the_start;

#[tokio::test(flavor = "multi_thread")]
async fn relationships_follow_the_order_of_the_key_and_not_of_the_columns() {
    let setup = "create table c (a int, b int, name text, primary key (b, a)); \
         create table o (id int primary key, cb int, ca int, foreign key (cb, ca) references c (b, a)); \
         insert into c values (1, 2, 'right'), (2, 1, 'wrong'); insert into o values (1, 2, 1)";
    let o = || Table::new("o", &["id"]).label("O");
    let tied = o().tied("OF", "c", &["cb", "ca"], &["b", "a"]);
    let by_default = vec![Table::new("c", &["b", "a"]).label("C"), tied.clone()];
    let by_name = vec![Table::new("c", &["b", "a"]).keyed(), tied];
    let by_an_index =
        vec![Table::new("c", &["a", "b"]).keyed(), o().tied("OF", "c", &["ca", "cb"], &["a", "b"])];
    let then = "insert into c values (3, 4, 'x'), (4, 3, 'y'); insert into o values (2, 4, 3); update o set \
         ca = 2, cb = 1 where id = 1; delete from c where a = 1";
    let indexed = format!("{setup}; alter table c alter a set not null; create unique index on c (a, b)");
    hold(vec![
        Case::new("the primary key by default", setup, &by_default, then),
        Case::new("the primary key by name", setup, &by_name, then),
        Case::new("another unique index", &indexed, &by_an_index, then),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_key_that_updates_and_deletes_do_not_say_is_refused_with_the_key_that_they_do_say() {
    let setup = "create table c (id int primary key, code text not null unique); alter table c replica \
         identity using index c_code_key; \
         create table o (id int primary key, c int references c); insert into c values (1, 'one'), (2, \
         'two'); insert into o values (1, 2)";
    let o = Table::new("o", &["id"]).tied("OF", "c", &["c"], &["id"]);
    let tables = [Table::new("c", &["id"]), o];
    let words = &["LW0211", "public.c", "replica identity", "key: [code]"];
    at_the_start("a replica identity that is not the primary key", setup, &tables, words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_tell_rows_apart_is_refused_with_the_index_that_would() {
    let columns = "k int not null, a text, o int";
    let full = "alter table t replica identity full; insert into t values (1, 'x', 1), (1, 'y', 2)";
    let t = |columns: &[&str]| [Table::new("t", columns).keyed()];
    let words = &["LW0211", "public.t", "CREATE UNIQUE INDEX"];
    let refused = async |name: &str, index: &str, columns_of_key: &[&str]| {
        let setup = format!("create table t ({columns}); {full}; delete from t where a = 'y'; {index}");
        at_the_start(name, &setup, &t(columns_of_key), words).await;
    };
    at_the_start("two rows with one key", &format!("create table t ({columns}); {full}"), &t(&["k"]), words)
        .await;
    refused("no index", "", &["k"]).await;
    refused("an index that is not unique", "create index on t (k)", &["k"]).await;
    refused("a unique index over more", "create unique index on t (k, o)", &["k"]).await;
    refused("a partial index", "create unique index on t (k) where k > 0", &["k"]).await;
    refused("an expression", "create unique index on t (abs(k))", &["k"]).await;
    refused("a column that can be null", "create unique index on t (o)", &["o"]).await;
    refused("a deferrable key", "alter table t add unique (k) deferrable", &["k"]).await;
    refused(
        "a deferred primary key",
        "alter table t add primary key (k) deferrable initially deferred",
        &["k"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stops_to_tell_rows_apart_stops_the_source() {
    let setup = "create table t (k int not null, a text); alter table t replica identity full; \
         create unique index by_k on t (k); insert into t values (1, 'x'), (2, 'y')";
    let tables = [Table::new("t", &["k"]).keyed()];
    let case = |name, then: &str| Case::new(name, setup, &tables, then);
    let words = ["public.t", "CREATE UNIQUE INDEX"];
    super::refused::stops(
        &case("its index is dropped", "drop index by_k; insert into t values (1, 'z')"),
        &words,
    )
    .await;
    super::refused::stops(&case("its column may be null", "alter table t alter k drop not null"), &words)
        .await;
    hold(vec![
        case("its index is made again", "begin; drop index by_k; create unique index by_k2 on t (k); commit")
            .after("insert into t values (3, 'z')"),
        case("a primary key takes its place", "alter table t add primary key (k); drop index by_k")
            .after("update t set a = 'w'"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_move_within_a_transaction_end_where_sql_has_them() {
    let setup =
        "create table t (pos int primary key, a text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')";
    let full = format!("{setup}; alter table t replica identity full");
    let tables = [Table::new("t", &["pos"])];
    let swap = "begin; update t set pos = 0 where pos = 1; update t set pos = 1 where pos = 2; update t set \
         pos = 2 where pos = 0; commit";
    let shift = "begin; update t set pos = -pos - 1; update t set pos = -pos; commit";
    let passing = "begin; insert into t values (7, 'n'); update t set pos = 8 where pos = 7; insert into t \
         values (7, 'm'); delete from t where pos = 8; commit";
    let large =
        "alter table t alter a set storage external; update t set a = repeat('x', 40000) where pos = 1;";
    let mut cases = Vec::new();
    for (setup, identity) in [(setup, "by key"), (full.as_str(), "full")] {
        for (name, then) in [
            ("swapped", swap.to_owned()),
            ("shifted", shift.into()),
            ("passing", passing.into()),
            ("large and swapped", format!("{large} {swap}")),
        ] {
            cases.push(Case::new(
                name,
                &format!("{setup}; comment on table t is '{identity}'"),
                &tables,
                &then,
            ));
        }
    }
    hold(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_keeps_an_order_by_a_deferrable_key_is_refused_or_right() {
    let setup = "create table t (pos int, a text, primary key (pos) deferrable); alter table t replica \
         identity full; insert into t values (1, 'a'), (2, 'b'), (3, 'c')";
    let t = [Table::new("t", &["pos"]).keyed()];
    at_the_start("a deferrable primary key", setup, &t, &["public.t", "pos", "CREATE UNIQUE INDEX"]).await;
}

/// Two tables, and a relationship of `o.c` to `c.id`.
fn pair(key: &str, keys: &str, column: &str, values: &str) -> (String, Vec<Table>) {
    let rows =
        |values: &str| values.split(';').map(|value| format!("({value})")).collect::<Vec<_>>().join(", ");
    let numbered: Vec<String> =
        values.split(';').enumerate().map(|(at, value)| format!("({at}, {value})")).collect();
    let setup = format!(
        "create extension if not exists citext; create table c (id {key} primary key); create table o (id \
             int primary key, c {column}); insert into c values {}; insert into o values {}",
        rows(keys),
        numbered.join(", ")
    );
    let tables = vec![Table::new("c", &["id"]), Table::new("o", &["id"]).tied("OF", "c", &["c"], &["id"])];
    (setup, tables)
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_postgresql_holds_equal_to_a_key_lead_to_it() {
    let case = |name, key: &str, keys: &str, column: &str, values: &str| {
        let (setup, tables) = pair(key, keys, column, values);
        Case::new(name, &setup, &tables, "update o set c = c; delete from o where id = 0")
    };
    let cases = vec![
        case("integers of two sizes", "bigint", "7;8", "smallint", "7;9"),
        case("integer to digits", "numeric(10,2)", "7.00;8.50", "int", "7;8"),
        case("digits to more digits", "numeric(10,2)", "7.00;8.50", "numeric(6,1)", "7.0;8.5"),
        case("digits to fewer digits", "numeric(10,1)", "7.0;8.5", "numeric(10,2)", "7.00;8.51"),
        case("varchar to text", "text", "'a';'b '", "varchar(5)", "'a';'b'"),
        case("char to a shorter char", "char(5)", "'abc';'d'", "char(8)", "'abc';'d'"),
        case(
            "uuid",
            "uuid",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            "uuid",
            "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
        ),
    ];
    hold(cases).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_whose_texts_may_differ_though_they_are_equal_are_refused_by_name() {
    for (name, key, keys, column, values) in [
        ("citext", "citext", "'Abc'", "citext", "'ABC'"),
        ("digits without a scale", "numeric", "7.0", "numeric", "7.00"),
        (
            "text to uuid",
            "uuid",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            "text",
            "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
        ),
        ("floats", "double precision", "0", "double precision", "'-0'"),
        ("lengths of time", "interval", "'24:00'", "interval", "'1 day'"),
        ("documents", "jsonb", "'1.0'", "jsonb", "'1'"),
        ("text to integer", "int", "7", "text", "'7'"),
    ] {
        let (setup, tables) = pair(key, keys, column, values);
        at_the_start(name, &setup, &tables, &["public.o", "`c`", "public.c", "`id`"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relationship_with_another_number_of_columns_than_its_key_is_refused_by_name() {
    let setup = "create table c (a int, b int, primary key (b, a)); create table o (id int primary key, ca \
         int, cb int)";
    for columns in [&["ca"][..], &["ca", "cb", "id"]] {
        let o = Table::new("o", &["id"]).tied("OF", "c", columns, columns);
        let tables = [Table::new("c", &["b", "a"]), o];
        at_the_start("a wrong number", setup, &tables, &["public.o", "OF", "ca", "public.c", "b"]).await;
    }
}
