//! Templates: minijinja that prints null, booleans, lists and maps as JSON does.
//!
//! Minijinja prints them as Python would, `None` and `True`, which nothing that reads a message understands. A
//! formatter prints them; it is also asked when a safe text is concatenated with one that is not, which
//! [`with_texts`] makes of every `~`.

use minijinja::filters;
use minijinja::value::{Kwargs, StringInput, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, HtmlEscape, Output, State, UndefinedBehavior, Value,
    escape_formatter,
};
use serde_json::Value as Json;

/// How many instructions a template may take for one message.
const FUEL: u64 = 5_000_000;
pub(super) const TEMPLATE: &str = "template";
/// The format that applies outside of `autoescape` blocks.
const AS_JSON: &str = "as json";
/// A safe text that is empty.
const TEXT: &str = "_text";

/// What a template makes, which decides which values are allowed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The body of a message.
    Body,
    /// The address of a message, where null, a list or a map is certainly a mistake.
    Address,
}

/// A template, compiled.
#[derive(Debug)]
pub(crate) struct Template(pub(super) Environment<'static>);

impl Template {
    pub fn compile(text: &str, purpose: Purpose) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Custom(AS_JSON.into()));
        environment.set_formatter(move |out, state, value| print(out, state, value, purpose));
        environment.add_global(TEXT, Value::from_safe_string(String::new()));
        environment.add_filter("string", move |value: &Value| as_text(value, purpose));
        environment.add_filter(
            "join",
            move |state: &mut State<'_, '_>,
                  value: &Value,
                  joiner: Option<StringInput<'_>>,
                  attribute: Option<&str>,
                  kwargs: Kwargs| {
                let is_plain = attribute.is_none() && !kwargs.has("attribute");
                let texts = value.try_iter().ok().filter(|_| is_plain);
                let texts = texts
                    .map(|items| items.map(|item| as_text(&item, purpose)).collect::<Result<Value, _>>());
                let texts = texts.transpose()?;
                filters::join(state, texts.as_ref().unwrap_or(value), joiner, attribute, kwargs)
            },
        );
        for name in ["escape", "e"] {
            environment.add_filter(name, escaped);
        }
        environment.set_fuel(Some(FUEL));
        let text = with_texts(text);
        environment.add_template_owned(TEMPLATE, text.clone()).map_err(|error| in_words(&error, &text))?;
        Ok(Self(environment))
    }

    /// Fills in the template.
    pub fn render(&self, context: Json) -> Result<String, String> {
        let template = self.0.get_template(TEMPLATE).map_err(|error| in_words(&error, ""))?;
        let filled = template.render(minijinja::value::Serde(context));
        filled.map_err(|error| in_words(&error, template.source()))
    }
}

/// Prints a value of a template.
pub(super) fn print(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
    purpose: Purpose,
) -> Result<(), Error> {
    match (in_json(value, purpose)?, state.auto_escape()) {
        (Some(json), _) => Ok(out.write_str(&json)?),
        (None, AutoEscape::Custom(_)) => Ok(write!(out, "{value}")?),
        (None, _) => escape_formatter(out, state, value),
    }
}

/// Returns the text of a value that is not a text or a number.
fn in_json(value: &Value, purpose: Purpose) -> Result<Option<String>, Error> {
    match (value.kind(), purpose) {
        (ValueKind::Bool, _) => {}
        (ValueKind::None | ValueKind::Seq | ValueKind::Map, Purpose::Body) => {}
        (ValueKind::None, Purpose::Address) => {
            let message =
                "null cannot be a part of it; say what to write instead, as in `{{ row.a or 'none' }}`";
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        (kind @ (ValueKind::Seq | ValueKind::Map), Purpose::Address) => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("a {kind} cannot be a part of it")));
        }
        _ => return Ok(None),
    }
    let json = serde_json::to_string(value);
    json.map(Some).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
}

/// Implements the filter `string`.
fn as_text(value: &Value, purpose: Purpose) -> Result<Value, Error> {
    match in_json(value, purpose)? {
        Some(json) => Ok(json.into()),
        None if value.kind() == ValueKind::String => Ok(value.clone()),
        None => Ok(value.to_string().into()),
    }
}

/// Implements the filter `escape`, which escapes HTML.
fn escaped(value: &Value) -> Result<Value, Error> {
    if value.is_safe() {
        return Ok(value.clone());
    }
    let text = as_text(value, Purpose::Body)?;
    Ok(Value::from_safe_string(HtmlEscape(text.as_str().unwrap_or_default()).to_string()))
}

/// Returns the template with an empty safe text in each concatenation: `a ~ b` becomes `a ~ _text ~ b`, so that the
/// formatter is asked for the text of `a` and of `b`. Lines stay where they are.
fn with_texts(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).chain(rest.find("{#")).min() {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with("{#") {
            rest.find("#}").map_or(rest.len(), |end| end + 2)
        } else {
            code_length(rest)
        };
        let (code, behind) = rest.split_at(length);
        let is_raw = code.strip_prefix("{%").is_some_and(|code| {
            code.trim_start_matches(['-', '+']).trim_start().strip_prefix("raw").is_some()
        });
        let (code, behind) = match behind.find("endraw").filter(|_| is_raw) {
            Some(end) => rest.split_at(length + end),
            None => (code, behind),
        };
        if is_raw || code.starts_with("{#") {
            out.push_str(code);
        } else {
            concatenated(code, &mut out);
        }
        rest = behind;
    }
    out + rest
}

