//! Durations as settings write them: `500ms`, `10s`, `5m`, `1h`, `30d`.

use serde::{Deserialize, Deserializer, Serializer, de};
use std::time::Duration;

/// Reads a duration; with [`serialize`] for `#[serde(with = "period")]`.
///
/// # Errors
/// Returns an error if the text is not a whole number and a unit.
pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(input)?;
    parse(&text).ok_or_else(|| {
        de::Error::custom(format!(
            "`{text}` is not a duration; write a whole number and a unit, as in `500ms`, `60s`, `5m`, `1h`, `30d`"
        ))
    })
}

/// Writes a duration in whole milliseconds.
///
/// # Errors
/// Returns the errors of the serializer.
pub fn serialize<S: Serializer>(time: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&format_args!("{}ms", time.as_millis()))
}

/// Reads a duration. Returns `None` if the text is not one, or has more than 2^64 milliseconds.
pub fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        for (text, milliseconds) in
            [("0s", 0), ("500ms", 500), ("60s", 60_000), ("5m", 300_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in
            ["", "60", "s", "-1s", "1.5s", "1 s", "1w", "99999999999999999999s", "18446744073709551615d"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
