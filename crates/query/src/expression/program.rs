//! The compiled form of an expression and its evaluation.
//!
//! Values are borrowed from the row as long as possible: reading a property or comparing two of them copies
//! nothing.

use super::arithmetic::{self, Operation};
use super::functions::Function;
use super::{Allowance, EvalError, access, compare, logic};
use crate::language::ast::{BinaryOp, UnaryOp};
use livewell_model::{Map, SmolStr, Value};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// An expression whose variables are slots of a row and whose parameters are values.
#[derive(Debug)]
pub(super) enum Program {
    Constant(Value),
    Slot(usize),
    Property(Box<Program>, SmolStr),
    Index(Box<Program>, Box<Program>),
    Slice(Box<Program>, Option<Box<Program>>, Option<Box<Program>>),
    HasLabels(Box<Program>, Vec<SmolStr>),
    List(Vec<Program>),
    Map(Vec<(SmolStr, Program)>),
    Unary(UnaryOp, Box<Program>),
    Binary(BinaryOp, Box<Program>, Box<Program>),
    IsNull(Box<Program>, bool),
    Case(Box<Case>),
    Call(&'static Function, Vec<Program>),
}

/// The branches of a CASE.
#[derive(Debug)]
pub(super) struct Case {
    pub subject: Option<Program>,
    pub branches: Vec<(Program, Program)>,
    pub otherwise: Option<Program>,
}

type Evaluated<'v> = Result<Cow<'v, Value>, EvalError>;

impl Program {
    pub(super) fn eval<'v>(&'v self, row: &'v [Value], allowance: &Allowance) -> Evaluated<'v> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Slot(slot) => Ok(Cow::Borrowed(&row[*slot])),
            Self::Property(base, key) => property(base.eval(row, allowance)?, key),
            Self::Index(base, at) => index(base.eval(row, allowance)?, &*at.eval(row, allowance)?),
            Self::Slice(base, from, to) => slice(base, from.as_deref(), to.as_deref(), row, allowance),
            Self::HasLabels(base, labels) => has_labels(&*base.eval(row, allowance)?, labels),
            Self::List(items) => list(items, row, allowance),
            Self::Map(entries) => map(entries, row, allowance),
            Self::Unary(operator, operand) => unary(*operator, &*operand.eval(row, allowance)?),
            Self::Binary(operator @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Xor), left, right) => {
                logical(*operator, left, right, row, allowance)
            }
            Self::Binary(operator, left, right) => {
                let left = left.eval(row, allowance)?;
                apply(*operator, &left, &*right.eval(row, allowance)?, allowance)
            }
            Self::IsNull(operand, negated) => is_null(&*operand.eval(row, allowance)?, *negated),
            Self::Case(case) => case.eval(row, allowance),
            Self::Call(function, arguments) => call(function, arguments, row, allowance),
        }
    }
}

fn property<'v>(base: Cow<'v, Value>, key: &str) -> Evaluated<'v> {
    part_of(base, |base| access::property(base, key), |base| access::property(base, key).cloned())
}

fn index<'v>(base: Cow<'v, Value>, at: &Value) -> Evaluated<'v> {
    part_of(base, |base| access::index(base, at), |base| access::index(base, at).cloned())
}

fn has_labels<'v>(base: &Value, labels: &[SmolStr]) -> Evaluated<'v> {
    truth(access::has_labels(base, labels)?)
}

fn is_null<'v>(operand: &Value, negated: bool) -> Evaluated<'v> {
    truth(Some(operand.is_null() != negated))
}

/// Reads a part of a value: borrowed where the value is, copied where it is a passing one.
fn part_of<'v>(
    base: Cow<'v, Value>,
    borrowed: impl FnOnce(&'v Value) -> Result<&'v Value, EvalError>,
    copied: impl FnOnce(&Value) -> Result<Value, EvalError>,
) -> Evaluated<'v> {
    match base {
        Cow::Borrowed(base) => borrowed(base).map(Cow::Borrowed),
        Cow::Owned(base) => copied(&base).map(Cow::Owned),
    }
}

fn truth<'v>(truth: Option<bool>) -> Evaluated<'v> {
    Ok(Cow::Owned(logic::value(truth)))
}

fn slice<'v>(
    base: &Program,
    from: Option<&Program>,
    to: Option<&Program>,
    row: &[Value],
    allowance: &Allowance,
) -> Evaluated<'v> {
    let base = base.eval(row, allowance)?;
    let from = from.map(|from| from.eval(row, allowance)).transpose()?;
    let to = to.map(|to| to.eval(row, allowance)).transpose()?;
    access::slice(&base, from.as_deref(), to.as_deref(), allowance).map(Cow::Owned)
}

fn list<'v>(items: &[Program], row: &[Value], allowance: &Allowance) -> Evaluated<'v> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let value = item.eval(row, allowance)?;
        allowance.nested(&value)?;
        values.push(value.into_owned());
    }
    Ok(Cow::Owned(Value::list(values)))
}

