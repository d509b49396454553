//! The HTTP API: what a running Livewell shows and takes. One file per resource.

mod accept;
mod access;
pub mod backup;
mod buckets;
mod change;
mod components;
mod connection;
mod dashboard;
pub mod dead_letters;
pub mod elements;
mod events;
mod guesses;
mod ingest;
mod limits;
mod metrics;
mod names;
mod openapi;
mod page;
pub mod parked;
mod problem;
mod query;
mod results;
mod set_aside;
mod shape;
mod source;
mod stream;
mod verifying;

pub use components::{noun, plural};

use crate::config::Config;
use crate::config::settings::ServerLimits;
use crate::open_files;
use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};
use guesses::Guesses;
use limits::{Rates, Streams};
use livewell::{ComponentKind, Livewell};
use livewell_source::settings::{HttpSettings, SourceSettings};
use names::Names;
use page::Pins;
pub use problem::Problem;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};

/// How many results are sent at once, each with a snapshot of the store.
const STREAMS_MAX: usize = 256;
/// How many clients follow changes at once; between two results they hold nothing of the store.
const FOLLOWERS_MAX: usize = 10_000;
/// How many bytes of posted bodies are held at once.
const BODIES_BYTES_MAX: usize = 256 << 20;
/// How long calls under way get to end once everything stops.
const GRACE: Duration = Duration::from_secs(5);
/// How often pages that nobody may turn any more are let go.
const SWEEP: Duration = Duration::from_secs(15);

/// What all calls share.
pub struct Api {
    livewell: Arc<Livewell>,
    /// The configuration as it is now: as it was read, and what calls have changed since.
    config: RwLock<Arc<Config>>,
    token: Option<String>,
    names: Names,
    guesses: Guesses,
    limits: ServerLimits,
    rates: Option<Rates>,
    client_streams: Streams,
    pins: Pins,
    streams: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    verifying: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    /// One backup is taken at a time.
    backups: Arc<Semaphore>,
    /// Held while components are started and stopped.
    changing: tokio::sync::Mutex<()>,
    /// Set once every query had caught up.
    ready: AtomicBool,
    stop: watch::Receiver<bool>,
}

type Shared = Arc<Api>;

impl Api {
    /// The configuration as it is now.
    fn config(&self) -> Arc<Config> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_config(&self, config: Config) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
    }

    /// The settings of a source that takes changes by HTTP.
    fn http(&self, id: &str) -> Option<HttpSettings> {
        self.config().sources.iter().find_map(|source| match source {
            SourceSettings::Http(http) if http.id == id => Some(http.clone()),
            _ => None,
        })
    }
}

/// Takes the address, so that one in use is an error before anything starts.
///
/// # Errors
/// What is the matter with the address and what to do.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!(
            "{address} is in use by another process, perhaps a Livewell that runs already; stop it, or set \
             `server.listen` to another port [LW0709]"
        ),
        _ => format!("cannot listen on {address}: {error}; check `server.listen` [LW0709]"),
    })
}

/// Where calls come from.
pub struct Doors {
    /// Those of an address: programs that know the server by name and have its token if there is one.
    pub address: Option<TcpListener>,
    /// Those of the store's owner, who may do everything.
    pub owner: Option<UnixListener>,
}

impl Doors {
    /// Whether there is any.
    pub fn has_any(&self) -> bool {
        self.address.is_some() || self.owner.is_some()
    }
}

