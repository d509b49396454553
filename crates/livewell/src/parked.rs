//! Input that never became a change, set aside for a person to look at.

use crate::Error;
use crate::shared::Component;
use livewell_model::codec::Writer;
use livewell_store::keyspace::{Key, Space};
use livewell_store::{IndexError, Overlay, Snapshot};

/// Sets input aside, with the reason.
pub(crate) fn park(overlay: &mut Overlay, source: &Component, text: &str, why: &str) -> Result<(), Error> {
    let last = overlay.get(&counter(source.number))?.map_or(Ok(0), |bytes| number(&bytes))?;
    tracing::warn!(source = %source.id, "parked: {why}");
    let mut out = Writer::new();
    out.string(text).string(why);
    overlay.put(counter(source.number), (last + 1).to_be_bytes().to_vec());
    overlay.put(Key::new(Space::Parked).number(source.number).long(last + 1).done(), out.bytes);
    Ok(())
}

/// How much a source has set aside.
///
/// # Errors
/// As the store has them.
pub fn count(snapshot: &dyn Snapshot, source: u32) -> Result<u64, Error> {
    snapshot.get(&counter(source))?.map_or(Ok(0), |bytes| number(&bytes))
}

fn counter(source: u32) -> Vec<u8> {
    Key::new(Space::Parked).number(source).done()
}

fn number(bytes: &[u8]) -> Result<u64, Error> {
    let bytes = bytes.try_into().map_err(|_| IndexError::corrupted("a counter has eight bytes"))?;
    Ok(u64::from_be_bytes(bytes))
}
