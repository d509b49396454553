//! `livewell backup`, `restore` and `store scrub`, against a server that runs: a backup is the state at one sequence, what
//! is restored is told from what was, and damage stops what it touches.

use super::running::{Events, Running};
use super::{livewell, text};
use livewell_store::keyspace::{log_key, snapshot_key};
use livewell_store::{Durability, EmbeddedStore, Feed, Store, WriteSet, catalog, compare};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, Ordering};

/// `big` into a file, once strictly and once as it is now.
const CONFIG: &str = "store: { kind: embedded, path: data }\n\
     server: { listen: 127.0.0.1:0 }\n\
     sources:\n  - { id: orders, kind: http }\n\
     queries:\n  - { id: big, sources: [orders], cypher: 'MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total' }\n\
     reactions:\n  - { id: all, kind: file, queries: [big], path: all.jsonl }\n\
     \u{20} - { id: skips, kind: file, queries: [big], path: skips.jsonl, recovery: auto_skip_gap }\n\
     \u{20} - { id: now, kind: file, queries: [big], path: now.jsonl, mode: table, recovery: auto_reset }\n";

fn order(number: u64) -> String {
    format!(
        r#"{{"operation":"insert","element":{{"type":"node","id":"o{number}","labels":["Order"],"properties":{{"id":"o{number}","total":{}}}}}}}"#,
        100 + number
    ) + "\n"
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn expect(output: &Output, code: i32) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}\n{err}");
    format!("{out}{err}")
}

/// The number of orders in a store, which are all from the first to the last one, in the source and in the query.
fn expect_all_up_to_one(store: &Path) -> u64 {
    let shown = expect(&livewell(&["results", "big", "--format", "ndjson", "--store", path(store)]), 0);
    let rows = shown.lines().filter(|line| line.starts_with('{'));
    let mut totals: Vec<u64> = rows
        .map(|row| serde_json::from_str::<Json>(row).unwrap()["data"]["total"].as_u64().unwrap() - 100)
        .collect();
    totals.sort_unstable();
    assert_eq!(totals, (1..=totals.len() as u64).collect::<Vec<_>>());
    let verified = expect(&livewell(&["verify", "big", "--store", path(store)]), 0);
    let sequence = format!("at sequence {}", totals.len());
    assert!(verified.contains(&sequence), "{verified}");
    let scrubbed = expect(&livewell(&["store", "scrub", path(store)]), 0);
    assert!(scrubbed.ends_with("no damage found\n"), "{scrubbed}");
    totals.len() as u64
}

#[test]
fn backups_under_writes_are_each_the_state_at_one_sequence() {
    let running = Running::of(CONFIG);
    let stop = AtomicBool::new(false);
    let place = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                assert_eq!(running.post(&order(number)).status, 200);
            }
            number
        });
        let mut sizes = Vec::new();
        for count in 0..3 {
            let (backup, store) =
                (place.path().join(format!("b{count}")), place.path().join(format!("s{count}")));
            let said = running.command(&["backup", path(&backup)]);
            let restored = std::panic::catch_unwind(|| {
                let said = expect(&said, 0);
                assert!(said.contains("checked"), "{said}");
                expect(&livewell(&["restore", path(&backup), "--into", path(&store)]), 0);
                expect_all_up_to_one(&store)
            });
            if restored.is_err() {
                stop.store(true, Ordering::Relaxed);
            }
            sizes.push(restored.unwrap());
        }
        stop.store(true, Ordering::Relaxed);
        let last = writing.join().unwrap();
        assert!(sizes.is_sorted() && sizes[2] <= last && sizes[2] > 0, "{sizes:?} of {last}");
    });
}

