//! The functions of Cypher: one table, read by the checks, the compiler and the evaluation.

mod convert;
mod decimal;
mod element;
mod equal;
mod function;
mod list;
mod math;
mod refused;
mod round;
mod string;
mod temporal;

pub(crate) use equal::equal_of;
pub use function::Function;

use super::TypeSet;
use crate::language::ast::{AggregateOp, Span};
use crate::language::nearest::suggest;
use crate::language::{Diagnostic, code, of_time};
use function::{clock, partial, total};

const ANY: TypeSet = TypeSet::ANY;
const BOOLEAN: TypeSet = TypeSet::BOOLEAN;
const INTEGER: TypeSet = TypeSet::INTEGER;
const FLOAT: TypeSet = TypeSet::FLOAT;
const NUMBER: TypeSet = TypeSet::NUMBER;
/// What may have a fraction.
const FRACTIONAL: TypeSet = FLOAT.or(TypeSet::DECIMAL);
const STRING: TypeSet = TypeSet::STRING;
const LIST: TypeSet = TypeSet::LIST;
const SCALAR: TypeSet = NUMBER.or(STRING).or(BOOLEAN);
const DATE: TypeSet = TypeSet::DATE;
const TIME: TypeSet = TypeSet::TIME;
const LOCAL_TIME: TypeSet = TypeSet::LOCAL_TIME;
const DATE_TIME: TypeSet = TypeSet::DATE_TIME;
const LOCAL_DATE_TIME: TypeSet = TypeSet::LOCAL_DATE_TIME;
const INSTANT: TypeSet = TypeSet::INSTANT;
const DURATION: TypeSet = TypeSet::DURATION;
/// What every temporal value can be made from.
const WRITTEN: TypeSet = STRING.or(TypeSet::MAP);
const MOMENT: TypeSet = DATE_TIME.or(LOCAL_DATE_TIME);
const TIMED: TypeSet = MOMENT.or(TIME).or(LOCAL_TIME);
const DATED: TypeSet = MOMENT.or(DATE);
const MAP: TypeSet = TypeSet::MAP;
const KEYED: TypeSet = TypeSet::ELEMENT.or(TypeSet::MAP);

