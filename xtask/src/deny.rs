//! What the dependencies are: their licences, where they come from, which are banned, and what is known to be wrong
//! with them. The rules are in `deny.toml`.

use crate::outcome::Outcome;
use crate::tools::{self, Tool};
use std::path::Path;

// Without default features: those fetch by a library what the command line of git fetches as well.
const CARGO_DENY: Tool = Tool { package: "cargo-deny", version: "0.20.2", features: "" };

/// Checks the dependencies.
///
/// Advisories need the database of the Rust Security Response working group. If it cannot be fetched, this is said, and
/// the rest is checked.
///
/// # Errors
/// Returns an error if a rule is broken, or cargo-deny cannot be installed.
pub fn check(root: &Path) -> Outcome<()> {
    let deny = CARGO_DENY.find_or_install(root)?;
    tools::run(&deny, root, &["--locked", "check", "licenses", "bans", "sources"])?;
    if tools::run(&deny, root, &["fetch", "db"]).is_err() {
        left_out();
        return Ok(());
    }
    tools::run(&deny, root, &["--locked", "check", "--disable-fetch", "advisories"])
}

#[expect(clippy::print_stderr, reason = "a chore says what it has not done")]
fn left_out() {
    eprintln!("NOT CHECKED: advisories, since their database cannot be fetched");
}
