//! The metrics of a running server: as the guide lists them, always in the same order, and what they say is so.

use super::running::{Events, Running, orders};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const GUIDE: &str = include_str!("../../../../docs/guide/metrics.md");

/// A family as the text of a server has it: its type, its unit, its samples in order.
#[derive(Debug, Default)]
pub struct Family {
    kind: String,
    unit: String,
    samples: Vec<Sample>,
}

/// One line of a family: the name, the names and values of its labels, and its value.
#[derive(Debug)]
pub struct Sample {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

/// Parses the text, and refuses what OpenMetrics does not allow: samples outside their family, other suffixes than its
/// type has, series that come twice, buckets that do not add up.
pub fn parse(text: &str) -> Vec<(String, Family)> {
    let mut families: Vec<(String, Family)> = Vec::new();
    let lines = text.strip_suffix("# EOF\n").expect("the text ends with its end").lines();
    for line in lines {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (what, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            if what == "HELP" {
                assert!(families.iter().all(|(other, _)| other != name), "{name} comes twice");
                assert!(!rest.is_empty() && !rest.ends_with('.'), "{line}");
                families.push((name.to_owned(), Family::default()));
            }
            let (current, family) = families.last_mut().expect("a description comes first");
            assert_eq!(current, name, "{line}");
            match what {
                "TYPE" => family.kind = rest.to_owned(),
                "UNIT" => family.unit = rest.to_owned(),
                _ => assert_eq!(what, "HELP"),
            }
            continue;
        }
        let (name, family) = families.last_mut().expect("samples are in a family");
        let sample = sample(line);
        let suffix = sample.name.strip_prefix(name.as_str()).unwrap_or_else(|| panic!("{line} in {name}"));
        let allowed: &[&str] = match family.kind.as_str() {
            "counter" => &["_total"],
            "gauge" => &[""],
            "histogram" => &["_bucket", "_sum", "_count"],
            other => panic!("{name} is a {other}"),
        };
        assert!(allowed.contains(&suffix), "{line}");
        assert!(family.kind == "gauge" || sample.value >= 0.0, "{line}");
        family.samples.push(sample);
    }
    for (name, family) in &families {
        assert!(family.unit.is_empty() || name.ends_with(&format!("_{}", family.unit)), "{name}");
        let series: BTreeSet<String> =
            family.samples.iter().map(|one| format!("{}{:?}", one.name, one.labels)).collect();
        assert_eq!(series.len(), family.samples.len(), "{name} has a series twice");
        check_buckets(name, family);
    }
    families
}

/// Checks that the buckets of each series grow up to its count.
fn check_buckets(name: &str, family: &Family) {
    let mut last: BTreeMap<Vec<(String, String)>, (f64, f64)> = BTreeMap::new();
    for bucket in family.samples.iter().filter(|one| one.name.ends_with("_bucket")) {
        let (bound, others): (Vec<_>, Vec<_>) =
            bucket.labels.iter().cloned().partition(|(label, _)| label == "le");
        let bound = bound[0].1.replace("+Inf", "inf").parse().unwrap();
        let (before, count) = last.get(&others).copied().unwrap_or((-1.0, 0.0));
        assert!(bound > before && bucket.value >= count, "{name}: {bucket:?}");
        last.insert(others, (bound, bucket.value));
    }
    for (labels, (bound, count)) in last {
        assert!(bound.is_infinite(), "{name}");
        let whole = family.samples.iter().find(|one| one.name.ends_with("_count") && one.labels == labels);
        assert_eq!(whole.map(|whole| whole.value), Some(count), "{name}");
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
    let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
    let Some((name, rest)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels: Vec::new(), value };
    };
    let rest = rest.strip_suffix('}').unwrap_or_else(|| panic!("{line}"));
    assert!(!rest.is_empty(), "{line}");
    // No value of a label of this server contains a comma or a quote.
    let labels = rest.split(',').map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or_else(|| panic!("{line}"));
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        (name.to_owned(), value.unwrap_or_else(|| panic!("{line}")).to_owned())
    });
    Sample { name: name.to_owned(), labels: labels.collect(), value }
}

/// A row of the list in the guide: type, unit, labels.
type Listed = (String, String, BTreeSet<String>);

