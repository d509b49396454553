//! `livewell parked`: lists what a source has set aside, retries it unchanged or corrected, or discards it.

use super::find::Found;
use super::set_aside::SetAside;
use crate::api::parked::Parked as Piece;
use crate::api::wire::json;
use crate::cli::Parked;
use crate::failure::Failure;
use livewell_store::catalog::Kind;

/// Lists the parked input one a line as JSON, or asks the server to retry or discard it.
pub fn run(parked: &Parked, found: Found) -> Result<(), Failure> {
    let all = SetAside {
        command: "parked",
        kind: ("source", Kind::Source),
        id: &parked.source,
        found,
        path: format!("/api/v1/sources/{}/parked", parked.source),
        read: |snapshot, number| {
            let parked = livewell::parked::list(snapshot, number, 0, usize::MAX)?;
            Ok(parked.into_iter().map(|one| json(&Piece::from(one))).collect())
        },
    };
    if parked.text.is_some() && parked.numbers.len() != 1 {
        let message = "error: `--text` replaces one piece: give one `--number`\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    match (parked.retry, parked.discard) {
        (true, _) => all.ask("retry", &parked.numbers, parked.text.as_deref()),
        (_, true) => all.ask("discard", &parked.numbers, None),
        _ => all.list(&parked.numbers),
    }
}
