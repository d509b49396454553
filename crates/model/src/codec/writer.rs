//! Writes the stored form.

use super::{
    BYTES, DATE, DATE_TIME, DECIMAL, DURATION, FALSE, FLOAT, INT, LIST, LOCAL_DATE_TIME, LOCAL_TIME, MAP,
    NODE, NULL, PATH, RELATIONSHIP, STRING, TIME, TRUE,
};
use crate::number::identity_bits;
use crate::temporal::LocalDateTime;
use crate::{
    AppliedChange, AppliedTransaction, Diff, Element, ElementId, Map, Node, QueryResult, Relationship,
    Timestamp, Value,
};
use smol_str::SmolStr;

/// Writes the stored form to a buffer.
#[derive(Debug, Default)]
pub struct Writer {
    /// The bytes written so far.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// Makes an empty buffer.
    pub fn new() -> Self {
        Self { bytes: Vec::with_capacity(64) }
    }

    /// Writes one byte.
    pub fn u8(&mut self, byte: u8) -> &mut Self {
        self.bytes.push(byte);
        self
    }

    /// Writes an unsigned number in base 128, low digits first.
    pub fn varint(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
        self
    }

    /// Writes a signed number, zigzag (small magnitudes stay short).
    pub fn signed(&mut self, number: i64) -> &mut Self {
        self.varint(((number << 1) ^ (number >> 63)) as u64)
    }

    /// Writes bytes with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Writes text with its length before it.
    pub fn string(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Writes a value with its tag.
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
            Value::Decimal(decimal) => {
                let (coefficient, scale) = decimal.parts();
                self.u8(DECIMAL).signed(scale).bytes(&coefficient.to_signed_bytes_be())
            }
            Value::String(text) => self.u8(STRING).string(text),
            Value::Bytes(bytes) => self.u8(BYTES).bytes(bytes),
            Value::List(items) => self.u8(LIST).values(items),
            Value::Map(map) => self.u8(MAP).map(map),
            Value::Node(node) => self.u8(NODE).node(node),
            Value::Relationship(relationship) => self.u8(RELATIONSHIP).relationship(relationship),
            Value::Path(items) => self.u8(PATH).values(items),
            Value::Date(date) => self.u8(DATE).signed(date.days()),
            Value::Time(time) => self.u8(TIME).varint(time.local.nanos() as u64).signed(time.offset().into()),
            Value::LocalTime(time) => self.u8(LOCAL_TIME).varint(time.nanos() as u64),
            Value::DateTime(date_time) => {
                self.u8(DATE_TIME).local_date_time(date_time.local).signed(date_time.offset().into());
                self.string(date_time.zone.as_deref().unwrap_or_default())
            }
            Value::LocalDateTime(date_time) => self.u8(LOCAL_DATE_TIME).local_date_time(*date_time),
            Value::Duration(duration) => {
                self.u8(DURATION).signed(duration.months).signed(duration.days).signed(duration.seconds);
                self.varint(duration.nanos_of_second() as u64)
            }
        }
    }

    fn local_date_time(&mut self, date_time: LocalDateTime) -> &mut Self {
        self.signed(date_time.date.days()).varint(date_time.time.nanos() as u64)
    }

    /// Writes values with their count before them.
    pub fn values(&mut self, values: &[Value]) -> &mut Self {
        self.varint(values.len() as u64);
        for value in values {
            self.value(value);
        }
        self
    }

    /// Writes an element's id.
    pub fn id(&mut self, id: &ElementId) -> &mut Self {
        self.string(&id.source).string(&id.id)
    }

    /// Writes an element with its tag.
    pub fn element(&mut self, element: &Element) -> &mut Self {
        match element {
            Element::Node(node) => self.u8(NODE).node(node),
            Element::Relationship(relationship) => self.u8(RELATIONSHIP).relationship(relationship),
        }
    }

    /// Writes the value of a node that has these labels and, of this one's properties, those with these names, which
    /// ascend.
    pub fn part_of_node(&mut self, node: &Node, labels: &[SmolStr], names: &[SmolStr]) -> &mut Self {
        self.u8(NODE).id(&node.id).labels(labels);
        let properties = || names.iter().filter_map(|name| Some((name, node.properties.get(name)?)));
        self.varint(properties().count() as u64);
        for (name, value) in properties() {
            self.string(name).value(value);
        }
        self
    }

    /// Writes the beginning of the log entry of a result or a transaction: `count` diffs or changes follow.
    pub fn entry_head(&mut self, position: u64, timestamp: Timestamp, count: u64) -> &mut Self {
        self.varint(position).signed(timestamp.0).varint(count)
    }

    /// Writes a result without its sequence, which is its key.
    pub fn result(&mut self, result: &QueryResult) -> &mut Self {
        self.entry_head(result.position, result.timestamp, result.diffs.len() as u64);
        for diff in &result.diffs {
            self.diff(diff);
        }
        self
    }

    /// Writes a transaction without its sequence, which is its key.
    pub fn transaction(&mut self, transaction: &AppliedTransaction) -> &mut Self {
        let AppliedTransaction { position, timestamp, changes, .. } = transaction;
        self.entry_head(*position, *timestamp, changes.len() as u64);
        for change in changes {
            self.applied(change);
        }
        self
    }

    /// Writes one change of a transaction: both images.
    pub fn applied(&mut self, change: &AppliedChange) -> &mut Self {
        self.image(change.before.as_ref()).image(change.after.as_ref())
    }

    fn image(&mut self, image: Option<&Element>) -> &mut Self {
        match image {
            None => self.u8(NULL),
            Some(element) => self.element(element),
        }
    }

    /// Writes one diff of a result.
    pub fn diff(&mut self, diff: &Diff) -> &mut Self {
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
        self.id(&node.id).labels(&node.labels).map(&node.properties)
    }

    fn labels(&mut self, labels: &[SmolStr]) -> &mut Self {
        self.varint(labels.len() as u64);
        for label in labels {
            self.string(label);
        }
        self
    }

    fn relationship(&mut self, relationship: &Relationship) -> &mut Self {
        self.id(&relationship.id).string(&relationship.kind);
        self.id(&relationship.from).id(&relationship.to).map(&relationship.properties)
    }
}
