//! Several hosts, and sockets in the file system.

use crate::certificates::Certificates;
use crate::ends::Outcome::{In, Refuses, Waits};
use crate::ends::{both, source};
use livewell_services::{Options, Postgres};
use std::net::TcpListener;

/// Returns the URL of a server with other hosts in it.
fn at(postgres: &Postgres, hosts: &str) -> String {
    let url = postgres.url();
    url.replace(&format!("127.0.0.1:{}", postgres.port()), hosts)
}

/// Returns a port on which nobody listens.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_host_that_is_down_is_passed_over() {
    let postgres = Postgres::start();
    let (port, down) = (postgres.port(), closed());
    both(&at(&postgres, &format!("127.0.0.1:{down},127.0.0.1:{port}")), In);
    both(&at(&postgres, &format!("no-such-host.invalid:{down},localhost:{port}")), In);
    let messages = both(&at(&postgres, &format!("127.0.0.1:{down},localhost:{down}")), Waits);
    let names_both = |message: &String| message.contains("127.0.0.1:") && message.contains("localhost:");
    assert!(messages.iter().all(names_both), "{messages:?}");
    // A host that refuses ends the search, as in libpq.
    let wrong = at(&postgres, &format!("127.0.0.1:{port},127.0.0.1:{down}")).replace("secret", "wrong");
    both(&wrong, Refuses);
}

#[test]
fn a_host_that_does_not_answer_is_passed_over_in_time() {
    let postgres = Postgres::start();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let hosts = format!("127.0.0.1:{silent},127.0.0.1:{}", postgres.port());
    both(&format!("{}?connect_timeout=1", at(&postgres, &hosts)), In);
}

#[test]
fn a_server_of_another_role_is_passed_over() {
    let primary = Postgres::start();
    let standby = primary.standby();
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    for role in ["read-write", "primary"] {
        both(&format!("{}?target_session_attrs={role}", at(&primary, &hosts)), In);
        let messages = both(&format!("{}?target_session_attrs={role}", standby.url()), Waits);
        assert!(messages.iter().all(|message| message.contains("target_session_attrs")), "{messages:?}");
    }
    for role in ["read-only", "standby", "prefer-standby", "any"] {
        assert_eq!(source(&format!("{}?target_session_attrs={role}", standby.url())).0, In, "{role}");
    }
    for role in ["read-only", "standby"] {
        both(&format!("{}?target_session_attrs={role}", primary.url()), Waits);
    }
    both(&format!("{}?target_session_attrs=prefer-standby", primary.url()), In);
}

#[test]
fn a_socket_in_the_file_system_is_as_good_as_a_port() {
    let folder = Certificates::new();
    let path = folder.path("sockets");
    std::fs::create_dir(&path).unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&path, open).unwrap();
    let settings = vec![format!("unix_socket_directories={}", path.display())];
    let postgres = Postgres::start_with(&Options { settings, ..Options::default() });
    let (port, path) = (postgres.port(), path.display().to_string());
    both(&format!("postgres://postgres@/postgres?host={path}&port={port}"), In);
    // Nobody can eavesdrop there, so TLS is not asked for.
    both(&format!("postgres://postgres@{}:{port}/postgres?sslmode=require", path.replace('/', "%2F")), In);
    both(&format!("postgres://postgres@/postgres?host={path}&port={port}&channel_binding=require"), Refuses);
    both(&format!("postgres://postgres@/postgres?host={path}&port={}", closed()), Waits);
}
