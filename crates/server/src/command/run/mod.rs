//! `livewell run`: runs a configuration until it is stopped or idle.

mod idle;

use super::patience::patiently;
use crate::api::audit::{Audit, Entry};
use crate::api::{Doors, Guard, Records, Reload};
use crate::cli::{CONFIG, Run};
use crate::control::{self, Control};
use crate::failure::Failure;
use crate::journal::{Journal, Watching};
use crate::render::counted;
use crate::telemetry::Telemetry;
use crate::tls::Tls;
use crate::{api, open_files};
use livewell::{Error, Livewell};
use livewell_config as config;
use livewell_config::Config;
use livewell_config::kept::Kept;
use livewell_config::sealed::Seal;
use livewell_config::settings::StoreSettings;
use livewell_config::setup;
use std::io::{self, IsTerminal};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Runs the configuration.
pub fn run(run: &Run) -> Result<(), Failure> {
    let mut config = config::load(&run.config).map_err(|problems| Failure::Usage(problems.to_string()))?;
    let server = config.server.as_ref().filter(|_| !run.until_idle);
    let tls = server.and_then(|server| server.tls.as_ref()).map(Tls::read).transpose();
    let tls = tls.map_err(|reason| Failure::Usage(format!("error[LW0741]: {reason}\n")))?.map(Arc::new);
    let guard = server.map(|server| Guard::new(server, &Guard::default())).transpose();
    let guard =
        guard.map_err(|reason| Failure::Usage(format!("error[LW0743]: {reason}\n")))?.unwrap_or_default();
    open_files::allow_many();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = match config.server.as_ref().filter(|_| !run.until_idle) {
            Some(server) => Some(api::bind(server.listen).await.map_err(Failure::failed)?),
            None => None,
        };
        let records = records(&config)?;
        let (telemetry, journal) = (records.telemetry.clone(), records.journal.clone());
        let livewell = Arc::new(open(&config.store, &records).await.map_err(Failure::failed)?);
        let audit = records.audit.clone();
        journal.begin(directory(&config.store), |event| audit.write(&Entry::of_command(event)));
        let (control, owner) = control(&config.store)?.unzip();
        let seal = Seal::of(livewell.store_id());
        let stored = livewell.definitions().map_err(Failure::failed)?;
        config.take_up(&stored, &seal).iter().for_each(Kept::log);
        drop(stored);
        let setup = setup::setup(&config, &seal, run.until_idle).map_err(Failure::failed)?;
        livewell.add(setup).await.map_err(Failure::failed)?;
        // A client may send a signal at once.
        let signals = Signals::listen(run.until_idle)?;
        let (stop, stopping) = watch::channel(false);
        say_what_runs(&config, run, listener.as_ref());
        let doors = Doors { address: listener, tls, guard, owner };
        let reload = if run.until_idle { None } else { Some(reload(&run.config, &config, &doors)?) };
        let serving = doors
            .has_any()
            .then(|| tokio::spawn(serve(doors, livewell.clone(), config, reload, records, stopping)));
        let shown = run.until_idle.then(|| tokio::spawn(idle::show(livewell.clone())));
        let ended = if run.until_idle { until_idle(&livewell, signals).await } else { signals.any().await };
        if let Some(shown) = shown {
            shown.abort();
            // Its line is taken away once it has ended; an abort is the end that it has.
            let _ = shown.await;
        }
        stop.send_replace(true);
        if let Some(serving) = serving {
            serving.await.map_err(Failure::failed)?;
        }
        // Before the store is released: the next owner has a socket of its own.
        drop(control);
        // Before the components end: each of those ends is not an event of its own.
        tokio::task::spawn_blocking(move || journal.end()).await.map_err(Failure::failed)?;
        livewell.shutdown().await;
        // What is left is delivered over a connection that this thread must not wait for.
        let delivered = tokio::task::spawn_blocking(move || telemetry.end());
        delivered.await.map_err(Failure::failed)?;
        ended?;
        idle::summary(&livewell.status().map_err(Failure::failed)?)
    })
}

/// Opens what is kept of calls and of work beside the log.
fn records(config: &Config) -> Result<Records, Failure> {
    let settings = config.server.as_ref().and_then(|server| server.telemetry.as_ref());
    let telemetry = Telemetry::start(settings).map_err(Failure::failed)?;
    let path = config.audit_path();
    let shown = path.as_deref().unwrap_or(Path::new("")).display().to_string();
    let audit = Audit::to(path).map_err(|error| {
        let message =
            format!("the audit log {shown} cannot be written: {error}; give another `server.audit.path`");
        Failure::failed(format!("{message} [LW0760]"))
    })?;
    Ok(Records { audit, journal: Journal::default(), telemetry })
}

/// Returns the directory of a store that has one.
fn directory(store: &StoreSettings) -> Option<&Path> {
    match store {
        StoreSettings::Memory => None,
        StoreSettings::Embedded(embedded) => Some(&embedded.path),
    }
}

