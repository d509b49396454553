//! A component's status in JSON, as every call shows it.

use livewell::{BuildProgress, Condition, Status, Timestamp};
use livewell_source::source::Report;
use serde::Serialize;
use serde_json::{Value, json};

/// Returns a component in JSON.
pub fn shape(status: &Status) -> Value {
    json!({
        "id": status.id,
        "state": status.state.name(),
        "epoch": status.epoch.to_string(),
        "sequence": status.sequence,
        "lag": status.lag,
        "lag_seconds": status.lag_seconds,
        "rows": status.rows,
        "log_entries": status.log_entries,
        "log_bytes": status.log_bytes,
        "rates": { "per_second": rounded(status.entries_per_second) },
        "position": status.position,
        "without_effect": status.without_effect,
        "expired": status.expired,
        "parked": status.parked,
        "dead_letters": status.dead_letters,
        "failures": status.failures,
        "retries": status.retries,
        "checked": status.checked,
        "upstream": status.upstream.as_ref().map(|report| upstream(report, status.upstream_lag_seconds)),
        "build": status.build.map(build),
        "error": status.error,
        "error_since": status.error_since.map(|since| since.to_rfc3339()),
        "configured": true,
    })
}

/// Rounds a rate to what it says: a thousandth.
pub fn rounded(rate: f64) -> f64 {
    (rate * 1e3).round() / 1e3
}

/// Why a component is in error, or what it waits for, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trouble {
    pub code: Option<String>,
    pub message: String,
    pub since: String,
}

/// Returns why a component is in error, or what it waits for, to show with its rows. Null if all is well.
pub fn trouble(condition: &Condition) -> Value {
    let trouble = condition.trouble.as_ref().map(|(error, since)| trouble_of(error, *since));
    json!(trouble)
}

/// Returns an error that ends with its code in parts.
pub fn trouble_of(error: &str, since: Timestamp) -> Trouble {
    let coded = error.strip_suffix(']').and_then(|error| error.rsplit_once(" ["));
    let (message, code) = coded.map_or((error, None), |(message, code)| (message, Some(code)));
    Trouble { code: code.map(ToOwned::to_owned), message: message.to_owned(), since: since.to_rfc3339() }
}

/// Returns how far the rows of a query are built.
fn build(progress: BuildProgress) -> Value {
    let BuildProgress { elements, elements_expected, elements_per_second } = progress;
    json!({
        "elements": elements,
        "elements_expected": elements_expected,
        "share": elements as f64 / elements_expected.max(1) as f64,
        "elements_per_second": rounded(elements_per_second),
    })
}

/// Returns the progress of a source outside.
fn upstream(report: &Report, lag_seconds: Option<f64>) -> Value {
    let copy = report.copy.as_ref().map(|copy| {
        let share = copy.rows_expected.filter(|expected| *expected > 0);
        json!({
            "tables": copy.tables,
            "rows": copy.rows,
            "rows_expected": copy.rows_expected,
            "share": share.map(|expected| (copy.rows as f64 / expected as f64).min(1.0)),
            "rows_per_second": copy.rate,
        })
    });
    json!({
        "behind_bytes": report.behind_bytes,
        "total_bytes": report.total_bytes,
        "behind_messages": report.behind_messages,
        "part": report.part.as_ref().map(|part| json!({ "name": part.name, "number": part.number, "of": part.of })),
        "last_commit": report.last_commit.map(|commit| commit.to_rfc3339()),
        "lag_seconds": lag_seconds,
        "kept_bytes": report.kept_bytes,
        "safe_bytes": report.safe_bytes,
        "waits_for": report.waits_for,
        "copy": copy,
    })
}
