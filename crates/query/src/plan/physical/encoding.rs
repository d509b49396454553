//! The canonical bytes of a physical plan: the identity of the state that it keeps.
//!
//! Names of variables, the layout of the text and the words of `explain` are no part of them, and neither are limits
//! that decide nothing about what is stored.

use super::{Node, Physical, PhysicalOp};
use crate::chronicle;
use crate::encoding::{Encode, encode_all};
use crate::operator::{
    aggregate, apply, filter, matching, outer, output, project, recalled, timed, union, unit, unwind, window,
};
use livewell_model::codec::Writer;

/// The version of how values and keys are written in state. To be raised with either.
/// 2: keys of integers beyond 2^53, and sums with decimals.
const VALUES: u16 = 2;

impl Encode for Physical {
    fn encode(&self, out: &mut Writer) {
        let Self { nodes, output, columns, chronicle } = self;
        encode_all!(out, &VALUES, nodes, &output::LAYOUT, output, columns, &chronicle::LAYOUT, chronicle);
    }
}

impl Encode for Node {
    fn encode(&self, out: &mut Writer) {
        let Self { op, inputs, names: _ } = self;
        encode_all!(out, op, inputs);
    }
}

impl Encode for PhysicalOp {
    fn encode(&self, out: &mut Writer) {
        let (tag, layout, operator) = self.parts();
        encode_all!(out.u8(tag), &layout);
        operator.encode(out);
    }
}

impl PhysicalOp {
    /// What tells the kinds of operators apart, the version of the operator, and what it is given.
    fn parts(&self) -> (u8, u16, &dyn Encode) {
        match self {
            Self::Unit(operator) => (0, unit::LAYOUT, operator),
            Self::Match(operator) => (1, matching::LAYOUT, operator),
            Self::Outer(operator) => (2, outer::LAYOUT, operator),
            Self::Filter(operator) => (3, filter::LAYOUT, operator),
            Self::Unwind(operator) => (4, unwind::LAYOUT, operator),
            Self::Project(operator) => (5, project::LAYOUT, operator),
            Self::Aggregate(operator) => (6, aggregate::LAYOUT, operator),
            Self::Window(operator) => (7, window::LAYOUT, operator),
            Self::Apply(operator) => (8, apply::LAYOUT, operator),
            Self::Timed(operator) => (9, timed::LAYOUT, operator),
            Self::Recalled(operator) => (10, recalled::LAYOUT, operator),
            Self::Union(operator) => (11, union::LAYOUT, operator),
        }
    }
}
