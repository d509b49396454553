//! Tokens: each may do what its scopes say, is replaced without a restart, and is limited by itself.

use super::livewell;
use super::place::Place;
use super::running::{Events, Running, orders};
use super::text;
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

const SCOPES: [&str; 4] = ["read", "ingest", "operate", "administer"];

fn token(name: &str) -> String {
    format!("{name}-token-of-the-tests")
}

fn bearer(name: &str) -> String {
    format!("authorization: Bearer {}\r\n", token(name))
}

/// The lines of `server.tokens` for tokens with these scopes, named after the first.
fn tokens(lists: &[&[&str]]) -> String {
    let line = |scopes: &&[&str]| {
        let (name, scopes) = (scopes[0], scopes.join(", "));
        format!("    - {{ name: {name}, token: {}, scopes: [{scopes}] }}\n", token(name))
    };
    format!("  tokens:\n{}", lists.iter().map(line).collect::<String>())
}

#[test]
fn every_call_is_open_to_its_scope_and_to_those_who_administer() {
    let running =
        Running::start_with(&tokens(&SCOPES.map(|scope| [scope]).each_ref().map(|one| &one[..])), "", "");
    let document = running.ask("GET", "/openapi.json", &bearer("ingest"), "").json();
    let page = running.get("/").body;
    let asset = page.split("/assets/").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let mut scopes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            let call = format!("{method} {path}");
            let path = path
                .replace("{id}", "nope")
                .replace("{code}", "LW0701")
                .replace("{element}", "e")
                .replace("{name}", asset);
            let ask = |headers: &str| running.ask(&method.to_uppercase(), &path, headers, "");
            let refusals = SCOPES.map(|scope| {
                let answer = ask(&bearer(scope));
                (answer.status == 403).then(|| {
                    let json = answer.json();
                    assert_eq!(json["code"], "LW0740", "{call}");
                    let needed = json["scope"].as_str().unwrap().to_owned();
                    let challenge = answer.header("www-authenticate").unwrap().to_owned();
                    assert_eq!(challenge, format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\""));
                    assert!(json["detail"].as_str().unwrap().contains(&format!("`{scope}`")), "{json}");
                    needed
                })
            });
            let needed: BTreeSet<&String> = refusals.iter().flatten().collect();
            let without = ask("");
            match needed.into_iter().collect::<Vec<_>>()[..] {
                [] => assert!(without.status == 200 || without.status == 401, "{call}: {}", without.status),
                [needed] => {
                    assert_eq!(without.status, 401, "{call}");
                    assert_eq!(without.header("www-authenticate"), Some("Bearer"));
                    for (scope, refusal) in SCOPES.iter().zip(&refusals) {
                        let may = scope == needed || *scope == "administer";
                        assert_eq!(refusal.is_none(), may, "{call} with `{scope}`");
                    }
                    scopes.insert(needed.clone());
                }
                ref several => panic!("{call} needs {several:?}"),
            }
        }
    }
    assert_eq!(scopes.len(), SCOPES.len(), "{scopes:?}");
    assert_eq!(running.ask("GET", "/no/such/call", &bearer("ingest"), "").status, 404);
    assert_eq!(running.ask("GET", "/no/such/call", "", "").status, 401);
    assert_eq!(running.ask("HEAD", "/metrics", &bearer("ingest"), "").status, 403);
    assert_eq!(running.ask("PATCH", "/api/v1/queries/big", &bearer("read"), "").status, 403);
    assert_eq!(
        running.ask("POST", "/api/v1/sources/orders/changes", &bearer("ingest"), &orders(&[250])).status,
        200
    );
}

