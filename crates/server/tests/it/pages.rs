//! Web pages and the server: no page of another origin drives it, however its name was made to lead here.

use super::running::{Answer, Running, answer, orders};
use livewell_services::Browser;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::net::TcpStream;

const CHANGES: &str = "/api/v1/sources/orders/changes";

/// The answer to a request with these header lines and nothing else.
fn ask(running: &Running, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(&running.address).unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n");
    stream.write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    answer(stream)
}

/// What a page could do, each with what it must not have done.
fn attempts() -> Vec<(&'static str, &'static str, String)> {
    let reaction = json!({ "id": "r", "kind": "log", "queries": ["big"] }).to_string();
    vec![
        ("GET", "/", String::new()),
        ("GET", "/metrics", String::new()),
        ("GET", "/openapi.json", String::new()),
        ("GET", "/api/v1/queries/big/results", String::new()),
        ("GET", "/api/v1/queries/big/changes", String::new()),
        ("POST", CHANGES, orders(&[250])),
        ("POST", "/api/v1/reactions", reaction),
        ("POST", "/api/v1/queries/big/reset", String::new()),
        ("DELETE", "/api/v1/queries/big", String::new()),
        ("OPTIONS", "/api/v1/queries", String::new()),
        ("GET", "/nope", String::new()),
    ]
}

#[track_caller]
fn expect_refused(answer: &Answer, status: u16, code: &str, help: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["code"], json!(code), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(help), "{problem}");
}

#[track_caller]
fn expect_untouched(running: &Running) {
    assert_eq!(running.get("/api/v1/sources/orders").json()["sequence"], json!(0));
    assert_eq!(running.get("/api/v1/queries/big").status, 200);
    assert_eq!(running.get("/api/v1/reactions").json(), json!([]));
}

#[test]
fn a_name_that_is_not_the_servers_can_do_nothing_and_is_told_what_to_write() {
    let running = Running::start();
    let port = running.address.rsplit_once(':').unwrap().1;
    for name in ["rebound.test", "localhost.rebound.test", "127.0.0.1.rebound.test", "2130706433"] {
        for (method, path, body) in attempts() {
            for origin in [String::new(), format!("origin: http://{name}:{port}\r\n")] {
                let headers = format!("host: {name}:{port}\r\n{origin}");
                let refused = ask(&running, method, path, &headers, &body);
                expect_refused(&refused, 421, "LW0718", &format!("allowed_hosts: [{name}]"));
            }
        }
        let probe = |path| ask(&running, "GET", path, &format!("host: {name}:{port}\r\n"), "");
        assert_eq!(probe("/health").status, 200);
        assert!(!probe("/ready").body.contains("big"));
    }
    expect_untouched(&running);
}

#[test]
fn a_page_of_another_origin_can_do_nothing_with_a_token_and_without() {
    for (server, token) in [("", ""), ("  token: open-sesame\n", "authorization: Bearer open-sesame\r\n")] {
        let running = Running::start_with(server, "", "");
        let host = format!("host: {}\r\n", running.address);
        for page in [
            "origin: null\r\n",
            "origin: http://example.com\r\n",
            "origin: http://127.0.0.1:1\r\n",
            "origin: http://localhost:3000\r\n",
            "sec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\n",
            "sec-fetch-site: same-site\r\nsec-fetch-mode: navigate\r\nsec-fetch-dest: iframe\r\n",
        ] {
            for (method, path, body) in attempts() {
                let refused = ask(&running, method, path, &format!("{host}{token}{page}"), &body);
                expect_refused(&refused, 403, "LW0713", "allowed_hosts");
            }
        }
        let own = format!("{host}{token}origin: http://{}\r\n", running.address);
        assert_eq!(ask(&running, "GET", "/api/v1/reactions", &own, "").json(), json!([]));
        assert_eq!(ask(&running, "GET", "/api/v1/sources/orders", &own, "").json()["sequence"], json!(0));
    }
}

