//! Tokens of an identity provider: keys and tokens are made here, and whatever is not exactly right is refused.

use super::place::Place;
use super::running::{Answer, Events, Running};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde_json::{Value as Json, json};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ISSUER: &str = "https://login.example.com/";
const AUDIENCE: &str = "livewell";

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

enum Key {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

impl Key {
    fn ec() -> Self {
        let (scheme, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let document = EcdsaKeyPair::generate_pkcs8(scheme, &random).unwrap();
        Self::Ec(EcdsaKeyPair::from_pkcs8(scheme, document.as_ref(), &random).unwrap())
    }

    fn ed() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    }

    fn rsa() -> Self {
        let mut make = Command::new("openssl");
        make.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"]);
        let made = make.output().unwrap();
        assert!(made.status.success());
        let pair = RsaKeyPair::from_der(&made.stdout).or_else(|_| RsaKeyPair::from_pkcs8(&made.stdout));
        Self::Rsa(Box::new(pair.unwrap()))
    }

    /// The public key as the provider shows it.
    fn shown(&self, id: &str) -> Json {
        match self {
            Self::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let (x, y) = (encoded(&point[1..33]), encoded(&point[33..]));
                json!({ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": x, "y": y })
            }
            Self::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": encoded(pair.public_key().as_ref()) })
            }
            Self::Rsa(pair) => {
                let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
                let (n, e) = (encoded(public.n), encoded(public.e));
                json!({ "kty": "RSA", "kid": id, "use": "sig", "n": n, "e": e })
            }
        }
    }

    fn sign(&self, algorithm: &str, message: &str) -> String {
        let (random, message) = (SystemRandom::new(), message.as_bytes());
        match self {
            Self::Ec(pair) => encoded(pair.sign(&random, message).unwrap()),
            Self::Ed(pair) => encoded(pair.sign(message)),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &dyn ring::signature::RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).unwrap();
                encoded(signature)
            }
        }
    }

    fn token(&self, header: &Json, claims: &Json) -> String {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        let signature = self.sign(header["alg"].as_str().unwrap(), &message);
        format!("{message}.{signature}")
    }

    /// A token that is right but for what `change` says.
    fn with(&self, id: &str, change: &Json) -> String {
        let algorithm = match self {
            Self::Ec(_) => "ES256",
            Self::Ed(_) => "EdDSA",
            Self::Rsa(_) => "RS256",
        };
        let mut claims = claims();
        for (name, value) in change.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        self.token(&json!({ "alg": algorithm, "kid": id, "typ": "JWT" }), &claims)
    }
}

