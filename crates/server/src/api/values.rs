//! The parameters of a call to a query: its own, such as `limit`, and the values that a query with `for_each` is read
//! for, by the names of its parameters.

use super::context::Api;
use super::problem::Problem;
use axum::extract::Query;
use axum::http::Uri;
use livewell::{Results, Subscription, Values};
use livewell_model::codec::Writer;
use serde::de::DeserializeOwned;
use xxhash_rust::xxh3::xxh3_64;

/// The values of a call, as they were given.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Given(Vec<(String, String)>);

/// Splits the parameters of a call to `query` into its `own` and values. What is neither is refused as if all were its
/// own, unless the query takes values: then the message says which.
///
/// # Errors
/// Returns 400 for a parameter that cannot be read, is given twice or is unknown.
pub fn split<T: DeserializeOwned>(
    api: &Api,
    query: &str,
    uri: &Uri,
    own: &[&str],
) -> Result<(T, Given), Problem> {
    let (mut kept, mut given) = (Vec::new(), Vec::new());
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name)?;
        if own.contains(&name.as_str()) {
            kept.push(pair);
        } else {
            given.push((name, decoded(value)?));
        }
    }
    let takes_values = || api.livewell.is_for_each(query);
    let own = if given.is_empty() || takes_values()? {
        kept.join("&")
    } else {
        uri.query().unwrap_or_default().to_owned()
    };
    let uri: Uri = format!("/?{own}").parse().map_err(|_| refused("the address cannot be read"))?;
    let Query(own) = Query::try_from_uri(&uri).map_err(|rejection| refused(rejection.body_text()))?;
    Ok((own, Given(given)))
}

impl Given {
    /// Returns the values; `None` if the call is about all of them.
    pub fn values(&self) -> Option<Values> {
        (!self.0.is_empty()).then(|| Values::of_text(self.0.iter().cloned()))
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

    /// Returns the current results of these values, or of all.
    ///
    /// # Errors
    /// Returns the errors of [`livewell::Livewell::results_for`].
    pub fn results(&self, api: &Api, query: &str) -> Result<Results, livewell::Error> {
        match self.values() {
            Some(values) => api.livewell.results_for(query, &values),
            None => api.livewell.results(query),
        }
    }

    /// Subscribes to these values, or to all.
    ///
    /// # Errors
    /// Returns the errors of [`livewell::Livewell::subscribe_for`].
    pub async fn subscribe(
        &self,
        api: &Api,
        query: &str,
        after: Option<livewell::Position>,
    ) -> Result<Subscription, livewell::Error> {
        match (self.values(), after) {
            (Some(values), after) => api.livewell.subscribe_for(query, &values, after).await,
            (None, Some(after)) => api.livewell.subscribe_after(query, after).await,
            (None, None) => api.livewell.subscribe(query).await,
        }
    }
}

/// Decodes a name or a value of an address.
fn decoded(text: &str) -> Result<String, Problem> {
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

fn refused(message: impl Into<String>) -> Problem {
    Problem::new(400, "LW0701", message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
