//! What identifies a row of a query's result, in words.

use crate::for_each::Parameter;
use crate::language::ast::{Clause, Expr, Query, SingleQuery};

/// What identifies a row, in words.
pub(super) fn identity(query: &Query, for_each: &[Parameter]) -> String {
    let values = for_each.iter().map(|parameter| format!("the value of ${}", parameter.name));
    let own = identity_within(query);
    // The one row is one for each value.
    let own = (for_each.is_empty() || own != ONE).then_some(own);
    values.chain(own).collect::<Vec<_>>().join("; ")
}

/// What identifies the one row of an aggregate without groups.
const ONE: &str = "the one row";

fn identity_within(query: &Query) -> String {
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
    if parts.is_empty() { ONE.into() } else { parts.join("; ") }
}
