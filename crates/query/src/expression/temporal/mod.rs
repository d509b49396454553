//! Temporal values in expressions: how they are made, taken apart and computed with.

pub(super) mod arithmetic;
pub(super) mod between;
mod component;
pub(super) mod duration;
mod fields;
mod moment;
mod text;
pub(super) mod truncate;
mod zone;

pub(super) use component::component;
pub(crate) use moment::{later_by, moment};

use super::EvalError;
use livewell_model::Value;
use livewell_model::temporal::{Date, DateTime, LocalDateTime, LocalTime, Time};
use zone::Zone;

/// The kinds of temporal instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Date,
    Time,
    LocalTime,
    DateTime,
    LocalDateTime,
}

impl Kind {
    fn has_date(self) -> bool {
        matches!(self, Self::Date | Self::DateTime | Self::LocalDateTime)
    }

    fn has_time(self) -> bool {
        self != Self::Date
    }

    fn has_zone(self) -> bool {
        matches!(self, Self::Time | Self::DateTime)
    }
}

/// What a temporal instant is made of.
#[derive(Debug, Clone, Default)]
struct Parts {
    date: Option<Date>,
    time: Option<LocalTime>,
    zone: Option<Zone>,
    /// The offset in that zone, which tells the two passes of an hour that comes twice apart.
    offset: Option<i32>,
}

impl Parts {
    /// The parts of an instant; `None` for any other value.
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Date(date) => Self { date: Some(*date), ..Self::default() },
            Value::LocalTime(time) => Self { time: Some(*time), ..Self::default() },
            Value::Time(time) => Self {
                time: Some(time.local),
                zone: Some(Zone::Offset(time.offset())),
                offset: Some(time.offset()),
                ..Self::default()
            },
            Value::LocalDateTime(at) => Self { date: Some(at.date), time: Some(at.time), ..Self::default() },
            Value::DateTime(at) => Self {
                date: Some(at.local.date),
                time: Some(at.local.time),
                zone: Some(Zone::of(at)),
                offset: Some(at.offset()),
            },
            _ => return None,
        })
    }

    /// Whether an instant of this kind can be made of them alone.
    fn suffice(&self, kind: Kind) -> bool {
        (self.date.is_some() || !kind.has_date()) && (self.time.is_some() || !kind.has_time())
    }

    /// The instant of this kind; a time that is missing is midnight, a zone UTC.
    fn into_value(self, kind: Kind) -> Result<Value, EvalError> {
        let time = self.time.unwrap_or(LocalTime::MIDNIGHT);
        let date = || self.date.ok_or_else(|| EvalError::argument("needs a date"));
        let zone = self.zone.clone().unwrap_or(Zone::Offset(0));
        Ok(match kind {
            Kind::Date => date()?.into(),
            Kind::LocalTime => time.into(),
            Kind::Time => self.offset_time(time, &zone)?.into(),
            Kind::LocalDateTime => LocalDateTime { date: date()?, time }.into(),
            Kind::DateTime => zone.at_local(LocalDateTime { date: date()?, time }, self.offset)?.into(),
        })
    }

    fn offset_time(&self, time: LocalTime, zone: &Zone) -> Result<Time, EvalError> {
        let offset = match (zone, self.offset) {
            (Zone::Offset(offset), _) => *offset,
            (Zone::Named(_), Some(offset)) => offset,
            (Zone::Named(_), None) => {
                let message = "needs an offset: that of a named zone changes with the date";
                return Err(EvalError::argument(message));
            }
        };
        Time::new(time, offset).ok_or_else(out_of_range)
    }
}

/// An instant of this kind from text, from a map of its fields, or from another instant.
pub(super) fn construct(kind: Kind, value: &Value) -> Result<Value, EvalError> {
    match value {
        Value::String(text) => text::instant(kind, text),
        Value::Map(map) => fields::instant(kind, map, None),
        other => match Parts::of(other) {
            Some(parts) if parts.suffice(kind) => parts.into_value(kind),
            _ => Err(EvalError::arguments(std::slice::from_ref(other))),
        },
    }
}

/// A moment by nanoseconds since 1970-01-01T00:00Z.
pub(super) fn from_epoch(nanos: i128) -> Result<Value, EvalError> {
    Ok(Zone::Offset(0).at_utc(nanos)?.into())
}

fn out_of_range() -> EvalError {
    EvalError::argument("gives a value beyond the years -999999999 to 999999999 or the offsets of 18 hours")
}

fn date_time(local: LocalDateTime, offset: i32, zone: Option<&Zone>) -> Result<DateTime, EvalError> {
    let name = zone.and_then(Zone::name);
    DateTime::new(local, offset, name).ok_or_else(out_of_range)
}
