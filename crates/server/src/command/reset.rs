//! `livewell reset`: rebuilds a query or a reaction, reads a source again, or copies some of its tables again.

use super::{Failure, offline};
use crate::cli::Reset;
use crate::client::{Client, encoded};
use std::io::{self, Write};
use std::path::Path;

/// Asks the server to do it, or notes it in a store that nobody runs.
pub fn run(reset: &Reset) -> Result<(), Failure> {
    let Reset { id, tables, at } = reset;
    if let Some(directory) = &at.store {
        return in_store(directory, id, tables);
    }
    let client = Client::new(at.server.as_deref())?;
    let has = |kind: &str| -> Result<bool, Failure> {
        let all = client.get(&format!("/api/v1/{kind}"))?;
        Ok(all.as_array().into_iter().flatten().any(|one| one["id"] == id.as_str()))
    };
    let kind = if has("queries")? {
        "queries"
    } else if has("reactions")? {
        "reactions"
    } else if has("sources")? {
        "sources"
    } else {
        let message = format!("there is no component `{id}`; `livewell status` lists what there is [LW0501]");
        return Err(Failure::failed(message));
    };
    let named: Vec<String> = tables.iter().map(|table| format!("table={}", encoded(table))).collect();
    let query = if named.is_empty() { String::new() } else { format!("?{}", named.join("&")) };
    client.post(&format!("/api/v1/{kind}/{id}/reset{query}"))?;
    let what = match tables.as_slice() {
        [] => format!("`{id}` is being reset"),
        [table] => format!("the table `{table}` of `{id}` is being copied again"),
        tables => format!("the tables `{}` of `{id}` are being copied again", tables.join("`, `")),
    };
    Ok(writeln!(io::stdout(), "{what}; `livewell status` shows when it has caught up")?)
}

/// Notes in the store that the component is to be reset when it runs next.
fn in_store(directory: &Path, id: &str, tables: &[String]) -> Result<(), Failure> {
    if !tables.is_empty() {
        let message = "error: `--table` needs a running server; start it with `livewell run`, or leave it out: then all \
                       tables are copied\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    if !directory.is_dir() {
        let message = format!(
            "error: there is no store in `{}`; name the directory of one, or leave `--store` out to ask a running server\n",
            directory.display()
        );
        return Err(Failure::Usage(message));
    }
    livewell::reset_stored(&offline::open(directory)?, id).map_err(Failure::failed)?;
    Ok(writeln!(io::stdout(), "`{id}` will be reset as soon as `livewell run` has started it")?)
}
