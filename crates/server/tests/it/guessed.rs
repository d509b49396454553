//! Tokens that are tried: few are looked at, others are not concerned, and somebody can see it.

use super::running::{Answer, Running, answer};
use rustix::net::{AddressFamily, SocketType, bind, connect, socket};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// The answer to a call with this token from this address of this machine.
fn ask_from(running: &Running, from: &str, token: &str) -> Answer {
    let own = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&own, &SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    connect(&own, &running.address.parse::<SocketAddr>().unwrap()).unwrap();
    let mut stream = TcpStream::from(own);
    let host = &running.address;
    let token = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
    write!(stream, "GET /api/v1/queries HTTP/1.1\r\nhost: {host}\r\n{token}connection: close\r\n\r\n")
        .unwrap();
    answer(stream)
}

#[test]
fn ten_wrong_tokens_are_looked_at_and_then_one_a_second() {
    let mut running = Running::start_with("  token: open-sesame\n", "", "");
    let (bad, other) = ("127.0.0.2", "127.0.0.3");
    for _ in 0..30 {
        assert_eq!(ask_from(&running, bad, "").status, 401, "without a token nothing is tried");
    }
    let began = Instant::now();
    let (mut looked_at, mut is_held_off) = (0, false);
    while began.elapsed() < Duration::from_secs(3) {
        let refused = ask_from(&running, bad, "open-sesamE");
        match refused.status {
            401 => {
                looked_at += 1;
                if is_held_off {
                    let right = ask_from(&running, bad, "open-sesame");
                    assert_eq!(right.status, 429, "a right one would be told from a wrong one");
                }
            }
            429 => {
                is_held_off = true;
                assert_eq!(refused.json()["code"], "LW0719");
                let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=2).contains(&seconds));
                assert_eq!(ask_from(&running, other, "open-sesame").status, 200);
            }
            status => panic!("{status}"),
        }
    }
    let allowed = 10 + began.elapsed().as_secs() + 1;
    assert!((12..=allowed).contains(&looked_at), "{looked_at} of {allowed}");
    assert_eq!(ask_from(&running, other, "wrong").status, 401, "another address has attempts of its own");

    let metrics = running.ask("GET", "/metrics", "authorization: Bearer open-sesame\r\n", "").body;
    assert!(metrics.contains(&format!("livewell_wrong_tokens_total {}\n", looked_at + 1)), "{metrics}");
    let held_off = metrics.lines().find_map(|line| line.strip_prefix("livewell_held_off_tokens_total "));
    assert!(held_off.unwrap().parse::<u64>().unwrap() > 10, "{metrics}");
    let log = running.stop();
    let lines = log.lines().filter(|line| line.contains("wrong token")).count();
    assert_eq!(lines, 1, "{log}");
    assert!(log.contains(bad) && !log.contains("open-sesam"), "{log}");
}
