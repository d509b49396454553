//! Killed at random moments and started again with the same command, the flights example ends byte for byte
//! as it does without a kill: rows, outboxes, sequences, positions, files.

use livewell_model::{Row, key};
use livewell_scenarios::choice::Choice;
use livewell_store::catalog::{self, Kind};
use livewell_store::{
    Durability, EmbeddedStore, Feed, Head, LiveResults, LiveResultsWriter, Outbox, OutboxWriter, Store,
};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often each durability level is killed; `LIVEWELL_KILLS` says otherwise.
const KILLS: usize = 100;
/// How many queries there are beside those of the example; `LIVEWELL_ALERTS` says otherwise.
const ALERTS: usize = 12;

#[test]
fn killed_anywhere_in_sync_nothing_changes() {
    killed_anywhere("sync", Durability::Sync, "", KILLS);
}

#[test]
fn killed_anywhere_in_os_nothing_changes() {
    killed_anywhere("os", Durability::Os, "", KILLS);
}

/// With so many queries over the same sources that one reads for all of them.
#[test]
fn killed_anywhere_among_many_queries_nothing_changes() {
    let alerts = std::env::var("LIVEWELL_ALERTS").map_or(ALERTS, |text| text.parse().expect("a number"));
    let alerts: String = (0..alerts).map(alert).collect();
    killed_anywhere("os", Durability::Os, &alerts, KILLS / 2);
}

fn alert(number: usize) -> String {
    let airport = ["EWR", "JFK", "LGA"][number % 3];
    // Ranges concern many changes; those beyond the first look at one delay each.
    let delay = if number < ALERTS { format!("> {}", 60 + 20 * number) } else { format!("= {}", number / 3) };
    format!(
        "  - id: alert-{number}\n    sources: [reference, ops]\n    cypher: |\n      \
         MATCH (f:Flight) WHERE f.origin = '{airport}' AND f.dep_delay {delay}\n      \
         RETURN f.id AS flight, f.status AS status, f.dep_delay AS delay\n"
    )
}

fn killed_anywhere(level: &str, durability: Durability, more_queries: &str, kills: usize) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let calm = Run::new(place.path().join("calm"), level, more_queries);
    let whole = calm.run();
    let expected = calm.outcome(durability);
    // With nothing left to do, a start is recovery alone.
    let recovery = calm.run();
    let kills: usize = std::env::var("LIVEWELL_KILLS").map_or(kills, |text| text.parse().expect("a number"));
    // The lives' mean is a third of the longest, so that the kills of a round are spread over the whole of it.
    let life_max = whole * 3 / u32::try_from(kills).expect("a small number") + recovery;
    let seed = std::env::var("LIVEWELL_SEED").map_or(1, |text| text.parse().expect("a number"));
    let mut random = Choice::new(seed);
    let (mut lives, mut rounds) = (Vec::new(), 0);
    while lives.len() < kills {
        let run = Run::new(place.path().join(format!("round{rounds}")), level, more_queries);
        run.kill_until_done(&mut random, life_max, kills, &mut lives);
        let outcome = run.outcome(durability);
        for (what, value) in &expected {
            let killed = lives.len();
            assert!(
                outcome.get(what) == Some(value),
                "{what} differs after {killed} kills in round {rounds}"
            );
        }
        assert_eq!(outcome.len(), expected.len());
        run.the_fold_of_the_diffs_is_the_table_and_the_results();
        std::fs::remove_dir_all(&run.place).expect("the round's directory goes");
        rounds += 1;
    }
    let within = |time: Duration| lives.iter().filter(|life| **life < time).count();
    let (at_once, recovering) = (within(Duration::from_millis(10)), within(recovery));
    let _ = writeln!(
        std::io::stdout(),
        "counted: {level}: {} kills in {rounds} rounds, {at_once} in the first 10 ms, {recovering} in the {recovery:?} of a \
         recovery, others up to {life_max:?}",
        lives.len()
    );
    assert!(lives.len() >= kills && recovering > 0 && recovering < lives.len());
}

/// The example in a place of its own.
struct Run {
    place: PathBuf,
}

impl Run {
    fn new(place: PathBuf, level: &str, more_queries: &str) -> Self {
        std::fs::create_dir_all(&place).expect("a directory");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/flights");
        let text = std::fs::read_to_string(example.join("livewell.yaml")).expect("the example is there");
        let data = example.join("data").canonicalize().expect("the example has data");
        let text = text.replace("data/", &format!("{}/", data.display()));
        let store = "path: ./livewell-data }";
        assert!(text.contains(store), "the durability is written into the example's store");
        let text = text.replace(store, &format!("path: ./livewell-data, durability: {level} }}"));
        let text = text.replace("reactions:\n", &format!("{more_queries}\nreactions:\n"));
        let without_server = text.lines().filter(|line| !line.starts_with("server:"));
        let text = without_server.fold(String::new(), |text, line| text + line + "\n");
        std::fs::write(place.join("livewell.yaml"), text).expect("the configuration is written");
        Self { place }
    }

