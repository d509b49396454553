//! A webhook, a table of a real PostgreSQL and keys of a real Redis, fed by a Livewell that is killed at random
//! moments while money moves between accounts.

use crate::place::Place;
use livewell_services::{Postgres, Redis, Web, pause};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often it is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: u64 = 30;
const ACCOUNTS: u64 = 12;
/// How many transfers there are for each kill, and how many of their changes are read in a second.
const TRANSFERS: u64 = 120;
const RATE: u64 = 900;

#[test]
fn killed_anywhere_every_target_ends_as_the_live_results_and_no_transfer_is_ever_seen_in_part() {
    let (web, postgres, redis) = (Web::start(), Postgres::start(), Redis::start());
    postgres.sql("CREATE TABLE audit (at bigint GENERATED ALWAYS AS IDENTITY, sequence bigint, diff jsonb)");
    let kills: u64 = std::env::var("LIVEWELL_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let place = Place::new(&config(&web, &postgres, &redis), &[]);
    place.write("ops.jsonl", &transfers(kills * TRANSFERS));
    let done = AtomicBool::new(false);
    let looked = std::thread::scope(|scope| {
        let looking = scope.spawn(|| look_at_the_sum(&postgres, &done));
        // Whatever fails must not leave the other thread looking for ever.
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| kill_until_done(&place, kills)));
        done.store(true, Ordering::Release);
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        looking.join().expect("the sum is looked at")
    });
    assert!(looked > 0, "the table was never looked at while it changed");
    every_message_came_in_order_under_its_own_id(&place, &web);
    every_diff_was_executed_once_in_order(&place, &postgres);
    let live = live_results(&place);
    assert_eq!(table(&postgres), live);
    assert_eq!(keys(&redis), live);
}

fn config(web: &Web, postgres: &Postgres, redis: &Redis) -> String {
    format!(
        "store: {{ kind: embedded, path: data, durability: os }}\n\
         sources:\n  - {{ id: bank, kind: file, path: ops.jsonl, rate: {RATE} }}\n\
         queries:\n  - id: balances\n    sources: [bank]\n    \
         cypher: 'MATCH (a:Account) RETURN a.id AS id, a.balance AS balance'\n\
         reactions:\n\
         \x20 - {{ id: all, kind: file, queries: [balances], path: all.jsonl }}\n\
         \x20 - {{ id: hook, kind: webhook, queries: [balances], url: '{}', allow_private: true }}\n\
         \x20 - {{ id: mirror, kind: postgres, queries: [balances], url: '{}', table: balances, key: [id] }}\n\
         \x20 - id: audit\n    kind: postgres\n    mode: execute\n    queries: [balances]\n    url: '{}'\n    \
         statement: INSERT INTO audit (sequence, diff) VALUES ($1, $2)\n    parameters: ['@sequence', '@diff']\n\
         \x20 - {{ id: cache, kind: redis, queries: [balances], url: '{}', prefix: 'balance:', key: [id] }}\n",
        web.url(),
        postgres.url(),
        postgres.url(),
        redis.url()
    )
}

/// Accounts with 100 each, then transfers of whole amounts between two of them, a transaction each.
fn transfers(count: u64) -> String {
    let mut random = Random(7);
    let mut balances = vec![100_i64; usize::try_from(ACCOUNTS).expect("few")];
    let account = |operation: &str, at: usize, balance: i64| {
        let properties = json!({ "id": format!("a{at}"), "balance": balance });
        let element = json!({ "type": "node", "id": format!("a{at}"), "labels": ["Account"], "properties": properties });
        json!({ "operation": operation, "element": element })
    };
    let all: Vec<Json> = balances.iter().enumerate().map(|(at, sum)| account("insert", at, *sum)).collect();
    let mut text = format!("{}\n", json!({ "transaction": all }));
    for _ in 0..count {
        let (from, to) = (random.below(ACCOUNTS) as usize, random.below(ACCOUNTS) as usize);
        let amount = random.below(50) as i64 + 1;
        if from == to {
            continue;
        }
        balances[from] -= amount;
        balances[to] += amount;
        let both = [account("update", from, balances[from]), account("update", to, balances[to])];
        text += &format!("{}\n", json!({ "transaction": both }));
    }
    text
}

/// How often the table was seen with the whole sum in it; with any other it fails.
fn look_at_the_sum(postgres: &Postgres, done: &AtomicBool) -> u64 {
    let whole = (ACCOUNTS * 100).to_string();
    let mut looked = 0;
    while !done.load(Ordering::Acquire) {
        pause(Duration::from_millis(30));
        if postgres.sql("SELECT to_regclass('balances')").is_empty() {
            continue;
        }
        let sum = postgres.sql("SELECT coalesce(sum(balance), 0) FROM balances");
        assert!(sum == whole || sum == "0", "a transfer is seen in part: {sum}");
        looked += u64::from(sum == whole);
    }
    looked
}

