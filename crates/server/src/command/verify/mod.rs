//! `livewell verify`: compares a query's rows with its evaluation from scratch, or a source's elements with its
//! database.

mod source;
mod watched;

pub use watched::watch;

use super::find::Found;
use super::{behind, offline};
use crate::cli::{TextFormat, Verify};
use crate::client::{encoded, parameters};
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::render::counted;
use livewell::Values;
use livewell::verify::{self, verify_value_within, verify_within};
use livewell_query::Meter;
use livewell_store::Store;
use livewell_store::catalog::{self, Kind};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;

/// Verifies and prints the result.
pub fn run(verify: &Verify, found: &Found) -> Result<(), Failure> {
    let Verify { id, table, values, .. } = verify;
    let (sequence, rows, differences) = match found {
        Found::Store(directory) => {
            if table.is_some() {
                return Err(offline::needs_a_run("`--table`", directory));
            }
            let store = offline::open(directory)?;
            refuse_source(&store, id, directory)?;
            let shown = Progress::of(format!("verifying `{id}`"));
            let (meter, on_progress) = (Meter::unlimited(), |progress| show(&shown, progress));
            let found = match values.as_slice() {
                [] => verify_within(&store, id, &meter, &on_progress),
                values => {
                    let values = Values::of_text(values.iter().cloned());
                    verify_value_within(&store, id, &values, &meter, &on_progress)
                }
            };
            let found = found.map_err(Failure::failed)?;
            behind::say_of_store(&store, id)?;
            (found.sequence, found.rows, found.differences)
        }
        Found::Server(client) => {
            if table.is_some() || source::is_source(client, id)? {
                if !values.is_empty() {
                    return Err(Failure::failed(format!(
                        "`{id}` is a source; `--for` is about a query [LW0544]"
                    )));
                }
                return source::run(client, id, table.as_deref(), verify.format);
            }
            let (title, path) = (format!("verifying `{id}` on the server"), verification(id));
            let watched = watch(client, title, path.clone(), "verifications");
            let found = client.post(&format!("{path}{}", parameters(values)))?;
            drop(watched);
            behind::say_of_server(client, id)?;
            let text = |json: &serde_json::Value| json.as_str().map(ToOwned::to_owned);
            let differences = found["differences"].as_array().into_iter().flatten().filter_map(text);
            let number = |field: &str| found[field].as_u64().unwrap_or_default();
            (number("sequence"), number("rows"), differences.collect::<Vec<_>>())
        }
    };
    if verify.format == TextFormat::Json {
        let document = json!({
            "query_id": id, "sequence": sequence, "rows": rows, "equal": differences.is_empty(),
            "differences": differences,
        });
        writeln!(io::stdout(), "{document:#}")?;
        return if differences.is_empty() { Ok(()) } else { Err(Failure::Failed(String::new())) };
    }
    if differences.is_empty() {
        let rows = counted(rows, "row", "rows");
        return Ok(writeln!(io::stdout(), "`{id}` is right: {rows} at sequence {sequence}")?);
    }
    for difference in &differences {
        writeln!(io::stdout(), "{difference}")?;
    }
    Err(Failure::failed(format!(
        "`{id}` is not what its sources give at sequence {sequence}; the first differences are above. \
         `livewell reset {id}` rebuilds it [LW0715]"
    )))
}

/// Returns the path of the call that verifies a query.
fn verification(query: &str) -> String {
    format!("/api/v1/queries/{}/verify", encoded(query))
}

fn show(shown: &Progress, progress: verify::Progress) {
    match progress {
        verify::Progress::Read { elements, of } => shown.at(elements, Some(of), Unit::Things("elements")),
        verify::Progress::Compared { rows, of } => shown.at(rows, Some(of), Unit::Things("rows")),
        _ => {}
    }
}

/// Refuses a source: a store alone does not say where its database is.
fn refuse_source(store: &dyn Store, id: &str, directory: &Path) -> Result<(), Failure> {
    let snapshot = store.snapshot().map_err(livewell::Error::from).map_err(Failure::failed)?;
    let entry = catalog::find(&*snapshot, id).map_err(livewell::Error::from).map_err(Failure::failed)?;
    match entry {
        Some(entry) if entry.kind == Kind::Source => {
            Err(offline::needs_a_run(&format!("comparing the source `{id}` with its database"), directory))
        }
        _ => Ok(()),
    }
}
