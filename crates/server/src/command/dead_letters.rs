//! `livewell dead-letters`: lists what a reaction's target refused, sends it again, or discards it.

use super::find::Found;
use super::set_aside::SetAside;
use crate::api::dead_letters::DeadLetter;
use crate::api::wire::json;
use crate::cli::DeadLetters;
use crate::failure::Failure;
use livewell_store::catalog::Kind;

/// Lists the letters one a line as JSON, or asks the server to send or discard them.
pub fn run(letters: &DeadLetters, found: Found) -> Result<(), Failure> {
    let all = SetAside {
        command: "dead-letters",
        kind: ("reaction", Kind::Reaction),
        id: &letters.reaction,
        found,
        path: format!("/api/v1/reactions/{}/dead-letters", letters.reaction),
        read: |snapshot, number| {
            let letters = livewell::dead_letters::list(snapshot, number, 0, usize::MAX)?;
            Ok(letters.iter().map(|one| json(&DeadLetter::from(one))).collect())
        },
    };
    match (letters.replay, letters.discard) {
        (true, _) => all.ask("replay", &letters.numbers, None),
        (_, true) => all.ask("discard", &letters.numbers, None),
        _ => all.list(&letters.numbers),
    }
}
