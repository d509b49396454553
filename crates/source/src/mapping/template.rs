//! Templates over the fields of a row or record: `airport:{faa}`.

use super::row::{Field, Row};
use crate::InputError;
use livewell_model::SmolStr;

/// A template whose fields have been located.
#[derive(Debug, Clone)]
pub(crate) struct Template<P>(Vec<Part<P>>);

#[derive(Debug, Clone)]
enum Part<P> {
    Text(String),
    Slot(Slot<P>),
}

/// A field in a template.
#[derive(Debug, Clone)]
pub(crate) struct Slot<P> {
    /// Its name in the template.
    pub name: SmolStr,
    /// Its place.
    pub place: P,
}

/// The result of filling a template.
pub(crate) enum Filled<'a, P> {
    Text(String),
    /// The first field that is null.
    Null(&'a Slot<P>),
    /// The first field that is missing, if none is null.
    Missing(&'a Slot<P>),
}

impl<P> Template<P> {
    /// Compiles a template; `{{` and `}}` stand for the braces themselves.
    pub fn compile(template: &str, place: impl Fn(&str) -> Result<P, String>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push_str(brace);
                rest = after;
            } else if brace == "}" {
                return Err(format!(
                    "`{template}`: `}}` without its `{{`; write `}}}}` for the brace itself"
                ));
            } else {
                let (name, after) = rest.split_once('}').ok_or_else(|| {
                    format!("`{template}`: `{{` is never closed; write `{{{{` for the brace itself")
                })?;
                let place = place(name).map_err(|error| format!("`{template}`: {error}"))?;
                parts.extend((!text.is_empty()).then(|| Part::Text(std::mem::take(&mut text))));
                parts.push(Part::Slot(Slot { name: name.into(), place }));
                rest = after;
            }
        }
        text.push_str(rest);
        parts.extend((!text.is_empty()).then_some(Part::Text(text)));
        Ok(Self(parts))
    }

    /// Returns the places of its fields, in their order.
    #[cfg(feature = "kafka")]
    pub fn places(&self) -> impl Iterator<Item = &P> {
        self.0.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Slot(slot) => Some(&slot.place),
        })
    }

    /// Returns the text for a row or record.
    pub fn fill<R: Row<Place = P>>(&self, row: &R) -> Result<Filled<'_, P>, InputError> {
        let (mut text, mut missing) = (String::new(), None);
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Slot(slot) => match row.field(&slot.place)? {
                    Field::Text(field) => text.push_str(&field),
                    Field::Null => return Ok(Filled::Null(slot)),
                    Field::Missing => missing = missing.or(Some(slot)),
                },
            }
        }
        Ok(missing.map_or(Filled::Text(text), Filled::Missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["a", "b c", "d"];

    /// `a` is 1, `b c` null, `d` missing.
    struct Sample;

    impl Row for Sample {
        type Place = usize;
        const CODE: &'static str = "LW0000";

        fn field(&self, place: &usize) -> Result<Field<'_>, InputError> {
            Ok([Field::Text("1".into()), Field::Null, Field::Missing].into_iter().nth(*place).unwrap())
        }

        fn error(&self, _: Option<&usize>, code: &'static str, message: String) -> InputError {
            InputError::new(code, message)
        }
    }

    fn place(name: &str) -> Result<usize, String> {
        NAMES.iter().position(|have| *have == name).ok_or_else(|| format!("no `{name}`"))
    }

    #[test]
    fn a_template_is_filled_or_names_the_field_that_is_not_there() {
        for (template, filled) in [
            ("x:{a}-{a}", "x:1-1"),
            ("{{{a}}}", "{1}"),
            ("plain", "plain"),
            ("{a}{b c}", "null b c"),
            ("{d}{a}", "missing d"),
            ("{d}{b c}", "null b c"),
        ] {
            let compiled = Template::compile(template, place).unwrap();
            let text = match compiled.fill(&Sample).unwrap() {
                Filled::Text(text) => text,
                Filled::Null(slot) => format!("null {}", slot.name),
                Filled::Missing(slot) => format!("missing {}", slot.name),
            };
            assert_eq!(text, filled, "{template}");
        }
    }

    #[test]
    fn a_wrong_template_is_refused() {
        for (template, says) in [
            ("plane:{tail}", "`plane:{tail}`: no `tail`"),
            ("plane:{a", "never closed"),
            ("plane:a}", "without its"),
            ("{}", "no ``"),
        ] {
            let error = Template::compile(template, place).unwrap_err();
            assert!(error.contains(says), "{template}: {error}");
        }
    }
}
