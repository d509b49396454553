//! `livewell check`: everything that can be known about a configuration without starting it.

use crate::cli::Check;
use crate::failure::Failure;
use crate::render::counted;
use crate::tls;
use livewell_config as config;
use std::io::{self, Write};

/// Checks the configuration and prints what it contains.
pub fn run(check: &Check) -> Result<(), Failure> {
    let (config, warnings) =
        config::check(&check.config).map_err(|problems| Failure::Usage(problems.to_string()))?;
    let mut warnings = warnings;
    if let Some(tls) = config.server.as_ref().and_then(|server| server.tls.as_ref()) {
        let warning = tls::check(tls);
        let warning = warning.map_err(|reason| Failure::Usage(format!("error[LW0741]: {reason}\n")))?;
        warnings.extend(warning.map(|warning| format!("warning: {}: {warning}", check.config.display())));
    }
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
