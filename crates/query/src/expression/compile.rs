//! From the tree of an expression to its program: names become slots, parameters become values, what is the
//! same on every row is computed once.

use super::judge::{Facts, judge};
use super::program::{Case, Program};
use super::{Allowance, Compiled, Scope, TypeSet, functions};
use crate::language::ast::{self, Expr, ExprKind};
use crate::language::{Diagnostic, code};
use livewell_model::{Map, SmolStr, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// The largest value that is computed ahead, in items and bytes: a program is kept, a row's value is not.
const MAX_FOLDED: usize = 1_000;

/// Compiles an expression for rows laid out as `scope` says. Constants are computed now where that succeeds;
/// where it fails, so will each evaluation.
///
/// # Errors
/// A semantic [`Diagnostic`] for a missing parameter, an unknown variable or function, types that can never
/// fit, and an aggregate, which is no scalar expression.
pub fn compile(expr: &Expr, scope: &dyn Scope, params: &Map) -> Result<Compiled, Diagnostic> {
    let (program, facts) = Compiler { scope, params }.expr(expr)?;
    Ok(Compiled { program: Arc::new(program), types: facts.types, infallible: facts.infallible })
}

struct Compiler<'a> {
    scope: &'a dyn Scope,
    params: &'a Map,
}

type Judged = (Program, Facts);

impl Compiler<'_> {
    fn expr(&self, expr: &Expr) -> Result<Judged, Diagnostic> {
        let mut facts = vec![];
        let program = self.program(expr, &mut facts)?;
        let leaf = match &program {
            Program::Constant(value) => TypeSet::of(value),
            _ => match &expr.kind {
                ExprKind::Variable(name) => self.scope.types(name),
                _ => TypeSet::ANY,
            },
        };
        let judged = judge(expr, &facts, leaf)?;
        match program {
            Program::Constant(_) => Ok((program, Facts { constant: true, ..judged })),
            Program::Slot(_) => Ok((program, judged)),
            _ if facts.iter().all(|part| part.constant) => Ok(folded(program, judged)),
            _ => Ok((program, judged)),
        }
    }

    /// The program of an expression whose parts leave their facts in `facts`, in the order of
    /// [`Expr::children`].
    fn program(&self, expr: &Expr, facts: &mut Vec<Facts>) -> Result<Program, Diagnostic> {
        let mut part = |expr: &Expr| {
            let (program, judged) = self.expr(expr)?;
            facts.push(judged);
            Ok::<_, Diagnostic>(program)
        };
        Ok(match &expr.kind {
            ExprKind::Literal(value) => Program::Constant(value.clone()),
            ExprKind::Variable(name) => Program::Slot(self.slot(name, expr)?),
            ExprKind::Parameter(name) => Program::Constant(self.parameter(name, expr)?),
            ExprKind::Property(base, key) => Program::Property(Box::new(part(base)?), key.clone()),
            ExprKind::Index(base, index) => Program::Index(Box::new(part(base)?), Box::new(part(index)?)),
            ExprKind::Slice(base, from, to) => {
                let base = Box::new(part(base)?);
                let mut bound =
                    |bound: &Option<Box<Expr>>| bound.as_deref().map(|b| part(b).map(Box::new)).transpose();
                Program::Slice(base, bound(from)?, bound(to)?)
            }
            ExprKind::HasLabels(base, labels) => Program::HasLabels(Box::new(part(base)?), labels.clone()),
            ExprKind::List(items) => Program::List(items.iter().map(part).collect::<Result<_, _>>()?),
            ExprKind::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok((key.clone(), part(value)?)));
                Program::Map(entries.collect::<Result<_, Diagnostic>>()?)
            }
            ExprKind::Unary(operator, operand) => Program::Unary(*operator, Box::new(part(operand)?)),
            ExprKind::Binary(operator, a, b) => {
                Program::Binary(*operator, Box::new(part(a)?), Box::new(part(b)?))
            }
            ExprKind::IsNull(operand, negated) => Program::IsNull(Box::new(part(operand)?), *negated),
            ExprKind::Case(case) => Program::Case(Box::new(compile_case(case, part)?)),
            ExprKind::Call(name, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(part).collect::<Result<_, _>>()?;
                Program::Call(functions::resolve(name, arguments.len(), expr.span)?, arguments)
            }
            ExprKind::Aggregate(..) => {
                let message = "an aggregate is computed over rows and has no value on one row";
                return Err(Diagnostic::semantic(code::AGGREGATE, expr.span, message));
            }
        })
    }

    fn slot(&self, name: &SmolStr, expr: &Expr) -> Result<usize, Diagnostic> {
        self.scope.slot(name).ok_or_else(|| {
            Diagnostic::semantic(
                code::UNDEFINED,
                expr.span,
                format!("the variable `{name}` is not defined here"),
            )
        })
    }

    fn parameter(&self, name: &SmolStr, expr: &Expr) -> Result<Value, Diagnostic> {
        self.params.get(name).cloned().ok_or_else(|| {
            let message = format!("the parameter `${name}` has no value");
            Diagnostic::semantic(code::PARAMETER, expr.span, message)
                .with_help("give it one beside the query")
        })
    }
}

fn compile_case(
    case: &ast::Case,
    mut part: impl FnMut(&Expr) -> Result<Program, Diagnostic>,
) -> Result<Case, Diagnostic> {
    let subject = case.subject.as_ref().map(&mut part).transpose()?;
    let mut branches = vec![];
    for (when, then) in &case.branches {
        branches.push((part(when)?, part(then)?));
    }
    let otherwise = case.otherwise.as_ref().map(&mut part).transpose()?;
    Ok(Case { subject, branches, otherwise })
}

/// A program that reads no row as its value, unless it fails or the value is too large to keep. Then it does
/// not count as constant, or each expression around it would try again.
fn folded(program: Program, facts: Facts) -> Judged {
    match program.eval(&[], &Allowance::default()).map(Cow::into_owned) {
        Ok(value) if weight(&value) <= MAX_FOLDED => {
            let facts = Facts { types: TypeSet::of(&value), infallible: true, constant: true };
            (Program::Constant(value), facts)
        }
        _ => (program, facts),
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len(),
        Value::List(items) if items.len() <= MAX_FOLDED => 1 + items.iter().map(weight).sum::<usize>(),
        Value::List(items) => items.len(),
        Value::Map(map) => 1 + map.iter().map(|(_, value)| weight(value)).sum::<usize>(),
        _ => 1,
    }
}
