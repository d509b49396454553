//! The servers that sources and reactions connect to.

use super::finding::Finding;
use livewell::clock::{Clock, SystemClock};
use livewell_config::Config;
use livewell_model::Timestamp;
use livewell_model::probe::Probed;

const SERVER: &str = "server";
/// How far the clock of a server may be from ours, in nanoseconds.
const APART_MAX: i64 = 5_000_000_000;

/// Connects to each server as its component would.
pub fn look(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &config.sources {
        if let Some(probed) = source.probe() {
            add(&mut findings, source.id(), probed.map_err(|error| format!("{error} [{}]", error.code)));
        }
    }
    for reaction in &config.reactions {
        if let Some(probed) = reaction.connector.probe() {
            let probed = probed.map_err(|error| format!("{error} [{}]", error.code()));
            add(&mut findings, &reaction.shared.id, probed);
        }
    }
    findings
}

fn add(findings: &mut Vec<Finding>, id: &str, probed: Result<Probed, String>) {
    match probed {
        Ok(Probed { found, clock }) => {
            findings.push(Finding::ok(SERVER, id, found));
            findings.extend(clock.map(|clock| compared(id, clock, SystemClock.now())));
        }
        Err(error) => findings.push(Finding::error(SERVER, id, &error)),
    }
}

fn compared(id: &str, theirs: Timestamp, ours: Timestamp) -> Finding {
    let apart = theirs.0.saturating_sub(ours.0);
    let seconds = apart.unsigned_abs() as f64 / 1e9;
    if apart.abs() <= APART_MAX {
        return Finding::ok("clock", id, format!("the server's clock agrees with ours to {seconds:.1} s"));
    }
    let how = if apart > 0 { "ahead of" } else { "behind" };
    let fix = "set the wrong one; functions of time and times of changes follow these clocks";
    Finding::warn("clock", id, format!("the server's clock is {seconds:.0} s {how} ours"), fix)
}
