//! What may happen: transactions, changes of queries, and what holds them up.

use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Changes of nodes and relationships, each a transaction, to one of two sources.
    Send(bool, Vec<Step>),
    /// The query stops, and goes on only when it has to.
    Lag(usize),
    /// The query gets its other text.
    Change(usize),
    /// So do several, at once.
    ChangeSome(u8),
    /// The query is removed, and comes again with what is there then.
    Renew(usize),
    Reset(usize),
    /// The process ends while queries are at work, and all are there again.
    End,
    /// So, and with another text of one of them.
    EndAndChange(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Insert(u8, i64),
    Update(u8, i64),
    Join(u8, u8),
    Delete(u8),
}

/// Id, and two texts with what each reads.
pub(super) const QUERIES: [(&str, [(&str, &str); 2]); 6] = [
    (
        "large",
        [
            ("MATCH (n:N) WHERE n.x > 2 RETURN n.id AS id, n.x AS x", "s"),
            ("MATCH (n:N) RETURN n.id AS id, n.x % 3 AS x", "t"),
        ],
    ),
    (
        "total",
        [
            ("MATCH (n:N) RETURN n.x AS x, count(*) AS n", "s"),
            ("MATCH (n:N) RETURN n.x % 2 AS x, sum(n.x) AS n", "s"),
        ],
    ),
    (
        "join",
        [
            ("MATCH (a:N)-[:R]->(b:N) RETURN a.id AS a, b.x AS x", "s"),
            ("MATCH (a:N)-[:R]->(b:N) WHERE a.x < b.x RETURN a.x AS x, b.id AS b", "s t"),
        ],
    ),
    (
        "both",
        [
            ("MATCH (a:N), (b:N) WHERE a.x = b.x AND id(a) <> id(b) RETURN id(a) AS a, id(b) AS b", "s t"),
            ("MATCH (n:N) WHERE n.x > 3 RETURN n.id AS id, count(*) AS n", "t"),
        ],
    ),
    (
        "over",
        [
            ("MATCH (r:large) RETURN r.x AS x, count(*) AS n", "large"),
            ("MATCH (r:large), (n:N) WHERE r.x = n.x AND r.x > 1 RETURN r.id AS id, n.id AS n", "large s"),
        ],
    ),
    (
        "over-both",
        [
            ("MATCH (r:total), (n:N) WHERE r.x = n.x RETURN r.x AS x, r.n AS n, n.id AS id", "total t"),
            ("MATCH (r:total) RETURN sum(r.n) AS n, count(*) AS rows", "total"),
        ],
    ),
];

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let step = prop_oneof![
        4 => (0..7_u8, 0..6_i64).prop_map(|(id, x)| Step::Insert(id, x)),
        3 => (0..7_u8, 0..6_i64).prop_map(|(id, x)| Step::Update(id, x)),
        2 => (0..7_u8, 0..7_u8).prop_map(|(a, b)| Step::Join(a, b)),
        1 => (0..7_u8).prop_map(Step::Delete),
    ];
    let query = || 0..QUERIES.len();
    let act = prop_oneof![
        12 => (any::<bool>(), prop::collection::vec(step, 1..8)).prop_map(|(first, steps)| Act::Send(first, steps)),
        4 => query().prop_map(Act::Lag),
        4 => query().prop_map(Act::Change),
        1 => any::<u8>().prop_map(Act::ChangeSome),
        1 => query().prop_map(Act::Renew),
        1 => query().prop_map(Act::Reset),
        2 => Just(Act::End),
        2 => query().prop_map(Act::EndAndChange),
    ];
    prop::collection::vec(act, 1..25)
}
