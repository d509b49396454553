//! The law of queries that are run for each value: for every value that any row could have, and for one that none has,
//! the rows are those of the query with that parameter, after every transaction and every tick; and where the query
//! of one value fails, the query fails.
//!
//! `LIVEWELL_CASES` says how many cases (300), `LIVEWELL_SEED` the first one's seed (0).

use super::expressions::{self, Kind, Known};
use super::{Case, more_clauses, patterns, projections, stream};
use crate::for_each::oracle::Each;
use livewell_model::{AppliedTransaction, Map, Value};
use livewell_query::ParameterType::{self, Boolean, Float, Integer, Text};
use livewell_query::language::{DiagnosticKind, code};
use livewell_query::reference::{Graph, Reference};
use livewell_scenarios::choice::Choice;
use std::io::Write;

/// A random query with parameters, and a stream.
pub struct Keyed {
    pub case: Case,
    pub declared: Vec<(&'static str, ParameterType)>,
    /// The query of one value: a row on which there is no value is dropped at once, and not where the whole condition
    /// is known.
    reference: String,
    /// A query for the values of all rows.
    probe: String,
}

/// One of the queries of a UNION, or the only one.
struct Branch {
    query: String,
    reference: String,
    probe: String,
}

impl Branch {
    /// A query in which these parameters are; with so many columns under common names, if that is said.
    fn generate(
        choice: &mut Choice,
        declared: &[(&'static str, ParameterType)],
        columns: Option<usize>,
    ) -> Self {
        let mut known = Known::default();
        let before = if choice.one_in(3) { super::clauses(choice, &mut known, 1) } else { String::new() };
        let matched = choice.one_in(2) || known.variables.is_empty();
        let clause = if matched { patterns::clause(choice, &mut known, 1) } else { "WITH *\n".into() };
        let (clause, own) = clause.trim_end().split_once("\nWHERE ").unwrap_or((clause.trim_end(), ""));
        let (mut conditions, mut probed) = (Vec::new(), Vec::new());
        for (name, of) in declared {
            let expr = compared(choice, &known, *of);
            conditions.push((format!("{expr} = ${name}"), format!("coalesce({expr} = ${name}, false)")));
            probed.push(format!("{expr} AS {name}"));
        }
        if choice.one_in(8) {
            let again = compared(choice, &known, declared[0].1);
            conditions.push((format!("{again} = $value"), format!("{again} = $value")));
        }
        if !own.is_empty() {
            let place = choice.below(2) * conditions.len();
            conditions.insert(place, (format!("({own})"), format!("({own})")));
        }
        let probe = format!("{before}{clause}\nRETURN DISTINCT {}", probed.join(", "));
        let rest = more_clauses(choice, &mut known);
        let returns = match columns {
            None => projections::returns(choice, &known),
            Some(columns) => projections::returns_columns(choice, &known, columns),
        };
        let joined = |which: &dyn Fn(&(String, String)) -> String| {
            conditions.iter().map(which).collect::<Vec<_>>().join(" AND ")
        };
        let text = |condition: String| format!("{before}{clause}\nWHERE {condition}\n{rest}{returns}");
        let query = text(joined(&|(engine, _)| engine.clone()));
        let reference = text(joined(&|(_, reference)| reference.clone()));
        Self { query, reference, probe }
    }
}

impl Keyed {
    /// The case of this seed.
    pub fn generate(seed: u64) -> Self {
        let mut choice = Choice::new(seed);
        let count = if choice.one_in(8) { 2 } else { 1 };
        let types = [Text, Text, Integer, Integer, Integer, Float, Boolean];
        let declared: Vec<_> =
            ["value", "other"].into_iter().take(count).map(|name| (name, *choice.of(&types))).collect();
        let (branches, union) = match choice.one_in(8) {
            true => (2, *choice.of(&["\nUNION\n", "\nUNION ALL\n"])),
            false => (1, ""),
        };
        let columns = (branches > 1).then(|| choice.between(1, 3));
        let branches: Vec<_> =
            (0..branches).map(|_| Branch::generate(&mut choice, &declared, columns)).collect();
        let joined = |which: &dyn Fn(&Branch) -> String, between: &str| {
            branches.iter().map(which).collect::<Vec<_>>().join(between)
        };
        let query = joined(&|branch| branch.query.clone(), union);
        let reference = joined(&|branch| branch.reference.clone(), union);
        let probe = joined(&|branch| branch.probe.clone(), "\nUNION\n");
        Self { case: Case { seed, query, stream: stream::generate(&mut choice) }, declared, reference, probe }
    }

    pub fn each(&self) -> Each<'_> {
        Each { reference: Some(&self.reference), ..Each::new(&self.case.query, &self.declared) }
    }

    /// The values of all rows there ever are, some that equal them, and some that none has.
    fn values(&self, stream: &[AppliedTransaction]) -> Vec<Vec<Value>> {
        let types = self.declared.iter().map(|(_, of)| *of);
        let never = types.clone().map(|of| match of {
            Text => Value::string("never"),
            Integer => Value::Int(77),
            Float => Value::Float(77.5),
            Boolean => Value::Bool(true),
        });
        let mut values = vec![never.collect()];
        let probe = livewell_query::parse(&self.probe).expect("a probe");
        let probe = Reference::new(&probe, &Map::new()).expect("a probe");
        let mut graph = Graph::new();
        for transaction in stream {
            graph.apply(transaction);
            for row in probe.rows(&graph).unwrap_or_default() {
                let value = row.columns.iter().zip(types.clone()).map(|(value, of)| of.equal(value));
                values.extend(value.collect::<Option<Vec<_>>>());
            }
        }
        values
    }

    /// Runs the case; says how often there were rows, `None` if the query is refused.
    fn check(&self, stream: &[AppliedTransaction], hash_bits: u32) -> Result<Option<usize>, String> {
        let each = self.each();
        match each.engine() {
            Err(refusal) if refusal.kind == DiagnosticKind::NotSupported => Ok(None),
            // What never equals a value of the type, and what fails over nothing.
            Err(refusal) if refusal.code == code::TYPE => Ok(None),
            Err(refusal) => Err(refusal.render(&self.case.query, "query")),
            Ok(engine) => {
                each.check(&engine.with_hash_bits(hash_bits), stream, self.values(stream)).map(Some)
            }
        }
    }
}

/// What a parameter of this type is compared with.
fn compared(choice: &mut Choice, known: &Known, of: ParameterType) -> String {
    let kind = match of {
        Text => *choice.of(&[Kind::Text, Kind::Any]),
        Integer => *choice.of(&[Kind::Int, Kind::Int, Kind::Number]),
        Float => Kind::Number,
        Boolean => Kind::Bool,
    };
    let element = known.of_kind(choice, &[Kind::Node, Kind::Relationship]);
    match element.filter(|_| !choice.one_in(4)) {
        Some(element) => match (of, kind) {
            (Text, _) => format!("{element}.c"),
            (Boolean, _) => format!("({element}.a > 0)"),
            (_, Kind::Int) => format!("{element}.a"),
            _ => format!("{element}.b"),
        },
        None => format!("({})", expressions::of_kind(choice, known, kind, 1)),
    }
}

fn check_all(hash_bits: u32) {
    let setting = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |text| text.parse().expect("a number in the setting"))
    };
    let (first, cases) = (setting("LIVEWELL_SEED", 0), setting("LIVEWELL_CASES", 300));
    let (mut taken, mut with_rows, mut refused) = (0, 0, 0);
    for seed in first..first + cases {
        let keyed = Keyed::generate(seed);
        match keyed.check(&keyed.case.stream, hash_bits) {
            Ok(Some(rows)) => (taken, with_rows) = (taken + 1, with_rows + u32::from(rows > 0)),
            Ok(None) => refused += 1,
            Err(_) => {
                let shrunk = keyed.case.shrunk(|case| keyed.check(&case.stream, hash_bits).is_err());
                let why = keyed.check(&shrunk.stream, hash_bits).expect_err("a shrunk case still fails");
                panic!("{why}\n\nshrunk from the case of seed {seed}, for {:?}:\n{shrunk}", keyed.declared);
            }
        }
    }
    let counted =
        format!("counted: {taken} queries agree, {with_rows} of them had rows, {refused} are refused");
    writeln!(std::io::stdout(), "{counted}").expect("somebody reads it");
    assert!(cases < 300 || (taken > 200 && with_rows > 100), "{counted}");
}

#[test]
fn for_every_value_the_rows_are_those_of_the_query_with_that_parameter() {
    check_all(64);
}

#[test]
fn for_every_value_rows_whose_signatures_collide_stay_apart() {
    check_all(3);
}