/// Opens the store.
async fn open(store: &StoreSettings, records: &Records) -> Result<Livewell, Error> {
    let observer = || Watching::new(records.journal.clone(), records.telemetry.clone());
    let open = || setup::open_observed(store, Arc::new(observer()));
    match store {
        StoreSettings::Memory => open(),
        StoreSettings::Embedded(embedded) => {
            let opened = patiently(&embedded.path, open).await?;
            warn_of_access(&embedded.path);
            Ok(opened)
        }
    }
}

/// Warns of a store that other users of the machine can look into: it holds everything that came in.
fn warn_of_access(store: &Path) {
    let Ok(found) = store.metadata() else { return };
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let store = store.display();
        tracing::warn!(
            "other users can reach the store {store} (mode {mode:03o}); close it with `chmod 700 {store}`"
        );
    }
}

/// Opens the control socket of the store, if the store has a directory. A run works without it.
fn control(store: &StoreSettings) -> Result<Option<(Control, UnixListener)>, Failure> {
    let StoreSettings::Embedded(embedded) = store else { return Ok(None) };
    match Control::listen(&embedded.path) {
        Ok((control, listener)) => Ok(Some((control, UnixListener::from_std(listener)?))),
        Err(error) => {
            let path = embedded.path.join(control::FILE);
            tracing::warn!(
                code = "LW0721",
                "cannot listen on {}: {error}; commands find this process only at the address of `server:` [LW0721]",
                path.display()
            );
            Ok(None)
        }
    }
}

/// Logs in a line what runs, and how to look at it.
fn say_what_runs(config: &Config, run: &Run, listener: Option<&TcpListener>) {
    let (store, look) = match &config.store {
        StoreSettings::Memory => ("a store in memory".to_owned(), None),
        StoreSettings::Embedded(embedded) => {
            let is_here = run.config == Path::new(CONFIG);
            let which = if is_here { String::new() } else { format!(" --config {}", run.config.display()) };
            (
                format!("store {}", embedded.path.display()),
                Some(format!("`livewell status{which}` shows what it does")),
            )
        }
    };
    let address = listener.and_then(|listener| listener.local_addr().ok());
    let page = match (address, &look) {
        (Some(address), _) => Some(format!("API and console: {}://{address}/", scheme(config))),
        (None, Some(_)) if run.until_idle => None,
        (None, Some(_)) => Some("a console needs `server: { listen: 127.0.0.1:7171 }`".to_owned()),
        (None, None) if run.until_idle => Some("no API while it runs with --until-idle".to_owned()),
        (None, None) => Some(
            "no API and no console: `server: { listen: 127.0.0.1:7171 }` in the configuration gives both"
                .to_owned(),
        ),
    };
    tracing::info!(
        "livewell {}, {store}: {}, {}, {}; {}",
        env!("CARGO_PKG_VERSION"),
        counted(config.sources.len() as u64, "source", "sources"),
        counted(config.queries.len() as u64, "query", "queries"),
        counted(config.reactions.len() as u64, "reaction", "reactions"),
        look.into_iter().chain(page).collect::<Vec<_>>().join("; "),
    );
}

/// Catches SIGHUP from now on.
fn reload(file: &Path, config: &Config, doors: &Doors) -> io::Result<Reload> {
    let hang_ups = signal(SignalKind::hangup())?;
    Ok(Reload { file: file.to_owned(), hang_ups, tls: doors.tls.clone(), last: config.server.clone() })
}

fn scheme(config: &Config) -> &'static str {
    if config.server.as_ref().is_some_and(|server| server.tls.is_some()) { "https" } else { "http" }
}

/// Serves the API of the configuration.
fn serve(
    doors: Doors,
    livewell: Arc<Livewell>,
    config: Config,
    reload: Option<Reload>,
    records: Records,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> {
    if let Some(address) = doors.address.as_ref().and_then(|listener| listener.local_addr().ok()) {
        tracing::info!("serving {}://{address}", scheme(&config));
    }
    api::serve(doors, livewell, config, reload, records, stop)
}

/// The signals that stop a run properly.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// SIGHUP, if it was started in a terminal; it asks for a reload as long as the terminal is there.
    hang_up: Option<Signal>,
}

impl Signals {
    /// Catches the signals from now on; before, they end the process.
    fn listen(until_idle: bool) -> io::Result<Self> {
        let is_watched = !until_idle && io::stdin().is_terminal();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: is_watched.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// Waits for a signal, or for the end of the terminal that it was started in.
    async fn any(mut self) -> Result<(), Failure> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
            () = closed(self.hang_up) => Ok(()),
        }
    }
}

/// Waits until the terminal is closed; does not end without one.
async fn closed(hang_up: Option<Signal>) {
    if let Some(mut hang_up) = hang_up {
        while hang_up.recv().await.is_some() {
            if !io::stdin().is_terminal() {
                return;
            }
        }
    }
    std::future::pending::<()>().await;
}

async fn until_idle(livewell: &Livewell, signals: Signals) -> Result<(), Failure> {
    tokio::select! {
        idle = livewell.idle() => idle.map_err(Failure::failed),
        ended = signals.any() => ended,
    }
}
