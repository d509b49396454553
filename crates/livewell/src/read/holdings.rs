//! What a store holds of each component, in entries and bytes. Nothing is walked: see [`livewell_store::extent`].

use crate::Error;
use crate::component::state::ComponentKind;
use livewell_store::catalog::{self, Kind, Registered};
use livewell_store::keyspace::{Key, Space};
use livewell_store::{Direction, Extent, Head, Snapshot, Store};

/// How many ranges that are being deleted are looked at.
const DELETING_MAX: usize = 1_000;

/// What entries of a store are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The elements of a source, the rows of a query; also those of a generation that is being built.
    Rows,
    /// Which rows each value of a query with `for_each` has.
    ByValue,
    /// The log of a source, the outbox of a query.
    Log,
    /// What the operators of a query remember.
    State,
    /// How far a query or a reaction has read.
    Checkpoints,
    /// How far a source has read outside, and what it notes about that.
    Upstream,
    /// Keys of requests that a source has taken in, so that none is taken in twice.
    Requests,
    /// Input that waits for a person.
    Parked,
    /// Results that a target has refused.
    DeadLetters,
    /// When elements expire.
    Expiry,
    /// Ids, definitions, epochs and counters.
    Catalog,
}

impl Part {
    /// All parts.
    pub const ALL: [Self; 11] = [
        Self::Rows,
        Self::ByValue,
        Self::Log,
        Self::State,
        Self::Checkpoints,
        Self::Upstream,
        Self::Requests,
        Self::Parked,
        Self::DeadLetters,
        Self::Expiry,
        Self::Catalog,
    ];

    /// Returns its name in calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::ByValue => "by_value",
            Self::Log => "log",
            Self::State => "state",
            Self::Checkpoints => "checkpoints",
            Self::Upstream => "upstream",
            Self::Requests => "requests",
            Self::Parked => "parked",
            Self::DeadLetters => "dead_letters",
            Self::Expiry => "expiry",
            Self::Catalog => "catalog",
        }
    }

    /// Returns the parts that a component of this kind can have.
    fn of(kind: ComponentKind) -> &'static [Self] {
        match kind {
            ComponentKind::Source => {
                &[Self::Rows, Self::Log, Self::Upstream, Self::Requests, Self::Parked, Self::Expiry]
            }
            ComponentKind::Query => &[Self::Rows, Self::ByValue, Self::Log, Self::State, Self::Checkpoints],
            ComponentKind::Reaction => &[Self::Checkpoints, Self::DeadLetters],
        }
    }

    fn spaces(self) -> &'static [Space] {
        match self {
            Self::Rows => &[Space::Snapshot],
            Self::ByValue => &[Space::ByValue],
            Self::Log => &[Space::Log],
            Self::State => &[Space::State],
            Self::Checkpoints => &[Space::Checkpoint],
            Self::Upstream => &[Space::Upstream],
            Self::Requests => &[Space::Idempotency],
            Self::Parked => &[Space::Parked],
            Self::DeadLetters => &[Space::DeadLetter],
            Self::Expiry => &[Space::Expiry],
            Self::Catalog => &[
                Space::Version,
                Space::Name,
                Space::Catalog,
                Space::Counter,
                Space::Epoch,
                Space::Due,
                Space::Head,
                Space::Garbage,
            ],
        }
    }
}

/// What a store holds of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: ComponentKind,
    /// Its epoch; 0 before its first commit, and for a reaction.
    pub epoch: u64,
    /// The last sequence of a source or a query.
    pub sequence: u64,
    /// What there is of each part that it has.
    pub parts: Vec<(Part, Extent)>,
}

