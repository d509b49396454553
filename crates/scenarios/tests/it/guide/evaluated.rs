//! The query of an example, evaluated from scratch, and the diffs that a reader gets of it. If it is run for each value
//! of parameters, a reader gets the rows of all values, or those of one.

use livewell_model::diff::Columns;
use livewell_model::{AppliedTransaction, Diff, Map, Value, key};
use livewell_query::expression::EvalError;
use livewell_query::language::Diagnostic;
use livewell_query::language::ast::Query;
use livewell_query::reference::{Graph, Reference};
use livewell_query::{ForEach, Settings};
use std::collections::BTreeMap;

/// Rows by what identifies them.
pub type Rows = BTreeMap<Vec<u8>, Columns>;

/// What the reader of an example reads.
pub struct Evaluated {
    /// Queries from scratch, each with the values that stand before its columns.
    references: Vec<(Vec<Value>, Reference)>,
    /// The query of all values.
    of_all: Option<OfAll>,
    /// The values of the one that reads.
    of_one: Option<(ForEach, Vec<Value>)>,
}

/// A query for each value that there is anywhere in the changes so far.
struct OfAll {
    query: Query,
    params: Map,
    for_each: ForEach,
    /// The values of each parameter.
    seen: Vec<Vec<Value>>,
}

impl From<Reference> for Evaluated {
    fn from(reference: Reference) -> Self {
        Self { references: vec![(Vec::new(), reference)], of_all: None, of_one: None }
    }
}

impl Evaluated {
    /// Compiles what a reader reads of a query, for the values `of` if that is said.
    ///
    /// # Errors
    /// Returns what is wrong with the query or the values.
    pub fn new(
        for_each: Option<&ForEach>,
        query: Query,
        params: &Map,
        settings: &Settings,
        of: Option<&Map>,
    ) -> Result<Self, String> {
        let Some(for_each) = for_each.cloned() else {
            return Ok(Reference::with(&query, params, settings)
                .map_err(|refused| refused.to_string())?
                .into());
        };
        let Some(of) = of else {
            let seen = vec![Vec::new(); for_each.parameters().len()];
            let of_all = Some(OfAll { query, params: params.clone(), for_each, seen });
            return Ok(Self { references: Vec::new(), of_all, of_one: None });
        };
        let text = |name: &str| match of.get(name) {
            Some(Value::String(text)) => Some(text.as_str()),
            _ => None,
        };
        let values = for_each.values(text).map_err(|error| error.to_string())?;
        let reference =
            of_values(&query, params, &for_each, &values).map_err(|refused| refused.to_string())?;
        Ok(Self { of_one: Some((for_each, values)), ..reference.into() })
    }

    /// Takes note of the values in a transaction.
    pub fn note(&mut self, transaction: &AppliedTransaction) {
        let Some(OfAll { query, params, for_each, seen }) = &mut self.of_all else { return };
        let after = transaction.changes.iter().filter_map(|change| change.after.as_ref());
        for (_, value) in after.flat_map(|element| element.properties().iter()) {
            for (parameter, seen) in for_each.parameters().iter().zip(&mut *seen) {
                let new = parameter.of.equal(value).filter(|value| !seen.contains(value));
                seen.extend(new);
            }
        }
        let longer = |tuples: Vec<Vec<Value>>, values: &Vec<Value>| {
            let with = |tuple: Vec<Value>| {
                values.iter().map(move |value| tuple.iter().chain([value]).cloned().collect())
            };
            tuples.into_iter().flat_map(with).collect()
        };
        let tuples: Vec<Vec<Value>> = seen.iter().fold(vec![Vec::new()], longer);
        self.references = tuples
            .into_iter()
            .map(|values| {
                let reference = of_values(query, params, for_each, &values).expect("it was compiled");
                (values, reference)
            })
            .collect();
    }

    /// The rows over `graph`.
    ///
    /// # Errors
    /// Returns the errors of [`Reference::rows`].
    pub fn rows(&self, graph: &Graph) -> Result<Rows, EvalError> {
        let mut rows = Rows::new();
        for (values, reference) in &self.references {
            for row in reference.rows(graph)? {
                let columns: Vec<Value> = values.iter().chain(row.columns.iter()).cloned().collect();
                rows.insert([key::of(values), row.key].concat(), columns.into());
            }
        }
        Ok(rows)
    }

    /// What the reader gets of the engine's diffs; `begins`: those of the first step.
    pub fn dealt(&self, diffs: Vec<Diff>, begins: bool) -> Vec<Diff> {
        let Some((for_each, values)) = &self.of_one else { return diffs };
        let own = |columns: &Columns| {
            let (of, columns) = columns.split_at(values.len());
            (for_each.key(of) == for_each.key(values)).then(|| Columns::from(columns.to_vec()))
        };
        let nothing = for_each.nothing().map(|columns| Columns::from(columns.to_vec()));
        let mut dealt: Vec<Diff> = Vec::new();
        for diff in diffs {
            let row_signature = diff.row_signature();
            let (before, after) = match &diff {
                Diff::Add { data, .. } => (None, own(data)),
                Diff::Delete { data, .. } => (own(data), None),
                Diff::Update { before, after, .. } => (own(before), own(after)),
            };
            // A value without a row has that of nothing.
            let before = before.or_else(|| nothing.clone().filter(|_| after.is_some() && !begins));
            let after = after.or_else(|| nothing.clone().filter(|_| before.is_some()));
            dealt.extend(match (before, after) {
                (None, Some(data)) => Some(Diff::Add { row_signature, data }),
                (Some(data), None) => Some(Diff::Delete { row_signature, data }),
                (Some(before), Some(after)) if before != after => {
                    Some(Diff::Update { row_signature, before, after })
                }
                _ => None,
            });
        }
        if begins && dealt.is_empty() {
            dealt.extend(nothing.map(|data| Diff::Add { row_signature: 0, data }));
        }
        dealt
    }

    /// Whether the reference identifies rows as the engine does.
    pub fn has_signatures(&self) -> bool {
        self.of_all.is_none() && self.of_one.is_none()
    }
}

fn of_values(
    query: &Query,
    params: &Map,
    for_each: &ForEach,
    values: &[Value],
) -> Result<Reference, Diagnostic> {
    let mut params = params.clone();
    for (parameter, value) in for_each.parameters().iter().zip(values) {
        params.insert(parameter.name.clone(), value.clone());
    }
    Reference::new(query, &params)
}
