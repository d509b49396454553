//! From the tree of an expression to its program: names become slots, parameters become values, what is the
//! same on every row is computed once.

use super::binding::{Elements, Reduce};
use super::environment::Env;
use super::judge::{Facts, judge};
use super::program::{Case, Program};
use super::{Allowance, Compiled, Scope, TypeSet, functions, pattern};
use crate::language::ast::{BinaryOp, Expr, ExprKind, ListComprehension, Span};
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
/// fit, and an aggregate, which is not a scalar expression.
pub fn compile(expr: &Expr, scope: &dyn Scope, params: &Map) -> Result<Compiled, Diagnostic> {
    let (program, facts) =
        Compiler { scope, params, locals: Vec::new(), ahead: Allowance::ahead() }.expr(expr)?;
    Ok(Compiled { program: Arc::new(program), types: facts.types, infallible: facts.infallible })
}

struct Compiler<'a> {
    scope: &'a dyn Scope,
    params: &'a Map,
    /// The variables bound around this place, the innermost last.
    locals: Vec<SmolStr>,
    /// What may still be done for values that are the same on every row.
    ahead: Allowance<'a>,
}

type Judged = (Program, Facts);

impl Compiler<'_> {
    /// Parts first, then what they are parts of: this is the only function that calls itself, so its small
    /// frame is all that a high expression costs.
    fn expr(&mut self, expr: &Expr) -> Result<Judged, Diagnostic> {
        let children = expr.children();
        let (mut parts, mut facts) = (Vec::with_capacity(children.len()), Vec::with_capacity(children.len()));
        let outside = self.locals.len();
        for (at, child) in children.into_iter().enumerate() {
            self.locals.extend(bound_from(expr, at));
            let (part, judged) = self.expr(child)?;
            parts.push(part);
            facts.push(judged);
        }
        self.locals.truncate(outside);
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
            Program::Slot(_) | Program::Local(_) => Ok((program, judged)),
            _ if facts.iter().all(|part| part.constant) => Ok(folded(program, judged, &self.ahead)),
            _ if self.is_closed(expr) => Ok(folded(program, judged, &self.ahead)),
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
            ExprKind::Variable(name) => self.variable(name, expr)?,
            ExprKind::Parameter(name) => Program::Constant(self.parameter(name, expr)?),
            ExprKind::Property(_, key) => Program::Property(next(), key.clone()),
            ExprKind::Index(..) => Program::Index(next(), next()),
            ExprKind::Slice(_, from, to) => {
                Program::Slice(next(), from.as_ref().map(|_| next()), to.as_ref().map(|_| next()))
            }
            ExprKind::HasLabels(_, labels) => Program::HasLabels(next(), labels.clone()),
            ExprKind::IsTyped(_, wanted, negated) => Program::IsTyped(next(), wanted.clone(), *negated),
            ExprKind::Binary(BinaryOp::Matches, _, text) => matching(*next(), *next(), text.span)?,
            ExprKind::Unary(operator, _) => Program::Unary(*operator, next()),
            ExprKind::Binary(operator, ..) => Program::Binary(*operator, next(), next()),
            ExprKind::IsNull(_, negated) => Program::IsNull(next(), *negated),
            ExprKind::List(_) => Program::List(parts.collect()),
            ExprKind::Map(entries) => {
                Program::Map(entries.iter().map(|(key, _)| key.clone()).zip(parts).collect())
            }
            ExprKind::MapProjection(projection) => {
                let keys = projection.entries.iter().map(|(key, _)| key.clone());
                Program::MapProjection(next(), projection.all, keys.zip(parts).collect())
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
            ExprKind::ListComprehension(inner) => Program::Elements(elements(inner, &mut next)),
            ExprKind::Quantifier(quantifier, inner) => {
                Program::Quantified(*quantifier, elements(inner, &mut next))
            }
            ExprKind::Reduce(_) => {
                Program::Reduce(Box::new(Reduce { start: *next(), list: *next(), step: *next() }))
            }
            ExprKind::OverTime(..) | ExprKind::Recall(..) => {
                return Err(Diagnostic::not_yet(expr.span, "a function of time here"));
            }
            ExprKind::Subquery(_) => return Err(Diagnostic::not_yet(expr.span, "a subquery here")),
            ExprKind::Aggregate(..) => {
                let message = "an aggregate is computed over rows and has no value on one row";
                return Err(Diagnostic::semantic(code::AGGREGATE, expr.span, message));
            }
        })
    }

    fn variable(&self, name: &SmolStr, expr: &Expr) -> Result<Program, Diagnostic> {
        match self.locals.iter().rev().position(|local| local == name) {
            Some(up) => Ok(Program::Local(up)),
            None => Ok(Program::Slot(self.slot(name, expr)?)),
        }
    }

    /// Whether an expression that binds variables reads nothing but those.
    fn is_closed(&self, expr: &Expr) -> bool {
        let binds = matches!(
            expr.kind,
            ExprKind::ListComprehension(_) | ExprKind::Quantifier(..) | ExprKind::Reduce(_)
        );
        binds && self.locals.is_empty() && !self.reads_row(expr)
    }

    fn reads_row(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Variable(name) => self.scope.slot(name).is_some(),
            _ => expr.children().into_iter().any(|child| self.reads_row(child)),
        }
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
            Diagnostic::semantic(code::PARAMETER, expr.span, message).with_help(format!(
                "give it one: in `params`, or on the command line with `--param {name}=VALUE`"
            ))
        })
    }
}

/// The variables that an expression binds for its parts from number `at` on.
fn bound_from(expr: &Expr, at: usize) -> Vec<SmolStr> {
    match &expr.kind {
        ExprKind::ListComprehension(inner) | ExprKind::Quantifier(_, inner) if at == 1 => {
            vec![inner.variable.text.clone()]
        }
        ExprKind::Reduce(reduce) if at == 2 => {
            vec![reduce.accumulator.text.clone(), reduce.variable.text.clone()]
        }
        _ => vec![],
    }
}

fn elements(inner: &ListComprehension, next: &mut dyn FnMut() -> Box<Program>) -> Box<Elements> {
    let list = *next();
    let condition = inner.condition.as_ref().map(|_| *next());
    let result = inner.result.as_ref().map(|_| *next());
    Box::new(Elements { list, condition, result })
}

/// `text =~ pattern`; a pattern that is known now is read once.
fn matching(text: Program, pattern: Program, span: Span) -> Result<Program, Diagnostic> {
    match &pattern {
        Program::Constant(Value::String(known)) => {
            let read = pattern::compile(known)
                .map_err(|error| Diagnostic::semantic(code::CALL, span, error.message))?;
            Ok(Program::Matches(Box::new(text), known.clone(), read))
        }
        _ => Ok(Program::Binary(BinaryOp::Matches, Box::new(text), Box::new(pattern))),
    }
}

/// A program that reads no row as its value, unless it fails or the value is too large to keep. Then it does
/// not count as constant, or each expression around it would try again.
fn folded(program: Program, facts: Facts, ahead: &Allowance<'_>) -> Judged {
    match program.eval(Env::of(&[]), ahead).map(Cow::into_owned) {
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
