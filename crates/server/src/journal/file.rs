//! The file of a journal, in the directory of the store: a line of JSON for each event. A thread of its own appends to it,
//! without a flush of the disk: a process that is killed loses what came within its last milliseconds, a power cut what
//! came within the last seconds.

use super::event::Event;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Its name in the directory of the store.
const NAME: &str = "events.jsonl";
/// The name of one that is being written.
const NEW: &str = "events.jsonl.new";
/// A line that is longer is damaged.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// The file of a journal.
#[derive(Debug)]
pub struct Kept {
    path: PathBuf,
    file: File,
    /// How many lines it has; `None` if some may be missing.
    lines: Option<usize>,
}

impl Kept {
    /// Opens the file in the directory of a store. Returns its last events, at most `most`; a line that a crash has cut
    /// off is left out.
    ///
    /// # Errors
    /// Returns an error if it cannot be read or written.
    pub fn open(store: &Path, most: usize) -> io::Result<(Self, Vec<Event>)> {
        let events = read(store, most)?;
        // The numbers of what follows are larger.
        let path = store.join(NAME);
        let file = write_again(&path, &events)?;
        Ok((Self { path, file, lines: Some(events.len()) }, events))
    }

    /// Appends events. If the file would have more than twice `most` then, or may lack some since it could not be
    /// written, a file of `all` takes its place.
    ///
    /// # Errors
    /// Returns an error if it cannot be written; the next call tries to write all.
    pub fn append(&mut self, new: &[Event], all: impl FnOnce() -> Vec<Event>, most: usize) -> io::Result<()> {
        let before = self.lines.take().filter(|before| before + new.len() <= 2 * most);
        let lines_now = match before {
            Some(before) => {
                self.file.write_all(&lines(new))?;
                before + new.len()
            }
            None => {
                let all = all();
                self.file = write_again(&self.path, &all)?;
                all.len()
            }
        };
        self.lines = Some(lines_now);
        Ok(())
    }

    /// Waits until what was appended is on the disk.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Returns the last events in the directory of a store, at most `most`; none if there is no file.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn read(store: &Path, most: usize) -> io::Result<Vec<Event>> {
    let mut events = Vec::new();
    match File::open(store.join(NAME)) {
        Ok(file) => {
            let mut reader = BufReader::new(file);
            let mut line = Vec::new();
            while io::Read::take(&mut reader, LINE_BYTES_MAX).read_until(b'\n', &mut line)? > 0 {
                events.extend(serde_json::from_slice::<Event>(&line));
                line.clear();
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    events.drain(..events.len().saturating_sub(most));
    Ok(events)
}

fn lines(events: &[Event]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for event in events {
        serde_json::to_writer(&mut bytes, event).expect("it is JSON");
        bytes.push(b'\n');
    }
    bytes
}

/// Writes a file of these events and puts it in the place of the old one.
fn write_again(path: &Path, events: &[Event]) -> io::Result<File> {
    let new = path.with_file_name(NEW);
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    file.write_all(&lines(events))?;
    fs::rename(&new, path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::super::event::What;
    use super::*;

    fn events(numbers: std::ops::Range<u64>) -> Vec<Event> {
        numbers.map(|number| Event { number, ..Event::new(What::Start) }).collect()
    }

    fn numbers(events: &[Event]) -> Vec<u64> {
        events.iter().map(|event| event.number).collect()
    }

    #[test]
    fn what_was_appended_is_there_again_but_for_a_line_that_was_cut_off() {
        let store = tempfile::tempdir().unwrap();
        let (mut kept, before) = Kept::open(store.path(), 3).unwrap();
        assert!(before.is_empty());
        kept.append(&events(0..2), Vec::new, 3).unwrap();
        kept.append(&events(2..5), Vec::new, 3).unwrap();
        let path = store.path().join(NAME);
        let mut file = File::options().append(true).open(&path).unwrap();
        file.write_all(b"{\"number\":5,\"ti").unwrap();
        let (mut kept, before) = Kept::open(store.path(), 3).unwrap();
        assert_eq!(numbers(&before), [2, 3, 4]);
        kept.append(&events(5..6), Vec::new, 3).unwrap();
        assert_eq!(numbers(&Kept::open(store.path(), 10).unwrap().1), [2, 3, 4, 5]);
    }

    #[test]
    fn it_never_has_more_than_twice_the_lines_that_are_kept() {
        let store = tempfile::tempdir().unwrap();
        let (mut kept, _) = Kept::open(store.path(), 3).unwrap();
        for number in 0..50 {
            kept.append(&events(number..number + 1), || events(number.saturating_sub(2)..number + 1), 3)
                .unwrap();
            let lines = fs::read_to_string(store.path().join(NAME)).unwrap().lines().count();
            assert!(lines <= 6, "{lines}");
        }
        assert_eq!(numbers(&Kept::open(store.path(), 3).unwrap().1), [47, 48, 49]);
    }
}