#[test]
fn a_new_token_is_let_in_by_its_hash_alone() {
    let printed = livewell(&["token", "--name", "ci", "--scope", "read", "--scope", "ingest"]);
    let (token, line) = text(&printed.stdout).trim_end().split_once('\n').unwrap();
    assert!(
        line.starts_with("- { name: ci, hash: \"sha256:") && line.ends_with("scopes: [read, ingest] }"),
        "{line}"
    );
    assert!(token.len() >= 64 && !line.contains(token));
    let again = livewell(&["token"]);
    assert_ne!(text(&again.stdout).lines().next(), Some(token), "each is a new one");
    let mut running = Running::start_with(&format!("  tokens:\n    {line}\n"), "", "");
    let ask = |token: &str| {
        running.ask("GET", "/api/v1/queries", &format!("authorization: Bearer {token}\r\n"), "").status
    };
    assert_eq!(ask(token), 200);
    let hash = line.split('"').nth(1).unwrap();
    for wrong in [hash, &hash[7..], &token[..token.len() - 1], "", "x"] {
        assert_eq!(ask(wrong), 401, "{wrong}");
    }
    assert_eq!(
        running.ask("POST", "/api/v1/backup", &format!("authorization: Bearer {token}\r\n"), "").status,
        403
    );
    let log = running.stop();
    assert!(!log.contains(token) && !log.contains(hash), "{log}");
}

#[test]
fn a_token_has_so_many_calls_a_second_and_others_have_theirs() {
    let config = format!(
        "  tokens:\n    - {{ name: slow, token: {}, scopes: [read], requests_per_second: 5 }}\n    \
         - {{ name: other, token: {}, scopes: [read] }}\n",
        token("slow"),
        token("other")
    );
    let running = Running::start_with(&config, "", "");
    let (began, mut taken) = (Instant::now(), 0);
    let refused = loop {
        let answer = running.ask("GET", "/api/v1/queries", &bearer("slow"), "");
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
        assert!(began.elapsed() < Duration::from_secs(20), "it is not limited");
    };
    assert_eq!((refused.status, refused.json()["code"].as_str()), (429, Some("LW0704")));
    assert!(
        refused.body.contains("`slow`") && refused.header("retry-after") == Some("1"),
        "{}",
        refused.body
    );
    assert!(taken >= 5 && taken <= 5 + 5 * (began.elapsed().as_secs() + 1), "{taken}");
    assert_eq!(running.ask("GET", "/api/v1/queries", &bearer("other"), "").status, 200);
    assert_eq!(running.ask("GET", "/health", &bearer("slow"), "").status, 200);
}

#[test]
fn tokens_are_replaced_without_a_restart_and_the_streams_of_those_withdrawn_end() {
    let mut running = Running::start_with(&tokens(&[&["read"], &["operate"]]), "", "");
    let status = |running: &Running, name: &str| {
        running.ask("GET", "/api/v1/queries/big/results", &bearer(name), "").status
    };
    let follow = |running: &Running, name: &str| {
        let headers = format!("{}connection: close\r\n", bearer(name));
        let mut events = Events::of(running.open("GET", "/api/v1/queries/big/changes", &headers, ""));
        assert_eq!(events.next().unwrap().0, "snapshot_end");
        events
    };
    running.wait_until_ready();
    assert_eq!(
        (status(&running, "read"), status(&running, "operate"), status(&running, "new")),
        (200, 403, 401)
    );
    let (mut old, mut kept) = (follow(&running, "read"), None);
    let config = fs::read_to_string(running.config()).unwrap();
    let with = |lists: &[&[&str]]| {
        let before = tokens(&[&["read"], &["operate"]]);
        assert!(config.contains(&before));
        config.replace(&before, &tokens(lists))
    };
    fs::write(running.config(), with(&[&["new", "read"], &["operate"]]).replace("[new, read]", "[read]"))
        .unwrap();
    running.hang_up();
    let said = running.wait_for_log("the configuration was read again");
    assert!(said.contains("new, operate"), "{said}");
    assert_eq!(
        (status(&running, "read"), status(&running, "operate"), status(&running, "new")),
        (401, 403, 200)
    );
    let began = Instant::now();
    assert!(old.next().is_none(), "the stream of a token that was withdrawn ends");
    assert!(began.elapsed() < Duration::from_secs(10), "at once, and not for another reason");
    kept.replace(follow(&running, "new"));

    for broken in ["server: {", "server: { tokens: [{ name: x }] }", "server: { listen: 0.0.0.0:1 }"] {
        fs::write(running.config(), broken).unwrap();
        running.hang_up();
        running.wait_for_log("LW0742");
        assert_eq!((status(&running, "new"), status(&running, "read")), (200, 401), "{broken}");
    }
    // Other parts of the file may be in the middle of an edit.
    let edited = with(&[&["read"], &["operate"]]).replace("MATCH", "MTACH") + "  limits: {}\n";
    let edited =
        edited.replace("  limits: {}\n", "").replace("server:\n", "server:\n  limits: { idle: 9s }\n");
    fs::write(running.config(), edited).unwrap();
    running.hang_up();
    running.wait_for_log("the configuration was read again");
    running.wait_for_log("take effect with the next start");
    assert_eq!((status(&running, "new"), status(&running, "read")), (401, 200));
    assert!(kept.unwrap().next().is_none());
}

