//! The contents of a database URL, and how a wrong one is refused.

use livewell_link::postgres::{Address, ChannelBinding, Host, RootCertificates, SslMode, TargetSession};
use proptest::prelude::*;
use std::time::Duration;

fn parsed(url: &str) -> Address {
    Address::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn hosts(url: &str) -> Vec<String> {
    parsed(url).hosts.iter().map(ToString::to_string).collect()
}

#[test]
fn a_url_is_read_in_its_parts() {
    let full = parsed("postgres://me:p%40ss%3A@db.example:6432/shop?sslmode=verify-full");
    assert_eq!((full.user.as_str(), full.password.as_deref()), ("me", Some("p@ss:")));
    assert_eq!((full.to_string().as_str(), full.database.as_str()), ("db.example:6432/shop", "shop"));
    assert_eq!(full.tls.mode, SslMode::VerifyFull);
    let short = parsed("postgresql://me@[::1]");
    assert_eq!((short.to_string().as_str(), short.database.as_str()), ("[::1]:5432/me", "me"));
    assert_eq!((short.tls.mode, short.password.as_deref()), (SslMode::Prefer, None));
    assert_eq!((short.target, short.channel_binding), (TargetSession::Any, ChannelBinding::Prefer));
    assert!(short.keepalive.is_on && short.connect_timeout.is_none());
    let user = parsed("postgres://db.example").user;
    assert_eq!(parsed("postgres://db.example/shop").user, user, "the user of this process");
}

#[test]
fn hosts_are_read_as_libpq_reads_them() {
    for (url, expected) in [
        ("postgres://me@a,b/d", vec!["a:5432", "b:5432"]),
        ("postgres://me@a:1,b:2/d", vec!["a:1", "b:2"]),
        ("postgres://me@a,b:2/d", vec!["a:5432", "b:2"]),
        ("postgres://me@a,b/d?port=7", vec!["a:7", "b:7"]),
        ("postgres://me@a,[fe80::1]:3/d", vec!["a:5432", "[fe80::1]:3"]),
        ("postgres://me@/d?host=a,b&port=1,2", vec!["a:1", "b:2"]),
        ("postgres:///d?host=a&user=me", vec!["a:5432"]),
        ("postgres://?host=/var/run/postgresql&user=me", vec!["/var/run/postgresql:5432"]),
        ("postgres://me@%2Fvar%2Frun:6000/d", vec!["/var/run:6000"]),
    ] {
        assert_eq!(hosts(url), expected, "{url}");
    }
    assert_eq!(parsed("postgres://me@%2Ftmp/d").hosts, [Host::Unix("/tmp".into(), 5432)]);
}

#[test]
fn every_keyword_has_its_value() {
    let address = parsed(
        "postgres://me@a/d?password=p%26q&dbname=shop&sslmode=require&sslrootcert=/ca.pem&sslcert=/c.pem&\
         sslkey=/k.pem&channel_binding=require&connect_timeout=3&application_name=till&\
         options=-c%20work_mem%3D1MB&target_session_attrs=prefer-standby&keepalives=0&keepalives_idle=5&\
         keepalives_interval=6&keepalives_count=7&tcp_user_timeout=800",
    );
    assert_eq!((address.password.as_deref(), address.database.as_str()), (Some("p&q"), "shop"));
    assert_eq!(address.tls.root, Some(RootCertificates::File("/ca.pem".into())));
    assert_eq!(address.tls.client, Some(("/c.pem".into(), "/k.pem".into())));
    assert_eq!(address.channel_binding, ChannelBinding::Require);
    assert_eq!(address.connect_timeout, Some(Duration::from_secs(3)));
    assert_eq!(address.application_name.as_deref(), Some("till"));
    assert_eq!(address.options.as_deref(), Some("-c work_mem=1MB"));
    assert_eq!(address.target, TargetSession::PreferStandby);
    let keepalive = address.keepalive;
    assert!(!keepalive.is_on);
    assert_eq!(
        (keepalive.idle, keepalive.interval, keepalive.count, keepalive.user_timeout),
        (
            Some(Duration::from_secs(5)),
            Some(Duration::from_secs(6)),
            Some(7),
            Some(Duration::from_millis(800))
        )
    );
    for word in ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] {
        parsed(&format!("postgres://me@a/d?sslmode={word}"));
    }
    for word in ["any", "read-write", "read-only", "primary", "standby", "prefer-standby"] {
        parsed(&format!("postgres://me@a/d?target_session_attrs={word}"));
    }
}

