//! The compiled form of an expression and its evaluation.
//!
//! Values are borrowed from the row as long as possible: reading a property or comparing two of them copies
//! nothing.

use super::arithmetic;
use super::binding::{Elements, Reduce};
use super::environment::Env;
use super::functions::Function;
use super::operation::Operation;
use super::{Allowance, EvalError, access, compare, logic, temporal};
use crate::language::ast::{BinaryOp, Labels, Quantifier, UnaryOp, ValueType};
use livewell_model::{Map, SmolStr, Value};
use regex_automata::meta::Regex;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// An expression whose variables are slots of a row and whose parameters are values.
#[derive(Debug)]
pub(super) enum Program {
    Constant(Value),
    Slot(usize),
    /// A variable bound around this place, so many bindings up.
    Local(usize),
    Property(Box<Program>, SmolStr),
    Index(Box<Program>, Box<Program>),
    Slice(Box<Program>, Option<Box<Program>>, Option<Box<Program>>),
    HasLabels(Box<Program>, Labels),
    IsTyped(Box<Program>, ValueType, bool),
    List(Vec<Program>),
    Map(Vec<(SmolStr, Program)>),
    /// A map of a value's properties, all or none, and of these entries.
    MapProjection(Box<Program>, bool, Vec<(SmolStr, Program)>),
    Unary(UnaryOp, Box<Program>),
    Binary(BinaryOp, Box<Program>, Box<Program>),
    IsNull(Box<Program>, bool),
    Case(Box<Case>),
    Call(&'static Function, Vec<Program>),
    /// `=~` with a pattern that is known already: its text, and what was read of it.
    Matches(Box<Program>, SmolStr, Regex),
    Elements(Box<Elements>),
    Quantified(Quantifier, Box<Elements>),
    Reduce(Box<Reduce>),
}

/// The branches of a CASE.
#[derive(Debug)]
pub(super) struct Case {
    pub subject: Option<Program>,
    pub branches: Vec<(Program, Program)>,
    pub otherwise: Option<Program>,
}

pub(super) type Evaluated<'v> = Result<Cow<'v, Value>, EvalError>;

impl Program {
    /// The value, if it lies in the row or the program and only has to be found: a constant, a slot, a property of an
    /// element in a slot. `None` says nothing. Most of what queries evaluate is of this kind, and finding it needs none
    /// of what an evaluation has to be ready for.
    pub(super) fn find<'v>(&'v self, row: &'v [Value]) -> Option<&'v Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Slot(slot) => Some(&row[*slot]),
            Self::Property(base, key) => match **base {
                Self::Slot(slot) => access::property_of_element(&row[slot], key),
                _ => None,
            },
            _ => None,
        }
    }

    /// The truth of a comparison between two values that only have to be found; `None` says nothing.
    pub(super) fn find_truth(&self, row: &[Value]) -> Option<Option<bool>> {
        match self {
            Self::Binary(operator, left, right) => comparison(*operator, left.find(row)?, right.find(row)?),
            _ => None,
        }
    }

    pub(super) fn eval<'v>(&'v self, env: Env<'v>, allowance: &Allowance<'_>) -> Evaluated<'v> {
        match self {
            Self::Constant(value) => Ok(Cow::Borrowed(value)),
            Self::Slot(slot) => Ok(Cow::Borrowed(&env.row[*slot])),
            Self::Local(up) => Ok(Cow::Borrowed(env.local(*up))),
            Self::Property(base, key) => property(base.eval(env, allowance)?, key),
            Self::Index(base, at) => index(base.eval(env, allowance)?, &*at.eval(env, allowance)?),
            Self::Slice(base, from, to) => slice(base, from.as_deref(), to.as_deref(), env, allowance),
            Self::HasLabels(base, labels) => has_labels(&*base.eval(env, allowance)?, labels),
            Self::IsTyped(base, wanted, negated) => is_typed(&*base.eval(env, allowance)?, wanted, *negated),
            Self::List(items) => list(items, env, allowance),
            Self::Map(entries) => map(Map::new(), entries, env, allowance),
            Self::MapProjection(base, all, entries) => {
                match access::projected(&*base.eval(env, allowance)?, *all)? {
                    Some(properties) => map(properties, entries, env, allowance),
                    None => Ok(Cow::Owned(Value::Null)),
                }
            }
            Self::Unary(operator, operand) => unary(*operator, &*operand.eval(env, allowance)?),
            Self::Binary(operator @ (BinaryOp::And | BinaryOp::Or | BinaryOp::Xor), left, right) => {
                logical(*operator, left, right, env, allowance)
            }
            Self::Binary(operator, left, right) => {
                let left = left.eval(env, allowance)?;
                let right = right.eval(env, allowance)?;
                env.charge(&[&left, &right], allowance)?;
                apply(*operator, &left, &right, allowance)
            }
            Self::IsNull(operand, negated) => is_null(&*operand.eval(env, allowance)?, *negated),
            Self::Case(case) => case.eval(env, allowance),
            Self::Call(function, arguments) => call(function, arguments, env, allowance),
            Self::Matches(text, _, pattern) => truth(access::matches(&*text.eval(env, allowance)?, pattern)),
            Self::Elements(elements) => elements.eval(env, allowance).map(Cow::Owned),
            Self::Quantified(quantifier, elements) => {
                truth(elements.quantify(*quantifier, env, allowance)?)
            }
            Self::Reduce(reduce) => reduce.eval(env, allowance).map(Cow::Owned),
        }
    }
}

