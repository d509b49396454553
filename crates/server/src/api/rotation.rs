//! Secrets that were replaced: a source or a reaction in trouble is started again once its references lead to other
//! values, so that a new password needs nobody.

use super::components::refreshed;
use super::context::{Api, Shared};
use super::problem::Problem;
use livewell::{ComponentKind, State};
use livewell_config::setup;
use std::collections::HashMap;
use std::time::Duration;

/// How often components in trouble are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// From this look on, a component that stays in trouble is looked at once in so many: its secret may come from a program
/// that asks another machine.
const LOOKS_MAX: u32 = 64;

/// Watches components with references. Does not end.
pub async fn watch(api: &Shared) {
    let mut looks: HashMap<String, u32> = HashMap::new();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let referring = api.config().referring();
        looks.retain(|id, _| is_in_trouble(api, id));
        for (kind, id) in referring.into_iter().filter(|(_, id)| is_in_trouble(api, id)) {
            let look = looks.entry(id.clone()).or_default();
            *look += 1;
            if !look.is_power_of_two() && !look.is_multiple_of(LOOKS_MAX) {
                continue;
            }
            match take_up(api, kind, &id).await {
                Ok(true) => {
                    tracing::info!(%id, "its secrets were replaced, so it was started again");
                    looks.remove(&id);
                }
                Ok(false) => {}
                Err(problem) => tracing::debug!(%id, "its secrets were not read again: {problem:?}"),
            }
        }
    }
}

/// Returns whether a component cannot work as it is.
fn is_in_trouble(api: &Api, id: &str) -> bool {
    let condition = api.livewell.condition(id);
    condition.trouble.is_some() && matches!(condition.state, State::Waiting | State::Error)
}

/// Starts a component again if its references lead to other values. Returns whether they do.
async fn take_up(api: &Api, kind: ComponentKind, id: &str) -> Result<bool, Problem> {
    let _one_at_a_time = api.changing.lock().await;
    let Some(change) = refreshed(api, kind, id)? else { return Ok(false) };
    // A call may have come first.
    if !is_in_trouble(api, id) {
        return Ok(false);
    }
    api.livewell.check_writable()?;
    api.livewell.stop(id).await?;
    api.make(change);
    let started = setup::started(&api.config(), &api.seal, id)?;
    if let Some(started) = started {
        api.livewell.add(started).await?;
    }
    Ok(true)
}
