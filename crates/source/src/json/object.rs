//! JSON that remembers its place in the text, so that an error can name the column.

use super::exact::Exact;
use crate::InputError;
use crate::error::code;
use crate::suggest;
use livewell_model::Value;
use livewell_model::json::fault;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// A piece of JSON within a text.
#[derive(Clone, Copy)]
pub(super) struct Json<'a> {
    pub text: &'a str,
    pub raw: &'a RawValue,
    /// The values in the text that JSON has no form for.
    pub exact: &'a Exact,
}

impl<'a> Json<'a> {
    /// Returns an error at the beginning of this piece.
    pub fn error(&self, code: &'static str, message: impl fmt::Display) -> InputError {
        self.error_at(self.offset_of(self.raw.get()), code, message)
    }

    /// Returns where `part`, a slice of the text, begins in it.
    fn offset_of(&self, part: &str) -> usize {
        (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize)
    }

    fn error_at(&self, offset: usize, code: &'static str, message: impl fmt::Display) -> InputError {
        let column = self.text.get(..offset).map(|before| before.chars().count() + 1);
        let path = path_to(self.text, offset);
        let message = if path.is_empty() { message.to_string() } else { format!("`{path}`: {message}") };
        InputError { column, ..InputError::new(code, message) }
    }

    /// Returns the type of this value in words, for a message about what it should be.
    pub fn described(&self) -> &'static str {
        match self.raw.get().as_bytes().first() {
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// Returns the value of this piece, if JSON has no form for it.
    pub fn exactly(&self) -> Option<&'a Value> {
        self.exact.at(self.offset_of(self.raw.get()))
    }

    /// Returns whether this is null.
    pub fn is_null(&self) -> bool {
        self.raw.get() == "null"
    }

    /// Returns the items of a list.
    pub fn items(&self) -> Result<Vec<Json<'a>>, InputError> {
        let parts: Items<'a> = self.parsed("a list", b'[')?;
        Ok(parts.0.into_iter().map(|raw| Json { raw, ..*self }).collect())
    }

    /// Returns the text of a string.
    pub fn string(&self) -> Result<Cow<'a, str>, InputError> {
        self.parsed::<Text<'a>>("a string", b'"').map(|text| text.0)
    }

    fn parsed<T: Deserialize<'a>>(&self, wanted: &str, first: u8) -> Result<T, InputError> {
        if self.raw.get().as_bytes().first() != Some(&first) {
            return Err(
                self.error(code::SHAPE, format!("must be {wanted}, and this is {}", self.described()))
            );
        }
        // The raw text was scanned, not decoded: half a surrogate pair is only found now.
        serde_json::from_str(self.raw.get())
            .map_err(|error| self.error(code::SYNTAX, format!("not JSON: {}", fault(&error))))
    }
}

/// An object's entries, in their order, each name once.
pub(super) struct Object<'a> {
    pub json: Json<'a>,
    entries: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl<'a> Object<'a> {
    /// Reads the entries of an object; `what` names what is expected, for errors.
    pub fn read(json: Json<'a>, what: &str) -> Result<Self, InputError> {
        let parts: Entries<'a> = json.parsed(&format!("an object ({what})"), b'{')?;
        let entries = parts.0.into_iter().map(|(name, raw)| (name, Json { raw, ..json })).collect();
        let object = Self { json, entries };
        object.refuse_repeats()?;
        Ok(object)
    }

    fn refuse_repeats(&self) -> Result<(), InputError> {
        let mut names: Vec<(&str, usize)> =
            self.entries.iter().enumerate().map(|(at, (name, _))| (name.as_ref(), at)).collect();
        names.sort_unstable();
        let repeat = names.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).min();
        match repeat.map(|at| &self.entries[at]) {
            Some((name, entry)) => {
                Err(entry.error(code::SHAPE, format!("the key `{}` is here a second time", shortened(name))))
            }
            None => Ok(()),
        }
    }

    /// Returns the value under `name`, if any.
    pub fn get(&self, name: &str) -> Option<Json<'a>> {
        self.entries.iter().find(|(have, _)| have == name).map(|(_, entry)| *entry)
    }

    /// Returns all entries.
    pub fn entries(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        &self.entries
    }

    /// Returns the value under `name`.
    pub fn need(&self, name: &str) -> Result<Json<'a>, InputError> {
        self.get(name).ok_or_else(|| self.json.error(code::SHAPE, format!("`{name}` is missing")))
    }

    /// Refuses names other than `known`.
    pub fn allow(&self, known: &[&str]) -> Result<(), InputError> {
        match self.entries.iter().find(|(name, _)| !known.contains(&name.as_ref())) {
            None => Ok(()),
            Some((name, entry)) => {
                let message =
                    format!("unknown field `{}`; {}", shortened(name), suggest::advice(name, known));
                // A name without escapes is a slice of the text, after its quote; else its value is the
                // nearest place that is known.
                let offset = match name {
                    Cow::Borrowed(name) => self.json.offset_of(name) - 1,
                    Cow::Owned(_) => self.json.offset_of(entry.raw.get()),
                };
                Err(self.json.error_at(offset, code::SHAPE, message))
            }
        }
    }
}

/// Returns where in `text` the offset lies: `transaction[2].element.id`. Found by walking down again, so that input
/// without errors pays nothing for it.
fn path_to(text: &str, offset: usize) -> String {
    let holds = |raw: &RawValue| {
        let start = (raw.get().as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
        (start..start + raw.get().len()).contains(&offset)
    };
    let mut path = String::new();
    let mut here = text;
    loop {
        let inner = if let Ok(Entries(entries)) = serde_json::from_str::<Entries<'_>>(here) {
            entries.into_iter().find(|(_, raw)| holds(raw)).map(|(name, raw)| {
                let dot = if path.is_empty() { "" } else { "." };
                (format!("{dot}{}", shortened(&name)), raw)
            })
        } else if let Ok(Items(items)) = serde_json::from_str::<Items<'_>>(here) {
            let item = items.into_iter().enumerate().find(|(_, raw)| holds(raw));
            item.map(|(index, raw)| (format!("[{index}]"), raw))
        } else {
            None
        };
        let Some((step, raw)) = inner else { return path };
        path.push_str(&step);
        here = raw.get();
    }
}

/// Returns text short enough for a message.
pub(super) fn shortened(text: &str) -> Cow<'_, str> {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);
struct Items<'a>(Vec<&'a RawValue>);
/// Text that borrows if possible: `Cow` alone always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, raw)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    entries.push((name.0, raw));
                }
                Ok(Entries(entries))
            }
        }
        from.deserialize_map(Reader)
    }
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(raw) = list.next_element()? {
                    items.push(raw);
                }
                Ok(Items(items))
            }
        }
        from.deserialize_seq(Reader)
    }
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Reader)
    }
}
