//! The remarks of `livewell status` below its table: errors, what needs a person, and what a source does outside.

use crate::render::{counted, size};
use indicatif::HumanDuration;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::time::Duration;

/// A line below the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// What it says.
    pub text: String,
    /// Whether it says that something stands still or is about to be lost.
    pub is_error: bool,
}

/// Returns the remarks on what needs somebody, of the components that are shown and of the machine: why, and what to do.
pub fn of_needs<'a>(needs: &Json, shown: impl Iterator<Item = &'a Json>) -> Vec<Remark> {
    let ids: BTreeSet<&str> = shown.filter_map(|one| one["id"].as_str()).collect();
    let is_shown = |need: &&Json| need["component"]["id"].as_str().is_none_or(|id| ids.contains(id));
    needs.as_array().into_iter().flatten().filter(is_shown).flat_map(of_need).collect()
}

fn of_need(need: &Json) -> impl Iterator<Item = Remark> {
    let text = |field: &str| need[field].as_str();
    let id = need["component"]["id"].as_str().unwrap_or("server");
    let since = text("since").map_or_else(String::new, |since| format!("since {since}: "));
    let code = text("code").map_or_else(String::new, |code| format!(" [{code}]"));
    let why = format!("{id}: {since}{}{code}", text("reason").unwrap_or_default());
    let command = || need["actions"][0]["command"].as_str().map(|command| format!("`{command}`"));
    let fix = text("fix").map(ToOwned::to_owned).or_else(command);
    let fix = fix.map(|fix| Remark { text: format!("{id}: fix: {fix}"), is_error: false });
    std::iter::once(Remark { text: why, is_error: need["severity"] == "error" }).chain(fix)
}

/// Returns the other remarks on a component.
pub fn of(one: &Json) -> Vec<Remark> {
    let id = one["id"].as_str().unwrap_or_default();
    let mut remarks = Vec::new();
    // What a component in error keeps waiting has no need of its own.
    if let Some(error) = one["error"].as_str().filter(|error| error.ends_with("[LW0527]")) {
        remarks.push(format!("since {}: {error}", one["error_since"].as_str().unwrap_or_default()));
    }
    if one["configured"] == false {
        remarks.push(format!(
            "not in the configuration; `livewell remove {id}` removes what it stored, unless something reads it"
        ));
    }
    if one["differs_from_file"] == true {
        remarks.push(
            "runs as a call has changed it, not as the configuration says; write the change there, or undo it"
                .to_owned(),
        );
    }
    remarks.extend(building(&one["build"]));
    let upstream = &one["upstream"];
    let outside = [copying(&upstream["copy"]), waiting(upstream), behind(one)];
    remarks.extend(outside.into_iter().flatten());
    let on_it = |remark: String| Remark { text: format!("{id}: {remark}"), is_error: false };
    remarks.into_iter().map(on_it).collect()
}

/// Returns how far the rows of a query are built, and about how long it takes yet.
fn building(build: &Json) -> Option<String> {
    let (elements, expected) = (build["elements"].as_u64()?, build["elements_expected"].as_u64()?);
    let (share, rate) = (build["share"].as_f64()?, build["elements_per_second"].as_f64()?);
    let left = Duration::try_from_secs_f64(expected.saturating_sub(elements) as f64 / rate);
    let left = left.map_or_else(|_| String::new(), |left| format!(", about {} left", HumanDuration(left)));
    let share = share * 100.0;
    Some(format!(
        "building its rows: {elements} of {expected} elements ({share:.0} %), {rate:.0} a second{left}"
    ))
}

fn copying(copy: &Json) -> Option<String> {
    let rows = copy["rows"].as_u64()?;
    let tables: Vec<&str> = copy["tables"].as_array()?.iter().filter_map(Json::as_str).collect();
    let tables = match tables.as_slice() {
        [] => "the end of its copy".to_owned(),
        [table] => format!("`{table}`"),
        [first, others @ ..] => format!("`{first}` and {} more", others.len()),
    };
    let of = match (copy["rows_expected"].as_u64(), copy["share"].as_f64()) {
        (Some(expected), Some(share)) => format!(" of about {expected} rows ({:.0} %)", share * 100.0),
        _ => " rows".to_owned(),
    };
    let rate = copy["rows_per_second"].as_f64().unwrap_or_default();
    Some(format!("copying {tables}: {rows}{of}, {rate:.0} a second"))
}

fn waiting(upstream: &Json) -> Option<String> {
    Some(format!("waits outside: {}", upstream["waits_for"].as_str()?))
}

