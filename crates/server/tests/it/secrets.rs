//! Secrets that a program prints, and who can read what a store holds.

use super::place::Place;
use super::running::{Running, orders};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const SOURCES: &str = "sources:\n  - { id: ops, kind: http }\n";

fn checked(token: &str) -> super::place::Ran {
    let place = Place::new(&format!("{SOURCES}server:\n  token: {token}\n  listen: nowhere\n"), &[]);
    place.write("vault", "a-secret-of-the-vault\nsecond line\n");
    place.livewell(&["check"])
}

#[test]
fn a_program_prints_a_secret_and_no_message_shows_it() {
    let found = checked("{ command: [head, -n, '1', vault] }");
    found.expect(2, &["`nowhere` is not an address"]);
    assert!(!found.err.contains("a-secret-of"), "{}", found.err);
    for (command, said) in [
        ("[no-such-program-here]", "cannot take the value from `no-such-program-here`"),
        ("[sh, -c, 'echo nobody is logged in >&2; exit 3']", "exit status: 3: nobody is logged in"),
        ("[head, -c, '100000', /dev/zero]", "it prints more than 65536 bytes"),
        ("[printf, '\\377']", "it is not UTF-8 text"),
        ("[]", "it names no program"),
        ("[cat, vault, \"; echo x\"]", "exit status: 1"),
    ] {
        checked(&format!("{{ command: {command} }}")).expect(2, &["LW0607", said]);
    }
    let began = Instant::now();
    checked("{ command: [sleep, '60'] }").expect(2, &["it did not end within 10s"]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_secret_is_asked_for_again_at_each_reload_and_calls_may_not_ask() {
    let folder = tempfile::tempdir().unwrap();
    let vault = folder.path().join("vault");
    fs::write(&vault, "the-first-token-of-all\n").unwrap();
    let mut running =
        Running::start_with(&format!("  token: {{ command: [cat, {}] }}\n", vault.display()), "", "");
    let status = |running: &Running, token: &str| {
        running.ask("GET", "/api/v1/queries", &format!("authorization: Bearer {token}\r\n"), "").status
    };
    assert_eq!(status(&running, "the-first-token-of-all"), 200);
    fs::write(&vault, "the-second-token-of-all\n").unwrap();
    running.hang_up();
    running.wait_for_log("the configuration was read again");
    assert_eq!(
        (status(&running, "the-first-token-of-all"), status(&running, "the-second-token-of-all")),
        (401, 200)
    );

    let hook = json!({
        "id": "hook", "kind": "webhook", "queries": ["big"], "url": "https://example.com/x",
        "secret": { "command": ["touch", folder.path().join("touched")] },
    });
    let headers = "authorization: Bearer the-second-token-of-all\r\n";
    let refused = running.ask("POST", "/api/v1/reactions", headers, &hook.to_string());
    assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("LW0607")));
    assert!(refused.body.contains("a call may not read a secret from a command"), "{}", refused.body);
    assert!(!folder.path().join("touched").exists(), "nothing was run");
}

/// Answers each request with 200, or with 401 if its `x-key` is not the one that is wanted, and sends the key on.
fn receiver(wanted: Option<&'static str>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (keys, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut key, mut length) = (String::new(), String::new(), 0);
            while stream.read_line(&mut line).unwrap_or(0) > 2 {
                let (name, value) = line.trim_end().split_once(": ").unwrap_or_default();
                match name.to_ascii_lowercase().as_str() {
                    "x-key" => key = value.to_owned(),
                    "content-length" => length = value.parse().unwrap(),
                    _ => {}
                }
                line.clear();
            }
            let _ = stream.read_exact(&mut vec![0; length]);
            let status =
                if wanted.is_none_or(|wanted| wanted == key) { "200 OK" } else { "401 Unauthorized" };
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.get_mut().write_all(answer.as_bytes());
            if keys.send(key).is_err() {
                return;
            }
        }
    });
    (url, received)
}

/// A webhook whose key comes from `REFERENCE`.
fn hook(url: &str) -> String {
    format!(
        "store: {{ kind: embedded, path: data }}\nserver: {{ listen: '127.0.0.1:0' }}\n\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id, o.total AS total' }}\n\
         reactions:\n  - id: hook\n    kind: webhook\n    queries: [big]\n    url: {url}\n    allow_private: true\n    \
         headers: {{ x-key: {{ REFERENCE }} }}\n"
    )
}

