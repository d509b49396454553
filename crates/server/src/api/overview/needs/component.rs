//! What a component needs, by its status alone.

use super::need::{Action, Need, Severity, What};
use crate::api::shape::Trouble;
use crate::explain;
use crate::render::{counted, size};
use livewell::{ComponentKind, State, Status};
use livewell_reaction::Role;

/// The share of a log or an outbox from which on it needs somebody.
const FULL: f64 = 0.8;
/// The share from which on it is about to be full.
const NEARLY_FULL: f64 = 0.98;
/// The codes of a consumer that cannot simply continue.
const GAPS: [&str; 3] = ["LW0530", "LW0531", "LW0532"];
/// The code of a component that waits for one in error, which has a need of its own.
const WAITS_FOR_ANOTHER: &str = "LW0527";
/// The codes of a disk that is full or fails: everything stands still.
const DISK: [&str; 2] = ["LW0302", "LW0305"];

/// Returns what a component needs; `role` is that of a reaction, if it is known.
pub fn of(status: &Status, role: Option<Role>) -> Vec<Need> {
    let all = [trouble(status, role), dead_letters(status), parked(status), unread(status), kept(status)];
    all.into_iter().flatten().collect()
}

/// Returns that it has stopped, or waits.
fn trouble(status: &Status, role: Option<Role>) -> Option<Need> {
    let (error, since) = (status.error.as_deref()?, status.error_since?);
    let trouble = Trouble::in_parts(error, since);
    let code = trouble.code.as_deref().unwrap_or_default();
    if code == WAITS_FOR_ANOTHER {
        return None;
    }
    let (what, severity) = match status.state {
        State::Error if GAPS.contains(&code) => (What::Gap, Severity::Error),
        State::Error => (What::Error, Severity::Error),
        _ if DISK.contains(&code) => (What::Waiting, Severity::Error),
        _ => (What::Waiting, Severity::Warning),
    };
    let is_reaction = status.kind == ComponentKind::Reaction;
    Some(Need {
        since: Some(trouble.since),
        fix: explain::fix(error, &status.id),
        loses: is_reaction
            .then(|| "what it has not delivered, once the outbox of its query is full".to_owned()),
        actions: if what == What::Waiting { Vec::new() } else { mending(status, role, what) },
        code: trouble.code.clone(),
        ..Need::of(status, what, severity, trouble.message)
    })
}

/// Returns what can be done about a component in error.
fn mending(status: &Status, role: Option<Role>, what: What) -> Vec<Action> {
    let start = Action::start(status);
    match status.kind {
        ComponentKind::Source => vec![start],
        ComponentKind::Query => vec![Action::reset(status, false), start],
        ComponentKind::Reaction => {
            // A trigger leaves out what it has not delivered; so may one that nothing is known of.
            let reset = Action::reset(status, role != Some(Role::StateKeeper));
            if what == What::Gap { vec![reset] } else { vec![start, reset] }
        }
    }
}

fn dead_letters(status: &Status) -> Option<Need> {
    let (id, count) = (&status.id, status.dead_letters);
    let reason = format!("its target has refused {}", counted(count, "message", "messages"));
    (count > 0).then(|| Need {
        fix: Some(format!("`livewell dead-letters {id}` lists them, with --replay it sends them again")),
        loses: Some("the target does not get them".to_owned()),
        actions: vec![
            Action::on_set_aside(
                status,
                ("Send again", false),
                "dead-letters/replay",
                &format!("dead-letters {id} --replay"),
            ),
            Action::on_set_aside(
                status,
                ("Drop", true),
                "dead-letters/discard",
                &format!("dead-letters {id} --discard"),
            ),
        ],
        ..Need::of(status, What::DeadLetters, Severity::Warning, reason)
    })
}

fn parked(status: &Status) -> Option<Need> {
    let (id, count) = (&status.id, status.parked);
    let reason = format!("{} parked", counted(count, "piece of input is", "pieces of input are"));
    (count > 0).then(|| Need {
        fix: Some(format!(
            "`livewell parked {id}` lists them with their reasons, with --retry it takes them in"
        )),
        loses: Some("no result shows what they say".to_owned()),
        actions: vec![
            Action::on_set_aside(
                status,
                ("Try again", false),
                "parked/retry",
                &format!("parked {id} --retry"),
            ),
            Action::on_set_aside(status, ("Drop", true), "parked/discard", &format!("parked {id} --discard")),
        ],
        ..Need::of(status, What::Parked, Severity::Warning, reason)
    })
}

/// Returns that its log or its outbox fills with what is not read.
fn unread(status: &Status) -> Option<Need> {
    let share = status.log_share.filter(|share| *share > FULL)?;
    let log = if status.kind == ComponentKind::Source { "log" } else { "outbox" };
    let severity = if share > NEARLY_FULL { Severity::Error } else { Severity::Warning };
    let reason = format!("its {log} is {:.0} % full of what is not read", share * 100.0);
    let loses = match status.kind {
        ComponentKind::Source => "once it is full, it takes in nothing more",
        _ => "once it is full, a reaction that makes no progress misses results",
    };
    Some(Need {
        fix: Some("Mend what reads it and does not come on; the graph and the lags say which".to_owned()),
        loses: Some(loses.to_owned()),
        ..Need::of(status, What::Outbox, severity, reason)
    })
}

