//! From a query's tree to its plan, clause by clause.

use super::needs::AllNeeds;
use super::{Plan, PlanNode, pattern, projection};
use crate::expression::{Scope, TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{Clause, Expr, Query, SingleQuery, Span};
use crate::operator::filter::Filter;
use crate::operator::output::Output;
use crate::operator::unit::Unit;
use livewell_model::{Map, SmolStr};

/// The slots of the rows between two operators.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// The variable in each slot; empty for one that no name reaches.
    pub(super) names: Vec<SmolStr>,
    /// What each slot can hold.
    pub(super) types: Vec<TypeSet>,
    /// The slots that identify a row, in the order of the query's text.
    pub(super) key: Vec<usize>,
}

impl Schema {
    pub(super) fn position(&self, variable: &str) -> Option<usize> {
        self.names.iter().position(|name| name == variable)
    }
}

impl Scope for Schema {
    fn slot(&self, variable: &str) -> Option<usize> {
        self.position(variable)
    }

    fn types(&self, variable: &str) -> TypeSet {
        self.position(variable).map_or(TypeSet::ANY, |at| self.types[at])
    }
}

/// What planning draws on: the text, the parameters, and the next operator's number.
pub(super) struct Source<'a> {
    text: &'a str,
    pub(super) params: &'a Map,
    next: u16,
}

impl<'a> Source<'a> {
    /// Gives the next operator's number: the first bytes of its state's keys.
    pub(super) fn number(&mut self) -> u16 {
        self.next += 1;
        self.next
    }

    pub(super) fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start..span.end).unwrap_or_default().trim()
    }
}

pub(super) fn build(query: &Query, text: &str, params: &Map) -> Result<Plan, Diagnostic> {
    let [query] = query.branches.as_slice() else {
        return Err(Diagnostic::not_yet(query.branches[1].returns.span, "UNION"));
    };
    let mut source = Source { text, params, next: 0 };
    let (matches, rest) = leading_matches(&query.clauses);
    let (mut node, mut schema) = if matches.is_empty() {
        (
            PlanNode { operator: Box::new(Unit), inputs: Vec::new() },
            Schema { names: Vec::new(), types: Vec::new(), key: Vec::new() },
        )
    } else {
        pattern::plan(&matches, AllNeeds::of(query), &mut source)?
    };
    for clause in rest {
        match clause {
            Clause::Unwind(unwind) => return Err(Diagnostic::not_yet(unwind.span, "UNWIND")),
            Clause::With(with) => (node, schema) = projection::plan(node, &schema, with, &mut source)?,
            Clause::Match(matching) => {
                let message = "MATCH after WITH is not supported yet";
                return Err(Diagnostic::not_supported(
                    crate::language::code::CONSTRUCT,
                    matching.span,
                    message,
                )
                .with_help("put the MATCH clauses first and use WITH after them"));
            }
        }
    }
    (node, schema) = projection::plan(node, &schema, &query.returns, &mut source)?;
    let columns: Vec<SmolStr> = query.returns.items.iter().map(|item| item.name.clone()).collect();
    let output = Output { columns: columns.len(), key: schema.key, hash_bits: 48 };
    Ok(Plan { root: node, output, columns, identity: identity(query, &matches) })
}

fn leading_matches(clauses: &[Clause]) -> (Vec<&crate::language::ast::Match>, &[Clause]) {
    let count = clauses.iter().take_while(|clause| matches!(clause, Clause::Match(_))).count();
    let (first, rest) = clauses.split_at(count);
    let matches = first.iter().filter_map(|clause| match clause {
        Clause::Match(matching) => Some(matching),
        _ => None,
    });
    (matches.collect(), rest)
}

/// Puts a filter on top of `node`.
pub(super) fn filter(
    node: PlanNode,
    condition: &Expr,
    schema: &Schema,
    source: &Source<'_>,
) -> Result<PlanNode, Diagnostic> {
    let text = source.text_of(condition.span).to_owned();
    let operator = Filter { condition: compile(condition, schema, source.params)?, text };
    Ok(PlanNode { operator: Box::new(operator), inputs: vec![node] })
}

/// What identifies a row, in words; the last clause that says so decides.
fn identity(query: &SingleQuery, matches: &[&crate::language::ast::Match]) -> String {
    let withs = query.clauses.iter().filter_map(|clause| match clause {
        Clause::With(with) => Some(with),
        _ => None,
    });
    let projections: Vec<_> = withs.chain([&query.returns]).collect();
    for projection in projections.into_iter().rev() {
        let names = |keep: &dyn Fn(&Expr) -> bool| {
            let kept = projection.items.iter().filter(|item| keep(&item.expr));
            kept.map(|item| item.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        if projection.distinct {
            return format!("all columns of a DISTINCT: {}", names(&|_| true));
        }
        if projection.items.iter().any(|item| item.expr.has_aggregate()) {
            let groups = names(&|expr| !expr.has_aggregate());
            return if groups.is_empty() {
                "the one row".into()
            } else {
                format!("grouping values: {groups}")
            };
        }
    }
    if matches.is_empty() {
        "the one row".into()
    } else {
        "the matched elements, in the order of the text".into()
    }
}
