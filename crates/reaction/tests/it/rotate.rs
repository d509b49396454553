//! `mode: append` with `rotate`: wherever it is cut off, the files behind each other are the one that is not rotated.

use livewell_reaction::file::{Append, Rotate};
use livewell_reaction::testkit::{Bench, Sample, start, triggers};
use livewell_reaction::{Reaction, ReactionError};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;

/// Room for two of the lines of a sample, which have about 190 bytes each.
const TWO_LINES: u64 = 450;

struct Files {
    directory: TempDir,
    rotate: Rotate,
}

impl Files {
    fn new(bytes: u64, keep: u32) -> Self {
        let rotate = Rotate { bytes, keep: keep.try_into().unwrap() };
        Self { directory: TempDir::new().unwrap(), rotate }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("out.jsonl")
    }

    fn older(&self, age: u32) -> PathBuf {
        self.directory.path().join(format!("out.jsonl.{age}"))
    }

    fn append(&self) -> Append {
        Append::new(self.path()).rotated(Some(self.rotate))
    }

    /// Returns the content of each file, from the oldest on.
    fn contents(&self) -> Vec<String> {
        let paths = (1..50).rev().map(|age| self.older(age)).chain([self.path()]);
        paths.filter(|path| path.exists()).map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// Delivers results until all are effected; the checkpoint after each delivery.
    fn deliver(&self, sample: &Sample, range: std::ops::RangeInclusive<u64>) {
        let mut append = self.append();
        start(&mut append, None).unwrap();
        let mut left = &sample.outgoing(range)[..];
        while !left.is_empty() {
            let delivered = append.deliver(left).unwrap();
            assert!(delivered.results > 0, "each delivery comes further");
            left = &left[delivered.results..];
        }
    }

    /// The older files move up, as the first half of a rotation.
    fn move_up(&self) {
        let last = (1..).take_while(|age| self.older(*age).exists()).last().unwrap_or(0);
        (1..=last).rev().for_each(|age| fs::rename(self.older(age), self.older(age + 1)).unwrap());
    }
}

/// Returns the lines as they fill files of at most so many bytes.
fn filled(lines: &[String], bytes: usize) -> Vec<String> {
    let mut files = vec![String::new()];
    for line in lines {
        let last = files.last().unwrap();
        if !last.is_empty() && last.len() + line.len() + 1 > bytes {
            files.push(String::new());
        }
        *files.last_mut().unwrap() += &format!("{line}\n");
    }
    files
}

impl Bench for Files {
    fn reaction(&self) -> Box<dyn Reaction> {
        Box::new(self.append())
    }

    fn effects(&self) -> Vec<String> {
        self.contents().concat().lines().map(str::to_owned).collect()
    }

    fn leave_half_an_effect(&self) {
        let mut file = OpenOptions::new().append(true).open(self.path()).unwrap();
        file.write_all(b"{\"query_id\":\"sam").unwrap();
    }
}

#[test]
fn a_file_that_is_never_full_passes_the_suite_of_triggers() {
    triggers(|| Files::new(1 << 20, 3));
}

#[test]
fn files_are_filled_by_whole_lines_and_the_oldest_go() {
    let sample = Sample::new(9);
    let lines = sample.lines(1..=9);
    for (bytes, keep) in
        [(TWO_LINES, 10), (TWO_LINES, 2), (1, 3), (1 << 20, 1), (lines[0].len() as u64 + 1, 1)]
    {
        let files = Files::new(bytes, keep);
        files.deliver(&sample, 1..=4);
        files.deliver(&sample, 5..=9);
        let all = filled(&lines, usize::try_from(bytes).unwrap());
        let kept = all.len().min(keep as usize + 1);
        assert_eq!(files.contents(), all[all.len() - kept..], "{bytes} bytes, {keep} kept");
    }
}

#[test]
fn where_fewer_are_kept_than_before_the_others_go_at_the_next_rotation() {
    let sample = Sample::new(9);
    let files = Files::new(1, 10);
    files.deliver(&sample, 1..=8);
    let files = Files { rotate: Rotate { keep: 2.try_into().unwrap(), ..files.rotate }, ..files };
    files.deliver(&sample, 9..=9);
    assert_eq!(files.effects(), sample.lines(7..=9));
}

/// Where a delivery is cut off.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Nowhere,
    BeforeTheCheckpoint,
    InTheMiddleOfALine,
    AfterTheOlderMovedUp,
    BeforeTheNewFileIsMade,
    AfterTheNewFileIsMade,
}

