//! A source of one's own: `cargo run -p livewell --example source`. It reads a spool, a folder of numbered notes.

use livewell::{Durability, EmbeddedStore, Livewell, Query};
use livewell_model::Value;
use livewell_source::source::{Commit, Input, POSITION, Patience, Read, ReadLimits, Report, Stored};
use livewell_source::{ErrorKind, Profile, Source, SourceError, error::code, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the folder is looked at while nothing comes.
const LOOK: Duration = Duration::from_millis(50);

/// A folder with the files `0.json`, `1.json` and so on, each with a change.
struct Spool {
    folder: PathBuf,
    /// The number of the file to read next.
    next: u64,
    /// What was read and not yet taken in.
    read: Vec<Vec<u8>>,
}

impl Spool {
    fn new(folder: PathBuf) -> Self {
        Self { folder, next: 0, read: Vec::new() }
    }
}

impl Source for Spool {
    fn profile(&self) -> Profile {
        Profile::new("notes", "spool")
    }

    /// Begins where the stored position says: what is not in the store was not read.
    fn open(&mut self, stored: &dyn Stored) -> Result<(), SourceError> {
        let position = stored.note(POSITION)?.and_then(|bytes| bytes.try_into().ok());
        (self.next, self.read) = (position.map_or(0, u64::from_be_bytes), Vec::new());
        Ok(())
    }

    fn read(&mut self, limits: ReadLimits, _: Duration, _: &dyn Patience) -> Result<Read, SourceError> {
        for number in (self.next..).take(limits.transactions) {
            match std::fs::read(self.folder.join(format!("{number}.json"))) {
                Ok(note) => self.read.push(note),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
                // It is opened again after a while, and reads on from what was stored.
                Err(error) => {
                    let message = format!("the spool is out of reach: {error}");
                    return Err(SourceError::new(ErrorKind::Unreachable, code::UNREADABLE, message));
                }
            }
        }
        Ok(if self.read.is_empty() { Read::nothing(LOOK) } else { Read::TRANSACTIONS })
    }

    /// Transactions, what is set aside and the position: one commit.
    fn take_in(&mut self, commit: &mut dyn Commit) -> Result<(), SourceError> {
        for note in self.read.drain(..) {
            let (place, text) = (format!("note {}", self.next), String::from_utf8_lossy(&note));
            let input = Input { place: &place, part: 0, text: Some(&text), is_whole: true };
            match json::parse_transaction(&note, "notes", &livewell_source::Limits::default()) {
                Ok(transaction) => commit.add_read(transaction, &input)?,
                Err(error) => commit.park(&input, &error.about(&place))?,
            }
            self.next += 1;
        }
        commit.put_note(POSITION, Some(self.next.to_be_bytes().to_vec()));
        Ok(())
    }

    fn report(&self) -> Report {
        Report::default()
    }
}

/// Writes a note into the spool, which is read once it is whole.
fn note(folder: &Path, number: u64, text: &str) -> std::io::Result<()> {
    let aside = folder.join("writing");
    std::fs::write(&aside, text)?;
    std::fs::rename(aside, folder.join(format!("{number}.json")))
}

/// Puts notes into the spool; returns the titles of the open tasks, and why what was set aside was.
pub async fn run(place: &Path) -> Result<(Vec<String>, Vec<String>), Box<dyn std::error::Error>> {
    let spool = place.join("spool");
    std::fs::create_dir_all(&spool)?;
    let store = EmbeddedStore::open(place.join("data"), Durability::Os)?;
    let livewell = Livewell::builder().store(store).build()?;
    livewell.add_source(Spool::new(spool.clone())).await?;
    let text = "MATCH (t:Task) WHERE NOT t.done RETURN t.title AS title";
    livewell.add_query(Query::cypher("open", text).from("notes")).await?;

    let task = |id: &str, title: &str, done: bool| {
        let properties = format!(r#"{{"title":"{title}","done":{done}}}"#);
        format!(
            r#"{{"operation":"insert","element":{{"type":"node","id":"{id}","labels":["Task"],"properties":{properties}}}}}"#
        )
    };
    note(&spool, 0, &task("t1", "buy bait", false))?;
    note(&spool, 1, "call the harbour")?;
    note(&spool, 2, &task("t2", "mend the net", false))?;
    note(&spool, 3, &task("t1", "buy bait", true))?;
    while livewell.status()?.iter().any(|one| one.id == "notes" && one.sequence < 3) {
        tokio::time::sleep(LOOK).await;
    }
    livewell.idle().await?;
    let mut titles = Vec::new();
    for row in livewell.results("open")?.rows()? {
        let (_, columns) = row?;
        titles.extend(columns.iter().filter_map(|title| match title {
            Value::String(title) => Some(title.to_string()),
            _ => None,
        }));
    }
    let parked = livewell.parked("notes", 0, 10)?;
    livewell.shutdown().await;
    Ok((titles, parked.into_iter().map(|parked| parked.reason).collect()))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::temp_dir().join("livewell-source");
    let (titles, parked) = run(&place).await?;
    titles.iter().for_each(|title| println!("to do: {title}"));
    parked.iter().for_each(|reason| println!("set aside: {reason}"));
    Ok(())
}