    fn start(&self) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
        command.args(["run", "--until-idle", "--log-level", "error"]).arg(self.place.join("livewell.yaml"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("the binary starts")
    }

    /// Runs to the end; says how long it took.
    fn run(&self) -> Duration {
        let began = Instant::now();
        assert!(self.start().wait().expect("the run ends").success());
        began.elapsed()
    }

    /// Kills and starts again until there are `kills`, then lets it end; adds how long each lived.
    fn kill_until_done(
        &self,
        random: &mut Choice,
        life_max: Duration,
        kills: usize,
        lives: &mut Vec<Duration>,
    ) {
        while lives.len() < kills {
            let mut child = self.start();
            // The square of a uniform number: the first milliseconds get their share.
            let part = random.below(1_000);
            let life = life_max.mul_f64((part * part) as f64 / 1e6);
            if ended_within(&mut child, life) {
                return;
            }
            child.kill().expect("a running child can be killed");
            child.wait().expect("a killed child ends");
            lives.push(life);
        }
        self.run();
    }

    /// Everything that must not depend on kills, by name.
    fn outcome(&self, durability: Durability) -> BTreeMap<String, Vec<u8>> {
        let mut outcome = BTreeMap::new();
        for file in ["late.jsonl", "late-now.jsonl"] {
            let bytes =
                std::fs::read(self.place.join("out").join(file)).expect("the reaction wrote its file");
            outcome.insert(file.to_owned(), bytes);
        }
        let store =
            EmbeddedStore::open(self.place.join("livewell-data"), durability).expect("the store opens");
        let store: Arc<dyn Store> = Arc::new(store);
        let snapshot = store.snapshot().expect("a snapshot");
        for entry in catalog::all(&*snapshot).expect("the catalog reads") {
            if let Some(head) = Head::read(&*snapshot, entry.number).expect("the head reads") {
                outcome.insert(format!("head of {}", entry.id), describe(&head).into_bytes());
            }
            if entry.kind == Kind::Query {
                let feed =
                    Feed::open(snapshot.clone(), entry.number).expect("reads").expect("a query is a feed");
                assert_eq!(feed.head.rows, feed.entries(None).expect("reads").count() as u64);
                outcome.insert(format!("rows of {}", entry.id), rows(&store, &entry.id));
                outcome.insert(format!("outbox of {}", entry.id), outbox(&store, &entry.id));
            }
        }
        outcome
    }

    fn the_fold_of_the_diffs_is_the_table_and_the_results(&self) {
        let read = |file: &str| {
            let text = std::fs::read_to_string(self.place.join("out").join(file)).expect("the file is there");
            text.lines()
                .map(|line| serde_json::from_str(line).expect("a line is JSON"))
                .collect::<Vec<Json>>()
        };
        let mut fold: BTreeMap<String, Json> = BTreeMap::new();
        for (at, result) in read("late.jsonl").iter().enumerate() {
            assert_eq!(result["sequence"], at + 1, "sequences are dense");
            for diff in result["results"].as_array().expect("a result has diffs") {
                let signature = diff["row_signature"].as_str().expect("a signature is text").to_owned();
                match diff["type"].as_str() {
                    Some("DELETE") => assert_eq!(fold.remove(&signature).as_ref(), Some(&diff["data"])),
                    Some("UPDATE") => {
                        assert_eq!(
                            fold.insert(signature, diff["after"].clone()).as_ref(),
                            Some(&diff["before"])
                        );
                    }
                    Some("ADD") => assert_eq!(fold.insert(signature, diff["data"].clone()), None),
                    other => panic!("a diff of type {other:?}"),
                }
            }
        }
        let row = |row: &Json| (row["row_signature"].as_str().expect("text").to_owned(), row["data"].clone());
        let table: Vec<_> = read("late-now.jsonl").iter().map(row).collect();
        assert_eq!(fold.into_iter().collect::<Vec<_>>(), table);
        let mut results = Command::new(env!("CARGO_BIN_EXE_livewell"));
        results.args(["results", "late-in-the-air", "--store"]).arg(self.place.join("livewell-data"));
        let results = results.output().expect("the binary starts");
        let file = std::fs::read(self.place.join("out/late-now.jsonl")).expect("the file is there");
        assert!(results.status.success() && results.stdout == file, "the results are not the table");
    }
}

fn ended_within(child: &mut Child, life: Duration) -> bool {
    let until = Instant::now() + life;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            assert!(status.success(), "a run ended with {status}");
            return true;
        }
        std::thread::park_timeout(Duration::from_millis(1));
    }
    false
}

/// What of a head must not depend on kills: where the log begins does (it is trimmed when there is time).
fn describe(head: &Head) -> String {
    let Head { epoch, sequence, position, timestamp, rows, rows_hash, .. } = head;
    format!("{epoch} {sequence} {position} {timestamp:?} {rows} {rows_hash:x}")
}

fn rows(store: &Arc<dyn Store>, query: &str) -> Vec<u8> {
    let live = LiveResults::new(store.clone());
    let rows = block_on(live.read_snapshot(query)).expect("the rows read");
    let mut text = String::new();
    for (signature, bytes) in rows {
        let row = Row::decode(&bytes).expect("a row decodes");
        writeln!(text, "{signature:016x} {:?} {:?}", key::of(row.columns.iter()), row).expect("text grows");
    }
    text.into_bytes()
}

fn outbox(store: &Arc<dyn Store>, query: &str) -> Vec<u8> {
    let outbox = Outbox::new(store.clone());
    let entries = block_on(outbox.read_from(query, 0)).expect("the outbox reads");
    entries.into_iter().flat_map(|(sequence, bytes)| [&sequence.to_be_bytes()[..], &bytes].concat()).collect()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
