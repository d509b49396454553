//! What a server shows of a source that follows a real PostgreSQL, and what can be asked of it.

use super::running::{Answer, Events, Running};
use livewell_services::{Browser, Postgres, pause};
use serde_json::{Value as Json, json};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const TABLES: &str = "create table t (id int primary key, x int); insert into t values (1, 10), (2, 20); \
                      create table u (id int primary key); insert into u values (7);";
const SHOP: &str = "/api/v1/sources/shop";
const RESULTS: &str = "/api/v1/queries/all/results";

fn start(postgres: &Postgres, more: &str) -> Running {
    Running::of(&format!(
        "store: {{ kind: embedded, path: data, durability: os }}\n\
         server:\n  listen: 127.0.0.1:0\n\
         sources:\n  - id: shop\n    kind: postgres\n    url: '{}'\n    \
         tables: [ {{ table: public.t }}, {{ table: u }} ]\n\
         queries:\n  - {{ id: all, sources: [shop], cypher: 'MATCH (n:t) RETURN n.id AS id, n.x AS x' }}\n\
         \x20 - {{ id: sum, sources: [all], cypher: 'MATCH (r:all) RETURN sum(r.x) AS x' }}\n{more}",
        postgres.url()
    ))
}

#[track_caller]
fn until(running: &Running, path: &str, is: impl Fn(&Answer) -> bool) -> Json {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = running.get(path);
        if is(&answer) {
            return answer.json();
        }
        assert!(Instant::now() < deadline, "{path}: {}", answer.body);
        pause(Duration::from_millis(10));
    }
}

#[track_caller]
fn until_in(running: &Running, path: &str, state: &str) -> Json {
    until(running, path, |answer| answer.json()["state"] == state)
}

fn xs(results: &Json) -> Vec<i64> {
    let rows = results["rows"].as_array().into_iter().flatten();
    let mut xs: Vec<i64> = rows.filter_map(|row| row["data"]["x"].as_i64()).collect();
    xs.sort_unstable();
    xs
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, part: &str) {
    assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{}", answer.body);
    assert!(answer.body.contains(part), "`{part}` is not in: {}", answer.body);
}

const SLEEPING: &str = "from pg_stat_activity where wait_event = 'PgSleep'";

/// Somebody who has the table `t` to themselves, so that no copy of it can begin.
fn lock(postgres: &Postgres) -> Child {
    let mut psql = postgres.program("psql");
    psql.args(["-X", "-q", "-c", "begin; lock table t; select pg_sleep(600)"]).stderr(Stdio::null());
    let child = psql.spawn().unwrap();
    while postgres.sql(&format!("select count(*) {SLEEPING}")) != "1" {
        pause(Duration::from_millis(10));
    }
    child
}

#[test]
fn a_table_that_was_altered_is_copied_again_by_the_command_that_the_error_names() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    let running = start(&postgres, "");
    until(&running, RESULTS, |answer| answer.status == 200 && xs(&answer.json()) == [10, 20]);
    // No row of it is sent: only the catalogs show that something has changed.
    postgres.sql("alter table t alter x type bigint using x + 1; insert into t values (3, 30)");
    let error = until_in(&running, SHOP, "error")["error"].to_string();
    assert!(error.contains("`livewell reset shop --table public.t`"), "{error}");
    let reset = running.command(&["reset", "shop", "--table", "public.t"]);
    assert!(reset.status.success(), "{}", super::text(&reset.stderr));
    assert!(super::text(&reset.stdout).contains("the table `public.t` of `shop` is being copied again"));
    until(&running, RESULTS, |answer| xs(&answer.json()) == [11, 21, 30]);
    assert_eq!(until_in(&running, SHOP, "caught_up")["epoch"], "1", "the source goes on in its epoch");
}

#[test]
fn a_reset_of_a_table_that_is_not_followed_resets_nothing_and_names_those_that_are() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    let running =
        start(&postgres, "  - { id: ids, sources: [shop], cypher: 'MATCH (n:u) RETURN n.id AS id' }\n");
    until_in(&running, SHOP, "caught_up");
    let post = |path: &str| running.ask("POST", path, "", "");
    let reset = |query: &str| post(&format!("{SHOP}/reset?{query}"));
    refused(&reset("table=u&table=public.tt"), 400, "LW0538", "did you mean `public.t`?");
    refused(&reset("table=orders"), 400, "LW0538", "known are `public.t`, `u`");
    refused(&reset("tabel=u"), 400, "LW0701", "it takes `table`");
    refused(&post("/api/v1/queries/all/reset?table=u"), 400, "LW0538", "not a source");
    refused(&post("/api/v1/sources/all/reset?table=u"), 404, "LW0501", "`all`");
    let command = running.command(&["reset", "shop", "--table", "public.u", "--table", "x y&z"]);
    let said = super::text(&command.stderr);
    assert!(
        command.status.code() == Some(1) && said.contains("`x y&z`") && said.contains("[LW0538]"),
        "{said}"
    );
    assert_eq!(running.get(SHOP).json()["state"], "caught_up");
    assert_eq!(reset("table=t&table=public.u").status, 202);
    assert_eq!(reset("").status, 202, "without a table it is all of them");
    until_in(&running, SHOP, "caught_up");
    assert_eq!(xs(&running.get(RESULTS).json()), [10, 20]);
}

