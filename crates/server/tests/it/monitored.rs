//! What watches a server: a real Prometheus that scrapes it, the alert rules, and the dashboard for Grafana.

use super::metrics::{deployed, listed, rich};
use livewell_services::{Prometheus, pause, promtool};
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

#[test]
fn prometheus_reads_all_series_and_takes_the_alert_rules() {
    let running = rich();
    let prometheus = Prometheus::scraping(&running.address, &[&deployed("prometheus/alerts.yaml")]);
    let ask = |expression: &str| -> Json {
        let path = format!("/api/v1/query?query={}", expression.replace('"', "%22"));
        serde_json::from_str(&prometheus.get(&path).expect("a valid expression")).unwrap()
    };
    let number = |expression: &str| -> Option<f64> {
        ask(expression)["data"]["result"][0]["value"][1].as_str()?.parse().ok()
    };
    let began = Instant::now();
    while number("up") != Some(1.0) {
        let targets = prometheus.get("/api/v1/targets").unwrap();
        assert!(began.elapsed() < Duration::from_secs(30), "{targets}");
        pause(Duration::from_millis(100));
    }
    assert_eq!(number(r#"livewell_query_results_total{id="big"}"#), Some(2.0));
    assert_eq!(number("livewell_source_to_effect_seconds_count"), Some(2.0));
    let text = running.get("/metrics").body;
    let series = text.lines().filter(|line| !line.starts_with('#')).count() as f64;
    let scraped = number("scrape_samples_scraped").unwrap();
    // Each scrape may add a class of calls.
    assert!((scraped - series).abs() <= 2.0, "{scraped} of {series}");
    let rules: Json = serde_json::from_str(&prometheus.get("/api/v1/rules").unwrap()).unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert!(rules.len() > 15);
    while rules_of(&prometheus).iter().any(|rule| rule["health"] == "unknown") {
        assert!(began.elapsed() < Duration::from_secs(60));
        pause(Duration::from_millis(100));
    }
    for rule in rules_of(&prometheus) {
        assert_eq!((&rule["health"], &rule["state"]), (&"ok".into(), &"inactive".into()), "{rule}");
    }
}

fn rules_of(prometheus: &Prometheus) -> Vec<Json> {
    let rules: Json = serde_json::from_str(&prometheus.get("/api/v1/rules").unwrap()).unwrap();
    rules["data"]["groups"][0]["rules"].as_array().unwrap().clone()
}

#[test]
fn the_alert_rules_are_valid_and_fire_when_they_should() {
    for arguments in
        [["check", "rules", "prometheus/alerts.yaml"], ["test", "rules", "prometheus/alerts_test.yaml"]]
    {
        let output = promtool().args(&arguments[..2]).arg(deployed(arguments[2])).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    }
}

/// Words of expressions that are not followed by a bracket at once.
const KEYWORDS: [&str; 15] = [
    "and",
    "avg",
    "bool",
    "by",
    "count",
    "group_left",
    "ignoring",
    "max",
    "min",
    "offset",
    "on",
    "or",
    "sum",
    "unless",
    "without",
];

/// Returns the names of metrics in an expression: words that are not functions, labels, values or keywords.
fn names(expression: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0;
    let mut word = String::new();
    let mut in_text = false;
    let mut by = false;
    for letter in expression.chars().chain([' ']) {
        if letter.is_ascii_alphanumeric() || letter == '_' || letter == ':' {
            word.push(letter);
            continue;
        }
        let ended = std::mem::take(&mut word);
        let is_keyword = KEYWORDS.contains(&ended.as_str());
        let is_name = ended.starts_with(|first: char| first.is_ascii_alphabetic()) && !is_keyword;
        if is_name && !in_text && depth == 0 && !by && letter != '(' {
            names.push(ended.clone());
        }
        match letter {
            '"' => in_text = !in_text,
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            '(' if ["by", "without", "on", "ignoring"].contains(&ended.as_str()) => by = true,
            ' ' if ["by", "without", "on", "ignoring"].contains(&ended.as_str()) => by = true,
            ')' => by = false,
            _ => {}
        }
    }
    names
}

#[test]
fn names_are_found_in_expressions() {
    let expression = r#"histogram_quantile(0.99, sum by (id, le) (rate(a_bucket{kind=~"x|y"}[5m]))) > 10 and b_total < 1e9"#;
    assert_eq!(names(expression), ["a_bucket", "b_total"]);
    assert_eq!(names(r#"sum(up{job="livewell"}) - time()"#), ["up"]);
}

/// The functions that take a counter for granted, and those that take a gauge.
const OF_COUNTERS: [&str; 3] = ["increase(", "irate(", "rate("];
const OF_GAUGES: [&str; 4] = ["predict_linear(", "idelta(", "delta(", "deriv("];

/// Returns the metrics to which an expression applies one of these functions.
fn applied(expression: &str, functions: &[&str]) -> Vec<String> {
    let behind = |function: &&str| {
        let places = expression.match_indices(*function).collect::<Vec<_>>().into_iter();
        places.map(|(at, _)| names(&expression[at + function.len()..])[0].clone()).collect::<Vec<_>>()
    };
    functions.iter().flat_map(behind).collect()
}

/// Returns whether a series only grows.
fn is_counter(name: &str) -> bool {
    ["_total", "_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end))
}

/// Checks that an expression names only families of the guide, and asks of each what its kind can tell.
fn check(place: &str, expression: &str, listed: &BTreeSet<String>) {
    for name in applied(expression, &OF_COUNTERS) {
        assert!(is_counter(&name), "{place}: `{name}` is a gauge: {expression}");
    }
    for name in applied(expression, &OF_GAUGES) {
        assert!(!is_counter(&name), "{place}: `{name}` is a counter: {expression}");
    }
    let names = names(expression);
    assert!(!names.is_empty(), "{place}: {expression}");
    for name in names {
        assert!(listed.contains(&name), "{place}: `{name}` is not a metric: {expression}");
    }
}

/// Returns the names of all series of all families.
fn series() -> BTreeSet<String> {
    let of = |(name, (kind, _, _)): (String, (String, String, BTreeSet<String>))| {
        let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
        suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect::<Vec<_>>()
    };
    listed().into_iter().flat_map(of).chain(["up".to_owned()]).collect()
}

#[test]
fn alerts_and_the_dashboard_name_only_metrics_that_are_there_and_pages_that_are_there() {
    let listed = series();
    let alerts = fs::read_to_string(deployed("prometheus/alerts.yaml")).unwrap();
    let field = |name: &str| -> Vec<String> {
        let lines = alerts.lines().filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
        lines.map(ToOwned::to_owned).collect()
    };
    let (rules, expressions, runbooks) = (field("- alert"), field("expr"), field("runbook"));
    assert!(rules.len() > 15 && rules.len() == expressions.len() && rules.len() == runbooks.len());
    for (rule, expression) in rules.iter().zip(&expressions) {
        check(rule, expression, &listed);
    }
    for runbook in runbooks {
        let (page, heading) = runbook.split_once('#').unwrap_or((&runbook, ""));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(page);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
        let anchor = |line: &str| {
            let kept = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            kept.chars().filter(|letter| letter.is_alphanumeric() || *letter == '-').collect::<String>()
        };
        let mut headings = text.lines().filter(|line| line.starts_with('#')).map(anchor);
        assert!(heading.is_empty() || headings.any(|found| found == heading), "{runbook}");
    }
    let dashboard: Json =
        serde_json::from_str(&fs::read_to_string(deployed("grafana/livewell.json")).unwrap()).unwrap();
    let mut numbers = BTreeSet::new();
    let panels = dashboard["panels"].as_array().unwrap();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(numbers.insert(panel["id"].as_u64().unwrap()), "{title}: its number comes twice");
        let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(panel["type"] == "row" || !targets.is_empty(), "{title}");
        for target in targets {
            check(title, target["expr"].as_str().unwrap(), &listed);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().unwrap() {
        if let Some(query) = variable["query"]["query"].as_str() {
            let inner = query.strip_prefix("label_values(").and_then(|query| query.split_once(','));
            check("variable", inner.expect("values of a label").0, &listed);
        }
    }
}
