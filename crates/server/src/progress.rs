//! Progress of what takes long: a line that is drawn again on a terminal, a line in the log every ten seconds
//! otherwise. Both show how much is done, of how much if that is known, the rate and the remaining time.

use crate::logging;
use crate::render::size;
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::convert::Infallible;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long passes between two lines in the log; what is done sooner has none.
const EVERY: Duration = Duration::from_secs(10);
/// How often the line on a terminal is drawn while nothing is reported.
const DRAW: Duration = Duration::from_millis(150);

/// How what is counted is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as kB, MB and so on.
    Bytes,
    /// Things, by their name in the plural.
    Things(&'static str),
}

/// The progress of one piece of work. It is shown until it is dropped.
pub struct Progress {
    /// What is done, as in "verifying `late`".
    what: String,
    bar: ProgressBar,
    is_drawn: bool,
    /// Ends the lines about work of which nothing is known.
    over: Option<Sender<Infallible>>,
    /// The work, and the time of the last line in the log.
    stage: Mutex<(Stage, Instant)>,
}

/// A part of the work with a count of its own.
#[derive(Debug, Clone, Copy)]
struct Stage {
    unit: Option<Unit>,
    began: Instant,
    /// What was done before its rate was measured.
    from: u64,
}

impl Progress {
    /// Begins to show the progress of `what`.
    pub fn of(what: impl Into<String>) -> Self {
        let is_drawn = io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if is_drawn {
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}  {wide_msg}") {
                bar.set_style(style);
            }
            logging::above(&bar);
            bar.enable_steady_tick(DRAW);
        }
        let now = Instant::now();
        let stage = Stage { unit: None, began: now, from: 0 };
        let progress = Self { what: what.into(), bar, is_drawn, over: None, stage: Mutex::new((stage, now)) };
        progress.bar.set_message(progress.what.clone());
        progress
    }

    /// Begins to show that `what` goes on, for as long as nothing is known of how far it is.
    pub fn of_unknown(what: impl Into<String>) -> Self {
        let mut progress = Self::of(what);
        if !progress.is_drawn {
            let (what, began) = (progress.what.clone(), Instant::now());
            let (over, is_over) = mpsc::channel();
            // It ends with the sender.
            std::thread::spawn(move || {
                while is_over.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                    tracing::info!("{what}: {} so far", HumanDuration(began.elapsed()));
                }
            });
            progress.over = Some(over);
        }
        progress
    }

    /// Shows that so much is done, `of` so much if that is known.
    pub fn at(&self, done: u64, of: Option<u64>, unit: Unit) {
        self.at_with(done, of, unit, "");
    }

    /// Like [`Progress::at`], with more to say behind it.
    pub fn at_with(&self, done: u64, of: Option<u64>, unit: Unit, more: &str) {
        let mut stage = self.stage.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if stage.0.unit != Some(unit) {
            stage.0 = Stage { unit: Some(unit), began: now, from: done };
        }
        let is_due = now.duration_since(stage.1) >= EVERY;
        if !self.is_drawn && !is_due {
            return;
        }
        let line = format!("{}: {}{more}", self.what, line(&stage.0, done, of, unit, now));
        if self.is_drawn {
            self.bar.set_message(line);
        } else {
            stage.1 = now;
            tracing::info!("{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.over.take();
        self.bar.finish_and_clear();
    }
}

/// Returns what is done, its share, its rate and the remaining time.
fn line(stage: &Stage, done: u64, of: Option<u64>, unit: Unit, now: Instant) -> String {
    let elapsed = now.duration_since(stage.began).as_secs_f64();
    let rate = if elapsed > 0.0 { done.saturating_sub(stage.from) as f64 / elapsed } else { 0.0 };
    let count = |count: u64| match unit {
        Unit::Bytes => size(count),
        Unit::Things(_) => HumanCount(count).to_string(),
    };
    let name = match unit {
        Unit::Bytes => String::new(),
        Unit::Things(name) => format!(" {name}"),
    };
    let mut line = match of {
        Some(of) => format!("{} of {}{name}", count(done), count(of)),
        None => format!("{}{name}", count(done)),
    };
    if let Some(of) = of.filter(|of| *of > 0) {
        line.push_str(&format!(" ({} %)", (done.saturating_mul(100) / of).min(100)));
    }
    if rate >= 1.0 {
        line.push_str(&format!(", {}/s", count(rate as u64)));
        if let Some(left) = of.and_then(|of| of.checked_sub(done)).filter(|left| *left > 0) {
            let left = Duration::from_secs((left as f64 / rate).ceil() as u64);
            line.push_str(&format!(", {} left", HumanDuration(left)));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(done: u64, of: Option<u64>, unit: Unit, seconds: u64) -> String {
        let began = Instant::now();
        let stage = Stage { unit: Some(unit), began, from: 0 };
        line(&stage, done, of, unit, began + Duration::from_secs(seconds))
    }

    #[test]
    fn a_line_has_the_share_the_rate_and_the_remaining_time() {
        assert_eq!(
            shown(3_000, Some(12_000), Unit::Things("rows"), 10),
            "3,000 of 12,000 rows (25 %), 300/s, 30 seconds left"
        );
        assert_eq!(shown(2_000_000, None, Unit::Bytes, 2), "2.0 MB, 1.0 MB/s");
        assert_eq!(shown(0, Some(0), Unit::Things("rows"), 1), "0 of 0 rows");
        assert_eq!(shown(12, Some(12), Unit::Things("rows"), 4), "12 of 12 rows (100 %), 3/s");
    }
}
