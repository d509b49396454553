//! Reports on stderr how far a verification is.

use livewell::verify::Progress;
use std::cell::Cell;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// How long passes between two lines; what is done sooner prints none.
const EVERY: Duration = Duration::from_secs(2);

/// What was reported last.
pub(super) struct Report(Cell<Instant>);

impl Report {
    pub(super) fn new() -> Self {
        Self(Cell::new(Instant::now()))
    }

    /// Prints a line, unless the last one is not long ago.
    pub(super) fn on(&self, progress: Progress) {
        if self.0.get().elapsed() < EVERY {
            return;
        }
        self.0.set(Instant::now());
        // Nobody has to read it.
        let _ = writeln!(io::stderr(), "{}", line(progress));
    }
}

fn line(progress: Progress) -> String {
    match progress {
        Progress::Read { elements, of } => format!("read {elements} of {of} elements{}", share(elements, of)),
        Progress::Compared { rows, of } => format!("evaluated {rows} of {of} rows{}", share(rows, of)),
        _ => String::new(),
    }
}

fn share(done: u64, of: u64) -> String {
    let percent = done.saturating_mul(100).checked_div(of);
    percent.map(|percent| format!(" ({} %)", percent.min(100))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_if_there_is_one() {
        assert_eq!(share(1, 3), " (33 %)");
        assert_eq!(share(5, 4), " (100 %)");
        assert_eq!(share(0, 0), "");
    }
}
