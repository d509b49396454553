//! What a match is made of: its input, the pattern elements that it joins, and how each is found from the others.

use crate::operator::Batch;
use crate::operator::scan::Scan;
use crate::state::StepError;
use livewell_model::{ElementId, Value};

/// A join of pattern elements, over the rows of an input if it has one.
#[derive(Debug)]
pub struct Match {
    /// The operator's number: the first bytes of its state's keys.
    pub number: u16,
    /// The rows that are extended, the first of the operator's inputs; `None`: one empty row.
    pub input: Option<Input>,
    /// The pattern elements in the order of the text; atom `i` fills slot `i` behind the input's slots.
    pub atoms: Vec<Atom>,
    /// For each atom: how the others are found when it changes, in order.
    pub lookups: Vec<Vec<Lookup>>,
    /// Groups of relationship slots that are pairwise distinct: one group a MATCH clause.
    pub distinct: Vec<Vec<usize>>,
    /// How many rows a step may give, and how many ways along a trail it may try.
    pub rows_max: usize,
    /// How many slots will be added to its rows, which are made with room for them.
    pub room: usize,
}

impl Match {
    /// Returns how many slots come before those of the atoms.
    pub(crate) fn width(&self) -> usize {
        self.input.as_ref().map_or(0, |input| input.width)
    }

    /// Refuses more rows than a step may give.
    pub(super) fn within_limit(&self, rows: &Batch) -> Result<(), StepError> {
        let most = self.rows_max;
        if rows.len() <= most {
            return Ok(());
        }
        let message = format!(
            "a pattern gives more than {most} rows in one step; the query's `limits.rows` allows more"
        );
        Err(StepError::Limit(message))
    }

    /// Returns the atom that fills a slot behind the input's.
    pub(super) fn atom_in(&self, slot: usize) -> &Atom {
        &self.atoms[slot - self.width()]
    }

    /// Returns the atoms whose elements are remembered in one place, in their order.
    pub(super) fn sharing(&self, place: usize) -> impl Iterator<Item = usize> {
        let atoms = self.atoms.iter().enumerate().skip(place);
        atoms.filter(move |(_, atom)| atom.place == place).map(|(at, _)| at)
    }

    /// Returns whether the relationships bound so far are pairwise distinct within each clause.
    pub(super) fn is_trail(&self, slots: &[Value], newest: usize) -> bool {
        self.distinct.iter().filter(|group| group.contains(&newest)).all(|group| {
            let others = || group.iter().filter(|slot| **slot != newest);
            relationships(&slots[newest])
                .all(|new| others().all(|slot| relationships(&slots[*slot]).all(|other| other != new)))
        })
    }
}

/// The rows that a match extends.
#[derive(Debug)]
pub struct Input {
    /// How many slots a row has.
    pub width: usize,
    /// The slots that identify a row.
    pub key: Vec<usize>,
    /// What of the pattern its slots hold.
    pub binds: Vec<Bind>,
    /// How the pattern's elements are found when a row comes or goes, in order.
    pub lookups: Vec<Lookup>,
    /// The node slots by which rows are looked up.
    pub arranged: Vec<usize>,
    /// Whether all rows are looked up together, where no element connects them with the pattern.
    pub arranged_all: bool,
}

/// An element of the pattern that an input slot holds.
#[derive(Debug, Clone, Copy)]
pub enum Bind {
    /// A node.
    Node(usize),
    /// A relationship; its ends are slots of the pattern.
    Relationship(usize, Ends),
    /// A list of relationships that lies as a trail; its ends are slots of the pattern.
    Trail(usize, Trail),
}

/// One pattern element.
#[derive(Debug)]
pub struct Atom {
    /// Which elements it may be.
    pub scan: Scan,
    /// Node or relationship, and how it hangs together with the rest.
    pub kind: AtomKind,
    /// The atom under whose number its elements are remembered: the first that takes the same elements.
    pub place: usize,
}

/// A node of the pattern, or what lies between two.
#[derive(Debug)]
pub enum AtomKind {
    /// A node; `arranged` if any other atom's change has to look it up.
    Node {
        /// Whether its elements are remembered.
        arranged: bool,
    },
    /// A relationship between the nodes in two slots.
    Relationship(Ends),
    /// A trail of relationships between the nodes in two slots. Its edges come as an input of the operator.
    Trail(Trail),
}

impl AtomKind {
    /// The ends of what lies between two nodes.
    pub fn ends(&self) -> Option<&Ends> {
        match self {
            Self::Node { .. } => None,
            Self::Relationship(ends) | Self::Trail(Trail { ends, .. }) => Some(ends),
        }
    }

    /// The ends, to change.
    pub fn ends_mut(&mut self) -> Option<&mut Ends> {
        match self {
            Self::Node { .. } => None,
            Self::Relationship(ends) | Self::Trail(Trail { ends, .. }) => Some(ends),
        }
    }
}

/// Where a relationship's ends are bound, and by which of them it is remembered.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// The slot of the node it starts at. Undirected: of the node left of it in the text.
    pub from: usize,
    /// The slot of the node it ends at. Undirected: of the node right of it.
    pub to: usize,
    /// Whether it may lie either way round.
    pub undirected: bool,
    /// Whether it is remembered by its start.
    pub by_from: bool,
    /// Whether it is remembered by its end.
    pub by_to: bool,
}

/// A relationship pattern of variable length.
#[derive(Debug, Clone, Copy)]
pub struct Trail {
    /// Its ends, and by which of them its edges are remembered.
    pub ends: Ends,
    /// At least so many relationships.
    pub min: u32,
    /// At most so many; `None`: no bound.
    pub max: Option<u32>,
    /// Where there is no bound: how many there may be. Where a trail could go on beyond, the query stops.
    pub limit: u32,
    /// Whether the text has its end left of its start, so that its value begins at its end.
    pub backwards: bool,
}

/// How the next atom is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// The node whose id a bound relationship tells.
    NodeById {
        /// The node's slot.
        node: usize,
    },
    /// All nodes this slot may be: the pattern is not connected.
    AllNodes {
        /// The node's slot.
        node: usize,
    },
    /// The relationships, or trails, that start at the bound node.
    ByFrom {
        /// The relationship's slot.
        relationship: usize,
    },
    /// The relationships, or trails, that end at the bound node.
    ByTo {
        /// The relationship's slot.
        relationship: usize,
    },
    /// The input rows that bind a node whose id is known.
    InputByNode {
        /// The node's slot.
        node: usize,
    },
    /// All input rows: nothing connects them with what is bound.
    AllInput,
}

/// The ids of the relationships in a slot: one, those of a trail, or none where it is not bound.
fn relationships(value: &Value) -> impl Iterator<Item = &ElementId> {
    let items = match value {
        Value::List(items) => items,
        value => std::slice::from_ref(value),
    };
    items.iter().filter_map(|item| match item {
        Value::Relationship(relationship) => Some(&relationship.id),
        _ => None,
    })
}
