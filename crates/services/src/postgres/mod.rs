//! A PostgreSQL cluster for one test.

mod programs;
mod session;
mod standby;

use crate::process::{User, end, free_port, wait_until};
use programs::Programs;
pub use session::Session;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

/// The password of the user `postgres`.
const PASSWORD: &str = "secret word";

/// How a cluster is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// The major version, one of [`Postgres::versions`]; `None` is the system's.
    pub version: Option<u32>,
    /// The method by which connections authenticate, as in `pg_hba.conf`: `scram-sha-256`, `md5`, `password`.
    pub auth: &'static str,
    /// Settings of the server, in addition to those that every cluster here gets: `name=value`.
    pub settings: Vec<String>,
    /// A certificate and its key in PEM; with them the server speaks TLS.
    pub tls: Option<(String, String)>,
    /// Whether the server listens on a Unix socket too, in [`Postgres::socket_folder`].
    pub socket: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { version: None, auth: "scram-sha-256", settings: Vec::new(), tls: None, socket: false }
    }
}

/// A running PostgreSQL with `wal_level=logical`; dropping this ends it.
///
/// It belongs to the thread that started it: when that thread ends, so does the server.
#[derive(Debug)]
pub struct Postgres {
    programs: Programs,
    folder: TempDir,
    user: User,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
}

impl Postgres {
    /// Makes a cluster of the system's version and starts it.
    pub fn start() -> Self {
        Self::start_with(&Options::default())
    }

    /// Makes a cluster of a major version, one of [`Postgres::versions`], and starts it.
    pub fn start_version(version: u32) -> Self {
        Self::start_with(&Options { version: Some(version), ..Options::default() })
    }

    /// Makes a cluster as `options` say and starts it.
    pub fn start_with(options: &Options) -> Self {
        let programs = match options.version {
            None => Programs::of_the_system(),
            Some(version) => {
                Programs::of(version).unwrap_or_else(|why| panic!("no PostgreSQL {version}: {why}"))
            }
        };
        let user = User::unprivileged("postgres");
        let folder = own_folder(user);
        let socket = if options.socket { folder.path().display().to_string() } else { String::new() };
        let mut settings = vec![
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={socket}"),
            "wal_level=logical".into(),
            "max_wal_senders=20".into(),
            "max_replication_slots=20".into(),
            // The machine does not crash during a test, and there are many tests.
            "fsync=off".into(),
            "shared_buffers=32MB".into(),
        ];
        settings.extend(options.settings.iter().cloned());
        let mut postgres = Self { programs, folder, user, port: free_port(), settings, server: None };
        postgres.init(options);
        postgres.up();
        postgres
    }

    /// Returns the major versions that tests can run against here, ascending: the system's, and one that is installed
    /// with `npm`. A version that is not available is left out, and standard error says so.
    pub fn versions() -> Vec<u32> {
        Programs::versions()
    }

    /// Returns a running cluster of each version, one after another: the next is started when the one before is
    /// dropped.
    pub fn each_version() -> impl Iterator<Item = Self> {
        Self::each_version_with(&Options::default())
    }

    /// Like [`Postgres::each_version`], with options.
    pub fn each_version_with(options: &Options) -> impl Iterator<Item = Self> + use<> {
        let options = options.clone();
        Self::versions()
            .into_iter()
            .map(move |version| Self::start_with(&Options { version: Some(version), ..options.clone() }))
    }

    /// Returns the major version of the server.
    pub fn version(&self) -> u32 {
        self.programs.version
    }

    /// Returns the folder of the programs of the system's PostgreSQL; installs it if necessary.
    pub fn programs() -> PathBuf {
        Programs::of_the_system().clients
    }

    fn init(&mut self, options: &Options) {
        let password = self.write("password", PASSWORD);
        let mut init = self.user.command(&self.programs.server.join("initdb"));
        // It stores the password in the form that the method needs.
        init.args(["--no-sync", "--username=postgres", "--encoding=UTF8", "--locale=C", "--auth-host"]);
        init.arg(options.auth).arg("--pwfile").arg(password).arg("--pgdata").arg(self.data());
        succeed(&init.output().expect("initdb can be run"));
        if let Some((certificate, key)) = &options.tls {
            let (certificate, key) = (self.write("server.crt", certificate), self.write("server.key", key));
            self.settings.push("ssl=on".into());
            self.settings.push(format!("ssl_cert_file={}", certificate.display()));
            self.settings.push(format!("ssl_key_file={}", key.display()));
        }
    }

    /// Writes a file that only the server's user can read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file of a temporary directory can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("its mode can be set");
        self.user.own(&path).expect("it can be given to another user");
        path
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Starts the server after [`Postgres::stop`] or [`Postgres::kill`]: same data, same port.
    pub fn up(&mut self) {
        assert!(self.server.is_none(), "the server is up already");
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("a log can be written");
        let mut server = self.user.server(&self.programs.server.join("postgres"));
        server.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        self.settings.iter().for_each(|setting| {
            server.args(["-c", setting]);
        });
        server.stdout(Stdio::null()).stderr(log);
        let mut server = server.spawn().expect("the server can be started");
        wait_until("PostgreSQL takes connections", || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("PostgreSQL ended with {status}:\n{}", self.log());
            }
            self.psql("select 1").is_ok_and(|output| output.status.success())
        });
        self.server = Some(server);
    }

    /// Stops the server; clients are disconnected, and what they had not committed is lost.
    pub fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            end(&mut server, "-INT");
        }
    }

    /// Stops the server as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            end(&mut server, "-QUIT");
        }
    }

    /// Stops and starts the server.
    pub fn restart(&mut self) {
        self.stop();
        self.up();
    }

    /// Returns the port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder of its Unix socket, if [`Options::socket`] asks for one.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the user's password.
    pub fn password(&self) -> &'static str {
        PASSWORD
    }

    /// Returns the URL of the server, as the user `postgres`, who may do everything.
    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// Like [`Postgres::url`], but through another port, such as that of a [`crate::Proxy`].
    pub fn url_at(&self, port: u16) -> String {
        let password = PASSWORD.replace(' ', "%20");
        format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres")
    }

    /// Runs statements in one session, each in a transaction of its own. Returns what they print: one line per row,
    /// `|` between columns. Panics if one fails.
    pub fn sql(&self, statements: &str) -> String {
        let output = self.psql(statements).expect("psql can be run");
        succeed(&output);
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Returns a command that runs a program of PostgreSQL (`psql`, `pgbench`) against this server.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.clients.join(name));
        command.env("PGHOST", "127.0.0.1").env("PGPORT", self.port.to_string()).env("PGUSER", "postgres");
        command.env("PGPASSWORD", PASSWORD).env("PGDATABASE", "postgres").stdin(Stdio::null());
        command
    }

    fn psql(&self, statements: &str) -> std::io::Result<Output> {
        let mut psql = self.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut input = psql.stdin.take().expect("its input is a pipe");
        let statements = statements.to_owned();
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let output = psql.wait_with_output();
        let _ = writer.join();
        output
    }

    /// Returns what the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the server is PostgreSQL {}", self.version());
        }
        // Nobody will read the data again.
        self.kill();
    }
}

fn succeed(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Returns a temporary folder of the server's user.
fn own_folder(user: User) -> TempDir {
    let folder = TempDir::with_prefix("livewell-postgres-").expect("a temporary directory can be made");
    user.own(folder.path()).expect("the directory can be given to another user");
    folder
}
