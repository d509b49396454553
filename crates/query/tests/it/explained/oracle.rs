//! What explanations are compared with: the reference, over queries that end earlier.

use livewell_model::{ElementId, Map, SmolStr, Value};
use livewell_query::language::ast::{Clause, Expr, ExprKind, Item, Projection, Query, SingleQuery, Span};
use livewell_query::reference::{Graph, Reference};
use std::collections::{BTreeMap, BTreeSet};

/// The nodes that a query of patterns alone has in its rows.
pub struct Oracle {
    /// By the variables that they are bound to.
    pub nodes: BTreeMap<SmolStr, BTreeSet<ElementId>>,
}

impl Oracle {
    /// Evaluates a query of patterns without a projection, DISTINCT or window, with all nodes as its columns.
    pub fn of_patterns(query: &Query, graph: &Graph) -> Option<Self> {
        let [only] = query.branches.as_slice() else { return None };
        let plain = only.clauses.iter().all(|clause| matches!(clause, Clause::Match(_)));
        let returns = &only.returns;
        let is_whole = returns.skip.is_none()
            && returns.limit.is_none()
            && !returns.items.iter().any(|item| item.expr.has_aggregate());
        if !plain || !is_whole {
            return None;
        }
        let mut names: Vec<SmolStr> = Vec::new();
        for clause in &only.clauses {
            let Clause::Match(clause) = clause else { return None };
            // Of what may be null, "in a row" says nothing of the patterns around.
            let nodes = clause.patterns.iter().flat_map(|pattern| &pattern.nodes);
            for name in nodes.filter_map(|node| node.variable.as_ref()).map(|name| name.text.clone()) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let rows = evaluated(only.clauses.clone(), names.iter().map(variable).collect(), graph)?;
        let mut nodes: BTreeMap<SmolStr, BTreeSet<ElementId>> =
            names.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
        for row in rows {
            for (name, value) in names.iter().zip(&row) {
                if let Value::Node(node) = value {
                    nodes.get_mut(name)?.insert(node.id.clone());
                }
            }
        }
        Some(Self { nodes })
    }
}

/// How many rows the query has behind each clause before RETURN, with the place of the clause. Without functions of
/// time, whose conditions are about rows further on.
pub fn up_to_each_clause(query: &Query, graph: &Graph) -> Vec<(Span, u64)> {
    let mut counted = Vec::new();
    for branch in &query.branches {
        let exprs = branch.clauses.iter().flat_map(Clause::exprs);
        if exprs.into_iter().any(Expr::has_time) {
            continue;
        }
        for (at, clause) in branch.clauses.iter().enumerate() {
            let span = match clause {
                Clause::Match(clause) => clause.span,
                Clause::Unwind(clause) => clause.span,
                Clause::With(clause) => clause.span,
                Clause::Call(clause) => clause.span,
            };
            let one = Expr { kind: ExprKind::Literal(Value::Int(1)), span: Span::default() };
            let rows = evaluated(branch.clauses[..=at].to_vec(), vec![("one".into(), one)], graph);
            counted.extend(rows.map(|rows| (span, rows.len() as u64)));
        }
    }
    counted
}

/// The columns of the rows that clauses with these items behind them have; `None` if they have no value.
fn evaluated(clauses: Vec<Clause>, items: Vec<(SmolStr, Expr)>, graph: &Graph) -> Option<Vec<Vec<Value>>> {
    let items = items.into_iter().map(|(name, expr)| Item { expr, name, aliased: true });
    let returns = Projection {
        distinct: false,
        items: items.collect(),
        order: Vec::new(),
        skip: None,
        limit: None,
        condition: None,
        span: Span::default(),
    };
    let query = Query { branches: vec![SingleQuery { clauses, returns }], distinct: false };
    let rows = Reference::new(&query, &Map::new()).ok()?.rows(graph).ok()?;
    Some(rows.into_iter().map(|row| row.columns.to_vec()).collect())
}

fn variable(name: &SmolStr) -> (SmolStr, Expr) {
    (name.clone(), Expr { kind: ExprKind::Variable(name.clone()), span: Span::default() })
}
