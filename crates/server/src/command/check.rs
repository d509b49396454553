//! `livewell check`: everything that can be known about a configuration without starting it.

use crate::cli::{Check, TextFormat};
use crate::failure::Failure;
use crate::render::counted;
use crate::tls;
use livewell_config::{self as config, Config};
use serde_json::{Value as Json, json};
use std::io::{self, Write};

/// Checks the configuration and prints what it contains.
pub fn run(check: &Check) -> Result<(), Failure> {
    let mut checked = config::check(&check.config);
    let certificate = match &mut checked {
        Ok((config, warnings)) => certificate(check, config, warnings),
        Err(_) => Ok(()),
    };
    if check.format == TextFormat::Json {
        writeln!(io::stdout(), "{:#}", document(check, &checked, certificate.as_ref().err()))?;
        // The document has the problems.
        let is_valid = checked.is_ok() && certificate.is_ok();
        return if is_valid { Ok(()) } else { Err(Failure::Usage(String::new())) };
    }
    let (config, warnings) = checked.map_err(|problems| Failure::Usage(problems.to_string()))?;
    certificate.map_err(|reason| Failure::Usage(format!("error[LW0741]: {reason}\n")))?;
    for warning in warnings {
        writeln!(io::stderr(), "{warning}")?;
    }
    writeln!(
        io::stdout(),
        "`{}` is in order: {}, {}, {}",
        check.config.display(),
        counted(config.sources.len() as u64, "source", "sources"),
        counted(config.queries.len() as u64, "query", "queries"),
        counted(config.reactions.len() as u64, "reaction", "reactions"),
    )?;
    Ok(())
}

fn counts(config: &Config) -> Json {
    json!({
        "sources": config.sources.len(), "queries": config.queries.len(), "reactions": config.reactions.len(),
    })
}

/// Checks the certificate of the API, and adds a warning if it is only to be looked at.
///
/// # Errors
/// Returns why it cannot be used.
fn certificate(check: &Check, config: &Config, warnings: &mut Vec<String>) -> Result<(), String> {
    let Some(tls) = config.server.as_ref().and_then(|server| server.tls.as_ref()) else { return Ok(()) };
    let warning = tls::check(tls)?;
    warnings.extend(warning.map(|warning| format!("warning: {}: {warning}", check.config.display())));
    Ok(())
}

/// Returns everything that is known of the configuration, in JSON.
fn document(
    check: &Check,
    checked: &Result<(Config, Vec<String>), config::Problems>,
    certificate: Option<&String>,
) -> Json {
    let (warnings, problems) = match checked {
        Ok((_, warnings)) => (warnings.as_slice(), Vec::new()),
        Err(problems) => (&[][..], problems.list()),
    };
    let problem = |problem: &config::Problem| {
        let config::Problem { code, message, help, file, line, column } = problem;
        json!({
            "code": code, "message": message, "help": help, "file": file, "line": line, "column": column,
        })
    };
    let certificate = certificate.map(|reason| {
        json!({
            "code": "LW0741", "message": reason, "help": null, "file": check.config, "line": null, "column": null,
        })
    });
    let counted = checked.as_ref().ok().map(|(config, _)| counts(config));
    json!({
        "file": check.config,
        "valid": checked.is_ok() && certificate.is_none(),
        "components": counted,
        "problems": problems.iter().map(problem).chain(certificate).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}
