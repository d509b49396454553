//! Web pages of other origins: those that the configuration lists may call, and no others.

use super::place::Place;
use super::running::{Answer, Running};

const TOKEN: &str = "authorization: Bearer token-of-the-tests\r\n";

fn running() -> Running {
    Running::start_with(
        "  token: token-of-the-tests\n  cors: ['https://app.example.com', 'http://localhost:5173']\n",
        "",
        "",
    )
}

fn ask(running: &Running, method: &str, origin: &str, more: &str) -> Answer {
    let headers = format!("origin: {origin}\r\nsec-fetch-site: cross-site\r\n{more}");
    running.ask(method, "/api/v1/queries/big/results", &headers, "")
}

const PREFLIGHT: &str =
    "access-control-request-method: GET\r\naccess-control-request-headers: authorization\r\n";

#[test]
fn a_listed_origin_is_answered_and_may_read_refusals_too() {
    let running = running();
    running.wait_until_ready();
    for origin in ["https://app.example.com", "http://localhost:5173"] {
        let asked = ask(&running, "OPTIONS", origin, PREFLIGHT);
        assert_eq!(asked.status, 200, "it is asked without a token");
        assert_eq!(asked.header("access-control-allow-origin"), Some(origin));
        assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
        assert!(asked.header("access-control-allow-methods").unwrap().contains("DELETE"));
        for (headers, status) in [(TOKEN, 200), ("", 401), ("authorization: Bearer wrong\r\n", 401)] {
            let answer = ask(&running, "GET", origin, headers);
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
            assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("origin"));
            assert!(answer.header("access-control-expose-headers").unwrap().contains("livewell-cursor"));
            assert_eq!(answer.header("access-control-allow-credentials"), None, "tokens are no cookies");
        }
    }
}

#[test]
fn any_other_origin_gets_nothing_with_the_token_or_without() {
    let running = running();
    for origin in [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.test",
        "https://APP.example.com",
        "null",
        "*",
        "",
    ] {
        assert_eq!(
            ask(&running, "OPTIONS", origin, PREFLIGHT).header("access-control-allow-origin"),
            None,
            "{origin}"
        );
        for headers in [TOKEN, ""] {
            let answer = ask(&running, "GET", origin, headers);
            assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("LW0713")), "{origin}");
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
    let rebound = format!("{TOKEN}origin: https://app.example.com\r\n");
    let mut stream = std::net::TcpStream::connect(&running.address).unwrap();
    std::io::Write::write_all(
        &mut stream,
        format!("GET /api/v1/queries HTTP/1.1\r\nhost: rebound.test\r\nconnection: close\r\n{rebound}\r\n")
            .as_bytes(),
    )
    .unwrap();
    assert_eq!(
        super::running::answer(stream).status,
        421,
        "the name of the server counts for listed pages as well"
    );
}

#[test]
fn only_whole_origins_can_be_listed() {
    for origin in [
        "'*'",
        "https://*.example.com",
        "app.example.com",
        "https://app.example.com/",
        "https://App.example.com",
        "'null'",
        "https://app.example.com:443",
        "ftp://app.example.com",
    ] {
        let place = Place::new(
            &format!("sources:\n  - {{ id: ops, kind: http }}\nserver: {{ cors: [{origin}] }}\n"),
            &[],
        );
        place.livewell(&["check"]).expect(2, &["is not an origin", "without a path"]);
    }
}
