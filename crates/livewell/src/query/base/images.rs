//! First images: elements as they were before their first change since some moment.

use crate::Error;
use livewell_model::Element;
use livewell_model::codec::{Reader, Writer};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{MemoryStore, Overlay, Store};

/// The first image of each changed element, by its key in the feed. All elements of a feed may change, so most of them
/// lie outside memory if there are many.
pub(super) struct Images {
    /// The stored form; no bytes if the element did not exist.
    kept: Overlay,
}

/// The key of an element, and the element if it existed.
pub(super) type Image = (Vec<u8>, Option<Element>);

impl Images {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { kept: Overlay::new(MemoryStore::new().snapshot()?) })
    }

    /// Keeps an image, unless an earlier one of that key is kept.
    pub(super) fn keep(
        &mut self,
        key: &[u8],
        image: Option<&Element>,
        store: &dyn Store,
    ) -> Result<(), Error> {
        let place = prefix().rest(key);
        if self.kept.get(&place)?.is_some() {
            return Ok(());
        }
        let mut bytes = Writer::new();
        if let Some(element) = image {
            bytes.element(element);
        }
        self.kept.put(place, bytes.bytes);
        Ok(self.kept.relieve(store)?)
    }

    /// Returns how many are held in memory.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// Returns the images after one key and through another, at most `most`, in the order of their keys.
    pub(super) fn between(
        &self,
        after: Option<&[u8]>,
        through: Option<&[u8]>,
        most: usize,
    ) -> Result<Vec<Image>, Error> {
        let all = prefix().done();
        let after = after.map_or_else(|| all.clone(), |after| prefix().rest(after));
        let mut found = Vec::new();
        for image in self.kept.scan_after(&all, &after)?.take(most) {
            let (place, bytes) = image?;
            let key = &place[all.len()..];
            if through.is_some_and(|through| key > through) {
                break;
            }
            found.push((key.to_vec(), decode(&bytes)?));
        }
        Ok(found)
    }
}

fn prefix() -> Key {
    Key::new(Space::Snapshot)
}

fn decode(bytes: &[u8]) -> Result<Option<Element>, Error> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new("first image", bytes);
    let element = reader.element()?;
    reader.finish()?;
    Ok(Some(element))
}
