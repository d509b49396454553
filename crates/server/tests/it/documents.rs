//! The JSON of commands, against the schemas in `docs/schemas`.

use super::running::{Running, orders};
use super::{livewell, text};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;

/// The schemas that an output was compared with.
#[derive(Default)]
struct Schemas(Mutex<BTreeSet<String>>);

impl Schemas {
    fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas")
    }

    /// Compares a document with the schema of this name.
    #[track_caller]
    fn hold(&self, name: &str, document: &Json) {
        let path = Self::folder().join(format!("{name}.schema.json"));
        let schema: Json = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> = validator.iter_errors(document).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}\n{document:#}");
        // A schema that accepts anything would hold, too.
        assert!(!validator.is_valid(&Json::from(1)), "{name}");
        self.0.lock().unwrap().insert(name.to_owned());
    }

    /// Compares the whole output, and returns it.
    #[track_caller]
    fn document(&self, name: &str, output: &Output, code: i32) -> Json {
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        self.hold(name, &document);
        document
    }

    /// Compares each line of the output.
    #[track_caller]
    fn lines(&self, name: &str, output: &Output) {
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
        text(&output.stdout).lines().for_each(|line| self.hold(name, &serde_json::from_str(line).unwrap()));
    }
}

const JSON: &str = "--format=json";

#[test]
fn every_json_output_is_as_its_schema_says() {
    let schemas = Schemas::default();
    let reaction = "reactions:\n  - { id: log, kind: log, queries: [big] }\n  \
        - { id: rows, kind: file, queries: [big], path: rows.jsonl, mode: table }\n";
    let mut running = Running::start_with("", "", reaction);
    running.post(&orders(&[150, 250]));
    running.get("/api/v1/queries/big/results?position=2&wait=20s");
    let command = |arguments: &[&str]| running.command(arguments);
    schemas.document("status", &command(&["status", JSON]), 0);
    schemas.document("server", &command(&["server", JSON]), 0);
    schemas.lines("event", &command(&["events", JSON]));
    schemas.document("graph", &command(&["graph", JSON]), 0);
    schemas.document("history", &command(&["history", JSON]), 0);
    let held = schemas.document("store-size", &command(&["store", "size", JSON]), 0);
    assert_eq!(held["components"].as_array().map(Vec::len), Some(4), "{held}");
    schemas.document("rows", &command(&["results", "big", JSON]), 0);
    schemas.lines("row", &command(&["results", "big", "--format", "ndjson"]));
    let verified = schemas.document("verify", &command(&["verify", "big", JSON]), 0);
    assert_eq!((&verified["equal"], &verified["rows"]), (&true.into(), &2.into()));
    schemas.document("funnel", &command(&["why", "big", JSON]), 0);
    for id in ["id=o1", "id=o2", "id=nobody"] {
        schemas.document("why", &command(&["why", "big", "--where", id, JSON]), 0);
    }
    schemas.document("elements", &command(&["elements", "orders", JSON]), 0);
    schemas.document("source-schema", &command(&["elements", "orders", "--schema", JSON]), 0);
    schemas.document("element", &command(&["elements", "orders", "o1"]), 0);
    schemas.lines("element", &command(&["elements", "orders", "--label", "Order"]));
    of_a_source(&schemas, &running);
    schemas.document("deliveries", &command(&["deliveries", "log", JSON]), 0);
    // Until the file is there, there is nothing to compare.
    let compared = (0..500).map(|_| command(&["compare", "rows", JSON]));
    let compared = compared.into_iter().find(|said| said.status.success()).unwrap();
    schemas.document("compare", &compared, 0);
    let stopped = schemas.document("component", &command(&["stop", "log", JSON]), 0);
    assert_eq!(stopped["state"], "stopped");
    schemas.document("component", &command(&["start", "log", JSON]), 0);
    schemas.document("reset", &command(&["reset", "log", JSON]), 0);
    let backup = running.folder.path().join("backup");
    let backup = backup.to_str().unwrap();
    schemas.document("backup", &command(&["backup", backup, JSON]), 0);
    schemas.document("remove", &command(&["remove", "log", JSON]), 0);
    let config = running.config();
    let planned = command(&["apply", config.to_str().unwrap(), "--dry-run", JSON]);
    assert_eq!(schemas.document("apply", &planned, 0)["steps"][0]["id"], "log");
    running.stop();

    let into = running.folder.path().join("restored");
    let restored = ["restore", backup, "--into", into.to_str().unwrap(), JSON];
    let restored = schemas.document("restore", &livewell(&restored), 0);
    assert!(restored["epochs"]["big"].is_string(), "{restored}");
    let store = running.store();
    let store = store.to_str().unwrap();
    schemas.document("status", &livewell(&["status", "--store", store, JSON]), 0);
    schemas.document("verify", &livewell(&["verify", "big", "--store", store, JSON]), 0);
    let inspected = schemas.document("store-inspect", &livewell(&["store", "inspect", store, JSON]), 0);
    assert_eq!(inspected["damage"], serde_json::json!([]));
    let size = schemas.document("store-size", &livewell(&["store", "size", "--store", store, JSON]), 0);
    assert_eq!(size["components"][0]["added"], Json::Null, "{size}");
    schemas.document("store-scrub", &livewell(&["store", "scrub", store, JSON]), 0);

    without_a_store(&schemas, running.folder.path());
    let held = schemas.0.into_inner().unwrap();
    // A letter needs a target that refuses, which other tests have; the last one is of configurations.
    let missing = ["dead-letter", "livewell"];
    for entry in std::fs::read_dir(Schemas::folder()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let name = name.trim_end_matches(".schema.json");
        assert!(held.contains(name) || missing.contains(&name), "{name} is compared with nothing");
    }
}

