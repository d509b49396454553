//! What stands before a broker of Kafka: TLS, and logins by SASL, in a program of Python that is not ours to test.

use crate::Kafka;
use crate::process::{end, free_port};
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const SCRIPT: &str = include_str!("kafka_front.py");

/// A front of a broker, which also names itself as the broker in answers; dropping this ends it.
#[derive(Debug)]
pub struct Front {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl Front {
    /// Starts a front of the broker with these settings: `certificate` and `key` (files), `ca` (of clients), `users`
    /// (passwords by name) and `cut_after` (bytes).
    pub fn start(broker: &Kafka, settings: &Json) -> Self {
        let folder = TempDir::with_prefix("livewell-front-").expect("a temporary directory can be made");
        let script = folder.path().join("kafka_front.py");
        std::fs::write(&script, SCRIPT).expect("a temporary file can be written");
        let port = free_port();
        let (_, at) = broker.place().split_once(':').expect("a place has a port");
        let mut all = settings.clone();
        all["port"] = port.into();
        all["broker"] = at.parse::<u16>().expect("a port is a number").into();
        let mut command = Command::new("python3");
        command.arg(script).arg(all.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::null()).spawn().expect("python3 can be run");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output is a pipe");
        BufReader::new(output).read_line(&mut line).expect("it says something");
        assert_eq!(line.trim(), "ready", "the front does not start: {all}");
        Self { process, port, _folder: folder }
    }

    /// Returns the port that it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns what librdkafka says when it asks for the topics with these settings: `ok`, or an error.
    pub fn asked_by_librdkafka(&self, broker: &Kafka, settings: &Json) -> String {
        let mut settings = settings.clone();
        settings["bootstrap.servers"] = json!(format!("localhost:{}", self.port));
        broker.ask_with(&settings)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        end(&mut self.process, "-KILL");
    }
}

/// Certificates for tests: an authority, and what it has signed. The folder is removed when this is dropped.
#[derive(Debug)]
pub struct Certificates(TempDir);

impl Certificates {
    /// Makes an authority.
    pub fn new() -> Self {
        let certificates = Self(TempDir::with_prefix("livewell-tls-").expect("a directory can be made"));
        let (key, certificate) = (certificates.file("ca.key"), certificates.file("ca.crt"));
        let mut request = certificates.openssl(&["req", "-x509", "-days", "2", "-subj", "/CN=authority"]);
        request.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]);
        run(request.arg(key).arg("-out").arg(certificate));
        certificates
    }

    /// Makes `NAME.key` and `NAME.crt` for these names (`DNS:localhost,IP:127.0.0.1`), signed by the authority.
    pub fn sign(&self, name: &str, names: &str) {
        let (key, request) = (self.file(&format!("{name}.key")), self.file(&format!("{name}.csr")));
        let mut asking = self.openssl(&["req", "-new", "-subj", &format!("/CN={name}")]);
        asking.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout"]);
        run(asking.arg(key).arg("-out").arg(&request));
        let extensions = self.file(&format!("{name}.ext"));
        std::fs::write(&extensions, format!("subjectAltName={names}\n")).expect("a file can be written");
        let mut signing = self.openssl(&["x509", "-req", "-days", "2", "-CAcreateserial", "-in"]);
        signing.arg(request).arg("-CA").arg(self.file("ca.crt")).arg("-CAkey").arg(self.file("ca.key"));
        signing.arg("-extfile").arg(extensions).arg("-out").arg(self.file(&format!("{name}.crt")));
        run(&mut signing);
    }

    /// Returns the path of a file: `ca.crt`, `NAME.key`, `NAME.crt`.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(Path::new(self.0.path()));
        command
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
}

fn run(command: &mut Command) {
    let output = command.output().expect("openssl can be run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
