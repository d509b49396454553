//! SIGHUP asks for a reload, and a terminal that is closed still ends what was started in it.

use super::place::Place;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// The process that runs the store, by its file there.
fn owner(store: &Path) -> Option<String> {
    let text = std::fs::read_to_string(store.join("OWNER")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("pid ")).map(ToOwned::to_owned)
}

#[test]
fn a_run_reloads_while_its_terminal_is_there_and_ends_with_it() {
    let place = Place::new("sources:\n  - { id: orders, kind: http }\n", &[]);
    let socket = place.file("livewell-data/control.sock");
    // A terminal of its own, in which the run leads the session.
    let mut terminal = Command::new("script")
        .args(["-qec", &format!("exec {} run", env!("CARGO_BIN_EXE_livewell")), "/dev/null"])
        .current_dir(place.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It answers once it catches signals.
    wait_until("it runs", || socket.exists() && place.livewell(&["status"]).out.contains("orders"));
    let process = owner(&place.file("livewell-data")).expect("the owner of the store");
    for _ in 0..3 {
        assert!(Command::new("kill").args(["-HUP", &process]).status().unwrap().success());
        std::thread::park_timeout(Duration::from_millis(100));
    }
    let asked = place.livewell(&["status"]);
    asked.expect(0, &[]);
    assert!(asked.out.contains("orders"), "{}", asked.out);
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    wait_until("it ends with its terminal", || !socket.exists());
}