fn property<'v>(base: Cow<'v, Value>, key: &str) -> Evaluated<'v> {
    if let Some(component) = temporal::component(&base, key) {
        return component.map(Cow::Owned);
    }
    part_of(base, |base| access::property(base, key), |base| access::property(base, key).cloned())
}

fn index<'v>(base: Cow<'v, Value>, at: &Value) -> Evaluated<'v> {
    if let Value::String(key) = at
        && let Some(component) = temporal::component(&base, key)
    {
        return component.map(Cow::Owned);
    }
    part_of(base, |base| access::index(base, at), |base| access::index(base, at).cloned())
}

fn is_typed<'v>(base: &Value, wanted: &ValueType, negated: bool) -> Evaluated<'v> {
    truth(Some(wanted.admits(base) != negated))
}

fn has_labels<'v>(base: &Value, labels: &Labels) -> Evaluated<'v> {
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
    env: Env<'v>,
    allowance: &Allowance<'_>,
) -> Evaluated<'v> {
    let base = base.eval(env, allowance)?;
    let from = from.map(|from| from.eval(env, allowance)).transpose()?;
    let to = to.map(|to| to.eval(env, allowance)).transpose()?;
    access::slice(&base, from.as_deref(), to.as_deref(), allowance).map(Cow::Owned)
}

fn list<'v>(items: &[Program], env: Env<'v>, allowance: &Allowance<'_>) -> Evaluated<'v> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let value = item.eval(env, allowance)?;
        allowance.nested(&value)?;
        values.push(value.into_owned());
    }
    Ok(Cow::Owned(Value::list(values)))
}

/// `map` with these entries.
fn map<'v>(
    mut map: Map,
    entries: &[(SmolStr, Program)],
    env: Env<'v>,
    allowance: &Allowance<'_>,
) -> Evaluated<'v> {
    for (key, value) in entries {
        let value = value.eval(env, allowance)?;
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
    env: Env<'v>,
    allowance: &Allowance<'_>,
) -> Evaluated<'v> {
    let left = logic::truth(&*left.eval(env, allowance)?)?;
    match (operator, left) {
        (BinaryOp::And, Some(false)) | (BinaryOp::Or, Some(true)) => return truth(left),
        _ => {}
    }
    apply(operator, &logic::value(left), &*right.eval(env, allowance)?, allowance)
}

/// The operators that always look at both values.
fn apply<'v>(operator: BinaryOp, a: &Value, b: &Value, allowance: &Allowance<'_>) -> Evaluated<'v> {
    let calculate = |operation| arithmetic::calculate(operation, a, b).map(Cow::Owned);
    truth(match operator {
        BinaryOp::Add => return arithmetic::add(a, b, allowance).map(Cow::Owned),
        BinaryOp::Concatenate => return arithmetic::concatenate(a, b, allowance).map(Cow::Owned),
        BinaryOp::Subtract => return calculate(Operation::Subtract),
        BinaryOp::Multiply => return calculate(Operation::Multiply),
        BinaryOp::Divide => return calculate(Operation::Divide),
        BinaryOp::Modulo => return calculate(Operation::Modulo),
        BinaryOp::Power => return calculate(Operation::Power),
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual => comparison(operator, a, b).flatten(),
        BinaryOp::In => is_in(a, b)?,
        BinaryOp::StartsWith => access::test_text(a, b, |a, b| a.starts_with(b)),
        BinaryOp::EndsWith => access::test_text(a, b, |a, b| a.ends_with(b)),
        BinaryOp::Contains => access::test_text(a, b, |a, b| a.contains(b)),
        BinaryOp::Matches => access::matches_text(a, b, allowance)?,
        BinaryOp::And => logic::and(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Or => logic::or(logic::truth(a)?, logic::truth(b)?),
        BinaryOp::Xor => logic::xor(logic::truth(a)?, logic::truth(b)?),
    })
}

