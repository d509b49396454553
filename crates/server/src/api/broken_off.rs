//! The answer to a call that ended early.

use super::problem::Problem;
use tokio::task::JoinError;

/// Returns the answer to a call that ended early.
pub(super) fn broken_off(error: &JoinError) -> Problem {
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
