//! `livewell reset`: a query, a reaction or a file source begins anew.

use super::Failure;
use crate::cli::Reset;
use crate::client::Client;
use std::io::{self, Write};

/// Asks the server to do it.
pub fn run(reset: &Reset) -> Result<(), Failure> {
    let id = &reset.id;
    if reset.at.store.is_some() {
        let message = "error: `reset` needs a running server, which rebuilds; start it with `livewell run`, then use \
                       `livewell reset` without `--store`\n";
        return Err(Failure::Usage(message.to_owned()));
    }
    let client = Client::new(reset.at.server.as_deref())?;
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
    client.post(&format!("/api/v1/{kind}/{id}/reset"))?;
    Ok(writeln!(io::stdout(), "`{id}` begins anew; `livewell status` shows when it has caught up")?)
}
