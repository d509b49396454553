//! From the tree of an expression to its program: names become slots, parameters become values, what is the
//! same on every row is computed once.

use super::judge::{Facts, judge};
use super::program::{Case, Program};
use super::{Allowance, Compiled, Scope, TypeSet, functions};
use crate::language::ast::{BinaryOp, Expr, ExprKind};
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
    /// Parts first, then what they are parts of: this is the only function that calls itself, so its small
    /// frame is all that a high expression costs.
    fn expr(&self, expr: &Expr) -> Result<Judged, Diagnostic> {
        let children = expr.children();
        let (mut parts, mut facts) = (Vec::with_capacity(children.len()), Vec::with_capacity(children.len()));
        for child in children {
            let (part, judged) = self.expr(child)?;
            parts.push(part);
            facts.push(judged);
        }
        self.judged(expr, parts, &facts)
    }

    fn judged(&self, expr: &Expr, parts: Vec<Program>, facts: &[Facts]) -> Result<Judged, Diagnostic> {
        let program = self.assemble(expr, parts)?;
        let leaf = match (&program, &expr.kind) {
            (Program::Constant(value), _) => TypeSet::of(value),
            (_, ExprKind::Variable(name)) => self.scope.types(name),
            _ => TypeSet::ANY,
        };
        let judged = judge(expr, facts, leaf)?;
        match program {
            Program::Constant(_) => Ok((program, Facts { constant: true, ..judged })),
            Program::Slot(_) => Ok((program, judged)),
            _ if facts.iter().all(|part| part.constant) => Ok(folded(program, judged)),
            _ => Ok((program, judged)),
        }
    }

    /// The program of an expression from those of its parts, which come in the order of [`Expr::children`].
    fn assemble(&self, expr: &Expr, parts: Vec<Program>) -> Result<Program, Diagnostic> {
        let count = parts.len();
        let mut parts = parts.into_iter();
        let mut next = || Box::new(parts.next().expect("an expression has the parts its kind says"));
        Ok(match &expr.kind {
            ExprKind::Literal(value) => Program::Constant(value.clone()),
            ExprKind::Variable(name) => Program::Slot(self.slot(name, expr)?),
            ExprKind::Parameter(name) => Program::Constant(self.parameter(name, expr)?),
            ExprKind::Property(_, key) => Program::Property(next(), key.clone()),
            ExprKind::Index(..) => Program::Index(next(), next()),
            ExprKind::Slice(_, from, to) => {
                Program::Slice(next(), from.as_ref().map(|_| next()), to.as_ref().map(|_| next()))
            }
            ExprKind::HasLabels(_, labels) => Program::HasLabels(next(), labels.clone()),
            ExprKind::Binary(BinaryOp::Matches, ..) => {
                return Err(Diagnostic::not_yet(expr.span, "a regular expression"));
            }
            ExprKind::Unary(operator, _) => Program::Unary(*operator, next()),
            ExprKind::Binary(operator, ..) => Program::Binary(*operator, next(), next()),
            ExprKind::IsNull(_, negated) => Program::IsNull(next(), *negated),
            ExprKind::List(_) => Program::List(parts.collect()),
            ExprKind::Map(entries) => {
                Program::Map(entries.iter().map(|(key, _)| key.clone()).zip(parts).collect())
            }
            ExprKind::Call(name, _) => {
                Program::Call(functions::resolve(name, count, expr.span)?, parts.collect())
            }
            ExprKind::Case(case) => {
                let subject = case.subject.as_ref().map(|_| *next());
                let branches = case.branches.iter().map(|_| (*next(), *next())).collect();
                let otherwise = case.otherwise.as_ref().map(|_| *next());
                Program::Case(Box::new(Case { subject, branches, otherwise }))
            }
            ExprKind::ListComprehension(_)
            | ExprKind::Quantifier(..)
            | ExprKind::Reduce(_)
            | ExprKind::Subquery(_) => return Err(Diagnostic::not_yet(expr.span, "this expression")),
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
