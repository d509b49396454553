//! Compares the rows of two generations, row by row.

use livewell_model::{Diff, Row};
use livewell_store::IndexError;
use livewell_store::feed::SnapshotEntry;

/// The difference of two snapshots of rows, both ascending by signature.
pub(super) struct Difference<A: Iterator, B: Iterator> {
    before: std::iter::Peekable<A>,
    after: std::iter::Peekable<B>,
}

impl<A, B> Difference<A, B>
where
    A: Iterator<Item = Result<SnapshotEntry, IndexError>>,
    B: Iterator<Item = Result<SnapshotEntry, IndexError>>,
{
    pub(super) fn new(before: A, after: B) -> Self {
        Self { before: before.peekable(), after: after.peekable() }
    }

    /// Returns the next row that either side has: its signature, and its bytes on each side.
    #[expect(clippy::type_complexity, reason = "one row of a merge, taken apart at once")]
    fn pair(&mut self) -> Result<Option<(u64, Option<Vec<u8>>, Option<Vec<u8>>)>, IndexError> {
        let before = self.before.next_if(|entry| match (entry, self.after.peek()) {
            (Ok((before, _)), Some(Ok((after, _)))) => before <= after,
            _ => true,
        });
        let before = before.transpose()?;
        let after = self.after.next_if(|entry| match (entry, &before) {
            (Ok((after, _)), Some((before, _))) => after == before,
            _ => true,
        });
        let after = after.transpose()?;
        let Some(key) = before.as_ref().or(after.as_ref()).map(|(key, _)| key.clone()) else {
            return Ok(None);
        };
        let signature = key.try_into().map_err(|_| IndexError::corrupted("a row key has eight bytes"))?;
        Ok(Some((u64::from_be_bytes(signature), before.map(|(_, row)| row), after.map(|(_, row)| row))))
    }
}

impl<A, B> Iterator for Difference<A, B>
where
    A: Iterator<Item = Result<SnapshotEntry, IndexError>>,
    B: Iterator<Item = Result<SnapshotEntry, IndexError>>,
{
    type Item = Result<Diff, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (row_signature, before, after) = match self.pair() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(pair)) => pair,
            };
            if before == after {
                continue;
            }
            let columns =
                |bytes: Option<Vec<u8>>| bytes.map(|bytes| Ok(Row::decode(&bytes)?.columns)).transpose();
            return match (columns(before), columns(after)) {
                (Err(error), _) | (_, Err(error)) => Some(Err(error)),
                (Ok(None), Ok(Some(data))) => Some(Ok(Diff::Add { row_signature, data })),
                (Ok(Some(data)), Ok(None)) => Some(Ok(Diff::Delete { row_signature, data })),
                (Ok(Some(before)), Ok(Some(after))) if before != after => {
                    Some(Ok(Diff::Update { row_signature, before, after }))
                }
                _ => continue,
            };
        }
    }
}
