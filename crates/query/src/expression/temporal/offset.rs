//! Zones, offsets and the digits of clocks from text.

use super::zone::Zone;
use crate::expression::EvalError;
use livewell_model::temporal::OFFSET_MAX;

/// A zone as a field or an argument names it: an offset or a name.
pub(super) fn zone(text: &str) -> Result<Zone, EvalError> {
    match read_offset(text) {
        Some(offset) => Ok(Zone::Offset(offset)),
        None => Zone::named(text),
    }
}

/// `Z`, `+01`, `+01:00`, `+0100`, `+01:00:30`.
pub(super) fn read_offset(text: &str) -> Option<i32> {
    if text == "Z" || text == "z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = clock_digits(&text[1..])?;
    let [hours, minutes, seconds] = digits.map(|part| part.unwrap_or(0));
    let size = (hours * 60 + minutes) * 60 + seconds;
    let size = i32::try_from(size).ok()?;
    (minutes < 60 && seconds < 60 && size <= OFFSET_MAX).then_some(sign * size)
}

/// Two digits for each of hour, minute and second, with colons between them or without.
pub(super) fn clock_digits(text: &str) -> Option<[Option<i64>; 3]> {
    let separated = text.contains(':');
    let step = if separated { 3 } else { 2 };
    if !text.is_ascii()
        || text.len() < 2
        || !(text.len() + usize::from(separated)).is_multiple_of(step)
        || text.len() > if separated { 8 } else { 6 }
    {
        return None;
    }
    let mut parts = [None; 3];
    for (at, part) in parts.iter_mut().enumerate() {
        let start = at * step;
        if start >= text.len() {
            break;
        }
        if separated && at > 0 && text.as_bytes()[start - 1] != b':' {
            return None;
        }
        *part = Some(number(text.get(start..start + 2)?)?);
    }
    Some(parts)
}

/// A number of digits alone.
pub(super) fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
