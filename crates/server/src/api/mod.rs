//! The HTTP API of a running Livewell. One file per resource.

mod accept;
mod accepted;
mod access;
mod added;
mod apply;
pub mod audit;
mod audited;
pub mod backup;
mod beside;
mod body;
mod broken_off;
mod buckets;
mod built;
mod call;
mod caller;
mod change;
mod components;
mod conditional;
mod configured;
mod connection;
mod console;
mod context;
mod cors;
pub mod dead_letters;
mod definition;
pub mod deliveries;
mod description;
mod diagnostic;
mod editor;
pub mod elements;
mod error_pages;
mod event;
mod events;
mod expected;
mod follow;
mod foreseen;
mod form;
mod grant;
mod guard;
mod guesses;
mod ingest;
mod items;
mod kinds;
mod limits;
pub mod list;
mod message;
pub mod metrics;
mod names;
mod openapi;
mod outbox;
pub mod overview;
mod page;
mod parameters;
pub mod parked;
mod planned;
mod previews;
mod probes;
mod problem;
mod progress;
mod pulse;
mod query;
mod rates;
mod reload;
mod results;
mod rotation;
mod routes;
pub mod schema;
mod schemas;
mod scopes;
mod section;
mod sent;
mod set_aside;
mod shape;
mod shown;
mod source;
mod step;
mod stream;
mod target;
mod tokens;
mod told;
mod trace;
mod traffic;
mod transactions;
pub mod try_out;
mod turned_away;
mod until;
mod values;
mod verifications;
mod verifying;
mod views;
mod vocabulary;
pub mod why;
pub mod wire;

pub use guard::Guard;
pub use reload::Reload;

use crate::journal::Journal;
use crate::open_files;
use crate::telemetry::Telemetry;
use crate::tls::Tls;
use accept::{Door, Served};
use audit::Audit;
use context::{Api, Shared};
use guesses::Guesses;
use livewell::Livewell;
use livewell_config::Config;
use livewell_config::sealed::Seal;
use livewell_config::settings::ServerSettings;
use names::Names;
use page::Pins;
use pulse::Pulse;
use rates::{Rates, Streams};
use routes::{guarded, open};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use stream::{FOLLOWERS_MAX, STREAMS_MAX};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{Semaphore, watch};
use traffic::Traffic;
use until::until;
use views::Views;

/// How many bytes of posted bodies are held at once.
const BODIES_BYTES_MAX: usize = 256 << 20;
/// How long calls in progress may take to end once everything stops.
const GRACE: Duration = Duration::from_secs(5);
/// How often snapshots of expired pages are released.
const SWEEP: Duration = Duration::from_secs(15);

/// Binds the address, so that one in use is an error before anything starts.
///
/// # Errors
/// Returns what is wrong with the address and what to do.
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
    /// An address, for programs that know the server by name and have its token if there is one.
    pub address: Option<TcpListener>,
    /// The certificate that is shown there, if TLS is spoken.
    pub tls: Option<Arc<Tls>>,
    /// Who may call there.
    pub guard: Guard,
    /// The control socket of the store's owner, who may do everything.
    pub owner: Option<UnixListener>,
}

impl Doors {
    /// Returns whether there is any door.
    pub fn has_any(&self) -> bool {
        self.address.is_some() || self.owner.is_some()
    }
}

/// What is kept of calls and of work, beside the log.
pub struct Records {
    /// Who changed what.
    pub audit: Audit,
    /// What happened.
    pub journal: Journal,
    /// Where traces and metrics go.
    pub telemetry: Telemetry,
}

