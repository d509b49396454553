//! What values mean beyond their form: the logical types of Avro, and the names that Kafka Connect and Debezium give.

use super::form::Form;
use super::moment;
use livewell_model::temporal::{
    Date, DateTime, Duration, LocalDateTime, LocalTime, NANOS_PER_DAY, NANOS_PER_SECOND,
};
use livewell_model::{Decimal, Value};
use serde_json::{Map, Value as Json};

/// How many digits a decimal has after its point, or zeros before it.
const SCALE_MAX: i64 = 1_000;

/// What a value means. A unit is the number of nanoseconds that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Plain,
    /// An integer in two's complement, of which so many digits are behind the point.
    Decimal(i64),
    /// A record of the scale and such an integer.
    DecimalWithScale,
    /// Days since 1970.
    Day,
    /// The time of a day, in a unit.
    Time(i64),
    /// A moment since 1970 in UTC, in a unit.
    Moment(i64),
    /// A day and a time since 1970, in a unit, in no zone.
    Local(i64),
    /// How long something takes, in a unit.
    Took(i64),
    /// Months, days and milliseconds.
    Duration,
    /// A moment with its offset, as a text.
    Zoned,
    /// A UUID in 16 bytes.
    Uuid,
}

const MILLI: i64 = NANOS_PER_SECOND / 1_000;
const MICRO: i64 = NANOS_PER_SECOND / 1_000_000;
const NANO: i64 = 1;

/// Returns what a type means by its attributes. Names and logical types that do not fit its form, or that are not known,
/// mean nothing, as Avro has it.
///
/// # Errors
/// Returns an error if a decimal has more digits behind its point than one may have.
pub(super) fn meaning(form: &Form, object: &Map<String, Json>) -> Result<Meaning, String> {
    use Meaning::{Day, DecimalWithScale, Local, Moment, Plain, Time, Took, Zoned};
    let text = |name: &str| object.get(name).and_then(Json::as_str).unwrap_or_default();
    let by_name = match (form, text("connect.name")) {
        (Form::Int, "io.debezium.time.Date" | "org.apache.kafka.connect.data.Date") => Day,
        (Form::Int, "io.debezium.time.Time" | "org.apache.kafka.connect.data.Time") => Time(MILLI),
        (Form::Long, "io.debezium.time.MicroTime") => Time(MICRO),
        (Form::Long, "io.debezium.time.NanoTime") => Time(NANO),
        (Form::Long, "org.apache.kafka.connect.data.Timestamp") => Moment(MILLI),
        (Form::Long, "io.debezium.time.Timestamp") => Local(MILLI),
        (Form::Long, "io.debezium.time.MicroTimestamp") => Local(MICRO),
        (Form::Long, "io.debezium.time.NanoTimestamp") => Local(NANO),
        (Form::Long, "io.debezium.time.MicroDuration") => Took(MICRO),
        (Form::Long, "io.debezium.time.NanoDuration") => Took(NANO),
        (Form::String, "io.debezium.time.ZonedTimestamp") => Zoned,
        (Form::Record(_), "io.debezium.data.VariableScaleDecimal") => DecimalWithScale,
        (Form::Bytes, "org.apache.kafka.connect.data.Decimal") => return decimal(object),
        _ => Plain,
    };
    Ok(match (form, text("logicalType")) {
        _ if by_name != Plain => by_name,
        (Form::Bytes | Form::Fixed(_), "decimal") => return decimal(object),
        (Form::Int, "date") => Day,
        (Form::Int, "time-millis") => Time(MILLI),
        (Form::Long, "time-micros") => Time(MICRO),
        (Form::Long, "timestamp-millis") => Moment(MILLI),
        (Form::Long, "timestamp-micros") => Moment(MICRO),
        (Form::Long, "timestamp-nanos") => Moment(NANO),
        (Form::Long, "local-timestamp-millis") => Local(MILLI),
        (Form::Long, "local-timestamp-micros") => Local(MICRO),
        (Form::Long, "local-timestamp-nanos") => Local(NANO),
        (Form::Fixed(12), "duration") => Meaning::Duration,
        (Form::Fixed(16), "uuid") => Meaning::Uuid,
        _ => Plain,
    })
}

