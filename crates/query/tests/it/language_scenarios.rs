//! TCK-derived scenarios without a graph: each gives the expected value or is refused; and expected errors
//! are refused. Nothing is answered wrongly.

use livewell_model::{Map, Row, SmolStr, Value};
use livewell_query::expression::{Scope, compile};
use livewell_query::language::ast::{Clause, Expr, Projection, Unwind};
use livewell_query::parse;
use livewell_scenarios::data_file;
use livewell_scenarios::table;
use livewell_scenarios::value::map;
use serde_json::Value as Json;
use std::io::Write;

/// The scenarios of a tier; none, said loudly, where the data folder is absent.
pub fn scenarios(tier: &str) -> Vec<Json> {
    let file = data_file("tck/scenarios.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        say(&format!("SKIPPED: no scenarios at {}; set LIVEWELL_DATA", file.display()));
        return vec![];
    };
    let all: Json = serde_json::from_str(&text).expect("the scenarios are JSON");
    let all = all["scenarios"].as_array().expect("a list of scenarios").clone();
    all.into_iter().filter(|scenario| scenario["tier"] == tier).collect()
}

/// Written past the test harness, which swallows the output of tests that hold.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

struct Columns(Vec<SmolStr>);

impl Scope for Columns {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.0.iter().position(|name| name == variable)
    }
}

#[derive(Debug)]
enum Outcome {
    Rows(Vec<SmolStr>, Vec<Vec<Value>>),
    Refused(String),
    /// It needs more than scalar expressions.
    Beyond,
}

/// A query of UNWIND, WITH and RETURN alone, without aggregates.
fn run(text: &str, params: &Map) -> Outcome {
    let query = match parse(text) {
        Ok(query) => query,
        Err(diagnostic) => return Outcome::Refused(diagnostic.render(text, "scenario")),
    };
    let [query] = &*query.branches else { return Outcome::Beyond };
    let mut table = Table { names: Columns(vec![]), rows: vec![vec![]], params };
    let last = Clause::With(query.returns.clone());
    for clause in query.clauses.iter().chain([&last]) {
        let done = match clause {
            Clause::Match(_) | Clause::Call(_) => return Outcome::Beyond,
            Clause::With(projection) if is_beyond(projection) => return Outcome::Beyond,
            Clause::With(projection) => table.project(projection),
            Clause::Unwind(unwind) => table.unwind(unwind),
        };
        if let Err(refused) = done {
            return Outcome::Refused(refused);
        }
    }
    Outcome::Rows(table.names.0, table.rows)
}

fn is_beyond(projection: &Projection) -> bool {
    let windowed = projection.skip.is_some() || projection.limit.is_some() || projection.distinct;
    windowed || projection.items.iter().any(|item| item.expr.has_aggregate())
}

struct Table<'a> {
    names: Columns,
    rows: Vec<Vec<Value>>,
    params: &'a Map,
}

impl Table<'_> {
    /// The value of an expression on each row.
    fn values(&self, expr: &Expr) -> Result<Vec<Value>, String> {
        let compiled =
            compile(expr, &self.names, self.params).map_err(|diagnostic| diagnostic.to_string())?;
        let value = |row: &Vec<Value>| {
            let value = compiled.eval(row).map_err(|error| error.to_string());
            assert!(value.is_ok() || !compiled.is_infallible(), "an infallible expression failed: {value:?}");
            value
        };
        self.rows.iter().map(value).collect()
    }

    fn project(&mut self, projection: &Projection) -> Result<(), String> {
        let mut rows = vec![vec![]; self.rows.len()];
        for item in &projection.items {
            rows.iter_mut().zip(self.values(&item.expr)?).for_each(|(row, value)| row.push(value));
        }
        self.rows = rows;
        self.names = Columns(projection.items.iter().map(|item| item.name.clone()).collect());
        if let Some(condition) = &projection.condition {
            let kept = self.values(condition)?;
            let mut kept = kept.iter().map(|value| *value == Value::Bool(true));
            self.rows.retain(|_| kept.next().expect("a truth value per row"));
        }
        Ok(())
    }

    fn unwind(&mut self, unwind: &Unwind) -> Result<(), String> {
        let lists = self.values(&unwind.list)?;
        let mut rows = vec![];
        for (row, list) in self.rows.iter().zip(lists) {
            match list {
                Value::Null => {}
                Value::List(items) => {
                    rows.extend(items.iter().map(|item| [&row[..], std::slice::from_ref(item)].concat()));
                }
                other => return Err(format!("UNWIND of a {}", other.type_name())),
            }
        }
        self.rows = rows;
        self.names.0.push(unwind.variable.text.clone());
        Ok(())
    }
}

/// The parameters of a scenario; `None` if the language does not have what they hold.
fn params(scenario: &Json) -> Option<Map> {
    map(&scenario["params"]).ok()
}

fn holds(scenario: &Json, columns: &[SmolStr], rows: &[Vec<Value>]) -> bool {
    let row = |values: &Vec<Value>| Row { key: vec![], columns: values.clone().into(), order: vec![] };
    let rows: Vec<_> = rows.iter().map(row).collect();
    let table = table::Table::read(&scenario["expect"]);
    table.is_ok_and(|table| table.as_bag().compare(columns, &rows).is_ok())
}

#[test]
fn a_query_without_a_graph_gives_the_expected_rows_or_is_refused() {
    let (mut held, mut refused, mut beyond, mut wrong) = (0, 0, 0, vec![]);
    let listed = std::env::var_os("LIVEWELL_LIST_REFUSED").is_some();
    for scenario in scenarios("C-constant") {
        let text = scenario["query"].as_str().expect("a query");
        let outcome = params(&scenario).map(|params| run(text, &params));
        match &outcome {
            Some(Outcome::Rows(columns, rows)) if holds(&scenario, columns, rows) => held += 1,
            Some(Outcome::Beyond) | None => beyond += 1,
            Some(Outcome::Refused(why)) => {
                refused += 1;
                if listed {
                    say(&format!("{}: {why}\n", scenario["id"]));
                }
            }
            _ => wrong.push(format!(
                "{}\n  {text}\n  gave {outcome:?}\n  for {}",
                scenario["id"], scenario["expect"]
            )),
        }
    }
    say(&format!(
        "C-constant: {held} held, {refused} refused, {beyond} left to the evaluators, {} wrong",
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_expected_error_is_refused() {
    for tier in ["E-compile", "E-runtime"] {
        let (mut refused, mut accepted) = (0, vec![]);
        for scenario in scenarios(tier) {
            let text = scenario["query"].as_str().expect("a query");
            match params(&scenario).map(|params| run(text, &params)) {
                Some(Outcome::Refused(_)) | None => refused += 1,
                outcome => accepted.push(format!(
                    "{}\n  {text}\n  gave {outcome:?}, expected {}",
                    scenario["id"], scenario["expect"]
                )),
            }
        }
        say(&format!("{tier}: {refused} refused, {} accepted", accepted.len()));
        // What goes wrong only on rows of a graph is the evaluators' to refuse.
        accepted.retain(|line| tier == "E-compile" || !line.contains("MATCH"));
        assert!(accepted.is_empty(), "{}", accepted.join("\n"));
    }
}