fn seconds_now() -> u64 {
    let output = Command::new("date").arg("+%s").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

fn claims() -> Json {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": "c42", "exp": seconds_now() + 600, "scope": "openid read" })
}

fn config(jwks: &str, more: &str) -> String {
    format!(
        "store: {{ kind: embedded, path: data }}\n\
         server:\n  listen: 127.0.0.1:0\n  tokens: [{{ name: own, token: own-token-of-the-tests, scopes: [administer] }}]\n  \
         oidc:\n    issuer: {ISSUER}\n    audience: {AUDIENCE}\n    jwks: {jwks}\n{more}\
         sources:\n  - {{ id: orders, kind: http }}\n\
         queries:\n  - {{ id: big, sources: [orders], cypher: 'MATCH (o:Order) RETURN o.id AS id' }}\n  \
         - {{ id: orders-of, sources: [orders], for_each: {{ customer: text }}, cypher: 'MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id' }}\n"
    )
}

fn set(keys: &[(&str, &Key)]) -> String {
    json!({ "keys": keys.iter().map(|(id, key)| key.shown(id)).collect::<Vec<_>>() }).to_string()
}

/// A server whose keys are in the file `jwks.json`.
struct Provided {
    place: tempfile::TempDir,
    running: Running,
}

fn provided(keys: &[(&str, &Key)], more: &str) -> Provided {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("jwks.json");
    fs::write(&file, set(keys)).unwrap();
    let running = Running::of(&config(&format!("{{ file: {} }}", file.display()), more));
    running.wait_until_ready();
    Provided { place, running }
}

fn ask(running: &Running, token: &str, path: &str) -> Answer {
    running.ask("GET", path, &format!("authorization: Bearer {token}\r\n"), "")
}

fn status(running: &Running, token: &str) -> u16 {
    ask(running, token, "/api/v1/queries").status
}

#[test]
fn a_token_of_the_provider_may_do_what_its_scopes_say() {
    let (ec, ed, rsa) = (Key::ec(), Key::ed(), Key::rsa());
    let Provided { running, .. } = &provided(&[("ec", &ec), ("ed", &ed), ("rsa", &rsa)], "");
    for (id, key) in [("ec", &ec), ("ed", &ed), ("rsa", &rsa)] {
        assert_eq!(status(running, &key.with(id, &json!({}))), 200, "{id}");
        let several = json!({ "aud": ["other", AUDIENCE], "scope": ["read"] });
        assert_eq!(status(running, &key.with(id, &several)), 200, "{id}");
    }
    assert_eq!(status(running, &rsa.token(&json!({ "alg": "PS256", "kid": "rsa" }), &claims())), 200);
    let refused = ask(running, &ec.with("ec", &json!({ "scope": "openid" })), "/api/v1/queries");
    assert_eq!((refused.status, refused.json()["scope"].clone()), (403, json!("read")));
    assert!(refused.body.contains("oidc:c42"), "{}", refused.body);
    let posted = |token: &str| {
        let headers = format!("authorization: Bearer {token}\r\n");
        running.ask("POST", "/api/v1/sources/orders/stop", &headers, "").status
    };
    assert_eq!(posted(&ec.with("ec", &json!({}))), 403);
    assert_eq!(posted(&ec.with("ec", &json!({ "scope": "operate" }))), 200);
    assert_eq!(status(running, "own-token-of-the-tests"), 200, "tokens of the configuration go on");
}

#[test]
fn whatever_is_not_exactly_right_is_refused() {
    let (key, rsa, other) = (Key::ec(), Key::rsa(), Key::ec());
    let Provided { running, .. } = &provided(&[("a", &key), ("rsa", &rsa)], "");
    let now = seconds_now();
    let expired = json!({ "exp": now - 3600 });
    // A right signature, and no guess: those are never held off.
    for (change, why) in [
        (expired, "it has expired"),
        (json!({ "nbf": now + 3600 }), "it is not valid yet"),
        (json!({ "aud": "other" }), "its audience is not `livewell`"),
        (json!({ "aud": [] }), "its audience is not `livewell`"),
        (json!({ "iss": "https://login.example.com" }), "its issuer is not"),
        (json!({ "iss": null }), "it has no claim `iss`"),
        (json!({ "aud": null }), "it has no claim `aud`"),
        (json!({ "exp": null }), ""),
        (json!({ "sub": null }), ""),
    ] {
        let refused = ask(running, &key.with("a", &change), "/api/v1/queries");
        assert_eq!((refused.status, refused.json()["code"].as_str()), (401, Some("LW0707")), "{change}");
        assert!(refused.body.contains(why), "{change}: {}", refused.body);
    }
    let header = json!({ "alg": "ES256", "kid": "a" });
    let right = key.token(&header, &claims());
    let (message, signature) = right.rsplit_once('.').unwrap();
    let payload = encoded(claims().to_string().replace("openid read", "administer"));
    let forged = [
        format!("{}.{payload}.{signature}", message.split_once('.').unwrap().0),
        format!("{message}."),
        other.token(&header, &claims()),
        format!("{}.{}.", encoded(r#"{"alg":"none","kid":"a"}"#), encoded(claims().to_string())),
        key.token(&json!({ "alg": "ES256", "kid": "b" }), &claims()),
        key.token(&json!({ "alg": "ES256" }), &claims()),
        key.token(&json!({ "alg": "ES256", "kid": "a", "crit": ["x"] }), &claims()),
        rsa.token(&json!({ "alg": "RS256", "kid": "a" }), &claims()),
        other.token(&json!({ "alg": "ES256", "kid": "c", "jwk": other.shown("c") }), &claims()),
        hmac_with_the_public_key(&rsa),
        "a.b.c".to_owned(),
        format!("..{}", "x".repeat(20_000)),
    ];
    for token in &forged {
        let began = Instant::now();
        let refused = loop {
            let refused = ask(running, token, "/api/v1/queries");
            if refused.status != 429 {
                break refused;
            }
            assert!(began.elapsed() < Duration::from_secs(20));
            std::thread::park_timeout(Duration::from_millis(200));
        };
        assert_eq!(refused.status, 401, "{token}");
        assert!(!refused.body.contains(token), "{}", refused.body);
    }
    std::thread::park_timeout(Duration::from_millis(1_500));
    assert_eq!(status(running, &right), 200);
}

/// The known attack on libraries that let the token choose: a MAC whose secret is the public key.
fn hmac_with_the_public_key(key: &Key) -> String {
    let message = format!("{}.{}", encoded(r#"{"alg":"HS256","kid":"rsa"}"#), encoded(claims().to_string()));
    let Key::Rsa(pair) = key else { unreachable!() };
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, pair.public_key().as_ref());
    format!("{message}.{}", encoded(ring::hmac::sign(&secret, message.as_bytes())))
}

#[test]
fn keys_in_a_file_are_replaced_and_what_a_broken_file_says_is_not_taken() {
    let (old, new) = (Key::ec(), Key::ec());
    let mut provided = provided(&[("old", &old)], "");
    let file = provided.place.path().join("jwks.json");
    let (old_token, new_token) = (old.with("old", &json!({})), new.with("new", &json!({})));
    assert_eq!((status(&provided.running, &old_token), status(&provided.running, &new_token)), (200, 401));
    fs::write(&file, set(&[("new", &new)])).unwrap();
    assert_eq!((status(&provided.running, &new_token), status(&provided.running, &old_token)), (200, 401));
    for broken in ["{", "{\"keys\":[]}", r#"{"keys":[{"kty":"oct","kid":"new","k":"c2VjcmV0"}]}"#] {
        fs::write(&file, broken).unwrap();
        assert_eq!(status(&provided.running, &new_token), 200, "{broken}");
        provided.running.wait_for_log("LW0743");
    }
}

#[test]
fn keys_at_an_address_are_read_again_for_a_new_one_and_not_for_every_invention() {
    let (old, new) = (Key::ec(), Key::ec());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{{ url: 'http://{}/keys' }}", listener.local_addr().unwrap());
    let (shown, asked) = (Arc::new(Mutex::new(set(&[("old", &old)]))), Arc::new(AtomicUsize::new(0)));
    let (show, count) = (shown.clone(), asked.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, body) = (stream.unwrap(), show.lock().unwrap().clone());
            count.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4096]);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
    });
    let running = Running::of(&config(&url, ""));
    assert_eq!(asked.load(Ordering::Relaxed), 0, "nobody is asked before a token comes");
    assert_eq!(status(&running, &old.with("old", &json!({}))), 200);
    *shown.lock().unwrap() = set(&[("old", &old), ("new", &new)]);
    for at in 0..5 {
        status(&running, &old.with(&format!("invented{at}"), &json!({})));
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1, "inventions do not ask the provider");
    let (token, deadline) = (new.with("new", &json!({})), Instant::now() + Duration::from_secs(25));
    while status(&running, &token) != 200 {
        assert!(Instant::now() < deadline, "the new key is not taken up");
        std::thread::park_timeout(Duration::from_millis(1_100));
    }
    assert!(asked.load(Ordering::Relaxed) <= 3, "{asked:?}");
}

