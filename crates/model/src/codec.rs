//! The stored bytes of values, elements, changes and diffs.
//!
//! Explicit tags, never the order of an enum; lengths before contents; a limit on nesting. The table of tags
//! is frozen and stands in `docs/format/values.md`; its golden bytes are tested here. New tags may be added.

use crate::diff::Columns;
use crate::number::identity_bits;
use crate::{
    AppliedChange, AppliedTransaction, Diff, Element, ElementId, Map, Node, QueryResult, Relationship,
    Timestamp, Value,
};
use smol_str::SmolStr;
use std::sync::Arc;

/// Values nest at most this deep, in storage and in JSON.
pub const NESTING_MAX: usize = 100;

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot decode {what}: {why} at byte {at}")]
pub struct DecodeError {
    /// What was being read.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
    /// Where, from the start of the bytes.
    pub at: usize,
}

const NULL: u8 = 0x00;
const FALSE: u8 = 0x01;
const TRUE: u8 = 0x02;
const INT: u8 = 0x03;
const FLOAT: u8 = 0x04;
const STRING: u8 = 0x05;
const BYTES: u8 = 0x06;
const LIST: u8 = 0x07;
const MAP: u8 = 0x08;
const NODE: u8 = 0x09;
const RELATIONSHIP: u8 = 0x0a;
const PATH: u8 = 0x0b;
// 0x10..=0x17 are reserved for date, time, local time, date-time, local date-time, duration, decimal, point.

/// Writes the stored form onto a buffer.
#[derive(Debug, Default)]
pub struct Writer {
    /// What has been written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(64) }
    }

    /// One byte.
    pub fn u8(&mut self, byte: u8) -> &mut Self {
        self.bytes.push(byte);
        self
    }

    /// An unsigned number in base 128, low digits first.
    pub fn varint(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
        self
    }

    /// A signed number, zigzag (small magnitudes stay short).
    pub fn signed(&mut self, number: i64) -> &mut Self {
        self.varint(((number << 1) ^ (number >> 63)) as u64)
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Text with its length before it.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// A value with its tag.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.u8(NULL),
            Value::Bool(false) => self.u8(FALSE),
            Value::Bool(true) => self.u8(TRUE),
            Value::Int(int) => self.u8(INT).signed(*int),
            Value::Float(float) => {
                self.u8(FLOAT).bytes.extend_from_slice(&identity_bits(*float).to_le_bytes());
                self
            }
            Value::String(text) => self.u8(STRING).string(text),
            Value::Bytes(bytes) => self.u8(BYTES).bytes(bytes),
            Value::List(items) => self.u8(LIST).values(items),
            Value::Map(map) => self.u8(MAP).map(map),
            Value::Node(node) => self.u8(NODE).node(node),
            Value::Relationship(relationship) => self.u8(RELATIONSHIP).relationship(relationship),
            Value::Path(items) => self.u8(PATH).values(items),
        }
    }

    /// Values with their count before them.
    pub fn values(&mut self, values: &[Value]) -> &mut Self {
        self.varint(values.len() as u64);
        for value in values {
            self.value(value);
        }
        self
    }

    /// An element's id.
    pub fn id(&mut self, id: &ElementId) -> &mut Self {
        self.string(&id.source).string(&id.id)
    }

    /// An element with its tag.
    pub fn element(&mut self, element: &Element) -> &mut Self {
        match element {
            Element::Node(node) => self.u8(NODE).node(node),
            Element::Relationship(relationship) => self.u8(RELATIONSHIP).relationship(relationship),
        }
    }

    /// A result without its sequence, which is its key.
    pub fn result(&mut self, result: &QueryResult) -> &mut Self {
        self.varint(result.position).signed(result.timestamp.0).varint(result.diffs.len() as u64);
        for diff in &result.diffs {
            self.diff(diff);
        }
        self
    }

    /// A transaction without its sequence, which is its key.
    pub fn transaction(&mut self, transaction: &AppliedTransaction) -> &mut Self {
        self.varint(transaction.position).signed(transaction.timestamp.0);
        self.varint(transaction.changes.len() as u64);
        for change in &transaction.changes {
            self.image(change.before.as_ref()).image(change.after.as_ref());
        }
        self
    }

    fn image(&mut self, image: Option<&Element>) -> &mut Self {
        match image {
            None => self.u8(NULL),
            Some(element) => self.element(element),
        }
    }

    fn diff(&mut self, diff: &Diff) -> &mut Self {
        self.u8(diff.order().0).bytes.extend_from_slice(&diff.row_signature().to_be_bytes());
        match diff {
            Diff::Delete { data, .. } | Diff::Add { data, .. } => self.values(data),
            Diff::Update { before, after, .. } => self.values(before).values(after),
        }
    }

    fn map(&mut self, map: &Map) -> &mut Self {
        self.varint(map.len() as u64);
        for (name, value) in map.iter() {
            self.string(name).value(value);
        }
        self
    }

    fn node(&mut self, node: &Node) -> &mut Self {
        self.id(&node.id).varint(node.labels.len() as u64);
        for label in &node.labels {
            self.string(label);
        }
        self.map(&node.properties)
    }

    fn relationship(&mut self, relationship: &Relationship) -> &mut Self {
        self.id(&relationship.id).string(&relationship.kind);
        self.id(&relationship.from).id(&relationship.to).map(&relationship.properties)
    }
}

