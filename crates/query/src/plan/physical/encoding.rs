//! The canonical bytes of a physical plan: the identity of the state that it keeps.
//!
//! They leave out the names of variables, the layout of the text, the words of `explain`, and limits that do not
//! affect what is stored.

use super::nodes::{Node, Physical, PhysicalOp};
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
        let Self { op, inputs, names: _, span: _ } = self;
        encode_all!(out, op, inputs);
    }
}

impl Encode for PhysicalOp {
    fn encode(&self, out: &mut Writer) {
        let (_, layout, _) = self.parts();
        self.encode_as(layout, out);
    }
}

impl PhysicalOp {
    fn encode_as(&self, layout: u16, out: &mut Writer) {
        let (tag, _, operator) = self.parts();
        encode_all!(out.u8(tag), &layout);
        operator.encode(out);
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::parse;
    use crate::plan::Plan;
    use crate::settings::Settings;
    use livewell_model::Map;
    use std::collections::BTreeSet;

    const EVERY_OPERATOR: &str = "MATCH (a:A)-[r:R*1..3]->(b) OPTIONAL MATCH (b)--(c)
        CALL (a) { RETURN 1 AS one UNION RETURN 2 AS one }
        UNWIND [1, 2] AS x WITH a, x, one, EXISTS { (a)--() } AS e ORDER BY x LIMIT 3 WHERE x > 1
        WITH a, e, livewell.trueFor(a.x, duration('PT1H')) AS t, livewell.changeDateTime(a) AS at
        RETURN count(*) AS n, e, t, at UNION ALL RETURN 1 AS n, 2 AS e, 3 AS t, 4 AS at";

    fn bytes(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut out = Writer::new();
        write(&mut out);
        out.bytes
    }

    #[test]
    fn each_operator_of_another_version_is_another_one() {
        let query = parse(EVERY_OPERATOR).expect("a query");
        let plan = Plan::build(&query, &Map::new(), &Settings::default()).expect("a plan");
        let mut tags = BTreeSet::new();
        for Node { op, .. } in &plan.physical().nodes {
            let (tag, layout, _) = op.parts();
            tags.insert(tag);
            assert_eq!(bytes(|out| op.encode(out)), bytes(|out| op.encode_as(layout, out)));
            assert_ne!(bytes(|out| op.encode(out)), bytes(|out| op.encode_as(layout + 1, out)), "{op:?}");
        }
        assert_eq!(tags, (0..=11).collect());
    }
}
