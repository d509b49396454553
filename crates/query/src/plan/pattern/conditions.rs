//! Where the conditions of a pattern are evaluated: in the scan of one element, or on complete rows.

use crate::expression::{Compiled, Scope, TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{BinaryOp, Expr, ExprKind, Gives};
use crate::operator::matching::{Atom, AtomKind};
use crate::plan::planner::Planner;
use crate::plan::schema::Schema;
use livewell_model::{SmolStr, Value};

/// The conditions of a pattern, by where they are evaluated.
pub(super) struct Conditions {
    /// Inside the scan of one element.
    pub(super) moved: Vec<Expr>,
    /// On complete rows.
    pub(super) left: Vec<Expr>,
}

/// Moves conditions on one element alone into its scan.
///
/// Only what cannot fail moves, and only before the first condition that can: a row that a later condition
/// would drop must still reach that one and fail there, as the order of the text has it.
pub(super) fn push_down(
    atoms: &mut [Atom],
    conditions: Vec<Expr>,
    schema: &Schema,
    planner: &Planner<'_>,
) -> Result<Conditions, Diagnostic> {
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    let mut movable = true;
    for condition in conditions {
        // A function of time follows complete rows. What a subquery gives is judged by its type; it is evaluated on
        // complete rows, too.
        movable &= !condition.has_time()
            && compile(&without_subqueries(&condition), schema, planner.params)?.is_infallible();
        if !movable {
            left.push(condition);
            continue;
        }
        for part in conjuncts(&condition) {
            let place = if push_one(atoms, part, planner)? { &mut moved } else { &mut left };
            place.push(part.clone());
        }
    }
    Ok(Conditions { moved, left })
}

/// Whether the condition could be moved, and was.
fn push_one(atoms: &mut [Atom], condition: &Expr, planner: &Planner<'_>) -> Result<bool, Diagnostic> {
    if condition.has_subquery() {
        return Ok(false);
    }
    let mut variables = Vec::new();
    collect_variables(condition, &mut variables);
    let [variable] = variables.as_slice() else { return Ok(false) };
    let Some(atom) = atoms.iter_mut().find(|atom| atom.name == **variable) else {
        return Ok(false);
    };
    if matches!(atom.kind, AtomKind::Trail(_)) {
        return Ok(false);
    }
    push_onto(atom, condition, planner)
}

/// Puts a condition on the atom's elements into its scan, if it cannot fail there.
pub(super) fn push_onto(
    atom: &mut Atom,
    condition: &Expr,
    planner: &Planner<'_>,
) -> Result<bool, Diagnostic> {
    let types =
        if matches!(atom.kind, AtomKind::Node { .. }) { TypeSet::NODE } else { TypeSet::RELATIONSHIP };
    let one = One { variable: &atom.name, types };
    let compiled: Compiled = compile(condition, &one, planner.params)?;
    let infallible = compiled.is_infallible();
    if infallible {
        atom.scan.conditions.push(compiled);
    }
    Ok(infallible)
}

/// A row that holds one variable.
struct One<'a> {
    variable: &'a str,
    types: TypeSet,
}

impl Scope for One<'_> {
    fn slot(&self, variable: &str) -> Option<usize> {
        (variable == self.variable).then_some(0)
    }

    fn types(&self, _variable: &str) -> TypeSet {
        self.types
    }
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

fn collect_variables(expr: &Expr, into: &mut Vec<SmolStr>) {
    if let ExprKind::Variable(name) = &expr.kind
        && !into.contains(name)
    {
        into.push(name.clone());
    }
    expr.children().into_iter().for_each(|child| collect_variables(child, into));
}
