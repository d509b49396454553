//! Exactly once: submissions under a key of the sender, remembered in the commit that takes them in.
//!
//! The last [`WINDOW`] keys of a source are kept, in the order of their arrival. The same key with the same content
//! gets the receipt it got before; with another content it is refused.

use crate::Error;
use crate::source::intake::Receipt;
use livewell_model::codec::{Reader, Writer};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{IndexError, Overlay};

/// How many keys of a source are remembered.
pub(crate) const WINDOW: u64 = 10_000;

/// A submission's key and a hash of its content.
#[derive(Debug, Clone)]
pub(crate) struct Once {
    pub(crate) key: String,
    pub(crate) hash: u128,
}

/// Returns the receipt of a submission, if it came before.
pub(crate) fn find(overlay: &Overlay, source: u32, once: &Once) -> Result<Option<Receipt>, Error> {
    let Some(bytes) = overlay.get(&request_key(source, &once.key))? else { return Ok(None) };
    let mut reader = Reader::new("accepted request", &bytes);
    let hash = (u128::from(reader.u64_be()?) << 64) | u128::from(reader.u64_be()?);
    let receipt = Receipt { position: reader.varint()?, sequence: reader.varint()? };
    reader.finish()?;
    if hash != once.hash {
        let message = format!(
            "the key `{}` came before with another content; use a new one for each request",
            once.key
        );
        return Err(Error::invalid("LW0526", message));
    }
    Ok(Some(receipt))
}

/// Stores a submission, and deletes the one that leaves the window.
pub(crate) fn remember(
    overlay: &mut Overlay,
    source: u32,
    once: &Once,
    receipt: Receipt,
) -> Result<(), Error> {
    let mut out = Writer::new();
    out.bytes.extend_from_slice(&once.hash.to_be_bytes());
    out.varint(receipt.position).varint(receipt.sequence);
    overlay.put(request_key(source, &once.key), out.bytes);
    let counter = Key::new(Space::Idempotency).number(source).rest(&[0]);
    let number = match overlay.get(&counter)? {
        Some(bytes) => Reader::new("counter", &bytes).u64_be()?,
        None => 0,
    };
    if let Some(old) = number.checked_sub(WINDOW) {
        let old = order_key(source, old);
        let key = overlay.get(&old)?.map(|key| String::from_utf8(key.into_owned()));
        let key = key.ok_or_else(|| IndexError::corrupted("a remembered key is missing from its window"))?;
        let key = key.map_err(|_| IndexError::corrupted("a remembered key is not text"))?;
        overlay.delete(request_key(source, &key));
        overlay.delete(old);
    }
    overlay.put(order_key(source, number), once.key.clone().into_bytes());
    overlay.put(counter, (number + 1).to_be_bytes().to_vec());
    Ok(())
}

fn order_key(source: u32, number: u64) -> Vec<u8> {
    Key::new(Space::Idempotency).number(source).rest(&[&[1], number.to_be_bytes().as_slice()].concat())
}

fn request_key(source: u32, key: &str) -> Vec<u8> {
    Key::new(Space::Idempotency).number(source).rest(&[&[2], key.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_store::{Direction, MemoryStore, Store};

    fn once(number: u64) -> Once {
        Once { key: format!("key-{number}"), hash: number.into() }
    }

    #[test]
    fn the_window_slides_and_leaves_nothing_behind() {
        let store = MemoryStore::new();
        let mut overlay = Overlay::new(store.snapshot().unwrap());
        let receipt = |number| Receipt { position: number, sequence: number };
        for number in 0..WINDOW + 3 {
            assert_eq!(find(&overlay, 7, &once(number)).unwrap(), None);
            remember(&mut overlay, 7, &once(number), receipt(number)).unwrap();
        }
        assert_eq!(find(&overlay, 7, &once(2)).unwrap(), None);
        assert_eq!(find(&overlay, 7, &once(3)).unwrap(), Some(receipt(3)));
        assert_eq!(find(&overlay, 8, &once(3)).unwrap(), None);
        let other = Once { hash: 4, ..once(3) };
        assert_eq!(find(&overlay, 7, &other).unwrap_err().code, "LW0526");
        let prefix = Key::new(Space::Idempotency).number(7).done();
        assert_eq!(overlay.scan(&prefix, Direction::Forward).unwrap().count() as u64, 2 * WINDOW + 1);
    }
}
