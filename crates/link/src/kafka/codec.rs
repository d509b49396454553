//! The fields of requests and answers. From some version on each message is *flexible*: lengths are short and fields can be
//! added behind.

use super::error::Error;

/// What is left of an answer.
pub(super) struct Fields<'a> {
    bytes: &'a [u8],
    flexible: bool,
}

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8], flexible: bool) -> Self {
        Self { bytes, flexible }
    }

    /// Returns how many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.bytes.split_first_chunk::<N>().ok_or_else(short)?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub fn i8(&mut self) -> Result<i8, Error> {
        self.array().map(i8::from_be_bytes)
    }

    pub fn i16(&mut self) -> Result<i16, Error> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, Error> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn uuid(&mut self) -> Result<[u8; 16], Error> {
        self.array()
    }

    /// Reads a number of seven bits a byte, the lowest first.
    pub fn varint(&mut self) -> Result<u64, Error> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Error::Malformed("a number does not end".into()))
    }

    /// Reads such a number with its sign in the lowest bit.
    pub fn signed(&mut self) -> Result<i64, Error> {
        let number = self.varint()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// Reads the length of something that may be null; it is not longer than what is left.
    fn length(&mut self, wide: bool) -> Result<Option<usize>, Error> {
        let length = match (self.flexible, wide) {
            (true, _) => i64::try_from(self.varint()?).map_err(|_| short())? - 1,
            (false, true) => self.i32()?.into(),
            (false, false) => self.i16()?.into(),
        };
        match usize::try_from(length) {
            Ok(length) if length <= self.bytes.len() => Ok(Some(length)),
            Ok(_) => Err(short()),
            Err(_) => Ok(None),
        }
    }

    /// Reads how many items follow; none if there is null. Each takes a byte at least.
    pub fn items(&mut self) -> Result<usize, Error> {
        Ok(self.length(true)?.unwrap_or(0))
    }

    /// Reads a text; an empty one if there is null.
    pub fn text(&mut self) -> Result<&'a str, Error> {
        let length = self.length(false)?.unwrap_or(0);
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| Error::Malformed("a text is not UTF-8".into()))
    }

    /// Reads bytes; none if there is null.
    pub fn bytes(&mut self) -> Result<&'a [u8], Error> {
        let length = self.length(true)?.unwrap_or(0);
        self.take(length)
    }

    /// Reads the bytes of a part of a record, which may be null.
    pub fn part(&mut self) -> Result<Option<&'a [u8]>, Error> {
        match usize::try_from(self.signed()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Reads the fields that were added behind, and returns the one with this number.
    pub fn added(&mut self, wanted: u64) -> Result<Option<&'a [u8]>, Error> {
        if !self.flexible {
            return Ok(None);
        }
        let mut found = None;
        for _ in 0..self.varint()? {
            let (tag, length) = (self.varint()?, self.varint()?);
            let bytes = self.take(usize::try_from(length).map_err(|_| short())?)?;
            found = found.or((tag == wanted).then_some(bytes));
        }
        Ok(found)
    }

    /// Skips the fields that were added behind.
    pub fn end(&mut self) -> Result<(), Error> {
        self.added(u64::MAX).map(|_| ())
    }
}

fn short() -> Error {
    Error::Malformed("an answer of the broker is too short".into())
}

/// A request as it is written.
pub(super) struct Writer {
    pub bytes: Vec<u8>,
    flexible: bool,
}

impl Writer {
    pub fn new(flexible: bool) -> Self {
        Self { bytes: Vec::new(), flexible }
    }

    pub fn i8(&mut self, value: i8) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn i16(&mut self, value: i16) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn i32(&mut self, value: i32) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    fn length(&mut self, length: usize, wide: bool) -> &mut Self {
        if !self.flexible {
            return if wide { self.i32(length as i32) } else { self.i16(length as i16) };
        }
        let mut rest = length + 1;
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
        self
    }

    pub fn items(&mut self, count: usize) -> &mut Self {
        self.length(count, true)
    }

    pub fn text(&mut self, text: &str) -> &mut Self {
        self.length(text.len(), false).raw(text.as_bytes())
    }

    pub fn blob(&mut self, bytes: &[u8]) -> &mut Self {
        self.length(bytes.len(), true).raw(bytes)
    }

    /// Writes a text, or null, in the old form.
    pub fn text_or_null(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.i16(text.len() as i16).raw(text.as_bytes()),
            None => self.i16(-1),
        }
    }

    /// Writes a number of seven bits a byte, its sign in the lowest bit.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
        while rest >= 0x80 {
            self.bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest as u8);
        self
    }

    /// Writes the bytes of a part of a record, or null.
    pub fn part(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            Some(bytes) => self.signed(bytes.len() as i64).raw(bytes),
            None => self.signed(-1),
        }
    }

    /// Writes that no fields are added behind.
    pub fn end(&mut self) -> &mut Self {
        if self.flexible { self.i8(0) } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_come_back_in_both_forms() {
        for flexible in [false, true] {
            let long = "x".repeat(300);
            let mut out = Writer::new(flexible);
            out.i8(-1).i16(-2).i32(-3).i64(i64::MIN).text(&long).blob(b"").items(0).end();
            let mut fields = Fields::new(&out.bytes, flexible);
            assert_eq!((fields.i8(), fields.i16(), fields.i32()), (Ok(-1), Ok(-2), Ok(-3)));
            assert_eq!(
                (fields.i64(), fields.text(), fields.bytes()),
                (Ok(i64::MIN), Ok(&*long), Ok(&b""[..]))
            );
            assert_eq!((fields.items(), fields.end()), (Ok(0), Ok(())));
            assert_eq!(fields.left(), 0);
            for end in 0..out.bytes.len() {
                let mut cut = Fields::new(&out.bytes[..end], flexible);
                let read = (|| {
                    let _ = (cut.i8()?, cut.i16()?, cut.i32()?, cut.i64()?);
                    let _ = (cut.text()?, cut.bytes()?, cut.items()?);
                    cut.end()
                })();
                assert!(read.is_err(), "{end}");
            }
        }
    }

    #[test]
    fn a_number_with_its_sign_in_the_lowest_bit_is_read_at_its_ends() {
        let read = |bytes: &[u8]| Fields::new(bytes, true).signed();
        assert_eq!((read(&[0]), read(&[1]), read(&[2]), read(&[3])), (Ok(0), Ok(-1), Ok(1), Ok(-2)));
        let ends = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(read(&ends), Ok(i64::MIN));
        for number in [0, -1, 1, 63, 64, -65, 300, i64::MAX, i64::MIN] {
            assert_eq!(read(&Writer::new(true).signed(number).bytes), Ok(number));
        }
        assert!(read(&[0xff; 11]).is_err());
    }
}
