//! Checks a template before there is a message: whether it can make JSON at all.

use super::template::{Purpose, TEMPLATE, Template, print};
use minijinja::Value;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use std::fmt;
use std::sync::Arc;

impl Template {
    /// Returns whether the template certainly cannot make JSON from any message: `Hello {{ row.name }}`.
    pub fn cannot_give_json(&self) -> bool {
        let mut environment = self.0.clone();
        environment.set_formatter(|out, state, value| match value.downcast_object_ref::<Anything>() {
            Some(_) => Ok(out.write_str("0")?),
            None => print(out, state, value, Purpose::Body),
        });
        let is_text = |kind: &str| {
            let anything = Value::from_object(Anything);
            let mut context: std::collections::BTreeMap<&str, Value> =
                ["id", "query_id", "epoch", "sequence", "position", "timestamp", "row_signature"]
                    .map(|name| (name, anything.clone()))
                    .into();
            for name in ["row", "data", "before", "after", "results"] {
                context.insert(name, anything.clone());
            }
            context.insert("type", kind.into());
            // What fails with a stand-in may work with a row.
            let template = environment.get_template(TEMPLATE);
            let filled = template.and_then(|template| template.render(Value::from_object(context)));
            filled.is_ok_and(|text| {
                !text.trim().is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err()
            })
        };
        ["ADD", "UPDATE", "DELETE"].into_iter().all(is_text)
    }
}

/// Stands in for an unknown value.
#[derive(Debug)]
struct Anything;

impl Object for Anything {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, _: &Value) -> Option<Value> {
        Some(Value::from_dyn_object(self.clone()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Empty
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_that_gives_no_json_whatever_it_is_given_is_known_before() {
        let cannot = |text: &str| Template::compile(text, Purpose::Body).unwrap().cannot_give_json();
        for text in
            ["Hello {{ row.name }}", "{{ row.a }} {{ row.b }}", "id={{ id }}", "{\"a\": {{ row.s }}", "<p/>"]
        {
            assert!(cannot(text), "{text}");
        }
        for text in [
            "{{ row | tojson }}",
            r#"{"text": {{ (row.flight ~ " is late") | tojson }}}"#,
            r#"{"a": {{ row.a }}, "b": "{{ row.b }}", "t": "{{ type }}", "n": {{ sequence }}}"#,
            r#"{% if type == "ADD" %}{"a": 1}{% elif type == "DELETE" %}{"b": 1}{% endif %}"#,
            r#"[{% for one in results %}{{ one | tojson }}{% if not loop.last %},{% endif %}{% endfor %}]"#,
            r#"{"sum": {{ row.a + row.b }}}"#,
            "{% if row.kind == 'a' %}{}{% endif %}",
        ] {
            assert!(!cannot(text), "{text}");
        }
    }
}
