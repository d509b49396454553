//! `livewell doctor`: looks at everything that a run needs, and changes nothing.

mod address;
mod files;
mod finding;
mod machine;
mod servers;
mod store;

use crate::cli::{Doctor, TextFormat};
use crate::failure::Failure;
use crate::render::Screen;
use finding::{Finding, Verdict};
use livewell_config as config;
use livewell_config::settings::StoreSettings;
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// Checks everything and prints a line for each check.
pub fn run(asked: &Doctor) -> Result<(), Failure> {
    let mut findings = Vec::new();
    let config = match config::check(&asked.config) {
        Ok((config, warnings)) => {
            findings.push(Finding::ok("configuration", asked.config.display(), "is valid"));
            let warn = |text: String| {
                let fix = "correct the configuration, if it is not meant";
                Finding::warn("configuration", asked.config.display(), text.trim(), fix)
            };
            findings.extend(warnings.into_iter().map(warn));
            Some(config)
        }
        Err(problems) => {
            let check = format!("`livewell check {}` shows each with its place", asked.config.display());
            findings.extend(problems.list().into_iter().map(|problem| {
                let place = problem.line.map_or_else(String::new, |line| format!("line {line}: "));
                let found = format!("{place}{} [{}]", problem.message, problem.code);
                let fix = problem.help.unwrap_or_else(|| check.clone());
                Finding::fail("configuration", problem.file.display(), found, fix)
            }));
            // A component in error does not make the rest unreadable.
            config::load(&asked.config).ok()
        }
    };
    if let Some(config) = &config {
        if let StoreSettings::Embedded(embedded) = &config.store {
            findings.extend(store::look(&embedded.path));
        }
        findings.extend(address::look(config));
        findings.extend(files::look(config));
        findings.extend(servers::look(config));
    }
    findings.extend(machine::look(config.as_ref()));
    report(asked, &findings)
}

/// Prints what a store says from within, as JSON lines: for the parent of the child process that reads it.
pub fn within(directory: &Path) -> Result<(), Failure> {
    let findings = store::within(directory)?;
    let mut out = io::stdout().lock();
    for finding in findings {
        serde_json::to_writer(&mut out, &finding).map_err(Failure::failed)?;
        writeln!(out)?;
    }
    Ok(())
}

fn report(asked: &Doctor, findings: &[Finding]) -> Result<(), Failure> {
    let count = |verdict| findings.iter().filter(|finding| finding.verdict == verdict).count();
    let failed = count(Verdict::Fail);
    let mut out = io::stdout().lock();
    match asked.format {
        TextFormat::Json => {
            let document = json!({ "ok": failed == 0, "findings": findings });
            writeln!(out, "{document:#}")?;
        }
        TextFormat::Text => {
            let screen = Screen::of_stdout();
            for Finding { check, about, verdict, found, fix } in findings {
                let name = screen.coloured(&format!("{:<4}", verdict.name()), verdict.colour());
                writeln!(out, "{name}  {check:<13}  {about}: {found}")?;
                if let Some(fix) = fix {
                    writeln!(out, "                     fix: {fix}")?;
                }
            }
            let (ok, warned) = (count(Verdict::Ok), count(Verdict::Warn));
            writeln!(out, "{ok} ok, {warned} to look at, {failed} failed")?;
        }
    }
    if failed == 0 { Ok(()) } else { Err(Failure::Failed(String::new())) }
}