#[test]
fn certificates_of_the_system_imply_that_the_name_is_checked() {
    let address = parsed("postgres://me@a/d?sslrootcert=system");
    assert_eq!((address.tls.mode, address.tls.root), (SslMode::VerifyFull, Some(RootCertificates::System)));
}

#[test]
fn a_wrong_url_is_refused_with_what_to_write() {
    for (url, says) in [
        ("", "postgres://user"),
        ("mysql://me@host/db", "postgres://user"),
        ("postgres://me@/db", "names no host"),
        ("postgres://me@a,,b/db", "needs a host"),
        ("postgres://me@host:port/db", "port is a number"),
        ("postgres://me@host:0/db", "from 1"),
        ("postgres://me@a,b,c/db?port=1,2", "2 ports for 3 hosts"),
        ("postgres://me@[::1/db", "no `]`"),
        ("postgres://me@[::1]5/db", "after the `]`"),
        ("postgres://me@host/db?sslmode=on", "`verify-full`"),
        ("postgres://me@host/db?sslmode", "no value"),
        ("postgres://me@host/db?sslcrl=a", "`sslcrl` is not a known keyword"),
        ("postgres://me@host/db?sslcrl=a", "target_session_attrs"),
        ("postgres://me@host/db?sslkey=a", "together"),
        ("postgres://me@host/db?sslmode=require&sslrootcert=system", "verify-full"),
        ("postgres://me@host/db?sslmode=disable&channel_binding=require", "needs TLS"),
        ("postgres://me@host/db?channel_binding=yes", "`prefer`"),
        ("postgres://me@host/db?target_session_attrs=master", "`primary`"),
        ("postgres://me@host/db?connect_timeout=soon", "seconds"),
        ("postgres://me@host/db?connect_timeout=-1", "seconds"),
        ("postgres://me:50%@host/db", "%25"),
        ("postgres://me:a/b@host/db", "%2F"),
        ("postgres://me:a?b=c@host/db", "%3F"),
        ("postgres://me:%00@host/db", "zero byte"),
        ("postgres://me:%ff@host/db", "UTF-8"),
    ] {
        let error = Address::parse(url).err().unwrap_or_else(|| panic!("{url} is taken")).to_string();
        assert!(error.contains(says), "{url}: {error}");
    }
}

/// Encodes every byte of a text as `%` and hexadecimal digits.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

proptest! {
    #[test]
    fn no_url_makes_the_parser_panic(url in "(postgres(ql)?://)?[a-z0-9:@/?&=%,\\[\\]é. -]{0,60}|\\PC*") {
        let _ = Address::parse(&url);
    }

    #[test]
    fn an_encoded_password_is_read_exactly_and_never_shown(
        password in "[^\\x00]{6,20}",
        rest in "(/[a-z]{0,3})?(\\?(sslmode=[a-z-]{0,8}|[a-z]{1,3}=[a-z0-9]{0,3}|port=[0-9,]{1,5}))?",
    ) {
        for url in [
            format!("postgres://me:{}@a{rest}", encoded(&password)),
            format!("postgres://me@a?password={}&{}", encoded(&password), rest.trim_start_matches(['/', '?'])),
        ] {
            let shown = match Address::parse(&url) {
                Ok(address) => {
                    prop_assert_eq!(address.password.as_deref(), Some(password.as_str()));
                    format!("{address} {address:?}")
                }
                Err(error) => error.to_string(),
            };
            prop_assert!(!shown.contains(&password) && !shown.contains(&encoded(&password)), "{}", shown);
        }
    }

    #[test]
    fn a_password_with_special_characters_as_they_are_is_never_shown(
        password in "[a-z0-9:@/?&=%#]{0,6}\\PC{1,4}Xq7Zk[a-z0-9:@/?&=%#]{0,6}",
    ) {
        let shown = match Address::parse(&format!("postgres://me:{password}@host/db?sslmode=require")) {
            // What comes after an `@` in it is read as the host.
            Ok(address) if !password.contains('@') => format!("{address} {address:?}"),
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        prop_assert!(!shown.contains("Xq7Zk"), "{}", shown);
    }
}
