//! The remarks of `livewell status` below its table: errors, what needs a person, and what a source does outside.

use crate::explain;
use crate::render::size;
use indicatif::HumanDuration;
use serde_json::Value as Json;
use std::time::Duration;

/// Returns the remarks on a component, a line each.
pub fn of(one: &Json) -> Vec<String> {
    let id = one["id"].as_str().unwrap_or_default();
    let mut remarks = Vec::new();
    if let Some(error) = one["error"].as_str() {
        remarks.push(format!("{id}: since {}: {error}", one["error_since"].as_str().unwrap_or_default()));
        remarks.extend(explain::fix(error, id).map(|fix| format!("{id}: fix: {fix}")));
    }
    if one["configured"] == false {
        remarks.push(format!(
            "{id}: not in the configuration; `livewell remove {id}` removes what it stored, unless something reads it"
        ));
    }
    if one["differs_from_file"] == true {
        remarks.push(format!(
            "{id}: runs as a call has changed it, not as the configuration says; write the change there, or undo it"
        ));
    }
    for (field, what, command) in
        [("parked", "parked", "parked"), ("dead_letters", "dead letters", "dead-letters")]
    {
        if let Some(count @ 1..) = one[field].as_u64() {
            remarks.push(format!("{id}: {what}: {count}; `livewell {command} {id}` lists them"));
        }
    }
    remarks.extend(building(&one["build"]).map(|remark| format!("{id}: {remark}")));
    let upstream = &one["upstream"];
    let outside = [copying(&upstream["copy"]), waiting(upstream), behind(one), kept(upstream)];
    remarks.extend(outside.into_iter().flatten().map(|remark| format!("{id}: {remark}")));
    remarks
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
        return Some(format!("{messages} messages are left to read"));
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

/// Returns how much the database keeps for it, once that is close to the limit.
fn kept(upstream: &Json) -> Option<String> {
    let (kept, safe) = (upstream["kept_bytes"].as_u64()?, upstream["safe_bytes"].as_u64()?);
    let text = || {
        format!(
            "the database keeps {} of its log for it and drops that after {} more (`max_slot_wal_keep_size`)",
            size(kept),
            size(safe)
        )
    };
    (safe < kept).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
            of(&one),
            [
                "shop: parked: 2; `livewell parked shop` lists them",
                "shop: copying `public.a` and 1 more: 120 of about 500 rows (24 %), 40 a second",
                "shop: waits outside: transaction 7 to end",
                "shop: 1.2 MB of the database's log are before it, 61.2 s after the last commit it has",
                "shop: the database keeps 9.0 GB of its log for it and drops that after 512 bytes more \
                 (`max_slot_wal_keep_size`)",
            ]
        );
    }

    #[test]
    fn an_error_is_followed_by_what_to_do() {
        let one = json!({"id": "mean", "state": "error", "error": "a / 0 [LW0510]", "error_since": "T"});
        assert_eq!(
            of(&one),
            [
                "mean: since T: a / 0 [LW0510]",
                "mean: fix: Correct the data and use `livewell reset mean`, which starts from the elements as they are \
                 then; or change the query so that it accepts such values. More: `livewell explain LW0510`",
            ]
        );
    }

    #[test]
    fn what_files_and_streams_have_left_is_told_until_they_are_read() {
        let one = |state: &str, upstream: Json| json!({"id": "ops", "state": state, "upstream": upstream});
        let part = json!({"name": "b.jsonl", "number": 2, "of": 3});
        let files = json!({"behind_bytes": 4_200, "part": part});
        assert_eq!(
            of(&one("running", files.clone())),
            ["ops: 4.2 kB are left to read, from `b.jsonl` on, file 2 of 3"]
        );
        assert_eq!(
            of(&one("running", json!({"behind_messages": 12}))),
            ["ops: 12 messages are left to read"]
        );
        assert!(of(&one("caught_up", files)).is_empty());
    }

    #[test]
    fn a_build_tells_how_far_it_is_and_how_long_it_takes_yet() {
        let one = |rate: f64| {
            let build = json!({"elements": 450, "elements_expected": 1_000, "share": 0.45, "elements_per_second": rate});
            of(&json!({"id": "late", "state": "running", "build": build}))
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
