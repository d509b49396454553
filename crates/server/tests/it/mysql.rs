//! Tables of a real MariaDB, followed by a Livewell that is killed at random moments while money moves between
//! accounts: each transfer comes in once, and whole.

use crate::place::Place;
use livewell_services::{Mariadb, pause};
use serde_json::Value as Json;
use std::process::Stdio;
use std::time::Duration;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 10;
/// How many transfers there are for each kill.
const TRANSFERS: u64 = 40;
const ACCOUNTS: u64 = 10;
/// What is in all accounts together.
const TOTAL: u64 = ACCOUNTS * 100;

#[test]
fn killed_anywhere_every_transfer_comes_in_once_and_whole() {
    let mariadb = Mariadb::start();
    mariadb.sql(&format!(
        "create table account (id int primary key, balance int); \
         create table transfer (id int primary key, source int, target int, amount int); \
         insert into account select seq, 100 from seq_1_to_{ACCOUNTS}"
    ));
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let place = Place::new(&config(&mariadb), &[]);
    for kill in 0..kills {
        let run = ["run", "--log-level", "error", "livewell.yaml"];
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        mariadb.sql(&(kill * TRANSFERS..(kill + 1) * TRANSFERS).map(transfer).collect::<String>());
        pause(Duration::from_millis(100 + kill * 137 % 600));
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
    }
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    let lines = place.read("transfers.jsonl");
    let mut transfers: Vec<i64> = lines.lines().map(|line| number(line, "id")).collect();
    transfers.sort_unstable();
    assert_eq!(transfers, (0..(kills * TRANSFERS).cast_signed()).collect::<Vec<_>>(), "each transfer, once");
    let balances = place.read("balances.jsonl");
    let mut found: Vec<String> =
        balances.lines().map(|line| format!("{}\t{}", number(line, "id"), number(line, "balance"))).collect();
    found.sort_unstable();
    let wanted = mariadb.sql("select id, balance from account order by cast(id as char)");
    assert_eq!(found, wanted.lines().collect::<Vec<_>>(), "the accounts are those of the database");
    for line in place.read("total.jsonl").lines() {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        for row in result["results"].as_array().into_iter().flatten() {
            let total = row["data"]["total"].as_u64().or_else(|| row["after"]["total"].as_u64());
            assert_eq!(total, Some(TOTAL), "no transaction was halved: {line}");
        }
    }
}

#[test]
fn a_table_that_is_altered_is_copied_by_itself_if_the_policy_says_so() {
    let mariadb = Mariadb::start();
    mariadb.sql(
        "create table account (id int primary key, balance int); create table transfer (id int primary key); \
         insert into account values (1, 100), (2, 100)",
    );
    let place = Place::new(
        &config(&mariadb).replace("kind: mysql\n", "kind: mysql\n    recovery: auto_reset\n"),
        &[],
    );
    let run = ["run", "--until-idle", "--log-level", "error", "livewell.yaml"];
    place.livewell(&run).expect(0, &[]);
    mariadb.sql("alter table account modify balance bigint; insert into account values (3, 5000000000)");
    place.livewell(&run).expect(0, &[]);
    let mut balances: Vec<i64> =
        place.read("balances.jsonl").lines().map(|line| number(line, "balance")).collect();
    balances.sort_unstable();
    assert_eq!(balances, [100, 100, 5_000_000_000]);
}

fn transfer(id: u64) -> String {
    let (source, target, amount) = (id * 7 % ACCOUNTS + 1, id * 3 % ACCOUNTS + 1, id % 5 + 1);
    format!(
        "begin; update account set balance = balance - {amount} where id = {source}; \
         update account set balance = balance + {amount} where id = {target}; \
         insert into transfer values ({id}, {source}, {target}, {amount}); commit; "
    )
}

fn number(line: &str, field: &str) -> i64 {
    let row: Json = serde_json::from_str(line).expect("a line is JSON");
    row["data"][field].as_i64().unwrap_or_else(|| panic!("no `{field}` in {line}"))
}

fn config(mariadb: &Mariadb) -> String {
    format!(
        "store: {{ kind: embedded, path: data, durability: os }}\n\
         sources:\n\
         \x20 - id: bank\n\
         \x20   kind: mysql\n\
         \x20   url: '{}'\n\
         \x20   tables: [ {{ table: account, label: Account }}, {{ table: transfer, label: Transfer }} ]\n\
         queries:\n\
         \x20 - {{ id: balances, sources: [bank], cypher: 'MATCH (a:Account) RETURN a.id AS id, a.balance AS balance' }}\n\
         \x20 - {{ id: transfers, sources: [bank], cypher: 'MATCH (t:Transfer) RETURN t.id AS id' }}\n\
         \x20 - {{ id: total, sources: [bank], cypher: 'MATCH (a:Account) RETURN sum(a.balance) AS total' }}\n\
         reactions:\n\
         \x20 - {{ id: balances-now, kind: file, queries: [balances], path: balances.jsonl, mode: table }}\n\
         \x20 - {{ id: transfers-now, kind: file, queries: [transfers], path: transfers.jsonl, mode: table }}\n\
         \x20 - {{ id: totals, kind: file, queries: [total], path: total.jsonl }}\n",
        mariadb.url()
    )
}
