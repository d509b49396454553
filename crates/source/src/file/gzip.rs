//! Decompresses gzip: one or more members, with zero bytes between and behind them.
//!
//! Zeros fill the last block of a tape or a device. `gzip` and Python's `gzip` pass over them, so files have them.

use flate2::bufread::GzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Data after the last member that is not a member.
const NOT_A_MEMBER: &str = "what follows the compressed data is neither zero bytes nor more of it";

/// The decompressed bytes of a file.
pub(super) struct Gzip(Place);

enum Place {
    Inside(Box<GzDecoder<BufReader<File>>>),
    /// After a member.
    Between(BufReader<File>),
    End,
}

impl Gzip {
    pub fn new(file: File) -> Self {
        Self::inside(BufReader::new(file))
    }

    fn inside(file: BufReader<File>) -> Self {
        Self(Place::Inside(Box::new(GzDecoder::new(file))))
    }
}

impl Read for Gzip {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            self.0 = match &mut self.0 {
                Place::End => return Ok(0),
                Place::Inside(member) => match member.read(into)? {
                    // The member has ended, and its checksum was right.
                    0 if !into.is_empty() => match std::mem::replace(&mut self.0, Place::End) {
                        Place::Inside(member) => Place::Between(member.into_inner()),
                        other => other,
                    },
                    count => return Ok(count),
                },
                Place::Between(file) => {
                    let bytes = file.fill_buf()?;
                    let (zeros, length) = (bytes.iter().take_while(|byte| **byte == 0).count(), bytes.len());
                    match bytes.get(zeros) {
                        None if length == 0 => Place::End,
                        None => {
                            file.consume(zeros);
                            continue;
                        }
                        Some(0x1f) => {
                            file.consume(zeros);
                            match std::mem::replace(&mut self.0, Place::End) {
                                Place::Between(file) => Self::inside(file).0,
                                other => other,
                            }
                        }
                        Some(_) => return Err(io::Error::new(io::ErrorKind::InvalidData, NOT_A_MEMBER)),
                    }
                }
            }
        }
    }
}
