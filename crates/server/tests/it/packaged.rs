//! The packages in `deploy`: their configurations are right and run, and the image's health check tells a server that
//! works from one that does not.

use super::place::Place;
use livewell_services::{free_port, pause};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const VARIABLES: [(&str, &str); 3] = [
    ("LIVEWELL_TOKEN", "a-token-for-the-test"),
    ("LIVEWELL_SERVICE", "shop-livewell"),
    ("LIVEWELL_NAMESPACE", "shops"),
];

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn read(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The configuration that the chart has by default: the indented text behind `config: |`.
fn config_of_the_chart() -> String {
    let values = read("helm/livewell/values.yaml");
    let (_, rest) = values.split_once("\nconfig: |\n").expect("the chart has a configuration");
    let lines = rest.lines().map_while(|line| line.strip_prefix("  "));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The configurations of the packages, each with its name.
fn configs() -> [(&'static str, String); 3] {
    [
        ("the image", read("docker/livewell.yaml")),
        ("the service", read("systemd/livewell.yaml")),
        ("the chart", config_of_the_chart()),
    ]
}

/// A process that is killed when it is dropped.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_configurations_of_the_packages_are_right() {
    for (package, config) in configs() {
        let place = Place::new(&config, &[]);
        let mut check = place.command(&["check"]);
        check.envs(VARIABLES);
        let checked = super::place::ended(check);
        assert!(checked.status.success(), "{package}: {}", checked.err);
        assert!(!checked.err.contains("warning"), "{package}: {}", checked.err);
        assert!(config.contains("path: /var/lib/livewell/store"), "{package} keeps its store elsewhere");
    }
}

/// Whether the image's health check succeeds for a server at this port.
fn is_healthy(port: u16) -> bool {
    let mut check = Command::new(deploy("docker/livewell-health"));
    check.env("LIVEWELL_PORT", port.to_string()).stderr(Stdio::null());
    check.status().expect("the health check can be run").success()
}

#[test]
fn each_package_runs_and_its_health_is_seen_without_a_token() {
    for (package, config) in configs() {
        let port = free_port();
        let config = config.replace("/var/lib/livewell/store", "store").replace(":7171", &format!(":{port}"));
        let place = Place::new(&config, &[]);
        assert!(!is_healthy(port), "{package} is healthy before it runs");
        let mut run = place.command(&["run", "--log-level", "error"]);
        let started = Started(run.envs(VARIABLES).spawn().expect("it starts"));
        for _ in 0..200 {
            if is_healthy(port) {
                break;
            }
            pause(Duration::from_millis(50));
        }
        assert!(is_healthy(port), "{package} is not healthy");
        drop(started);
        assert!(!is_healthy(port), "{package} is healthy after it was killed");
    }
}
