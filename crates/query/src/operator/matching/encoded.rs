//! The canonical bytes of a match.

use super::parts::{Atom, AtomKind, Bind, Ends, Input, Lookup, Match, Trail};
use crate::encoding::{Encode, encode_all};
use livewell_model::codec::Writer;

impl Encode for Match {
    fn encode(&self, out: &mut Writer) {
        // How many rows a step may give decides nothing about them, nor where they lie.
        let Self { number, input, atoms, lookups, distinct, rows_max: _, room: _ } = self;
        encode_all!(out, number, input, atoms, lookups, distinct);
    }
}

impl Encode for Input {
    fn encode(&self, out: &mut Writer) {
        let Self { width, key, binds, lookups, arranged, arranged_all } = self;
        encode_all!(out, width, key, binds, lookups, arranged, arranged_all);
    }
}

impl Encode for Bind {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Node(slot) => encode_all!(out.u8(0), slot),
            Self::Relationship(slot, ends) => encode_all!(out.u8(1), slot, ends),
            Self::Trail(slot, trail) => encode_all!(out.u8(2), slot, trail),
        }
    }
}

impl Encode for Atom {
    fn encode(&self, out: &mut Writer) {
        let Self { scan, kind, place } = self;
        encode_all!(out, scan, kind, place);
    }
}

impl Encode for AtomKind {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Node { arranged } => encode_all!(out.u8(0), arranged),
            Self::Relationship(ends) => encode_all!(out.u8(1), ends),
            Self::Trail(trail) => encode_all!(out.u8(2), trail),
        }
    }
}

impl Encode for Ends {
    fn encode(&self, out: &mut Writer) {
        let Self { from, to, undirected, by_from, by_to } = self;
        encode_all!(out, from, to, undirected, by_from, by_to);
    }
}

impl Encode for Trail {
    fn encode(&self, out: &mut Writer) {
        // A trail beyond the limit stops the query, so the limit decides nothing about what is stored.
        let Self { ends, min, max, limit: _, backwards } = self;
        encode_all!(out, ends, min, max, backwards);
    }
}

impl Encode for Lookup {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::NodeById { node } => encode_all!(out.u8(0), node),
            Self::AllNodes { node } => encode_all!(out.u8(1), node),
            Self::ByFrom { relationship } => encode_all!(out.u8(2), relationship),
            Self::ByTo { relationship } => encode_all!(out.u8(3), relationship),
            Self::InputByNode { node } => encode_all!(out.u8(4), node),
            Self::AllInput => {
                out.u8(5);
            }
        }
    }
}
