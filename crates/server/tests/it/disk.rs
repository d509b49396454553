//! A full disk and missing permissions: named, and the same command goes on once they are mended.

use super::place::{Place, Ran, ended, skip};
use super::running::Running;
use super::small_disk::SmallDisk;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

fn config(store: &Path, out: &Path) -> String {
    let (store, out) = (store.display(), out.display());
    format!(
        "store: {{ kind: embedded, path: {store}/livewell-data }}\n\
         sources:\n  - {{ id: ops, kind: file, path: ops.jsonl }}\n\
         queries:\n  - {{ id: q, sources: [ops], cypher: 'MATCH (n:A) RETURN n.x AS x, n.text AS text' }}\n\
         reactions:\n  - {{ id: all, kind: file, queries: [q], path: {out}/all.jsonl }}\n\
         \x20 - {{ id: now, kind: file, queries: [q], path: {out}/now.jsonl, mode: table }}\n"
    )
}

fn lines(count: usize) -> Vec<String> {
    let line = |x: usize| {
        let text = "word ".repeat(100);
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"n{x}","labels":["A"],"properties":{{"x":{x},"text":"{text}"}}}},"timestamp":{x}}}"#
        )
    };
    (0..count).map(line).collect()
}

fn place(store: &Path, out: &Path, lines: &[String]) -> Place {
    Place::new(&config(store, out), &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// What must come out: rows, the append file, the table file.
fn outcome(place: &Place, store: &Path, out: &Path) -> [String; 3] {
    let store = store.join("livewell-data");
    let rows = place.livewell(&["results", "q", "--store", store.to_str().unwrap()]);
    rows.expect(0, &[]);
    let read = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    [rows.out, read("all.jsonl"), read("now.jsonl")]
}

/// Fills the disk but for `free` bytes, runs into its end, frees it, runs on.
fn expect_to_go_on(disk: &SmallDisk, free: usize, place: &Place, messages: &[&str]) -> bool {
    let filler = disk.path().join("filler");
    fs::write(&filler, vec![1; (48 << 20) - free]).unwrap();
    let full = place.run();
    if full.status.success() {
        fs::remove_file(&filler).unwrap();
        return false;
    }
    full.expect(1, &[]);
    assert!(messages.iter().any(|message| full.err.contains(message)), "{}", full.err);
    assert!(place.run().status.code() == Some(1), "a disk that stays full stays an error");
    fs::remove_file(&filler).unwrap();
    place.run().expect(0, &[]);
    true
}

#[test]
fn a_disk_that_fills_up_under_the_store_stops_the_run_and_freed_it_goes_on() {
    let Some(calm) = SmallDisk::mount(64) else { return };
    let lines = lines(4_000);
    let uninterrupted = place(calm.path(), calm.path(), &lines);
    uninterrupted.run().expect(0, &[]);
    let expected = outcome(&uninterrupted, calm.path(), calm.path());
    let mut interrupted = 0;
    for free in [64 << 10, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 12 << 20] {
        let disk = SmallDisk::mount(48).expect("one was mounted before");
        let place = place(disk.path(), disk.path(), &lines);
        if expect_to_go_on(&disk, free, &place, &["full", "No space", "no space", "room"]) {
            interrupted += 1;
        }
        assert!(outcome(&place, disk.path(), disk.path()) == expected, "with {free} bytes free");
    }
    assert!(interrupted >= 3, "the disk was too large to fill up: {interrupted}");
}

#[test]
fn a_disk_that_fills_up_under_a_reaction_alone_stops_it_alone() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let lines = lines(2_000);
    let calm = tempfile::tempdir().unwrap();
    let uninterrupted = place(calm.path(), calm.path(), &lines);
    uninterrupted.run().expect(0, &[]);
    let store = tempfile::tempdir().unwrap();
    let place = place(store.path(), disk.path(), &lines);
    assert!(expect_to_go_on(&disk, 256 << 10, &place, &["`all`", "`now`"]));
    assert!(outcome(&place, store.path(), disk.path()) == outcome(&uninterrupted, calm.path(), calm.path()));
}

/// Runs as somebody who may not do everything.
fn run_unprivileged(place: &Place) -> Option<Ran> {
    let arguments = ["run", "livewell.yaml", "--until-idle", "--log-level", "error"];
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Some(place.run());
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", env!("CARGO_BIN_EXE_livewell")]);
    command.args(arguments).current_dir(place.path());
    let may_run = Command::new("setpriv")
        .args([
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            env!("CARGO_BIN_EXE_livewell"),
            "--version",
        ])
        .output();
    if may_run.is_ok_and(|output| output.status.success()) {
        return Some(ended(command));
    }
    skip("missing permissions: the tests run as root, and `setpriv` cannot run the binary as another");
    None
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_may_not_be_read_or_written_is_named_and_the_run_ends() {
    let place = place(Path::new("data"), Path::new("out"), &lines(3));
    for name in ["data", "out"] {
        fs::create_dir(place.file(name)).unwrap();
        mode(&place.file(name), 0o777);
    }
    mode(place.path(), 0o755);
    mode(&place.file("ops.jsonl"), 0o000);
    let Some(ran) = run_unprivileged(&place) else { return };
    ran.expect(1, &["`ops.jsonl` may not be read"]);
    mode(&place.file("ops.jsonl"), 0o644);
    mode(&place.file("out"), 0o555);
    run_unprivileged(&place).unwrap().expect(1, &["`now`", "out/.now.jsonl.new", "ermission denied"]);
    mode(&place.file("out"), 0o777);
    mode(&place.file("data/livewell-data"), 0o000);
    run_unprivileged(&place).unwrap().expect(1, &["data/livewell-data", "ermission denied"]);
    mode(&place.file("data/livewell-data"), 0o755);
    run_unprivileged(&place).unwrap().expect(0, &[]);
    assert_eq!(place.read("out/all.jsonl").lines().count(), 3);
    mode(&place.file("livewell.yaml"), 0o000);
    run_unprivileged(&place).unwrap().expect(2, &["livewell.yaml", "ermission denied"]);
    mode(&place.file("livewell.yaml"), 0o644);
}

#[test]
fn a_store_that_has_used_up_its_map_takes_more_after_a_start_with_a_larger_one() {
    let config = |map: &str| {
        format!(
            "store: {{ kind: embedded, path: data, durability: os, map_size_bytes: {map} }}\n\
             server: {{ listen: 127.0.0.1:0 }}\n\
             sources:\n  - {{ id: orders, kind: http }}\n\
             queries:\n  - {{ id: big, sources: [orders], cypher: 'MATCH (n:A) RETURN n.x AS x' }}\n"
        )
    };
    let mut running = Running::of(&config("4194304"));
    let mut lines = lines(40_000).into_iter();
    let (mut taken, mut was_unready) = (0, false);
    // What a trim frees lets it take a few more: the probe has to say 503 at one of the refusals.
    while !was_unready {
        let answer = running.post(&lines.next().expect("a store that fills up"));
        if answer.status == 200 {
            taken += 1;
            continue;
        }
        assert_eq!(answer.status, 507, "{}", answer.body);
        assert!(answer.body.contains("map_size_bytes"), "{}", answer.body);
        was_unready = running.get("/ready").status == 503;
    }
    fs::write(running.config(), config("67108864")).unwrap();
    running.kill_and_start_again();
    let more = running.post(&lines.next().unwrap());
    assert_eq!(more.status, 200, "{}", more.body);
    let position = more.json()["position"].clone();
    let results = running.get(&format!("/api/v1/queries/big/results?limit=1&position={position}&wait=20s"));
    assert_eq!(results.status, 200, "{}", results.body);
    assert_eq!(running.get("/api/v1/queries/big").json()["rows"], taken + 1);
}
