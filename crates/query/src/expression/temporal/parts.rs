//! The kinds of temporal instants, and what an instant is made of.

use super::range::out_of_range;
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::Value;
use livewell_model::temporal::{Date, LocalDateTime, LocalTime, Time};

/// The kinds of temporal instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Date,
    Time,
    LocalTime,
    DateTime,
    LocalDateTime,
}

impl Kind {
    pub(super) fn has_date(self) -> bool {
        matches!(self, Self::Date | Self::DateTime | Self::LocalDateTime)
    }

    pub(super) fn has_time(self) -> bool {
        self != Self::Date
    }

    pub(super) fn has_zone(self) -> bool {
        matches!(self, Self::Time | Self::DateTime)
    }
}

/// What a temporal instant is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) date: Option<Date>,
    pub(super) time: Option<LocalTime>,
    pub(super) zone: Option<Zone>,
    /// The offset in that zone, which tells the two passes of an hour that comes twice apart.
    pub(super) offset: Option<i32>,
}

impl Parts {
    /// The parts of an instant; `None` for any other value.
    pub(super) fn of(value: &Value) -> Option<Self> {
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
    pub(super) fn suffice(&self, kind: Kind) -> bool {
        (self.date.is_some() || !kind.has_date()) && (self.time.is_some() || !kind.has_time())
    }

    /// The instant of this kind; a time that is missing is midnight, a zone UTC.
    pub(super) fn into_value(self, kind: Kind) -> Result<Value, EvalError> {
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