/// Every function.
pub static TABLE: &[Function] = &[
    total("coalesce", &[ANY], ANY, list::coalesce).variadic().lenient(),
    total("nullIf", &[ANY, ANY], ANY, list::null_if).lenient(),
    total("size", &[LIST.or(STRING)], INTEGER, list::size),
    total("char_length", &[STRING], INTEGER, list::characters),
    total("character_length", &[STRING], INTEGER, list::characters),
    total("length", &[TypeSet::PATH], INTEGER, list::length),
    total("nodes", &[TypeSet::PATH], LIST, list::nodes),
    total("relationships", &[TypeSet::PATH], LIST, list::relationships),
    total("head", &[LIST], ANY, list::head),
    total("last", &[LIST], ANY, list::last),
    partial("tail", &[LIST], LIST, list::tail),
    partial("reverse", &[LIST.or(STRING)], LIST.or(STRING), list::reverse),
    partial("range", &[INTEGER, INTEGER, INTEGER], LIST, list::range).optional(1).lenient(),
    total("livewell.listMax", &[LIST], ANY, list::max),
    total("livewell.listMin", &[LIST], ANY, list::min),
    partial("livewell.stDevP", &[LIST], TypeSet::FLOAT, list::deviation),
    total("isEmpty", &[LIST.or(STRING).or(TypeSet::MAP)], BOOLEAN, list::is_empty),
    total("keys", &[KEYED], LIST, element::keys),
    total("labels", &[TypeSet::NODE], LIST, element::labels),
    total("type", &[TypeSet::RELATIONSHIP], STRING, element::kind),
    total("properties", &[KEYED], TypeSet::MAP, element::properties),
    total("id", &[TypeSet::ELEMENT], STRING, element::id),
    total("elementId", &[TypeSet::ELEMENT], STRING, element::id),
    total("toString", &[SCALAR.or(TypeSet::TEMPORAL)], STRING, convert::to_string),
    partial("toInteger", &[NUMBER.or(STRING)], INTEGER, convert::to_integer),
    total("toFloat", &[NUMBER.or(STRING)], FLOAT, convert::to_float),
    partial("livewell.toDecimal", &[NUMBER.or(STRING)], TypeSet::DECIMAL, convert::to_decimal),
    total("toBoolean", &[BOOLEAN.or(STRING)], BOOLEAN, convert::to_boolean),
    total("toStringOrNull", &[ANY], STRING, convert::to_string_or_null),
    total("toIntegerOrNull", &[ANY], INTEGER, convert::to_integer_or_null),
    total("toFloatOrNull", &[ANY], FLOAT, convert::to_float_or_null),
    total("toBooleanOrNull", &[ANY], BOOLEAN, convert::to_boolean_or_null),
    partial("toStringList", &[LIST], LIST, convert::to_string_list),
    partial("toIntegerList", &[LIST], LIST, convert::to_integer_list),
    partial("toFloatList", &[LIST], LIST, convert::to_float_list),
    partial("toBooleanList", &[LIST], LIST, convert::to_boolean_list),
    partial("abs", &[NUMBER], NUMBER, math::abs),
    partial("ceil", &[NUMBER], FRACTIONAL, math::ceil),
    partial("floor", &[NUMBER], FRACTIONAL, math::floor),
    partial("round", &[NUMBER, NUMBER, STRING], FRACTIONAL, round::round).optional(2),
    total("sign", &[NUMBER], INTEGER, math::sign),
    total("sqrt", &[NUMBER], FLOAT, math::sqrt),
    total("exp", &[NUMBER], FLOAT, math::exp),
    total("log", &[NUMBER], FLOAT, math::log),
    total("log10", &[NUMBER], FLOAT, math::log10),
    total("sin", &[NUMBER], FLOAT, math::sin),
    total("cos", &[NUMBER], FLOAT, math::cos),
    total("tan", &[NUMBER], FLOAT, math::tan),
    total("cot", &[NUMBER], FLOAT, math::cot),
    total("sinh", &[NUMBER], FLOAT, math::sinh),
    total("cosh", &[NUMBER], FLOAT, math::cosh),
    total("tanh", &[NUMBER], FLOAT, math::tanh),
    total("coth", &[NUMBER], FLOAT, math::coth),
    total("asin", &[NUMBER], FLOAT, math::asin),
    total("acos", &[NUMBER], FLOAT, math::acos),
    total("atan", &[NUMBER], FLOAT, math::atan),
    total("atan2", &[NUMBER, NUMBER], FLOAT, math::atan2),
    total("degrees", &[NUMBER], FLOAT, math::degrees),
    total("radians", &[NUMBER], FLOAT, math::radians),
    total("haversin", &[NUMBER], FLOAT, math::haversin),
    total("isNaN", &[NUMBER], BOOLEAN, math::is_nan),
    total("pi", &[], FLOAT, math::pi),
    total("e", &[], FLOAT, math::e),
    total("toUpper", &[STRING], STRING, string::to_upper),
    total("toLower", &[STRING], STRING, string::to_lower),
    total("upper", &[STRING], STRING, string::to_upper),
    total("lower", &[STRING], STRING, string::to_lower),
    total("trim", &[STRING], STRING, string::trim),
    total("bTrim", &[STRING, STRING], STRING, string::trim).optional(1),
    total("lTrim", &[STRING, STRING], STRING, string::trim_left).optional(1),
    total("rTrim", &[STRING, STRING], STRING, string::trim_right).optional(1),
    partial("substring", &[STRING, INTEGER, INTEGER], STRING, string::substring).optional(1).lenient(),
    partial("left", &[STRING, INTEGER], STRING, string::left).lenient(),
    partial("right", &[STRING, INTEGER], STRING, string::right).lenient(),
    partial("replace", &[STRING, STRING, STRING, INTEGER], STRING, string::replace).optional(1),
    partial("split", &[STRING, STRING], LIST, string::split),
    partial("date", &[WRITTEN.or(DATED)], DATE, temporal::date),
    partial("time", &[WRITTEN.or(TIMED)], TIME, temporal::time),
    partial("localtime", &[WRITTEN.or(TIMED)], LOCAL_TIME, temporal::local_time),
    partial("datetime", &[WRITTEN.or(MOMENT)], DATE_TIME, temporal::date_time),
    partial("localdatetime", &[WRITTEN.or(MOMENT)], LOCAL_DATE_TIME, temporal::local_date_time),
    partial("date.truncate", &[STRING, INSTANT, MAP], DATE, temporal::date_truncate).optional(1),
    partial("time.truncate", &[STRING, INSTANT, MAP], TIME, temporal::time_truncate).optional(1),
    partial("localtime.truncate", &[STRING, INSTANT, MAP], LOCAL_TIME, temporal::local_time_truncate)
        .optional(1),
    partial("datetime.truncate", &[STRING, INSTANT, MAP], DATE_TIME, temporal::date_time_truncate)
        .optional(1),
    partial(
        "localdatetime.truncate",
        &[STRING, INSTANT, MAP],
        LOCAL_DATE_TIME,
        temporal::local_date_time_truncate,
    )
    .optional(1),
    partial("datetime.fromEpoch", &[INTEGER, INTEGER], DATE_TIME, temporal::from_epoch),
    partial("datetime.fromEpochMillis", &[INTEGER], DATE_TIME, temporal::from_epoch_millis),
    partial("duration", &[WRITTEN.or(DURATION)], DURATION, temporal::duration),
    partial("duration.between", &[INSTANT, INSTANT], DURATION, temporal::duration_between),
    partial("duration.inMonths", &[INSTANT, INSTANT], DURATION, temporal::duration_in_months),
    partial("duration.inDays", &[INSTANT, INSTANT], DURATION, temporal::duration_in_days),
    partial("duration.inSeconds", &[INSTANT, INSTANT], DURATION, temporal::duration_in_seconds),
    clock("date.transaction"),
    clock("date.statement"),
    clock("date.realtime"),
    clock("time.transaction"),
    clock("time.statement"),
    clock("time.realtime"),
    clock("localtime.transaction"),
    clock("localtime.statement"),
    clock("localtime.realtime"),
    clock("datetime.transaction"),
    clock("datetime.statement"),
    clock("datetime.realtime"),
    clock("localdatetime.transaction"),
    clock("localdatetime.statement"),
    clock("localdatetime.realtime"),
];

