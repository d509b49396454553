//! Who makes a call, for the handlers: logs and limits name callers by it.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use livewell_config::settings::Scope;
use smol_str::SmolStr;

/// Who makes a call: an extension of every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The name of the token that the call came with, [`Caller::owner`]'s or [`Caller::anonymous`]'s.
    pub name: SmolStr,
    /// The scopes that it was given.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Creates a caller with this name and these scopes.
    pub fn new(name: impl Into<SmolStr>, scopes: impl Into<Vec<Scope>>) -> Self {
        Self { name: name.into(), scopes: scopes.into() }
    }

    /// Creates the caller at the control socket: the user that the process belongs to.
    pub fn owner() -> Self {
        Self::new(SmolStr::new_static("control-socket"), [Scope::Administer])
    }

    /// Creates the caller where no token is required.
    pub fn anonymous() -> Self {
        Self::new(SmolStr::new_static("anonymous"), [Scope::Administer])
    }

    /// Makes this the caller of the request.
    pub fn admit(self, request: &mut Request) {
        tracing::debug!(caller = %self.name, method = %request.method(), path = request.uri().path(), "call");
        request.extensions_mut().insert(self);
    }
}

/// Names the caller of everything that comes by the control socket.
pub async fn owner(mut request: Request, next: Next) -> Response {
    Caller::owner().admit(&mut request);
    next.run(request).await
}