/// Serves until `stop` is true; then calls under way have a few seconds to end.
pub async fn serve(doors: Doors, livewell: Arc<Livewell>, config: Arc<Config>, stop: watch::Receiver<bool>) {
    let settings = config.server.clone().unwrap_or_default();
    let components = config.sources.len() + config.queries.len() + config.reactions.len();
    let api = Arc::new(Api {
        livewell,
        token: settings.token,
        names: Names::new(&settings.allowed_hosts),
        guesses: Guesses::default(),
        rates: settings.limits.requests_per_second.map(Rates::new),
        client_streams: Streams::default(),
        limits: settings.limits.clone(),
        config: RwLock::new(config),
        pins: Pins::default(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
        verifying: Arc::new(Semaphore::new(verifying::VERIFYING_MAX)),
        bodies: Arc::new(Semaphore::new(BODIES_BYTES_MAX)),
        backups: Arc::new(Semaphore::new(1)),
        changing: tokio::sync::Mutex::default(),
        ready: AtomicBool::new(false),
        stop: stop.clone(),
    });
    let sweeping = sweep(api.clone(), doors.address.is_some());
    let serving = async {
        let limits = settings.limits;
        let address = async {
            if let Some(listener) = doors.address {
                let wanted = limits.connections.get();
                let connections = open_files::connections(wanted, components);
                let routes = guarded(&api).with_state(api.clone());
                accept::serve(listener, routes, limits.clone(), connections, stop.clone()).await;
            }
        };
        let owner = async {
            if let Some(listener) = doors.owner {
                let (routes, most) = (router(&api).with_state(api.clone()), open_files::owner_connections());
                accept::serve(listener, routes, limits.clone(), most, stop.clone()).await;
            }
        };
        tokio::join!(address, owner);
    };
    let overdue = async {
        until(stop.clone()).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        () = serving => {}
        () = overdue => {}
        () = sweeping => {}
    }
}

/// Waits until everything is to stop.
async fn until(mut stop: watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn sweep(api: Shared, has_probes: bool) {
    if has_probes {
        let watching = api.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = components::watch_ready(&watching) => {}
                () = until(watching.stop.clone()) => {}
            }
        });
    }
    loop {
        tokio::time::sleep(SWEEP).await;
        api.pins.sweep();
        api.guesses.report();
    }
}

/// A call: its method, its path, and what answers it.
pub struct Call {
    method: Method,
    path: String,
    answer: Box<dyn FnOnce(MethodFilter) -> MethodRouter<Shared>>,
}

/// The call of `method` at `path`, answered by `handler`.
pub fn call<H, T>(method: Method, path: impl Into<String>, handler: H) -> Call
where
    H: Handler<T, Shared>,
    T: 'static,
{
    Call { method, path: path.into(), answer: Box::new(|method| on(method, handler)) }
}

/// Every call there is; `openapi.json` describes the same ones.
fn calls() -> Vec<Call> {
    let mut calls = vec![
        call(Method::GET, "/", dashboard::page),
        call(Method::GET, "/health", components::health),
        call(Method::GET, "/ready", components::ready),
        call(Method::GET, "/metrics", metrics::get),
        call(Method::GET, "/openapi.json", openapi::get),
        call(Method::GET, "/errors/{code}", problem::page),
        call(Method::POST, "/api/v1/backup", backup::post),
        call(Method::POST, "/api/v1/sources/{id}/changes", ingest::post),
        call(Method::GET, "/api/v1/queries/{id}/results", results::get),
        call(Method::GET, "/api/v1/queries/{id}/changes", events::get),
        call(Method::POST, "/api/v1/queries/{id}/verify", query::verify),
        call(Method::POST, "/api/v1/sources/{id}/verify", source::verify),
        call(Method::GET, "/api/v1/queries/{id}/explain", query::explain),
    ];
    for kind in [ComponentKind::Source, ComponentKind::Query, ComponentKind::Reaction] {
        calls.extend(components::calls(kind));
        calls.extend(change::calls(kind));
    }
    calls.extend(dead_letters::calls());
    calls.extend(elements::calls());
    calls.extend(parked::calls());
    calls
}

/// All calls, within the time that each has.
fn router(api: &Shared) -> Router<Shared> {
    let mut routes = Router::new();
    for Call { method, path, answer } in calls() {
        let method = MethodFilter::try_from(method).expect("the methods used here are common ones");
        routes = routes.route(&path, answer(method));
    }
    routes
        .fallback(async || {
            Problem::new(404, "LW0702", "there is no such call; `/openapi.json` lists those there are")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(
                405,
                "LW0702",
                "this path does not take this method; the answer's `Allow` lists those it takes",
            )
        })
        .layer(axum::middleware::from_fn_with_state(api.clone(), limits::hold))
}

/// All calls, behind the checks of who may call.
fn guarded(api: &Shared) -> Router<Shared> {
    router(api)
        .layer(axum::middleware::from_fn_with_state(api.clone(), access::check))
        .layer(axum::middleware::from_fn_with_state(api.clone(), limits::count))
}
