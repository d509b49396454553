//! Where log lines go: to stderr, so that stdout is the output of the command alone; above the progress bar if one is
//! drawn there.

use crate::cli::{LogFormat, LogLevel};
use indicatif::ProgressBar;
use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The bar that lines must not run into.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Starts logging.
pub fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    // A line that stderr does not take, as after its terminal is closed, is lost; saying so there would panic.
    let log =
        tracing_subscriber::fmt().with_max_level(level).log_internal_errors(false).with_writer(|| Above);
    let ours = ours(level);
    match format {
        LogFormat::Text => {
            let log = log.with_ansi(io::stderr().is_terminal()).with_writer(|| OneLine(Above));
            log.finish().with(ours).init();
        }
        LogFormat::Json => log.json().flatten_event(true).finish().with(ours).init(),
    }
}

/// Returns which targets are logged: what a client of NATS says of its connection is for whoever looks for a fault there.
/// Everybody else reads it from the source or reaction that uses it, or from the command.
fn ours(level: Level) -> Targets {
    let all = Targets::new().with_default(level);
    if level < Level::DEBUG { all.with_target("async_nats", LevelFilter::OFF) } else { all }
}

/// Writes log lines above `bar` from now on.
pub fn above(bar: &ProgressBar) {
    *BAR.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
}

/// Writes each event as one line: line breaks in messages, as those of databases and panics have, are escaped. JSON
/// escapes them itself.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    /// Writes one event, which comes whole.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = event.strip_suffix(b"\n").unwrap_or(event);
        if text.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
            let text = String::from_utf8_lossy(text).replace('\r', "\\r").replace('\n', "\\n");
            self.0.write_all(format!("{text}\n").as_bytes())?;
        } else {
            self.0.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Stderr, with the bar hidden while a line is written.
struct Above;

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let write = || io::stderr().write_all(line).map(|()| line.len());
        match &*BAR.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_its_message_contains() {
        let mut written = Vec::new();
        let mut log = OneLine(&mut written);
        for event in ["plain\n", "ERROR: a\nDETAIL: b\r\n\n", "no end"] {
            log.write_all(event.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8(written).unwrap(), "plain\nERROR: a\\nDETAIL: b\\r\\n\nno end");
    }
}
