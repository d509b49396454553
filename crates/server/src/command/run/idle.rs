//! `livewell run --until-idle`: how far it is, what it waits for, and what came of it.

use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::render::counted;
use livewell::{ComponentKind, Livewell, State, Status};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

/// How often to look.
const LOOK: Duration = Duration::from_millis(150);
/// How many components it names that it waits for.
const NAMED_MAX: usize = 3;
/// How much of an error is shown behind the one that is waited for.
const ERROR_CHARS_MAX: usize = 100;

/// Shows the progress until the task is aborted.
pub async fn show(livewell: Arc<Livewell>) {
    let progress = Progress::of("running");
    // What was left to read at most is all there is to read, unless files grow meanwhile.
    let mut all = 0;
    loop {
        if let Ok(status) = livewell.status() {
            let left: u64 = status.iter().map(left).sum();
            all = all.max(left);
            let transactions = sequences(&status, ComponentKind::Source);
            let results = counted(sequences(&status, ComponentKind::Query), "result", "results");
            let waits = waits(&status).map(|what| format!("; waits for {what}")).unwrap_or_default();
            if all > 0 {
                let counted = counted(transactions, "transaction", "transactions");
                let more = format!(", {counted} in, {results} out{waits}");
                progress.at_with(all - left, Some(all), Unit::Bytes, &more);
            } else {
                let more = format!(" in, {results} out{waits}");
                progress.at_with(transactions, None, Unit::Things("transactions"), &more);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Returns how many bytes of its files a source has still to read.
fn left(one: &Status) -> u64 {
    one.upstream.as_ref().and_then(|upstream| upstream.behind_bytes).unwrap_or_default()
}

fn sequences(status: &[Status], kind: ComponentKind) -> u64 {
    status.iter().filter(|one| one.kind == kind).map(|one| one.sequence).sum()
}

/// Returns what is not done yet: what waits for something outside first, with its reason.
fn waits(status: &[Status]) -> Option<String> {
    let is_busy =
        |one: &&Status| !matches!(one.state, State::CaughtUp | State::Paused | State::Stopped | State::Error);
    let mut busy: Vec<&Status> = status.iter().filter(is_busy).collect();
    busy.sort_by_key(|one| one.error.is_none());
    let named = busy.iter().take(NAMED_MAX).map(|one| match &one.error {
        Some(error) => format!("`{}` ({})", one.id, error.chars().take(ERROR_CHARS_MAX).collect::<String>()),
        None if one.lag > 0 => format!("`{}` ({} behind)", one.id, one.lag),
        None => format!("`{}`", one.id),
    });
    let mut named: Vec<String> = named.collect();
    if busy.len() > NAMED_MAX {
        named.push(format!("{} more", busy.len() - NAMED_MAX));
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// Prints the outcome, one line for each component, by kind; returns a failure if one is in error.
pub fn summary(status: &[Status]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let widest = status.iter().map(|one| one.id.len()).max().unwrap_or_default();
    for kind in ComponentKind::ALL {
        for one in status.iter().filter(|one| one.kind == kind) {
            writeln!(out, "{:<9}{:<widest$}  {}", kind.noun(), one.id, outcome(one))?;
        }
    }
    let mut errors: Vec<String> =
        status.iter().filter_map(|one| Some(format!("`{}`: {}", one.id, one.error.as_ref()?))).collect();
    // Components that only wait for another one in error come after the cause.
    errors.sort_by_key(|error| error.ends_with("[LW0527]"));
    if errors.is_empty() { Ok(()) } else { Err(Failure::failed(errors.join("\n       "))) }
}

fn outcome(one: &Status) -> String {
    let mut what = match one.kind {
        ComponentKind::Source => {
            let transactions = counted(one.sequence, "transaction", "transactions");
            format!("{transactions}, {}", counted(one.rows, "element", "elements"))
        }
        ComponentKind::Query => {
            format!("{}, {}", counted(one.sequence, "result", "results"), counted(one.rows, "row", "rows"))
        }
        ComponentKind::Reaction => format!("delivered to sequence {}", one.sequence),
    };
    if one.parked > 0 {
        what.push_str(&format!(", {} parked", one.parked));
    }
    match (one.state, one.lag) {
        (State::Error, _) => what.push_str(", in error"),
        (State::Paused, _) => what.push_str(", paused"),
        (_, 0) => {}
        (_, lag) => what.push_str(&format!(", {lag} behind")),
    }
    what
}
