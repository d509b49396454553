//! Panics: logged as one event with the place, counted, and told to whoever waits for what broke off.

use crate::api::Problem;
use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinError;

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Logs and counts every panic of the process from now on.
pub fn watch() {
    panic::set_hook(Box::new(|panic| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        tracing::error!(%place, %thread, "panicked: {message}");
    }));
}

/// How many there were since the start.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// What the caller is told of a call that broke off.
pub fn broken_off(error: &JoinError) -> Problem {
    let what = if error.is_panic() { "panicked" } else { "was cut off" };
    let message = format!(
        "the call {what}; the log says where. It may have been carried out in part: look before you repeat it"
    );
    Problem::new(500, "LW0542", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;

    #[tokio::test]
    async fn a_call_that_panics_is_answered_with_a_problem() {
        let broken = tokio::spawn(async { panic!("on purpose") }).await.unwrap_err();
        let answer = broken_off(&broken).into_response();
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
        let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(document["code"], "LW0542");
        assert!(document["detail"].as_str().unwrap().contains("panicked"));
    }
}
