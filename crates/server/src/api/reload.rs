//! Reads the configuration again while it runs: who may call, the certificate that callers see, and the components.

use super::apply;
use super::context::{Api, Shared};
use super::guard::Guard;
use crate::tls::Tls;
use livewell_config as config;
use livewell_config::settings::ServerSettings;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::Signal;

/// Where the configuration lies, and what asks for reading it again.
pub struct Reload {
    /// The configuration file.
    pub file: PathBuf,
    /// SIGHUP.
    pub hang_ups: Signal,
    /// The certificate, if the address speaks TLS.
    pub tls: Option<Arc<Tls>>,
    /// The section `server` as it was read last; `None` without one.
    pub last: Option<ServerSettings>,
}

impl Reload {
    /// Reads the configuration again at each signal. Does not end.
    pub async fn run(mut self, api: &Shared) {
        while self.hang_ups.recv().await.is_some() {
            if let Err(reason) = self.read_again(api) {
                tracing::error!(
                    code = "LW0742",
                    "the configuration was not read again, and what was read before stays: {reason} [LW0742]"
                );
            }
            // Who may call does not depend on the rest of the file: a token can be withdrawn in the middle of an edit.
            if let Err(problem) = apply::reload(api).await {
                tracing::error!(
                    code = "LW0791",
                    "the components stay as they are: {}",
                    problem.on_one_line()
                );
            }
        }
        std::future::pending::<()>().await;
    }

    /// Reads the section `server` again and takes over what can change while it runs: all of it, or nothing.
    fn read_again(&mut self, api: &Api) -> Result<(), String> {
        let read = config::load_server(&self.file).map_err(|problems| problems.to_string())?;
        let (Some(settings), Some(last)) = (read, &self.last) else {
            tracing::info!(
                "the configuration was read again; a `server` section takes effect with the next start"
            );
            return Ok(());
        };
        let next = Guard::new(&settings, &api.guard())?;
        if let (Some(tls), Some(files)) = (&self.tls, &settings.tls) {
            tls.reload(files)?;
        }
        let (tokens, origins) = (next.tokens.names().join(", "), next.origins.join(", "));
        api.replace_guard(next);
        tracing::info!(%tokens, %origins, "the configuration was read again: tokens, origins and certificate");
        if !differs_only_in_access(last, &settings) {
            tracing::warn!(
                "other settings of `server` have changed as well; they take effect with the next start"
            );
        }
        self.last = Some(settings);
        Ok(())
    }
}

/// Returns whether everything else is as it was, and the address still speaks TLS or still does not.
fn differs_only_in_access(last: &ServerSettings, now: &ServerSettings) -> bool {
    let now = now.clone();
    let taken_over = ServerSettings {
        token: now.token,
        tokens: now.tokens.clone(),
        cors: now.cors.clone(),
        oidc: now.oidc.clone(),
        tls: last.tls.as_ref().and(now.tls.clone()),
        ..last.clone()
    };
    taken_over == now
}
