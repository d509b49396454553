//! Reads schemas. They come from a registry, so how deep and how long they are is limited.

use super::form::{Form, Part};
use super::logical::{Meaning, meaning};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// How deep the parts of a schema nest.
const DEPTH_MAX: usize = 64;
/// How many parts a schema has, with everything that it refers to.
const PARTS_MAX: usize = 100_000;

/// A schema: its parts, which may lead back to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schema {
    parts: Vec<(Form, Meaning)>,
    root: Part,
}

impl Schema {
    /// Parses a schema, after the ones that it refers to, each after those that it needs itself.
    ///
    /// # Errors
    /// Returns what is wrong with it, or which limit it exceeds.
    pub fn parse(text: &str, others: &[String]) -> Result<Self, String> {
        let mut parsing = Parsing::default();
        for other in others {
            parsing.text(other)?;
        }
        let root = parsing.text(text)?;
        Ok(Self { parts: parsing.parts, root })
    }

    /// Returns the whole.
    pub(super) fn root(&self) -> Part {
        self.root
    }

    /// Returns the form of a part, and what it means.
    pub(super) fn part(&self, part: Part) -> (&Form, Meaning) {
        let (form, meaning) = &self.parts[part];
        (form, *meaning)
    }
}

#[derive(Default)]
struct Parsing {
    parts: Vec<(Form, Meaning)>,
    names: HashMap<String, Part>,
}

impl Parsing {
    fn text(&mut self, text: &str) -> Result<Part, String> {
        // The parser of JSON has a limit of its own for how deep it goes.
        let json: Json = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
        self.part(&json, "", 0)
    }

    fn part(&mut self, json: &Json, space: &str, depth: usize) -> Result<Part, String> {
        if depth > DEPTH_MAX {
            return Err(format!("it nests deeper than {DEPTH_MAX} levels"));
        }
        match json {
            Json::String(name) => self.named(name, space),
            Json::Array(branches) => {
                let branches = branches.iter().map(|branch| self.part(branch, space, depth + 1));
                let branches = branches.collect::<Result<_, _>>()?;
                self.add(Form::Union(branches), Meaning::Plain)
            }
            Json::Object(object) => self.object(object, space, depth),
            _ => Err(format!("`{json}` is not a type")),
        }
    }

    fn add(&mut self, form: Form, meaning: Meaning) -> Result<Part, String> {
        if self.parts.len() >= PARTS_MAX {
            return Err(format!("it has more than {PARTS_MAX} parts"));
        }
        self.parts.push((form, meaning));
        Ok(self.parts.len() - 1)
    }

    fn named(&mut self, name: &str, space: &str) -> Result<Part, String> {
        if let Some(form) = primitive(name) {
            return self.add(form, Meaning::Plain);
        }
        let found = self.names.get(&full(name, space)).or_else(|| self.names.get(name));
        found.copied().ok_or_else(|| format!("it names the type `{name}`, which is defined nowhere"))
    }

    fn object(&mut self, object: &Map<String, Json>, space: &str, depth: usize) -> Result<Part, String> {
        let kind = object.get("type").ok_or("a type without `type`")?;
        let Json::String(kind) = kind else { return self.part(kind, space, depth + 1) };
        let inner = |name: &str| object.get(name).ok_or_else(|| format!("a type `{kind}` without `{name}`"));
        match kind.as_str() {
            "array" => {
                let items = self.part(inner("items")?, space, depth + 1)?;
                self.add(Form::Array(items), Meaning::Plain)
            }
            "map" => {
                let values = self.part(inner("values")?, space, depth + 1)?;
                self.add(Form::Map(values), Meaning::Plain)
            }
            "enum" => {
                let symbols = list(inner("symbols")?)?.iter().map(text).collect::<Result<_, _>>()?;
                let part = self.add(Form::Enum(symbols), Meaning::Plain)?;
                self.define(object, space, part).map(|_| part)
            }
            "fixed" => {
                let size = inner("size")?.as_u64().and_then(|size| usize::try_from(size).ok());
                let form = Form::Fixed(size.ok_or("a type `fixed` whose `size` is not a number")?);
                let meaning = meaning(&form, object)?;
                let part = self.add(form, meaning)?;
                self.define(object, space, part).map(|_| part)
            }
            "record" | "error" => self.record(object, list(inner("fields")?)?, space, depth),
            name => match primitive(name) {
                Some(form) => {
                    let meaning = meaning(&form, object)?;
                    self.add(form, meaning)
                }
                None => self.named(name, space),
            },
        }
    }

