//! `livewell test`: runs a user's own test cases.

mod case;
mod judge;
mod junit;

use crate::cli::{CONFIG, Test, TextFormat};
use crate::failure::Failure;
use crate::render::Screen;
use anstyle::AnsiColor;
use case::Case;
use judge::Judge;
use livewell_cases::page::{self, Others};
use livewell_config as config;
use serde_json::{Value as Json, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Runs every case and prints the outcome of each.
pub fn run(asked: &Test) -> Result<(), Failure> {
    let files = files(&asked.path)?;
    let named = asked.config.as_deref().or_else(|| Path::new(CONFIG).is_file().then_some(Path::new(CONFIG)));
    let config = named.map(config::load).transpose();
    let config = config.map_err(|problems| Failure::Usage(problems.to_string()))?;
    let judge = Judge::new(config.as_ref());
    let mut cases = Vec::new();
    for file in files {
        let malformed = |why: String| Failure::Usage(format!("error: {}: {why} [LW0781]\n", file.display()));
        let text = std::fs::read_to_string(&file).map_err(|error| malformed(error.to_string()))?;
        for example in page::read(&text, Others::Skipped).map_err(malformed)? {
            cases.push(judge.case(&file, &example));
        }
    }
    if cases.is_empty() {
        let message = format!("error: no file below `{}` has a test case [LW0781]\n", asked.path.display());
        return Err(Failure::Usage(message));
    }
    if let Some(path) = &asked.junit {
        let written = std::fs::write(path, junit::report(&cases));
        written.map_err(|error| Failure::failed(format!("cannot write `{}`: {error}", path.display())))?;
    }
    show(asked.format, &cases)
}

/// Returns the Markdown files, in their order by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: io::Error| {
        Failure::Usage(format!("error: cannot read `{}`: {error} [LW0781]\n", path.display()))
    };
    if path.metadata().map_err(failed)?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
        .map_err(failed)?;
    entries.sort();
    let mut found = Vec::new();
    for entry in entries {
        // A link to a directory could lead back here.
        let is_directory = entry.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        if is_directory {
            found.extend(files(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "md") {
            found.push(entry);
        }
    }
    Ok(found)
}

fn show(format: TextFormat, cases: &[Case]) -> Result<(), Failure> {
    let failed = cases.iter().filter(|case| !case.failure.is_empty()).count();
    let passed = cases.len() - failed;
    let mut out = io::stdout().lock();
    match format {
        TextFormat::Json => {
            let shown: Vec<Json> = cases.iter().map(shape).collect();
            writeln!(out, "{:#}", json!({ "passed": passed, "failed": failed, "cases": shown }))?;
        }
        TextFormat::Text => {
            let screen = Screen::of_stdout();
            for Case { file, line, name, failure } in cases {
                let verdict = match failure.as_slice() {
                    [] => screen.coloured("ok  ", AnsiColor::Green),
                    _ => screen.coloured("FAIL", AnsiColor::Red),
                };
                writeln!(out, "{verdict}  {}:{line}  {name}", file.display())?;
                failure.iter().try_for_each(|line| writeln!(out, "        {line}"))?;
            }
            writeln!(out, "{passed} passed, {failed} failed")?;
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Failed(String::new())) }
}

fn shape(case: &Case) -> Json {
    json!({
        "file": case.file, "line": case.line, "query": case.name, "passed": case.failure.is_empty(),
        "failure": case.failure,
    })
}
