//! What the embedded store says to directories that are not its own, or not now.

use crate::backends::Directory;
use crate::child;
use livewell_store::{Durability, EmbeddedOptions, EmbeddedStore, IndexError, Store, Version, WriteSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;

fn refusal(path: impl AsRef<Path>) -> IndexError {
    EmbeddedStore::open(path, Durability::Sync).map(|_| ()).expect_err("a refusal")
}

fn commit(store: &dyn Store, number: u64) {
    let epoch = u64::from(number > 0);
    let (expected, next) = (Version { epoch, commit: number }, Version { epoch: 1, commit: number + 1 });
    let mut set = WriteSet { feed: 1, expected, next, ..WriteSet::default() };
    set.put(b"k".to_vec(), number.to_be_bytes().to_vec());
    assert_eq!(store.commit(&[set]).expect("a commit"), [Ok(())]);
}

fn listing(path: &Path) -> Vec<(std::ffi::OsString, Vec<u8>)> {
    let entries = fs::read_dir(path).expect("a directory").map(|entry| entry.expect("an entry"));
    let mut listing: Vec<_> =
        entries.map(|entry| (entry.file_name(), fs::read(entry.path()).expect("a file"))).collect();
    listing.sort();
    listing
}

#[test]
fn a_second_opener_is_told_who_the_first_is() {
    let place = Directory::new(Durability::Sync);
    let store = place.open_embedded().expect("a store");
    let error = refusal(&place.path);
    assert!(matches!(error, IndexError::Fenced(_)), "{error:?}");
    assert!(error.to_string().contains(&format!("pid {}", std::process::id())), "{error}");
    drop(store);
    drop(place.open_embedded().expect("free again"));
}

#[test]
fn child_opens() {
    let Some((path, durability)) = child::told() else { return };
    let outcome = EmbeddedStore::open(path, durability).map(|_| ());
    child::say(&format!("outcome {outcome:?}"));
}

#[test]
fn a_second_process_is_told_who_the_first_is() {
    let place = Directory::new(Durability::Os);
    let _store = place.open_embedded().expect("a store");
    let output = child::command("directories::child_opens", place.path.path(), Durability::Os).output();
    let said = String::from_utf8_lossy(&output.expect("a child").stdout).into_owned();
    assert!(said.contains("Fenced") && said.contains(&format!("pid {}", std::process::id())), "{said}");
}

#[test]
fn a_snapshot_keeps_the_directory_owned() {
    let place = Directory::new(Durability::Os);
    let store = place.open_embedded().expect("a store");
    commit(&store, 0);
    let snapshot = store.snapshot().expect("a snapshot");
    drop(store);
    assert!(matches!(refusal(&place.path), IndexError::Fenced(_)));
    assert!(snapshot.get(b"k").expect("a read").is_some());
    drop(snapshot);
    drop(place.open_embedded().expect("free again"));
}

#[test]
fn a_directory_of_something_else_is_refused_and_left_alone() {
    let foreign = TempDir::new().expect("a directory");
    fs::write(foreign.path().join("letters.txt"), "dear").expect("a file");
    let before = listing(foreign.path());
    let error = refusal(&foreign);
    assert!(matches!(error, IndexError::UnknownStore(_)), "{error:?}");
    assert!(error.to_string().contains("not a Livewell store"), "{error}");
    assert_eq!(listing(foreign.path()), before);
    fs::write(foreign.path().join("FORMAT"), "my own format\n").expect("a file");
    assert!(matches!(refusal(&foreign), IndexError::UnknownStore(_)));
    fs::remove_file(foreign.path().join("FORMAT")).expect("a removal");
    fs::rename(foreign.path().join("letters.txt"), foreign.path().join("OWNER")).expect("a new name");
    let before = listing(foreign.path());
    assert!(matches!(refusal(&foreign), IndexError::UnknownStore(_)));
    assert_eq!(listing(foreign.path()), before);
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let place = Directory::new(Durability::Sync);
    drop(place.open_embedded().expect("a store"));
    let format = place.path.path().join("FORMAT");
    let text = fs::read_to_string(&format).expect("the format").replace("format 1", "format 2");
    fs::write(&format, text).expect("a newer format");
    let before = fs::read(place.path.path().join("data.mdb")).expect("the data");
    let error = refusal(&place.path);
    assert!(matches!(error, IndexError::UnknownStore(_)), "{error:?}");
    assert!(error.to_string().contains("newer") && error.to_string().contains("format 2"), "{error}");
    assert_eq!(fs::read(place.path.path().join("data.mdb")).expect("the data"), before);
    assert!(matches!(EmbeddedStore::exists(&place.path), Err(IndexError::UnknownStore(_))));
}

#[test]
fn a_damaged_format_file_is_damage() {
    let place = Directory::new(Durability::Sync);
    drop(place.open_embedded().expect("a store"));
    fs::write(place.path.path().join("FORMAT"), "Livewell store\nformat 1\nid 12").expect("a cut");
    assert!(matches!(refusal(&place.path), IndexError::Corrupted(_)));
}

#[test]
fn a_file_in_place_of_the_directory_is_named() {
    let place = TempDir::new().expect("a directory");
    let file = place.path().join("file");
    fs::write(&file, "").expect("a file");
    for path in [file.clone(), file.join("below")] {
        let error = refusal(&path);
        assert!(matches!(error, IndexError::Io(_)), "{error:?}");
        assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    }
}

#[test]
fn a_directory_without_permission_is_named() {
    let place = TempDir::new().expect("a directory");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let locked = place.path().join("locked");
    fs::create_dir(&locked).expect("a directory");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("a mode");
    let mut command = child::command("directories::child_opens", &locked, Durability::Sync);
    if fs::metadata("/proc/self").map_or(0, |own| own.uid()) == 0 {
        // Root may do anything, so another user tries.
        command.uid(65534).gid(65534).current_dir("/");
    }
    let said = match command.stderr(Stdio::inherit()).output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(error) => return child::skip(&format!("no permission: the child does not start: {error}")),
    };
    let named =
        said.contains("Io(") && said.contains(&locked.display().to_string()) && said.contains("denied");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("a mode");
    assert!(named, "{said}");
}

