//! YAML as a tree that knows where each of its values stands in the text.

use super::problem::{self, code};
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// The largest configuration file that is read, in bytes.
pub const TEXT_BYTES_MAX: usize = 4 << 20;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands; a block mapping or list stands where its first entry does.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A scalar: its text, and what YAML takes that for.
    Scalar(String, Scalar),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order of the text.
    Map(Vec<Entry>),
}

/// What a scalar's text stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Itself.
    Text,
}

impl Scalar {
    /// Returns the scalar in JSON; `text` is how it is written.
    pub(super) fn json(self, text: &str) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => value.into(),
            Self::Int(value) => value.into(),
            Self::Float(_) => text.parse::<Number>().map_or_else(|_| text.into(), Value::Number),
            Self::Text => text.into(),
        }
    }
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value under `key`, if this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries, if this is a mapping.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items, if this is a list.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The mapping without the entries of these keys.
    pub fn without(&self, keys: impl AsRef<[&'static str]>) -> Node {
        let kept = self.entries().iter().filter(|entry| !keys.as_ref().contains(&entry.key.as_str()));
        Node { span: self.span, kind: Kind::Map(kept.cloned().collect()) }
    }

    /// Whether both say the same, wherever they stand; the order of entries says nothing.
    pub fn says_the_same(&self, other: &Node) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar(..), Kind::Scalar(..)) => self.kind == other.kind,
            (Kind::List(own), Kind::List(others)) => {
                own.len() == others.len()
                    && own.iter().zip(others).all(|(own, other)| own.says_the_same(other))
            }
            (Kind::Map(own), Kind::Map(others)) => {
                let is_there =
                    |entry: &Entry| other.get(&entry.key).is_some_and(|its| entry.value.says_the_same(its));
                own.len() == others.len() && own.iter().all(is_there)
            }
            _ => false,
        }
    }

    /// The text, if this is a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Takes the entries out for which `wanted` holds, as a mapping at the same place.
    pub fn split_off(&mut self, wanted: impl Fn(&str) -> bool) -> Node {
        let mut taken = Vec::new();
        if let Kind::Map(entries) = &mut self.kind {
            taken = entries.extract_if(.., |entry| wanted(&entry.key)).collect();
        }
        Node { span: self.span, kind: Kind::Map(taken) }
    }

    /// What the value is, in words.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(_, Scalar::Null) => "nothing",
            Kind::Scalar(_, Scalar::Bool(_)) => "a boolean",
            Kind::Scalar(_, Scalar::Int(_)) => "an integer",
            Kind::Scalar(_, Scalar::Float(_)) => "a number",
            Kind::Scalar(_, Scalar::Text) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

/// Reads one YAML document.
///
/// # Errors
/// What keeps the text from being one, with its place.
pub fn parse(text: &str) -> Result<Node, Diagnostic> {
    if text.len() > TEXT_BYTES_MAX {
        let message =
            format!("the file has {} bytes, more than the {TEXT_BYTES_MAX} that are read", text.len());
        return Err(problem::at(code::YAML, Span::default(), message));
    }
    let options = serde_saphyr::options! {
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Raw>(text, options) {
        Ok(raw) => Ok(placed(raw, text)),
        Err(error) => Err(refusal(&error, text)),
    }
}

fn refusal(error: &serde_saphyr::Error, text: &str) -> Diagnostic {
    let location = error.location().unwrap_or(Location::UNKNOWN);
    let span = span_of(location, text);
    // The place is shown by the diagnostic; the reader's own words for it are cut off.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or_default();
    let diagnostic = problem::at(code::YAML, span, format!("this is not YAML: {message}"));
    let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    if line.contains("${") {
        return diagnostic.with_help("inside of braces and brackets, put `${...}` in quotes");
    }
    diagnostic
}

fn span_of(location: Location, text: &str) -> Span {
    let span = location.span();
    if let (Some(start), Some(length)) = (span.byte_offset(), span.byte_len()) {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
        let length = usize::try_from(length).unwrap_or(0);
        return Span { start, end: start.saturating_add(length).min(text.len()) };
    }
    let start = offset(text, location.line(), location.column());
    Span { start, end: start }
}

/// The byte at a line and a column in characters, both from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let before: usize =
        text.split_inclusive('\n').take(usize::try_from(line.max(1) - 1).unwrap_or(0)).map(str::len).sum();
    let within: usize = text[before..]
        .chars()
        .take(usize::try_from(column.max(1) - 1).unwrap_or(0))
        .map(char::len_utf8)
        .sum();
    before + within
}

/// A value as the YAML reader hands it over. Its spans are set by the reader.
#[derive(serde::Deserialize)]
struct Raw(Spanned<RawKind>);

enum RawKind {
    Scalar(Scalar, Option<String>),
    List(Vec<Raw>),
    Map(Vec<(Spanned<String>, Raw)>),
}

fn placed(raw: Raw, text: &str) -> Node {
    let Spanned { value, referenced, defined, .. } = raw.0;
    let span = span_of(referenced, text);
    let kind = match value {
        RawKind::Scalar(Scalar::Text, own) => Kind::Scalar(own.unwrap_or_default(), Scalar::Text),
        RawKind::Scalar(scalar, _) => {
            let written = span_of(defined, text);
            Kind::Scalar(text[written.start..written.end].trim().to_owned(), scalar)
        }
        RawKind::List(items) => Kind::List(items.into_iter().map(|item| placed(item, text)).collect()),
        RawKind::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_span: span_of(key.referenced, text),
                    key: key.value,
                    value: placed(value, text),
                })
                .collect(),
        ),
    };
    Node { span, kind }
}

impl<'de> Deserialize<'de> for RawKind {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = RawKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Null, None))
    }

    fn visit_none<E>(self) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Null, None))
    }

    fn visit_bool<E>(self, value: bool) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Bool(value), None))
    }

    fn visit_i64<E>(self, value: i64) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Int(value), None))
    }

    fn visit_u64<E>(self, value: u64) -> Result<RawKind, E> {
        let scalar = i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Int);
        Ok(RawKind::Scalar(scalar, None))
    }

    fn visit_f64<E>(self, value: f64) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Float(value), None))
    }

    fn visit_str<E>(self, value: &str) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Text, Some(value.to_owned())))
    }

    fn visit_string<E: de::Error>(self, value: String) -> Result<RawKind, E> {
        Ok(RawKind::Scalar(Scalar::Text, Some(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawKind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawKind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawKind, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawKind::Map(map))
    }
}
