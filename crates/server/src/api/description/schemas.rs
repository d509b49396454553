//! The schemas of the code's own types. Named ones are components of the document, others stand where they are used.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json};

/// A schema that is made once the document is.
pub type SchemaOf = fn(&mut Schemas) -> Json;

/// Returns the schema of what the server writes.
pub fn written<T: JsonSchema>(schemas: &mut Schemas) -> Json {
    polished(schemas.written.subschema_for::<T>())
}

/// Returns the schema of what the server reads.
pub fn read<T: JsonSchema>(schemas: &mut Schemas) -> Json {
    polished(schemas.read.subschema_for::<T>())
}

/// The schemas of a document under construction. What is read may leave out what is written always, so that there are
/// two generators.
pub struct Schemas {
    written: SchemaGenerator,
    read: SchemaGenerator,
}

/// Returns the schema of what a command writes, as a document of its own.
#[cfg(test)]
pub fn published<T: JsonSchema>(title: &str) -> Json {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(polish));
    let schema = settings.for_serialize().into_generator().into_root_schema_for::<T>().to_value();
    let mut document = Map::new();
    document.extend([("$schema".to_owned(), schema["$schema"].clone()), ("title".to_owned(), title.into())]);
    let rest = schema.as_object().cloned().unwrap_or_default();
    document.extend(rest.into_iter().filter(|(name, _)| name != "$schema" && name != "title"));
    document.into()
}

impl Schemas {
    /// Creates the schemas of an empty document.
    pub fn new() -> Self {
        let settings = || {
            let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(polish));
            settings.with(|settings| settings.definitions_path = "/components/schemas".into())
        };
        Self {
            written: settings().for_serialize().into_generator(),
            read: settings().for_deserialize().into_generator(),
        }
    }

    /// Returns the members of a struct as parameters of an address.
    ///
    /// # Panics
    /// Panics if it has none, or is not a struct, which a test would find.
    pub fn parameters<T: JsonSchema>(&mut self) -> Vec<Json> {
        let schema = polished(T::json_schema(&mut self.read));
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let members = schema["properties"].as_object().cloned();
        let members = members.unwrap_or_else(|| panic!("{} has no members", T::schema_name()));
        members
            .into_iter()
            .map(|(name, schema)| {
                let required = required.iter().any(|one| *one == *name);
                parameter("query", &name, required, given(schema))
            })
            .collect()
    }

    /// Returns all named schemas.
    ///
    /// # Panics
    /// Panics if two types have one name, which a test would find.
    pub fn into_components(mut self) -> Map<String, Json> {
        let mut all = self.written.take_definitions(true);
        for (name, schema) in self.read.take_definitions(true) {
            let before = all.insert(name.clone(), schema.clone());
            assert!(before.is_none_or(|before| before == schema), "two types are named {name}");
        }
        all.sort_keys();
        all
    }
}

/// Returns a parameter, with the description of its schema as its own.
pub fn parameter(place: &str, name: &str, required: bool, mut schema: Json) -> Json {
    let description = schema.as_object_mut().and_then(|members| members.shift_remove("description"));
    let mut parameter = Map::new();
    parameter.insert("name".to_owned(), name.into());
    parameter.insert("in".to_owned(), place.into());
    parameter.insert("required".to_owned(), required.into());
    parameter.extend(description.map(|description| ("description".to_owned(), description)));
    parameter.insert("schema".to_owned(), schema);
    parameter.into()
}

/// Returns the schema of a parameter that is given: it is not null, and an address has numbers up to the largest.
fn given(mut schema: Json) -> Json {
    let Some(members) = schema.as_object_mut() else { return schema };
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|one| one != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            members.insert("type".to_owned(), one);
        }
    }
    if let Some(Json::Array(values)) = members.get_mut("enum") {
        values.retain(|one| !one.is_null());
    }
    if members.get("format").is_some_and(|format| format == "uint64") {
        members.entry("maximum").or_insert_with(|| u64::MAX.into());
    }
    schema
}

fn polished(mut schema: Schema) -> Json {
    schemars::transform::Transform::transform(&mut RecursiveTransform(polish), &mut schema);
    schema.to_value()
}

/// Brings a schema into the form that the document has: numbers in registered formats, descriptions on one line.
fn polish(schema: &mut Schema) {
    if schema.get("format").is_some_and(|format| format == "uint") {
        schema.insert("format".to_owned(), "uint64".into());
    }
    if let Some(Json::String(text)) = schema.get("description") {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line.strip_suffix('.').map(ToOwned::to_owned).unwrap_or(line);
        schema.insert("description".to_owned(), line.into());
    }
}
