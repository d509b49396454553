//! The definition of a component as the store keeps it: what it is made of, and its author.
//!
//! It serves commands that open a store without its configuration, and a component that was created by a call starts
//! from it after a restart. It contains no secrets: the text as it was written refers to them.

use crate::Error;
use crate::settings::Query;
use livewell_model::codec::{Reader, Writer};
use livewell_model::{Map, Recovery, Value};
use livewell_source::unwind::Unwind;
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::{IndexError, Snapshot, Store};
use serde::{Deserialize, Serialize};

/// The author of a component's definition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A program that uses the library.
    #[default]
    Program,
    /// The configuration file.
    File,
    /// A call of the API.
    Call,
}

/// A component's definition as its author wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Spec {
    /// Its author.
    pub by: Author,
    /// The settings as they were written, with references to values from outside and without secrets; absent for a
    /// component that only a program can create again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<serde_json::Value>,
    /// For a component of the file that a call has changed: the hash of its definition in the file at that time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
}

/// What a component is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Made {
    /// A source.
    Source {
        /// The lists whose items become nodes of their own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unwind: Vec<Unwind>,
    },
    /// A query.
    Query {
        /// The query.
        query: Box<Query>,
        /// Its parameters once more as bytes, if JSON has no form for some of them, such as decimals and dates.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        params_exact: Option<String>,
    },
    /// A reaction.
    Reaction {
        /// The queries that it follows.
        queries: Vec<String>,
        /// What it does on a gap.
        recovery: Recovery,
    },
}

/// A component as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// The definition as its author wrote it.
    #[serde(flatten)]
    pub spec: Spec,
    /// What it is made of.
    #[serde(flatten)]
    pub made: Made,
}

impl Made {
    /// Creates the stored definition of a query.
    pub(crate) fn of_query(query: &Query) -> Self {
        let params = serde_json::to_value(&query.params).ok();
        let is_exact =
            params.and_then(|json| serde_json::from_value(json).ok()).as_ref() == Some(&query.params);
        let bytes = || Writer::new().value(&Value::Map(query.params.clone().into())).bytes.clone();
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Self::Query { query: Box::new(query.clone()), params_exact: (!is_exact).then(bytes).map(hex) }
    }

    /// Returns the query, if it is one.
    pub fn query(&self) -> Option<&Query> {
        match self {
            Self::Query { query, .. } => Some(query),
            Self::Source { .. } | Self::Reaction { .. } => None,
        }
    }

    /// Returns the ids of what it reads.
    pub fn upstreams(&self) -> &[String] {
        match self {
            Self::Source { .. } => &[],
            Self::Query { query, .. } => &query.sources,
            Self::Reaction { queries, .. } => queries,
        }
    }

    /// Returns the rules of a source by which lists become nodes.
    pub(crate) fn unwind(&self) -> &[Unwind] {
        match self {
            Self::Source { unwind } => unwind,
            Self::Query { .. } | Self::Reaction { .. } => &[],
        }
    }
}

impl Definition {
    /// Returns the stored form.
    pub(crate) fn text(&self) -> Result<String, Error> {
        let unwritable =
            |error: serde_json::Error| Error::invalid("LW0506", format!("its definition: {error}"));
        serde_json::to_string(self).map_err(unwritable)
    }

    /// Reads what [`Definition::text`] wrote; returns `None` for another form.
    pub(crate) fn read(entry: &Registered) -> Option<Self> {
        let mut definition: Self = serde_json::from_str(&entry.definition).ok()?;
        if let Made::Query { query, params_exact: Some(exact) } = &mut definition.made {
            query.params = exact_params(exact)?;
        }
        Some(definition)
    }
}

/// Reads parameters as bytes in hexadecimal digits.
fn exact_params(text: &str) -> Option<Map> {
    let digits = |at: usize| text.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
    let bytes = (0..text.len()).step_by(2).map(digits).collect::<Option<Vec<_>>>()?;
    match Reader::new("parameters", &bytes).value().ok()? {
        Value::Map(params) => Some(Map::clone(&params)),
        _ => None,
    }
}

/// Returns the rules by which the parts of a source's stored elements were made.
pub(crate) fn rules(snapshot: &dyn Snapshot, source: &str) -> Result<Vec<Unwind>, Error> {
    let Some(entry) = catalog::find(snapshot, source)? else { return Ok(Vec::new()) };
    if let Some(definition) = Definition::read(&entry) {
        return Ok(definition.made.unwind().to_vec());
    }
    // Stores of 0.1 keep only the rules.
    match entry.definition.as_str() {
        "" => Ok(Vec::new()),
        text => Ok(serde_json::from_str(text).map_err(|_| unreadable(source))?),
    }
}

/// Returns the definition of a component in a store.
pub(crate) fn stored(snapshot: &dyn Snapshot, id: &str) -> Result<Definition, Error> {
    let entry = catalog::find(snapshot, id)?.filter(|entry| entry.kind != Kind::Bare);
    let entry = entry.ok_or_else(|| crate::component::unknown::in_store(snapshot, id, None))?;
    Definition::read(&entry).ok_or_else(|| unreadable(id).into())
}

fn unreadable(id: &str) -> IndexError {
    IndexError::corrupted(format!(
        "the stored definition of `{id}` cannot be read; an earlier version has written it in another form if `livewell \
         run` has not had the store since"
    ))
}

/// Returns a query as the store keeps it.
///
/// # Errors
/// Returns [`crate::ErrorKind::NotFound`] for an unknown query, or an error if the store cannot be read.
pub fn stored_query(store: &dyn Store, query_id: &str) -> Result<Query, Error> {
    Ok(find(&*store.snapshot()?, query_id)?.1)
}

/// Returns the entry of a query in the catalog, and the query in it.
pub(crate) fn find(snapshot: &dyn Snapshot, query_id: &str) -> Result<(Registered, Query), Error> {
    let entry = catalog::find(snapshot, query_id)?.filter(|entry| entry.kind == Kind::Query);
    let entry =
        entry.ok_or_else(|| crate::component::unknown::in_store(snapshot, query_id, Some(Kind::Query)))?;
    let Some(Definition { made: Made::Query { query, .. }, .. }) = Definition::read(&entry) else {
        return Err(unreadable(query_id).into());
    };
    Ok((entry, *query))
}

/// Returns the label of a stored query's rows as nodes.
pub(crate) fn label_of(entry: &Registered) -> String {
    let label = Definition::read(entry).and_then(|definition| definition.made.query()?.label.clone());
    label.unwrap_or_else(|| entry.id.clone())
}
