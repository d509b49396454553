//! What a value of a column becomes. Both ways to a value, the text of a `SELECT` and the bytes of the log, lead
//! through a [`Cell`].

use super::kind::{Column, Kind};
use crate::settings::PropertyType;
use livewell_model::temporal::{Date, DateTime, LocalDateTime, LocalTime, NANOS_PER_SECOND};
use livewell_model::{Decimal, Value};
use std::borrow::Cow;
use std::fmt::Write;

/// A value as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    /// As a `SELECT` prints it; of an `ENUM` or `SET` its labels, of a `FLOAT` or `DOUBLE` the shortest text for it.
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// Returns the value that a `SELECT` of [`Column::selected`] has returned.
    pub fn selected(column: &Column, value: Option<&[u8]>) -> Result<Self, String> {
        let Some(value) = value else { return Ok(Self::Null) };
        if column.kind.is_bytes() {
            return Ok(Self::Bytes(value.to_vec()));
        }
        let text = str::from_utf8(value).map_err(|_| "it is not UTF-8")?;
        let number = |text: &str| text.parse().map_err(|_| format!("`{text}` is not a number"));
        match column.kind {
            Kind::Float | Kind::Double => {
                let float = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
                Ok(Self::float(float))
            }
            Kind::Enum { .. } => Self::label(column, number(text)?),
            Kind::Set { .. } => Self::labels(column, number(text)?),
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    pub fn float(float: f64) -> Self {
        Self::Text(format!("{float:?}"))
    }

    /// Returns the value of an `ENUM`; 0 stands for a value that was none of its labels.
    pub fn label(column: &Column, number: u64) -> Result<Self, String> {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        match at.checked_sub(1) {
            None => Ok(Self::Text(String::new())),
            Some(at) => match column.labels.get(at) {
                Some(label) => Ok(Self::Text(label.clone())),
                None => Err(format!("it has no label of number {number}")),
            },
        }
    }

    /// Returns the value of a `SET`, whose bits are its labels.
    pub fn labels(column: &Column, bits: u64) -> Result<Self, String> {
        if column.labels.len() < 64 && bits >> column.labels.len() != 0 {
            return Err(format!("it has fewer labels than {bits:b}"));
        }
        let is_set = |at: usize| bits >> at & 1 == 1;
        let labels = column.labels.iter().enumerate().filter(|(at, _)| is_set(*at));
        Ok(Self::Text(labels.map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(",")))
    }

    /// Returns it as a part of an id: bytes in hexadecimal, and `None` if it is null.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) => Some(text.into()),
            Self::Bytes(bytes) => Some(hexadecimal(bytes).into()),
        }
    }
}

/// Returns bytes as two digits each.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // A text takes everything.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns the value, in the type that the settings name if they do; the error says why it cannot be represented.
pub(super) fn value(kind: Kind, wanted: Option<PropertyType>, cell: &Cell) -> Result<Value, String> {
    let text = match (cell, wanted) {
        (Cell::Null, _) => return Ok(Value::Null),
        (Cell::Bytes(bytes), None) => return Ok(Value::Bytes(bytes.clone().into())),
        (Cell::Bytes(bytes), Some(PropertyType::Text)) => return Ok(Value::string(hexadecimal(bytes))),
        (Cell::Bytes(_), Some(_)) => return Err("bytes are taken as they are or as `text`".into()),
        (Cell::Text(text), Some(wanted)) => return wanted.convert(text),
        (Cell::Text(text), None) => text.as_str(),
    };
    let cannot = |what: &str| format!("`{text}` is not {what} that can be kept");
    match kind {
        Kind::Int { .. } | Kind::Bit { .. } | Kind::Year | Kind::Decimal { scale: 0, .. } => {
            match text.parse() {
                Ok(int) => Ok(Value::Int(int)),
                Err(_) => decimal(text),
            }
        }
        Kind::Decimal { .. } => decimal(text),
        Kind::Float | Kind::Double => text.parse().map(Value::Float).map_err(|_| cannot("a number")),
        Kind::Set { .. } if text.is_empty() => Ok(Value::list([])),
        Kind::Set { .. } => Ok(Value::list(text.split(',').map(Value::string).collect::<Vec<_>>())),
        Kind::Date => date(text).map(Value::from).ok_or_else(|| cannot("a date")),
        Kind::Time { .. } => time(text).map(Value::from).ok_or_else(|| cannot("a time of a day")),
        Kind::DateTime { .. } => moment(text).map(Value::from).ok_or_else(|| cannot("a date and time")),
        Kind::Timestamp { .. } => {
            let moment = moment(text).and_then(|local| DateTime::new(local, 0, None));
            moment.map(Value::from).ok_or_else(|| cannot("a date and time"))
        }
        _ => Ok(Value::string(text)),
    }
}

fn decimal(text: &str) -> Result<Value, String> {
    Decimal::parse(text).map(Value::from).map_err(|error| format!("`{text}` {error}"))
}

fn date(text: &str) -> Option<Date> {
    let mut numbers = text.splitn(3, '-').map(number);
    Date::new(numbers.next()??, numbers.next()??, numbers.next()??)
}

fn time(text: &str) -> Option<LocalTime> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let second = parts.next()?;
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 9)?;
    let nanos = number(fraction)? * 10i64.pow(9 - digits);
    let second = number(second)?;
    let fits = hour < 24 && minute < 60 && second < 60;
    fits.then(|| LocalTime::from_nanos((hour * 3_600 + minute * 60 + second) * NANOS_PER_SECOND + nanos))?
}

fn moment(text: &str) -> Option<LocalDateTime> {
    let (day, rest) = text.split_once(' ')?;
    Some(LocalDateTime { date: date(day)?, time: time(rest)? })
}

fn number(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
