//! The values that a caller names, and those that a query declares.

use crate::Error;
use livewell_model::{SmolStr, Value};
use livewell_query::{ForEach, Parameter};

/// The values that a query with `for_each` is read for, by the names of its parameters.
///
/// ```
/// use livewell::Values;
///
/// let of_a_program = Values::of([("customer", "c42")]);
/// let of_a_call = Values::of_text([("customer", "c42"), ("year", "2026")]);
/// # drop((of_a_program, of_a_call));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Values(Given);

#[derive(Debug, Clone, PartialEq)]
enum Given {
    Values(Vec<(SmolStr, Value)>),
    Texts(Vec<(String, String)>),
}

impl Values {
    /// Names values of a program. A number is taken in either type if it is the same number there.
    pub fn of<N: Into<SmolStr>, V: Into<Value>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(Given::Values(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// Names values as text, each read as the type that its parameter is declared as.
    pub fn of_text<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(Given::Texts(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// Returns the values in the order and the types in which `query` declares its parameters.
    ///
    /// # Errors
    /// Returns LW0544 if the query declares none, or if a value is missing, is given twice, has no parameter, or is none
    /// of the declared type.
    pub(crate) fn of_query(&self, query: &str, for_each: Option<&ForEach>) -> Result<Vec<Value>, Error> {
        let Some(for_each) = for_each else {
            let message =
                format!("`{query}` has no `for_each`, so it is not read for a value: leave that out");
            return Err(refused(message));
        };
        let found = self.check_names(for_each).and_then(|()| match &self.0 {
            Given::Texts(texts) => {
                let text =
                    |name: &str| texts.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str());
                for_each.values(text).map_err(|error| error.to_string())
            }
            Given::Values(values) => {
                for_each.parameters().iter().map(|parameter| typed(values, parameter)).collect()
            }
        });
        found.map_err(|what| refused(format!("{what}; {}", declared(query, for_each))))
    }

    fn names(&self) -> Vec<&str> {
        match &self.0 {
            Given::Values(values) => values.iter().map(|(name, _)| name.as_str()).collect(),
            Given::Texts(texts) => texts.iter().map(|(name, _)| name.as_str()).collect(),
        }
    }

    fn check_names(&self, for_each: &ForEach) -> Result<(), String> {
        let names = self.names();
        for (at, name) in names.iter().enumerate() {
            if !for_each.parameters().iter().any(|parameter| parameter.name == *name) {
                return Err(format!("`{}` is not declared", shown(name)));
            }
            if names[..at].contains(name) {
                return Err(format!("`{name}` is given twice"));
            }
        }
        Ok(())
    }
}

/// Finds the value of a parameter, in its type.
fn typed(values: &[(SmolStr, Value)], Parameter { name, of }: &Parameter) -> Result<Value, String> {
    let given = values.iter().find(|(given, _)| given == name);
    let (_, value) = given.ok_or_else(|| format!("a value of `{name}` is missing"))?;
    of.equal(value).ok_or_else(|| format!("the value of `{name}` is not of the type {}", of.name()))
}

/// Says what a query declares.
fn declared(query: &str, for_each: &ForEach) -> String {
    let parameter = |parameter: &Parameter| format!("`{}` ({})", parameter.name, parameter.of.name());
    let parameters: Vec<String> = for_each.parameters().iter().map(parameter).collect();
    format!("`{query}` is read for a value of {}", parameters.join(" and "))
}

/// A name from outside, as a message shows it.
fn shown(name: &str) -> String {
    const SHOWN: usize = 40;
    let shown: String = name.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c }).collect();
    if name.chars().nth(SHOWN).is_some() { format!("{shown}..") } else { shown }
}

fn refused(message: String) -> Error {
    Error::invalid("LW0544", message)
}
