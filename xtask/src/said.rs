//! What a chore says of its steps.

use std::sync::LazyLock;
use std::time::Instant;

/// When the chore began, or said something for the first time.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Says which step it is at, and at which minute and second: of a run that takes too long one sees where.
#[expect(clippy::print_stderr, reason = "a chore speaks to the person who runs it")]
pub fn step(line: &str) {
    let seconds = BEGAN.elapsed().as_secs();
    eprintln!("==> {:02}:{:02} {line}", seconds / 60, seconds % 60);
}
