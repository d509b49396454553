//! Sizes as settings write them: bytes as a number, or `100MB`, `64KiB`.

use serde::{Deserializer, de};
use std::fmt;

/// Reads a size in bytes.
///
/// # Errors
/// Returns an error if the value is neither a whole number nor one with a unit.
pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<u64, D::Error> {
    struct Reader;
    impl de::Visitor<'_> for Reader {
        type Value = u64;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number of bytes, or one with a unit as in `100MB`")
        }

        fn visit_u64<E>(self, bytes: u64) -> Result<u64, E> {
            Ok(bytes)
        }

        fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<u64, E> {
            u64::try_from(bytes).map_err(|_| E::custom("a size is not below 0"))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
            parse(text).ok_or_else(|| {
                E::custom(format!(
                    "`{text}` is not a size; write a whole number and a unit, as in `500kB`, `100MB`, `2GB`, `64MiB`"
                ))
            })
        }
    }
    input.deserialize_any(Reader)
}

/// Returns the number of bytes that a text means; `None` if it is not a size, or is 2^64 or more.
fn parse(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let bytes = match unit {
        "" | "B" => 1,
        "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_and_perhaps_a_unit() {
        for (text, bytes) in
            [("0", 0), ("12B", 12), ("3kB", 3_000), ("100MB", 100_000_000), ("2GiB", 2 << 30)]
        {
            assert_eq!(parse(text), Some(bytes), "{text}");
        }
        for text in ["", "MB", "-1", "1.5MB", "1 MB", "1mb", "1TB", "18446744073709551616", "18446744074GB"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
