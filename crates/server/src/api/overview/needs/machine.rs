//! What the machine, the store and the configuration of the server need.

use super::need::{Need, Severity, What};
use crate::api::wire::Time;
use crate::render::size;
use livewell::Timestamp;
use livewell_config::settings::ServerSettings;
use livewell_store::Usage;
use std::time::Duration;

/// The share of a disk, or of the store's limit, that is to be free.
const FREE: f64 = 0.1;
/// The share below which nothing may be taken in soon.
const NEARLY_NONE: f64 = 0.02;
/// How long a certificate has to be valid still.
const VALID: Duration = Duration::from_secs(14 * 86_400);

/// Returns that the disk of the store, or the store itself, is nearly full.
pub fn room(usage: &Usage) -> Vec<Need> {
    let disk = usage.available_bytes.zip(usage.disk_bytes).and_then(|(left, all)| {
        let reason = format!("the disk of the store has {} of {} left", size(left), size(all));
        lacking(left, all, reason, "Free space on that disk, or move the store to a larger one")
    });
    let limit = usage.file_bytes.zip(usage.limit_bytes).and_then(|(taken, all)| {
        let reason = format!("the store has taken {} of its limit of {}", size(taken), size(all));
        lacking(
            all.saturating_sub(taken),
            all,
            reason,
            "Remove components that nobody needs, or lower the bounds of outboxes",
        )
    });
    disk.into_iter().chain(limit).collect()
}

fn lacking(left: u64, all: u64, reason: String, fix: &str) -> Option<Need> {
    let share = left as f64 / all.max(1) as f64;
    let severity = if share < NEARLY_NONE { Severity::Error } else { Severity::Warning };
    (share < FREE).then(|| Need {
        fix: Some(fix.to_owned()),
        loses: Some("once there is no room, nothing is taken in".to_owned()),
        ..Need::of_machine(What::Disk, severity, reason)
    })
}

/// Returns what is insecure of the address that is served, with when its certificate expires, since 1970.
pub fn settings(server: Option<&ServerSettings>, expires: Option<Duration>, now: Timestamp) -> Vec<Need> {
    let open =
        server.filter(|server| server.tls.is_none() && !server.listen.ip().is_loopback()).map(|server| {
            let reason =
                format!("{} is served without TLS: tokens and data can be read on the way", server.listen);
            Need {
                fix: Some(
                    "Set `server.tls`, or listen on loopback behind a proxy that speaks TLS".to_owned(),
                ),
                ..Need::of_machine(What::Settings, Severity::Warning, reason)
            }
        });
    let now = Duration::from_nanos(u64::try_from(now.0).unwrap_or_default());
    let certificate = expires.filter(|at| *at < now + VALID).map(|at| {
        let until = Timestamp(i64::try_from(at.as_nanos()).unwrap_or(i64::MAX));
        let (verb, severity) =
            if at <= now { ("has expired", Severity::Error) } else { ("expires", Severity::Warning) };
        Need {
            fix: Some("Replace the files of `server.tls`; they are read again by themselves".to_owned()),
            loses: Some("clients refuse the server from then on".to_owned()),
            until: Some(Time(until)),
            ..Need::of_machine(
                What::Settings,
                severity,
                format!("the certificate of the API {verb} at {}", until.to_rfc3339()),
            )
        }
    });
    open.into_iter().chain(certificate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(left: u64, taken: u64) -> Usage {
        Usage {
            file_bytes: Some(taken),
            limit_bytes: Some(100),
            available_bytes: Some(left),
            disk_bytes: Some(1_000),
            ..Usage::default()
        }
    }

    #[test]
    fn a_disk_or_a_store_that_is_nearly_full_needs_somebody() {
        let found = |left, taken| -> Vec<Severity> {
            room(&usage(left, taken)).into_iter().map(|need| need.severity).collect()
        };
        assert!(found(100, 90).is_empty());
        assert_eq!(found(99, 90), [Severity::Warning]);
        assert_eq!(found(19, 99), [Severity::Error, Severity::Error]);
        assert!(room(&Usage::default()).is_empty(), "of a store in memory nothing is known");
    }

    #[test]
    fn an_address_without_tls_and_a_certificate_without_time_need_somebody() {
        let day = Duration::from_secs(86_400);
        let now = Timestamp(i64::try_from((100 * day).as_nanos()).unwrap());
        let server =
            |listen: &str| ServerSettings { listen: listen.parse().unwrap(), ..ServerSettings::default() };
        assert!(settings(None, None, now).is_empty());
        assert!(settings(Some(&server("127.0.0.1:1")), Some(115 * day), now).is_empty());
        assert_eq!(settings(Some(&server("0.0.0.0:1")), None, now).len(), 1);
        let found = settings(Some(&server("[::1]:1")), Some(113 * day), now);
        assert_eq!((found.len(), found[0].severity), (1, Severity::Warning));
        assert_eq!(
            found[0].until.map(|Time(until)| until.to_rfc3339()).as_deref(),
            Some("1970-04-24T00:00:00.000000Z")
        );
        assert_eq!(settings(None, Some(99 * day), now)[0].severity, Severity::Error);
    }
}
