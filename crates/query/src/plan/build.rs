//! From a query's tree to its plan.

use super::needs::AllNeeds;
use super::planner::{Planner, Stage};
use super::{Plan, clauses, last_uses, projection};
use crate::chronicle::Chronicle;
use crate::expression::TypeSet;
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Expr, Query, SingleQuery};
use crate::operator::aggregate::Aggregate;
use crate::operator::output::{Key, Output};
use crate::operator::project::{Project, Slot};
use crate::operator::union::Union;
use crate::settings::Limits;
use livewell_model::{Map, SmolStr, Value};

pub(super) fn build(query: &Query, text: &str, params: &Map, limits: Limits) -> Result<Plan, Diagnostic> {
    let mut planner = Planner::new(text, params, limits);
    let branches =
        query.branches.iter().map(|branch| single(branch, &mut planner)).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<SmolStr> =
        query.branches[0].returns.items.iter().map(|item| item.name.clone()).collect();
    let types = types(&branches, columns.len());
    let (key, order) = match <[Stage; 1]>::try_from(branches) {
        Ok([only]) => {
            planner.rows(&only);
            (Key::Slots(only.schema.key), only.schema.order)
        }
        Err(branches) => (union(branches, columns.len(), query.distinct, &mut planner), Vec::new()),
    };
    let output = Output { columns: columns.len(), key, order, hash_bits: 48 };
    let chronicle = Chronicle { asks: planner.asks, versions_max: limits.versions };
    let last_uses = last_uses(&planner.nodes);
    Ok(Plan { nodes: planner.nodes, last_uses, output, columns, types, identity: identity(query), chronicle })
}

fn single(query: &SingleQuery, planner: &mut Planner<'_>) -> Result<Stage, Diagnostic> {
    let needs = AllNeeds::of(query);
    let stage = clauses::plan(Stage::default(), &query.clauses, &needs, planner)?;
    projection::plan(stage, &query.returns, planner)
}

/// What each column can hold, in any branch.
fn types(branches: &[Stage], columns: usize) -> Vec<TypeSet> {
    let of_column = |at: usize| branches.iter().map(move |branch| branch.schema.types[at]);
    (0..columns).map(|at| of_column(at).fold(TypeSet::NONE, TypeSet::or)).collect()
}

/// Puts the branches of a UNION together; gives what identifies their rows.
fn union(branches: Vec<Stage>, columns: usize, distinct: bool, planner: &mut Planner<'_>) -> Key {
    let mut inputs = Vec::with_capacity(branches.len());
    let mut keys = Vec::with_capacity(branches.len());
    for (number, branch) in (0_i64..).zip(branches) {
        let mut slots: Vec<Slot> = (0..columns).map(Slot::Keep).collect();
        if !distinct {
            slots.push(Slot::Constant(Value::Int(number)));
            keys.push((columns..columns + 1 + branch.schema.key.len()).collect());
            slots.extend(branch.schema.key.iter().map(|slot| Slot::Keep(*slot)));
        }
        let input = planner.rows(&branch);
        inputs.push(planner.add(Project { slots, text: format!("branch {number}") }, vec![input]));
    }
    let union = planner.add(Union { distinct }, inputs);
    if !distinct {
        return Key::ByBranch { number: columns, slots: keys };
    }
    let operator = Aggregate {
        number: planner.number(),
        groups: (0..columns).map(Slot::Keep).collect(),
        calls: Vec::new(),
        keyed: true,
        text: "all columns".into(),
    };
    planner.add(operator, vec![union]);
    Key::Slots((0..columns).collect())
}

/// What identifies a row, in words.
fn identity(query: &Query) -> String {
    match query.branches.as_slice() {
        [only] => identity_of(only),
        _ if query.distinct => "all columns of a UNION".into(),
        branches => {
            let of_branches: Vec<String> = branches.iter().map(identity_of).collect();
            format!("the branch of the UNION ALL, then: {}", of_branches.join(" | "))
        }
    }
}

/// The last clause that says so decides; then comes what later clauses add.
fn identity_of(query: &SingleQuery) -> String {
    let mut parts: Vec<String> = Vec::new();
    let withs = query.clauses.iter().map(|clause| match clause {
        Clause::With(with) => Some(with),
        _ => None,
    });
    let mut clauses =
        query.clauses.iter().zip(withs).map(|(clause, with)| (Some(clause), with)).collect::<Vec<_>>();
    clauses.push((None, Some(&query.returns)));
    for (clause, projection) in clauses {
        if let Some(projection) = projection {
            let names = |keep: &dyn Fn(&Expr) -> bool| {
                let kept = projection.items.iter().filter(|item| keep(&item.expr));
                kept.map(|item| item.name.as_str()).collect::<Vec<_>>().join(", ")
            };
            if projection.distinct {
                parts = vec![format!("all columns of a DISTINCT: {}", names(&|_| true))];
            } else if projection.items.iter().any(|item| item.expr.has_aggregate()) {
                let groups = names(&|expr| !expr.has_aggregate());
                parts =
                    if groups.is_empty() { Vec::new() } else { vec![format!("grouping values: {groups}")] };
            }
        } else {
            let added = match clause {
                Some(Clause::Call(_)) => "what identifies the rows of a CALL".into(),
                Some(Clause::Unwind(unwind)) => format!("the position of {}", unwind.variable.text),
                _ => "the matched elements, in the order of the text".into(),
            };
            if parts.last() != Some(&added) {
                parts.push(added);
            }
        }
    }
    if parts.is_empty() { "the one row".into() } else { parts.join("; ") }
}
