//! Waits until everything stops.

use tokio::sync::watch;

/// Waits until everything is to stop.
pub(super) async fn until(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}
