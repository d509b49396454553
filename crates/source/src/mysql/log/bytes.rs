//! Reads values from the bytes of rows in the log.

use crate::SourceError;
use crate::mysql::failure::{not_understood, unsaid};
use crate::mysql::fields::{Fields, text};
use crate::mysql::kind::{Column, Kind};
use crate::mysql::value::Cell;

/// Reads the value of a column that is not null.
pub(super) fn cell(column: &Column, fields: &mut Fields<'_>) -> Result<Cell, SourceError> {
    Ok(match column.kind {
        Kind::Int { bytes, unsigned: true } => Cell::Text(fields.number(bytes.into())?.to_string()),
        Kind::Int { bytes, unsigned: false } => Cell::Text(fields.signed(bytes.into())?.to_string()),
        Kind::Year => Cell::Text(match fields.u8()? {
            0 => "0000".into(),
            years => (1900 + u32::from(years)).to_string(),
        }),
        Kind::Decimal { precision, scale } => Cell::Text(decimal(precision, scale, fields)?),
        Kind::Float => Cell::float(f32::from_bits(fields.u32()?).into()),
        Kind::Double => Cell::float(f64::from_bits(fields.u64()?)),
        Kind::Bit { bits } => Cell::Text(fields.big_endian(bits.div_ceil(8).into())?.to_string()),
        Kind::Char { bytes } | Kind::Varchar { bytes } => {
            let length = fields.number(if bytes < 256 { 1 } else { 2 })?;
            Cell::Text(text(fields.take(length as usize)?)?)
        }
        Kind::Text { length } => {
            let length = fields.number(length.into())?;
            Cell::Text(text(fields.take(length as usize)?)?)
        }
        Kind::Binary { bytes } => {
            let length = fields.number(if bytes < 256 { 1 } else { 2 })?;
            let mut value = fields.take(length as usize)?.to_vec();
            // The log has no zeros at its end.
            value.resize(bytes.into(), 0);
            Cell::Bytes(value)
        }
        Kind::Varbinary { bytes } => {
            let length = fields.number(if bytes < 256 { 1 } else { 2 })?;
            Cell::Bytes(fields.take(length as usize)?.to_vec())
        }
        Kind::Blob { length } => {
            let length = fields.number(length.into())?;
            Cell::Bytes(fields.take(length as usize)?.to_vec())
        }
        Kind::Enum { bytes } => Cell::label(column, fields.number(bytes.into())?).map_err(unsaid)?,
        Kind::Set { bytes } => Cell::labels(column, fields.number(bytes.into())?).map_err(unsaid)?,
        Kind::Date => Cell::Text(date(fields.number(3)?)),
        Kind::Time { digits } => Cell::Text(time(digits, fields)?),
        Kind::DateTime { digits } => Cell::Text(datetime(digits, fields)?),
        Kind::Timestamp { digits } => Cell::Text(timestamp(digits, fields)?),
    })
}

fn date(packed: u64) -> String {
    format!("{:04}-{:02}-{:02}", packed >> 9, packed >> 5 & 15, packed & 31)
}

/// Returns how many bytes a fraction of so many digits has.
fn fraction_bytes(digits: u8) -> usize {
    usize::from(digits).div_ceil(2)
}

/// Returns a fraction with its point; it has two digits in each byte, also if they are an odd number.
fn fraction(digits: u8, packed: u64) -> String {
    if digits == 0 {
        return String::new();
    }
    let even = digits + digits % 2;
    let text = format!("{packed:0width$}", width = usize::from(even));
    format!(".{}", &text[..usize::from(digits)])
}

/// A time is, with its fraction, one number from which half of its range was taken away.
fn time(digits: u8, fields: &mut Fields<'_>) -> Result<String, SourceError> {
    let extra = fraction_bytes(digits);
    let biased = fields.big_endian(3 + extra)?.cast_signed();
    let packed = biased - (0x80_0000 << (8 * extra));
    let (sign, size) = (if packed < 0 { "-" } else { "" }, packed.unsigned_abs());
    let (whole, part) = (size >> (8 * extra), size & ((1 << (8 * extra)) - 1));
    let (hour, minute, second) = (whole >> 12 & 0x3ff, whole >> 6 & 63, whole & 63);
    Ok(format!("{sign}{hour:02}:{minute:02}:{second:02}{}", fraction(digits, part)))
}

fn datetime(digits: u8, fields: &mut Fields<'_>) -> Result<String, SourceError> {
    let packed = fields.big_endian(5)?;
    let packed =
        packed.checked_sub(0x80_0000_0000).ok_or_else(|| not_understood("a date is before all dates"))?;
    let (days, seconds) = (packed >> 17, packed & 0x1_ffff);
    let (months, day) = (days >> 5, days & 31);
    let (hour, minute, second) = (seconds >> 12, seconds >> 6 & 63, seconds & 63);
    let part = fields.big_endian(fraction_bytes(digits))?;
    Ok(format!(
        "{:04}-{:02}-{day:02} {hour:02}:{minute:02}:{second:02}{}",
        months / 13,
        months % 13,
        fraction(digits, part)
    ))
}

