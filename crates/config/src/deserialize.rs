//! From the tree to settings: a serde deserializer whose errors know their place.

use super::problem::{self, code};
use super::tree::{Entry, Kind, Node, Scalar};
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Span;
use livewell_source::suggest::near;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use std::fmt::{self, Display, Formatter};

/// Reads settings from the node. Unknown fields are taken out and reported one by one, so that all of them
/// are; of other faults the first is.
///
/// `also` are names that are known at this place although `T` does not have them; they are suggested too.
pub fn read<'de, T: Deserialize<'de>>(
    node: Node,
    also: &[&str],
    problems: &mut Vec<Diagnostic>,
) -> Option<T> {
    read_with(node, also, problems, |node| T::deserialize(node))
}

/// Like [`read`], but `deserialize` makes the settings of the node.
pub fn read_with<T>(
    mut node: Node,
    also: &[&str],
    problems: &mut Vec<Diagnostic>,
    deserialize: impl Fn(&Node) -> Result<T, Fault>,
) -> Option<T> {
    loop {
        let mut fault = match deserialize(&node) {
            Ok(settings) => return Some(settings),
            Err(fault) => fault,
        };
        let unknown = fault.unknown.take();
        let span = fault.span.unwrap_or(node.span);
        let found = unknown.as_ref().and_then(|unknown| find_key(&node, &unknown.name));
        let span = if fault.span.is_none() { found.unwrap_or(span) } else { span };
        let mut problem = problem::at(fault.code, span, fault.message);
        if let Some(help) = fault.help {
            problem = problem.with_help(help);
        }
        if let Some(meant) = fault.meant {
            problem = problem.with_edit(span, meant);
        }
        let Some(unknown) = unknown else {
            problems.push(problem);
            return None;
        };
        // Further in, the names of this place mean nothing.
        let is_here = node.entries().iter().any(|entry| entry.key_span == span);
        let also = if is_here { also } else { &[] };
        let names = unknown.expected.iter().copied().chain(also.iter().copied());
        problems.push(problem::misnamed(problem, &unknown.name, names, "the fields here"));
        if !remove_key(&mut node, span) {
            return None;
        }
    }
}

/// Where the first key of this name stands, at any depth.
fn find_key(node: &Node, name: &str) -> Option<Span> {
    let here = node.entries().iter().find(|entry| entry.key == name).map(|entry| entry.key_span);
    here.or_else(|| {
        let inner = node.entries().iter().map(|entry| &entry.value).chain(node.items());
        inner.into_iter().find_map(|node| find_key(node, name))
    })
}

fn remove_key(node: &mut Node, span: Span) -> bool {
    match &mut node.kind {
        Kind::Scalar(..) => false,
        Kind::List(items) => items.iter_mut().any(|item| remove_key(item, span)),
        Kind::Map(entries) => {
            let before = entries.len();
            entries.retain(|entry| entry.key_span != span);
            entries.len() < before || entries.iter_mut().any(|entry| remove_key(&mut entry.value, span))
        }
    }
}

/// Why settings could not be read.
#[derive(Debug)]
pub struct Fault {
    span: Option<Span>,
    code: &'static str,
    message: String,
    help: Option<String>,
    /// The value that was probably meant.
    meant: Option<&'static str>,
    unknown: Option<Box<Unknown>>,
}

#[derive(Debug)]
struct Unknown {
    name: String,
    expected: &'static [&'static str],
}

impl Fault {
    fn new(message: String) -> Self {
        Self { span: None, code: code::VALUE, message, help: None, meant: None, unknown: None }
    }