#[test]
fn a_person_reads_the_rows_of_their_own_claim_until_the_token_expires() {
    let key = Key::ec();
    let only = "    only: { query: orders-of, values: { customer: { claim: sub } } }\n";
    let Provided { running, .. } = &provided(&[("a", &key)], only);
    let token = key.with("a", &json!({ "scope": "administer" }));
    let get = |path: &str| ask(running, &token, path).status;
    assert_eq!(get("/api/v1/queries/orders-of/results?customer=c42"), 200);
    for other in [
        "/api/v1/queries/orders-of/results?customer=c43",
        "/api/v1/queries/orders-of/results",
        "/api/v1/queries/big/results",
        "/api/v1/queries",
        "/metrics",
    ] {
        assert_eq!(get(other), 403, "{other}: a binding counts for more than scopes");
    }
    // Clocks may differ by half a minute.
    let short = key.with("a", &json!({ "exp": seconds_now() - 30 + 4 }));
    let headers = format!("authorization: Bearer {short}\r\nconnection: close\r\n");
    let began = Instant::now();
    let path = "/api/v1/queries/orders-of/changes?customer=c42";
    let mut events = Events::of(running.open("GET", path, &headers, ""));
    assert_eq!(events.next().unwrap().0, "snapshot_end");
    assert!(events.next().is_none(), "the stream ends with the token");
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
    // Expiry is in whole seconds.
    std::thread::park_timeout(Duration::from_millis(2_100));
    assert_eq!(ask(running, &short, path).status, 401);
}

#[test]
fn a_provider_that_would_let_anybody_in_is_refused_in_the_configuration() {
    let check = |server: &str| {
        let place = Place::new(
            &format!("sources:\n  - {{ id: ops, kind: http }}\nserver: {{ oidc: {server} }}\n"),
            &[],
        );
        place.write("keys.json", &set(&[("a", &Key::ec())]));
        place.write("empty.json", "{\"keys\":[]}");
        place.livewell(&["check"])
    };
    check("{ issuer: i, audience: a, jwks: { file: keys.json } }").expect(0, &[]);
    check("{ issuer: i, audience: a, jwks: { url: 'https://login.example.com/keys' } }").expect(0, &[]);
    for (oidc, said) in [
        ("{ audience: a, jwks: { file: keys.json } }", "`issuer` is missing"),
        ("{ issuer: '', audience: a, jwks: { file: keys.json } }", "`issuer` is empty"),
        ("{ issuer: i, audience: ' ', jwks: { file: keys.json } }", "`audience` is empty"),
        ("{ issuer: i, audience: a, jwks: { url: 'http://login.example.com/keys' } }", "without TLS"),
        ("{ issuer: i, audience: a, jwks: { url: 'http://127.0.0.1.evil.test/keys' } }", "without TLS"),
        ("{ issuer: i, audience: a, jwks: { url: 'http://localhost@evil.test/keys' } }", "without TLS"),
        ("{ issuer: i, audience: a, jwks: { file: absent.json } }", "LW0743"),
        ("{ issuer: i, audience: a, jwks: { file: empty.json } }", "there is no public key for signatures"),
        ("{ issuer: i, audience: a, jwks: { secret: x } }", "unknown"),
    ] {
        check(oidc).expect(2, &[said]);
    }
}
