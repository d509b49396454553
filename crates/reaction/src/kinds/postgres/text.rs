//! Prints values as text for PostgreSQL, by the type of the column or parameter.

use super::kind::{Class, Taking};
use livewell_model::Value;
use livewell_model::temporal::{Date, Duration, LocalDateTime, LocalTime, Offset};
use std::fmt::Write;

/// PostgreSQL keeps microseconds. What is below them is cut, so that no value moves into the next second or year.
const NANOS_KEPT: i64 = 1_000;

/// Returns the text of a value; `None` is NULL.
pub(super) fn text(value: &Value, taking: Taking) -> Option<String> {
    match value {
        Value::Null => None,
        Value::List(items) if taking.is_list => Some(array(items, taking)),
        value => Some(scalar(value, taking.class)),
    }
}

fn scalar(value: &Value, class: Class) -> String {
    match (value, class) {
        (_, Class::Json) => json(value),
        (Value::Bytes(bytes), Class::Bytes) => bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        }),
        (Value::String(text), _) => text.to_string(),
        (Value::Bool(value), _) => value.to_string(),
        (Value::Int(value), _) => value.to_string(),
        (Value::Decimal(value), _) => value.to_string(),
        (Value::Float(value), _) if value.is_nan() => "NaN".into(),
        (Value::Float(value), _) if value.is_infinite() => {
            if *value > 0.0 { "Infinity" } else { "-Infinity" }.into()
        }
        // Integers are only read without a fraction, even a zero one.
        (Value::Float(value), Class::Integer) if value.fract() == 0.0 => format!("{value:.0}"),
        // The shortest digits that are read back as the same number.
        (Value::Float(value), _) => format!("{value:?}"),
        (value, class) if class.is_temporal() => temporal(value).unwrap_or_else(|| iso(value)),
        _ => iso(value),
    }
}

/// Returns the text that JSON has of a temporal value, without the name of a zone, whose offset says the moment.
fn iso(value: &Value) -> String {
    match value {
        Value::Date(value) => value.to_string(),
        Value::Time(value) => value.to_string(),
        Value::LocalTime(value) => value.to_string(),
        Value::LocalDateTime(value) => value.to_string(),
        Value::Duration(value) => value.to_string(),
        Value::DateTime(value) => {
            let text = value.to_string();
            text.split('[').next().unwrap_or(&text).to_owned()
        }
        _ => json(value),
    }
}

/// Returns a temporal value as PostgreSQL writes it: years before 1 as `BC`, years after 9999 without a sign.
fn temporal(value: &Value) -> Option<String> {
    Some(match value {
        Value::Date(date) => {
            let (day, era) = day(*date);
            format!("{day}{era}")
        }
        Value::LocalTime(time) => cut(*time).to_string(),
        Value::Time(time) => format!("{}{}", cut(time.local), Offset(time.offset())),
        Value::LocalDateTime(at) => {
            let (day, era) = day(at.date);
            format!("{day} {}{era}", cut(at.time))
        }
        Value::DateTime(at) => {
            // In UTC: PostgreSQL reads no offsets beyond 15:59, and keeps none.
            let utc = LocalDateTime::from_nanos(at.utc_nanos())?;
            let (day, era) = day(utc.date);
            format!("{day} {}+00{era}", cut(utc.time))
        }
        Value::Duration(duration) => {
            let kept = duration.nanos() - duration.nanos() % i128::from(NANOS_KEPT);
            Duration::new(duration.months, duration.days, kept)?.to_string()
        }
        _ => return None,
    })
}

fn day(date: Date) -> (String, &'static str) {
    let (year, month, day) = date.civil();
    // PostgreSQL has no year 0: the year before 1 is 1 BC.
    let (year, era) = if year > 0 { (year, "") } else { (1 - year, " BC") };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

fn cut(time: LocalTime) -> LocalTime {
    LocalTime::from_nanos(time.nanos() - time.nanos() % NANOS_KEPT).unwrap_or(time)
}

/// Returns a list as an array: `{1,NULL,"a \"b\""}`.
fn array(items: &[Value], taking: Taking) -> String {
    let item = |item: &Value| match item {
        Value::Null => "NULL".into(),
        Value::List(items) => array(items, taking),
        item => format!("\"{}\"", scalar(item, taking.class).replace('\\', "\\\\").replace('"', "\\\"")),
    };
    format!("{{{}}}", items.iter().map(item).collect::<Vec<_>>().join(","))
}

fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("a value always has a JSON form")
}

/// Returns the type of a column for such values, if they are of one kind; NULL is ignored.
///
/// Numbers become `numeric`, since integers so far do not guarantee integers later: only if all are floats is it a
/// column of floats.
pub(super) fn type_of<'a>(values: impl Iterator<Item = &'a Value>) -> Option<&'static str> {
    let mut found = None;
    for value in values {
        let of_value = match value {
            Value::Null => continue,
            Value::Bool(_) => "boolean",
            Value::Int(_) => "numeric",
            Value::Float(_) => "double precision",
            Value::Decimal(_) => "numeric",
            Value::Bytes(_) => "bytea",
            Value::Date(_) => "date",
            Value::Time(_) => "time with time zone",
            Value::LocalTime(_) => "time without time zone",
            Value::DateTime(_) => "timestamp with time zone",
            Value::LocalDateTime(_) => "timestamp without time zone",
            Value::String(_) | Value::Duration(_) => "text",
            _ => "jsonb",
        };
        found = match (found, of_value) {
            (None, _) => Some(of_value),
            (Some(same), _) if same == of_value => found,
            (Some("numeric" | "double precision"), "numeric" | "double precision") => Some("numeric"),
            _ => Some("text"),
        };
    }
    found
}