#[test]
fn a_store_that_is_not_to_be_made_is_missed() {
    let place = TempDir::new().expect("a directory");
    let path = place.path().join("none");
    let options = EmbeddedOptions { create: false, ..EmbeddedOptions::default() };
    let error = EmbeddedStore::open_with(&path, options.clone()).map(|_| ()).expect_err("a refusal");
    assert!(matches!(error, IndexError::UnknownStore(_)) && !path.exists(), "{error:?}");
    assert!(!EmbeddedStore::exists(&path).expect("an answer"));
    drop(EmbeddedStore::open(&path, Durability::Sync).expect("a store"));
    assert!(EmbeddedStore::exists(&path).expect("an answer"));
    drop(EmbeddedStore::open_with(&path, options).expect("the store"));
}

#[test]
fn an_interrupted_creation_is_done_again() {
    let place = Directory::new(Durability::Sync);
    let id = place.open_embedded().expect("a store").id();
    let format = place.path.path().join("FORMAT");
    let text = fs::read_to_string(&format).expect("the format").replace("state ready", "state new");
    fs::write(&format, text).expect("an unfinished store");
    fs::write(place.path.path().join("data.mdb"), "half").expect("an unfinished file");
    fs::write(place.path.path().join("FORMAT.new"), "Live").expect("an unfinished file");
    let store = place.open_embedded().expect("made again");
    assert_eq!(store.id(), id);
    commit(&store, 0);
    drop(store);
    place.open_embedded().expect("the store").verify().expect("undamaged");
}

#[test]
fn an_unclean_store_of_another_boot_is_refused_with_os_only() {
    let place = Directory::new(Durability::Os);
    // A small map, since the file of an open store is as long as the map, and copied here.
    let small = EmbeddedOptions { map_size_bytes: 1 << 20, ..place.options() };
    let boot = |id: &str| EmbeddedOptions { boot_id: Some(id.to_owned()), ..small.clone() };
    let store = EmbeddedStore::open_with(&place.path, boot("one")).expect("a store");
    commit(&store, 0);
    let unclean = TempDir::new().expect("a directory");
    child::copy(place.path.path(), unclean.path());
    drop(store);
    drop(EmbeddedStore::open_with(&place.path, boot("two")).expect("it was closed cleanly"));
    for durability in [Durability::Os, Durability::Sync] {
        let options = EmbeddedOptions { durability, ..boot("two") };
        let error = EmbeddedStore::open_with(&unclean, options).map(|_| ()).expect_err("a refusal");
        assert!(matches!(error, IndexError::Corrupted(_)), "{error:?}");
        assert!(error.to_string().contains("backup") && error.to_string().contains("remove"), "{error}");
    }
    // In the same boot it is whole; once opened with `sync`, it survives the next one.
    let options = EmbeddedOptions { durability: Durability::Sync, ..boot("one") };
    let store = EmbeddedStore::open_with(&unclean, options).expect("the same boot");
    assert!(store.snapshot().expect("a snapshot").get(b"k").expect("a read").is_some());
    std::mem::forget(store);
    let later = TempDir::new().expect("a directory");
    child::copy(unclean.path(), later.path());
    drop(EmbeddedStore::open_with(&later, boot("three")).expect("nothing was only in memory"));
}

#[test]
fn a_used_up_map_is_full_and_the_store_goes_on() {
    for durability in [Durability::Sync, Durability::Os] {
        let place = Directory::new(durability);
        let options = EmbeddedOptions { map_size_bytes: 1 << 20, ..place.options() };
        let store = EmbeddedStore::open_with(&place.path, options).expect("a store");
        commit(&store, 0);
        let mut large = WriteSet { feed: 2, next: Version { epoch: 1, commit: 1 }, ..WriteSet::default() };
        large.put(b"large".to_vec(), vec![1; 3 << 20]);
        let error = store.commit(&[large.clone()]).expect_err("no room");
        assert!(matches!(error, IndexError::Full(_)), "{error:?}");
        assert!(error.to_string().contains("map_size_bytes"), "{error}");
        commit(&store, 1);
        store.verify().expect("undamaged");
        drop(store);
        let store = place.open_embedded().expect("with a larger map");
        assert_eq!(store.commit(&[large]).expect("room"), [Ok(())]);
    }
}