#[test]
fn tokens_that_are_nobodys_or_everybodys_are_refused_in_the_configuration() {
    let check = |server: &str| {
        let config = format!(
            "store: {{ kind: memory }}\nsources:\n  - {{ id: ops, kind: http }}\nqueries:\n  \
             - {{ id: of, sources: [ops], for_each: {{ customer: text }}, cypher: 'MATCH (o:O) WHERE o.c = $customer RETURN o.id AS id' }}\n\
             server:\n{server}"
        );
        Place::new(&config, &[]).livewell(&["check"])
    };
    let long = token("x");
    let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (token, said) in [
        (format!("{{ name: a, token: {long} }}"), "`a` may do nothing"),
        (format!("{{ name: a, token: {long}, scopes: [] }}"), "`a` may do nothing"),
        (format!("{{ name: a, token: {long}, scopes: [write] }}"), "`write`"),
        ("{ name: a, scopes: [read] }".into(), "neither `token` nor `hash`"),
        ("{ name: a, token: '', scopes: [read] }".into(), "the token is empty"),
        ("{ name: a, token: '${NO_SUCH_VARIABLE:-}', scopes: [read] }".into(), "neither `token` nor `hash`"),
        (format!("{{ name: a, hash: '{empty}', scopes: [read] }}"), "the token is empty"),
        ("{ name: a, hash: 'md5:1', scopes: [read] }".into(), "64 hexadecimal digits"),
        (format!("{{ name: a, token: {long}, hash: '{empty}', scopes: [read] }}"), "both `token` and `hash`"),
        (format!("{{ name: 'a b', token: {long}, scopes: [read] }}"), "is not a name for a token"),
        (format!("{{ name: anonymous, token: {long}, scopes: [read] }}"), "cannot be called `anonymous`"),
        (
            format!("{{ name: a, token: {long}, scopes: [read, ingest], only: {{ query: of }} }}"),
            "only have the scope `read`",
        ),
    ] {
        check(&format!("  tokens: [{token}]\n")).expect(2, &[said]);
    }
    let two = |name: &str, token: &str| {
        check(&format!("  token: {long}\n  tokens: [{{ name: {name}, token: {token}, scopes: [read] }}]\n"))
    };
    two("default", "another-token-of-the-tests").expect(2, &["there are two tokens `default`"]);
    let same = two("ci", &long);
    same.expect(2, &["`ci` is the same token as `default`"]);
    assert!(!same.err.contains(&long), "{}", same.err);
    two("ci", "another-token-of-the-tests").expect(0, &[]);
    let weak = check("  tokens: [{ name: ci, token: s3cret, scopes: [read] }]\n");
    weak.expect(0, &["warning: livewell.yaml:", "the token `ci` has 6 characters", "livewell token"]);
    assert!(!weak.err.contains("s3cret"), "{}", weak.err);
    let bound = |only: &str| check(&format!("  tokens: [{{ name: ci, token: {long}, only: {only} }}]\n"));
    let fine = bound("{ query: of, values: { customer: 42 } }");
    fine.expect(0, &[]);
    assert_eq!(fine.err, "");
    bound("{ query: off }").expect(0, &["warning: ", "no query `off`"]);
    bound("{ query: of, values: { customr: c } }").expect(0, &["warning: ", "`customer`"]);
}
