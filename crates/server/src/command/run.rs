//! `livewell run`: a configuration at work, until it is stopped or idle.

use super::Failure;
use crate::cli::Run;
use crate::config::Config;
use crate::config::settings::StoreSettings;
use crate::{api, config, logging, open_files, setup};
use indicatif::{ProgressBar, ProgressStyle};
use livewell::{ComponentKind, Livewell, State, Status};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// Runs the configuration.
pub fn run(run: &Run) -> Result<(), Failure> {
    let config = config::load(&run.config).map_err(|problems| Failure::Usage(problems.to_string()))?;
    let config = Arc::new(config);
    open_files::allow_many();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = match config.server.as_ref().filter(|_| !run.until_idle) {
            Some(server) => Some(api::bind(server.listen).await.map_err(Failure::failed)?),
            None => None,
        };
        let livewell = Arc::new(setup::open(&config.store).map_err(Failure::failed)?);
        livewell.add(setup::setup(&config, run.until_idle)).await.map_err(Failure::failed)?;
        // Whoever is served may signal at once.
        let signals = Signals::listen()?;
        let (stop, stopping) = watch::channel(false);
        say_what_runs(&config, listener.as_ref(), run.until_idle);
        let serving = listener
            .map(|listener| tokio::spawn(serve(listener, livewell.clone(), config.clone(), stopping)));
        let progress = progress(run.until_idle);
        let shown = tokio::spawn(show(livewell.clone(), progress.clone()));
        let ended = if run.until_idle { until_idle(&livewell, signals).await } else { signals.any().await };
        shown.abort();
        progress.finish_and_clear();
        stop.send_replace(true);
        if let Some(serving) = serving {
            serving.await.map_err(Failure::failed)?;
        }
        livewell.shutdown().await;
        ended?;
        summary(&livewell.status().map_err(Failure::failed)?)
    })
}

/// Says in a line what runs, and where it can be looked at.
fn say_what_runs(config: &Config, listener: Option<&TcpListener>, until_idle: bool) {
    let counted =
        |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let store = match &config.store {
        StoreSettings::Memory => "a store in memory".to_owned(),
        StoreSettings::Embedded(embedded) => format!("store {}", embedded.path.display()),
    };
    let address = listener.and_then(|listener| listener.local_addr().ok());
    let place = match address {
        Some(address) => format!("API and dashboard: http://{address}/"),
        None if until_idle => "no API while it runs with --until-idle".to_owned(),
        None => {
            "no API and no dashboard: `server: { listen: 127.0.0.1:7171 }` in the configuration gives both"
                .to_owned()
        }
    };
    tracing::info!(
        "livewell {}, {store}: {}, {}, {}; {place}",
        env!("CARGO_PKG_VERSION"),
        counted(config.sources.len(), "source", "sources"),
        counted(config.queries.len(), "query", "queries"),
        counted(config.reactions.len(), "reaction", "reactions"),
    );
}

/// Serves the API of the configuration.
fn serve(
    listener: TcpListener,
    livewell: Arc<Livewell>,
    config: Arc<Config>,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> {
    if let Ok(address) = listener.local_addr() {
        tracing::info!("serving http://{address}");
    }
    api::serve(listener, livewell, config, stop)
}

/// The signals that stop a run in order.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes them from now on; before, they end the process.
    fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for one.
    async fn any(mut self) -> Result<(), Failure> {
        tokio::select! {
            _ = self.interrupt.recv() => Ok(()),
            _ = self.terminate.recv() => Ok(()),
        }
    }
}

async fn until_idle(livewell: &Livewell, signals: Signals) -> Result<(), Failure> {
    tokio::select! {
        idle = livewell.idle() => idle.map_err(Failure::failed),
        ended = signals.any() => ended,
    }
}

/// A line that shows on a terminal how far the run is.
fn progress(until_idle: bool) -> ProgressBar {
    if !until_idle {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed}  {msg}") {
        bar.set_style(style);
    }
    logging::above(&bar);
    bar
}

async fn show(livewell: Arc<Livewell>, bar: ProgressBar) {
    loop {
        if let Ok(status) = livewell.status() {
            bar.set_message(counts(&status));
            bar.tick();
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

fn counts(status: &[Status]) -> String {
    let sum = |kind: ComponentKind| -> u64 {
        status.iter().filter(|one| one.kind == kind).map(|one| one.sequence).sum()
    };
    format!("{} transactions in, {} results out", sum(ComponentKind::Source), sum(ComponentKind::Query))
}

/// What came of it, one line a component; a failure where one is in error.
fn summary(status: &[Status]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for one in status {
        let what = match one.kind {
            ComponentKind::Source if one.parked > 0 => {
                format!("{} transactions, {} elements, {} parked", one.sequence, one.rows, one.parked)
            }
            ComponentKind::Source => format!("{} transactions, {} elements", one.sequence, one.rows),
            ComponentKind::Query => format!("{} results, {} rows", one.sequence, one.rows),
            ComponentKind::Reaction => format!("delivered to sequence {}", one.sequence),
        };
        let kind = match one.kind {
            ComponentKind::Source => "source",
            ComponentKind::Query => "query",
            ComponentKind::Reaction => "reaction",
        };
        let state = match (one.state, one.lag) {
            (State::Error, _) => ", in error".to_owned(),
            (State::Paused, _) => ", paused".to_owned(),
            (_, 0) => String::new(),
            (_, lag) => format!(", {lag} behind"),
        };
        writeln!(out, "{kind:<9}{:<20} {what}{state}", one.id)?;
    }
    let errors: Vec<String> =
        status.iter().filter_map(|one| Some(format!("`{}`: {}", one.id, one.error.as_ref()?))).collect();
    if errors.is_empty() { Ok(()) } else { Err(Failure::failed(errors.join("\n       "))) }
}
