//! When a message that was not taken is sent again.

use super::settings::WebhookSettings;
use std::time::{Duration, SystemTime};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// More patience than this is not shown at a target's request.
const PATIENCE_MAX: Duration = Duration::from_secs(3600);

/// The pause after attempt `count`, from 1: doubled each time, and up to a quarter longer, so that many senders do
/// not come at once. The same message pauses alike wherever it is sent from.
pub(super) fn pause(settings: &WebhookSettings, key: &str, count: u32) -> Duration {
    let doubled = settings.retry_first.saturating_mul(1 << (count - 1).min(30));
    let pause = doubled.min(settings.retry_max);
    let jitter = xxh3_64_with_seed(key.as_bytes(), count.into()) % 1000;
    pause + pause / 4 * u32::try_from(jitter).unwrap_or(0) / 1000
}

/// What a `Retry-After` asks for: seconds, or a time.
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
    fn pauses_double_up_to_the_longest_with_a_quarter_of_jitter() {
        let settings = WebhookSettings::to("https://example.com");
        let mut before = Duration::ZERO;
        for count in 1..=16 {
            let pause = pause(&settings, "a:1:1:0", count);
            let base = Duration::from_secs((1 << (count - 1)).min(600));
            assert!((base..=base + base / 4).contains(&pause), "{count}: {pause:?}");
            before += base;
        }
        assert!(before > Duration::from_secs(3600), "a target may be away for an hour");
        let others: std::collections::BTreeSet<_> =
            (0..20).map(|at| pause(&settings, &format!("a:1:{at}:0"), 5)).collect();
        assert!(others.len() > 15, "messages do not come back at once");
    }

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
