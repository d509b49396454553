//! Topics of Kafka, followed by a Livewell that is killed at random moments while money moves between accounts in
//! transactions: each comes in once, and whole.

use crate::place::Place;
use livewell_services::{Kafka, pause};
use serde_json::Value as Json;
use std::process::Stdio;
use std::time::Duration;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 10;
/// How many transfers there are for each kill.
const TRANSFERS: u64 = 20;
const ACCOUNTS: u64 = 10;
/// What is in all accounts together.
const TOTAL: i64 = 1_000;

#[test]
fn killed_anywhere_every_transfer_comes_in_once_and_whole() {
    let kafka = Kafka::start();
    let mut bank = Bank::new(&kafka);
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let place = Place::new(&bank.config(), &[]);
    for kill in 0..kills {
        let run = ["run", "--log-level", "error", "livewell.yaml"];
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        (kill * TRANSFERS..(kill + 1) * TRANSFERS).for_each(|id| bank.transfer(id));
        pause(Duration::from_millis(50 + kill * 137 % 400));
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
    }
    place.livewell(&["run", "--until-idle", "--log-level", "error", "livewell.yaml"]).expect(0, &[]);
    let lines = place.read("transfers.jsonl");
    let mut transfers: Vec<i64> = lines.lines().map(|line| number(line, "id")).collect();
    transfers.sort_unstable();
    let committed = (0..kills * TRANSFERS).filter(|id| !bank.aborts(*id)).map(u64::cast_signed);
    assert_eq!(transfers, committed.collect::<Vec<_>>(), "each transfer, once");
    let balances = place.read("balances.jsonl");
    let mut found: Vec<(i64, i64)> =
        balances.lines().map(|line| (number(line, "id"), number(line, "balance"))).collect();
    found.sort_unstable();
    assert_eq!(found, (0..).zip(bank.balances).collect::<Vec<_>>(), "the accounts are those of the bank");
    let mut totals = 0;
    for line in place.read("total.jsonl").lines() {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        for row in result["results"].as_array().into_iter().flatten() {
            let total = row["data"]["total"].as_i64().or_else(|| row["after"]["total"].as_i64());
            assert_eq!(total, Some(TOTAL), "no transaction was halved: {line}");
            totals += 1;
        }
    }
    assert!(totals > 0, "there was a total");
}

/// Accounts, and what moves between them.
struct Bank<'a> {
    kafka: &'a Kafka,
    /// The topics of accounts and of transfers.
    topics: [String; 2],
    balances: Vec<i64>,
}

impl<'a> Bank<'a> {
    fn new(kafka: &'a Kafka) -> Self {
        let topics = [kafka.topic("accounts", 1), kafka.topic("transfers", 3)];
        let bank = Self { kafka, topics, balances: vec![TOTAL / ACCOUNTS.cast_signed(); ACCOUNTS as usize] };
        kafka.begin("bank");
        bank.write(&bank.balances, 0..ACCOUNTS);
        kafka.commit("bank");
        bank
    }

    fn write(&self, balances: &[i64], accounts: impl IntoIterator<Item = u64>) {
        let row = |id: u64| (id.to_string(), format!(r#"{{"id":{id},"balance":{}}}"#, balances[id as usize]));
        let rows: Vec<(String, String)> = accounts.into_iter().map(row).collect();
        let records: Vec<_> = rows.iter().map(|(key, row)| (0, key.as_str(), Some(row.as_str()))).collect();
        self.kafka.send(&self.topics[0], "bank", &records);
    }

    /// Returns whether a transfer is one of those that the bank aborts. The imitation leaves out the records of aborted
    /// transactions, and not their marks: a log with holes that nobody compacted, which the source refuses.
    fn aborts(&self, id: u64) -> bool {
        id % 7 == 3 && !self.kafka.is_ours()
    }

    fn transfer(&mut self, id: u64) {
        let (from, to, amount) = (id * 7 % ACCOUNTS, (id * 3 + 1) % ACCOUNTS, (id % 5 + 1).cast_signed());
        let mut balances = self.balances.clone();
        balances[from as usize] -= amount;
        balances[to as usize] += amount;
        self.kafka.begin("bank");
        self.write(&balances, [from, to]);
        let transfer = format!(r#"{{"id":{id},"amount":{amount}}}"#);
        self.kafka.send(&self.topics[1], "bank", &[((id % 3) as i32, "", Some(&transfer))]);
        if self.aborts(id) {
            self.kafka.abort("bank");
        } else {
            self.kafka.commit("bank");
            self.balances = balances;
        }
    }

    fn config(&self) -> String {
        let (url, [accounts, transfers]) = (self.kafka.url(), &self.topics);
        format!(
            "store: {{ kind: embedded, path: data, durability: os }}\n\
             sources:\n\
             \x20 - {{ id: bank, kind: kafka, url: '{url}', topic: {accounts}, node: {{ label: Account, id: 'a:{{id}}' }} }}\n\
             \x20 - {{ id: moves, kind: kafka, url: '{url}', topic: {transfers}, node: {{ label: Transfer, id: 't:{{id}}' }} }}\n\
             queries:\n\
             \x20 - {{ id: balances, sources: [bank], cypher: 'MATCH (a:Account) RETURN a.id AS id, a.balance AS balance' }}\n\
             \x20 - {{ id: transfers, sources: [moves], cypher: 'MATCH (t:Transfer) RETURN t.id AS id' }}\n\
             \x20 - {{ id: total, sources: [bank], cypher: 'MATCH (a:Account) RETURN sum(a.balance) AS total' }}\n\
             reactions:\n\
             \x20 - {{ id: balances-now, kind: file, queries: [balances], path: balances.jsonl, mode: table }}\n\
             \x20 - {{ id: transfers-now, kind: file, queries: [transfers], path: transfers.jsonl, mode: table }}\n\
             \x20 - {{ id: totals, kind: file, queries: [total], path: total.jsonl }}\n"
        )
    }
}

fn number(line: &str, field: &str) -> i64 {
    let row: Json = serde_json::from_str(line).expect("a line is JSON");
    row["data"][field].as_i64().unwrap_or_else(|| panic!("no `{field}` in {line}"))
}
