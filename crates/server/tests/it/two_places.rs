//! Two directories whose configurations have the same address.

use super::control::{CONFIG, Run, node};
use super::place::Place;

#[test]
fn a_command_in_one_directory_never_asks_what_runs_in_another() {
    // A free port, which both configurations have.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = format!("server: {{ listen: '127.0.0.1:{port}' }}\n{CONFIG}");
    let own = Place::new(&config, &[&node("a", 111)]);
    own.livewell(&["run", "--until-idle"]).expect(0, &[]);
    let other = Run::start(Place::new(&config, &[&node("a", 222)]));
    // A store that nobody runs is what its directory's commands are about, and orders go to no other one.
    let found = own.livewell(&["results", "all"]);
    let rows = &found.expect(0, &["nothing runs livewell.yaml"]).out;
    assert!(rows.contains("111") && !rows.contains("222"), "{rows}");
    own.livewell(&["apply", "--yes"]).expect(1, &["LW0710", "`livewell run"]);
    // Before there is a store, somebody else's is not taken for it.
    let new = Place::new(&config, &[]);
    let url = format!("http://127.0.0.1:{port}");
    for command in [&["status"][..], &["stop", "all"], &["apply", "--yes"]] {
        new.livewell(command).expect(1, &["LW0710", "has another", &format!("`--server {url}`")]);
    }
    let memory = Place::new(&format!("store: {{ kind: memory }}\n{config}"), &[]);
    memory.livewell(&["stop", "all"]).expect(1, &["LW0710", "its store is in memory", "has another"]);
    let found = new.livewell(&["results", "all", "--server", &url]);
    let rows = &found.expect(0, &[]).out;
    assert!(rows.contains("222"), "{rows}");
    assert!(other.place.livewell(&["results", "all"]).expect(0, &[]).out.contains("222"));
}
