//! Conditional reads of results (RFC 9110): a reader that names the state it has gets no rows again, and with
//! `Prefer: wait` (RFC 7240) an answer as soon as there is another state.

use axum::http::{HeaderMap, HeaderValue, header};
use livewell::Results;
use std::time::Duration;

/// The longest preference that is followed.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Returns the validator of results: another one if the rows may be others. It is weak, since the envelope also says how far
/// the query has come, which moves without a change of its rows.
pub fn etag(results: &Results) -> HeaderValue {
    let Results { epoch, sequence, config_hash, .. } = results;
    let text = format!(r#"W/"{epoch}-{sequence}-{config_hash:016x}""#);
    HeaderValue::from_str(&text).expect("digits and quotes are a header's value")
}

/// Returns whether the reader has these results already.
pub fn has(headers: &HeaderMap, results: &Results) -> bool {
    let etag = etag(results);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        // Compared weakly: a cache may have taken the mark off.
        one == "*"
            || etag.to_str().is_ok_and(|etag| etag.trim_start_matches("W/") == one.trim_start_matches("W/"))
    })
}

/// Returns how long the reader prefers to wait for another state; `None` if it does not say. A preference that cannot be
/// read is left aside, as preferences are.
pub fn preferred_wait(headers: &HeaderMap) -> Option<Duration> {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let wait = |one: &str| {
        let (name, value) = one.split(';').next()?.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u64>().ok()?;
        name.trim().eq_ignore_ascii_case("wait").then(|| Duration::from_secs(seconds).min(WAIT_MAX))
    };
    preferences.flat_map(|value| value.split(',')).find_map(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_read_among_others_or_left_aside() {
        let of = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("prefer", HeaderValue::from_str(value).unwrap());
            }
            preferred_wait(&headers).map(|wait| wait.as_secs())
        };
        for (values, seconds) in [
            (&["wait=10"][..], Some(10)),
            (&["respond-async, Wait = \"5\"; foo=bar"], Some(5)),
            (&["return=minimal", "wait=7"], Some(7)),
            (&["wait=100000"], Some(60)),
            (&["wait=0"], Some(0)),
            (&["wait"], None),
            (&["wait=soon"], None),
            (&["wait=-1"], None),
            (&["waiting=4"], None),
            (&[], None),
        ] {
            assert_eq!(of(values), seconds, "{values:?}");
        }
    }
}
