//! Time zones: fixed offsets, and named ones by the rules of the IANA database that is built into the program, so
//! that a query gives the same on every machine.

use super::{EvalError, date_time, out_of_range};
use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use livewell_model::SmolStr;
use livewell_model::temporal::{DateTime, LocalDateTime, NANOS_PER_SECOND};
use std::sync::LazyLock;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Zone {
    /// Seconds east of UTC.
    Offset(i32),
    /// A zone of the database, by its name there.
    Named(SmolStr),
}

impl Zone {
    /// The zone of a moment.
    pub(super) fn of(at: &DateTime) -> Self {
        at.zone.clone().map_or(Self::Offset(at.offset()), Self::Named)
    }

    /// A zone of the database, whatever the case of its name.
    pub(super) fn named(name: &str) -> Result<Self, EvalError> {
        let zone = rules(name)?;
        Ok(Self::Named(zone.iana_name().unwrap_or(name).into()))
    }

    pub(super) fn name(&self) -> Option<SmolStr> {
        match self {
            Self::Offset(_) => None,
            Self::Named(name) => Some(name.clone()),
        }
    }

    /// The moment of a local time in the zone. Of two, the one at the preferred offset, else the earlier; an hour
    /// that is skipped is read with the offset before it.
    pub(super) fn at_local(
        &self,
        local: LocalDateTime,
        preferred: Option<i32>,
    ) -> Result<DateTime, EvalError> {
        let name = match self {
            Self::Offset(offset) => return date_time(local, *offset, None),
            Self::Named(name) => name,
        };
        let offset = match rules(name)?.to_ambiguous_timestamp(civil(local)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.seconds(),
            AmbiguousOffset::Fold { after, .. } if preferred == Some(after.seconds()) => after.seconds(),
            AmbiguousOffset::Fold { before, .. } => before.seconds(),
            AmbiguousOffset::Gap { before, .. } => {
                let shift = i128::from(before.seconds()) * i128::from(NANOS_PER_SECOND);
                return self.at_utc(local.nanos() - shift);
            }
        };
        date_time(local, offset, Some(self))
    }

    /// A moment, by nanoseconds since 1970-01-01T00:00Z, as the zone sees it.
    pub(super) fn at_utc(&self, nanos: i128) -> Result<DateTime, EvalError> {
        let per_second = i128::from(NANOS_PER_SECOND);
        let offset = match self {
            Self::Offset(offset) => *offset,
            Self::Named(name) => {
                let second = i64::try_from(nanos.div_euclid(per_second)).map_err(|_| too_far())?;
                let moment = Timestamp::from_second(second).map_err(|_| too_far())?;
                rules(name)?.to_offset(moment).seconds()
            }
        };
        let local = LocalDateTime::from_nanos(nanos + i128::from(offset) * per_second);
        date_time(local.ok_or_else(out_of_range)?, offset, Some(self))
    }
}

fn rules(name: &str) -> Result<TimeZone, EvalError> {
    DATABASE.get(name).map_err(|_| EvalError::argument(format!("knows no time zone `{name}`")))
}

fn civil(local: LocalDateTime) -> Result<jiff::civil::DateTime, EvalError> {
    let (year, month, day) = local.date.civil();
    let (hour, minute, second, nanos) = local.time.parts();
    let year = i16::try_from(year).map_err(|_| too_far())?;
    let (month, day, hour, minute, second) = (month as i8, day as i8, hour as i8, minute as i8, second as i8);
    jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanos as i32).map_err(|_| too_far())
}

fn too_far() -> EvalError {
    EvalError::argument("takes the rules of named time zones from the year -9999 to 9999; use an offset")
}
