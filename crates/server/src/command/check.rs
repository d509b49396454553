//! `livewell check`: everything that can be known about a configuration without starting it.

use crate::cli::{Check, TextFormat};
use crate::failure::Failure;
use crate::oidc::Oidc;
use crate::render::counted;
use crate::tls;
use livewell_config::{self as config, Config};
use serde_json::{Value as Json, json};
use std::io::{self, Write};

/// Checks the configuration and prints what it contains.
pub fn run(check: &Check) -> Result<(), Failure> {
    let mut checked = config::check(&check.config);
    let access = match &mut checked {
        Ok((config, warnings)) => access(check, config, warnings),
        Err(_) => Ok(()),
    };
    if check.format == TextFormat::Json {
        writeln!(io::stdout(), "{:#}", document(check, &checked, access.as_ref().err()))?;
        // The document has the problems.
        let is_valid = checked.is_ok() && access.is_ok();
        return if is_valid { Ok(()) } else { Err(Failure::Usage(String::new())) };
    }
    let (config, warnings) = checked.map_err(|problems| Failure::Usage(problems.to_string()))?;
    access.map_err(|Fault(code, reason)| Failure::Usage(format!("error[{code}]: {reason}\n")))?;
    for warning in warnings {
        writeln!(io::stderr(), "{warning}")?;
    }
    writeln!(
        io::stdout(),
        "`{}` is valid: {}, {}, {}",
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

/// A fault of what the section `server` names: its code and the reason.
struct Fault(&'static str, String);

/// Checks the certificate of the API and who signs tokens for it, and adds a warning if something is only to be looked at.
///
/// # Errors
/// Returns why one of them cannot be used.
fn access(check: &Check, config: &Config, warnings: &mut Vec<String>) -> Result<(), Fault> {
    let Some(server) = &config.server else { return Ok(()) };
    if let Some(tls) = &server.tls {
        let warning = tls::check(tls).map_err(|reason| Fault("LW0741", reason))?;
        warnings.extend(warning.map(|warning| format!("warning: {}: {warning}", check.config.display())));
    }
    if let Some(oidc) = &server.oidc {
        Oidc::new(oidc).map_err(|reason| Fault("LW0743", reason))?;
    }
    Ok(())
}

/// Returns everything that is known of the configuration, in JSON.
fn document(
    check: &Check,
    checked: &Result<(Config, Vec<String>), config::Problems>,
    access: Option<&Fault>,
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
    let access = access.map(|Fault(code, reason)| {
        json!({
            "code": code, "message": reason, "help": null, "file": check.config, "line": null, "column": null,
        })
    });
    let counted = checked.as_ref().ok().map(|(config, _)| counts(config));
    json!({
        "file": check.config,
        "valid": checked.is_ok() && access.is_none(),
        "components": counted,
        "problems": problems.iter().map(problem).chain(access).collect::<Vec<_>>(),
        "warnings": warnings,
    })
}