impl Holding {
    /// Returns all of it.
    pub fn total(&self) -> Extent {
        self.parts.iter().fold(Extent::NOTHING, |total, (_, extent)| total.and(*extent))
    }
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdings {
    /// The position of the store.
    pub position: u64,
    /// What there is of each part, of all components together.
    pub parts: Vec<(Part, Extent)>,
    /// What of it is being deleted in the background: of components that were removed, and of former generations.
    pub deleting: Extent,
    /// Components by id, those that were not added among them.
    pub components: Vec<Holding>,
    /// Whether there are more components.
    pub has_more: bool,
}

/// Reads what a store holds of all components together, and of at most `most` of those with ids after `after`. The cost
/// follows their number, not what they hold. `None` if it is cancelled, or from a store that could only count.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn holdings(
    store: &dyn Store,
    after: Option<&str>,
    most: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Holdings>, Error> {
    let snapshot = store.snapshot()?;
    let mut registered = catalog::page(&*snapshot, after, most.saturating_add(1))?;
    let has_more = registered.len() > most;
    registered.truncate(most);
    let entries: Vec<(Registered, ComponentKind)> =
        registered.into_iter().filter_map(|entry| kind(entry.kind).map(|kind| (entry, kind))).collect();
    let garbage = garbage(&*snapshot)?;
    let everywhere: Vec<Vec<u8>> =
        Part::ALL.into_iter().flat_map(Part::spaces).map(|space| vec![*space as u8]).collect();
    let of_each = entries.iter().flat_map(|(entry, kind)| {
        let prefix = |part: &Part| Key::new(part.spaces()[0]).number(entry.number).done();
        Part::of(*kind).iter().map(prefix)
    });
    let prefixes: Vec<Vec<u8>> = everywhere.iter().chain(&garbage).cloned().chain(of_each).collect();
    let Some(extents) = store.extents(&prefixes, is_cancelled)? else { return Ok(None) };
    let (of_all, rest) = extents.split_at(everywhere.len());
    let (deleting, rest) = rest.split_at(garbage.len());
    let mut of_all = of_all.iter().copied();
    let mut rest = rest.iter().copied();
    let components = entries.into_iter().map(|(entry, kind)| {
        let parts = Part::of(kind).iter().copied().zip(rest.by_ref()).collect();
        let head = Head::read(&*snapshot, entry.number)?.unwrap_or_default();
        Ok(Holding { id: entry.id, kind, epoch: head.epoch, sequence: head.sequence, parts })
    });
    let components = components.collect::<Result<_, Error>>()?;
    let sum = |extents: &mut dyn Iterator<Item = Extent>| extents.fold(Extent::NOTHING, Extent::and);
    let parts = Part::ALL.map(|part| (part, sum(&mut of_all.by_ref().take(part.spaces().len()))));
    Ok(Some(Holdings {
        position: catalog::position(&*snapshot)?,
        parts: parts.into(),
        deleting: sum(&mut deleting.iter().copied()),
        components,
        has_more,
    }))
}

/// Reads how much there is of what the operators with these [numbers](livewell_query::plan::Described::number) of a query
/// remember, as they are now. `None` if it is cancelled, from a store that could only count, or of a query that has no
/// state yet.
///
/// # Errors
/// Returns an error if the store cannot be read.
pub fn of_operators(
    store: &dyn Store,
    query: &str,
    numbers: &[u16],
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Vec<Extent>>, Error> {
    let snapshot = store.snapshot()?;
    let Some(entry) = catalog::find(&*snapshot, query)?.filter(|entry| entry.kind == Kind::Query) else {
        return Ok(None);
    };
    let Some(head) = Head::read(&*snapshot, entry.number)? else { return Ok(None) };
    let state = Key::new(Space::State).number(entry.number).number(head.generation).done();
    let prefixes: Vec<Vec<u8>> =
        numbers.iter().map(|number| [&state[..], &number.to_be_bytes()].concat()).collect();
    Ok(store.extents(&prefixes, is_cancelled)?)
}

/// Returns the prefixes of what is being deleted.
fn garbage(snapshot: &dyn Snapshot) -> Result<Vec<Vec<u8>>, Error> {
    let marks = snapshot.scan_prefix(&[Space::Garbage as u8], Direction::Forward)?;
    let prefix = |mark: Result<livewell_store::Entry<'_>, _>| Ok(mark?.0[1..].to_vec());
    marks.take(DELETING_MAX).map(prefix).collect()
}

/// Returns the kind of a component; rows that were written from outside are of none.
fn kind(kind: Kind) -> Option<ComponentKind> {
    match kind {
        Kind::Source => Some(ComponentKind::Source),
        Kind::Query => Some(ComponentKind::Query),
        Kind::Reaction => Some(ComponentKind::Reaction),
        Kind::Bare => None,
    }
}
