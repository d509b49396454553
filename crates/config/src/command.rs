//! `{command: [...]}` in the place of a value: what a program prints, such as the client of a vault.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// How long a program may take.
const TIME_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether a program that prints no more has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How many characters of a complaint are shown.
const COMPLAINT_CHARS_MAX: usize = 200;

/// Runs a program in `folder`, without a shell, and returns what it prints, at most `max` bytes.
///
/// # Errors
/// Returns why there is no such value: the program cannot be run, fails, prints too much, or takes too long.
pub fn output(words: &[&str], folder: &Path, max: u64) -> Result<Vec<u8>, String> {
    let [program, arguments @ ..] = words else { return Err("it names no program".into()) };
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !folder.as_os_str().is_empty() {
        command.current_dir(folder);
    }
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let ended = watched(&mut child, max);
    if ended.is_err() {
        // Nobody waits for it any more; one that has ended cannot be killed.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (status, printed, complaint) = ended?;
    if !status.success() {
        let complaint = String::from_utf8_lossy(&complaint);
        let line: String =
            complaint.lines().next().unwrap_or_default().chars().take(COMPLAINT_CHARS_MAX).collect();
        let line = if line.is_empty() { line } else { format!(": {line}") };
        return Err(format!("it ended with {status}{line}"));
    }
    if printed.len() as u64 > max {
        return Err(format!("it prints more than {max} bytes"));
    }
    Ok(printed)
}

/// Waits until it has printed everything and ended. Returns how, what it printed, and its complaint.
fn watched(child: &mut Child, max: u64) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), String> {
    let deadline = Instant::now() + TIME_MAX;
    let (printed, prints) = channel();
    let (complained, complains) = channel();
    child.stdout.take().into_iter().for_each(|out| read(out, max, printed.clone()));
    child.stderr.take().into_iter().for_each(|error| read(error, max, complained.clone()));
    let rest = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
    let late = |_: RecvTimeoutError| format!("it did not end within {TIME_MAX:?}");
    let out = prints.recv_timeout(rest(deadline)).map_err(late)?.map_err(|error| error.to_string())?;
    let complaint = complains.recv_timeout(rest(deadline)).map_err(late)?.unwrap_or_default();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok((status, out, complaint));
        }
        if rest(deadline).is_zero() {
            return Err(late(RecvTimeoutError::Timeout));
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

/// Reads to the end in a thread of its own; what is beyond `max` bytes is not kept.
fn read(mut from: impl Read + Send + 'static, max: u64, done: Sender<io::Result<Vec<u8>>>) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = from.by_ref().take(max + 1).read_to_end(&mut bytes);
        let drained = read.and_then(|_| io::copy(&mut from, &mut io::sink()));
        // An error means that it took too long, and nobody waits.
        let _ = done.send(drained.map(|_| bytes));
    });
}
