//! Interest: which changes a query reads, so that one who serves many queries shows each only what concerns it.
//!
//! Law: a transaction in which no change [touches](Interest::is_touched_by) the query, and by whose time no timer is
//! due, gives no diffs and writes nothing to operators and rows. It holds guard by guard, whatever the operators do
//! with what a guard lets through.

use crate::expression::Compiled;
use crate::joins::{Join, roles};
use crate::meter::Meter;
use crate::operator::scan::{Kind, Scan};
use crate::plan::physical::Reads;
use livewell_model::{AppliedChange, Element, SmolStr, Value};

/// What a query reads of changes.
#[derive(Debug, Clone)]
pub struct Interest {
    guards: Vec<Guard>,
}

/// One kind of change that a query reads.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Every change: what has been of elements is written down.
    Everything,
    /// What a scan lets through before or after, if what it hands on differs.
    Scan(Scan),
    /// What changes a node's part in a join.
    Join(Join),
}

/// Which elements can touch a guard; others never do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted<'e> {
    /// Any element.
    All,
    /// Nodes that have all of these labels.
    Nodes(Vec<&'e SmolStr>),
    /// Nodes that have one of these labels.
    NodesOfAny(Vec<&'e SmolStr>),
    /// Relationships of one of these types; without types, any relationship.
    Relationships(&'e [SmolStr]),
}

impl Interest {
    pub(crate) fn new(reads: Vec<Reads<'_>>, joins: &[Join]) -> Self {
        let guard = |reads: Reads<'_>| match reads {
            Reads::Scan(scan) => Guard::Scan(scan.clone()),
            Reads::Past => Guard::Everything,
        };
        let joins = joins.iter().cloned().map(Guard::Join);
        let mut guards: Vec<_> = reads.into_iter().map(guard).chain(joins).collect();
        if guards.iter().any(|guard| matches!(guard, Guard::Everything)) {
            guards = vec![Guard::Everything];
        }
        Self { guards }
    }

    /// What is read, guard by guard; without guards no change is read.
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// Whether the query reads all changes.
    pub fn is_everything(&self) -> bool {
        matches!(self.guards[..], [Guard::Everything])
    }

    /// What of it is so wide that most changes touch it, and why, in words.
    pub fn wide(&self) -> Vec<&'static str> {
        let mut wide: Vec<_> = self.guards.iter().filter_map(Guard::wide).collect();
        wide.sort_unstable();
        wide.dedup();
        wide
    }

    /// Whether a change touches the query.
    pub fn is_touched_by(&self, change: &AppliedChange) -> bool {
        self.guards.iter().any(|guard| guard.is_touched_by(change))
    }
}

impl Guard {
    /// Whether a change touches this guard. Where that cannot be told, it does, and the step finds out.
    pub fn is_touched_by(&self, change: &AppliedChange) -> bool {
        match self {
            Self::Everything => true,
            Self::Scan(scan) => scan.see(change, &Meter::unlimited()).map_or(true, |seen| seen.is_some()),
            Self::Join(join) => {
                let roles = |element: &Option<Element>| match element {
                    Some(Element::Node(node)) => roles(join, node),
                    _ => Vec::new(),
                };
                roles(&change.before) != roles(&change.after)
            }
        }
    }

    fn wide(&self) -> Option<&'static str> {
        match self.wanted() {
            Wanted::All => Some("every change, for a function of an element's past"),
            Wanted::Nodes(labels) if labels.is_empty() => Some("any node, for a pattern without a label"),
            Wanted::Relationships([]) => Some("any relationship, for a pattern without a type"),
            _ => None,
        }
    }

    /// Which elements can touch this guard.
    pub fn wanted(&self) -> Wanted<'_> {
        match self {
            Self::Everything => Wanted::All,
            Self::Scan(Scan { kind: Kind::Nodes(labels, _), .. }) => Wanted::Nodes(labels.iter().collect()),
            Self::Scan(Scan { kind: Kind::Relationships(types, _), .. }) => Wanted::Relationships(types),
            Self::Join(join) => Wanted::NodesOfAny(join.keys.iter().map(|key| &key.label).collect()),
        }
    }

    /// The properties that have to equal one of some constants, in either image, for the guard to be touched.
    pub fn constants(&self) -> Vec<(&SmolStr, Vec<&Value>)> {
        match self {
            Self::Everything | Self::Join(_) => Vec::new(),
            Self::Scan(scan) => scan.conditions.iter().flat_map(Compiled::constants).collect(),
        }
    }
}