/// Returns that it falls behind: by so much more than a minute ago, and all through that minute.
pub fn falls_behind(status: &Status, growth: u64) -> Option<Need> {
    let reason =
        format!("it is {} sequences behind what it reads, {growth} more than a minute ago", status.lag);
    // A component that has stopped, or waits, says so.
    status.error.is_none().then(|| Need {
        fix: Some("See whether it is slow, or waits for room in its own outbox".to_owned()),
        ..Need::of(status, What::Lag, Severity::Warning, reason)
    })
}

/// Returns that the upstream soon drops what it needs.
fn kept(status: &Status) -> Option<Need> {
    let upstream = status.upstream.as_ref()?;
    let (kept, safe) = (upstream.kept_bytes?, upstream.safe_bytes?);
    let severity = if safe < kept / 10 { Severity::Error } else { Severity::Warning };
    let reason = format!(
        "the database keeps {} of its log for it and drops that after {} more (`max_slot_wal_keep_size`)",
        size(kept),
        size(safe)
    );
    (safe < kept).then(|| Need {
        fix: Some(format!(
            "See what `{}` waits for, or raise `max_slot_wal_keep_size` in its database",
            status.id
        )),
        loses: Some("the changes in what is dropped; its tables have to be copied again then".to_owned()),
        ..Need::of(status, What::Slot, severity, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell::Timestamp;
    use livewell_source::source::Report;

    fn status(kind: ComponentKind) -> Status {
        Status {
            id: "it".into(),
            kind,
            state: State::Running,
            epoch: 1,
            sequence: 5,
            lag: 0,
            lag_seconds: Some(0.0),
            rows: 0,
            log_entries: 0,
            log_bytes: 0,
            log_share: None,
            unread: 0,
            entries: 0,
            entries_per_second: 0.0,
            without_effect: 0,
            expired: 0,
            parked: 0,
            dead_letters: 0,
            position: 5,
            checked: None,
            upstream: None,
            upstream_lag_seconds: None,
            bytes_per_second: None,
            clock_behind_seconds: 0.0,
            failures: 0,
            retries: 0,
            build: None,
            error: None,
            error_since: None,
        }
    }

    fn in_error(kind: ComponentKind, error: &str) -> Status {
        let since = Some(Timestamp(0));
        Status { state: State::Error, error: Some(error.into()), error_since: since, ..status(kind) }
    }

    fn sole(status: &Status, role: Option<Role>) -> Need {
        let mut needs = of(status, role);
        assert_eq!(needs.len(), 1, "{needs:?}");
        needs.remove(0)
    }

    #[test]
    fn what_works_needs_nobody_and_what_waits_for_another_is_no_need_of_its_own() {
        for kind in ComponentKind::ALL {
            assert!(of(&status(kind), None).is_empty());
            let waits = Status { state: State::Waiting, ..in_error(kind, "`it` waits for `x` [LW0527]") };
            assert!(of(&waits, None).is_empty());
        }
    }

    #[test]
    fn a_trigger_after_a_gap_is_told_that_its_reset_skips_and_a_state_keeper_that_it_does_not() {
        let gap = in_error(ComponentKind::Reaction, "results 1 to 9 are gone [LW0530]");
        for (role, destroys) in [(Some(Role::Trigger), true), (Some(Role::StateKeeper), false), (None, true)]
        {
            let need = sole(&gap, role);
            assert_eq!((need.what, need.severity), (What::Gap, Severity::Error));
            let actions = serde_json::to_value(&need.actions).unwrap();
            assert_eq!((actions.as_array().unwrap().len(), &actions[0]["destroys"]), (1, &destroys.into()));
            assert_eq!(actions[0]["path"], "/api/v1/reactions/it/reset");
        }
    }

    #[test]
    fn a_full_disk_is_worse_than_a_server_that_is_away() {
        let waits = |error: &str| Status { state: State::Waiting, ..in_error(ComponentKind::Query, error) };
        let (away, full) = (sole(&waits("no route [LW0401]"), None), sole(&waits("no room [LW0302]"), None));
        assert_eq!((away.severity, full.severity), (Severity::Warning, Severity::Error));
        assert!(full.rank() < away.rank() && full.actions.is_empty());
    }

    #[test]
    fn an_outbox_above_four_fifths_and_a_slot_near_its_limit_are_needs() {
        let filled = |share| Status { log_share: Some(share), ..status(ComponentKind::Query) };
        assert!(of(&filled(0.8), None).is_empty());
        let need = sole(&filled(0.81), None);
        assert_eq!(
            (need.what, need.reason.as_str()),
            (What::Outbox, "its outbox is 81 % full of what is not read")
        );
        assert_eq!(sole(&filled(0.99), None).severity, Severity::Error);
        let slot = |safe| {
            let report = Report { kept_bytes: Some(1_000), safe_bytes: Some(safe), ..Report::default() };
            Status { upstream: Some(report), ..status(ComponentKind::Source) }
        };
        assert!(of(&slot(1_000), None).is_empty());
        assert_eq!(sole(&slot(999), None).what, What::Slot);
        assert_eq!(sole(&slot(99), None).severity, Severity::Error);
    }
}