fn kill_until_done(place: &Place, kills: u64) {
    let mut random = Random(3);
    let run = ["run", "--until-idle", "--log-level", "error", "livewell.yaml"];
    let mut killed = 0;
    while killed < kills {
        let mut child = place.command(&run).stdout(Stdio::null()).spawn().expect("the binary starts");
        pause(Duration::from_millis(20 + random.below(180)));
        if child.try_wait().expect("a child can be asked").is_some() {
            break;
        }
        child.kill().expect("a running child can be killed");
        child.wait().expect("a killed child ends");
        killed += 1;
    }
    assert!(killed > kills / 2, "it was at its end after {killed} kills");
    place.livewell(&run).expect(0, &[]);
}

/// The diffs of all results in their order, each with its result and its place in there: from the file of all
/// results, which is exact under kills by a test of its own.
fn diffs(place: &Place) -> Vec<(Json, usize, Json)> {
    let mut diffs = Vec::new();
    for line in place.read("all.jsonl").lines() {
        let result: Json = serde_json::from_str(line).expect("a line is JSON");
        for (index, diff) in result["results"].as_array().expect("a result has diffs").iter().enumerate() {
            diffs.push((result.clone(), index, diff.clone()));
        }
    }
    diffs
}

fn every_diff_was_executed_once_in_order(place: &Place, postgres: &Postgres) {
    let rows = postgres.sql("SELECT json_build_array(sequence, diff) FROM audit ORDER BY at");
    let executed: Vec<Json> = rows.lines().map(|row| serde_json::from_str(row).expect("JSON")).collect();
    let expected: Vec<Json> =
        diffs(place).into_iter().map(|(result, _, diff)| json!([result["sequence"], diff])).collect();
    assert!(executed == expected, "{} rows for {} diffs", executed.len(), expected.len());
}

fn every_message_came_in_order_under_its_own_id(place: &Place, web: &Web) {
    let alone = |(result, index, diff): (Json, usize, Json)| {
        let sequence = result["sequence"].as_u64().expect("a number");
        let mut alone = result;
        alone["results"] = json!([diff]);
        (sequence, index, alone.to_string())
    };
    let expected: Vec<_> = diffs(place).into_iter().map(alone).collect();
    let places: BTreeMap<(u64, usize), usize> = expected
        .iter()
        .enumerate()
        .map(|(place, (sequence, index, _))| ((*sequence, *index), place))
        .collect();
    let (mut seen, mut first, mut last) = (BTreeMap::new(), Vec::new(), None);
    for request in web.seen() {
        let parts: Vec<&str> = request.id().split(':').collect();
        let [_, _, "balances", "1", sequence, index] = parts[..] else { panic!("{}", request.id()) };
        let (sequence, index): (u64, usize) =
            (sequence.parse().expect("a number"), index.parse().expect("a number"));
        let place = places[&(sequence, index)];
        // Each follows the one before it, or goes back to where a killed process had stood.
        assert!(last.is_none_or(|last| place <= last + 1), "{} overtook", request.id());
        last = Some(place);
        match seen.insert(request.id().to_owned(), request.body.clone()) {
            None => first.push((sequence, index, request.body)),
            Some(before) => assert_eq!(before, request.body, "a repetition is the same message"),
        }
    }
    assert!(first == expected, "every diff came, first in its order");
    let stores: BTreeSet<&str> = seen.keys().filter_map(|id| id.split(':').next()).collect();
    assert_eq!(stores.len(), 1, "ids carry the one store's identity");
}

fn live_results(place: &Place) -> BTreeMap<String, i64> {
    let results = place.livewell(&["results", "balances", "--store", "data", "--format", "ndjson"]);
    results.expect(0, &[]);
    results.out.lines().map(|line| row(&serde_json::from_str::<Json>(line).expect("JSON")["data"])).collect()
}

fn row(data: &Json) -> (String, i64) {
    let id = data["id"].as_str().expect("an id").to_owned();
    (id, data["balance"].as_i64().expect("a balance"))
}

fn table(postgres: &Postgres) -> BTreeMap<String, i64> {
    let rows = postgres.sql("SELECT to_jsonb(t) FROM balances AS t");
    rows.lines().map(|line| row(&serde_json::from_str(line).expect("JSON"))).collect()
}

fn keys(redis: &Redis) -> BTreeMap<String, i64> {
    let client = ::redis::Client::open(redis.url()).expect("a URL");
    let mut connection = client.get_connection().expect("Redis takes connections");
    let keys: Vec<String> = ::redis::cmd("KEYS").arg("balance:*").query(&mut connection).expect("keys");
    let mut found = BTreeMap::new();
    for key in keys {
        let value: String = ::redis::cmd("GET").arg(&key).query(&mut connection).expect("a value");
        let (id, balance) = row(&serde_json::from_str(&value).expect("JSON"));
        assert_eq!(key, format!("balance:{id}"));
        found.insert(id, balance);
    }
    found
}

/// Numbers that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