/// The commands about what a source takes in, and those that only say what they would do.
fn of_a_source(schemas: &Schemas, running: &Running) {
    let command = |arguments: &[&str]| running.command(arguments);
    schemas.document("transactions", &command(&["transactions", "orders", JSON]), 0);
    schemas.document("progress", &command(&["progress", "orders", JSON]), 0);
    for call in ["reset", "remove"] {
        let foreseen = schemas.document("foreseen", &command(&[call, "log", "--dry-run", JSON]), 0);
        assert_eq!((&foreseen["action"], &foreseen["dry_run"]), (&call.into(), &true.into()), "{foreseen}");
    }
    let more = running.folder.path().join("more.jsonl");
    std::fs::write(&more, orders(&[350])).unwrap();
    let sent = schemas.document("send", &command(&["send", "orders", more.to_str().unwrap(), JSON]), 0);
    assert_eq!((&sent["lines"], &sent["position"]), (&1.into(), &3.into()));
    running.get("/api/v1/queries/big/results?position=3&wait=20s");
}

/// The commands that need no store, or one of their own.
fn without_a_store(schemas: &Schemas, folder: &Path) {
    let query = "MATCH (o:Order) RETURN o.total AS total";
    schemas.document("explain", &livewell(&["explain", query, JSON]), 0);
    let page = schemas.document("explain", &livewell(&["explain", "lw0604", JSON]), 0);
    assert_eq!(page["code"], "LW0604");
    schemas.document("check", &livewell(&["check", "minimal.yaml", JSON]), 0);
    let cases = "../../../../../examples/tested/cases";
    let config = "--config=../../../../../examples/tested/livewell.yaml";
    schemas.document("test", &livewell(&["test", cases, config, JSON]), 0);
    schemas.document("doctor", &livewell(&["doctor", "no-such.yaml", JSON]), 1);
    let wrong = schemas.document("check", &livewell(&["check", "ids.yaml", JSON]), 2);
    assert!(!wrong["problems"].as_array().unwrap().is_empty() && wrong["valid"] == false, "{wrong}");
    let missing = schemas.document("check", &livewell(&["check", "no-such.yaml", JSON]), 2);
    assert_eq!(
        (&missing["problems"][0]["code"], &missing["problems"][0]["line"]),
        (&"LW0601".into(), &Json::Null)
    );

    let data = folder.join("orders.jsonl");
    std::fs::write(&data, orders(&[10])).unwrap();
    let tried = |more: &str| livewell(&["try", query, "--data", data.to_str().unwrap(), more]);
    schemas.document("rows", &tried(JSON), 0);
    schemas.lines("row", &tried("--format=ndjson"));
    schemas.lines("result", &tried("--diffs"));
    std::fs::write(&data, "nonsense\n").unwrap();
    let parking = folder.join("parking.yaml");
    std::fs::write(&parking, "store: { path: parking }\nsources:\n  - { id: ops, kind: file, path: orders.jsonl, on_error: park }\n").unwrap();
    assert!(livewell(&["run", parking.to_str().unwrap(), "--until-idle"]).status.success());
    let parking = folder.join("parking");
    schemas.lines("parked", &livewell(&["parked", "ops", "--store", parking.to_str().unwrap()]));
}

#[test]
fn the_places_of_problems_are_those_of_their_pictures() {
    let picture = livewell(&["check", "unknown-fields.yaml"]);
    let document: Json =
        serde_json::from_slice(&livewell(&["check", "unknown-fields.yaml", JSON]).stdout).unwrap();
    let problems = document["problems"].as_array().unwrap();
    let places = text(&picture.stderr).lines().filter_map(|line| line.trim_start().strip_prefix("--> "));
    let of = |problem: &Json| {
        format!("{}:{}:{}", problem["file"].as_str().unwrap(), problem["line"], problem["column"])
    };
    assert_eq!(places.collect::<Vec<_>>(), problems.iter().map(of).collect::<Vec<_>>());
}
