//! How long a target asks to wait.

use std::time::{Duration, SystemTime};

/// The longest wait that a target can ask for.
const PATIENCE_MAX: Duration = Duration::from_secs(3600);

/// Returns what a `Retry-After` asks for: seconds, or a time.
pub(super) fn patience(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    let asked = match header.parse().map(Duration::from_secs) {
        Ok(seconds) => seconds,
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(asked.min(PATIENCE_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn retry_after_is_seconds_or_a_time_and_bounded() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (header, seconds) in [
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("999999", Some(3600)),
        ] {
            assert_eq!(patience(header, now), seconds.map(Duration::from_secs), "{header}");
        }
        assert_eq!(patience("Tue, 06 Nov 1990 08:49:47 GMT", now), Some(Duration::ZERO));
        assert_eq!(patience("soon", now), None);
    }
}
