//! The status for people: a table for each kind of component, then the remarks.

use super::remarks::{self, Remark};
use crate::render::{Grid, Screen, Shown, size};
use anstyle::AnsiColor;
use livewell::ComponentKind;
use serde_json::Value as Json;
use std::io::{self, Write};

/// How many components of a kind a table shows.
const ROWS_MAX: usize = 1_000;

/// A column: its name, its cell, and whether it is there although all its cells are empty.
struct Column {
    name: &'static str,
    cell: fn(&Json) -> Shown,
    always: bool,
}

/// Writes the tables and the remarks.
pub fn write(all: &Json, out: &mut dyn Write, screen: &Screen) -> io::Result<()> {
    let of_kind = |kind: ComponentKind| all[kind.plural()].as_array().into_iter().flatten();
    let mut is_first = true;
    for kind in ComponentKind::ALL {
        if of_kind(kind).next().is_some() {
            if !std::mem::take(&mut is_first) {
                writeln!(out)?;
            }
            grid(kind, of_kind(kind).take(ROWS_MAX)).write(out, screen)?;
        }
    }
    let shown = || ComponentKind::ALL.into_iter().flat_map(|kind| of_kind(kind).take(ROWS_MAX));
    let mut remarks: Vec<Remark> = remarks::of_needs(&all["needs"], shown());
    remarks.extend(shown().flat_map(remarks::of));
    if !remarks.is_empty() {
        writeln!(out)?;
    }
    for Remark { text, is_error } in remarks {
        let text = if is_error { screen.coloured(&text, AnsiColor::Red) } else { text };
        writeln!(out, "{text}")?;
    }
    for kind in ComponentKind::ALL {
        if let Some(more @ 1..) = of_kind(kind).count().checked_sub(ROWS_MAX) {
            writeln!(
                out,
                "{more} more {} are not shown; `livewell status --kind {} --state STATE` shows those in a state, \
                 `--format json` all",
                kind.plural(),
                kind.noun()
            )?;
        }
    }
    Ok(())
}

fn grid<'a>(kind: ComponentKind, all: impl Iterator<Item = &'a Json> + Clone) -> Grid {
    let is_worth = |column: &Column| {
        column.always || all.clone().any(|one| !matches!((column.cell)(one).content(), "" | "0"))
    };
    let columns: Vec<Column> = columns(kind).into_iter().filter(is_worth).collect();
    let mut grid = Grid::new([kind.plural()].into_iter().chain(columns.iter().map(|column| column.name)));
    for one in all {
        let id = Shown::text(one["id"].as_str().unwrap_or_default());
        grid.add(std::iter::once(id).chain(columns.iter().map(|column| (column.cell)(one))).collect());
    }
    grid
}

/// Returns the columns behind the id, the most important first: those that have no room are left out from the end.
fn columns(kind: ComponentKind) -> Vec<Column> {
    let column = |name, cell, always| Column { name, cell, always };
    let state = column("state", |one| Shown::state(one["state"].as_str().unwrap_or_default()), true);
    let at =
        column("at", |one| Shown::number(format!("{}-{}", text(one, "epoch"), text(one, "sequence"))), true);
    let lag = column("lag", |one| Shown::number(text(one, "lag")), true);
    let rate = column("a second", |one| rate(&one["rates"]["per_second"]), false);
    let event_lag = column("event lag", |one| seconds(&one["lag_seconds"]), false);
    let checked = column("checked", checked, false);
    match kind {
        ComponentKind::Source => vec![
            state,
            at,
            column("elements", |one| Shown::number(text(one, "rows")), true),
            rate,
            column("behind", behind, false),
            column("late", |one| seconds(&one["upstream"]["lag_seconds"]), false),
            column("parked", |one| Shown::number(text(one, "parked")), false),
            checked,
        ],
        ComponentKind::Query => {
            vec![
                state,
                at,
                column("rows", |one| Shown::number(text(one, "rows")), true),
                rate,
                lag,
                event_lag,
                checked,
            ]
        }
        ComponentKind::Reaction => vec![
            state,
            column("at", |one| Shown::number(text(one, "sequence")), true),
            rate,
            lag,
            event_lag,
            column("dead letters", |one| Shown::number(text(one, "dead_letters")), false),
        ],
    }
}

fn text(one: &Json, field: &str) -> String {
    match &one[field] {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// Returns what is still outside: in the files, the stream or the database's log.
fn behind(one: &Json) -> Shown {
    let upstream = &one["upstream"];
    let is_read = one["state"] == "caught_up";
    match (upstream["behind_bytes"].as_u64(), upstream["behind_messages"].as_u64()) {
        (Some(bytes @ 1..), _) if !is_read => Shown::number(size(bytes)),
        (_, Some(messages @ 1..)) if !is_read => Shown::number(messages),
        _ => Shown::number(""),
    }
}

/// Returns how many transactions came in, results were put out or delivered in a second, over the last minute.
fn rate(json: &Json) -> Shown {
    let rate = json.as_f64().filter(|rate| *rate > 0.0);
    Shown::number(rate.map_or_else(String::new, |rate| match rate {
        ..0.1 => format!("{rate:.3}"),
        ..10.0 => format!("{rate:.1}"),
        _ => format!("{rate:.0}"),
    }))
}

fn seconds(json: &Json) -> Shown {
    let seconds = json.as_f64().filter(|seconds| *seconds > 0.0);
    Shown::number(seconds.map_or_else(String::new, |seconds| format!("{seconds:.1} s")))
}

fn checked(one: &Json) -> Shown {
    let checked = one["checked"].as_bool();
    Shown::text(checked.map_or("", |checked| if checked { "yes" } else { "no" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_rate_has_as_many_digits_as_say_something_and_none_is_empty() {
        for (per_second, shown) in [
            (json!(0.0), ""),
            (Json::Null, ""),
            (json!(0.017), "0.017"),
            (json!(2.36), "2.4"),
            (json!(2004.2), "2004"),
        ] {
            assert_eq!(rate(&per_second).content(), shown, "{per_second}");
        }
    }
}
