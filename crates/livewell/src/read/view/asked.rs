//! Which rows a view has, and in which order.

use crate::Error;
use crate::read::text::{has, shown};
use livewell_model::{SmolStr, Value, key};

/// A column by which rows are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// Its name.
    pub column: SmolStr,
    /// Whether the greatest comes first.
    pub descending: bool,
}

/// Which rows a view has, and in which order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asked {
    /// By which columns they are sorted, the first one first; ties by signature. None: in the order of the query, if it has
    /// one, or by signature.
    pub sort: Vec<Sort>,
    /// A text that one of a row's values contains, in upper or lower case. A value that is not a text is searched as JSON.
    pub search: Option<String>,
    /// Values that columns of each row have. A text also stands for the value that is written so.
    pub columns: Vec<(SmolStr, Value)>,
}

/// What is asked, by the places of the columns.
pub(super) struct Compiled {
    pub(super) sort: Vec<(usize, bool)>,
    search: Option<String>,
    columns: Vec<(usize, Value, Vec<u8>)>,
}

impl Asked {
    /// Finds the columns.
    ///
    /// # Errors
    /// Returns LW0860 for a column that there is not.
    pub(super) fn compile(&self, query: &str, names: &[SmolStr]) -> Result<Compiled, Error> {
        let place = |name: &SmolStr| {
            names.iter().position(|known| known == name).ok_or_else(|| no_column(query, name, names))
        };
        let sort = self.sort.iter().map(|sort| Ok((place(&sort.column)?, sort.descending)));
        let column = |(name, value): &(SmolStr, Value)| Ok((place(name)?, value.clone(), key::of([value])));
        Ok(Compiled {
            sort: sort.collect::<Result<_, Error>>()?,
            search: self.search.as_ref().filter(|text| !text.is_empty()).map(|text| text.to_lowercase()),
            columns: self.columns.iter().map(column).collect::<Result<_, Error>>()?,
        })
    }
}

impl Compiled {
    /// Returns whether all rows are asked for, in no order.
    pub(super) fn is_all(&self) -> bool {
        self.sort.is_empty() && self.search.is_none() && self.columns.is_empty()
    }

    /// Returns whether a row with these values is one of them.
    pub(super) fn has(&self, row: &[Value]) -> bool {
        let is = |(place, wanted, key): &(usize, Value, Vec<u8>)| {
            let value = &row[*place];
            key::of([value]) == *key || matches!(wanted, Value::String(text) if shown(value) == text.as_str())
        };
        self.columns.iter().all(is)
            && self.search.as_ref().is_none_or(|wanted| row.iter().any(|value| has(value, wanted)))
    }

    /// Appends the bytes by which a row with these values sorts.
    pub(super) fn key(&self, row: &[Value], out: &mut Vec<u8>) {
        for (place, descending) in &self.sort {
            let from = out.len();
            key::encode(&row[*place], out);
            if *descending {
                // No key is a prefix of another, so the complements sort the other way round.
                out[from..].iter_mut().for_each(|byte| *byte = !*byte);
            }
        }
    }
}

fn no_column(query: &str, name: &str, names: &[SmolStr]) -> Error {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!("`{query}` has no column `{name}`; it has {}", names.join(", "));
    Error::invalid("LW0860", message)
}
