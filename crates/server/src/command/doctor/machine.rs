//! The machine: its clock and its limit on open files.

use super::finding::Finding;
use livewell::clock::{Clock, SystemClock};
use livewell_config::Config;
use rustix::process::{Resource, getrlimit};

const OPEN_FILES: &str = "open files";
/// 2020 in nanoseconds since 1970: no clock that is right is before.
const PAST: i64 = 1_577_836_800_000_000_000;
/// How many open files the process itself and each component need, and how many leave room for clients.
const OWN: u64 = 64;
const EACH: u64 = 4;
const ROOM: u64 = 1_024;

/// Looks at the machine, for the components of a configuration.
pub fn look(config: Option<&Config>) -> Vec<Finding> {
    let components =
        config.map_or(0, |config| config.sources.len() + config.queries.len() + config.reactions.len());
    vec![clock(SystemClock.now().0), open_files(getrlimit(Resource::Nofile).maximum, components as u64)]
}

fn clock(now: i64) -> Finding {
    if now < PAST {
        let fix = "set the clock, or let a time service set it";
        return Finding::fail("clock", "this machine", "the clock is before 2020", fix);
    }
    Finding::ok("clock", "this machine", livewell_model::Timestamp(now).to_rfc3339())
}

/// A run raises its limit as far as the system lets it, so that is what counts.
fn open_files(limit: Option<u64>, components: u64) -> Finding {
    let Some(limit) = limit else { return Finding::ok(OPEN_FILES, "this process", "no limit") };
    let needed = OWN + EACH * components;
    let fix =
        "raise the hard limit: `ulimit -Hn 65536`, `LimitNOFILE=65536` of a systemd unit, or the container's";
    if limit < needed {
        let found = format!("at most {limit} files can be open, and about {needed} are needed");
        return Finding::fail(OPEN_FILES, "this process", found, fix);
    }
    if limit < needed + ROOM {
        let found = format!("at most {limit} files can be open, which leaves room for few clients");
        return Finding::warn(OPEN_FILES, "this process", found, fix);
    }
    Finding::ok(OPEN_FILES, "this process", format!("up to {limit}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_fails() {
        assert_eq!(clock(0).verdict, Verdict::Fail);
        assert_eq!(clock(PAST).verdict, Verdict::Ok);
    }

    #[test]
    fn too_few_open_files_fail_and_few_are_a_warning() {
        assert_eq!(open_files(Some(70), 2).verdict, Verdict::Fail);
        assert_eq!(open_files(Some(100), 2).verdict, Verdict::Warn);
        assert_eq!(open_files(Some(4_096), 2).verdict, Verdict::Ok);
        assert_eq!(open_files(None, 2).verdict, Verdict::Ok);
    }
}
