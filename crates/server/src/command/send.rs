//! `livewell send`: sends lines to an `http` source, part by part.

use super::find::Found;
use super::offline;
use crate::cli::{Send, TextFormat};
use crate::client::{Client, encoded};
use crate::failure::Failure;
use crate::render::counted;
use serde_json::{Value as Json, json};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

/// A part ends behind the line with which it has as many bytes.
const PART_BYTES: usize = 1 << 20;

/// What was taken in.
#[derive(Default)]
struct Taken {
    lines: u64,
    /// Where the last transaction stands.
    position: Json,
    sequence: Json,
}

/// Sends a file, or standard input, and says where its last transaction stands.
pub fn run(asked: &Send, found: &Found) -> Result<(), Failure> {
    let client = match found {
        Found::Store(directory) => return Err(offline::needs_a_run("`livewell send`", directory)),
        Found::Server(client) => client,
    };
    let path = format!("/api/v1/sources/{}/changes", encoded(&asked.source));
    let taken = match &asked.file {
        Some(file) => {
            let opened = File::open(file).map_err(|error| {
                Failure::Usage(format!("error: cannot read `{}`: {error}\n", file.display()))
            })?;
            send(client, &path, BufReader::new(opened))?
        }
        None => send(client, &path, io::stdin().lock())?,
    };
    let Taken { lines, position, sequence } = taken;
    if asked.format == TextFormat::Json {
        let document =
            json!({ "source_id": asked.source, "lines": lines, "position": position, "sequence": sequence });
        return Ok(writeln!(io::stdout(), "{document:#}")?);
    }
    let stands = if lines == 0 { String::new() } else { format!("; the last stands at position {position}") };
    Ok(writeln!(io::stdout(), "{} taken in and durable{stands}", counted(lines, "line is", "lines are"))?)
}

/// Sends everything, part by part.
fn send(client: &Client, path: &str, mut lines: impl BufRead) -> Result<Taken, Failure> {
    let mut taken = Taken::default();
    loop {
        let (part, count) = part(&mut lines).map_err(|error| after(&taken, Failure::failed(error)))?;
        if count == 0 {
            return Ok(taken);
        }
        let receipt = client.post_text(path, &part).map_err(|failure| after(&taken, failure))?;
        taken.lines += count;
        (taken.position, taken.sequence) = (receipt["position"].clone(), receipt["sequence"].clone());
    }
}

/// Reads lines until they are enough for a part. Empty ones are counted only with others.
fn part(lines: &mut impl BufRead) -> io::Result<(String, u64)> {
    let (mut part, mut count) = (String::new(), 0);
    while part.len() < PART_BYTES && lines.read_line(&mut part)? > 0 {
        count += 1;
    }
    if part.trim().is_empty() { Ok((String::new(), 0)) } else { Ok((part, count)) }
}

/// Adds to a failure what was taken in before it.
fn after(taken: &Taken, failure: Failure) -> Failure {
    match failure {
        Failure::Failed(text) if taken.lines > 0 => {
            let (lines, next) = (taken.lines, taken.lines + 1);
            Failure::Failed(format!(
                "{text}note: lines 1 to {lines} are taken in, and nothing from line {next} on; lines are counted from \
                 {next} above\n"
            ))
        }
        failure => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_behind_a_line_and_nothing_is_lost() {
        let line = format!("{}\n", "x".repeat(PART_BYTES / 3));
        let all = format!("{}last", line.repeat(7));
        let (mut reader, mut joined, mut counts) = (all.as_bytes(), String::new(), Vec::new());
        loop {
            let (part, count) = part(&mut reader).unwrap();
            if count == 0 {
                break;
            }
            joined.push_str(&part);
            counts.push(count);
        }
        assert_eq!((joined == all, counts), (true, vec![3, 3, 2]));
        assert_eq!(part(&mut "\n \n".as_bytes()).unwrap().1, 0);
    }
}
