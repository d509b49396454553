//! Writes a log entry that may be larger than memory: in parts, whose concatenated bytes are the entry.

use livewell_model::Timestamp;
use livewell_model::codec::Writer;
use livewell_store::keyspace::{PART_BYTES, log_part_key};
use livewell_store::{Head, Overlay};

/// An unfinished entry.
pub(crate) struct EntryWriter {
    feed: u32,
    epoch: u64,
    sequence: u64,
    part: u32,
    bytes: Writer,
    /// How many bytes of it are written.
    written: u64,
}

impl EntryWriter {
    /// Takes the next sequence of the head; `count` changes or diffs will follow.
    pub(crate) fn begin(feed: u32, head: &mut Head, timestamp: Timestamp, count: u64) -> Self {
        head.sequence += 1;
        let mut bytes = Writer::new();
        bytes.entry_head(head.position, timestamp, count);
        Self { feed, epoch: head.epoch, sequence: head.sequence, part: 0, bytes, written: 0 }
    }

    /// Returns the buffer for the next change or diff; moves what is in it to the overlay.
    pub(crate) fn next(&mut self, overlay: &mut Overlay) -> &mut Writer {
        if self.bytes.bytes.len() >= PART_BYTES {
            self.put(overlay);
            self.part += 1;
        }
        &mut self.bytes
    }

    /// Writes the rest, and counts the entry.
    pub(crate) fn end(mut self, overlay: &mut Overlay, head: &mut Head) {
        self.put(overlay);
        head.log_entries += 1;
        head.log_bytes += self.written;
    }

    fn put(&mut self, overlay: &mut Overlay) {
        let bytes = std::mem::take(&mut self.bytes.bytes);
        self.written += bytes.len() as u64;
        overlay.put(log_part_key(self.feed, self.epoch, self.sequence, self.part), bytes);
    }
}
