//! A NATS server with JetStream for one test.

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// A running NATS server whose streams are on disk; dropping this ends it.
///
/// It belongs to the thread that started it: when that thread ends, so does the server.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    server: Option<Child>,
}

impl Nats {
    /// Starts a server that accepts everybody.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with additional arguments, such as `--user`.
    pub fn start_with(arguments: &[&str]) -> Self {
        let folders = ["/usr/sbin/nats-server", "/usr/local/bin/nats-server"].map(PathBuf::from);
        let program = find_or_install("nats-server", || {
            in_path(&["nats-server"]).or_else(|| folders.iter().find(|path| path.is_file()).cloned())
        });
        let folder = TempDir::with_prefix("livewell-nats-").expect("a temporary directory can be made");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut nats = Self { program, folder, port: free_port(), arguments, server: None };
        User::unprivileged("nats")
            .own(nats.folder.path())
            .expect("the directory can be given to another user");
        nats.up();
        nats
    }

    /// Starts the server after [`Nats::kill`] or [`Nats::stop`]: same port, same streams.
    pub fn up(&mut self) {
        assert!(self.server.is_none(), "the server is up already");
        let mut server = User::unprivileged("nats").server(&self.program);
        server.args(["--addr", "127.0.0.1", "--port", &self.port.to_string(), "--jetstream", "--store_dir"]);
        server.arg(self.folder.path()).args(&self.arguments);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().expect("the server can be started");
        wait_until("NATS takes connections", || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("NATS ended with {status}");
            }
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
        self.server = Some(server);
    }

    /// Stops the server as an operator would.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            end(&mut server, "-TERM");
        }
    }

    /// Kills the server.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            end(&mut server, "-KILL");
        }
    }

    /// Returns the port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL of the server.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