/// Returns the families that the guide lists, by the names under which they are queried.
pub fn listed() -> BTreeMap<String, Listed> {
    let (_, list) = GUIDE.split_once("## All families").unwrap();
    let rows = list.split("\n## ").next().unwrap().lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, unit, labels, meaning] = cells[..] else { panic!("{row}") };
        assert!(!meaning.is_empty(), "{row}");
        let labels = labels.split(", ").filter(|label| !label.is_empty());
        let labels = labels.map(|label| label.trim_matches('`').to_owned()).collect();
        (name.trim_matches('`').to_owned(), (kind.to_owned(), unit.to_owned(), labels))
    })
    .collect()
}

/// A server with a component of each kind, one of which has something of everything.
pub fn rich() -> Running {
    let running = Running::of(
        "store: { kind: embedded, path: data }\n\
         server: { listen: 127.0.0.1:0 }\n\
         sources:\n\
         - { id: orders, kind: http }\n\
         - { id: lines, kind: file, path: lines.jsonl, on_error: park, follow: true }\n\
         queries:\n\
         - { id: big, sources: [orders], cypher: \"MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id\" }\n\
         reactions:\n\
         - { id: seen, kind: file, queries: [big], path: out.jsonl }\n",
    );
    fs::write(running.folder.path().join("lines.jsonl"), "").unwrap();
    running.ask("POST", "/api/v1/sources/lines/start", "", "");
    running.post(&orders(&[250, 50, 300]));
    until(&running, "/api/v1/reactions/seen", "sequence", 2);
    running
}