#[test]
fn a_source_of_a_whole_publication_knows_its_tables_too() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    postgres.sql("create publication everything for all tables");
    let running = Running::of(&format!(
        "store: {{ kind: memory }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: shop, kind: postgres, url: '{}', publication: everything }}\n",
        postgres.url()
    ));
    until_in(&running, SHOP, "caught_up");
    let reset = |table: &str| running.ask("POST", &format!("{SHOP}/reset?table={table}"), "", "");
    refused(&reset("public.ttt"), 400, "LW0538", "did you mean `public.t`?");
    assert_eq!(reset("u").status, 202);
    until_in(&running, SHOP, "caught_up");
}

#[test]
fn status_and_metrics_say_how_far_a_source_is_outside() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLES);
        let mut running = start(&postgres, "");
        until_in(&running, "/api/v1/queries/sum", "caught_up");
        postgres.sql("update t set x = 11 where id = 1");
        until(&running, RESULTS, |answer| xs(&answer.json()) == [11, 20]);
        let is_told = |answer: &Answer| {
            let one = answer.json();
            one["state"] == "caught_up"
                && one["checked"] == true
                && one["upstream"]["last_commit"].is_string()
        };
        let shop = until(&running, SHOP, is_told);
        let upstream = &shop["upstream"];
        assert!(upstream["behind_bytes"].is_u64() && upstream["kept_bytes"].is_u64(), "{shop}");
        assert_eq!((&upstream["lag_seconds"], &upstream["copy"]), (&json!(0.0), &Json::Null), "{shop}");
        let committed = postgres.sql("select to_char(now() at time zone 'utc', 'YYYY-MM-DD')");
        assert!(upstream["last_commit"].as_str().unwrap().starts_with(&committed), "{shop}");
        for query in ["all", "sum"] {
            let query = running.get(&format!("/api/v1/queries/{query}")).json();
            assert_eq!((&query["checked"], &query["upstream"]), (&json!(true), &Json::Null), "{query}");
        }
        let metrics = running.get("/metrics").body;
        assert!(
            metrics.lines().any(|line| line == r#"livewell_source_checked{kind="source",id="shop"} 1.0"#)
        );
        for name in ["behind_bytes", "kept_bytes", "last_commit_timestamp_seconds"] {
            let line = format!(r#"livewell_source_{name}{{kind="source",id="shop"}} "#);
            let value = metrics
                .lines()
                .find_map(|have| have.strip_prefix(&line))
                .unwrap_or_else(|| panic!("{metrics}"));
            assert!(value.parse::<f64>().unwrap() >= 0.0, "{name}: {value}");
        }
        assert!(!metrics.contains("livewell_source_copy_rows{"), "there is no copy");
        let shown = running.command(&["status"]);
        let (shown, widest) = (super::text(&shown.stdout).to_owned(), 100);
        assert!(shown.contains("checked") && shown.contains("yes"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= widest), "{shown}");
        // So does the console, and the store once nobody runs it.
        let browser = Browser::start();
        for view in ["#/sources/shop", "#/queries/sum"] {
            browser.open("about:blank");
            browser.open(&format!("http://{}/{view}", running.address));
            let is_checked = "return document.body.textContent.includes('checked against its database')";
            browser.wait_for(is_checked, &json!(true));
        }
        running.stop();
        let store = running.store();
        let store = store.to_str().expect("a path of this test is text");
        let stored = super::livewell(&["status", "--format", "json", "--store", store]);
        let stored: Json = serde_json::from_slice(&stored.stdout).expect("JSON");
        for at in ["/sources/0/checked", "/queries/0/checked", "/queries/1/checked"] {
            assert_eq!(stored.pointer(at), Some(&json!(true)), "{at}: {stored}");
        }
    }
}

