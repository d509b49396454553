//! Keeps what a transaction did until its end is known: in memory, and beyond a limit in a temporary file.

use super::bytes::Fields;
use super::failure::not_understood;
use crate::SourceError;
use crate::error::code;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

/// The messages of one transaction, in their order.
#[derive(Debug, Default)]
pub(super) struct Spool {
    /// The newest messages, each after its (sub)transaction and its length.
    memory: Vec<u8>,
    /// The older messages.
    file: Option<File>,
    /// How much has come, in bytes.
    length: u64,
    /// Subtransactions that were rolled back.
    aborted: BTreeSet<u32>,
    /// Whether the messages came in parts, each with its (sub)transaction.
    pub in_parts: bool,
    /// Whether the form of a table is among them.
    pub has_forms: bool,
}

impl Spool {
    pub fn new(in_parts: bool) -> Self {
        Self { in_parts, ..Self::default() }
    }

    /// Returns how much has come, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns how much of it is in memory, in bytes.
    pub fn memory(&self) -> usize {
        self.memory.len()
    }

    pub fn push(&mut self, subxid: u32, message: &[u8]) -> Result<(), SourceError> {
        let length = u32::try_from(message.len()).map_err(|_| not_understood("it is too long"))?;
        self.has_forms |= message.first() == Some(&b'R');
        self.memory.extend_from_slice(&subxid.to_be_bytes());
        self.memory.extend_from_slice(&length.to_be_bytes());
        self.memory.extend_from_slice(message);
        self.length += 8 + u64::from(length);
        Ok(())
    }

    /// Marks what the subtransaction did as rolled back.
    pub fn abort(&mut self, subxid: u32) {
        self.aborted.insert(subxid);
    }

    /// Moves what is in memory to a temporary file.
    pub fn spill(&mut self) -> Result<(), SourceError> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile().map_err(|error| disk(&error))?),
        };
        file.write_all(&self.memory).map_err(|error| disk(&error))?;
        self.memory = Vec::new();
        Ok(())
    }

    /// Calls `each` with every message that was not rolled back.
    pub fn replay(&self, mut each: impl FnMut(&[u8]) -> Result<(), SourceError>) -> Result<(), SourceError> {
        let Self { memory, file, aborted, .. } = self;
        let mut message = Vec::new();
        if let Some(mut file) = file.as_ref() {
            let end = file.seek(SeekFrom::End(0)).map_err(|error| disk(&error))?;
            file.rewind().map_err(|error| disk(&error))?;
            let (mut file, mut at) = (BufReader::with_capacity(1 << 20, file), 0);
            while at < end {
                let mut head = [0; 8];
                file.read_exact(&mut head).map_err(|error| disk(&error))?;
                let (subxid, length) = header(&head)?;
                message.resize(length, 0);
                file.read_exact(&mut message).map_err(|error| disk(&error))?;
                at += 8 + length as u64;
                if !aborted.contains(&subxid) {
                    each(&message)?;
                }
            }
        }
        let mut rest = memory.as_slice();
        while let Some((head, after)) = rest.split_at_checked(8) {
            let (subxid, length) = header(head)?;
            let (message, after) = after.split_at(length);
            rest = after;
            if !aborted.contains(&subxid) {
                each(message)?;
            }
        }
        Ok(())
    }
}

fn header(bytes: &[u8]) -> Result<(u32, usize), SourceError> {
    let mut fields = Fields::new(bytes);
    Ok((fields.u32()?, fields.u32()? as usize))
}

fn disk(error: &std::io::Error) -> SourceError {
    let message = format!(
        "a large transaction cannot be kept in a temporary file ({}): {error}; free space there, or look at that disk",
        std::env::temp_dir().display()
    );
    SourceError::new(SourceError::kind_of(error), code::UNREADABLE, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_back_in_order_from_file_and_memory_without_what_was_rolled_back() {
        let mut spool = Spool::new(true);
        for (at, text) in ["a", "bb", "", "dddd", "e"].iter().enumerate() {
            spool.push(at as u32 % 2, text.as_bytes()).unwrap();
            if at == 1 || at == 2 {
                spool.spill().unwrap();
                assert_eq!(spool.memory(), 0);
            }
        }
        spool.abort(1);
        let mut seen = Vec::new();
        spool
            .replay(|message| {
                seen.push(String::from_utf8(message.to_vec()).unwrap());
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, ["a", "", "e"]);
    }
}
