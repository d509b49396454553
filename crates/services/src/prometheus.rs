//! A Prometheus for one test, and its tool that checks rules.

use crate::process::{User, end, find_or_install, free_port, in_path, wait_until};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running Prometheus; dropping this ends it.
#[derive(Debug)]
pub struct Prometheus {
    folder: TempDir,
    port: u16,
    server: Child,
}

impl Prometheus {
    /// Starts a server that scrapes `target` (a host and a port) every second, with the rules of these files.
    pub fn scraping(target: &str, rules: &[&Path]) -> Self {
        let program = find_or_install("prometheus", || in_path(&["prometheus"]));
        let folder = TempDir::with_prefix("livewell-prometheus-").expect("a temporary directory can be made");
        let mut copies = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let copy = folder.path().join(format!("rules-{at}.yaml"));
            std::fs::copy(rule, &copy).expect("the rules can be copied");
            copies.push(copy);
        }
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
             rule_files: {copies:?}\n\
             scrape_configs:\n  - {{ job_name: livewell, static_configs: [{{ targets: [\"{target}\"] }}] }}\n"
        );
        let settings = folder.path().join("prometheus.yaml");
        std::fs::write(&settings, config).expect("the settings can be written");
        let (user, port) = (User::unprivileged("prometheus"), free_port());
        for path in copies.iter().map(PathBuf::as_path).chain([settings.as_path(), folder.path()]) {
            user.own(path).expect("the directory can be given to another user");
        }
        let mut server = user.server(&program);
        server.arg(format!("--config.file={}", settings.display()));
        server.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        server.arg(format!("--web.listen-address=127.0.0.1:{port}"));
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().expect("the server can be started");
        let mut prometheus = Self { folder, port, server };
        wait_until("Prometheus is ready", || {
            if let Ok(Some(status)) = prometheus.server.try_wait() {
                panic!(
                    "Prometheus ended with {status}; its folder is {}",
                    prometheus.folder.path().display()
                );
            }
            prometheus.get("/-/ready").is_some()
        });
        prometheus
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Returns the body of the answer to a call, if it succeeded.
    pub fn get(&self, path: &str) -> Option<String> {
        let answer = minreq::get(format!("http://{}{path}", self.address())).with_timeout(10).send().ok()?;
        (answer.status_code == 200).then(|| answer.as_str().expect("its answers are text").to_owned())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        end(&mut self.server, "-KILL");
    }
}

/// Returns the command `promtool`, which checks rules and their tests.
pub fn promtool() -> Command {
    Command::new(find_or_install("prometheus", || in_path(&["promtool"])))
}