fn map<'v>(entries: &[(SmolStr, Program)], row: &[Value], allowance: &Allowance) -> Evaluated<'v> {
    let mut map = Map::new();
    for (key, value) in entries {
        let value = value.eval(row, allowance)?;
        allowance.nested(&value)?;
        map.insert(key.clone(), value.into_owned());
    }
    Ok(Cow::Owned(Value::Map(Arc::new(map))))
}

fn unary<'v>(operator: UnaryOp, operand: &Value) -> Evaluated<'v> {
    match operator {
        UnaryOp::Not => truth(logic::not(logic::truth(operand)?)),
        UnaryOp::Minus => arithmetic::negate(operand).map(Cow::Owned),
        UnaryOp::Plus => arithmetic::plus(operand).map(Cow::Owned),
    }
}

/// AND, OR and XOR. Where the left side decides, the right one is not evaluated: `x <> 0 AND 1 / x > 2` is safe.
fn logical<'v>(
    operator: BinaryOp,
    left: &Program,
    right: &Program,
    row: &[Value],
    allowance: &Allowance,
) -> Evaluated<'v> {
    let left = logic::truth(&*left.eval(row, allowance)?)?;
    match (operator, left) {
        (BinaryOp::And, Some(false)) | (BinaryOp::Or, Some(true)) => return truth(left),
        _ => {}
    }
    apply(operator, &logic::value(left), &*right.eval(row, allowance)?, allowance)
}

/// The operators that always look at both values.
fn apply<'v>(operator: BinaryOp, a: &Value, b: &Value, allowance: &Allowance) -> Evaluated<'v> {
    let calculate = |operation| arithmetic::calculate(operation, a, b).map(Cow::Owned);
    truth(match operator {
        BinaryOp::Add => return arithmetic::add(a, b, allowance).map(Cow::Owned),
        BinaryOp::Subtract => return calculate(Operation::Subtract),
        BinaryOp::Multiply => return calculate(Operation::Multiply),
        BinaryOp::Divide => return calculate(Operation::Divide),
        BinaryOp::Modulo => return calculate(Operation::Modulo),
        BinaryOp::Power => return calculate(Operation::Power),
        BinaryOp::Equal => compare::equals(a, b),
        BinaryOp::NotEqual => logic::not(compare::equals(a, b)),
        BinaryOp::Less => compare::compare(a, b).test(Ordering::is_lt),
        BinaryOp::LessOrEqual => compare::compare(a, b).test(Ordering::is_le),
        BinaryOp::Greater => compare::compare(a, b).test(Ordering::is_gt),
        BinaryOp::GreaterOrEqual => compare::compare(a, b).test(Ordering::is_ge),
        BinaryOp::In => is_in(a, b)?,
        BinaryOp::StartsWith => access::test_text(a, b, |a, b| a.starts_with(b)),
        BinaryOp::EndsWith => access::test_text(a, b, |a, b| a.ends_with(b)),
        BinaryOp::Contains => access::test_text(a, b, |a, b| a.contains(b)),
        BinaryOp::Matches => unreachable!("refused when it is compiled"),
        BinaryOp::And => logic::and(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Or => logic::or(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Xor => logic::xor(logic::truth(a)?, logic::truth(b)?),
    })
}

fn is_in(value: &Value, items: &Value) -> Result<Option<bool>, EvalError> {
    match items {
        Value::Null => Ok(None),
        Value::List(items) => Ok(compare::is_in(value, items)),
        other => Err(EvalError::types(format!(
            "IN needs a list on its right, got a value of type {}",
            other.type_name()
        ))),
    }
}

impl Case {
    fn eval<'v>(&'v self, row: &'v [Value], allowance: &Allowance) -> Evaluated<'v> {
        let subject = self.subject.as_ref().map(|subject| subject.eval(row, allowance)).transpose()?;
        for (when, then) in &self.branches {
            let when = when.eval(row, allowance)?;
            let taken = match &subject {
                Some(subject) => compare::equals(subject, &when),
                None => logic::truth(&when)?,
            };
            if taken == Some(true) {
                return then.eval(row, allowance);
            }
        }
        self.otherwise
            .as_ref()
            .map_or(Ok(Cow::Owned(Value::Null)), |otherwise| otherwise.eval(row, allowance))
    }
}

fn call<'v>(
    function: &'static Function,
    arguments: &[Program],
    row: &[Value],
    allowance: &Allowance,
) -> Evaluated<'v> {
    let arg = |at: usize| arguments[at].eval(row, allowance).map(Cow::into_owned);
    // Most calls have few arguments and need no allocation for them.
    let value = match arguments.len() {
        0 => function.apply(&[], allowance),
        1 => function.apply(&[arg(0)?], allowance),
        2 => function.apply(&[arg(0)?, arg(1)?], allowance),
        3 => function.apply(&[arg(0)?, arg(1)?, arg(2)?], allowance),
        _ => {
            let values = arguments.iter().map(|argument| argument.eval(row, allowance).map(Cow::into_owned));
            function.apply(&values.collect::<Result<Vec<_>, _>>()?, allowance)
        }
    };
    value.map(Cow::Owned)
}
