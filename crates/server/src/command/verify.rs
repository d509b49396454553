//! `livewell verify`: a query's rows against its evaluation from scratch.

use super::{Failure, offline};
use crate::cli::Verify;
use crate::client::Client;
use std::io::{self, Write};

/// Verifies and says what it found.
pub fn run(verify: &Verify) -> Result<(), Failure> {
    let (sequence, rows, differences) = match &verify.at.store {
        Some(directory) => {
            let store = offline::open(directory)?;
            let found = livewell::verify::verify(&store, &verify.query).map_err(Failure::failed)?;
            (found.sequence, found.rows, found.differences)
        }
        None => {
            let client = Client::new(verify.at.server.as_deref())?;
            let found = client.post(&format!("/api/v1/queries/{}/verify", verify.query))?;
            let text = |json: &serde_json::Value| json.as_str().map(ToOwned::to_owned);
            let differences = found["differences"].as_array().into_iter().flatten().filter_map(text);
            let number = |field: &str| found[field].as_u64().unwrap_or_default();
            (number("sequence"), number("rows"), differences.collect::<Vec<_>>())
        }
    };
    let query = &verify.query;
    if differences.is_empty() {
        let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        return Ok(writeln!(io::stdout(), "`{query}` is right: {rows} at sequence {sequence}")?);
    }
    for difference in &differences {
        writeln!(io::stdout(), "{difference}")?;
    }
    Err(Failure::failed(format!(
        "`{query}` is not what its sources give at sequence {sequence}; the first differences are above. \
         `livewell reset {query}` builds it anew [LW0715]"
    )))
}