    /// The fault at `span`, unless a place further inside is known.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let unknown = Some(Box::new(Unknown { name: field.to_owned(), expected }));
        Self { code: code::UNKNOWN_FIELD, unknown, ..Self::new(format!("unknown field `{field}`")) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let help = Some(problem::advice(variant, expected.iter().copied(), "the values here"));
        let meant = near(variant, expected.iter().copied());
        Self { help, meant, ..Self::new(format!("unknown value `{variant}`")) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("`{field}` is missing"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        // A value is not shown: it may be a secret. The text of the file is, and it names where that comes from.
        let found = match found {
            Unexpected::Unit | Unexpected::Option => "nothing",
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Signed(_) | Unexpected::Unsigned(_) => "an integer",
            Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "a text",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a mapping",
            _ => "something else",
        };
        Self::new(format!("expected {}, found {found}", in_words(expected)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Signed(number) => format!(", not {number}"),
            Unexpected::Unsigned(number) => format!(", not {number}"),
            _ => String::new(),
        };
        Self::new(format!("expected {}{found}", in_words(expected)))
    }
}

/// What a Rust type is to whoever writes YAML.
fn in_words(expected: &dyn Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "a string" | "string" | "path string" => "a text".into(),
        "usize" | "u64" | "u32" | "u16" | "u8" => "an integer from 0 on".into(),
        "i64" => "an integer".into(),
        "f64" => "a number".into(),
        "a boolean" => "`true` or `false`".into(),
        "a sequence" => "a list".into(),
        "a map" => "a mapping".into(),
        words if words.starts_with("struct ") || words.contains("enum ") => "a mapping".into(),
        words if words.starts_with("a nonzero") => "an integer from 1 on".into(),
        _ => expected,
    }
}

/// Whether the text of a number is that of an integer: YAML makes floats of those beyond 64 bits.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The integer, if 128 bits can hold it; more would lose digits on the way.
fn integer(text: &str) -> Result<i128, Fault> {
    text.parse().map_err(|_| {
        de::Error::custom(
            "this integer has too many digits to be read exactly: put it in quotes, and write `livewell.toDecimal` or \
             `toFloat` in the query",
        )
    })
}

impl<'de> Deserializer<'de> for &Node {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let read = match &self.kind {
            Kind::Scalar(text, Scalar::Text) => visitor.visit_str(text),
            Kind::Scalar(_, Scalar::Null) => visitor.visit_unit(),
            Kind::Scalar(_, Scalar::Bool(value)) => visitor.visit_bool(*value),
            Kind::Scalar(_, Scalar::Int(value)) => visitor.visit_i64(*value),
            Kind::Scalar(text, Scalar::Float(_)) if is_integer(text) => {
                integer(text).and_then(|integer| visitor.visit_i128(integer))
            }
            Kind::Scalar(_, Scalar::Float(value)) => visitor.visit_f64(*value),
            Kind::List(items) => visitor.visit_seq(Items(items.iter())),
            Kind::Map(entries) => visitor.visit_map(Entries { rest: entries.iter(), value: None }),
        };
        read.map_err(|fault| fault.at(self.span))
    }

    /// A number or boolean is a text where a text is wanted: `id: 42`, `null_text: true`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Scalar(text, scalar) if *scalar != Scalar::Null => {
                visitor.visit_str(text).map_err(|fault: Fault| fault.at(self.span))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.kind {
            Kind::Scalar(_, Scalar::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self).map_err(|fault| fault.at(self.span)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(self.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let read = match &self.kind {
            Kind::Scalar(text, scalar) if *scalar != Scalar::Null => {
                let name: StrDeserializer<'_, Fault> = text.as_str().into_deserializer();
                visitor.visit_enum(name)
            }
            Kind::Map(entries) if entries.len() == 1 => {
                let entries = Entries { rest: entries.iter(), value: None };
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            _ => {
                let names: Vec<_> = variants.iter().map(|name| format!("`{name}`")).collect();
                Err(Fault::new(format!("expected one of {}, found {}", names.join(", "), self.describe())))
            }
        };
        read.map_err(|fault| fault.at(self.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'n>(std::slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        self.0.next().map(|item| seed.deserialize(item).map_err(|fault| fault.at(item.span))).transpose()
    }
}

struct Entries<'n> {
    rest: std::slice::Iter<'n, Entry>,
    value: Option<&'n Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        let Some(entry) = self.rest.next() else { return Ok(None) };
        self.value = Some(&entry.value);
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|fault| fault.at(entry.key_span))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        let value =
            self.value.take().ok_or_else(|| Fault::new("a value was asked for before its key".into()))?;
        seed.deserialize(value).map_err(|fault| fault.at(value.span))
    }
}
