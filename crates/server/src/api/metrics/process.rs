//! The metrics of the process, by the names that Prometheus gives them, and what runs. Elsewhere than on Linux, what
//! `/proc` tells has no samples.

use super::family::{Family, labels};
use crate::panics;
use livewell::Timestamp;
use livewell::clock::{Clock, SystemClock};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

static STARTED: OnceLock<(Timestamp, Instant)> = OnceLock::new();

/// Notes that the process starts now.
pub fn note_start() {
    STARTED.get_or_init(|| (SystemClock.now(), Instant::now()));
}

/// Returns when the process was started, and how long ago that is by a clock that nobody sets.
pub fn started() -> Option<(Timestamp, Duration)> {
    STARTED.get().map(|(at, since)| (*at, since.elapsed()))
}

/// Returns the metrics of the process.
pub(super) fn families() -> Vec<Family> {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    let files = fs::read_dir("/proc/self/fd").ok().map(|files| files.count() as f64);
    let version = labels([("version", env!("CARGO_PKG_VERSION"))]);
    vec![
        Family::counter("livewell_panics", "Panics of components and of calls").of(panics::count() as f64),
        Family::gauge("livewell_build_info", "The version of Livewell that runs; always 1")
            .with([(version, 1.0)]),
        Family::counter("process_cpu", "Time that the process has used of all processors")
            .unit("seconds")
            .of(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9),
        Family::gauge("process_resident_memory", "Memory that the process holds")
            .unit("bytes")
            .of(resident().map(|bytes| bytes as f64)),
        Family::gauge("process_open_fds", "Files and connections that the process has open").of(files),
        Family::gauge("process_max_fds", "Files and connections that the process may have open")
            .of(getrlimit(Resource::Nofile).current.map(|most| most as f64)),
        Family::gauge("process_start_time", "When the process was started, since 1970")
            .unit("seconds")
            .of(started().map(|(at, _)| at.0 as f64 / 1e9)),
    ]
}

/// Returns the resident memory in bytes.
pub fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}
