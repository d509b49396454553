//! Errors as problem documents (RFC 9457), each with its code.

use super::description::CODE_PATTERN;
use crate::explain;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use livewell::{Error, ErrorKind};
use livewell_query::language::Diagnostic;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The code of a problem, an extension of its answer.
#[derive(Debug, Clone, Copy)]
pub struct Code(pub &'static str);

/// A problem document (RFC 9457). Some have further members, which the pages of their codes name.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct Document {
    /// The address of the page of its code, on this server.
    #[serde(rename = "type")]
    page: String,
    /// What the code stands for.
    title: &'static str,
    /// The HTTP status.
    #[schemars(range(min = 400, max = 599))]
    status: u16,
    /// What happened, where, and what to do.
    detail: String,
    /// The code, as `livewell explain` takes it.
    #[schemars(regex(pattern = CODE_PATTERN))]
    code: &'static str,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// A problem document under construction.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: Box<Map<String, Value>>,
    retry_after: Option<u32>,
}

impl Problem {
    /// Creates a problem with its HTTP status, its code, and what happened, where, and what to do.
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, code, detail: detail.into(), more: Box::default(), retry_after: None }
    }

    /// Returns the HTTP status.
    #[cfg(test)]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Returns what happened, for a log.
    pub fn on_one_line(&self) -> String {
        format!("{} [{}]", self.detail.split_whitespace().collect::<Vec<_>>().join(" "), self.code)
    }

    /// Creates the problem of what `livewell check` would report, with a member for each.
    pub fn of_all(problems: &[Diagnostic]) -> Self {
        let code = problems.first().map_or("LW0604", |problem| problem.code);
        let detail: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        let shapes: Vec<Value> = problems
            .iter()
            .map(|problem| json!({ "code": problem.code, "message": problem.message, "help": problem.help }))
            .collect();
        Self::new(400, code, detail.join("; ")).with("problems", shapes)
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Returns a member that was added.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.more.get(name)
    }

    /// Adds after how many seconds the same call may work.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match (error.kind, error.code) {
            (_, "LW0524") => 429,
            (_, "LW0535") => 409,
            (_, "LW0526") => 422,
            (ErrorKind::Invalid, _) => 400,
            (ErrorKind::NotFound, _) => 404,
            (ErrorKind::Unavailable, _) => 503,
            (ErrorKind::Stopped, _) => 409,
            (_, "LW0302") => 507,
            (_, "LW0305") => 503,
            _ => 500,
        };
        let problem = Self::new(status, error.code, error.message);
        if matches!(status, 429 | 503 | 507) { problem.retry_after(1) } else { problem }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title =
            explain::title(self.code).unwrap_or_else(|| self.status.canonical_reason().unwrap_or("Failed"));
        let document = Document {
            page: format!("/errors/{}", self.code),
            title,
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code,
            more: *self.more,
        };
        let headers = [(header::CONTENT_TYPE, "application/problem+json")];
        let document = serde_json::to_string(&document).expect("texts and JSON are JSON");
        let mut response = (self.status, headers, document).into_response();
        response.extensions_mut().insert(Code(self.code));
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// How much of a refusal in plain text is shown.
const PLAIN_BYTES_MAX: usize = 4 << 10;

/// Returns the answer, as a problem document if it is a refusal in plain text: the framework's message about a query
/// string, a path or a body that it cannot read.
pub async fn documented(answer: Response) -> Response {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if !answer.status().is_client_error() || !kind.is_some_and(|kind| kind.starts_with("text/plain")) {
        return answer;
    }
    let status = answer.status().as_u16();
    let code = if status == 413 { "LW0703" } else { "LW0701" };
    let (parts, body) = answer.into_parts();
    let text = axum::body::to_bytes(body, PLAIN_BYTES_MAX).await.unwrap_or_default();
    let mut problem = Problem::new(status, code, String::from_utf8_lossy(&text)).into_response();
    // What was noted of the answer is still so, such as that the audit log has it.
    problem.extensions_mut().extend(parts.extensions);
    problem
}
