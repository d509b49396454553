//! Events of the log: the header that all have, and their checksum.

use crate::SourceError;
use crate::mysql::failure::not_understood;
use crate::mysql::fields::Fields;
use bytes::Bytes;
use flate2::Crc;

// The numbers of the events that are read.
pub(super) const QUERY: u8 = 2;
pub(super) const STOP: u8 = 3;
pub(super) const ROTATE: u8 = 4;
pub(super) const FORMAT: u8 = 15;
pub(super) const COMMIT: u8 = 16;
pub(super) const TABLE_MAP: u8 = 19;
pub(super) const INCIDENT: u8 = 26;
pub(super) const HEARTBEAT: u8 = 27;
pub(super) const PREPARED: u8 = 38;
pub(super) const ANNOTATION: u8 = 160;
pub(super) const CHECKPOINT: u8 = 161;
pub(super) const GROUP: u8 = 162;
pub(super) const TRANSACTIONS: u8 = 163;
pub(super) const ENCRYPTION: u8 = 164;

/// The server made it for this reader; it is not in the file.
const ARTIFICIAL: u16 = 0x20;
/// Whoever does not know it may leave it out.
const IGNORABLE: u16 = 0x80;
const HEADER: usize = 19;
const CHECKSUM: usize = 4;

/// An event without its checksum.
#[derive(Debug, Clone)]
pub(in crate::mysql) struct Event {
    pub number: u8,
    /// In seconds since 1970.
    pub time: u32,
    /// The number of the server that wrote it first.
    pub server: u32,
    /// Where it ends in its file; `None` if it is not in the file.
    pub end: Option<u32>,
    pub is_ignorable: bool,
    pub body: Bytes,
}

impl Event {
    /// Reads an event. `has_checksum`: whether those of this file end with one.
    pub fn parse(mut bytes: Bytes, has_checksum: bool) -> Result<Self, SourceError> {
        let mut fields = Fields(&bytes);
        let (time, number, server) = (fields.u32()?, fields.u8()?, fields.u32()?);
        fields.take(4)?;
        let (end, flags) = (fields.u32()?, fields.u16()?);
        match number {
            // The server adds one to the first event before the reader can know; that of a format is always there.
            ROTATE if !ends_with_checksum(&bytes) => {}
            FORMAT => {}
            _ if !has_checksum && number != ROTATE => {}
            _ if ends_with_checksum(&bytes) => bytes.truncate(bytes.len() - CHECKSUM),
            _ => return Err(not_understood(format!("the checksum of an event of number {number} is wrong"))),
        }
        let end = (flags & ARTIFICIAL == 0 && end > 0).then_some(end);
        Ok(Self {
            number,
            time,
            server,
            end,
            is_ignorable: flags & IGNORABLE != 0,
            body: bytes.slice(HEADER..),
        })
    }

    /// Returns whether the events of a file end with a checksum, by the event of its format.
    pub fn announces_checksums(&self) -> Result<bool, SourceError> {
        let at = self.body.len().checked_sub(CHECKSUM + 1);
        match at.map(|at| self.body[at]) {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(not_understood("the checksums of its log are of an unknown kind")),
        }
    }
}

fn ends_with_checksum(bytes: &[u8]) -> bool {
    let Some((content, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else { return false };
    let mut crc = Crc::new();
    crc.update(content);
    content.len() >= HEADER && crc.sum() == u32::from_le_bytes(*checksum)
}
