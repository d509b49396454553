//! Verifying a query with `for_each`: for each value its rows against the evaluation of the query with that parameter.

use super::bag::Bag;
use super::rows::DIFFERENCES_MAX;
use crate::Error;
use crate::read::value::part::Parts;
use crate::read::value::values::Values;
use crate::settings::Query;
use livewell_model::{Row, key};
use livewell_query::expression::EvalError;
use livewell_query::reference::{Graph, Reference, of_values};
use livewell_query::{Engine, ForEach, Meter, Settings, parse};
use livewell_store::LiveSnapshot;

/// The rows of a query with `for_each`, or of one value of it.
pub(super) struct ByValue {
    for_each: ForEach,
    bag: Bag,
    /// Whether it is all values, also those that have no rows and should have some.
    is_all: bool,
}

impl ByValue {
    /// Reads the rows that are to be compared; `None` if the query has no `for_each`.
    ///
    /// # Errors
    /// Returns LW0544 if `of` is not a value that the query declares, LW0545 if it cannot be compared, and the errors of
    /// [`Bag::read`].
    pub(super) fn read(
        query: &Query,
        live: &LiveSnapshot,
        of: Option<&Values>,
        meter: &Meter,
    ) -> Result<Option<Self>, Error> {
        if query.for_each.is_empty() && of.is_none() {
            return Ok(None);
        }
        let engine = Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())?;
        let value = of.map(|of| of.of_query(&query.id, engine.for_each())).transpose()?;
        let Some(for_each) = engine.for_each().cloned() else { return Ok(None) };
        if engine.tells_time() {
            let message = format!(
                "`{}` has functions of time, and what these remember for each value cannot be evaluated again; it is \
                 not compared",
                query.id
            );
            return Err(Error::invalid("LW0545", message));
        }
        let parameters = for_each.parameters().len();
        let bag = match value {
            None => Bag::read(live.rows()?, parameters, meter)?,
            Some(value) => {
                let mut bag = Bag::read(live.rows_of(&for_each.key(&value), None)?, parameters, meter)?;
                bag.add_value(value);
                bag
            }
        };
        Ok(Some(Self { for_each, bag, is_all: of.is_none() }))
    }

    /// Returns how many live rows are to be compared.
    pub(super) fn row_count(&self) -> u64 {
        self.bag.rows
    }

    /// Compares the rows of each value, and returns the first differences in words. Calls `on_row` for each row of an
    /// evaluation.
    ///
    /// # Errors
    /// Returns the errors of evaluations, as `named` makes them.
    pub(super) fn compare(
        mut self,
        query: &Query,
        graph: &Graph,
        on_row: &mut dyn FnMut(),
        named: &dyn Fn(EvalError) -> Error,
    ) -> Result<Vec<String>, Error> {
        let (parsed, parts) = (parse(&query.cypher)?, Parts::of(&self.for_each));
        let settings = query.engine_settings();
        if self.is_all
            && let Some(values) = of_values(&parsed, &query.params, &settings)?
        {
            self.add_values(&values, graph).map_err(named)?;
        }
        let settings = Settings { for_each: Vec::new(), ..settings };
        while let Some(mut of) = self.bag.next_value() {
            let mut params = query.params.clone();
            for (parameter, value) in self.for_each.parameters().iter().zip(&of.value) {
                params.insert(parameter.name.as_str(), value.clone());
            }
            if of.is_empty() {
                parts.nothing(&key::of(&of.value)).iter().for_each(|nothing| of.add_nothing(nothing));
            }
            let mut missing = Vec::new();
            let compare = &mut |row: Row| {
                on_row();
                if !of.take(&row.columns) && missing.len() < DIFFERENCES_MAX {
                    missing.push(row.columns);
                }
                Ok(())
            };
            Reference::with(&parsed, &params, &settings)?.each_row(graph, compare).map_err(named)?;
            self.bag.end(of, missing);
        }
        Ok(self.bag.differences())
    }

    /// Adds the values that elements have, whether they have rows or not.
    fn add_values(&mut self, values: &Reference, graph: &Graph) -> Result<(), EvalError> {
        values.each_row(graph, &mut |row| {
            let parameters = self.for_each.parameters().iter().zip(row.columns.iter());
            // What equals no value of a declared type is nobody's.
            let value: Option<Vec<_>> =
                parameters.map(|(parameter, value)| parameter.of.equal(value)).collect();
            value.into_iter().for_each(|value| self.bag.add_value(value));
            Ok(())
        })
    }
}
