//! A compiled expression as a tree again, to show a plan.

use super::Compiled;
use super::binding::Elements;
use super::program::Program;
use crate::language::ast::{
    self, BinaryOp, Expr, ExprKind, ListComprehension, MapProjection, Name, Reduce, Span,
};
use livewell_model::{SmolStr, Value};

impl Compiled {
    /// The expression over slots that have these names.
    pub fn tree(&self, names: &dyn Fn(usize) -> SmolStr) -> Expr {
        Shown { names }.tree(&self.program, 0)
    }
}

struct Shown<'a> {
    names: &'a dyn Fn(usize) -> SmolStr,
}

impl Shown<'_> {
    /// The tree of a program inside so many variables that the expressions around it bind.
    fn tree(&self, program: &Program, bound: usize) -> Expr {
        let part = |program: &Program| Box::new(self.tree(program, bound));
        let all = |programs: &[Program]| programs.iter().map(|program| self.tree(program, bound)).collect();
        let entries = |entries: &[(SmolStr, Program)]| {
            entries.iter().map(|(key, value)| (key.clone(), self.tree(value, bound))).collect()
        };
        bare(match program {
            Program::Constant(value) => ExprKind::Literal(value.clone()),
            Program::Slot(slot) => ExprKind::Variable((self.names)(*slot)),
            Program::Local(up) => ExprKind::Variable(local(bound - 1 - up)),
            Program::Property(base, key) => ExprKind::Property(part(base), key.clone()),
            Program::Index(base, at) => ExprKind::Index(part(base), part(at)),
            Program::Slice(base, from, to) => {
                ExprKind::Slice(part(base), from.as_deref().map(part), to.as_deref().map(part))
            }
            Program::HasLabels(base, labels) => ExprKind::HasLabels(part(base), labels.clone()),
            Program::IsTyped(base, wanted, negated) => {
                ExprKind::IsTyped(part(base), wanted.clone(), *negated)
            }
            Program::List(items) => ExprKind::List(all(items)),
            Program::Map(map) => ExprKind::Map(entries(map)),
            Program::MapProjection(base, all, map) => ExprKind::MapProjection(Box::new(MapProjection {
                base: *part(base),
                all: *all,
                entries: entries(map),
            })),
            Program::Unary(operator, operand) => ExprKind::Unary(*operator, part(operand)),
            Program::Binary(operator, left, right) => ExprKind::Binary(*operator, part(left), part(right)),
            Program::IsNull(operand, negated) => ExprKind::IsNull(part(operand), *negated),
            Program::Case(case) => ExprKind::Case(Box::new(ast::Case {
                subject: case.subject.as_ref().map(|subject| *part(subject)),
                branches: case.branches.iter().map(|(when, then)| (*part(when), *part(then))).collect(),
                otherwise: case.otherwise.as_ref().map(|otherwise| *part(otherwise)),
            })),
            Program::Call(function, arguments) => ExprKind::Call(function.name.into(), all(arguments)),
            Program::Matches(text, pattern, _) => {
                let pattern = bare(ExprKind::Literal(Value::String(pattern.clone())));
                ExprKind::Binary(BinaryOp::Matches, part(text), Box::new(pattern))
            }
            Program::Elements(inner) => ExprKind::ListComprehension(self.elements(inner, bound)),
            Program::Quantified(quantifier, inner) => {
                ExprKind::Quantifier(*quantifier, self.elements(inner, bound))
            }
            Program::Reduce(reduce) => ExprKind::Reduce(Box::new(Reduce {
                accumulator: name(bound),
                start: *part(&reduce.start),
                variable: name(bound + 1),
                list: *part(&reduce.list),
                step: self.tree(&reduce.step, bound + 2),
            })),
        })
    }

    fn elements(&self, inner: &Elements, bound: usize) -> Box<ListComprehension> {
        let inside = |program: &Program| self.tree(program, bound + 1);
        Box::new(ListComprehension {
            variable: name(bound),
            list: self.tree(&inner.list, bound),
            condition: inner.condition.as_ref().map(inside),
            result: inner.result.as_ref().map(inside),
        })
    }
}

fn bare(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// The variable that is bound inside so many others.
fn local(outside: usize) -> SmolStr {
    format!("x{outside}").into()
}

fn name(outside: usize) -> Name {
    Name { text: local(outside), span: Span::default() }
}
