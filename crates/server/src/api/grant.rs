//! What a caller may do: its scopes, and the one query that it may be bound to.

use super::caller::Caller;
use super::parameters::{OF_CHANGES, OF_OUTBOX, OF_RESULTS, OF_VIEWS, given};
use super::problem::Problem;
use super::scopes::Need;
use crate::oidc::{Identity, Oidc};
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::http::header::{self, HeaderValue};
use axum::http::{Method, Uri};
use axum::response::Response;
use futures::StreamExt;
use livewell_config::settings::Only;
use tokio::sync::watch;
use tokio::time::Instant;

/// What a caller may do.
pub struct Grant {
    /// Who it is, with the scopes of the calls that it may make.
    pub caller: Caller,
    /// All that it may read, if not everything.
    pub only: Option<Only>,
    /// When its streams end.
    pub ends: Ends,
}

/// When the streams of a caller end.
#[derive(Default)]
pub struct Ends {
    /// True once its token is no longer accepted.
    pub withdrawn: Option<watch::Receiver<bool>>,
    /// When its token expires.
    pub at: Option<Instant>,
}

impl Grant {
    /// Creates what everybody may do where no token is required: everything.
    pub fn of_anybody() -> Self {
        Self { caller: Caller::anonymous(), only: None, ends: Ends::default() }
    }

    /// Creates what a token of an identity provider allows.
    pub fn of(identity: Identity, oidc: &Oidc) -> Self {
        let ends =
            Ends { withdrawn: Some(oidc.withdrawn.subscribe()), at: Some(Instant::now() + identity.left) };
        Self { caller: Caller::new(identity.name, identity.scopes), only: identity.only, ends }
    }

    /// Checks that the caller may make this call.
    ///
    /// # Errors
    /// Returns 403, with the scope that is missing.
    pub async fn check(&self, need: Need, request: &mut Request) -> Result<(), Problem> {
        let Caller { name, scopes } = &self.caller;
        if let Need::Scope(scope) = need
            && !scope.is_in(scopes)
        {
            let has: Vec<&str> = scopes.iter().map(|scope| scope.name()).collect();
            let has = if has.is_empty() { "none".to_owned() } else { format!("`{}`", has.join("`, `")) };
            let message = format!(
                "the token `{name}` may not do this: it needs the scope `{}`, and has {has}",
                scope.name()
            );
            return Err(Problem::new(403, "LW0740", message).with("scope", scope.name()));
        }
        match &self.only {
            Some(only) => check_bound(name, only, request).await,
            None => Ok(()),
        }
    }
}

/// Checks that the call reads the rows or the changes of the query, for the values, that a token is bound to.
async fn check_bound(name: &str, only: &Only, request: &mut Request) -> Result<(), Problem> {
    let refused = || {
        let values: Vec<String> = only.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let values = if values.is_empty() { String::new() } else { format!(" with `?{}`", values.join("&")) };
        let message = format!(
            "the token `{name}` may only read `/api/v1/queries/{id}/results`, `changes`, `outbox` and `views`{values}",
            id = only.query
        );
        Problem::new(403, "LW0740", message)
    };
    let own = match (request.method(), request.extensions().get::<MatchedPath>().map(MatchedPath::as_str)) {
        (&Method::GET | &Method::HEAD, Some("/api/v1/queries/{id}/results")) => OF_RESULTS,
        (&Method::GET | &Method::HEAD, Some("/api/v1/queries/{id}/changes")) => OF_CHANGES,
        (&Method::GET | &Method::HEAD, Some("/api/v1/queries/{id}/outbox")) => OF_OUTBOX,
        (&Method::POST, Some("/api/v1/queries/{id}/views")) => &[],
        (&Method::GET | &Method::HEAD | &Method::DELETE, Some("/api/v1/queries/{id}/views/{view}")) => {
            OF_VIEWS
        }
        _ => return Err(refused()),
    };
    if query_of(request).await.as_deref() != Some(only.query.as_str()) {
        return Err(refused());
    }
    let uri: &Uri = request.uri();
    if only.values.is_empty() || given(uri, own)?.are(&only.values) { Ok(()) } else { Err(refused()) }
}

/// Returns the query that a path names, as the handler will read it.
async fn query_of(request: &mut Request) -> Option<String> {
    let (mut parts, body) = std::mem::take(request).into_parts();
    let found = RawPathParams::from_request_parts(&mut parts, &()).await;
    *request = Request::from_parts(parts, body);
    let found = found.ok()?;
    found.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.to_owned())
}

impl Ends {
    /// Returns the answer; if it is a stream that does not end by itself, it does once the caller may no longer read it.
    pub fn bound(self, answer: Response) -> Response {
        const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
        if answer.headers().get(header::CONTENT_TYPE) != Some(&EVENTS) || self.is_never() {
            return answer;
        }
        answer.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(self.come()))))
    }

    fn is_never(&self) -> bool {
        self.withdrawn.is_none() && self.at.is_none()
    }

    async fn come(self) {
        let withdrawn = async {
            match self.withdrawn {
                // An error means that its token is gone.
                Some(mut withdrawn) => drop(withdrawn.wait_for(|is| *is).await),
                None => std::future::pending().await,
            }
        };
        let expired = async {
            match self.at {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = withdrawn => {}
            () = expired => {}
        }
    }
}