/// Returns `schema.name` as SQL quotes it.
pub(super) fn name_of(table: &str) -> String {
    table.splitn(2, '.').map(quoted).collect::<Vec<_>>().join(".")
}

/// Returns a name as SQL quotes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a text as SQL quotes it.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(class: Class) -> Taking {
        Taking { class, is_list: false }
    }

    #[test]
    fn values_have_one_text_for_each_way_of_taking_them() {
        let string = Value::string("a \"b\"");
        assert_eq!(text(&string, one(Class::Text)).unwrap(), "a \"b\"");
        assert_eq!(text(&string, one(Class::Json)).unwrap(), r#""a \"b\"""#);
        assert_eq!(text(&Value::Null, one(Class::Json)), None);
        assert_eq!(text(&Value::Float(1e300), one(Class::Float)).unwrap(), "1e300");
        assert_eq!(text(&Value::Float(1e18), one(Class::Integer)).unwrap(), "1000000000000000000");
        assert_eq!(text(&Value::Float(1.5), one(Class::Integer)).unwrap(), "1.5");
        let decimal = |text: &str| Value::Decimal(livewell_model::Decimal::parse(text).unwrap().into());
        assert_eq!(text(&decimal("5.00"), one(Class::Integer)).unwrap(), "5");
        assert_eq!(text(&Value::Float(f64::NEG_INFINITY), one(Class::Float)).unwrap(), "-Infinity");
        assert_eq!(text(&Value::Bytes([1, 255].as_slice().into()), one(Class::Bytes)).unwrap(), "\\x01ff");
    }

    #[test]
    fn a_list_is_an_array_with_everything_in_quotes_that_needs_them() {
        let list = |items: Vec<Value>| Value::list(items);
        let taking = |class| Taking { class, is_list: true };
        let items = list(vec![Value::Int(1), Value::Null, Value::string("a,\"\\{}"), Value::string("null")]);
        assert_eq!(text(&items, taking(Class::Text)).unwrap(), r#"{"1",NULL,"a,\"\\{}","null"}"#);
        let nested = list(vec![list(vec![Value::Int(1)]), list(vec![Value::Float(2.0)])]);
        assert_eq!(text(&nested, taking(Class::Integer)).unwrap(), r#"{{"1"},{"2"}}"#);
        assert_eq!(text(&list(vec![]), taking(Class::Text)).unwrap(), "{}");
    }

    #[test]
    fn temporal_values_are_written_as_postgresql_writes_them_and_never_rounded() {
        let date = |year, month, day| Value::Date(Date::new(year, month, day).unwrap());
        for (value, written) in [
            (date(-43, 3, 15), "0044-03-15 BC"),
            (date(0, 1, 1), "0001-01-01 BC"),
            (date(12_345, 1, 1), "12345-01-01"),
            (date(7, 1, 2), "0007-01-02"),
        ] {
            assert_eq!(text(&value, one(Class::Date)).unwrap(), written);
        }
        let local = |year, nanos| LocalDateTime {
            date: Date::new(year, 12, 31).unwrap(),
            time: LocalTime::from_nanos(nanos).unwrap(),
        };
        let last = 86_399_999_999_900;
        assert_eq!(
            text(&Value::LocalDateTime(local(2024, last)), one(Class::Timestamp)).unwrap(),
            "2024-12-31 23:59:59.999999"
        );
        assert_eq!(
            text(&Value::LocalTime(local(1, last).time), one(Class::Time)).unwrap(),
            "23:59:59.999999"
        );
        assert_eq!(
            text(&Value::LocalTime(local(1, last).time), one(Class::Text)).unwrap(),
            "23:59:59.999999900"
        );
        let moment = livewell_model::temporal::DateTime::new(local(-43, 0), 3_600, None).unwrap();
        assert_eq!(
            text(&Value::DateTime(moment.into()), one(Class::TimestampTz)).unwrap(),
            "0044-12-30 23:00+00 BC"
        );
        let duration = Value::Duration(Duration::new(1, 0, -1_999).unwrap().into());
        assert_eq!(text(&duration, one(Class::Interval)).unwrap(), "P1MT-0.000001S");
    }

    #[test]
    fn a_column_has_the_type_of_its_values_and_mixtures_are_text() {
        let (int, float, string) = (Value::Int(1), Value::Float(0.5), Value::string("a"));
        for (values, expected) in [
            (vec![], None),
            (vec![&Value::Null], None),
            (vec![&Value::Null, &int], Some("numeric")),
            (vec![&float, &float], Some("double precision")),
            (vec![&float, &int, &float], Some("numeric")),
            (vec![&int, &string], Some("text")),
            (vec![&float, &Value::Bool(true), &int], Some("text")),
        ] {
            assert_eq!(type_of(values.into_iter()), expected);
        }
    }
}
