//! Web pages of other origins: those that the configuration lists may call, and no others.

use super::place::Place;
use super::running::{Answer, Running, orders};
use livewell_services::Browser;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;

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
            let varies = answer.head.to_ascii_lowercase();
            assert!(varies.lines().any(|line| line.starts_with("vary: ") && line.contains("origin")));
            assert!(answer.header("access-control-expose-headers").unwrap().contains("livewell-cursor"));
            assert_eq!(
                answer.header("access-control-allow-credentials"),
                None,
                "a token is sent by the page, so no cookies are allowed"
            );
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

/// Serves an empty page, as the web server of an application does. Returns its port.
fn application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        // A browser also opens connections on which it asks nothing yet.
        for mut stream in listener.incoming().map(Result::unwrap) {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(format!("{head}page").as_bytes());
            });
        }
    });
    port
}

#[test]
fn in_a_browser_the_page_of_a_listed_origin_reads_and_follows_and_any_other_is_blocked() {
    let (listed, other) = (application(), application());
    let server = format!("  token: token-of-the-tests\n  cors: ['http://localhost:{listed}']\n");
    let running = Running::start_with(&server, "", "");
    let posted = running.ask("POST", "/api/v1/sources/orders/changes", TOKEN, &orders(&[250]));
    assert_eq!(posted.status, 200);
    running.ask("GET", "/api/v1/queries/big/results?position=1&wait=20s", TOKEN, "");
    let call = |path: &str, token: &str, then: &str| {
        format!(
            "return fetch('http://{}{path}', {{ headers: {{ authorization: 'Bearer {token}' }} }}).then({then}, () => 'blocked')",
            running.address
        )
    };
    let (results, status) = ("/api/v1/queries/big/results", "answer => answer.status");
    let rows = "async answer => (await answer.json()).rows.length + answer.headers.get('livewell-sequence')";
    let first = "async answer => new TextDecoder().decode((await answer.body.getReader().read()).value).includes('event: row')";
    let browser = Browser::with_arguments(&[]);
    browser.open(&format!("http://localhost:{listed}/"));
    assert_eq!(browser.run(&call(results, "token-of-the-tests", rows)), Ok(json!("11")));
    assert_eq!(
        browser.run(&call("/api/v1/queries/big/changes", "token-of-the-tests", first)),
        Ok(json!(true))
    );
    assert_eq!(browser.run(&call(results, "wrong", status)), Ok(json!(401)), "a refusal can be read");
    for elsewhere in [format!("http://localhost:{other}/"), format!("http://127.0.0.1:{listed}/")] {
        browser.open(&elsewhere);
        assert_eq!(
            browser.run(&call(results, "token-of-the-tests", status)),
            Ok(json!("blocked")),
            "{elsewhere}"
        );
    }
}