/// Returns how far it is behind outside, if it is.
fn behind(one: &Json) -> Option<String> {
    let upstream = &one["upstream"];
    let left = |field: &str| upstream[field].as_u64().filter(|left| *left > 0 && one["state"] != "caught_up");
    if let Some(messages) = left("behind_messages") {
        return Some(format!("{} left to read", counted(messages, "message is", "messages are")));
    }
    let bytes = left("behind_bytes")?;
    if upstream["kept_bytes"].is_null() {
        let part = &upstream["part"];
        let part = part["name"].as_str().map_or_else(String::new, |name| {
            format!(", from `{name}` on, file {} of {}", part["number"], part["of"])
        });
        return Some(format!("{} are left to read{part}", size(bytes)));
    }
    let seconds = upstream["lag_seconds"].as_f64().filter(|seconds| *seconds > 0.0);
    let late =
        seconds.map_or_else(String::new, |seconds| format!(", {seconds:.1} s after the last commit it has"));
    Some(format!("{} of the database's log are before it{late}", size(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn lines(one: &Json) -> Vec<String> {
        of(one).into_iter().map(|remark| remark.text).collect()
    }

    #[test]
    fn a_copy_that_is_behind_is_told_in_a_line_each() {
        let upstream = json!({
            "behind_bytes": 1_234_567, "lag_seconds": 61.25, "kept_bytes": 9_000_000_000_u64, "safe_bytes": 512,
            "waits_for": "transaction 7 to end",
            "copy": {"tables": ["public.a", "public.b"], "rows": 120, "rows_expected": 500, "share": 0.24,
                     "rows_per_second": 40.4},
        });
        let one = json!({"id": "shop", "state": "running", "upstream": upstream, "error": null, "parked": 2});
        assert_eq!(
            lines(&one),
            [
                "shop: copying `public.a` and 1 more: 120 of about 500 rows (24 %), 40 a second",
                "shop: waits outside: transaction 7 to end",
                "shop: 1.2 MB of the database's log are before it, 61.2 s after the last commit it has",
            ]
        );
    }

    #[test]
    fn each_need_of_what_is_shown_is_followed_by_what_to_do() {
        let need = |id: &str, reason: &str, code: Json, fix: Json| {
            json!({
                "component": { "kind": "query", "id": id }, "severity": "error", "since": "T", "reason": reason,
                "code": code, "fix": fix, "actions": [{ "command": format!("livewell start {id}") }],
            })
        };
        let disk = json!({ "component": null, "severity": "warning", "since": null, "reason": "full", "code": null,
                           "fix": "Free space", "actions": [] });
        let needs = json!([
            need("mean", "a / 0", json!("LW0510"), json!("Correct the data")),
            need("other", "b / 0", Json::Null, Json::Null),
            need("odd", "c", Json::Null, Json::Null),
            disk,
        ]);
        let shown = [json!({ "id": "mean" }), json!({ "id": "odd" })];
        let remarks = of_needs(&needs, shown.iter());
        let lines: Vec<(&str, bool)> =
            remarks.iter().map(|remark| (remark.text.as_str(), remark.is_error)).collect();
        assert_eq!(
            lines,
            [
                ("mean: since T: a / 0 [LW0510]", true),
                ("mean: fix: Correct the data", false),
                ("odd: since T: c", true),
                ("odd: fix: `livewell start odd`", false),
                ("server: full", false),
                ("server: fix: Free space", false),
            ]
        );
    }

    #[test]
    fn what_files_and_streams_have_left_is_told_until_they_are_read() {
        let one = |state: &str, upstream: Json| json!({"id": "ops", "state": state, "upstream": upstream});
        let part = json!({"name": "b.jsonl", "number": 2, "of": 3});
        let files = json!({"behind_bytes": 4_200, "part": part});
        assert_eq!(
            lines(&one("running", files.clone())),
            ["ops: 4.2 kB are left to read, from `b.jsonl` on, file 2 of 3"]
        );
        assert_eq!(
            lines(&one("running", json!({"behind_messages": 12}))),
            ["ops: 12 messages are left to read"]
        );
        assert!(of(&one("caught_up", files)).is_empty());
    }

    #[test]
    fn a_build_tells_how_far_it_is_and_how_long_it_takes_yet() {
        let one = |rate: f64| {
            let build = json!({"elements": 450, "elements_expected": 1_000, "share": 0.45, "elements_per_second": rate});
            lines(&json!({"id": "late", "state": "running", "build": build}))
        };
        assert_eq!(
            one(110.0),
            ["late: building its rows: 450 of 1000 elements (45 %), 110 a second, about 5 seconds left"]
        );
        assert_eq!(one(0.0), ["late: building its rows: 450 of 1000 elements (45 %), 0 a second"]);
    }

    #[test]
    fn a_source_with_nothing_to_say_has_no_remark() {
        let upstream =
            json!({"behind_bytes": 800, "lag_seconds": 0.0, "kept_bytes": 900, "safe_bytes": 1_000_000});
        assert!(of(&json!({"id": "shop", "state": "caught_up", "upstream": upstream})).is_empty());
        assert!(of(&json!({"id": "ops", "state": "caught_up", "upstream": null, "parked": 0})).is_empty());
    }
}
