//! What a condition on one element requires of it: properties that have to equal one of some constants.

use super::program::Program;
use super::{BinaryOp, Compiled};
use livewell_model::{SmolStr, Value};

/// A property, and the constants of which it has to equal one.
type Required<'p> = (&'p SmolStr, Vec<&'p Value>);

impl Compiled {
    /// The properties of the element in the first slot that have to equal one of some constants for the expression to
    /// be true. The constants are texts, numbers and booleans, for which equality is equality of
    /// [keys](livewell_model::key).
    pub fn constants(&self) -> Vec<Required<'_>> {
        let mut required = Vec::new();
        collect(&self.program, &mut required);
        required
    }
}

fn collect<'p>(program: &'p Program, required: &mut Vec<Required<'p>>) {
    match program {
        Program::Binary(BinaryOp::And, left, right) => {
            collect(left, required);
            collect(right, required);
        }
        Program::Binary(BinaryOp::Equal, left, right) => {
            let equal = |property, other| Some((own(property)?, vec![constant(other)?]));
            required.extend(equal(left, right).or_else(|| equal(right, left)));
        }
        Program::Binary(BinaryOp::In, item, list) => {
            required.extend(own(item).and_then(|property| Some((property, constants(list)?))));
        }
        _ => {}
    }
}

/// The property, if this is one of the element in the first slot.
fn own(program: &Program) -> Option<&SmolStr> {
    match program {
        Program::Property(base, key) if matches!(**base, Program::Slot(0)) => Some(key),
        _ => None,
    }
}

fn constant(program: &Program) -> Option<&Value> {
    match program {
        Program::Constant(value) => Some(value).filter(|value| is_plain(value)),
        _ => None,
    }
}

fn constants(program: &Program) -> Option<Vec<&Value>> {
    match program {
        Program::Constant(Value::List(items)) => {
            items.iter().map(|item| Some(item).filter(|item| is_plain(item))).collect()
        }
        Program::List(items) => items.iter().map(constant).collect(),
        _ => None,
    }
}

fn is_plain(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Decimal(_) | Value::String(_) => true,
        Value::Float(float) => !float.is_nan(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::Engine;
    use livewell_model::{Map, Value};

    fn required(condition: &str) -> Vec<String> {
        let text = format!("MATCH (n:A) WHERE {condition} RETURN n.x AS x");
        let params = Map::from_iter([("p", Value::Int(7)), ("list", Value::list(vec![Value::Int(1)]))]);
        let engine = Engine::compile(&text, &params).expect("a query");
        let interest = engine.interest();
        let [guard] = interest.guards() else { panic!("one scan: {interest:?}") };
        let shown = |(property, values): (&_, Vec<&Value>)| format!("{property} {values:?}");
        guard.constants().into_iter().map(shown).collect()
    }

    #[test]
    fn what_has_to_equal_a_constant_is_found_whichever_way_it_is_written() {
        assert_eq!(required("n.a = 7"), ["a [Int(7)]"]);
        assert_eq!(required("7 = n.a AND n.b = 'x'"), ["a [Int(7)]", "b [String(\"x\")]"]);
        assert_eq!(required("n.a = $p"), ["a [Int(7)]"]);
        assert_eq!(required("n.a IN [1, 2.5]"), ["a [Int(1), Float(2.5)]"]);
        assert_eq!(required("n.a IN $list"), ["a [Int(1)]"]);
    }

    #[test]
    fn other_conditions_require_no_constant() {
        for condition in [
            "n.a = n.b",
            "n.a = 7 OR n.b = 7",
            "NOT n.a = 7",
            "n.a <> 7",
            "n.a > 7",
            "n.a IN [1, null]",
            "n.a = [7]",
        ] {
            assert_eq!(required(condition), Vec::<String>::new(), "{condition}");
        }
    }
}
