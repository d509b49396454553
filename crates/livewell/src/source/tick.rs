//! Ticks: what an idle source logs when a timer of one of its queries is due.

use super::intake::Intake;
use crate::Error;
use crate::component::Component;
use crate::component::shared::Shared;
use livewell_store::Head;
use std::time::Duration;

/// How long a source waits at most before it checks again.
pub(crate) const LOOK: Duration = Duration::from_millis(500);

/// Logs a tick if a timer is due. Returns how long the source may rest.
pub(crate) fn tick(shared: &Shared, source: &Component) -> Result<Duration, Error> {
    let Some((due, now)) = shared.first_timer(source) else { return Ok(LOOK) };
    if due > now {
        let nanos = u64::try_from(due.0.saturating_sub(now.0)).unwrap_or(0);
        return Ok(LOOK.min(Duration::from_nanos(nanos)));
    }
    let snapshot = shared.store.snapshot()?;
    let logged = Head::read(&*snapshot, source.number)?.unwrap_or_default().timestamp;
    if logged < due {
        source.time_ahead(logged, &*shared.clock);
        let mut intake = Intake::begin(shared, source)?;
        if !intake.is_full() {
            intake.tick(now);
        }
        intake.commit()?;
    }
    Ok(LOOK)
}
