//! A directory with a configuration, over which the binary is run to idle.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a run may take; one that takes longer does not end, and that is a failure, not a hang of the tests.
const RUN_MAX: Duration = Duration::from_secs(120);

/// A directory of its own for a test, with a configuration and the commands that run in it.
pub struct Place(TempDir);

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// The run ended with this exit code and said these things on stderr.
    #[track_caller]
    pub fn expect(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{}\n{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "`{part}` is not in: {}", self.err);
        }
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { status: output.status, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Place {
    /// With this text as `livewell.yaml` and these lines as `ops.jsonl`.
    pub fn new(config: &str, lines: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("livewell.yaml", config);
        place.write("ops.jsonl", &lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        place
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.path().join(name.as_ref())
    }

    pub fn write(&self, name: &str, content: &str) {
        std::fs::write(self.file(name), content).unwrap();
    }

    pub fn append(&self, name: &str, content: &str) {
        let mut file = std::fs::OpenOptions::new().append(true).open(self.file(name)).unwrap();
        file.write_all(content.as_bytes()).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).unwrap()
    }

    /// The binary with these arguments, here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_livewell"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// What the binary says to these arguments.
    pub fn livewell(&self, arguments: &[&str]) -> Ran {
        ended(self.command(arguments))
    }

    /// Runs `livewell.yaml` to idle.
    pub fn run(&self) -> Ran {
        self.livewell(&["run", "livewell.yaml", "--until-idle", "--log-level", "error"])
    }

    /// A query's rows in the store, one a line.
    pub fn results(&self, query: &str) -> String {
        let ran = self.livewell(&["results", query, "--store", "livewell-data"]);
        ran.expect(0, &[]);
        ran.out
    }
}

/// Runs a command to its end.
pub fn ended(mut command: Command) -> Ran {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    std::thread::scope(|scope| {
        let out = scope.spawn(move || read(&mut out));
        let err = scope.spawn(move || read(&mut err));
        let status = wait(&mut child);
        let (out, err) = (out.join().unwrap(), err.join().unwrap());
        Ran { status: status.unwrap_or_else(|| panic!("the run does not end: {err}")), out, err }
    })
}

fn read(from: &mut impl Read) -> String {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The child's end; one that does not come is killed.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let until = Instant::now() + RUN_MAX;
    while Instant::now() < until {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

/// Says loudly that a promise was not checked here.
pub fn skip(what: &str) {
    std::io::stderr().write_all(format!("NOT CHECKED: {what}\n").as_bytes()).unwrap();
}
