//! The compiled form of an expression and its evaluation.
//!
//! Values are borrowed from the row as long as possible: reading a property or comparing two of them copies
//! nothing.

use super::arithmetic::{self, Operation};
use super::compare::{self, Order};
use super::functions::Function;
use super::{Allowance, EvalError, access, logic};
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
            Self::Property(base, key) => borrow_from(
                base.eval(row, allowance)?,
                |base| access::property(base, key),
                |base| access::property(base, key).cloned(),
            ),
            Self::Index(base, index) => {
                let (base, index) = (base.eval(row, allowance)?, index.eval(row, allowance)?);
                borrow_from(
                    base,
                    |base| access::index(base, &index),
                    |base| access::index(base, &index).cloned(),
                )
            }
            Self::Slice(base, from, to) => slice(base, from.as_deref(), to.as_deref(), row, allowance),
            Self::HasLabels(base, labels) => truth(access::has_labels(&*base.eval(row, allowance)?, labels)?),
            Self::List(items) => list(items, row, allowance),
            Self::Map(entries) => map(entries, row, allowance),
            Self::Unary(operator, operand) => unary(*operator, &*operand.eval(row, allowance)?),
            Self::Binary(operator, left, right) => binary(*operator, left, right, row, allowance),
            Self::IsNull(operand, negated) => {
                truth(Some(operand.eval(row, allowance)?.is_null() != *negated))
            }
            Self::Case(case) => case.eval(row, allowance),
            Self::Call(function, arguments) => call(function, arguments, row, allowance),
        }
    }
}

/// Reads a part of a value: borrowed where the value is, copied where it is a passing one.
fn borrow_from<'v>(
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

fn binary<'v>(
    operator: BinaryOp,
    left: &'v Program,
    right: &'v Program,
    row: &'v [Value],
    allowance: &Allowance,
) -> Evaluated<'v> {
    let left = left.eval(row, allowance)?;
    match operator {
        BinaryOp::And | BinaryOp::Or | BinaryOp::Xor => {
            let left = logic::truth(&left)?;
            // Where the left side decides, the right one is not evaluated: `x <> 0 AND 1 / x > 2` is safe.
            match (operator, left) {
                (BinaryOp::And, Some(false)) | (BinaryOp::Or, Some(true)) => return truth(left),
                _ => {}
            }
            let right = logic::truth(&*right.eval(row, allowance)?)?;
            truth(match operator {
                BinaryOp::And => logic::and(left, right),
                BinaryOp::Or => logic::or(left, right),
                _ => logic::xor(left, right),
            })
        }
        _ => apply(operator, &left, &*right.eval(row, allowance)?, allowance).map(Cow::Owned),
    }
}

/// The operators that always look at both values.
fn apply(operator: BinaryOp, a: &Value, b: &Value, allowance: &Allowance) -> Result<Value, EvalError> {
    let truth = match operator {
        BinaryOp::Add => return arithmetic::add(a, b, allowance),
        BinaryOp::Subtract => return arithmetic::calculate(Operation::Subtract, a, b),
        BinaryOp::Multiply => return arithmetic::calculate(Operation::Multiply, a, b),
        BinaryOp::Divide => return arithmetic::calculate(Operation::Divide, a, b),
        BinaryOp::Modulo => return arithmetic::calculate(Operation::Modulo, a, b),
        BinaryOp::Power => return arithmetic::calculate(Operation::Power, a, b),
        BinaryOp::Equal => compare::equals(a, b),
        BinaryOp::NotEqual => logic::not(compare::equals(a, b)),
        BinaryOp::Less => ordered(a, b, Ordering::is_lt),
        BinaryOp::LessOrEqual => ordered(a, b, Ordering::is_le),
        BinaryOp::Greater => ordered(a, b, Ordering::is_gt),
        BinaryOp::GreaterOrEqual => ordered(a, b, Ordering::is_ge),
        BinaryOp::In => is_in(a, b)?,
        BinaryOp::StartsWith => access::test_text(a, b, |a, b| a.starts_with(b)),
        BinaryOp::EndsWith => access::test_text(a, b, |a, b| a.ends_with(b)),
        BinaryOp::Contains => access::test_text(a, b, |a, b| a.contains(b)),
        BinaryOp::And => logic::and(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Or => logic::or(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Xor => logic::xor(logic::truth(a)?, logic::truth(b)?),
    };
    Ok(logic::value(truth))
}

fn ordered(a: &Value, b: &Value, holds: impl FnOnce(Ordering) -> bool) -> Option<bool> {
    let order: Order = compare::compare(a, b);
    order.test(holds)
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
