//! TLS of the API: who is trusted, what `check` says of the files, and certificates that are replaced while it runs.

use super::certificates::Certificates;
use super::livewell;
use super::place::{Place, Ran, ended};
use super::running::{Running, orders};
use super::shim::Shim;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

type Secured = StreamOwned<ClientConnection, TcpStream>;

/// How long something that is looked at once a second may take.
const SOON: Duration = Duration::from_secs(20);

/// A server that shows `server.crt`, which `authority.crt` has signed, for `localhost` and 127.0.0.1.
struct Tls {
    certificates: Certificates,
    running: Running,
}

fn signed(certificates: &Certificates, name: &str) {
    let path = |name: &str| certificates.path(name).display().to_string();
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]);
    make.args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    make.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    make.args(["-CA", &path("authority.crt"), "-CAkey", &path("authority.key")]);
    make.args(["-out", &path(&format!("{name}.crt")), "-keyout", &path(&format!("{name}.key"))]);
    let made = make.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn serving(more: &str) -> Tls {
    let certificates = Certificates::new();
    certificates.self_signed("authority", "/CN=authority", "DNS:authority.test");
    signed(&certificates, "server");
    showing(certificates, more)
}

fn showing(certificates: Certificates, more: &str) -> Tls {
    let path = |name: &str| certificates.path(name).display().to_string();
    let tls = format!("  tls: {{ certificate: {}, key: {} }}\n", path("server.crt"), path("server.key"));
    let running = Running::start_with(&format!("{tls}{more}"), "", "");
    Tls { certificates, running }
}

impl Tls {
    /// What a command says that asks this server at `host`, trusting the certificates in `ca`.
    fn command(&self, host: &str, ca: Option<&str>, environment: Option<&str>) -> Ran {
        let port = self.running.address.rsplit_once(':').unwrap().1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
        command.args(["results", "big", "--format", "csv", "--server", &format!("https://{host}:{port}")]);
        command.args(ca.map(|ca| format!("--ca={}", self.certificates.path(ca).display())));
        command.env_remove("LIVEWELL_CA");
        if let Some(name) = environment {
            command.env("LIVEWELL_CA", self.certificates.path(name));
        }
        ended(command)
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.running.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream
    }

    fn secured(&self) -> Secured {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.certificates.path("authority.crt")).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let session = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        StreamOwned::new(session, self.connect())
    }

    fn get(&self, path: &str) -> String {
        let mut stream = self.secured();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The certificate that is shown now.
    fn shown(&self) -> Vec<u8> {
        let mut stream = self.secured();
        stream.conn.complete_io(&mut stream.sock).unwrap();
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    }

    fn certificate(&self, name: &str) -> Vec<u8> {
        CertificateDer::from_pem_file(self.certificates.path(name)).unwrap().to_vec()
    }

    fn wait_until_shown(&self, name: &str) {
        let deadline = Instant::now() + SOON;
        while self.shown() != self.certificate(name) {
            assert!(Instant::now() < deadline, "`{name}` is not shown");
            std::thread::park_timeout(Duration::from_millis(100));
        }
    }
}

/// Replaces a file as `mv` and secret mounts do.
fn rename_over(from: &Path, to: &Path) {
    let aside = to.with_extension("new");
    fs::copy(from, &aside).unwrap();
    fs::rename(&aside, to).unwrap();
}