/// The functions that plans call and queries do not.
static EQUAL: &[Function] = &[
    total("as text", &[ANY], STRING, equal::text),
    total("as integer", &[ANY], INTEGER, equal::integer),
    total("as float", &[ANY], FLOAT, equal::float),
    total("as boolean", &[ANY], BOOLEAN, equal::boolean),
];

/// The function of that name that takes so many arguments.
///
/// # Errors
/// A [`Diagnostic`] where there is none, or where it is one that standing queries do not have.
pub fn resolve(name: &str, arguments: usize, span: Span) -> Result<&'static Function, Diagnostic> {
    if let Some(refused) = refused::clock(name, arguments, span) {
        return Err(refused);
    }
    let mut known = TABLE.iter().chain(EQUAL);
    let Some(function) = known.find(|function| function.name.eq_ignore_ascii_case(name)) else {
        return Err(refused::reason(name, span).unwrap_or_else(|| unknown(name, span)));
    };
    let (fewest, most) = function.arguments;
    if (fewest..=most).contains(&arguments) {
        return Ok(function);
    }
    let wanted = match (fewest, most) {
        (1, 1) => "1 argument".into(),
        (fewest, usize::MAX) => format!("at least {fewest} argument"),
        (fewest, most) if fewest == most => format!("{fewest} arguments"),
        (fewest, most) => format!("{fewest} to {most} arguments"),
    };
    let message = format!("`{}` takes {wanted}, got {arguments}", function.name);
    Err(Diagnostic::semantic(code::CALL, span, message))
}