impl Cut {
    const ALL: [Self; 6] = [
        Self::Nowhere,
        Self::BeforeTheCheckpoint,
        Self::InTheMiddleOfALine,
        Self::AfterTheOlderMovedUp,
        Self::BeforeTheNewFileIsMade,
        Self::AfterTheNewFileIsMade,
    ];

    /// Leaves the files as the cut leaves them; nothing may be delivered by it.
    fn leave(self, files: &Files) {
        match self {
            Self::Nowhere | Self::BeforeTheCheckpoint => {}
            Self::InTheMiddleOfALine => files.leave_half_an_effect(),
            // An empty file is never rotated.
            _ if fs::metadata(files.path()).unwrap().len() == 0 => {}
            Self::AfterTheOlderMovedUp => files.move_up(),
            Self::BeforeTheNewFileIsMade | Self::AfterTheNewFileIsMade => {
                files.move_up();
                fs::rename(files.path(), files.older(1)).unwrap();
                if matches!(self, Self::AfterTheNewFileIsMade) {
                    fs::write(files.path(), "{\"query_id\":\"sam").unwrap();
                }
            }
        }
    }
}

#[test]
fn cut_off_anywhere_the_files_are_the_same() {
    let sample = Sample::new(7);
    let lines = sample.lines(1..=7);
    let all = filled(&lines, usize::try_from(TWO_LINES).unwrap());
    for (first, second, third) in Cut::ALL.iter().flat_map(|first| {
        Cut::ALL.iter().flat_map(move |second| Cut::ALL.iter().map(move |third| (first, second, third)))
    }) {
        let files = Files::new(TWO_LINES, 20);
        let mut append = files.append();
        let mut checkpoint = start(&mut append, None).unwrap().detail;
        let (mut done, mut cuts) = (0, [first, second, third].into_iter());
        while done < 7 {
            let cut = cuts.next().copied().unwrap_or(Cut::Nowhere);
            cut.leave(&files);
            if !matches!(cut, Cut::Nowhere | Cut::BeforeTheCheckpoint) {
                append = files.append();
                let detail = start(&mut append, Some(&checkpoint)).unwrap().detail;
                assert_eq!(detail, checkpoint, "a start goes back to its checkpoint");
                assert_eq!(files.effects(), lines[..done]);
            }
            let delivered = append.deliver(&sample.outgoing(done as u64 + 1..=7)[..3.min(7 - done)]).unwrap();
            if matches!(cut, Cut::BeforeTheCheckpoint) {
                append = files.append();
                start(&mut append, Some(&checkpoint)).unwrap();
                assert_eq!(files.effects(), lines[..done]);
            } else {
                checkpoint = delivered.detail;
                done += delivered.results;
            }
        }
        assert_eq!(files.contents(), all, "{first:?}, {second:?}, {third:?}");
    }
}

#[test]
fn a_file_that_was_here_before_becomes_an_older_one_when_it_is_full() {
    for (before, first) in [("theirs\n", "theirs\n".to_owned()), ("theirs", "theirs\n{".to_owned())] {
        let files = Files::new(5, 3);
        fs::write(files.path(), before).unwrap();
        files.deliver(&Sample::new(2), 1..=2);
        let contents = files.contents();
        assert!(contents[0].starts_with(&first), "{contents:?}");
        let unrotated = Files::new(1 << 20, 3);
        fs::write(unrotated.path(), before).unwrap();
        unrotated.deliver(&Sample::new(2), 1..=2);
        assert_eq!(contents.concat(), unrotated.contents().concat());
    }
}

#[test]
fn a_file_that_was_moved_or_edited_is_still_noticed() {
    let sample = Sample::new(3);
    let files = Files::new(TWO_LINES, 3);
    let mut append = files.append();
    start(&mut append, None).unwrap();
    append.deliver(&sample.outgoing(1..=2)).unwrap();
    let whole = fs::read(files.path()).unwrap();
    fs::rename(files.path(), files.directory.path().join("elsewhere")).unwrap();
    let refusal = append.deliver(&sample.outgoing(3..=3)).unwrap_err();
    assert!(matches!(refusal, ReactionError::Missing { .. }), "{refusal}");
    fs::write(files.older(1), &whole[..whole.len() - 1]).unwrap();
    let refusal = append.deliver(&sample.outgoing(3..=3)).unwrap_err();
    assert!(matches!(refusal, ReactionError::Missing { .. }), "{refusal}");
}
