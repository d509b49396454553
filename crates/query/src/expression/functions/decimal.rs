//! Decimal numbers in text, to be read as integers: exactly, however many digits they have.

/// The integer that is left of a decimal number without its fraction; `None` if the text is not a decimal number,
/// `Some(None)` if 64 bits cannot hold it.
pub(super) fn truncated(text: &str) -> Option<Option<i64>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(unsigned) => (true, unsigned),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (unsigned, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_decimal = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_decimal(whole) || !is_decimal(fraction) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    // How many of the digits stand before the point; more than there are: zeros follow.
    let leading = i64::try_from(all.len() - digits.len()).ok()?;
    let before = i64::try_from(whole.len()).ok()? - leading + i64::from(exponent);
    if digits.is_empty() || before <= 0 {
        return Some(Some(0));
    }
    let Some(before) = usize::try_from(before).ok().filter(|before| *before <= 19) else { return Some(None) };
    let (kept, cut) = digits.split_at(before.min(digits.len()));
    let magnitude: i128 = format!("{kept:0<before$}").parse().ok()?;
    let signed = if negative { -magnitude } else { magnitude };
    let has_fraction = cut.bytes().any(|digit| digit != b'0');
    let within = !(has_fraction && (signed == i128::from(i64::MAX) || signed == i128::from(i64::MIN)));
    Some(i64::try_from(signed).ok().filter(|_| within))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_cut_exactly() {
        for (text, expect) in [
            ("42", 42),
            ("+42", 42),
            ("-2.9", -2),
            (".5", 0),
            ("5.", 5),
            ("007", 7),
            ("1e3", 1000),
            ("1.25E1", 12),
            ("1234e-2", 12),
            ("0e99", 0),
            ("0.0012e4", 12),
            ("1e-999999999", 0),
            ("9007199254740993.7", 9_007_199_254_740_993),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-9223372036854775808.0", i64::MIN),
            ("922337203685477580.7e1", i64::MAX),
        ] {
            assert_eq!(truncated(text), Some(Some(expect)), "{text}");
        }
    }

    #[test]
    fn what_is_too_large_is_told_from_what_is_no_number() {
        for text in
            ["9223372036854775808", "-9223372036854775809", "1e19", "1e999999999", "9223372036854775807.5"]
        {
            assert_eq!(truncated(text), Some(None), "{text}");
        }
        for text in
            ["", "-", "+-1", "e3", "1e", "1e99999999999", " 42", "42 ", "1_000", "NaN", "0x1F", "1.2.3", "."]
        {
            assert_eq!(truncated(text), None, "{text}");
        }
    }
}
