//! Results that are there: those of a new query come once it is built.

use super::context::Api;
use super::problem::Problem;

/// Returns the results, unless the query is new and has none yet.
pub(super) fn built(api: &Api, results: livewell::Results) -> Result<livewell::Results, Problem> {
    if results.is_to_come() {
        let id = &results.query_id;
        let message = match trouble_of(api, id) {
            Some(why) => format!("the first rows of `{id}` are still to come, and there is trouble: {why}"),
            None => format!("the first rows of `{id}` are still being built"),
        };
        return Err(Problem::new(503, "LW0714", message).retry_after(1));
    }
    Ok(results)
}

/// Returns what may keep the rows of a new query from being built, beside that this takes its time: the trouble of something
/// that it reads, however far up, or its own. What is stored already is built also while a source is in trouble.
fn trouble_of(api: &Api, id: &str) -> Option<String> {
    let config = api.config();
    let (mut above, mut at) = (vec![id.to_owned()], 0);
    while let Some(one) = above.get(at) {
        let read = config.queries.get(one).map_or(&[][..], |query| &query.sources);
        let new: Vec<String> = read.iter().filter(|id| !above.contains(id)).cloned().collect();
        above.extend(new);
        at += 1;
    }
    // The farthest first: what comes after it may wait for it.
    let troubles = above.iter().rev().filter_map(|id| Some((id, api.livewell.condition(id).trouble?.0)));
    let (from, trouble) = { troubles }.next()?;
    Some(if from == id { trouble } else { format!("`{from}`: {trouble}") })
}
