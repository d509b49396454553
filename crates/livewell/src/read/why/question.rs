//! What is asked about a query, against what its store says.

use super::answer::Happened;
use super::history;
use crate::read::value::part::Parts;
use crate::read::value::values::Values;
use crate::settings::Query;
use crate::{Error, ErrorKind};
use livewell_model::diff::Columns;
use livewell_model::row::signature_text;
use livewell_model::{Row, SmolStr, Value};
use livewell_query::reference::why::{Given, Why};
use livewell_query::{Engine, ForEach, Meter, Parameter};
use livewell_source::suggest::advice;
use livewell_store::LiveSnapshot;

/// Which row is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// The row with this signature; of a query with `for_each` maybe only if it belongs to these values.
    Row(u64, Option<Values>),
    /// A row with what is given; of a query with `for_each` one of these values.
    Given(Vec<Given>, Option<Values>),
}

/// A query's columns, and how they are dealt out by value.
pub(super) struct Of {
    id: String,
    columns: Vec<SmolStr>,
    /// The ids of the sources and queries that it reads.
    sources: Vec<String>,
    for_each: Option<ForEach>,
    pub(super) parts: Option<Parts>,
}

/// A question, with what the store says about it.
#[derive(Default)]
pub(super) struct Asked {
    /// The key of the row.
    pub(super) key: Option<Vec<u8>>,
    pub(super) given: Vec<Given>,
    pub(super) signature: Option<u64>,
    /// Whether the row with the signature is in the results; `None` if no signature was named.
    pub(super) is_live: Option<bool>,
    /// The row's values, as they are or were.
    pub(super) row: Option<Columns>,
    pub(super) history: Vec<Happened>,
    /// The values of a `for_each`, and their key.
    pub(super) values: Vec<Value>,
    pub(super) value: Option<Vec<u8>>,
}

impl Of {
    /// Reads what a query declares.
    ///
    /// # Errors
    /// Returns LW0803 if it is run for each value and has functions of time.
    pub(super) fn new(query: &Query) -> Result<Self, Error> {
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        let for_each = engine.for_each().cloned();
        if for_each.is_some() && engine.tells_time() {
            let message = format!(
                "`{}` has functions of time, and what these remember for each value cannot be evaluated again, so its \
                 rows cannot be explained",
                query.id
            );
            return Err(Error::invalid("LW0803", message));
        }
        let parts = for_each.as_ref().map(Parts::of);
        let sources = query.sources.clone();
        Ok(Self { id: query.id.clone(), columns: engine.columns().to_vec(), sources, for_each, parts })
    }

    /// Checks that the elements that are asked about can be in the query at all.
    ///
    /// # Errors
    /// Returns LW0800 for an element of a source that the query does not read.
    fn check_sources(&self, given: &[Given]) -> Result<(), Error> {
        let elements = given.iter().filter_map(|given| match given {
            Given::Variable(_, element) => Some(element.source.as_str()),
            Given::Column(..) => None,
        });
        for source in elements {
            // A relationship of a join belongs to none.
            if !source.is_empty() && !self.sources.iter().any(|read| read == source) {
                let names: Vec<&str> = self.sources.iter().map(String::as_str).collect();
                let advice = advice(source, &names);
                let message = format!("`{}` does not read `{}`; {advice}", self.id, printable(source));
                return Err(Error::invalid("LW0800", message));
            }
        }
        Ok(())
    }

    pub(super) fn parameters(&self) -> &[Parameter] {
        self.for_each.as_ref().map_or(&[], ForEach::parameters)
    }

    /// The names of the columns that readers see.
    pub(super) fn shown(&self) -> Vec<SmolStr> {
        self.columns[self.parameters().len()..].to_vec()
    }
}

impl Question {
    /// Reads what the store says about the question.
    ///
    /// # Errors
    /// Returns LW0800 for an element of a source that the query does not read, LW0801 for a signature that no row has and
    /// none in the outbox had, LW0803 without a value of a query with `for_each`, LW0544 for values that the query does not
    /// declare, and the errors of [`history::read`].
    pub(super) fn asked(&self, of: &Of, live: &LiveSnapshot, meter: &Meter) -> Result<Asked, Error> {
        match self {
            Self::Given(given, values) => {
                of.check_sources(given)?;
                Ok(Asked { given: given.clone(), ..of_value(of, values.as_ref())? })
            }
            Self::Row(signature, values) => of_row(of, live, *signature, values.as_ref(), meter),
        }
    }
}

