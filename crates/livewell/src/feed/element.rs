//! The stored form of an element in the snapshot of a source: when it last changed, then the element.

use crate::Error;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Element, Timestamp};

/// Returns the stored form of an element: when it last changed, then the element.
pub(crate) fn encode_element(changed: Timestamp, element: &Element) -> Vec<u8> {
    let mut out = Writer::new();
    out.signed(changed.0).element(element);
    out.bytes
}

/// Reads what [`encode_element`] wrote.
pub(crate) fn decode_element(bytes: &[u8]) -> Result<(Timestamp, Element), Error> {
    let mut reader = Reader::new("element", bytes);
    let changed = Timestamp(reader.signed()?);
    let element = reader.element()?;
    reader.finish()?;
    Ok((changed, element))
}
