//! The canonical bytes of an expression: its structure over slots, constants and local variables, without any name.

use super::Compiled;
use super::binding::{Elements, Reduce};
use super::float;
use super::program::{Case, Program};
use crate::encoding::{Encode, encode_all};
use crate::language::ast::BinaryOp;
use livewell_model::codec::Writer;

/// The version of what expressions mean. To be raised whenever a function or an operator comes to another value for
/// the same arguments: what was stored of its values is then computed again.
const MEANING: u16 = 1;

/// The version of the [functions of floats](float) that differ between implementations, likewise.
const FLOATS: u8 = 1;

impl Encode for Compiled {
    fn encode(&self, out: &mut Writer) {
        // The types and whether it can fail follow from the program and the slots.
        let Self { program, types: _, infallible: _ } = self;
        encode_all!(out, &MEANING, &**program);
    }
}

impl Encode for Program {
    fn encode(&self, out: &mut Writer) {
        match self {
            Self::Constant(value) => encode_all!(out.u8(0), value),
            Self::Slot(slot) => encode_all!(out.u8(1), slot),
            Self::Local(up) => encode_all!(out.u8(2), up),
            Self::Property(base, key) => encode_all!(out.u8(3), base, key),
            Self::Index(base, at) => encode_all!(out.u8(4), base, at),
            Self::Slice(base, from, to) => encode_all!(out.u8(5), base, from, to),
            Self::HasLabels(base, labels) => encode_all!(out.u8(6), base, labels),
            Self::IsTyped(base, wanted, negated) => encode_all!(out.u8(7), base, wanted, negated),
            Self::List(items) => encode_all!(out.u8(8), items),
            Self::Map(entries) => encode_all!(out.u8(9), entries),
            Self::MapProjection(base, all, entries) => encode_all!(out.u8(10), base, all, entries),
            Self::Unary(operator, operand) => encode_all!(out.u8(11).u8(*operator as u8), operand),
            Self::Binary(operator, left, right) => {
                encode_all!(out.u8(12).u8(*operator as u8), left, right);
                if *operator == BinaryOp::Power {
                    out.u8(FLOATS);
                }
            }
            Self::IsNull(operand, negated) => encode_all!(out.u8(13), operand, negated),
            Self::Case(case) => encode_all!(out.u8(14), case),
            Self::Call(function, arguments) => {
                encode_all!(out.u8(15).string(function.name), arguments);
                if float::NAMES.contains(&function.name) {
                    out.u8(FLOATS);
                }
            }
            Self::Matches(text, pattern, _) => encode_all!(out.u8(16), text, pattern),
            Self::Elements(elements) => encode_all!(out.u8(17), elements),
            Self::Quantified(quantifier, elements) => {
                encode_all!(out.u8(18).u8(*quantifier as u8), elements);
            }
            Self::Reduce(reduce) => encode_all!(out.u8(19), reduce),
        }
    }
}

impl Encode for Case {
    fn encode(&self, out: &mut Writer) {
        let Self { subject, branches, otherwise } = self;
        encode_all!(out, subject, branches, otherwise);
    }
}

impl Encode for Elements {
    fn encode(&self, out: &mut Writer) {
        let Self { list, condition, result } = self;
        encode_all!(out, list, condition, result);
    }
}

impl Encode for Reduce {
    fn encode(&self, out: &mut Writer) {
        let Self { start, list, step } = self;
        encode_all!(out, start, list, step);
    }
}
