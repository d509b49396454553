//! A MariaDB for one test.

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What a server needs for its binary log to hold whole rows with the names of their columns.
const LOGS_ROWS: [&str; 5] = [
    "--log-bin=binlog",
    "--server-id=1",
    "--binlog-format=ROW",
    "--binlog-row-image=FULL",
    "--binlog-row-metadata=FULL",
];

/// What makes a server small and quick to start.
const SMALL: [&str; 4] = [
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=8M",
    "--innodb-flush-log-at-trx-commit=2",
    "--performance-schema=OFF",
];

/// A running MariaDB with a binary log of rows, and an empty database `test`; dropping this ends it.
///
/// It belongs to the thread that started it: when that thread ends, so does the server.
#[derive(Debug)]
pub struct Mariadb {
    programs: Programs,
    folder: TempDir,
    user: User,
    port: u16,
    arguments: Vec<String>,
    server: Option<Child>,
}

#[derive(Debug)]
struct Programs {
    server: PathBuf,
    client: PathBuf,
    install: PathBuf,
}

impl Programs {
    fn find() -> Option<Self> {
        // The package installs the server in a folder that is not in everybody's `PATH`.
        let server = in_path(&["mariadbd"])
            .or_else(|| Some(PathBuf::from("/usr/sbin/mariadbd")).filter(|path| path.is_file()))?;
        Some(Self { server, client: in_path(&["mariadb"])?, install: in_path(&["mariadb-install-db"])? })
    }
}

impl Mariadb {
    /// Starts a server whose binary log holds whole rows with the names of their columns.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with additional arguments, which override those of [`Mariadb::start`]: `--binlog-format=MIXED`,
    /// `--skip-log-bin`.
    pub fn start_with(arguments: &[&str]) -> Self {
        find_or_install("mariadb-server", || Programs::find().map(|programs| programs.server));
        let programs = Programs::find().expect("the package has all programs");
        let folder = TempDir::with_prefix("livewell-mariadb-").expect("a temporary directory can be made");
        let user = User::unprivileged("mysql");
        user.own(folder.path()).expect("the directory can be given to another user");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut mariadb = Self { programs, folder, user, port: free_port(), arguments, server: None };
        mariadb.install();
        mariadb.up();
        // Not in the binary log, which a test finds empty.
        let create = "set sql_log_bin = 0; create database test character set utf8mb4";
        mariadb.run(None, create).expect("a new server has no such database");
        mariadb
    }

    /// Makes the files of a new server, whose user `root` has no password.
    fn install(&self) {
        let mut install = self.user.command(&self.programs.install);
        install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        install.arg(option("--datadir", &self.data())).arg(option("--tmpdir", self.folder.path()));
        let output = install.output().expect("mariadb-install-db can be run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "mariadb-install-db: {}: {said}", output.status);
    }

    /// Starts the server after [`Mariadb::kill`] or [`Mariadb::stop`]: same port, same data.
    pub fn up(&mut self) {
        assert!(self.server.is_none(), "the server is up already");
        // It takes no notice of an interrupt.
        let mut server = self.user.server_ended_by("KILL", &self.programs.server);
        server.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        server.arg(format!("--port={}", self.port)).arg(option("--datadir", &self.data()));
        let folder = self.folder.path();
        server.arg(option("--socket", &folder.join("socket"))).arg(option("--pid-file", &folder.join("pid")));
        // A server that starts deletes the temporary tables of every other one in the same folder.
        server.arg(option("--tmpdir", folder));
        server.args(LOGS_ROWS).args(SMALL).args(&self.arguments);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().expect("the server can be started");
        wait_until("MariaDB answers", || {
            if let Ok(Some(status)) = server.try_wait() {
                panic!("MariaDB ended with {status}");
            }
            self.run(None, "do 1").is_ok()
        });
        self.server = Some(server);
    }

    /// Runs statements in one session of the database `test`, as `root`, and returns the rows of all of them: a line
    /// each, tabs between values, `NULL` for null.
    ///
    /// # Panics
    /// If a statement fails.
    pub fn sql(&self, statements: &str) -> String {
        self.try_sql(statements).unwrap_or_else(|error| panic!("{statements}: {error}"))
    }

    /// Like [`Mariadb::sql`], for statements that may fail.
    ///
    /// # Errors
    /// Returns the server's message; statements before the one that failed have been run.
    pub fn try_sql(&self, statements: &str) -> Result<String, String> {
        self.run(Some("test"), statements)
    }

    /// Returns a program that comes with the server, such as `mariadb-binlog`, told to connect as `root`.
    pub fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.programs.client.with_file_name(name));
        program.args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--user=root"]);
        program.arg(format!("--port={}", self.port));
        program
    }

    fn run(&self, database: Option<&str>, statements: &str) -> Result<String, String> {
        let mut client = self.program("mariadb");
        client.args(["--default-character-set=utf8mb4", "--batch", "--skip-column-names"]).args(database);
        client.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().expect("the client can be run");
        let mut input = client.stdin.take().expect("its input is a pipe");
        let statements = statements.to_owned();
        // Beside reading the output, of which a pipe holds only so much.
        let writer = std::thread::spawn(move || input.write_all(statements.as_bytes()));
        let output = client.wait_with_output().expect("the client can be waited for");
        // A client that ended at an error has not read the rest, and its status says so.
        let _ = writer.join();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
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

    /// Returns the URL of the database `test`, as `root`.
    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/test", self.port)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

impl Drop for Mariadb {
    fn drop(&mut self) {
        // Nobody will read the data again.
        self.kill();
    }
}

/// Returns `NAME=PATH`, as the programs want it: a path in an argument of its own is none of the option's.
fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push("=");
    option.push(path);
    option
}
