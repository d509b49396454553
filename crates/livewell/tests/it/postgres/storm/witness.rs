//! A witness of a storm: it holds on to each position of the store that it sees, and once that is said to be checked,
//! it compares all rows with what SQL said of that place in the server's log.

use super::history::{History, Lsn};
use crate::postgres::compared::{tie_text, unlike_sql};
use livewell_model::codec::Reader;
use livewell_model::{Element, Node};
use livewell_services::pause;
use livewell_store::head::{Building, Head};
use livewell_store::keyspace::snapshot_key;
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Direction, Snapshot, Store, catalog};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the store is looked at.
const EVERY: Duration = Duration::from_millis(2);
/// How long it may take until it is known what the tables held.
const KNOWN_MAX: Duration = Duration::from_secs(120);

/// A thread that looks at a store.
pub struct Witness {
    thread: JoinHandle<Seen>,
    is_over: Arc<AtomicBool>,
}

/// What a witness has seen.
#[derive(Debug, Default)]
pub struct Seen {
    /// How many checked positions were compared.
    pub compared: usize,
    /// How many were not, since it is not known what SQL said there.
    pub left_out: usize,
    /// The first position that was wrong.
    pub wrong: Option<String>,
}

/// A position of the source in a store.
struct Moment {
    snapshot: Arc<dyn Snapshot>,
    source: u32,
    head: Head,
    lsn: Lsn,
    /// The first and the last position that are said to be exact; none if the last one is before the first one.
    checked: (u64, u64),
}

/// A position, and from where in the log on it may have been read.
struct Claim {
    moment: Moment,
    low: Lsn,
}

impl Witness {
    pub fn start(store: &Arc<dyn Store>, history: &History) -> Self {
        let (store, history, is_over) = (store.clone(), history.clone(), Arc::new(AtomicBool::new(false)));
        let ends = is_over.clone();
        let thread = std::thread::spawn(move || watch(&*store, &history, &ends));
        Self { thread, is_over }
    }

    /// Ends it, once everything that it saw is compared.
    pub fn end(self) -> Seen {
        self.is_over.store(true, Ordering::Release);
        self.thread.join().expect("a witness does not panic")
    }
}

fn watch(store: &dyn Store, history: &History, is_over: &AtomicBool) -> Seen {
    let (mut seen, mut low, mut last) = (Seen::default(), None, None);
    // Positions that are not said to be checked so far, and those that are.
    let (mut open, mut claims): (VecDeque<Claim>, VecDeque<Claim>) = (VecDeque::new(), VecDeque::new());
    let mut ends_since = None;
    while seen.wrong.is_none() {
        let ends = is_over.load(Ordering::Acquire);
        if let Some(moment) = moment(store) {
            let (from, through) = moment.checked;
            let place = (moment.head.generation, moment.head.position);
            let is_another = last.replace(place) != Some(place);
            // Where in the log the first one was read is not known: the log may have moved on beyond it, and the catalogs
            // with it, before anyone looked.
            if let Some(low) = low.replace(moment.lsn).filter(|_| is_another) {
                open.push_back(Claim { moment, low });
            }
            while let Some(claim) = open.pop_front_if(|claim| claim.moment.head.position <= through) {
                claims.extend(Some(claim).filter(|claim| from <= claim.moment.head.position));
            }
        }
        while let Some(claim) = claims.front() {
            let Some(answers) = history.between(claim.low, claim.moment.lsn) else { break };
            compare(claim, &answers, &mut seen);
            claims.pop_front();
        }
        if ends && claims.is_empty() {
            break;
        }
        assert!(!ends || since(&mut ends_since) < KNOWN_MAX, "it is not known what the tables held");
        pause(EVERY);
    }
    seen
}

fn since(moment: &mut Option<Instant>) -> Duration {
    moment.get_or_insert_with(Instant::now).elapsed()
}

/// Compares a checked position with what the tables may have held there; one of that it has to be.
fn compare(claim: &Claim, answers: &[Arc<str>], seen: &mut Seen) {
    if answers.is_empty() {
        seen.left_out += 1;
        return;
    }
    seen.compared += 1;
    let (nodes, ties) = claim.moment.elements();
    let mut told = Vec::new();
    for answer in answers.iter().rev() {
        let differences = unlike_sql(answer, nodes.clone(), &ties);
        if differences.is_empty() {
            return;
        }
        told.push(differences.join("\n    "));
    }
    seen.wrong = Some(format!(
        "position {} is said to be checked, read up to {:X} of the log, and its rows are not those of SQL:\n    {}",
        claim.moment.head.position,
        claim.moment.lsn,
        told.join("\n  nor those before it:\n    ")
    ));
}

/// Reads where the source is; `None` if it has no rows yet.
fn moment(store: &dyn Store) -> Option<Moment> {
    let snapshot = store.snapshot().expect("the store can be read");
    let source = catalog::find(&*snapshot, "s").expect("the store can be read")?.number;
    let head = Head::read(&*snapshot, source).expect("a head can be read")?;
    let note = |key: &[u8]| {
        let bytes = snapshot.get(&Key::new(Space::Upstream).number(source).rest(key));
        bytes.expect("the store can be read").map(|bytes| bytes.into_owned())
    };
    let lsn = lsn(&note(&[])?)?;
    if head.building == Some(Building::New) {
        return None;
    }
    let bytes = note(&[0, b'c'])?;
    let number = |at: usize| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let checked = (number(1)?, number(9)?);
    Some(Moment { snapshot, source, head, lsn, checked })
}

/// The place in the server's log that a position of the source names.
fn lsn(position: &[u8]) -> Option<Lsn> {
    let mut reader = Reader::new("position", position);
    reader.u8().ok()?;
    reader.string().ok()?;
    reader.varint().ok()?;
    reader.string().ok()?;
    reader.varint().ok()
}

impl Moment {
    /// All nodes by their ids, and the relationships between them as text.
    fn elements(&self) -> (BTreeMap<String, Node>, Vec<String>) {
        let (mut nodes, mut ties) = (BTreeMap::new(), Vec::new());
        let mut take = |_: &[u8], bytes: &[u8]| {
            let mut reader = Reader::new("element", bytes);
            reader.signed().expect("an element begins with when it changed");
            match reader.element().expect("an element can be read") {
                Element::Node(node) => drop(nodes.insert(node.id.id.to_string(), (*node).clone())),
                Element::Relationship(tie) => ties.push(tie),
            }
            true
        };
        let prefix = snapshot_key(self.source, self.head.generation, &[]);
        self.snapshot.visit(&prefix, Direction::Forward, &mut take).expect("the elements can be read");
        let ids: BTreeSet<&String> = nodes.keys().collect();
        let is_there = |id: &str| ids.contains(&id.to_owned());
        ties.retain(|tie| is_there(&tie.from.id) && is_there(&tie.to.id));
        let mut ties: Vec<String> = ties.iter().map(|tie| tie_text(tie)).collect();
        ties.sort_unstable();
        (nodes, ties)
    }
}
