//! A session of another client, with a transaction that stays open.

use livewell_services::Postgres;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A session that ends, and its transaction with it, when this is dropped.
pub(super) struct Session {
    psql: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    pub fn open(postgres: &Postgres) -> Self {
        let mut psql = postgres.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("psql can be run");
        let input = psql.stdin.take();
        let output = BufReader::new(psql.stdout.take().expect("its output is a pipe"));
        Self { psql, input, output }
    }

    /// Runs statements that print nothing, and waits for their end.
    pub fn run(&mut self, statements: &str) {
        let input = self.input.as_mut().expect("the session is open");
        writeln!(input, "{statements};\n\\echo done").expect("psql reads");
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            assert!(self.output.read_line(&mut line).expect("psql writes") > 0, "psql ended: {statements}");
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.psql.wait();
    }
}