/// What is asked about one value of a query with `for_each`, or about a query without.
///
/// # Errors
/// Returns LW0803 without a value, and LW0544 for values that the query does not declare.
pub(super) fn of_value(of: &Of, values: Option<&Values>) -> Result<Asked, Error> {
    match (&of.for_each, values) {
        (None, None) => Ok(Asked::default()),
        (Some(for_each), None) => {
            let names: Vec<String> =
                for_each.parameters().iter().map(|parameter| format!("`{}`", parameter.name)).collect();
            let message = format!(
                "`{}` is run for each value of {}: say for which one, with `--for` on the command line, or as a parameter \
                 of the call",
                of.id,
                names.join(" and ")
            );
            Err(Error::invalid("LW0803", message))
        }
        (for_each, Some(values)) => {
            let values = values.of_query(&of.id, for_each.as_ref())?;
            let value = for_each.as_ref().map(|for_each| for_each.key(&values));
            Ok(Asked { values, value, ..Asked::default() })
        }
    }
}

fn of_row(
    of: &Of,
    live: &LiveSnapshot,
    signature: u64,
    values: Option<&Values>,
    meter: &Meter,
) -> Result<Asked, Error> {
    let stored = live.0.entry(&signature.to_be_bytes())?.map(|bytes| Row::decode(&bytes)).transpose()?;
    let Some(parts) = &of.parts else {
        let asked = of_value(of, values)?;
        let history = history::read(&live.0, signature, None, &of.shown(), meter)?;
        return Ok(match stored {
            Some(row) => Asked {
                key: Some(row.key),
                is_live: Some(true),
                row: Some(row.columns),
                signature: Some(signature),
                history,
                ..asked
            },
            None => was_there(of, signature, history, asked)?,
        });
    };
    let asked = match (&stored, values) {
        (Some(row), None) => {
            let values = row.columns[..parts.parameters()].to_vec();
            let value = of.for_each.as_ref().map(|for_each| for_each.key(&values));
            Asked { values, value, ..Asked::default() }
        }
        (_, values) => of_value(of, values)?,
    };
    let value = asked.value.clone().unwrap_or_default();
    let history = history::read(&live.0, signature, Some((parts, &value)), &of.shown(), meter)?;
    let stored = stored.filter(|row| livewell_model::key::of(&row.columns[..parts.parameters()]) == value);
    let nothing = parts.nothing(&value).filter(|(of_nothing, _)| *of_nothing == signature);
    let shown = stored.map(|row| parts.shown(&row.columns)).or(nothing.map(|(_, columns)| columns));
    Ok(match shown {
        Some(columns) => Asked {
            given: given(of, &columns),
            is_live: Some(true),
            row: Some(columns),
            signature: Some(signature),
            history,
            ..asked
        },
        None => was_there(of, signature, history, asked)?,
    })
}

/// Asks about a row that is not there by the values that it had last.
fn was_there(of: &Of, signature: u64, history: Vec<Happened>, asked: Asked) -> Result<Asked, Error> {
    let last = history.last().and_then(|last| last.before.as_ref().or(last.after.as_ref()));
    let Some(columns) = last.map(|last| last.columns.clone()) else {
        let message = format!(
            "`{}` has no row {}, and had none as far as its outbox reaches back; name a row by its columns",
            of.id,
            signature_text(signature)
        );
        return Err(Error::new(ErrorKind::NotFound, "LW0801", message));
    };
    Ok(Asked {
        given: given(of, &columns),
        is_live: Some(false),
        row: Some(columns),
        signature: Some(signature),
        history,
        ..asked
    })
}

fn given(of: &Of, columns: &[Value]) -> Vec<Given> {
    let columns = of.shown().into_iter().zip(columns);
    columns.map(|(name, value)| Given::Column(name, value.clone())).collect()
}

/// Returns the error about what is given and is nowhere in the query.
pub(super) fn unknown(query: &str, given: &Given, why: &Why) -> Error {
    let (what, name, names) = match given {
        Given::Column(name, _) => ("column", name, why.columns().to_vec()),
        Given::Variable(name, _) => ("variable", name, why.variables()),
    };
    let names: Vec<&str> = names.iter().map(SmolStr::as_str).collect();
    let advice = advice(name, &names);
    Error::invalid("LW0800", format!("`{query}` has no {what} `{}`; {advice}", printable(name)))
}

/// Returns the beginning of a name from outside, fit for a message.
fn printable(name: &str) -> String {
    name.chars().take(40).map(|c| if c.is_control() { '?' } else { c }).collect()
}
