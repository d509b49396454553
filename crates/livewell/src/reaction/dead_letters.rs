//! Dead letters: what a reaction's target refused, kept until a person sends it again or discards it.

use crate::Error;
use crate::component::Component;
use crate::component::set_aside::SetAside;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{SmolStr, Timestamp};
use livewell_reaction::DeadLetter as Letter;
use livewell_store::{Overlay, Snapshot};

/// A dead letter with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number, counted from 1 for each reaction and never used twice.
    pub number: u64,
    /// When it was set aside.
    pub timestamp: Timestamp,
    /// The key, the body and the reason.
    pub letter: Letter,
}

/// Sets letters aside in the commit that moves the checkpoint past them.
pub(crate) fn put(
    overlay: &mut Overlay,
    reaction: &Component,
    timestamp: Timestamp,
    letters: &[Letter],
) -> Result<(), Error> {
    for letter in letters {
        let mut out = Writer::new();
        out.u8(1)
            .bytes(&timestamp.0.to_be_bytes())
            .string(&letter.key)
            .string(&letter.reason)
            .bytes(&letter.body);
        let number = SetAside::dead_letters(reaction.number).add(overlay, out.bytes)?;
        let (key, reason) = (&letter.key, &letter.reason);
        tracing::warn!(reaction = %reaction.id, code = "LW0416", key, number, "set aside as a dead letter: {reason}");
    }
    Ok(())
}

/// Returns how many letters a reaction has set aside.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn count(snapshot: &dyn Snapshot, reaction: u32) -> Result<u64, Error> {
    SetAside::dead_letters(reaction).count(snapshot)
}

/// Returns the first `limit` letters of a reaction after number `after`, in the order in which they were set aside.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn list(
    snapshot: &dyn Snapshot,
    reaction: u32,
    after: u64,
    limit: usize,
) -> Result<Vec<DeadLetter>, Error> {
    SetAside::dead_letters(reaction).list(snapshot, after, limit, decode)
}

/// Returns the signature of the row that a letter of a state-keeping reaction is about.
pub(crate) fn row_signature(letter: &Letter) -> Option<u64> {
    let row: serde_json::Value = serde_json::from_slice(&letter.body).ok()?;
    u64::from_str_radix(row.get("row_signature")?.as_str()?, 16).ok()
}

pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<DeadLetter, Error> {
    let mut reader = Reader::new("dead letter", bytes);
    if reader.u8()? != 1 {
        return Err(reader.error("unknown format").into());
    }
    let time = reader.bytes()?.try_into().map_err(|_| reader.error("a time has eight bytes"))?;
    let text = |text: SmolStr| text.to_string();
    let (key, reason) = (text(reader.string()?), text(reader.string()?));
    let body = reader.bytes()?.to_vec();
    reader.finish()?;
    let timestamp = Timestamp(i64::from_be_bytes(time));
    Ok(DeadLetter { number, timestamp, letter: Letter { key, body, reason } })
}