fn unknown(name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::semantic(code::CALL, span, format!("there is no function `{name}`"));
    let bare = |full: &&str| full.rsplit('.').next().is_some_and(|last| last.eq_ignore_ascii_case(name));
    // A name of one word is as long in the text as here.
    let word = Span { start: span.start, end: span.start + name.len() };
    let aggregates = AggregateOp::ALL.iter().map(|(name, _)| *name);
    let known = TABLE.iter().map(|function| function.name).chain(aggregates).chain(of_time());
    let suggested = match of_time().find(bare) {
        Some(full) => diagnostic.with_help(format!("did you mean `{full}`?")).with_edit(word, full),
        None => suggest(diagnostic, (name, word), known, str::to_owned),
    };
    Diagnostic { edit: suggested.edit.filter(|_| !name.contains('.')), ..suggested }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::Allowance;
    use livewell_model::{Decimal, ElementId, Map, Node, Relationship, Value};
    use std::sync::Arc;

    fn samples() -> Vec<Value> {
        let id = |id: &str| ElementId::new("s", id);
        let relationship = Relationship {
            id: id("r"),
            kind: "T".into(),
            from: id("a"),
            to: id("b"),
            properties: Map::new(),
        };
        let numbers = [0, 1, -1, i64::MIN, i64::MAX].map(Value::Int);
        let floats = [0.5, -0.5, f64::NAN, f64::INFINITY, 1e300].map(Value::Float);
        let decimals = ["0.5", "-1.5", "1e300"].map(|text| Decimal::parse(text).expect(text).into());
        let others = [
            Value::Null,
            true.into(),
            "".into(),
            "a,b".into(),
            Value::Bytes(Arc::new([1])),
            vec![1, 2].into(),
            Value::Map(Arc::new(Map::new())),
            Value::Node(Arc::new(Node::new(id("a")))),
            Value::Relationship(Arc::new(relationship)),
            Value::Path(Arc::new([Value::Node(Arc::new(Node::new(id("a"))))])),
        ];
        let temporal = [
            ("date", "2017-10-29"),
            ("time", "12:31:14.645+01:00"),
            ("localtime", "02:30"),
            ("datetime", "2017-10-29T02:30[Europe/Stockholm]"),
            ("localdatetime", "-999999999-01-01T00:00"),
            ("duration", "P1Y-2M3DT4.5S"),
        ];
        let temporal = temporal.map(|(name, text)| {
            let function = resolve(name, 1, Span::default()).expect("in the table");
            function.apply(&[text.into()], &Allowance::default()).expect("a temporal value")
        });
        numbers.into_iter().chain(floats).chain(decimals).chain(others).chain(temporal).collect()
    }

    /// All lists of so many samples.
    fn tuples(count: usize) -> Vec<Vec<Value>> {
        (0..count).fold(vec![vec![]], |tuples, _| {
            let longer = |tuple: Vec<Value>| {
                samples().into_iter().map(move |value| [tuple.clone(), vec![value]].concat())
            };
            tuples.into_iter().flat_map(longer).collect()
        })
    }

    #[test]
    fn what_the_table_says_of_a_function_is_what_it_does() {
        for function in TABLE {
            let (fewest, most) = function.arguments;
            for tuple in (fewest..=most.min(fewest + 1)).flat_map(tuples) {
                let fits = |(at, value)| TypeSet::of(value).within(function.parameter(at));
                let (all_fit, null) = (tuple.iter().enumerate().all(fits), tuple.iter().any(Value::is_null));
                let call = format!("{}{tuple:?}", function.name);
                match function.apply(&tuple, &Allowance::default()) {
                    Ok(value) => {
                        assert!(all_fit || null, "{call} takes more than the table says");
                        assert!(TypeSet::of(&value).within(function.result), "{call} gave {value:?}");
                    }
                    Err(error) if all_fit => {
                        assert!(function.fallible && error.code != code::VALUE_TYPE, "{call}: {error}");
                    }
                    Err(error) => assert!(null || error.code == code::VALUE_TYPE, "{call}: {error}"),
                }
            }
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_stand_in_the_table_once() {
        for function in TABLE {
            let found = resolve(&function.name.to_lowercase(), function.arguments.0, Span::default());
            assert!(std::ptr::eq(found.expect("in the table"), function), "{}", function.name);
        }
    }
}