#[test]
fn rows_that_are_not_checked_yet_say_so_wherever_they_are_read() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    let running = start(&postgres, "");
    let checked = |is: bool| move |answer: &Answer| answer.status == 200 && answer.json()["checked"] == is;
    until(&running, RESULTS, checked(true));
    let sum = until(&running, "/api/v1/queries/sum/results?limit=10", checked(true));
    assert_eq!(xs(&sum), [30]);
    let quiet = running.command(&["results", "all"]);
    assert_eq!(super::text(&quiet.stderr), "");
    postgres.sql("alter table t alter x type bigint using x + 1");
    until_in(&running, SHOP, "error");
    let mut open = lock(&postgres);
    assert!(running.command(&["reset", "shop", "--table", "t"]).status.success());
    postgres.sql("update u set id = 8");
    until(&running, RESULTS, checked(false));
    let shop = until(&running, SHOP, |answer| {
        let upstream = answer.json()["upstream"].clone();
        upstream["copy"].is_object() && upstream["waits_for"].is_string()
    });
    let copy = &shop["upstream"]["copy"];
    assert!(
        copy["tables"].is_array() && copy["rows"].is_u64() && copy["rows_per_second"].is_number(),
        "{shop}"
    );
    assert_eq!(shop["checked"], json!(false), "{shop}");
    let metrics = running.get("/metrics").body;
    for name in ["checked", "copy_rows"] {
        assert!(
            metrics.contains(&format!(r#"livewell_source_{name}{{kind="source",id="shop"}} "#)),
            "{metrics}"
        );
    }
    let mut events = Events::of(running.open("GET", "/api/v1/queries/all/changes", "", ""));
    let end = std::iter::from_fn(|| events.next()).find(|(name, ..)| name == "snapshot_end").unwrap();
    assert_eq!(end.2["checked"], json!(false));
    let noted = running.command(&["results", "all"]);
    let said = super::text(&noted.stderr);
    assert!(noted.status.success() && said.contains("`all` are not checked yet"), "{said}");
    let shown = running.command(&["status"]);
    let shown = super::text(&shown.stdout);
    assert!(shown.contains("   no\n") && shown.contains("shop: copying `public.t`: 0"), "{shown}");
    postgres.sql(&format!("select pg_terminate_backend(pid) {SLEEPING}"));
    open.wait().unwrap();
    until(&running, RESULTS, checked(true));
}

#[test]
fn a_long_copy_logs_how_far_it_is() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    postgres.sql("analyze");
    let mut running = start(&postgres, "");
    until_in(&running, SHOP, "caught_up");
    let mut open = lock(&postgres);
    assert!(running.command(&["reset", "shop", "--table", "t"]).status.success());
    // One line comes every ten seconds.
    pause(Duration::from_secs(12));
    postgres.sql(&format!("select pg_terminate_backend(pid) {SLEEPING}"));
    open.wait().unwrap();
    until_in(&running, SHOP, "caught_up");
    let log = running.stop();
    let line = log.lines().find(|line| line.contains("rows_per_second")).unwrap_or_else(|| panic!("{log}"));
    for part in ["INFO", "copying", "shop", "public.t", "rows=0", "rows_expected=2", "rows_per_second="] {
        assert!(line.contains(part), "`{part}` is not in: {line}");
    }
}

#[test]
fn slots_that_nobody_uses_are_listed_with_the_statement_that_drops_them() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLES);
        for name in ["livewell_old_abc123", "another"] {
            postgres.sql(&format!("select pg_create_logical_replication_slot('{name}', 'pgoutput')"));
        }
        let mut running = start(&postgres, "");
        until_in(&running, SHOP, "caught_up");
        let log = running.stop();
        let statement = "SELECT pg_drop_replication_slot('livewell_old_abc123')";
        let line = log.lines().find(|line| line.contains(statement)).unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains("WARN") && line.contains("bytes"), "{line}");
        assert!(!log.contains("`another`") && !log.contains("`livewell_shop"), "{log}");
        let slots = postgres.sql("select count(*) from pg_replication_slots");
        assert_eq!(slots, "3", "none is dropped");
    }
}

#[test]
fn a_source_of_all_tables_does_not_follow_what_its_own_reaction_writes() {
    for postgres in Postgres::each_version() {
        postgres.sql(TABLES);
        postgres.sql("create publication everything for all tables");
        let url = postgres.url();
        let running = Running::of(&format!(
            "store: {{ kind: embedded, path: data, durability: os }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: shop, kind: postgres, url: '{url}', publication: everything }}\n\
         queries:\n  - {{ id: all, sources: [shop], cypher: 'MATCH (n:t) RETURN n.id AS id, n.x AS x' }}\n\
         reactions:\n  - {{ id: mirror, kind: postgres, queries: [all], url: '{url}', table: mirror, key: [id] }}\n"
        ));
        let sum = |expected: &str| {
            let deadline = Instant::now() + Duration::from_secs(30);
            let is_there = || !postgres.sql("select to_regclass('mirror')").is_empty();
            while !is_there() || postgres.sql("select sum(x) from mirror") != expected {
                assert!(Instant::now() < deadline, "{}", running.get("/api/v1/reactions/mirror").body);
                pause(Duration::from_millis(10));
            }
        };
        sum("30");
        for x in 1..=5 {
            postgres.sql(&format!("update t set x = {x}"));
            sum(&(2 * x).to_string());
        }
        // What the reaction writes would come back as elements and transactions of its own.
        postgres.sql("insert into u values (99)");
        let shop = until(&running, SHOP, |answer| answer.json()["rows"] == 4);
        assert_eq!(shop["sequence"], 6, "{shop}");
    }
}
