//! `livewell reset`: rebuilds a query or a reaction, reads a source again, or copies some of its tables again.

use super::Failure;
use crate::cli::Reset;
use crate::client::{Client, encoded};
use std::io::{self, Write};

/// Asks the server to do it.
pub fn run(reset: &Reset) -> Result<(), Failure> {
    let Reset { id, tables, at } = reset;
    if at.store.is_some() {
        let message = "error: `reset` needs a running server, which rebuilds; start it with `livewell run`, then use \
                       `livewell reset` without `--store`\n";
        return Err(Failure::Usage(message.to_owned()));
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