/// Reads the stored form.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    what: &'static str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

type Read<T> = Result<T, DecodeError>;

impl<'a> Reader<'a> {
    /// Reads `bytes`, which are to be a `what`.
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, bytes, at: 0, depth: 0 }
    }

    /// Whether everything has been read.
    pub fn is_done(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// Where bytes are left over.
    pub fn finish(self) -> Read<()> {
        if self.is_done() { Ok(()) } else { Err(self.error("bytes are left over")) }
    }

    /// An error at this place.
    pub fn error(&self, why: &'static str) -> DecodeError {
        DecodeError { what: self.what, why, at: self.at }
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end. This and all that follow: [`DecodeError`] where the bytes are not what is asked for.
    pub fn u8(&mut self) -> Read<u8> {
        Ok(self.take(1)?[0])
    }

    /// Exactly `count` bytes.
    pub fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(self.error("the end came too early"))?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// See [`Writer::varint`].
    pub fn varint(&mut self) -> Read<u64> {
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

    /// See [`Writer::signed`].
    pub fn signed(&mut self) -> Read<i64> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// See [`Writer::bytes`].
    pub fn bytes(&mut self) -> Read<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    /// See [`Writer::string`].
    pub fn string(&mut self) -> Read<SmolStr> {
        let bytes = self.bytes()?;
        std::str::from_utf8(bytes).map(SmolStr::new).map_err(|_| self.error("text is not UTF-8"))
    }

    /// A big-endian 64-bit number.
    pub fn u64_be(&mut self) -> Read<u64> {
        Ok(u64::from_be_bytes(self.take(8)?.try_into().expect("eight bytes were taken")))
    }

    /// A count of things that each take a byte at least, so that a damaged count cannot ask for memory.
    pub fn count(&mut self) -> Read<usize> {
        let count = self.varint()?;
        let left = self.bytes.len() - self.at;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= left)
            .ok_or(self.error("a length is beyond the end"))
    }

    /// See [`Writer::value`].
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
            STRING => Value::String(self.string()?),
            BYTES => Value::Bytes(self.bytes()?.into()),
            LIST => Value::List(self.values()?),
            MAP => Value::Map(Arc::new(self.map()?)),
            NODE => Value::Node(Arc::new(self.node()?)),
            RELATIONSHIP => Value::Relationship(Arc::new(self.relationship()?)),
            PATH => Value::Path(self.values()?),
            _ => return Err(self.error("unknown value tag")),
        })
    }

    /// See [`Writer::values`].
    pub fn values(&mut self) -> Read<Columns> {
        self.nested(|reader| {
            let count = reader.count()?;
            (0..count).map(|_| reader.value()).collect()
        })
    }

    /// See [`Writer::id`].
    pub fn id(&mut self) -> Read<ElementId> {
        Ok(ElementId { source: self.string()?, id: self.string()? })
    }

    /// See [`Writer::element`].
    pub fn element(&mut self) -> Read<Element> {
        self.image()?.ok_or(self.error("no element where one belongs"))
    }

    /// See [`Writer::result`].
    pub fn result(&mut self, sequence: u64) -> Read<QueryResult> {
        let position = self.varint()?;
        let timestamp = Timestamp(self.signed()?);
        let count = self.count()?;
        let diffs = (0..count).map(|_| self.diff()).collect::<Read<_>>()?;
        Ok(QueryResult { sequence, position, timestamp, diffs })
    }

    /// See [`Writer::transaction`].
    pub fn transaction(&mut self, sequence: u64) -> Read<AppliedTransaction> {
        let position = self.varint()?;
        let timestamp = Timestamp(self.signed()?);
        let count = self.count()?;
        let changes = (0..count)
            .map(|_| Ok(AppliedChange { before: self.image()?, after: self.image()? }))
            .collect::<Read<_>>()?;
        Ok(AppliedTransaction { sequence, position, timestamp, changes })
    }

    fn image(&mut self) -> Read<Option<Element>> {
        Ok(match self.u8()? {
            NULL => None,
            NODE => Some(Element::Node(self.node()?)),
            RELATIONSHIP => Some(Element::Relationship(self.relationship()?)),
            _ => return Err(self.error("unknown element tag")),
        })
    }

    fn diff(&mut self) -> Read<Diff> {
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
            (0..count).map(|_| Ok((reader.string()?, reader.value()?))).collect()
        })
    }

    fn node(&mut self) -> Read<Node> {
        let id = self.id()?;
        let count = self.count()?;
        let labels = (0..count).map(|_| self.string()).collect::<Read<_>>()?;
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

    /// Runs `read` one level deeper; a stored value deeper than any that was accepted is damage.
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