#[test]
fn a_component_in_trouble_takes_a_new_secret_by_itself_and_is_not_touched_without_one() {
    let (url, received) = receiver(Some("the-second-key"));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    fs::write(&key, "the-first-key").unwrap();
    let mut running =
        Running::of(&hook(&url).replace("REFERENCE", &format!("command: [cat, {}]", key.display())));
    let state = |running: &Running| running.get("/api/v1/reactions/hook").json();
    assert_eq!(running.post(&orders(&[1])).status, 200);
    let next = || received.recv_timeout(Duration::from_secs(30)).expect("the message is sent again");
    assert_eq!((next(), next()), ("the-first-key".into(), "the-first-key".into()));
    assert_eq!(state(&running)["state"], "waiting");
    fs::write(&key, "the-second-key").unwrap();
    while next() != "the-second-key" {}
    let deadline = Instant::now() + Duration::from_secs(20);
    while state(&running)["state"] != "caught_up" {
        assert!(Instant::now() < deadline, "{}", state(&running));
        std::thread::park_timeout(Duration::from_millis(50));
    }
    let log = running.stop();
    assert_eq!(log.matches("its secrets were replaced").count(), 1, "{log}");
    assert!(!log.contains("-key"), "{log}");
}

#[test]
fn a_component_that_is_started_again_takes_the_secret_as_it_is_then() {
    let (url, received) = receiver(None);
    let folder = tempfile::tempdir().unwrap();
    let (file, vault) = (folder.path().join("key"), folder.path().join("vault"));
    let config = hook(&url);
    for reference in [format!("file: {}", file.display()), format!("command: [cat, {}]", vault.display())] {
        let keep = |secret: &str| [&file, &vault].map(|path| fs::write(path, secret).unwrap());
        keep("the-first-key");
        let running = Running::of(&config.replace("REFERENCE", &reference));
        let sent = |total: i64| {
            assert_eq!(running.post(&orders(&[total])).status, 200);
            received.recv_timeout(Duration::from_secs(20)).expect("a call of the webhook")
        };
        let call = |what: &str| running.ask("POST", &format!("/api/v1/reactions/hook/{what}"), "", "");
        assert_eq!(sent(1), "the-first-key");
        keep("the-second-key");
        assert_eq!(sent(2), "the-first-key", "it is read at the start");
        assert_eq!((call("stop").status, call("start").status), (200, 200));
        assert_eq!(sent(3), "the-second-key");
        for path in [&file, &vault] {
            fs::remove_file(path).unwrap();
        }
        assert_eq!(call("stop").status, 200);
        let refused = call("start");
        assert_eq!(
            (refused.status, refused.json()["code"].as_str()),
            (400, Some("LW0607")),
            "{}",
            refused.body
        );
        assert!(!refused.body.contains("second-key"), "{}", refused.body);
        keep("the-third-key");
        assert_eq!(call("start").status, 200);
        assert_eq!(sent(4), "the-third-key");
    }
}

#[test]
fn a_store_and_a_backup_are_for_their_owner_alone() {
    let place = Place::new(&format!("store: {{ path: deep/er/data }}\n{SOURCES}"), &[]);
    let mode = |name: &str| fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o777;
    let ran = place.livewell(&["run", "--until-idle"]);
    ran.expect(0, &[]);
    assert!(!ran.err.contains("other users"), "{}", ran.err);
    assert_eq!(mode("deep/er/data"), 0o700);
    place.livewell(&["backup", "kept", "--store", "deep/er/data"]).expect(0, &[]);
    place.livewell(&["restore", "kept", "--into", "again"]).expect(0, &[]);
    assert_eq!((mode("kept"), mode("again")), (0o700, 0o700));
    fs::set_permissions(place.file("deep/er/data"), fs::Permissions::from_mode(0o755)).unwrap();
    place
        .livewell(&["run", "--until-idle"])
        .expect(0, &["other users can reach the store", "mode 755", "chmod 700"]);
    assert_eq!(mode("deep/er/data"), 0o755, "whoever has opened it may have a reason");
}
