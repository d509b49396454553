//! Reads the fields of a message. Whatever the bytes are, the result is a field or an error.

use super::failure::not_understood;
use crate::SourceError;

/// What is left of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], SourceError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or_else(|| not_understood("it ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SourceError> {
        self.take(N)?.try_into().map_err(|_| not_understood("it ends early"))
    }

    pub fn u8(&mut self) -> Result<u8, SourceError> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, SourceError> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, SourceError> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, SourceError> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, SourceError> {
        self.array().map(u64::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, SourceError> {
        self.array().map(i64::from_be_bytes)
    }

    /// Reads bytes that follow their length of 32 bits.
    pub fn counted(&mut self) -> Result<&'a [u8], SourceError> {
        let count = usize::try_from(self.i32()?).map_err(|_| not_understood("a length is negative"))?;
        self.take(count)
    }

    /// Reads text up to a zero byte.
    pub fn text(&mut self) -> Result<&'a str, SourceError> {
        let end = self.0.iter().position(|byte| *byte == 0);
        let text = self.take(end.ok_or_else(|| not_understood("a text has no end"))?)?;
        self.u8()?;
        utf8(text)
    }

    /// Returns all that is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

pub(super) fn utf8(bytes: &[u8]) -> Result<&str, SourceError> {
    std::str::from_utf8(bytes).map_err(|_| not_understood("a text is not UTF-8"))
}