/// The truth of a comparison; `None` if the operator is not one. No comparison fails.
fn comparison(operator: BinaryOp, a: &Value, b: &Value) -> Option<Option<bool>> {
    Some(match operator {
        BinaryOp::Equal => compare::equals(a, b),
        BinaryOp::NotEqual => logic::not(compare::equals(a, b)),
        BinaryOp::Less => compare::compare(a, b).test(Ordering::is_lt),
        BinaryOp::LessOrEqual => compare::compare(a, b).test(Ordering::is_le),
        BinaryOp::Greater => compare::compare(a, b).test(Ordering::is_gt),
        BinaryOp::GreaterOrEqual => compare::compare(a, b).test(Ordering::is_ge),
        _ => return None,
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
    fn eval<'v>(&'v self, env: Env<'v>, allowance: &Allowance<'_>) -> Evaluated<'v> {
        let subject = self.subject.as_ref().map(|subject| subject.eval(env, allowance)).transpose()?;
        for (when, then) in &self.branches {
            let when = when.eval(env, allowance)?;
            let taken = match &subject {
                Some(subject) => compare::equals(subject, &when),
                None => logic::truth(&when)?,
            };
            if taken == Some(true) {
                return then.eval(env, allowance);
            }
        }
        self.otherwise
            .as_ref()
            .map_or(Ok(Cow::Owned(Value::Null)), |otherwise| otherwise.eval(env, allowance))
    }
}

fn call<'v>(
    function: &'static Function,
    arguments: &[Program],
    env: Env<'v>,
    allowance: &Allowance<'_>,
) -> Evaluated<'v> {
    let arg = |at: usize| {
        let value = arguments[at].eval(env, allowance)?;
        env.charge(&[&value], allowance)?;
        Ok(value.into_owned())
    };
    // Most calls have few arguments and need no allocation for them.
    let value = match arguments.len() {
        0 => function.apply(&[], allowance),
        1 => function.apply(&[arg(0)?], allowance),
        2 => function.apply(&[arg(0)?, arg(1)?], allowance),
        3 => function.apply(&[arg(0)?, arg(1)?, arg(2)?], allowance),
        _ => {
            let values = (0..arguments.len()).map(arg).collect::<Result<Vec<_>, EvalError>>()?;
            function.apply(&values, allowance)
        }
    }?;
    env.built(&value, allowance)?;
    Ok(Cow::Owned(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell_model::temporal::Date;
    use livewell_model::{ElementId, Node};

    /// A value of each kind that a property is asked of, and some that are compared.
    fn values() -> Vec<Value> {
        let properties: Map = [("k", Value::Int(2))].into_iter().collect();
        let node = Node { properties: properties.clone(), ..Node::new(ElementId::new("s", "n")) };
        let bare = Node::new(ElementId::new("s", "m"));
        let nodes = [node, bare].map(|node| Value::Node(Arc::new(node)));
        let scalars = [Value::Null, true.into(), 1.into(), 2.5.into(), f64::NAN.into(), "x".into()];
        let day = Date::new(1984, 10, 11).expect("a day").into();
        nodes.into_iter().chain(scalars).chain([Value::Map(Arc::new(properties)), day]).collect()
    }

    fn property(slot: usize, key: &str) -> Program {
        Program::Property(Box::new(Program::Slot(slot)), key.into())
    }

    #[test]
    fn what_is_found_is_what_evaluation_gives() {
        let mut found = 0;
        for value in values() {
            let row = [Value::Int(7), value];
            for program in
                [Program::Constant(3.into()), Program::Slot(1), property(1, "k"), property(1, "year")]
            {
                if let Some(value) = program.find(&row) {
                    found += 1;
                    let evaluated = program.eval(Env::of(&row), &Allowance::default());
                    assert_eq!(evaluated.map(Cow::into_owned), Ok(value.clone()), "{program:?} over {row:?}");
                }
            }
        }
        assert_eq!(found, 2 * values().len() + 2 * 2, "constants, slots, and properties of elements");
    }

    #[test]
    fn a_truth_that_is_found_is_what_evaluation_gives() {
        use BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        for (left, right) in
            values().into_iter().flat_map(|left| values().into_iter().map(move |right| (left.clone(), right)))
        {
            let row = [left, right];
            for operator in [Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual] {
                let program =
                    Program::Binary(operator, Box::new(Program::Slot(0)), Box::new(Program::Slot(1)));
                let evaluated = program.eval(Env::of(&row), &Allowance::default()).expect("a truth value");
                let truth = logic::truth(&evaluated).expect("a truth value");
                assert_eq!(program.find_truth(&row), Some(truth), "{operator:?} over {row:?}");
            }
        }
        let sum = Program::Binary(BinaryOp::Add, Box::new(Program::Slot(0)), Box::new(Program::Slot(0)));
        assert_eq!(sum.find_truth(&[1.into()]), None);
    }
}
