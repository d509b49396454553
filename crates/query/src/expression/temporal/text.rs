//! Instants from text: the forms of ISO 8601 that openCypher reads.

use super::fields;
use super::offset::{clock_digits, number, read_offset};
use super::parts::{Kind, Parts};
use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::temporal::{Date, LocalTime, NANOS_PER_SECOND};
use livewell_model::{Map, Value};
use std::sync::Arc;

/// The instant of this kind that the text writes.
pub(super) fn instant(kind: Kind, text: &str) -> Result<Value, EvalError> {
    let unread = || EvalError::argument(format!("cannot read `{text}`"));
    let (date, time) = match text.split_once('T') {
        Some((date, time)) if kind.has_date() && kind.has_time() => (Some(date), Some(time)),
        Some(("", time)) if kind.has_time() => (None, Some(time)),
        None if kind.has_date() => (Some(text), None),
        None => (None, Some(text)),
        Some(_) => return Err(unread()),
    };
    let mut parts = Parts { date: date.map(|date| read_date(date, text)).transpose()?, ..Parts::default() };
    if let Some(time) = time {
        let end = time.find(['Z', '+', '-', '[']).unwrap_or(time.len());
        let (time, zone) = time.split_at(end);
        parts.time = Some(read_time(time).ok_or_else(unread)?);
        if !zone.is_empty() {
            if !kind.has_zone() {
                return Err(EvalError::argument(format!("takes no time zone, but there is one in `{text}`")));
            }
            (parts.offset, parts.zone) = read_zone(zone).ok_or_else(unread)??;
        }
    }
    let stated = parts.offset;
    let value = parts.into_value(kind)?;
    match (&value, stated) {
        (Value::DateTime(at), Some(stated)) if at.offset() != stated => {
            Err(EvalError::argument(format!("finds another offset in `{text}` than its zone has then")))
        }
        _ => Ok(value),
    }
}

type Zoned = (Option<i32>, Option<Zone>);

/// `+01:00`, `Z`, `[Europe/London]`, `+01:00[Europe/London]`.
fn read_zone(text: &str) -> Option<Result<Zoned, EvalError>> {
    let (offset, name) = match text.split_once('[') {
        Some((offset, name)) => (offset, Some(name.strip_suffix(']')?)),
        None => (text, None),
    };
    let offset = if offset.is_empty() { None } else { Some(read_offset(offset)?) };
    Some(match name {
        Some(name) => Zone::named(name).map(|zone| (offset, Some(zone))),
        None => Ok((offset, offset.map(Zone::Offset))),
    })
}

fn read_time(text: &str) -> Option<LocalTime> {
    let (clock, fraction) =
        text.split_once(['.', ',']).map_or((text, None), |(clock, rest)| (clock, Some(rest)));
    let [hour, minute, second] = clock_digits(clock)?;
    let nanos = match fraction {
        None => 0,
        Some(digits) if second.is_some() && digits.len() <= 9 => {
            number(digits)? * 10i64.pow(9 - u32::try_from(digits.len()).ok()?)
        }
        Some(_) => return None,
    };
    let (hour, minute, second) = (hour?, minute.unwrap_or(0), second.unwrap_or(0));
    let valid = hour < 24 && minute < 60 && second < 60;
    valid
        .then(|| LocalTime::from_nanos(((hour * 60 + minute) * 60 + second) * NANOS_PER_SECOND + nanos))
        .flatten()
}

/// A date by month, week, quarter or ordinal day; missing parts are the first.
fn read_date(date: &str, text: &str) -> Result<Date, EvalError> {
    let unread = || EvalError::argument(format!("cannot read `{text}`"));
    let fields = date_fields(date).ok_or_else(unread)?;
    let map: Map = fields.into_iter().map(|(key, value)| (key, Value::Int(value))).collect();
    match fields::instant(Kind::Date, &Arc::new(map), None)? {
        Value::Date(date) => Ok(date),
        _ => Err(unread()),
    }
}

fn date_fields(text: &str) -> Option<Vec<(&'static str, i64)>> {
    if !text.is_ascii() {
        return None;
    }
    let signed = text.starts_with(['+', '-']);
    let end = if signed {
        text[1..].find(|c: char| !c.is_ascii_digit()).map_or(text.len(), |at| at + 1)
    } else {
        4
    };
    let year = number(text.get(usize::from(signed)..end)?)?;
    let year = if text.starts_with('-') { -year } else { year };
    let rest = &text[end..];
    let (dashed, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    if rest.is_empty() {
        return (!dashed).then(|| vec![("year", year)]);
    }
    let mut fields = vec![("year", year)];
    let (names, sizes, rest) = match rest.as_bytes()[0] {
        b'W' => (["week", "dayOfWeek"], [2, 1], &rest[1..]),
        b'Q' => (["quarter", "dayOfQuarter"], [1, 2], &rest[1..]),
        _ if rest.len() == 3 => (["ordinalDay", ""], [3, 0], rest),
        _ => (["month", "day"], [2, 2], rest),
    };
    fields.push((names[0], number(rest.get(..sizes[0])?)?));
    let rest = &rest[sizes[0]..];
    if rest.is_empty() {
        return Some(fields);
    }
    let rest = if dashed { rest.strip_prefix('-')? } else { rest };
    if rest.len() != sizes[1] {
        return None;
    }
    fields.push((names[1], number(rest)?));
    Some(fields)
}
