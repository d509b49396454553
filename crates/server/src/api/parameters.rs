//! The parameters of an address, decoded: by the same code for the handlers and for the check of bound tokens.

use super::problem::Problem;
use axum::http::Uri;
use livewell_model::codec::Writer;
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

/// The own parameters of a call for results; others are values of the query.
pub const OF_RESULTS: &[&str] = &["position", "wait", "limit", "cursor", "search", "formulas", "numbers"];
/// The own parameters of a call for changes.
pub const OF_CHANGES: &[&str] = &["after", "numbers"];
/// The own parameters of a call for rows of a view.
pub const OF_VIEWS: &[&str] = &["offset", "limit", "numbers"];
/// The own parameters of a call for the outbox.
pub const OF_OUTBOX: &[&str] = &["before", "limit", "kind", "search", "numbers"];

/// The values of a call, as they were given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Given(pub(super) Vec<(String, String)>);

impl Given {
    /// Returns whether they are exactly these values.
    pub fn are(&self, values: &BTreeMap<String, String>) -> bool {
        self.0.len() == values.len() && self.0.iter().all(|(name, value)| values.get(name) == Some(value))
    }

    /// Returns a number that is the same for the same values in any order; 0 for none.
    pub fn hash(&self) -> u64 {
        if self.0.is_empty() {
            return 0;
        }
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let mut bytes = Writer::new();
        sorted.iter().for_each(|(name, value)| {
            bytes.string(name).string(value);
        });
        xxh3_64(&bytes.bytes).max(1)
    }
}

/// Returns the parameters of an address that are not a call's `own`.
///
/// # Errors
/// Returns 400 for a parameter that cannot be read.
pub fn given(uri: &Uri, own: &[&str]) -> Result<Given, Problem> {
    let mut given = Vec::new();
    for pair in pairs(uri) {
        let (name, value) = named(pair)?;
        if !own.contains(&name.as_str()) {
            given.push((name, decoded(value)?));
        }
    }
    Ok(Given(given))
}

/// Returns the pairs of an address's query, as they are written.
pub(super) fn pairs(uri: &Uri) -> impl Iterator<Item = &str> {
    uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty())
}

/// Returns the name of a pair, and its value as it is written.
///
/// # Errors
/// Returns 400 for a name that cannot be read.
pub(super) fn named(pair: &str) -> Result<(String, &str), Problem> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok((decoded(name)?, value))
}

/// Decodes a name or a value of an address.
///
/// # Errors
/// Returns 400 if it cannot be decoded.
pub(super) fn decoded(text: &str) -> Result<String, Problem> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut left = text.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let escaped = digit(left.next()).zip(digit(left.next()));
                let (high, low) =
                    escaped.ok_or_else(|| refused("`%` is followed by two hexadecimal digits"))?;
                u8::try_from(16 * high + low).unwrap_or_default()
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| refused("a parameter is not UTF-8"))
}

/// Creates the problem of parameters that cannot be read.
pub(super) fn refused(message: impl Into<String>) -> Problem {
    Problem::new(400, "LW0701", message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_a_token_only_if_each_is_there_once_and_nothing_else_is() {
        let bound = BTreeMap::from([("customer".to_owned(), "c 42".to_owned())]);
        let are = |query: &str| {
            let uri: Uri = format!("/results?{query}").parse().unwrap();
            given(&uri, &["limit"]).is_ok_and(|given| given.are(&bound))
        };
        for query in ["customer=c+42", "limit=5&customer=c%2042", "%63ustomer=c%20%34%32&&"] {
            assert!(are(query), "{query}");
        }
        for query in [
            "",
            "customer",
            "customer=c43",
            "customer=c+42&customer=c43",
            "customer=c43&customer=c+42",
            "customer=c+42&customer=c+42",
            "customer=c+42&Customer=c43",
            "customer=c+42&region=x",
            "Customer=c+42",
            "customer=c+42%00",
            "customer=%zz",
        ] {
            assert!(!are(query), "{query}");
        }
    }

    #[test]
    fn what_an_address_says_is_decoded_exactly_or_refused() {
        for (text, says) in [
            ("c42", "c42"),
            ("a+b%20c%2Bd", "a b c+d"),
            ("%C3%A9", "é"),
            ("a%00b", "a\0b"),
            ("%25", "%"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(decoded(text).ok().as_deref(), Some(says), "{text}");
        }
        for text in ["%", "%4", "%zz", "%C3", "%FF", "%E2%28%A1"] {
            assert!(decoded(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_value_has_the_name_of_a_parameter_of_the_calls_that_take_values() {
        let own = [OF_RESULTS, OF_CHANGES, OF_VIEWS, OF_OUTBOX].concat();
        let others: Vec<_> = own.iter().filter(|name| !livewell::Query::RESERVED.contains(name)).collect();
        assert!(others.is_empty(), "{others:?} could be a parameter of `for_each`");
        assert!(livewell::Query::RESERVED.iter().all(|name| own.contains(name)));
    }
}