    fn record(
        &mut self,
        object: &Map<String, Json>,
        listed: &[Json],
        space: &str,
        depth: usize,
    ) -> Result<Part, String> {
        // Its fields may be of its own type.
        let part = self.add(Form::Record(Vec::new()), Meaning::Plain)?;
        let space = self.define(object, space, part)?;
        let mut fields: Vec<(String, Part)> = Vec::with_capacity(listed.len());
        for field in listed {
            let name = text(field.get("name").unwrap_or(&Json::Null))?;
            let kind = field.get("type").ok_or_else(|| format!("the field `{name}` has no type"))?;
            let kind = self.part(kind, &space, depth + 1).map_err(|error| format!("`{name}`: {error}"))?;
            fields.push((name, kind));
        }
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("the field `{}` is there twice", twice[0]));
        }
        let form = Form::Record(fields);
        let meaning = meaning(&form, object)?;
        self.parts[part] = (form, meaning);
        Ok(part)
    }

    /// Names a part; returns the namespace of what is in it.
    fn define(&mut self, object: &Map<String, Json>, space: &str, part: Part) -> Result<String, String> {
        let name = text(object.get("name").unwrap_or(&Json::Null))?;
        let space = object.get("namespace").and_then(Json::as_str).unwrap_or(space);
        let name = full(&name, space);
        if self.names.insert(name.clone(), part).is_some() {
            return Err(format!("the type `{name}` is defined twice"));
        }
        Ok(name.rsplit_once('.').map_or(String::new(), |(space, _)| space.to_owned()))
    }
}

fn primitive(name: &str) -> Option<Form> {
    Some(match name {
        "null" => Form::Null,
        "boolean" => Form::Boolean,
        "int" => Form::Int,
        "long" => Form::Long,
        "float" => Form::Float,
        "double" => Form::Double,
        "bytes" => Form::Bytes,
        "string" => Form::String,
        _ => return None,
    })
}

fn full(name: &str, space: &str) -> String {
    if name.contains('.') || space.is_empty() { name.to_owned() } else { format!("{space}.{name}") }
}

fn list(json: &Json) -> Result<&[Json], String> {
    json.as_array().map(Vec::as_slice).ok_or_else(|| format!("`{json}` is not a list"))
}

fn text(json: &Json) -> Result<String, String> {
    json.as_str().map(ToOwned::to_owned).ok_or_else(|| format!("`{json}` is not a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_may_lead_back_to_itself_and_refer_to_others() {
        let tree = r#"{"type":"record","name":"Tree","namespace":"a","fields":[
            {"name":"next","type":["null","Tree"]},{"name":"leaf","type":"b.Leaf"},{"name":"again","type":"Size"}]}"#;
        let others = [
            r#"{"type":"enum","name":"Leaf","namespace":"b","symbols":["GREEN"]}"#.to_owned(),
            r#"{"type":"fixed","name":"a.Size","size":2}"#.to_owned(),
        ];
        let schema = Schema::parse(tree, &others).unwrap();
        let (Form::Record(fields), _) = schema.part(schema.root()) else { panic!() };
        let (Form::Union(branches), _) = schema.part(fields[0].1) else { panic!() };
        assert_eq!(branches[1], schema.root());
        assert_eq!(schema.part(fields[2].1).0, &Form::Fixed(2));
        assert!(Schema::parse(tree, &[]).unwrap_err().contains("`b.Leaf`"));
    }

    #[test]
    fn what_is_no_schema_or_a_hostile_one_is_refused_by_name() {
        let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(65), "}".repeat(65));
        let deeper = format!("{}\"int\"{}", "[".repeat(100_000), "]".repeat(100_000));
        let wide = format!("[{}\"int\"]", "\"int\",".repeat(100_001));
        for (schema, said) in [
            (deep.as_str(), "nests deeper"),
            (&deeper, "not JSON"),
            (&wide, "more than"),
            ("7", "`7` is not a type"),
            (r#"{"type":"array"}"#, "without `items`"),
            (r#"{"type":"fixed","name":"f","size":-1}"#, "`size`"),
            (
                r#"{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
                "twice",
            ),
            (r#"[{"type":"fixed","name":"f","size":1},{"type":"fixed","name":"f","size":2}]"#, "twice"),
            (r#"{"type":"record","name":"r","fields":[{"name":"a"}]}"#, "no type"),
            (r#"{"type":"bytes","logicalType":"decimal","precision":4,"scale":9999}"#, "scale"),
        ] {
            let error = Schema::parse(schema, &[]).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
