//! Where log lines go: to stderr, so that stdout is the output of the command alone; above the progress bar if one is
//! drawn there.

use crate::cli::{LogFormat, LogLevel};
use indicatif::ProgressBar;
use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use tracing::Level;

/// The bar that lines must not run into.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Starts logging.
pub fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(|| Above);
    match format {
        LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// Writes log lines above `bar` from now on.
pub fn above(bar: &ProgressBar) {
    // A second bar of one process would be drawn by the same command at the same place.
    let _ = BAR.set(bar.clone());
}

/// Stderr, with the bar hidden while a line is written.
struct Above;

impl Write for Above {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let write = || io::stderr().write_all(line).map(|()| line.len());
        match BAR.get() {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