/// Serves, and reads what can change again when asked to, until `stop` is true; then calls in progress have a few seconds to end.
pub async fn serve(
    doors: Doors,
    livewell: Arc<Livewell>,
    config: Config,
    reload: Option<Reload>,
    records: Records,
    stop: watch::Receiver<bool>,
) {
    let settings = config.server.clone().unwrap_or_default();
    let components = config.len();
    let access = (doors.guard, doors.tls.clone());
    let api = shared(livewell, config, &settings, access, records, stop.clone());
    let measured = Arc::downgrade(&api);
    api.telemetry.deliver_metrics(move || metrics::families(&*measured.upgrade()?).ok());
    let sweeping = sweep(api.clone(), doors.address.is_some());
    let serving = async {
        let limits = settings.limits;
        let address = async {
            if let Some(listener) = doors.address {
                let wanted = limits.connections.get();
                let connections = open_files::connections(wanted, components);
                let routes = guarded(&api).with_state(api.clone());
                let served = Served { router: routes, limits: limits.clone(), tls: doors.tls.clone() };
                let door = Door { max: connections, measured: api.traffic.address.clone() };
                accept::serve(listener, served, door, stop.clone()).await;
            }
        };
        let owner = async {
            if let Some(listener) = doors.owner {
                let routes = open(&api).with_state(api.clone());
                let served = Served { router: routes, limits: limits.clone(), tls: None };
                let max = open_files::owner_connections();
                let door = Door { max, measured: api.traffic.owner.clone() };
                accept::serve(listener, served, door, stop.clone()).await;
            }
        };
        tokio::join!(address, owner);
    };
    let overdue = async {
        until(stop.clone()).await;
        tokio::time::sleep(GRACE).await;
    };
    let watching = async {
        match &doors.tls {
            Some(tls) => tls.watch().await,
            None => std::future::pending().await,
        }
    };
    let reloading = async {
        match reload {
            Some(reload) => reload.run(&api).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = serving => {}
        () = overdue => {}
        () = sweeping => {}
        () = watching => {}
        () = reloading => {}
        () = rotation::watch(&api) => {}
        () = overview::look(&api) => {}
    }
}

/// Creates what all calls share.
fn shared(
    livewell: Arc<Livewell>,
    config: Config,
    settings: &ServerSettings,
    (guard, tls): (Guard, Option<Arc<Tls>>),
    Records { audit, journal, telemetry }: Records,
    stop: watch::Receiver<bool>,
) -> Shared {
    Arc::new(Api {
        seal: Seal::of(livewell.store_id()),
        livewell,
        guard: RwLock::new(Arc::new(guard)),
        names: Names::new(&settings.allowed_hosts),
        guesses: Guesses::default(),
        rates: settings.limits.requests_per_second.map(Rates::new),
        client_streams: Streams::default(),
        tls,
        limits: settings.limits.clone(),
        components_measured: settings.metrics.components,
        audit,
        journal,
        telemetry,
        turned_away: turned_away::TurnedAway::default(),
        traffic: Traffic::default(),
        pulse: Pulse::default(),
        config: RwLock::new(config),
        pins: Pins::default(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        followers: Arc::new(Semaphore::new(FOLLOWERS_MAX)),
        verifying: Arc::new(Semaphore::new(verifying::VERIFYING_MAX)),
        verifications: Arc::default(),
        explaining: Arc::new(Semaphore::new(verifying::EXPLAINING_MAX)),
        measuring: Arc::new(Semaphore::new(verifying::MEASURING_MAX)),
        schemas: schemas::Schemas::default(),
        ordering: Arc::new(Semaphore::new(verifying::ORDERING_MAX)),
        views: Views::default(),
        bodies: Arc::new(Semaphore::new(BODIES_BYTES_MAX)),
        backups: Arc::new(Semaphore::new(1)),
        changing: tokio::sync::Mutex::default(),
        ready: AtomicBool::new(false),
        stop,
    })
}

async fn sweep(api: Shared, has_probes: bool) {
    if has_probes {
        let watching = api.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = probes::watch_ready(&watching) => {}
                () = until(watching.stop.clone()) => {}
            }
        });
    }
    loop {
        tokio::time::sleep(SWEEP).await;
        api.pins.sweep();
        api.views.sweep();
        api.guesses.report();
    }
}
