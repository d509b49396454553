//! One session with a server for many statements, which saves a new process and a new session for each.

use super::Postgres;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// What `psql` prints after the output of a statement. No output has such a line.
const END: &str = "-- end of output --";

/// A `psql` that stays open between statements.
#[derive(Debug)]
pub struct Session {
    psql: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Postgres {
    /// Opens a session with this database, as the user `postgres`.
    pub fn session(&self, database: &str) -> Session {
        let mut psql = self.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set", "ON_ERROR_STOP=1"]);
        psql.env("PGDATABASE", database);
        // A statement that waits for a lock which nobody releases fails instead.
        psql.env("PGOPTIONS", "--client-min-messages=warning --statement-timeout=120s");
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut psql = psql.spawn().expect("psql can be run");
        let input = psql.stdin.take().expect("its input is a pipe");
        let output = BufReader::new(psql.stdout.take().expect("its output is a pipe"));
        Session { psql, input, output }
    }
}

impl Session {
    /// Runs statements and returns what they print, like [`Postgres::sql`].
    ///
    /// # Errors
    /// Returns the error of `psql`, which has ended then: a statement failed, or the session was cut.
    pub fn sql(&mut self, statements: &str) -> Result<String, String> {
        let mut text = String::new();
        // A closed pipe shows below, as an output that ends too early.
        let _ = write!(self.input, "{statements}\n;\n\\echo '{END}'\n").and_then(|()| self.input.flush());
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).is_ok_and(|length| length == 0) {
                return Err(self.errors());
            }
            if line.trim_end() == END {
                return Ok(text.trim_end().to_owned());
            }
            text += &line;
        }
    }

    fn errors(&mut self) -> String {
        let mut errors = String::new();
        if let Some(mut pipe) = self.psql.stderr.take() {
            let _ = pipe.read_to_string(&mut errors);
        }
        errors.trim_end().to_owned()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It has nothing to finish.
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}
