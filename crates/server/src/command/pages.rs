//! Reads lists of components from a server, page by page.

use crate::api::list::LIMIT_MAX;
use crate::client::{Client, encoded};
use crate::failure::Failure;
use livewell::{ComponentKind, State};
use serde_json::Value as Json;

/// Returns all components of a kind, or those in this state.
pub fn all(client: &Client, kind: ComponentKind, state: Option<State>) -> Result<Vec<Json>, Failure> {
    let state = state.map_or_else(String::new, |state| format!("&state={}", state.name()));
    let mut path = format!("/api/v1/{}?limit={LIMIT_MAX}{state}", kind.plural());
    let mut all = Vec::new();
    loop {
        let Json::Array(page) = client.get(&path)? else { return Ok(all) };
        let last = page.last().filter(|_| page.len() == LIMIT_MAX);
        let next = last.and_then(|last| last["id"].as_str()).map(|after| {
            format!("/api/v1/{}?limit={LIMIT_MAX}&after={}{state}", kind.plural(), encoded(after))
        });
        all.extend(page);
        match next {
            Some(next) => path = next,
            None => return Ok(all),
        }
    }
}
