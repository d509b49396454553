//! From MATCH clauses to a match and the conditions on its rows.
//!
//! Consecutive MATCH clauses are one pattern. Their conditions (inline properties, then WHERE, clause by clause)
//! are about complete rows, on which every clause is matched, and are evaluated in the order of the text; the
//! first that is not true drops the row. So an error arises exactly where a complete row reaches the condition
//! that fails, whatever the order in which the plan finds the row's elements.

mod elements;

use super::builder::{Builder, Stage};
use super::clauses::filter;
use super::each::{self, Found};
use super::nodes::{Element, LogicalOp, Match};
use super::schema::Schema;
use crate::expression::compile;
use crate::language::Diagnostic;
use crate::language::ast::{BinaryOp, Expr, ExprKind, Gives, Match as MatchClause};
use crate::types::TypeSet;
use elements::{Elements, Path};
use livewell_model::{SmolStr, Value};

/// Plans MATCH clauses that are one pattern.
pub(super) fn plan(
    stage: &Stage,
    clauses: &[&MatchClause],
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let mut elements = Elements::over(&stage.schema);
    let mut distinct = Vec::new();
    for clause in clauses {
        distinct.push(elements.add(clause, builder)?);
    }
    let Elements { found, binds, conditions, paths, .. } = elements;
    let schema = visible(&stage.schema, &found, &paths);
    let conditions = separate(conditions, &schema, builder)?;
    let inputs = if stage.is_start() { Vec::new() } else { vec![builder.rows(stage)] };
    let elements = found.into_iter().map(|(_, element)| element).collect();
    let paths = paths.into_iter().map(|path| path.parts).collect();
    let op = LogicalOp::Match(Match { elements, binds, distinct, paths });
    let mut stage = Stage::new(builder.add(op, inputs, &schema), schema);
    // What moves into scans has to stand right above the pattern, and what cannot move may have a history that is one
    // value's alone: the values of parameters come in between.
    let mut found = Vec::new();
    for Condition { expr, movable, finds } in conditions {
        if !movable {
            stage = each::give(stage, std::mem::take(&mut found), builder)?;
        }
        stage = filter(stage, &expr, movable, builder)?;
        found.extend(finds);
    }
    each::give(stage, found, builder)
}

/// Plans an OPTIONAL MATCH.
pub(super) fn plan_optional(
    stage: Stage,
    clause: &MatchClause,
    builder: &mut Builder<'_>,
) -> Result<Stage, Diagnostic> {
    let rows = builder.rows(&stage);
    let width = stage.schema.width();
    let around = if stage.is_start() { Stage::default() } else { Stage::new(rows, stage.schema) };
    let order = around.schema.order.clone();
    let matched = plan(&around, &[clause], builder)?;
    let matches = builder.rows(&matched);
    let mut schema = matched.schema;
    schema.order = order;
    schema.types[width..].iter_mut().for_each(|types| *types = types.or_null());
    let nulls = vec![Value::Null; schema.width() - width];
    Ok(Stage::new(builder.add(LogicalOp::Outer(nulls), vec![rows, matches], &schema), schema))
}

/// What the rows of a pattern hold.
fn visible(input: &Schema, elements: &[(SmolStr, Element)], paths: &[Path]) -> Schema {
    let mut schema = input.clone();
    for (name, element) in elements {
        let types = match element {
            Element::Node { .. } => TypeSet::NODE,
            Element::Relationship(_) => TypeSet::RELATIONSHIP,
            Element::Trail { .. } => TypeSet::LIST,
        };
        let slot = schema.push(name.clone(), types);
        schema.key.push(slot);
    }
    for path in paths {
        schema.push(path.name.clone(), TypeSet::PATH);
    }
    schema
}

/// A condition on the rows of a pattern.
struct Condition {
    expr: Expr,
    /// Whether neither it nor one before it can fail.
    movable: bool,
    /// The parameters whose values follow from the rows for which it is true.
    finds: Vec<Found>,
}

/// Takes those conditions apart that may be evaluated one by one: they cannot fail, and none before them can, so it
/// does not matter which of them drops a row.
fn separate(
    conditions: Vec<Expr>,
    schema: &Schema,
    builder: &Builder<'_>,
) -> Result<Vec<Condition>, Diagnostic> {
    let mut separate: Vec<Condition> = Vec::new();
    let mut movable = true;
    let mut found = Vec::new();
    for expr in conditions {
        let known = found.len();
        let expr = each::take(&expr, schema, &mut found, builder);
        let mut finds = found[known..].to_vec();
        // A function of time follows complete rows. A subquery is judged by the type of its value.
        movable &=
            !expr.has_time() && compile(&without_subqueries(&expr), schema, builder.params)?.is_infallible();
        if movable {
            for expr in conjuncts(&expr).into_iter().cloned() {
                separate.push(Condition { expr, movable, finds: std::mem::take(&mut finds) });
            }
        } else {
            separate.push(Condition { expr, movable, finds });
        }
    }
    Ok(separate)
}

/// The expression with a value of the right type in the place of each subquery.
fn without_subqueries(expr: &Expr) -> Expr {
    let ExprKind::Subquery(subquery) = &expr.kind else {
        return expr.map_children(&mut without_subqueries);
    };
    let value = match subquery.gives {
        Gives::Exists => Value::Bool(true),
        Gives::Count => Value::Int(0),
        Gives::Collect(_) => Value::list(Vec::new()),
    };
    Expr { kind: ExprKind::Literal(value), span: expr.span }
}

fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => [conjuncts(left), conjuncts(right)].concat(),
        _ => vec![condition],
    }
}