#[test]
fn a_request_without_a_host_or_with_two_is_refused() {
    let running = Running::start();
    let host = format!("host: {}\r\n", running.address);
    for headers in
        [String::new(), host.repeat(2), format!("{host}host: rebound.test\r\n"), "host: \r\n".into()]
    {
        for (method, path, body) in attempts() {
            expect_refused(&ask(&running, method, path, &headers, &body), 400, "LW0701", "Host");
        }
    }
    let target = format!("http://rebound.test{CHANGES}");
    expect_refused(&ask(&running, "POST", &target, &host, &orders(&[250])), 400, "LW0701", "Host");
    let named = "host: rebound.test\r\n";
    expect_refused(&ask(&running, "POST", &target, named, &orders(&[250])), 421, "LW0718", "allowed_hosts");
    expect_untouched(&running);
}

#[test]
fn names_in_the_configuration_and_every_address_are_served() {
    let running = Running::start_with("  allowed_hosts: [Livewell.example.com]\n", "", "");
    for host in ["livewell.example.com", "LIVEWELL.example.com:8443", "localhost", "10.1.2.3:9", "[::1]:9"] {
        let answer = ask(&running, "GET", "/api/v1/queries", &format!("host: {host}\r\n"), "");
        assert_eq!(answer.status, 200, "{host}: {}", answer.body);
    }
    // As a proxy sends it that keeps the page's origin and asks by the address.
    let proxied = format!("host: {}\r\norigin: https://livewell.example.com\r\n", running.address);
    assert_eq!(ask(&running, "GET", "/api/v1/queries", &proxied, "").status, 200);
}

/// A script that asks the server and says with which status it answers, or that the browser let it ask nothing.
fn fetch(method: &str, url: &str, body: &str, mode: &str) -> String {
    let body = if body.is_empty() { "undefined".to_owned() } else { json!(body).to_string() };
    format!(
        "return fetch({}, {{ method: {}, mode: {}, body: {body} }}).then(answer => answer.status, () => 'blocked')",
        json!(url),
        json!(method),
        json!(mode)
    )
}

#[test]
fn a_browser_whose_page_got_a_name_for_this_machine_can_do_nothing() {
    let running = Running::start_with("  allowed_hosts: [livewell.test]\n", "", "");
    let port = running.address.rsplit_once(':').unwrap().1;
    let mapped = "--host-resolver-rules=MAP rebound.test 127.0.0.1, MAP livewell.test 127.0.0.1";
    let browser = Browser::with_arguments(&[mapped]);
    browser.open(&format!("http://rebound.test:{port}/"));
    assert_eq!(browser.run("return location.hostname"), Ok(json!("rebound.test")));
    assert_eq!(browser.run("return document.querySelector('.side')"), Ok(Json::Null));
    for (method, path, body) in attempts() {
        assert_eq!(
            browser.run(&fetch(method, path, &body, "same-origin")),
            Ok(json!(421)),
            "{method} {path}"
        );
    }
    // From there to the address: another origin, which may send but not read.
    for (method, path, body) in
        attempts().into_iter().filter(|(method, ..)| matches!(*method, "GET" | "POST"))
    {
        let url = format!("http://{}{path}", running.address);
        let sent = browser.run(&fetch(method, &url, &body, "no-cors"));
        assert!(
            matches!(sent.as_ref().ok(), Some(answer) if *answer == json!(0) || *answer == json!("blocked"))
        );
    }
    expect_untouched(&running);
    for name in ["127.0.0.1", "localhost", "livewell.test"] {
        browser.open(&format!("http://{name}:{port}/"));
        browser.wait_for("return document.querySelectorAll('.side li a').length > 0", &json!(true));
        let posted = browser.run(&fetch("POST", CHANGES, &orders(&[250]), "same-origin"));
        assert_eq!(posted, Ok(json!(200)), "{name}");
    }
}