#[test]
fn a_command_asks_by_tls_whom_it_trusts_and_nobody_else() {
    let tls = serving("");
    let control = livewell(&["status", "--store", tls.running.store().to_str().unwrap()]);
    assert!(control.status.success(), "the control socket needs no certificate");
    let unsecured = livewell(&["status", "--server", &format!("http://{}", tls.running.address)]);
    let said = String::from_utf8_lossy(&unsecured.stderr).into_owned();
    assert!(said.contains("if it speaks TLS, write `https://`"), "{said}");
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        plain.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let ca = tls.certificates.path("authority.crt");
    let secured =
        livewell(&["status", "--server", &format!("https://{address}"), "--ca", ca.to_str().unwrap()]);
    answering.join().unwrap();
    let said = String::from_utf8_lossy(&secured.stderr).into_owned();
    assert!(said.contains("does not speak TLS; write `http://` if that is meant"), "{said}");
    let answer = tls.get("/");
    assert!(answer.contains("\r\nstrict-transport-security: max-age=31536000\r\n"), "{}", &answer[..500]);
    let mut posting = tls.secured();
    let body = orders(&[250, 50]);
    let length = body.len();
    let path = "/api/v1/sources/orders/changes";
    write!(posting, "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    posting.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"position\":2"), "{answer}");
    assert!(tls.get("/api/v1/queries/big/results?position=2&wait=20s").contains("\"o1\""));

    let metrics = tls.get("/metrics");
    let expires =
        metrics.lines().find_map(|line| line.strip_prefix("livewell_certificate_expires_timestamp_seconds "));
    let expires: f64 = expires.expect("a metric to alert on").parse().unwrap();
    assert!((1.7e9..9e9).contains(&expires), "{expires}");

    for host in ["localhost", "127.0.0.1"] {
        let ran = tls.command(host, Some("authority.crt"), None);
        ran.expect(0, &[]);
        assert!(ran.out.contains("o1"), "{}", ran.out);
    }
    tls.command("localhost", None, Some("authority.crt")).expect(0, &[]);
    tls.command("localhost", None, None).expect(1, &["UnknownIssuer", "--ca FILE", "LW0710"]);
    tls.certificates.self_signed("stranger", "/CN=stranger", "DNS:localhost");
    tls.command("localhost", Some("stranger.crt"), None)
        .expect(1, &["invalid peer certificate", "--ca FILE"]);
    tls.command("localhost", Some("server.key"), None).expect(2, &["there is no certificate to trust"]);
    tls.command("localhost", Some("absent"), None).expect(2, &["--ca", "cannot be used"]);
}

#[test]
fn a_self_signed_certificate_is_trusted_by_its_own_file_and_only_under_its_name() {
    let certificates = Certificates::new();
    certificates.self_signed("server", "/CN=server", "DNS:localhost");
    let tls = showing(certificates, "");
    tls.command("localhost", Some("server.crt"), None).expect(0, &[]);
    tls.command("127.0.0.1", Some("server.crt"), None).expect(1, &["not valid for name"]);
    tls.command("localhost", None, None).expect(1, &["invalid peer certificate"]);
}

