//! Dead letters: what a reaction's target refused, kept until a person sends it again or discards it.

use crate::Error;
use crate::component::Component;
use crate::component::set_aside::SetAside;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{SmolStr, Timestamp};
use livewell_reaction::attempts::Place;
use livewell_reaction::{DeadLetter as Letter, Origin};
use livewell_store::{Overlay, Snapshot};

/// The format of a letter without an origin, and of one with.
const PLAIN: u8 = 1;
const WITH_ORIGIN: u8 = 2;

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
        let number = SetAside::dead_letters(reaction.number).add(overlay, encode(timestamp, letter))?;
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

/// Returns the letter as it stays when it was sent again and refused for this reason.
pub(crate) fn refused_again(letter: &DeadLetter, reason: String) -> Vec<u8> {
    let origin = letter.letter.origin.clone();
    let origin = origin.map(|origin| Origin { tries: origin.tries.saturating_add(1), ..origin });
    encode(letter.timestamp, &Letter { reason, origin, ..letter.letter.clone() })
}

fn encode(timestamp: Timestamp, letter: &Letter) -> Vec<u8> {
    let Letter { key, body, reason, origin } = letter;
    let mut out = Writer::new();
    out.u8(if origin.is_some() { WITH_ORIGIN } else { PLAIN });
    out.bytes(&timestamp.0.to_be_bytes()).string(key).string(reason).bytes(body);
    if let Some(Origin { of, index, tries, first_at }) = origin {
        out.string(&of.query_id).varint(of.epoch).varint(of.sequence);
        out.varint(index.map_or(0, |index| index + 1)).varint(u64::from(*tries));
        out.bytes(&first_at.0.to_be_bytes());
    }
    out.bytes
}

pub(crate) fn decode(number: u64, bytes: &[u8]) -> Result<DeadLetter, Error> {
    let mut reader = Reader::new("dead letter", bytes);
    let format = reader.u8()?;
    if !matches!(format, PLAIN | WITH_ORIGIN) {
        return Err(reader.error("unknown format").into());
    }
    let text = |text: SmolStr| text.to_string();
    let timestamp = time(&mut reader)?;
    let (key, reason) = (text(reader.string()?), text(reader.string()?));
    let body = reader.bytes()?.to_vec();
    let origin = (format == WITH_ORIGIN).then(|| origin(&mut reader)).transpose()?;
    reader.finish()?;
    Ok(DeadLetter { number, timestamp, letter: Letter { key, body, reason, origin } })
}

fn origin(reader: &mut Reader<'_>) -> Result<Origin, Error> {
    let of = Place { query_id: reader.string()?, epoch: reader.varint()?, sequence: reader.varint()? };
    let index = reader.varint()?.checked_sub(1);
    let tries = reader.varint()?;
    let tries = u32::try_from(tries).map_err(|_| reader.error("too many tries"))?;
    Ok(Origin { of, index, tries, first_at: time(reader)? })
}

fn time(reader: &mut Reader<'_>) -> Result<Timestamp, Error> {
    let time = reader.bytes()?.try_into().map_err(|_| reader.error("a time has eight bytes"))?;
    Ok(Timestamp(i64::from_be_bytes(time)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_read_as_they_were_written_also_those_of_earlier_versions() {
        let plain = Letter { key: "k".into(), body: b"\xffbody".to_vec(), reason: "no".into(), origin: None };
        let of = Place { query_id: "late".into(), epoch: 3, sequence: u64::MAX };
        let origin = |index| Origin { of: of.clone(), index, tries: 17, first_at: Timestamp(-1) };
        for origin in [None, Some(origin(None)), Some(origin(Some(0))), Some(origin(Some(1 << 40)))] {
            let letter = Letter { origin, ..plain.clone() };
            let read = decode(7, &encode(Timestamp(9), &letter)).unwrap();
            assert_eq!(read, DeadLetter { number: 7, timestamp: Timestamp(9), letter });
        }
        let mut first = Writer::new();
        first.u8(1).bytes(&9_i64.to_be_bytes()).string("k").string("no").bytes(b"\xffbody");
        assert_eq!(decode(7, &first.bytes).unwrap().letter, plain);
        assert!(decode(7, &[3]).is_err());
    }

    #[test]
    fn a_letter_that_is_refused_again_has_the_new_reason_and_one_try_more() {
        let of = Place { query_id: "late".into(), epoch: 1, sequence: 2 };
        let origin = Some(Origin { of, index: None, tries: 17, first_at: Timestamp(1) });
        let letter = Letter { key: "k".into(), body: b"b".to_vec(), reason: "answered 422".into(), origin };
        let letter = DeadLetter { number: 7, timestamp: Timestamp(9), letter };
        let again = decode(7, &refused_again(&letter, "answered 413".into())).unwrap();
        assert_eq!(again.letter.reason, "answered 413");
        assert_eq!(again.letter.origin.as_ref().map(|origin| origin.tries), Some(18));
        assert_eq!((again.timestamp, &again.letter.body), (letter.timestamp, &letter.letter.body));
    }
}
