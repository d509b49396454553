//! Moments of the clock: what the functions of time compare.

use super::arithmetic::local_later;
use crate::expression::EvalError;
use livewell_model::temporal::{LocalDateTime, NANOS_PER_DAY};
use livewell_model::{Timestamp, Value};

const NANOS_PER_MILLI: i128 = 1_000_000;

/// The moment a value names, in nanoseconds since 1970-01-01T00:00Z; `None` for null. A date and a local date-time
/// are read as UTC, an integer as milliseconds since 1970.
///
/// # Errors
/// For any other value.
pub(crate) fn moment(value: &Value) -> Result<Option<i128>, EvalError> {
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::DateTime(at) => at.utc_nanos(),
        Value::LocalDateTime(at) => at.nanos(),
        Value::Date(date) => i128::from(date.days()) * i128::from(NANOS_PER_DAY),
        Value::Int(millis) => i128::from(*millis) * NANOS_PER_MILLI,
        other => {
            let found = other.type_name();
            return Err(EvalError::types(format!("a moment is a date-time, not a {found}")));
        }
    }))
}

/// The moment so much later, months and days by the calendar in UTC; `None` if the duration is null.
///
/// # Errors
/// Returns an error if it is not a duration, or leads beyond the calendar's range.
pub(crate) fn later_by(since: Timestamp, duration: &Value) -> Result<Option<i128>, EvalError> {
    match duration {
        Value::Null => Ok(None),
        Value::Duration(duration) => {
            let since =
                LocalDateTime::from_nanos(since.0.into()).expect("every timestamp is in the calendar");
            Ok(Some(local_later(since, duration)?.nanos()))
        }
        other => {
            let found = other.type_name();
            Err(EvalError::types(format!("how long is said by a duration, not by a {found}")))
        }
    }
}