/// Seconds since 1970; 0 is the date of zeros, with and without a fraction.
fn timestamp(digits: u8, fields: &mut Fields<'_>) -> Result<String, SourceError> {
    let seconds = fields.big_endian(4)?.cast_signed();
    let part = fraction(digits, fields.big_endian(fraction_bytes(digits))?);
    if seconds == 0 {
        return Ok(format!("0000-00-00 00:00:00{part}"));
    }
    let day = livewell_model::temporal::Date::from_days(seconds / 86_400);
    let (year, month, day) = day.ok_or_else(|| not_understood("a timestamp"))?.civil();
    let second = seconds % 86_400;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{part}"))
}

/// How many digits a group of bytes holds, by the number of bytes.
const DIGITS_OF: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// Nine digits in four bytes, the rest on both sides of the point in fewer. The first bit is turned, and a negative
/// number has all bits turned.
fn decimal(precision: u8, scale: u8, fields: &mut Fields<'_>) -> Result<String, SourceError> {
    let (whole, scale) = (usize::from(precision.saturating_sub(scale)), usize::from(scale));
    let length = whole / 9 * 4 + DIGITS_OF[whole % 9] + scale / 9 * 4 + DIGITS_OF[scale % 9];
    let mut bytes = fields.take(length)?.to_vec();
    let first = bytes.first_mut().ok_or_else(|| not_understood("a decimal without digits"))?;
    let is_negative = *first & 0x80 == 0;
    *first ^= 0x80;
    if is_negative {
        bytes.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let mut fields = Fields(&bytes);
    let mut digits = String::with_capacity(whole + scale + 2);
    let mut groups = |out: &mut String, sizes: &mut dyn Iterator<Item = usize>| -> Result<(), SourceError> {
        for size in sizes {
            let group = fields.big_endian(DIGITS_OF[size])?;
            out.push_str(&format!("{group:0size$}"));
        }
        Ok(())
    };
    let nines = |count: usize| std::iter::repeat_n(9, count / 9);
    let rest = |count: usize| Some(count % 9).filter(|rest| *rest > 0);
    groups(&mut digits, &mut rest(whole).into_iter().chain(nines(whole)))?;
    let mut text = digits.trim_start_matches('0').to_owned();
    if text.is_empty() {
        text.push('0');
    }
    if scale > 0 {
        text.push('.');
        groups(&mut text, &mut nines(scale).chain(rest(scale)))?;
    }
    Ok(if is_negative { format!("-{text}") } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, bytes: &[u8]) -> Cell {
        let column =
            Column { name: "c".into(), kind, labels: vec!["a".into(), "b".into()], is_filled: false };
        let mut fields = Fields(bytes);
        let cell = cell(&column, &mut fields).expect("it is a value");
        assert!(fields.is_empty(), "{bytes:?}");
        cell
    }

    #[test]
    fn values_are_read_as_a_select_prints_them() {
        let text = |text: &str| Cell::Text(text.into());
        assert_eq!(read(Kind::Int { bytes: 3, unsigned: false }, &[0xff, 0xff, 0xff]), text("-1"));
        assert_eq!(read(Kind::Int { bytes: 3, unsigned: true }, &[0xff, 0xff, 0xff]), text("16777215"));
        assert_eq!(read(Kind::Time { digits: 0 }, &[0x80, 0, 1]), text("00:00:01"));
        // One hundredth of a second below zero.
        assert_eq!(read(Kind::Time { digits: 2 }, &[0x7f, 0xff, 0xff, 0xff]), text("-00:00:00.01"));
        assert_eq!(read(Kind::Time { digits: 1 }, &[0x7f, 0xff, 0xff, 0xf6]), text("-00:00:00.1"));
        assert_eq!(read(Kind::Timestamp { digits: 0 }, &[0, 0, 0, 0]), text("0000-00-00 00:00:00"));
        assert_eq!(
            read(Kind::Timestamp { digits: 3 }, &[0, 0, 0, 1, 0x04, 0xd2]),
            text("1970-01-01 00:00:01.123")
        );
        assert_eq!(read(Kind::Binary { bytes: 4 }, &[1, 0x61]), Cell::Bytes(vec![0x61, 0, 0, 0]));
        assert_eq!(read(Kind::Set { bytes: 1 }, &[3]), text("a,b"));
        assert_eq!(read(Kind::Enum { bytes: 1 }, &[0]), text(""));
        // The example of the format's description: 1234567890.1234 and its negative.
        let bytes = [0x81, 0x0d, 0xfb, 0x38, 0xd2, 0x04, 0xd2];
        let kind = Kind::Decimal { precision: 14, scale: 4 };
        assert_eq!(read(kind, &bytes), text("1234567890.1234"));
        assert_eq!(read(kind, &bytes.map(|byte| !byte)), text("-1234567890.1234"));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        let column = Column {
            name: "c".into(),
            kind: Kind::Varchar { bytes: 300 },
            labels: Vec::new(),
            is_filled: false,
        };
        for bytes in [&[][..], &[5], &[5, 0, 1], &[1, 0, 0xff]] {
            assert!(cell(&column, &mut Fields(bytes)).is_err(), "{bytes:?}");
        }
    }
}