#[test]
fn whoever_speaks_no_tls_gets_nothing_and_is_cut_off_in_time() {
    let tls = serving("  limits: { header: 1s, idle: 2s }\n");
    let began = Instant::now();
    let mut silent = tls.connect();
    let mut plain = tls.connect();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut half = tls.connect();
    // The beginning of a handshake that announces more than comes.
    half.write_all(&[22, 3, 1, 2, 0, 1, 0, 1]).unwrap();
    for (what, stream) in [("silent", &mut silent), ("plain", &mut plain), ("half", &mut half)] {
        let mut got = Vec::new();
        match stream.read_to_end(&mut got) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            Err(error) => panic!("{what}: {error}"),
        }
        assert!(!got.starts_with(b"HTTP"), "{what}: {got:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    // After the handshake the limits are those of any connection.
    let mut stream = tls.secured();
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    let began = Instant::now();
    let _ = stream.read(&mut [0; 64]);
    assert!(began.elapsed() < Duration::from_secs(8), "half a head is cut off");
    assert!(tls.get("/health").starts_with("HTTP/1.1 200"));
}

#[test]
fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_never_is() {
    let mut tls = serving("");
    let path = |tls: &Tls, name: &str| tls.certificates.path(name);
    assert_eq!(tls.shown(), tls.certificate("server.crt"));
    signed(&tls.certificates, "second");
    for file in ["crt", "key"] {
        rename_over(&path(&tls, &format!("second.{file}")), &path(&tls, &format!("server.{file}")));
    }
    tls.wait_until_shown("second.crt");

    signed(&tls.certificates, "third");
    fs::copy(path(&tls, "third.crt"), path(&tls, "server.crt")).unwrap();
    let warning = tls.running.wait_for_log("LW0741");
    assert!(warning.contains("is not the key of the first certificate"), "{warning}");
    assert_eq!(tls.shown(), tls.certificate("second.crt"), "the one before stays");
    fs::write(path(&tls, "server.key"), "nonsense").unwrap();
    let warning = tls.running.wait_for_log("LW0741");
    assert!(warning.contains("there is no private key in") && !warning.contains("nonsense"), "{warning}");
    fs::copy(path(&tls, "third.key"), path(&tls, "server.key")).unwrap();
    tls.wait_until_shown("third.crt");
    let log = tls.running.stop();
    assert_eq!(log.matches("LW0741").count(), 0, "each fault is logged once: {log}");
}

#[test]
fn a_reload_takes_other_files_and_with_a_fault_in_them_it_takes_nothing() {
    let mut tls = serving("  token: the-first-token-of-all\n");
    signed(&tls.certificates, "second");
    let config = fs::read_to_string(tls.running.config()).unwrap();
    let status = |tls: &Tls, token: &str| {
        let mut stream = tls.secured();
        let head = "GET /api/v1/queries HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
        write!(stream, "{head}authorization: Bearer {token}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer[9..12].to_owned()
    };
    let other = config.replace("server.crt", "second.crt").replace("server.key", "second.key");
    fs::write(tls.running.config(), other.replace("the-first", "the-second")).unwrap();
    tls.running.hang_up();
    tls.running.wait_for_log("the configuration was read again");
    assert_eq!(tls.shown(), tls.certificate("second.crt"));
    assert_eq!(
        ["the-second", "the-first"].map(|token| status(&tls, &format!("{token}-token-of-all"))),
        ["200", "401"]
    );
    let broken = config.replace("server.key", "second.key").replace("the-first", "the-third");
    fs::write(tls.running.config(), broken).unwrap();
    tls.running.hang_up();
    let said = tls.running.wait_for_log("LW0742");
    assert!(said.contains("is not the key of the first certificate"), "{said}");
    assert_eq!(tls.shown(), tls.certificate("second.crt"));
    assert_eq!(
        ["the-second", "the-third"].map(|token| status(&tls, &format!("{token}-token-of-all"))),
        ["200", "401"]
    );
}

#[test]
fn check_says_what_is_wrong_with_the_files_and_run_does_not_begin() {
    let certificates = Certificates::new();
    certificates.self_signed("own", "/CN=own", "DNS:localhost");
    certificates.self_signed("other", "/CN=other", "DNS:localhost");
    let place = |certificate: &str, key: &str| {
        let server = format!(
            "server: {{ listen: '127.0.0.1:0', tls: {{ certificate: {certificate}, key: {key} }} }}\n"
        );
        let place = Place::new(&format!("sources:\n  - {{ id: ops, kind: http }}\n{server}"), &[]);
        for file in ["own.crt", "own.key", "other.key"] {
            fs::copy(certificates.path(file), place.file(file)).unwrap();
        }
        place.write("text", "no PEM at all\n");
        place.write(
            "locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        );
        place.write("broken.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        place
    };
    place("own.crt", "own.key").livewell(&["check"]).expect(0, &[]);
    for (certificate, key, said) in [
        ("absent", "own.key", "cannot read `absent` (`server.tls.certificate`)"),
        ("own.crt", "absent", "cannot read `absent` (`server.tls.key`)"),
        ("text", "own.key", "there is no certificate in `text`"),
        ("own.key", "own.key", "there is no certificate in `own.key`"),
        ("own.crt", "own.crt", "there is no private key in `own.crt`"),
        (
            "own.crt",
            "other.key",
            "`other.key` (`server.tls.key`) is not the key of the first certificate in `own.crt`",
        ),
        ("own.crt", "locked.key", "`locked.key` (`server.tls.key`) has a password"),
        ("broken.crt", "own.key", "cannot be used"),
    ] {
        let place = place(certificate, key);
        place.livewell(&["check"]).expect(2, &["LW0741", said]);
        place.livewell(&["run"]).expect(2, &["LW0741", said]);
        assert!(!place.file("livewell-data").exists(), "nothing has begun");
    }
    let place = place("own.crt", "own.key");
    let (shim, environment) = Shim::over(place.path());
    for (days, said) in [(10, "expired on"), (-10, "is not valid before")] {
        shim.set_clock(days * 86_400);
        let mut check = place.command(&["check"]);
        ended({
            check.envs(environment.iter().map(|(name, value)| (name, value)));
            check
        })
        .expect(0, &["warning: ", "the certificate in `own.crt`", said]);
    }
}

#[test]
fn a_configuration_with_tls_is_found_by_its_address() {
    let tls = serving("");
    let path = |name: &str| tls.certificates.path(name).display().to_string();
    let memory = |address: &str| {
        let files = format!("certificate: {}, key: {}", path("server.crt"), path("server.key"));
        format!("store: {{ kind: memory }}\nserver: {{ listen: '{address}', tls: {{ {files} }} }}\n")
    };
    let running = Running::of(&memory("127.0.0.1:0"));
    let authority = path("authority.crt");
    Place::new(&memory(&running.address), &[]).livewell(&["status", "--ca", &authority]).expect(0, &[]);
    // One with a directory answers, too, and says that it has another store.
    let address = &tls.running.address;
    let other = Place::new(&memory(address), &[]);
    let url = format!("https://{address}");
    other.livewell(&["status", "--ca", &authority]).expect(1, &[&url, "has another"]);
    let ran = livewell(&["status", "--server", &format!("http://{address}")]);
    assert_eq!(ran.status.code(), Some(1), "it does not answer without TLS");
}
