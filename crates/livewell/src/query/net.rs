//! The net effect of the parts of a transaction: for each row its first image and its last.

use crate::Error;
use crate::feed::entry::EntryWriter;
use crate::query::state::QueryState;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Diff, Timestamp};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{MemoryStore, Overlay, Store};

/// Diffs of parts, netted by row; there may be more than memory holds.
pub(super) struct Net {
    /// By row signature, the stored form of the one diff.
    diffs: Overlay,
}

impl Net {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { diffs: Overlay::new(MemoryStore::new().snapshot()?) })
    }

    /// Adds the diffs of one more part.
    pub(super) fn add(&mut self, diffs: Vec<Diff>, store: &dyn Store) -> Result<(), Error> {
        for diff in diffs {
            let key = Key::new(Space::Snapshot).long(diff.row_signature()).done();
            let earlier = self.diffs.get(&key)?.map(|bytes| decode(&bytes)).transpose()?;
            match net(earlier, diff) {
                None => self.diffs.delete(key),
                Some(diff) => {
                    let mut bytes = Writer::new();
                    bytes.diff(&diff);
                    self.diffs.put(key, bytes.bytes);
                }
            }
        }
        Ok(self.diffs.relieve(store)?)
    }

    /// Puts the diffs into the outbox as one result at the head's position; without diffs no sequence is used.
    pub(super) fn put(
        self,
        state: &mut QueryState,
        feed: u32,
        timestamp: Timestamp,
        store: &dyn Store,
    ) -> Result<(), Error> {
        let mut count = 0;
        self.each(|_| {
            count += 1;
            Ok(())
        })?;
        if count == 0 {
            return Ok(());
        }
        let mut entry = EntryWriter::begin(feed, &mut state.head, timestamp, count);
        // The diffs of a result are ordered by kind, then by row.
        for kind in 0..=2 {
            self.each(|diff| {
                if diff.order().0 == kind {
                    entry.next(&mut state.overlay).diff(&diff);
                    state.overlay.relieve(store)?;
                }
                Ok(())
            })?;
        }
        entry.end(&mut state.overlay, &mut state.head);
        Ok(())
    }

    /// Calls `each` with every diff, in the order of row signatures.
    fn each(&self, mut each: impl FnMut(Diff) -> Result<(), Error>) -> Result<(), Error> {
        for written in self.diffs.written()? {
            if let (_, Some(bytes)) = written? {
                each(decode(&bytes)?)?;
            }
        }
        Ok(())
    }
}

fn decode(bytes: &[u8]) -> Result<Diff, Error> {
    Ok(Reader::new("diff of a part", bytes).diff()?)
}

/// Returns the net effect of two diffs of one row; `None` if the row is unchanged.
fn net(earlier: Option<Diff>, later: Diff) -> Option<Diff> {
    let row_signature = later.row_signature();
    let first = match earlier.unwrap_or_else(|| later.clone()) {
        Diff::Add { .. } => None,
        Diff::Delete { data: before, .. } | Diff::Update { before, .. } => Some(before),
    };
    let last = match later {
        Diff::Delete { .. } => None,
        Diff::Add { data: after, .. } | Diff::Update { after, .. } => Some(after),
    };
    match (first, last) {
        (None, None) => None,
        (None, Some(data)) => Some(Diff::Add { row_signature, data }),
        (Some(data), None) => Some(Diff::Delete { row_signature, data }),
        (Some(before), Some(after)) => {
            (before != after).then_some(Diff::Update { row_signature, before, after })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::Value;

    fn columns(number: i64) -> livewell_model::diff::Columns {
        [Value::Int(number)].into()
    }

    fn add(number: i64) -> Diff {
        Diff::Add { row_signature: 1, data: columns(number) }
    }

    fn delete(number: i64) -> Diff {
        Diff::Delete { row_signature: 1, data: columns(number) }
    }

    fn update(from: i64, to: i64) -> Diff {
        Diff::Update { row_signature: 1, before: columns(from), after: columns(to) }
    }

    #[test]
    fn two_diffs_of_a_row_come_to_one_or_none() {
        let cases = [
            (add(1), update(1, 2), Some(add(2))),
            (add(1), delete(1), None),
            (delete(1), add(1), None),
            (delete(1), add(2), Some(update(1, 2))),
            (update(1, 2), update(2, 3), Some(update(1, 3))),
            (update(1, 2), update(2, 1), None),
            (update(1, 2), delete(2), Some(delete(1))),
        ];
        for (earlier, later, expected) in cases {
            assert_eq!(net(Some(earlier.clone()), later.clone()), expected, "{earlier:?}, then {later:?}");
            assert_eq!(net(None, later.clone()), Some(later));
        }
    }
}
