//! A messenger that a program brings itself, and a closure beside it: `cargo run -p livewell --example messenger`.
//!
//! Messages become files in a folder, one each, named by the key. A message that is repeated after a crash has the key
//! that it had, and so replaces its own file: what is delivered at least once is there once.

use livewell::{
    Change, Durability, EmbeddedStore, InProcess, Livewell, Node, Query, ReactionSetup, Recovery,
};
use livewell_reaction::messenger::{Answer, Message, MessengerSettings};
use livewell_reaction::{Callback, Messenger, Outgoing, Reaction, ReactionError, Transport};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Puts each message into a folder.
struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Written aside and renamed, so that nobody reads half a message.
    fn put(&self, message: &Message<'_>) -> io::Result<()> {
        let folder = self.path.join(message.address);
        fs::create_dir_all(&folder)?;
        let aside = folder.join(".new");
        fs::write(&aside, message.body)?;
        fs::rename(aside, folder.join(message.key.replace(':', "-")))
    }
}

impl Transport for Folder {
    fn target(&self) -> String {
        format!("the folder `{}`", self.path.display())
    }

    fn check(&self, message: &Message<'_>) -> Result<(), ReactionError> {
        let is_name = message.address.chars().all(|c| c.is_ascii_alphanumeric());
        match is_name && !message.address.is_empty() {
            true => Ok(()),
            false => Err(ReactionError::Refused {
                target: self.target(),
                cause: format!("`{}` is not the name of a folder, for {}", message.address, message.key),
            }),
        }
    }

    fn send(&mut self, message: &Message<'_>) -> Result<Answer, ReactionError> {
        match self.put(message) {
            Ok(()) => Ok(Answer::Taken(String::new())),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(Answer::Unfit(error.to_string())),
            // Whatever else is the matter with a disk has nothing to do with the message: it is waited for.
            Err(error) => {
                let (target, cause) = (self.target(), error.to_string());
                Err(ReactionError::Away { target, cause, after: None })
            }
        }
    }
}

/// A reaction that follows the query `big-orders`.
fn following(id: &str, reaction: impl Reaction + 'static) -> ReactionSetup {
    ReactionSetup {
        id: id.into(),
        queries: vec!["big-orders".into()],
        recovery: Recovery::Strict,
        enabled: true,
        reaction: Box::new(reaction),
    }
}

/// Runs everything in `place`; returns the bodies of the messages and how many results the closure has seen.
pub async fn run(place: &Path) -> Result<(Vec<String>, usize), Box<dyn std::error::Error>> {
    let store = EmbeddedStore::open(place.join("data"), Durability::Sync)?;
    let livewell = Livewell::builder().store(store).build()?;
    let orders = livewell.add_source(InProcess::new("orders")).await?;
    let text = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id, o.total AS total";
    livewell.add_query(Query::cypher("big-orders", text).from("orders")).await?;

    let settings = MessengerSettings {
        template: Some("{{ type }} {{ row.id }} {{ row.total }}".into()),
        address: Some("{{ row.id }}".into()),
        ..MessengerSettings::default()
    };
    let folder = Folder { path: place.join("messages") };
    livewell.add_reaction(following("files", Messenger::new(folder, settings))).await?;

    let seen = Arc::new(Mutex::new(0));
    let counted = seen.clone();
    let count = move |_: &Outgoing<'_>| -> Result<(), io::Error> {
        *counted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Ok(())
    };
    livewell.add_reaction(following("counter", Callback::new(count))).await?;

    for (id, total) in [("o1", 250), ("o2", 50), ("o1", 260)] {
        let order = Node::new(id).label("Order").set("id", id).set("total", total);
        orders.send(Change::insert(order)).await?;
    }
    livewell.idle().await?;
    livewell.shutdown().await;

    let mut bodies = Vec::new();
    for file in fs::read_dir(place.join("messages/o1"))? {
        bodies.push(fs::read_to_string(file?.path())?);
    }
    bodies.sort();
    let seen = *seen.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((bodies, seen))
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::temp_dir().join("livewell-messenger");
    let (bodies, results) = run(&place).await?;
    bodies.iter().for_each(|body| println!("{body}"));
    println!("{results} results; the files are in {}", place.display());
    Ok(())
}
