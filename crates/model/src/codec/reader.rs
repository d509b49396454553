//! Reads the stored form; damage is an error, never a panic and never an unbounded allocation.

use super::{
    BYTES, DATE, DATE_TIME, DECIMAL, DURATION, DecodeError, FALSE, FLOAT, INT, LIST, LOCAL_DATE_TIME,
    LOCAL_TIME, MAP, NESTING_MAX, NODE, NULL, PATH, RELATIONSHIP, STRING, TIME, TRUE,
};
use crate::decimal::DIGITS_MAX;
use crate::diff::Columns;
use crate::temporal::{Date, DateTime, Duration, LocalDateTime, LocalTime, NANOS_PER_SECOND, Time};
use crate::{
    AppliedChange, AppliedTransaction, Decimal, Diff, Element, ElementId, Map, Node, QueryResult,
    Relationship, Timestamp, Value,
};
use bigdecimal::num_bigint::BigInt;
use smol_str::SmolStr;
use std::sync::Arc;

/// Reads the stored form.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// The source of the last id, as bytes and as text: usually the next id has the same.
    source: (&'a [u8], SmolStr),
    /// An id that is likely to come, as bytes and as text.
    likely: (&'a [u8], SmolStr),
}

/// Enough bytes for the digits before and after the point (a digit has less than 3.33 bits), and a sign.
const DECIMAL_BYTES_MAX: usize = 2 * DIGITS_MAX as usize * 333 / 800 + 2;

/// Room for so many labels or properties is made at once; a damaged count is not trusted beyond.
const FEW: usize = 16;

type Read<T> = Result<T, DecodeError>;

impl<'a> Reader<'a> {
    /// Begins to read `bytes`, which messages call `what`.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        let nothing = (&[][..], SmolStr::default());
        Self { what, bytes, at: 0, depth: 0, source: nothing.clone(), likely: nothing }
    }

    /// Reads faster if this id, or another one of its source, is among what is read.
    #[must_use]
    pub fn expecting(self, id: &'a ElementId) -> Self {
        let known = |text: &'a SmolStr| (text.as_bytes(), text.clone());
        Self { source: known(&id.source), likely: known(&id.id), ..self }
    }

    /// Returns whether everything has been read.
    pub fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Returns an error if bytes are left over.
    pub fn finish(self) -> Read<()> {
        if self.is_done() { Ok(()) } else { Err(self.error("bytes are left over")) }
    }

    /// Makes an error for the current offset.
    pub fn error(&self, why: &'static str) -> DecodeError {
        DecodeError { what: self.what, why, at: self.at }
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// Returns [`DecodeError`] at the end of the bytes. All methods below return it if the bytes are not what they
    /// expect.
    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.take(1)?[0])
    }

    /// Reads exactly `count` bytes.
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(self.error("the end came too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// Reads the form of [`super::Writer::varint`].
    pub fn varint(&mut self) -> Read<u64> {
        match self.bytes.get(self.at) {
            // Most numbers are lengths of a few bytes.
            Some(byte) if *byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(*byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Read<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                break;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.error("a number is longer than 64 bits"))
    }

    /// Reads the form of [`super::Writer::signed`].
    pub fn signed(&mut self) -> Read<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// Reads the form of [`super::Writer::bytes`].
    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    /// Reads the form of [`super::Writer::string`].
    pub fn string(&mut self) -> Read<SmolStr> {
        let bytes = self.bytes()?;
        self.text(bytes)
    }

    fn text(&self, bytes: &[u8]) -> Read<SmolStr> {
        std::str::from_utf8(bytes).map(SmolStr::new).map_err(|_| self.error("text is not UTF-8"))
    }

    /// Reads a big-endian 64-bit number.
    pub fn u64_be(&mut self) -> Read<u64> {
        Ok(u64::from_be_bytes(self.take(8)?.try_into().expect("eight bytes were taken")))
    }

    /// Reads a count of things that each take at least a byte, so that a damaged count cannot ask for memory.
    pub fn count(&mut self) -> Read<usize> {
        let count = self.varint()?;
        let left = self.bytes.len() - self.at;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= left)
            .ok_or(self.error("a length is beyond the end"))
    }

    /// Reads the form of [`super::Writer::value`].
    pub fn value(&mut self) -> Read<Value> {
        Ok(match self.u8()? {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => Value::Int(self.signed()?),
            FLOAT => {
                let bits = self.take(8)?.try_into().expect("eight bytes were taken");
                Value::Float(f64::from_bits(u64::from_le_bytes(bits)))
            }
            DECIMAL => self.decimal()?.into(),
            STRING => Value::String(self.string()?),
            BYTES => Value::Bytes(self.bytes()?.into()),
            LIST => Value::List(self.values()?),
            MAP => Value::Map(Arc::new(self.map()?)),
            NODE => Value::Node(Arc::new(self.node()?)),
            RELATIONSHIP => Value::Relationship(Arc::new(self.relationship()?)),
            PATH => Value::Path(self.values()?),
            DATE => Value::Date(self.date()?),
            TIME => {
                let (local, offset) = (self.local_time()?, self.offset()?);
                self.in_range(Time::new(local, offset))?.into()
            }
            LOCAL_TIME => Value::LocalTime(self.local_time()?),
            DATE_TIME => {
                let (local, offset) = (self.local_date_time()?, self.offset()?);
                let zone = Some(self.string()?).filter(|zone| !zone.is_empty());
                self.in_range(DateTime::new(local, offset, zone))?.into()
            }
            LOCAL_DATE_TIME => Value::LocalDateTime(self.local_date_time()?),
            DURATION => self.duration()?.into(),
            _ => return Err(self.error("unknown value tag")),
        })
    }

    fn decimal(&mut self) -> Read<Decimal> {
        let (scale, bytes) = (self.signed()?, self.bytes()?);
        let is_redundant = match bytes {
            [] => true,
            [0, next, ..] => *next < 0x80,
            [0xff, next, ..] => *next >= 0x80,
            _ => false,
        };
        if bytes.len() > DECIMAL_BYTES_MAX || is_redundant {
            return Err(self.error("a decimal is too long"));
        }
        let coefficient = BigInt::from_signed_bytes_be(bytes);
        Decimal::of_parts(coefficient, scale)
            .ok_or(self.error("a decimal is too long, or not in its one form"))
    }

    fn date(&mut self) -> Read<Date> {
        let days = self.signed()?;
        self.in_range(Date::from_days(days))
    }

    fn local_time(&mut self) -> Read<LocalTime> {
        let nanos = i64::try_from(self.varint()?).ok();
        self.in_range(nanos.and_then(LocalTime::from_nanos))
    }

    fn local_date_time(&mut self) -> Read<LocalDateTime> {
        Ok(LocalDateTime { date: self.date()?, time: self.local_time()? })
    }

    fn offset(&mut self) -> Read<i32> {
        let offset = i32::try_from(self.signed()?).ok();
        self.in_range(offset)
    }

    fn duration(&mut self) -> Read<Duration> {
        let (months, days, seconds) = (self.signed()?, self.signed()?, i128::from(self.signed()?));
        let per_second = i128::from(NANOS_PER_SECOND);
        let nanos = Some(i128::from(self.varint()?)).filter(|nanos| *nanos < per_second);
        let nanos = self.in_range(nanos)?;
        self.in_range(Duration::new(months, days, seconds * per_second + nanos))
    }

    fn in_range<T>(&self, value: Option<T>) -> Read<T> {
        value.ok_or(self.error("a temporal value is out of range"))
    }

    /// Reads the form of [`super::Writer::values`].
    pub fn values(&mut self) -> Read<Columns> {
        self.row().map(Columns::from)
    }

    /// Like [`Reader::values`], but returns values that can be changed.
    pub fn row(&mut self) -> Read<Vec<Value>> {
        self.nested(|reader| {
            const MANY: usize = 64;
            let count = reader.count()?;
            // A damaged count is not trusted beyond some.
            let mut values = Vec::with_capacity(count.min(MANY));
            for _ in 0..count {
                values.push(reader.value()?);
            }
            Ok(values)
        })
    }

    /// Reads the form of [`super::Writer::id`].
    pub fn id(&mut self) -> Read<ElementId> {
        let source = self.bytes()?;
        if source != self.source.0 {
            self.source = (source, self.text(source)?);
        }
        let id = self.bytes()?;
        let id = if id == self.likely.0 { self.likely.1.clone() } else { self.text(id)? };
        Ok(ElementId { source: self.source.1.clone(), id })
    }

    /// Reads the form of [`super::Writer::element`].
    pub fn element(&mut self) -> Read<Element> {
        self.image()?.ok_or(self.error("no element where one belongs"))
    }

    /// Reads the form of [`super::Writer::entry_head`]. The count is not compared with the bytes that are there: more
    /// parts may follow.
    pub fn entry_head(&mut self) -> Read<(u64, Timestamp, u64)> {
        Ok((self.varint()?, Timestamp(self.signed()?), self.varint()?))
    }

    /// Reads the form of [`super::Writer::result`].
    pub fn result(&mut self, sequence: u64) -> Read<QueryResult> {
        let position = self.varint()?;
        let timestamp = Timestamp(self.signed()?);
        let count = self.count()?;
        let diffs = (0..count).map(|_| self.diff()).collect::<Read<_>>()?;
        Ok(QueryResult { sequence, position, timestamp, diffs })
    }

    /// Reads the form of [`super::Writer::transaction`].
    pub fn transaction(&mut self, sequence: u64) -> Read<AppliedTransaction> {
        let position = self.varint()?;
        let timestamp = Timestamp(self.signed()?);
        let count = self.count()?;
        let changes = (0..count).map(|_| self.applied()).collect::<Read<_>>()?;
        Ok(AppliedTransaction { sequence, position, timestamp, changes })
    }

    /// Reads the form of [`super::Writer::applied`].
    pub fn applied(&mut self) -> Read<AppliedChange> {
        Ok(AppliedChange { before: self.image()?, after: self.image()? })
    }

    fn image(&mut self) -> Read<Option<Element>> {
        Ok(match self.u8()? {
            NULL => None,
            NODE => Some(Element::Node(self.node()?.into())),
            RELATIONSHIP => Some(Element::Relationship(self.relationship()?.into())),
            _ => return Err(self.error("unknown element tag")),
        })
    }

    /// Reads the form of [`super::Writer::diff`].
    pub fn diff(&mut self) -> Read<Diff> {
        let kind = self.u8()?;
        let row_signature = self.u64_be()?;
        Ok(match kind {
            0 => Diff::Delete { row_signature, data: self.values()? },
            1 => Diff::Update { row_signature, before: self.values()?, after: self.values()? },
            2 => Diff::Add { row_signature, data: self.values()? },
            _ => return Err(self.error("unknown diff tag")),
        })
    }

    fn map(&mut self) -> Read<Map> {
        self.nested(|reader| {
            let count = reader.count()?;
            let mut map = Map::with_capacity(count.min(FEW));
            for _ in 0..count {
                map.insert(reader.string()?, reader.value()?);
            }
            Ok(map)
        })
    }

    fn node(&mut self) -> Read<Node> {
        let id = self.id()?;
        let count = self.count()?;
        let mut labels = Vec::with_capacity(count.min(FEW));
        for _ in 0..count {
            labels.push(self.string()?);
        }
        Ok(Node { id, labels, properties: self.map()? })
    }

    fn relationship(&mut self) -> Read<Relationship> {
        Ok(Relationship {
            id: self.id()?,
            kind: self.string()?,
            from: self.id()?,
            to: self.id()?,
            properties: self.map()?,
        })
    }

    /// Runs `read` one level deeper; a stored value that is nested deeper than allowed is damage.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth > NESTING_MAX + 8 {
            return Err(self.error("nested too deep"));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }
}
