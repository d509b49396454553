//! The HTTP API: what a running Livewell shows and takes. One file per resource.

mod access;
mod components;
mod events;
mod ingest;
mod page;
mod problem;
mod query;
mod results;
mod stream;

use axum::Router;
use axum::routing::{get, post};
use livewell::Livewell;
use livewell_source::settings::HttpSettings;
use page::Pins;
use problem::Problem;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How many results and change streams are sent at once.
const STREAMS_MAX: usize = 256;
/// How many bytes of posted bodies are held at once.
const BODIES_BYTES_MAX: usize = 256 << 20;
/// How long calls under way get to end once everything stops.
const GRACE: Duration = Duration::from_secs(5);
/// How often pages that nobody may turn any more are let go.
const SWEEP: Duration = Duration::from_secs(15);

/// What all calls share.
pub struct Api {
    livewell: Arc<Livewell>,
    /// The sources that take changes by HTTP.
    sources: BTreeMap<String, HttpSettings>,
    token: Option<String>,
    pins: Pins,
    streams: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    /// Set once every query had caught up.
    ready: AtomicBool,
    stop: watch::Receiver<bool>,
}

type Shared = Arc<Api>;

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

/// Serves until `stop` is true; then calls under way have a few seconds to end.
///
/// # Errors
/// Where the listener fails.
pub async fn serve(
    listener: TcpListener,
    livewell: Arc<Livewell>,
    sources: Vec<HttpSettings>,
    token: Option<String>,
    stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let api = Arc::new(Api {
        livewell,
        sources: sources.into_iter().map(|source| (source.id.clone(), source)).collect(),
        token,
        pins: Pins::default(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        bodies: Arc::new(Semaphore::new(BODIES_BYTES_MAX)),
        ready: AtomicBool::new(false),
        stop: stop.clone(),
    });
    let sweeping = sweep(api.clone());
    let stopped = stop.clone();
    let serving = axum::serve(listener, router(api)).with_graceful_shutdown(until(stopped)).into_future();
    let overdue = async {
        until(stop).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = overdue => Ok(()),
        () = sweeping => Ok(()),
    }
}

/// Waits until everything is to stop.
async fn until(mut stop: watch::Receiver<bool>) {
    // A sender that is gone says the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn sweep(api: Shared) {
    loop {
        tokio::time::sleep(SWEEP).await;
        api.pins.sweep();
    }
}

fn router(api: Shared) -> Router {
    let components = |kind| components::routes(kind);
    Router::new()
        .route("/health", get(components::health))
        .route("/ready", get(components::ready))
        .route("/errors/{code}", get(problem::page))
        .nest("/api/v1/sources", components(livewell::ComponentKind::Source))
        .nest("/api/v1/queries", components(livewell::ComponentKind::Query))
        .nest("/api/v1/reactions", components(livewell::ComponentKind::Reaction))
        .route("/api/v1/sources/{id}/changes", post(ingest::post))
        .route("/api/v1/queries/{id}/results", get(results::get))
        .route("/api/v1/queries/{id}/changes", get(events::get))
        .route("/api/v1/queries/{id}/verify", post(query::verify))
        .route("/api/v1/queries/{id}/explain", get(query::explain))
        .fallback(async || {
            Problem::new(404, "LW0702", "there is no such call; the paths begin with /api/v1/")
        })
        .method_not_allowed_fallback(async || {
            Problem::new(
                405,
                "LW0702",
                "this path does not take this method; the answer's `Allow` lists those it takes",
            )
        })
        .layer(axum::middleware::from_fn_with_state(api.clone(), access::check))
        .with_state(api)
}
