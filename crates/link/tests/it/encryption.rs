//! TLS is the same for both ends, and its words mean what they mean in libpq.

use crate::certificates::Certificates;
use crate::ends::Outcome::{In, Refuses};
use crate::ends::both;
use livewell_services::{Options, Postgres};
use std::fs;

fn server(tls: (String, String)) -> Postgres {
    Postgres::start_with(&Options { tls: Some(tls), ..Options::default() })
}

/// Makes a server with these rules for logins, in addition to what the tests themselves need.
fn ruled(certificates: &Certificates, rules: &str, settings: &[String]) -> Postgres {
    let file = certificates.path("hba.conf");
    fs::write(&file, format!("{rules}\nhost all postgres all scram-sha-256\n")).unwrap();
    let mut settings = settings.to_vec();
    settings.push(format!("hba_file={}", file.display()));
    let tls = Some(certificates.self_signed("server", "/CN=server", "IP:127.0.0.1"));
    let postgres = Postgres::start_with(&Options { tls, settings, ..Options::default() });
    postgres.sql(
        "create role shop login replication password 'secret word'; grant create on schema public to shop",
    );
    postgres
}

#[test]
fn one_sslmode_comes_to_the_same_at_both_ends() {
    let certificates = Certificates::new();
    let ours = server(certificates.self_signed("ours", "/CN=ours", "IP:127.0.0.1"));
    let renamed = server(certificates.self_signed("renamed", "/CN=renamed", "DNS:elsewhere"));
    let trusting = |name: &str| format!("&sslrootcert={}", certificates.path(name).display());
    for (server, parameters, outcome) in [
        (&ours, String::new(), In),
        (&ours, "sslmode=disable".into(), In),
        (&ours, "sslmode=allow".into(), In),
        (&ours, "sslmode=prefer".into(), In),
        (&ours, "sslmode=require".into(), In),
        (&ours, "sslmode=verify-ca".into(), Refuses),
        (&ours, "sslmode=verify-full".into(), Refuses),
        (&ours, "sslrootcert=system".into(), Refuses),
        (&ours, format!("sslmode=prefer{}", trusting("ours.crt")), In),
        (&ours, format!("sslmode=verify-ca{}", trusting("ours.crt")), In),
        (&ours, format!("sslmode=verify-full{}", trusting("ours.crt")), In),
        (&renamed, format!("sslmode=verify-ca{}", trusting("renamed.crt")), In),
        (&renamed, format!("sslmode=verify-full{}", trusting("renamed.crt")), Refuses),
        // A certificate to trust is never without effect.
        (&renamed, format!("sslmode=prefer{}", trusting("ours.crt")), Refuses),
        (&renamed, format!("sslmode=require{}", trusting("ours.crt")), Refuses),
        (&renamed, format!("sslmode=verify-ca{}", trusting("missing.crt")), Refuses),
    ] {
        let messages = both(&format!("{}?{parameters}", server.url()), outcome);
        let has_advice = |message: &String| message.contains("sslrootcert") || message.contains("sslmode");
        assert!(outcome == In || messages.iter().all(has_advice), "{parameters}: {messages:?}");
    }
}

#[test]
fn a_server_without_tls_is_refused_if_tls_is_wanted() {
    let postgres = Postgres::start();
    both(&postgres.url(), In);
    for parameter in ["sslmode=require", "sslmode=verify-full&sslrootcert=system", "channel_binding=require"]
    {
        let messages = both(&format!("{}?{parameter}", postgres.url()), Refuses);
        assert!(messages.iter().all(|message| message.contains("no TLS")), "{messages:?}");
    }
}

#[test]
fn a_server_that_lets_in_one_way_alone_is_entered_that_way_if_the_mode_allows_it() {
    let certificates = Certificates::new();
    let rules = "hostnossl all shop all scram-sha-256\nhostssl postgres postgres all scram-sha-256\n\
                 host all postgres all scram-sha-256";
    let plain = ruled(&certificates, rules, &[]);
    let url = plain.url().replace("postgres:secret", "shop:secret");
    both(&url, In);
    both(&format!("{url}?sslmode=require"), Refuses);
    let rules = "hostssl all shop all scram-sha-256";
    let encrypted = ruled(&certificates, rules, &[]);
    let url = encrypted.url().replace("postgres:secret", "shop:secret");
    both(&format!("{url}?sslmode=allow"), In);
    both(&format!("{url}?sslmode=disable"), Refuses);
}

#[test]
fn a_login_is_bound_to_its_tls_connection_if_that_is_required() {
    let certificates = Certificates::new();
    let (postgres, parameters) = (
        server(certificates.self_signed("server", "/CN=server", "IP:127.0.0.1")),
        ["channel_binding=require", "channel_binding=require&sslmode=require", "channel_binding=disable"],
    );
    for parameters in parameters {
        both(&format!("{}?{parameters}", postgres.url()), In);
    }
    for auth in ["md5", "password"] {
        let tls = Some(certificates.self_signed("server", "/CN=server", "IP:127.0.0.1"));
        let postgres = Postgres::start_with(&Options { auth, tls, ..Options::default() });
        both(&postgres.url(), In);
        let messages = both(&format!("{}?channel_binding=require", postgres.url()), Refuses);
        assert!(messages.iter().all(|message| message.contains("channel")), "{messages:?}");
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let certificates = Certificates::new();
    certificates.self_signed("authority", "/CN=authority", "DNS:authority");
    certificates.signed_by("authority", "shop", "/CN=shop");
    certificates.self_signed("stranger", "/CN=shop", "DNS:stranger");
    let settings = [format!("ssl_ca_file={}", certificates.path("authority.crt").display())];
    let postgres = ruled(&certificates, "hostssl all shop all cert", &settings);
    let url = format!("postgres://shop@127.0.0.1:{}/postgres?sslmode=require", postgres.port());
    let path = |name: &str| certificates.path(name).display().to_string();
    let shown = |name: &str| {
        format!("{url}&sslcert={}&sslkey={}", path(&format!("{name}.crt")), path(&format!("{name}.key")))
    };
    both(&shown("shop"), In);
    both(&url, Refuses);
    let messages = both(&shown("stranger"), Refuses);
    assert!(messages.iter().all(|message| message.contains("sslcert")), "{messages:?}");
    both(&shown("missing"), Refuses);
}