/// Returns the length of a piece of code that begins with `{{` or `{%`, to its end outside of quotes.
fn code_length(code: &str) -> usize {
    let end = if code.starts_with("{{") { "}}" } else { "%}" };
    let mut quotes = Quotes::default();
    code.char_indices()
        .find(|(at, c)| !quotes.is_inside(*c) && code[*at..].starts_with(end))
        .map_or(code.len(), |(at, _)| at + end.len())
}

fn concatenated(code: &str, out: &mut String) {
    let mut quotes = Quotes::default();
    for c in code.chars() {
        out.push(c);
        if !quotes.is_inside(c) && c == '~' {
            out.push_str(TEXT);
            out.push_str(" ~");
        }
    }
}

/// Tracks whether code is within quotes.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    escaped: bool,
}

impl Quotes {
    /// Returns whether the next character is in quotes, or is one.
    fn is_inside(&mut self, c: char) -> bool {
        match self.open {
            None if matches!(c, '"' | '\'') => self.open = Some(c),
            None => return false,
            Some(_) if self.escaped => self.escaped = false,
            Some(_) if c == '\\' => self.escaped = true,
            Some(quote) if c == quote => self.open = None,
            Some(_) => {}
        }
        true
    }
}

/// Says what is wrong in a template with this text.
fn in_words(error: &Error, text: &str) -> String {
    let line = error.line().map_or_else(String::new, |line| format!(" in line {line}"));
    let place = error.range().and_then(|range| text.get(range)).filter(|place| !place.is_empty());
    let detail = match (error.kind(), place) {
        (ErrorKind::UndefinedError, Some(place)) => format!("`{place}` is undefined"),
        _ => error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned),
    };
    format!("{detail}{line}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rendered(template: &str) -> String {
        let row = json!({"n": null, "t": true, "f": false, "i": 7, "x": 1.5, "s": "it's \"<b>\"", "l": [null, true, "a"],
            "m": {"a": null}});
        Template::compile(template, Purpose::Body).unwrap().render(json!({ "row": row })).unwrap()
    }

    #[test]
    fn null_booleans_lists_and_maps_are_printed_as_json_wherever_they_become_text() {
        for (template, text) in [
            (r#"{"b": {{ row.t }}, "n": {{ row.n }}}"#, r#"{"b": true, "n": null}"#),
            ("{{ row.f }} {{ row.i }} {{ row.x }} {{ row.s }}", "false 7 1.5 it's \"<b>\""),
            ("{{ row.l }} {{ row.m }}", r#"[null,true,"a"] {"a":null}"#),
            ("{{ row.n ~ row.t ~ 1 ~ row.s }}", "nulltrue1it's \"<b>\""),
            ("{{ 'a~b' ~ \"c\\\"~\" ~ row.l }}", "a~bc\"~[null,true,\"a\"]"),
            ("{{ (row.n ~ '/' ~ row.f) | tojson }}", "\"null/false\""),
            ("{{ row.t | string }}{{ row.n | string }}{{ row.i | string }}", "truenull7"),
            ("{{ row.l | join(',') }}", "null,true,a"),
            (
                "{% set a = row.t ~ 'x' %}{{ a }}{# a ~ b #}{% raw %}{{ a ~ b }}{% endraw %}",
                "truex{{ a ~ b }}",
            ),
            ("{{ row.s | e }}", "it&#x27;s &quot;&lt;b&gt;&quot;"),
            (
                "{% autoescape 'html' %}{{ row.s }}{{ row.n }}{% endautoescape %}",
                "it&#x27;s &quot;&lt;b&gt;&quot;null",
            ),
            ("{% if row.n is none and row.t == true %}~{% endif %}", "~"),
        ] {
            assert_eq!(rendered(template), text, "{template}");
        }
    }

    #[test]
    fn an_address_takes_no_null_list_or_map_in_any_way() {
        let context = || json!({"row": {"n": null, "t": true, "l": [1], "m": {}, "s": "a"}});
        for template in
            ["{{ row.n }}", "a.{{ 'b' ~ row.n }}", "{{ row.n | string }}", "{{ row.l }}", "{{ row.m }}"]
        {
            let error = Template::compile(template, Purpose::Address).unwrap().render(context()).unwrap_err();
            assert!(error.contains("cannot be a part of it"), "{template}: {error}");
        }
        let subject =
            Template::compile("{{ row.s }}.{{ row.t }}.{{ row.n or 'x' }}", Purpose::Address).unwrap();
        assert_eq!(subject.render(context()).unwrap(), "a.true.x");
    }
}