fn decimal(object: &Map<String, Json>) -> Result<Meaning, String> {
    // Connect's converter writes the scale as a parameter of its own, too, and as a text.
    let parameter = || object.get("connect.parameters")?.get("scale")?.as_str()?.parse().ok();
    let scale = object.get("scale").and_then(Json::as_i64).or_else(parameter).unwrap_or(0);
    match scale.abs() <= SCALE_MAX {
        true => Ok(Meaning::Decimal(scale)),
        false => Err(format!("a decimal has the scale {scale}, and {SCALE_MAX} is the largest")),
    }
}

/// Returns the value of a number; `None` if it is one.
///
/// # Errors
/// Returns why there is no such day or time.
pub(super) fn of_number(meaning: Meaning, number: i64) -> Result<Option<Value>, String> {
    let cannot = |what: &str| format!("{number} is not {what} that can be kept");
    let nanos = |unit: i64| i128::from(number) * i128::from(unit);
    let local = |unit| LocalDateTime::from_nanos(nanos(unit));
    Ok(Some(match meaning {
        Meaning::Day => Date::from_days(number).ok_or_else(|| cannot("a date"))?.into(),
        Meaning::Time(unit) => {
            let nanos = i64::try_from(nanos(unit)).ok().filter(|nanos| (0..NANOS_PER_DAY).contains(nanos));
            nanos.and_then(LocalTime::from_nanos).ok_or_else(|| cannot("a time of a day"))?.into()
        }
        Meaning::Moment(unit) => {
            let moment = local(unit).and_then(|local| DateTime::new(local, 0, None));
            moment.ok_or_else(|| cannot("a moment"))?.into()
        }
        Meaning::Local(unit) => local(unit).ok_or_else(|| cannot("a date and time"))?.into(),
        Meaning::Took(unit) => Duration::new(0, 0, nanos(unit)).ok_or_else(|| cannot("a duration"))?.into(),
        _ => return Ok(None),
    }))
}

/// Returns the value of bytes.
///
/// # Errors
/// Returns an error if a decimal has too many digits.
pub(super) fn of_bytes(meaning: Meaning, bytes: &[u8]) -> Result<Value, String> {
    Ok(match meaning {
        Meaning::Decimal(scale) => return number(bytes, scale),
        Meaning::Duration => {
            let part = |at: usize| bytes.get(at..at + 4).and_then(|part| part.try_into().ok());
            let part = |at| part(at).map_or(0, u32::from_le_bytes);
            let nanos = i128::from(part(8)) * i128::from(MILLI);
            let duration = Duration::new(part(0).into(), part(4).into(), nanos);
            duration.ok_or("a duration that is too long")?.into()
        }
        Meaning::Uuid => {
            let mut text = String::with_capacity(36);
            for (at, byte) in bytes.iter().enumerate() {
                let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
                text.push_str(&format!("{dash}{byte:02x}"));
            }
            Value::string(text)
        }
        _ => Value::Bytes(bytes.into()),
    })
}

/// Returns a decimal; one without digits behind the point is an integer if it fits.
pub(super) fn number(bytes: &[u8], scale: i64) -> Result<Value, String> {
    let decimal = Decimal::of_bytes(bytes, scale).map_err(|error| format!("a decimal: {error}"))?;
    Ok(match decimal.to_i64() {
        Some(int) if scale <= 0 => Value::Int(int),
        _ => decimal.into(),
    })
}

/// Returns the value of a text; `None` if it is one, as `infinity` is.
pub(super) fn of_text(meaning: Meaning, text: &str) -> Option<Value> {
    match meaning {
        Meaning::Zoned => moment::parse(text).map(Value::from),
        _ => None,
    }
}
