//! The labels, types and properties of what a query reads: of a source as its [schema](livewell::schema) has them, of a query
//! its label and its columns.

use super::context::Api;
use livewell::schema::Schema;
use livewell::{ComponentKind, Error, Livewell};
use livewell_model::SmolStr;
use livewell_query::outline::Named;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long what was read of a source is believed: whoever types asks many times.
const FRESH: Duration = Duration::from_secs(5);

/// The labels, types and properties of what a source holds.
#[derive(Debug, Default)]
pub struct Vocabulary {
    labels: Names,
    types: Names,
    properties: Names,
    /// How many elements were read, if they are a sample.
    pub sampled: Option<u64>,
}

/// The names of a kind.
#[derive(Debug, Default)]
struct Names {
    known: BTreeSet<SmolStr>,
    /// Whether there are more than were kept.
    has_more: bool,
}

impl Vocabulary {
    /// Returns what a source or query holds; `None` if that cannot be read, which is judged elsewhere, with its reason.
    pub fn read(api: &Api, id: &str, is_gone: &dyn Fn() -> bool) -> Option<Self> {
        let livewell = &api.livewell;
        match livewell.status_of(id).ok()?.kind {
            ComponentKind::Query => Self::of_query(livewell, id).ok(),
            _ => {
                let schema = api.schemas.read(&**livewell.store(), id, FRESH, is_gone).ok()?;
                Some(Self::of_source(&schema))
            }
        }
    }

    /// Returns whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        [&self.labels, &self.types, &self.properties].iter().all(|names| names.known.is_empty())
    }

    /// Returns whether something that was read has this name.
    pub fn has(&self, of: Named, name: &str) -> bool {
        self.of(of).known.contains(name)
    }

    /// Returns whether something may have this name, since it was read or not all names are kept.
    pub fn may_have(&self, of: Named, name: &str) -> bool {
        self.of(of).has_more || self.has(of, name)
    }

    /// Returns the names of a kind.
    pub fn names(&self, of: Named) -> impl Iterator<Item = &str> {
        self.of(of).known.iter().map(SmolStr::as_str)
    }

    fn of(&self, of: Named) -> &Names {
        match of {
            Named::Label => &self.labels,
            Named::Type => &self.types,
            Named::Property => &self.properties,
        }
    }

    fn of_source(schema: &Schema) -> Self {
        let names = |known: BTreeSet<SmolStr>, has_all: bool| Names { known, has_more: !has_all };
        let labels = schema.labels.iter().map(|label| label.name.clone()).collect();
        let types = schema.types.iter().map(|kind| kind.name.clone()).collect();
        let properties = schema.groups().flatten().map(|property| property.name.clone()).collect();
        Self {
            labels: names(labels, schema.has_all_labels()),
            types: names(types, schema.has_all_types()),
            properties: names(properties, schema.has_all_properties()),
            sampled: schema.sampled.then_some(schema.elements_read),
        }
    }

    /// Returns what a query gives to those that read it: nodes with its label, whose properties are its columns.
    fn of_query(livewell: &Livewell, id: &str) -> Result<Self, Error> {
        let label = livewell::stored_query(&**livewell.store(), id)?.label;
        let names = |known| Names { known, has_more: false };
        let label = label.unwrap_or_else(|| id.to_owned());
        Ok(Self {
            labels: names(BTreeSet::from([label.into()])),
            properties: names(livewell.results(id)?.columns.into_iter().collect()),
            ..Self::default()
        })
    }
}
