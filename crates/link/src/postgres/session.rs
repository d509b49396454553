//! The settings of our own sessions, so that those of a role, a database or a server do not end or change our work.

use std::fmt::Write;
use std::time::Duration;

/// A time-out of the server, and the version that brought it.
struct TimeOut(&'static str, u32);

/// A server refuses a connection whose start-up names an unknown setting, so the newer ones are set later.
const TIME_OUTS: [TimeOut; 5] = [
    TimeOut("statement_timeout", 0),
    TimeOut("idle_in_transaction_session_timeout", 0),
    TimeOut("lock_timeout", 0),
    TimeOut("idle_session_timeout", 14),
    TimeOut("transaction_timeout", 17),
];

/// What reading tables needs. Values print alike in a copy and in the stream, whatever the server's settings are. If
/// a policy would hide rows of a table, that is an error, and the table is not read in part. Short statements are not
/// compiled.
const READING: [(&str, &str); 9] = [
    ("datestyle", "ISO"),
    ("intervalstyle", "iso_8601"),
    ("timezone", "UTC"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("row_security", "off"),
    ("jit", "off"),
    // The source may be the synchronous standby whose answer its own commit would wait for.
    ("synchronous_commit", "local"),
];

/// Returns the start-up parameter `options` of a session that reads tables. The server takes the last of several
/// values, so ours come after the user's.
pub fn reading_options(of_user: Option<&str>) -> String {
    // A backslash at its end would make the space after it a part of the value.
    let mut options = of_user.unwrap_or_default().trim_end_matches('\\').to_owned();
    let time_outs = TIME_OUTS.iter().filter(|time_out| time_out.1 == 0).map(|time_out| (time_out.0, "0"));
    for (name, value) in READING.into_iter().chain(time_outs) {
        let space = if options.is_empty() { "" } else { " " };
        // Writing into a string does not fail.
        let _ = write!(options, "{space}-c {name}={value}");
    }
    options
}

/// Returns the statement for a session that has started with [`reading_options`], by the version of its server; empty
/// if there is nothing left to set.
pub fn after_start(major: u32) -> String {
    let later = TIME_OUTS.iter().filter(|time_out| (1..=major).contains(&time_out.1));
    later.map(|time_out| format!("SET {} = 0;", time_out.0)).collect()
}

/// Returns the statement that begins a transaction whose client gives up after `limit`.
///
/// The client's limit is the one that counts, so the server's come after it: they end a transaction that nobody waits
/// for any more and whose locks would block the next attempt. They apply to this transaction only, so that a pooler
/// can pass the session on to another client.
pub fn in_transaction(major: u32, limit: Duration) -> String {
    let after = limit.saturating_add(Duration::from_secs(1)).as_millis().min(i32::MAX as u128);
    let known = TIME_OUTS.iter().filter(|time_out| time_out.1 <= major);
    known
        .filter_map(|time_out| match time_out.0 {
            // Counts outside of transactions.
            "idle_session_timeout" => None,
            // A server (18.6) keeps the time-out with which a transaction began, unless it is turned off.
            "lock_timeout" | "transaction_timeout" => Some(format!("SET LOCAL {} = 0;", time_out.0)),
            name => Some(format!("SET LOCAL {name} = {after};")),
        })
        .collect()
}

/// Returns the major version of the text in which a server reports its own, such as `17.2 (Debian 17.2-1)`; 0, for
/// which everything is new, if the text is not a version.
pub fn major(version: &str) -> u32 {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_ours_come_after_those_of_the_user() {
        let options = reading_options(Some("-c datestyle=German -c work_mem=1MB"));
        assert!(options.starts_with("-c datestyle=German -c work_mem=1MB -c datestyle=ISO "), "{options}");
        assert!(
            options.ends_with(" -c lock_timeout=0") && !options.contains("transaction_timeout"),
            "{options}"
        );
        assert!(reading_options(None).starts_with("-c datestyle=ISO "));
    }

    #[test]
    fn a_server_is_only_told_of_settings_that_it_knows() {
        for (version, knows) in [("13.4", ""), ("15.8 (Debian 15.8-0)", "SET idle_session_timeout = 0;")] {
            assert_eq!(after_start(major(version)), knows, "{version}");
        }
        assert!(after_start(major("17beta1")).contains("SET transaction_timeout = 0;"));
        assert_eq!((major("9.6.3"), major("fork")), (9, 0));
        let second = Duration::from_secs(1);
        assert!(in_transaction(17, second).contains("SET LOCAL transaction_timeout = 0;"));
        let older = in_transaction(16, second);
        assert!(
            older.contains("SET LOCAL statement_timeout = 2000;") && !older.contains("transaction_timeout")
        );
        assert!(older.contains("SET LOCAL lock_timeout = 0;"));
    }
}