/// A server whose store went back from 30 orders to 20, and where its files are.
fn gone_back() -> (Running, String) {
    let mut running = Running::of(CONFIG);
    (1..=20).for_each(|number| assert_eq!(running.post(&order(number)).status, 200));
    running.get("/api/v1/queries/big/results?position=20&wait=20s");
    let backup = running.folder.path().join("backup");
    expect(&running.command(&["backup", path(&backup)]), 0);
    (21..=30).for_each(|number| assert_eq!(running.post(&order(number)).status, 200));
    let file = running.folder.path().join("all.jsonl");
    let lines = || std::fs::read_to_string(&file).unwrap_or_default().lines().count();
    while lines() < 30 || !is_caught_up(&running, "skips") {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    running.stop();
    let written = std::fs::read_to_string(&file).unwrap();
    std::fs::rename(running.store(), running.folder.path().join("old")).unwrap();
    let said = expect(&livewell(&["restore", path(&backup), "--into", path(&running.store())]), 0);
    assert!(said.contains("`orders` begins epoch 1") && said.contains("`big` begins epoch 1"), "{said}");
    running.kill_and_start_again();
    running.wait_until_ready();
    (running, written)
}

fn status(running: &Running, kind: &str, id: &str) -> Json {
    running.get(&format!("/api/v1/{kind}/{id}")).json()
}

fn is_caught_up(running: &Running, reaction: &str) -> bool {
    let status = status(running, "reactions", reaction);
    status["state"] == "caught_up" && status["sequence"] == 30
}

fn wait_for(running: &Running, kind: &str, id: &str, state: &str) -> Json {
    for _ in 0..1_000 {
        let found = status(running, kind, id);
        if found["state"] == state {
            return found;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("`{id}` does not come to {state}: {}", status(running, kind, id));
}

#[test]
fn reactions_and_followers_notice_that_the_store_went_back() {
    let (running, written) = gone_back();
    let strict = wait_for(&running, "reactions", "all", "error");
    assert!(strict["error"].as_str().unwrap().contains("[LW0532]"), "{strict}");
    let file = running.folder.path().join("all.jsonl");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        written,
        "nothing is cut off before a person decides"
    );
    wait_for(&running, "reactions", "now", "caught_up");
    let now = std::fs::read_to_string(running.folder.path().join("now.jsonl")).unwrap();
    assert_eq!(now.lines().count(), 20);
    for after in ["1-30", "1-20", "1-5"] {
        let address = format!("/api/v1/queries/big/changes?after={after}");
        let mut events = Events::of(running.open("GET", &address, "", ""));
        let names: Vec<String> = (0..22).map(|_| events.next().unwrap().0).collect();
        assert_eq!((names[0].as_str(), names[21].as_str()), ("reset", "snapshot_end"), "{after}");
    }
    // What comes next is a new result of the new epoch, for a reaction that skips what was before, and only that.
    assert_eq!(running.post(&order(77)).status, 200);
    wait_for(&running, "reactions", "skips", "caught_up");
    let skipped = || {
        let text = std::fs::read_to_string(running.folder.path().join("skips.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str::<Json>(line).unwrap()).collect::<Vec<_>>()
    };
    while skipped().last().unwrap()["results"][0]["data"]["total"] != 177 {
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    let (lines, epoch) = (skipped(), status(&running, "queries", "big")["epoch"].clone());
    assert_eq!((lines.len(), &lines[20]["epoch"], &lines[20]["sequence"]), (21, &epoch, &Json::from(21)));
    assert_eq!(lines[19]["epoch"], "1");
    let verified = running.command(&["verify", "big"]);
    assert!(expect(&verified, 0).contains("21 rows at sequence 21"));
    expect(&running.command(&["reset", "all"]), 0);
    wait_for(&running, "reactions", "all", "caught_up");
}

#[test]
fn a_backup_asks_for_what_every_call_asks_for_and_needs_a_store_that_lasts() {
    let running = Running::start_with("  token: secret\n", "", "");
    let directory = running.folder.path().join("backup");
    assert_eq!(running.ask("POST", "/api/v1/backup", "", "").status, 401);
    assert_eq!(running.ask("POST", "/api/v1/backup", "authorization: Bearer wrong\r\n", "").status, 401);
    assert!(expect(&running.command(&["backup", path(&directory)]), 1).contains("[LW0707]"));
    let whole = Running::of("store: { kind: memory }\nserver: { listen: 127.0.0.1:0 }\n");
    let refused = whole.ask("POST", "/api/v1/backup", "", "");
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("LW0312")));
    let said = expect(&whole.command(&["backup", path(&directory)]), 1);
    assert!(said.contains("[LW0312]"), "{said}");
    let again = expect(
        &livewell(&["restore", path(&directory), "--into", path(&running.folder.path().join("x"))]),
        1,
    );
    assert!(again.contains("was not finished") && again.contains("[LW0311]"), "{again}");
    let used = expect(&livewell(&["store", "scrub", path(&running.store())]), 1);
    assert!(used.contains("already open") && used.contains("livewell_scrub_damaged"), "{used}");
    // Whoever may use the socket in the store's directory owns the store, and needs no token.
    let owned = expect(&livewell(&["backup", path(&directory), "--store", path(&running.store())]), 0);
    assert!(owned.contains("checked"), "{owned}");
}

/// Deletes a key of a component behind its back.
fn lose(store: &Path, id: &str, key: impl Fn(&Feed) -> Vec<u8>) {
    let store = EmbeddedStore::open(store, Durability::Os).unwrap();
    let snapshot = store.snapshot().unwrap();
    let number = catalog::find(&*snapshot, id).unwrap().unwrap().number;
    let feed = Feed::open(snapshot.clone(), number).unwrap().unwrap();
    let expected = compare::read_version(&*snapshot, number).unwrap();
    let mut set = WriteSet { feed: number, expected, next: expected.after(), ..WriteSet::default() };
    set.delete(key(&feed));
    assert!(store.commit(&[set]).unwrap().iter().all(Result::is_ok));
}

fn a_row(feed: &Feed) -> Vec<u8> {
    let (key, _) = feed.entries(None).unwrap().next().unwrap().unwrap();
    snapshot_key(feed.number, feed.head.generation, &key)
}

fn last_entry(feed: &Feed) -> Vec<u8> {
    log_key(feed.number, feed.head.epoch, feed.head.sequence)
}

fn stopped_store() -> (Running, PathBuf) {
    let mut running = Running::start();
    (1..=10).for_each(|number| assert_eq!(running.post(&order(number)).status, 200));
    running.get("/api/v1/queries/big/results?position=10&wait=20s");
    running.stop();
    let store = running.store();
    (running, store)
}

#[test]
fn damage_is_found_in_the_background_and_stops_what_it_touches() {
    for (id, kind, key, code) in [
        ("big", "queries", a_row as fn(&Feed) -> Vec<u8>, "LW0303"),
        ("big", "queries", last_entry, "LW0310"),
        ("orders", "sources", a_row, "LW0303"),
    ] {
        let (mut running, store) = stopped_store();
        lose(&store, id, key);
        let said = expect(&livewell(&["store", "scrub", path(&store)]), 1);
        assert!(said.contains(&format!("`{id}`")) && said.contains("backup"), "{said}");
        assert_eq!(said, expect(&livewell(&["store", "scrub", path(&store)]), 1));
        // What a process that was killed has left: a round begins soon then.
        std::fs::write(store.join("SESSION"), "Livewell store session\ndurable\n").unwrap();
        running.kill_and_start_again();
        let error = wait_for(&running, kind, id, "error")["error"].as_str().unwrap().to_owned();
        assert!(error.contains(code), "{error}");
        let metrics = || running.get("/metrics").body;
        while !metrics().contains("\nlivewell_scrub_last_finished_timestamp_seconds ") {
            std::thread::park_timeout(std::time::Duration::from_millis(20));
        }
        let metrics = metrics();
        assert!(metrics.contains("livewell_scrub_damaged 1.0"), "{metrics}");
        assert!(
            metrics.contains("livewell_scrub_keys_total ") && metrics.contains("livewell_scrub_running 0.0"),
            "{metrics}"
        );
        // A reset mends a query's rows: it is built of what its sources hold.
        if (id, code) == ("big", "LW0303") {
            expect(&running.command(&["reset", "big"]), 0);
            wait_for(&running, kind, id, "caught_up");
            assert!(expect(&running.command(&["verify", "big"]), 0).contains("10 rows"));
        }
    }
}

#[test]
fn a_data_file_that_was_downloaded_becomes_a_backup_once_all_of_it_is_checked() {
    let running = Running::start();
    running.post(&(order(1) + &order(2)));
    let there = running.get("/api/v1/queries/big/results?position=2&wait=20s");
    assert_eq!(there.status, 200, "{}", there.body);
    let id = running.get("/api/v1/store").json()["store_id"].as_str().unwrap().to_owned();
    let mut stream = running.open("POST", "/api/v1/backup", "connection: close\r\n", "");
    let mut answer = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut answer).unwrap();
    let data = crate::running::body(&answer);
    let at = |name: &str| running.folder.path().join(name);
    let backup = |file: &Path, to: &str| livewell(&["backup", path(&at(to)), "--file", path(file)]);
    // Browsers number what is there already.
    let file = at(&format!("livewell-{id} (1).mdb"));
    std::fs::write(&file, &data).unwrap();
    expect(&backup(&file, "backup"), 0);
    let said = expect(&livewell(&["restore", path(&at("backup")), "--into", path(&at("restored"))]), 0);
    assert!(said.contains(" as it was at 20"), "as of when it was downloaded: {said}");
    assert_eq!(expect_all_up_to_one(&at("restored")), 2);
    // One that was cut off, that was changed, or that is of no store is not a backup.
    let cut = at(&format!("livewell-{id}.mdb"));
    std::fs::write(&cut, &data[..data.len() / 2]).unwrap();
    expect(&backup(&cut, "of-cut"), 1);
    assert!(
        expect(&livewell(&["restore", path(&at("of-cut")), "--into", path(&at("none"))]), 1)
            .contains("LW0311")
    );
    let unnamed = at("data.mdb");
    std::fs::write(&unnamed, &data).unwrap();
    assert!(expect(&backup(&unnamed, "of-unnamed"), 1).contains("livewell-ID.mdb"));
    assert!(!at("of-unnamed").exists());
}
