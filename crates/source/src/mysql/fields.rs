//! Reads the numbers and texts of messages and events, the lowest byte first.

use super::failure::not_understood;
use crate::SourceError;

/// The bytes that have not been read yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], SourceError> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| not_understood("it is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Reads a number of up to eight bytes.
    pub fn number(&mut self, bytes: usize) -> Result<u64, SourceError> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Reads a number of up to eight bytes, the highest first.
    pub fn big_endian(&mut self, bytes: usize) -> Result<u64, SourceError> {
        Ok(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// Reads a number of up to eight bytes, with a sign.
    pub fn signed(&mut self, bytes: usize) -> Result<i64, SourceError> {
        let unused = 64 - 8 * bytes as u32;
        Ok((self.number(bytes)?.cast_signed() << unused) >> unused)
    }

    pub fn u8(&mut self) -> Result<u8, SourceError> {
        Ok(self.take(1)?[0])
    }

    pub fn u16(&mut self) -> Result<u16, SourceError> {
        Ok(self.number(2)? as u16)
    }

    pub fn u32(&mut self) -> Result<u32, SourceError> {
        Ok(self.number(4)? as u32)
    }

    pub fn u64(&mut self) -> Result<u64, SourceError> {
        self.number(8)
    }

    /// Reads a number whose first byte tells how long it is.
    pub fn packed(&mut self) -> Result<usize, SourceError> {
        let number = match self.u8()? {
            0xfc => self.number(2)?,
            0xfd => self.number(3)?,
            0xfe => self.number(8)?,
            0xfb | 0xff => return Err(not_understood("a length is none")),
            small => small.into(),
        };
        usize::try_from(number).map_err(|_| not_understood("a length is too large"))
    }

    /// Reads bytes with their length before them.
    pub fn packed_bytes(&mut self) -> Result<&'a [u8], SourceError> {
        let length = self.packed()?;
        self.take(length)
    }

    /// Reads bytes up to a zero.
    pub fn until_zero(&mut self) -> Result<&'a [u8], SourceError> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let end = end.ok_or_else(|| not_understood("a text does not end"))?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads a text in UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<String, SourceError> {
    str::from_utf8(bytes).map(str::to_owned).map_err(|_| not_understood("a text is not in UTF-8"))
}
