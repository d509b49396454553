//! Assembles messages to whole transactions, which come either after their commit or in parts.

use super::failure::not_understood;
use super::pgoutput::{Committed, Frame, frame};
use super::spool::Spool;
use crate::SourceError;
use std::collections::BTreeMap;

/// The transactions in progress.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// A transaction that comes whole, with its number.
    whole: Option<(u32, Spool)>,
    /// The transactions of which parts have come, by their number.
    parted: BTreeMap<u32, Spool>,
    /// The transaction of which a part is coming.
    part: Option<u32>,
    memory_bytes_max: usize,
}

/// A transaction that has come whole.
#[derive(Debug)]
pub(super) struct Finished {
    pub xid: u32,
    pub spool: Spool,
    pub committed: Committed,
}

impl Assembler {
    pub fn new(memory_bytes_max: usize) -> Self {
        Self { memory_bytes_max, ..Self::default() }
    }

    /// Takes one message in; returns a transaction if it was the last of one.
    pub fn take(&mut self, message: &[u8]) -> Result<Option<Finished>, SourceError> {
        let unexpected = || not_understood("it does not follow from the one before");
        match frame(message, self.part.is_some())? {
            Frame::Begin { xid } if self.whole.is_none() && self.part.is_none() => {
                self.whole = Some((xid, Spool::new(false)));
            }
            Frame::Commit(committed) => {
                let (xid, spool) = self.whole.take().ok_or_else(unexpected)?;
                return Ok(Some(Finished { xid, spool, committed }));
            }
            Frame::StreamStart { xid } if self.whole.is_none() && self.part.is_none() => {
                self.parted.entry(xid).or_insert_with(|| Spool::new(true));
                self.part = Some(xid);
            }
            Frame::StreamStop => {
                self.part.take().ok_or_else(unexpected)?;
            }
            Frame::StreamCommit { xid, committed } if self.part.is_none() => {
                let spool = self.parted.remove(&xid).ok_or_else(unexpected)?;
                return Ok(Some(Finished { xid, spool, committed }));
            }
            Frame::StreamAbort { xid, subxid } if self.part.is_none() => {
                if xid == subxid {
                    self.parted.remove(&xid);
                } else if let Some(spool) = self.parted.get_mut(&xid) {
                    spool.abort(subxid);
                }
            }
            Frame::Inside { xid } => {
                let spool = match self.part {
                    Some(part) => self.parted.get_mut(&part),
                    None => self.whole.as_mut().map(|(_, spool)| spool),
                };
                spool.ok_or_else(unexpected)?.push(xid.unwrap_or_default(), message)?;
                self.keep_to_memory()?;
            }
            _ => return Err(unexpected()),
        }
        Ok(None)
    }

    /// Returns whether a transaction that comes whole has begun and not ended.
    pub fn is_inside(&self) -> bool {
        self.whole.is_some()
    }

    /// Spills the largest ones to files while all of them are too large for memory.
    fn keep_to_memory(&mut self) -> Result<(), SourceError> {
        let all = || self.whole.iter().map(|(_, spool)| spool).chain(self.parted.values());
        if all().map(Spool::memory).sum::<usize>() <= self.memory_bytes_max {
            return Ok(());
        }
        let whole = self.whole.iter_mut().map(|(_, spool)| spool);
        let largest = whole.chain(self.parted.values_mut()).max_by_key(|spool| spool.memory());
        largest.map_or(Ok(()), Spool::spill)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn delete(xid: Option<u32>, table: u32) -> Vec<u8> {
        let mut message = vec![b'D'];
        message.extend(xid.into_iter().flat_map(u32::to_be_bytes));
        message.extend(table.to_be_bytes());
        message.extend([b'K', 0, 0]);
        message
    }

    fn marked(tag: u8, numbers: &[u32], ends: bool) -> Vec<u8> {
        let mut message = vec![tag];
        message.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
        if ends {
            message.extend([0; 25]);
        }
        message
    }

    fn count(finished: &Finished) -> usize {
        let mut count = 0;
        finished
            .spool
            .replay(|_| {
                count += 1;
                Ok(())
            })
            .unwrap();
        count
    }

    #[test]
    fn transactions_in_parts_are_told_apart_and_rolled_back_parts_left_out() {
        for memory in [0, 1 << 20] {
            let mut assembler = Assembler::new(memory);
            let mut start = marked(b'S', &[7], false);
            start.push(1);
            let messages = [
                start.clone(),
                delete(Some(7), 1),
                delete(Some(8), 2),
                vec![b'E'],
                marked(b'B', &[0, 0, 0, 0, 9], false),
                delete(None, 3),
            ];
            for message in messages {
                assert!(assembler.take(&message).unwrap().is_none());
            }
            assert!(assembler.is_inside());
            let whole = assembler.take(&marked(b'C', &[], true)).unwrap();
            assert_eq!(whole.as_ref().map(count), Some(1));
            assert!(assembler.take(&marked(b'A', &[7, 8], false)).unwrap().is_none());
            assert!(assembler.take(&start).unwrap().is_none());
            assert!(assembler.take(&delete(Some(7), 4)).unwrap().is_none());
            assert!(assembler.take(b"E").unwrap().is_none());
            let parted = assembler.take(&marked(b'c', &[7], true)).unwrap();
            assert_eq!(parted.as_ref().map(count), Some(2));
            assert!(assembler.take(&marked(b'c', &[7], true)).is_err(), "it has ended");
        }
    }

    proptest! {
        #[test]
        fn no_order_of_messages_makes_it_panic(choices in prop::collection::vec(0usize..8, 0..40)) {
            let mut assembler = Assembler::new(16);
            for choice in choices {
                let message = match choice {
                    0 => marked(b'B', &[0, 0, 0, 0, 9], false),
                    1 => marked(b'C', &[], true),
                    2 => marked(b'S', &[7], false),
                    3 => vec![b'E'],
                    4 => marked(b'c', &[7], true),
                    5 => marked(b'A', &[7, 8], false),
                    6 => delete(None, 1),
                    _ => delete(Some(7), 1),
                };
                if assembler.take(&message).is_err() {
                    break;
                }
            }
        }
    }
}
