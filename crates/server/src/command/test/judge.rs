//! Judges a case: compiles its query and follows its steps.

use super::case::Case;
use livewell::Query;
use livewell_cases::page::{Example, Refused, Standing};
use livewell_cases::run::{Difference, run};
use livewell_cases::settings::{Given, given};
use livewell_config::Config;
use livewell_query::Engine;
use livewell_source::suggest;
use std::path::Path;

/// Knows the queries that cases may name.
pub struct Judge<'a> {
    config: Option<&'a Config>,
}

impl<'a> Judge<'a> {
    pub fn new(config: Option<&'a Config>) -> Self {
        Self { config }
    }

    /// Runs a case of this file.
    pub fn case(&self, file: &Path, example: &Example) -> Case {
        let (line, query, outcome) = match example {
            Example::Standing(standing) => (standing.line, &standing.query, self.standing(standing)),
            Example::Refused(refused) => (refused.line, &refused.query, refusal(refused)),
        };
        let name = query.lines().next().unwrap_or_default().to_owned();
        Case { file: file.to_owned(), line, name, failure: outcome.err().unwrap_or_default() }
    }

    fn standing(&self, example: &Standing) -> Result<(), Vec<String>> {
        let engine = if example.is_configured {
            let query = self.configured(example).map_err(|why| vec![why])?;
            Engine::compile_with(&query.cypher, &query.params, &query.engine_settings())
                .map_err(|refusal| lines(&refusal.render(&query.cypher, &query.id)))?
        } else {
            let Given { params, settings, of } =
                given(example.settings.as_deref()).map_err(|why| vec![why])?;
            if of.is_some() {
                return Err(vec![
                    "`for` is not for tests: all values are shown, each with its columns".to_owned(),
                ]);
            }
            Engine::compile_with(&example.query, &params, &settings)
                .map_err(|refusal| lines(&refusal.render(&example.query, "query")))?
        };
        if let Some(plan) = example.plan.as_ref().filter(|plan| **plan != engine.explain()) {
            return Err(lines(&format!("the plan is\n{}and the case has\n{plan}", engine.explain())));
        }
        run(example, &engine).map_err(|difference| shown(&difference))
    }

    /// Returns the query of the configuration that a case names.
    fn configured(&self, example: &Standing) -> Result<&Query, String> {
        let id = &example.query;
        let Some(config) = self.config else {
            return Err(format!("`{id}` is a query of a configuration: name that with `--config`"));
        };
        if example.settings.is_some() {
            return Err(format!("the settings of `{id}` are those of the configuration"));
        }
        let Some(query) = config.queries.get(id) else {
            let names: Vec<&str> = config.queries.iter().map(|query| query.id.as_str()).collect();
            return Err(format!("there is no query `{id}`; {}", suggest::advice(id, &names)));
        };
        if let Some(other) = query.sources.iter().find(|source| config.queries.get(source).is_some()) {
            return Err(format!("`{id}` reads the query `{other}`, and a case feeds sources: test that one"));
        }
        let fed = example.steps.iter().flat_map(|step| &step.exchanges).flat_map(|exchange| &exchange.fed);
        match fed.map(|fed| &fed.source).find(|source| {
            // A case of one source need not name it.
            *source != livewell_cases::page::SOURCE && !query.sources.contains(source)
        }) {
            Some(source) => Err(format!("`{id}` does not read the source `{source}`")),
            None => Ok(query),
        }
    }
}

fn refusal(example: &Refused) -> Result<(), Vec<String>> {
    let Given { params, settings, .. } = given(example.settings.as_deref()).map_err(|why| vec![why])?;
    let said = match Engine::compile_with(&example.query, &params, &settings) {
        Ok(_) => return Err(vec!["the query is accepted".to_owned()]),
        Err(refusal) => refusal.render(&example.query, "query"),
    };
    if said == example.message { Ok(()) } else { Err(lines(&said)) }
}

fn shown(Difference { line, step, missing, unexpected }: &Difference) -> Vec<String> {
    let place = format!("step {step}, line {line}:");
    let missing = missing.iter().map(|line| format!("missing     {line}"));
    let unexpected = unexpected.iter().map(|line| format!("unexpected  {line}"));
    std::iter::once(place).chain(missing).chain(unexpected).collect()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(ToOwned::to_owned).collect()
}
