//! `livewell backup` and `livewell restore`.

use super::find::Found;
use super::offline;
use crate::api::backup::{BYTES, FORMAT, STORE};
use crate::cli::{Backup, Restore, TextFormat};
use crate::client::Client;
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use livewell::clock::{Clock, SystemClock};
use livewell_model::Timestamp;
use livewell_store::backup::{self, Manifest, Unfinished};
use livewell_store::embedded::FORMAT_VERSION;
use livewell_store::{EmbeddedStore, IndexError, Store, StoreId};
use serde_json::json;
use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Takes a backup.
pub fn back_up(asked: &Backup, found: Option<&Found>) -> Result<(), Failure> {
    let Backup { directory, file, .. } = asked;
    let manifest = match (file, found) {
        (Some(file), _) => from_file(file, directory)?,
        (None, None) => unreachable!("a backup is of a file, a server or a store"),
        (None, Some(Found::Store(place))) => {
            let store = offline::open(place)?;
            let unfinished = Unfinished::begin(directory).map_err(failed)?;
            store
                .copy(&mut BufWriter::new(Counted::new(
                    unfinished.data().map_err(failed)?,
                    store.usage().data_bytes,
                )))
                .map_err(failed)?;
            let manifest = unfinished.finish(store.id(), SystemClock.now(), &check).map_err(failed)?;
            offline::record(&store, place, "backup", None);
            manifest
        }
        (None, Some(Found::Server(client))) => from_server(client, directory)?,
    };
    let Manifest { store, position, entries, bytes, .. } = manifest;
    if asked.format == TextFormat::Json {
        let document = json!({
            "directory": directory, "store": format!("{:032x}", store.0), "position": position, "entries": entries,
            "bytes": bytes,
        });
        return Ok(writeln!(io::stdout(), "{document:#}")?);
    }
    let place = directory.display();
    Ok(writeln!(
        io::stdout(),
        "{place} holds store {:032x} at position {position}: {entries} entries, {bytes} bytes, checked",
        store.0
    )?)
}

/// Shows how much was written.
struct Counted<W> {
    out: W,
    bytes: u64,
    /// About how many there will be.
    of: Option<u64>,
    shown: Progress,
}

impl<W> Counted<W> {
    fn new(out: W, of: Option<u64>) -> Self {
        Self { out, bytes: 0, of, shown: Progress::of("writing the backup") }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        self.shown.at(self.bytes, self.of.map(|of| of.max(self.bytes)), Unit::Bytes);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes what a running server sends.
fn from_server(client: &Client, directory: &Path) -> Result<Manifest, Failure> {
    let unfinished = Unfinished::begin(directory).map_err(failed)?;
    let data = unfinished.data().map_err(failed)?;
    let begin = |[_, _, bytes]: &[Option<String>; 3]| {
        let of = bytes.as_ref().and_then(|bytes| bytes.parse().ok());
        BufWriter::new(Counted::new(data, of))
    };
    let ([id, format, _], mut file) = client.download("/api/v1/backup", [STORE, FORMAT, BYTES], begin)?;
    file.flush()?;
    let id = id.and_then(|id| u128::from_str_radix(&id, 16).ok());
    let id = id.ok_or_else(|| Failure::failed("the server does not say which store it has [LW0710]"))?;
    if format.is_none_or(|format| format != FORMAT_VERSION.to_string()) {
        let message = "the server's store is of another format than this version reads; use the server's own version of \
                       `livewell` [LW0304]";
        return Err(Failure::failed(message));
    }
    unfinished.finish(StoreId(id), SystemClock.now(), &check).map_err(failed)
}

/// Makes a backup of a data file that a server has sent to a browser, as of when that was done.
fn from_file(file: &Path, directory: &Path) -> Result<Manifest, Failure> {
    let place = file.display();
    let named = file.file_stem().and_then(|name| name.to_str()).and_then(named_store);
    let store = named.ok_or_else(|| {
        let message = format!(
            "`{place}` is not named `livewell-ID.mdb`, with the 32 digits of the store's id, as the console names what it \
             downloads: rename it [LW0311]"
        );
        Failure::failed(message)
    })?;
    let unread = |error: io::Error| Failure::failed(format!("could not read `{place}`: {error} [LW0311]"));
    let mut data = File::open(file).map_err(unread)?;
    let about = data.metadata().map_err(unread)?;
    if !about.is_file() {
        return Err(Failure::failed(format!("`{place}` is not a file [LW0311]")));
    }
    let taken = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let taken = taken.and_then(|since| i64::try_from(since.as_nanos()).ok()).map(Timestamp);
    let unfinished = Unfinished::begin(directory).map_err(failed)?;
    let mut out = BufWriter::new(Counted::new(unfinished.data().map_err(failed)?, Some(about.len())));
    io::copy(&mut data, &mut out)?;
    out.flush()?;
    drop(out);
    // Damage is of the file: a download that was cut off, as a rule. The store may be whole.
    unfinished.finish(store, taken.unwrap_or_else(|| SystemClock.now()), &check).map_err(|error| {
        let why = "so it is not a backup; it may have been cut off: download it again";
        Failure::failed(format!("`{place}` cannot be read as a store ({error}), {why} [LW0311]"))
    })
}

/// Returns the store that a downloaded data file is of. Browsers put a number behind a name that is there already.
fn named_store(name: &str) -> Option<StoreId> {
    let digits = name.strip_prefix("livewell-")?.get(..32)?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u128::from_str_radix(digits, 16).ok().filter(|_| is_number).map(StoreId)
}

/// Makes a store from a backup.
pub fn restore(asked: &Restore) -> Result<(), Failure> {
    let Restore { directory, into, format } = asked;
    let copying = Cell::new(Some(Progress::of_unknown("copying the backup")));
    let check = |store: &EmbeddedStore| {
        drop(copying.take());
        check(store)
    };
    let restored = backup::restore(directory, into, SystemClock.now(), &check).map_err(failed)?;
    offline::record(&offline::open(into)?, into, "restore", None);
    let mut out = io::stdout().lock();
    let Manifest { store, position, taken, .. } = restored.manifest;
    if *format == TextFormat::Json {
        let epochs: serde_json::Map<_, _> =
            restored.epochs.iter().map(|(id, epoch)| (id.to_string(), epoch.to_string().into())).collect();
        let document = json!({
            "directory": into, "store": format!("{:032x}", store.0), "position": position,
            "taken": taken.to_rfc3339(), "epochs": epochs,
        });
        return Ok(writeln!(out, "{document:#}")?);
    }
    writeln!(
        out,
        "{} holds store {:032x} as it was at {}, position {position}",
        into.display(),
        store.0,
        taken.to_rfc3339()
    )?;
    for (id, epoch) in &restored.epochs {
        writeln!(out, "`{id}` begins epoch {epoch}")?;
    }
    Ok(writeln!(out, "reactions stop or start over as their `recovery` says: see `livewell explain LW0532`")?)
}

/// Compares everything in the copy with what it says about itself.
fn check(store: &EmbeddedStore) -> Result<(), IndexError> {
    let shown = Progress::of("checking the copy");
    let on_progress = |read| shown.at(read, None, Unit::Things("entries"));
    let found = livewell::check_store_within(store, &on_progress);
    let found = found.map_err(|error| IndexError::Other(error.into()))?;
    found.into_iter().next().map_or(Ok(()), Err)
}

fn failed(error: IndexError) -> Failure {
    Failure::failed(livewell::Error::from(error))
}
