//! A Redis for one test.

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use tempfile::TempDir;

/// A running Redis (or Valkey) that keeps nothing on disk; dropping this ends it.
///
/// It belongs to the thread that started it: when that thread ends, so does the server.
#[derive(Debug)]
pub struct Redis {
    program: PathBuf,
    folder: TempDir,
    port: u16,
    arguments: Vec<String>,
    server: Option<Child>,
}

impl Redis {
    /// Starts a server without persistence.
    pub fn start() -> Self {
        Self::start_with(&["--save", "", "--appendonly", "no"])
    }

    /// Starts a server with additional arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let program = find_or_install("redis-server", || in_path(&["redis-server", "valkey-server"]));
        let folder = TempDir::with_prefix("livewell-redis-").expect("a temporary directory can be made");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut redis = Self { program, folder, port: free_port(), arguments, server: None };
        let user = User::unprivileged("redis");
        user.own(redis.folder.path()).expect("the directory can be given to another user");
        redis.up();
        redis
    }

    /// Starts the server after [`Redis::kill`]: same port, and the data if the arguments keep it.
    pub fn up(&mut self) {
        assert!(self.server.is_none(), "the server is up already");
        let mut server = User::unprivileged("redis").server(&self.program);
        server.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--dir"]);
        server.arg(self.folder.path()).args(&self.arguments);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().expect("the server can be started");
        wait_until("Redis takes connections", || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("Redis ended with {status}");
            }
            TcpStream::connect(("127.0.0.1", self.port)).is_ok()
        });
        self.server = Some(server);
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
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
