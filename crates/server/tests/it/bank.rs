//! A bank in PostgreSQL: while money moves, Livewell is killed at random moments and its connections are cut. No
//! result and no look at a synced table ever shows half of a transfer or the same one twice, and in the end the rows
//! and the table are the database's.

use crate::place::Place;
use livewell_services::{Postgres, Proxy, pause};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: usize = 100;
const ROUNDS: usize = 3;

const TABLES: &str = "create table account (id int primary key, balance bigint, moves bigint); \
     create table entry (id bigserial primary key, source int, target int, amount bigint); \
     create table filler (id int primary key, text text); \
     insert into account select g, 1000, 0 from generate_series(1, 40) g; \
     insert into filler select g, repeat('x', 100) from generate_series(1, 5000) g;";

/// One statement moves the money, another notes it; now and then many accounts take part.
const TRANSFER: &str = "\\set a random(1, 40)\n\\set b random(1, 40)\n\\set v random(1, 100)\nbegin;\n\
     update account set balance = balance + case id when :a then -:v else :v end, moves = moves + 1 \
     where id in (:a, :b) and :a <> :b;\ninsert into entry (source, target, amount) values (:a, :b, :v);\ncommit;\n";

#[test]
fn killed_anywhere_no_transfer_is_halved_lost_or_repeated() {
    let postgres = Postgres::start();
    postgres.sql(TABLES);
    let kills: usize = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let mut random = std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"));
    let mut checked = 0;
    for round in 0..ROUNDS {
        checked += Round::new(&postgres, round).run(&postgres, kills / ROUNDS + 1, &mut random);
    }
    assert!(checked > kills, "results came while it was killed: {checked}");
}

/// How long it lives between two kills. Where nothing comes of three lives, as on a machine that has much else to do, the
/// next ones are longer.
#[derive(Default)]
struct Life {
    doublings: u32,
    barren: u32,
    written: u64,
}

impl Life {
    fn next(&self, random: &mut u64) -> Duration {
        Duration::from_millis(below(random, 400 << self.doublings))
    }

    /// Notes how long the file is that a life appends to.
    fn has_written(&mut self, written: u64) {
        if written != self.written {
            (self.written, self.barren, self.doublings) = (written, 0, self.doublings.saturating_sub(1));
            return;
        }
        self.barren += 1;
        if self.barren.is_multiple_of(3) {
            self.doublings = (self.doublings + 1).min(5);
        }
    }
}

struct Round {
    place: Place,
    proxy: Proxy,
    /// The synced table.
    mirror: String,
}

impl Round {
    /// With a store and a slot of its own, so that the first copy is killed, too.
    fn new(postgres: &Postgres, round: usize) -> Self {
        let proxy = Proxy::start(postgres.port());
        let url = postgres.url_at(proxy.port());
        let config = format!(
            "store: {{ kind: embedded, path: livewell-data, durability: os }}\n\
             sources:\n  - id: bank\n    kind: postgres\n    url: \"{url}\"\n    slot: bank{round}\n    \
             tables: [ {{ table: account, label: Account }}, {{ table: entry }}, {{ table: filler }} ]\n\
             queries:\n  - id: balances\n    sources: [bank]\n    \
             cypher: MATCH (a:Account) RETURN a.id AS id, a.balance AS balance, a.moves AS moves\n  \
             - id: total\n    sources: [bank]\n    cypher: MATCH (a:Account) RETURN sum(a.balance) AS total\n\
             reactions:\n  - {{ id: each, kind: file, queries: [balances], path: each.jsonl }}\n  \
             - {{ id: totals, kind: file, queries: [total], path: totals.jsonl }}\n  \
             - {{ id: now, kind: file, queries: [balances], path: now.jsonl, mode: table }}\n  \
             - {{ id: mirror, kind: postgres, queries: [balances], url: \"{url}\", table: mirror{round}, key: [id] }}\n"
        );
        Self { place: Place::new(&config, &[]), proxy, mirror: format!("mirror{round}") }
    }