fn until(running: &Running, path: &str, field: &str, value: u64) {
    let began = Instant::now();
    while running.get(path).json()[field] != json!(value) {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", running.get(path).body);
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// The value of a series, by the beginning of its line.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("{series} is not in:\n{text}")).parse().unwrap()
}

#[test]
fn the_guide_lists_what_a_server_shows_and_nothing_else() {
    let running = rich();
    let families = parse(&running.get("/metrics").body);
    let mut listed = listed();
    for (name, family) in &families {
        let queried = if family.kind == "counter" { format!("{name}_total") } else { name.clone() };
        let (kind, unit, labels) =
            listed.remove(&queried).unwrap_or_else(|| panic!("`{queried}` is not listed"));
        assert_eq!((&kind, &unit), (&family.kind, &family.unit), "{queried}");
        for sample in &family.samples {
            let has = sample.labels.iter().map(|(label, _)| label.clone()).filter(|label| label != "le");
            assert_eq!(has.collect::<BTreeSet<_>>(), labels, "{queried}");
        }
    }
    assert!(listed.is_empty(), "not there: {:?}", listed.keys());
}

#[test]
fn the_order_is_always_the_same() {
    let running = rich();
    let order = || -> Vec<String> {
        let families = parse(&running.get("/metrics").body);
        let samples = families.into_iter().flat_map(|(_, family)| family.samples);
        samples.map(|sample| format!("{}{:?}", sample.name, sample.labels)).collect()
    };
    order();
    assert_eq!(order(), order());
}

#[test]
fn what_happened_is_counted_and_measured() {
    let mut running = rich();
    fs::write(running.folder.path().join("lines.jsonl"), "nonsense\n").unwrap();
    until(&running, "/api/v1/sources/lines", "parked", 1);
    running.get("/nowhere");
    running.ask("POST", "/api/v1/queries/big/reset", "", "");
    until(&running, "/api/v1/reactions/seen", "lag", 0);
    let follower = Events::of(running.open("GET", "/api/v1/queries/big/changes", "", ""));
    let text = running.get("/metrics").body;
    for (series, expected) in [
        (r#"livewell_source_transactions_total{kind="source",id="orders"}"#, 3.0),
        (r#"livewell_parked{kind="source",id="lines"}"#, 1.0),
        (r#"livewell_source_to_effect_seconds_count{kind="reaction",id="seen"}"#, 2.0),
        (r#"livewell_http_requests_total{class="ingest",code="200"}"#, 1.0),
        (r#"livewell_http_requests_total{class="other",code="404"}"#, 1.0),
        (r#"livewell_http_requests_total{class="operate",code="202"}"#, 1.0),
        (r#"livewell_http_requests_total{class="operate",code="200"}"#, 1.0),
        (r#"livewell_http_streams{kind="follower"}"#, 1.0),
        (r#"livewell_resets_total{kind="query"}"#, 1.0),
        ("livewell_components_waiting_for_disk", 0.0),
        ("livewell_store_commit_failures_total", 0.0),
        (concat!(r#"livewell_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#), 1.0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
    drop(follower);
    // Of the first three transactions, the query has taken in two or three steps; the rebuild is not one.
    let results = value(&text, "livewell_source_to_result_seconds_count");
    assert!((1.0..=3.0).contains(&results), "{results}");
    assert!(value(&text, "livewell_source_to_result_seconds_sum") < 60.0);
    let commits = value(&text, "livewell_store_commit_seconds_count");
    assert!(commits >= 4.0 && value(&text, "livewell_store_write_sets_total") >= commits);
    assert!(value(&text, "livewell_store_flush_seconds_count") >= commits);
    assert!(value(&text, "livewell_store_written_bytes_total") > 500.0);
    let [data, file, limit] =
        ["data", "file", "limit"].map(|what| value(&text, &format!("livewell_store_{what}_bytes")));
    assert!(0.0 < data && data <= file && file < limit, "{data} {file} {limit}");
    assert!(value(&text, "livewell_query_step_seconds_count") >= results);
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(value(&text, "process_open_fds") > 3.0);
    assert!(value(&text, "process_cpu_seconds_total") > 0.0);
    let started = value(&text, "process_start_time_seconds");
    running.stop();
    running.start_again();
    let text = running.get("/metrics").body;
    assert!(value(&text, "process_start_time_seconds") > started);
    assert_eq!(value(&text, r#"livewell_source_transactions_total{kind="source",id="orders"}"#), 0.0);
    // What came before this process has no age.
    assert_eq!(value(&text, r#"livewell_source_to_effect_seconds_count{kind="reaction",id="seen"}"#), 0.0);
}

#[test]
fn an_outbox_is_as_full_as_what_its_slowest_follower_has_not_read() {
    let paused = "  - { id: small, sources: [orders], outbox: { capacity: 10 }, cypher: \"MATCH (o:Order) RETURN o.id AS id\" }\n\
                  reactions:\n  - { id: later, kind: file, queries: [small], path: out.jsonl, enabled: false }\n";
    let running = Running::start_with("", "", paused);
    let fill = || value(&running.get("/metrics").body, r#"livewell_log_fill_ratio{kind="query",id="small"}"#);
    running.post(&orders(&[1, 2, 3, 4]));
    until(&running, "/api/v1/queries/small", "sequence", 4);
    assert_eq!(fill(), 0.4);
    running.post(&orders(&[5; 20]).replace(r#""id":"o"#, r#""id":"p"#));
    until(&running, "/api/v1/queries/small", "sequence", 24);
    assert_eq!(fill(), 1.0);
    let recovered = |running: &Running, outcome: &str| {
        let series =
            format!(r#"livewell_recoveries_total{{kind="reaction",cause="gap",outcome="{outcome}"}}"#);
        value(&running.get("/metrics").body, &series)
    };
    assert_eq!(recovered(&running, "stopped"), 0.0);
    running.ask("POST", "/api/v1/reactions/later/start", "", "");
    let began = Instant::now();
    while running.get("/api/v1/reactions/later").json()["state"] != "error" {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(recovered(&running, "stopped"), 1.0);
}

#[test]
fn status_says_how_much_there_is_in_a_second() {
    let running = rich();
    for path in ["/api/v1/sources/orders", "/api/v1/queries/big", "/api/v1/reactions/seen"] {
        let rate = running.get(path).json()["rates"]["per_second"].as_f64().unwrap();
        assert!(rate > 0.02 && rate <= 3.0, "{path}: {rate}");
    }
    let lines = running.get("/api/v1/sources/lines").json();
    assert_eq!(lines["rates"]["per_second"], json!(0.0));
    assert_eq!(lines["upstream"]["total_bytes"], json!(0));
    fs::write(running.folder.path().join("lines.jsonl"), "nonsense\n").unwrap();
    until(&running, "/api/v1/sources/lines", "parked", 1);
    let began = Instant::now();
    while running.get("/api/v1/sources/lines").json()["upstream"]["total_bytes"] != json!(9) {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(running.get("/api/v1/sources/lines").json()["upstream"]["behind_bytes"], json!(0));
    let source = running.get("/api/v1/sources").json();
    assert!(source[0]["rates"]["per_second"].is_number() && source[0]["log_bytes"].is_number());
}

/// The files for Prometheus and Grafana.
pub fn deployed(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}