    fn start(&self) -> Child {
        let mut command = self.place.command(&["run", "livewell.yaml", "--log-level", "error"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts")
    }

    /// Returns how many results were checked.
    fn run(&self, postgres: &Postgres, kills: usize, random: &mut u64) -> usize {
        self.place.write("transfer.sql", TRANSFER);
        let mut workload = postgres.program("pgbench");
        workload.args(["--no-vacuum", "--client=1", "--rate=200", "--time=7200", "--file"]);
        workload.arg(self.place.file("transfer.sql")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut workload = workload.spawn().expect("pgbench can be run");
        let mut life = Life::default();
        for kill in 0..kills {
            let mut child = self.start();
            pause(life.next(random));
            if kill % 7 == 6 {
                self.proxy.cut();
                pause(Duration::from_millis(below(random, 300)));
            }
            assert!(child.try_wait().expect("it can be asked").is_none(), "it ended by itself");
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            self.the_mirror_is_whole(postgres);
            life.has_written(std::fs::metadata(self.place.file("each.jsonl")).map_or(0, |file| file.len()));
        }
        let mut child = self.start();
        // Some come while nothing disturbs.
        pause(Duration::from_secs(1));
        workload.kill().expect("it can be killed");
        workload.wait().expect("it ends");
        self.reaches_the_truth(postgres);
        let ended = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(ended.expect("kill can be run").success() && child.wait().expect("it ends").success());
        assert_eq!(self.place.results("balances").lines().count(), 40);
        assert_eq!(self.place.read("totals.jsonl"), "", "the sum never changes");
        self.each_result_is_a_whole_transfer()
    }

    /// Money is neither made nor lost in the synced table, whenever one looks. Before the first snapshot it is not there.
    fn the_mirror_is_whole(&self, postgres: &Postgres) {
        if let Some(seen) = self.asked_of_the_mirror(postgres, "count(*), sum(balance)", "") {
            assert_eq!(seen, "40|40000");
        }
    }

    fn asked_of_the_mirror(&self, postgres: &Postgres, what: &str, order: &str) -> Option<String> {
        let mirror = &self.mirror;
        let is_there = postgres.sql(&format!("select to_regclass('{mirror}') is not null")) == "t";
        is_there.then(|| postgres.sql(&format!("select {what} from {mirror} {order}")))
    }

    fn reaches_the_truth(&self, postgres: &Postgres) {
        let truth = postgres.sql("select id, balance, moves from account order by id");
        assert_eq!(postgres.sql("select sum(balance) from account"), "40000");
        let began = Instant::now();
        loop {
            let mut rows: BTreeMap<i64, String> = BTreeMap::new();
            for line in std::fs::read_to_string(self.place.file("now.jsonl")).unwrap_or_default().lines() {
                let row: Json = serde_json::from_str(line).expect("a row is JSON");
                let (id, row) = (row["data"]["id"].as_i64().expect("an id"), &row["data"]);
                rows.insert(id, format!("{id}|{}|{}", row["balance"], row["moves"]));
            }
            let shown: Vec<String> = rows.into_values().collect();
            let mirrored = self.asked_of_the_mirror(postgres, "id, balance, moves", "order by id");
            if shown.join("\n") == truth && mirrored.as_ref() == Some(&truth) {
                return;
            }
            let status = self.place.livewell(&["status", "--store", "livewell-data"]);
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{shown:?}\nand\n{mirrored:?}\nare not\n{truth}\n{}",
                status.err
            );
            pause(Duration::from_millis(50));
        }
    }

    fn each_result_is_a_whole_transfer(&self) -> usize {
        let each = self.place.read("each.jsonl");
        for (at, line) in each.lines().enumerate() {
            let result: Json = serde_json::from_str(line).expect("a result is JSON");
            assert_eq!(result["sequence"], at + 1, "sequences are dense");
            let diffs = result["results"].as_array().expect("a result has diffs");
            let mut moved = 0;
            for diff in diffs {
                assert_eq!(diff["type"], "UPDATE", "{line}");
                let number = |image: &str, name: &str| diff[image][name].as_i64().expect("a number");
                moved += number("after", "balance") - number("before", "balance");
                assert_eq!(number("after", "moves"), number("before", "moves") + 1, "once: {line}");
            }
            assert_eq!((moved, diffs.len()), (0, 2), "whole: {line}");
        }
        each.lines().count()
    }
}

fn below(random: &mut u64, below: u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*random >> 33) % below
}
