//! From MATCH clauses to a match operator and the conditions that stay after it.
//!
//! Consecutive MATCH clauses are one pattern. Their conditions (inline properties, then WHERE, clause by clause)
//! are about complete rows, on which every clause is matched, and are evaluated in the order of the text; the
//! first that is not true drops the row. So an error arises exactly where a complete row reaches the condition
//! that fails, whatever the order in which the plan finds the row's elements.

use super::PlanNode;
use super::build::{Schema, Source, filter};
use super::lookups;
use super::needs::AllNeeds;
use crate::expression::{Compiled, Scope, TypeSet, compile};
use crate::language::Diagnostic;
use crate::language::ast::{
    BinaryOp, Expr, ExprKind, Match as MatchClause, Name, NodePattern, Pattern, RelationshipPattern, Span,
    Way,
};
use crate::operator::matching::{Atom, AtomKind, Ends, Match};
use crate::operator::scan::{Kind, Needs, Scan};
use livewell_model::SmolStr;

/// A pattern holds at most this many elements.
const ATOMS_MAX: usize = 100;

/// Puts atoms together, element by element in the order of the text.
#[derive(Default)]
struct Atoms {
    atoms: Vec<Atom>,
    /// Inline properties and WHERE, in the order in which they are evaluated.
    conditions: Vec<Expr>,
}

/// Plans the MATCH clauses at the beginning of a query.
pub(super) fn plan(
    clauses: &[&MatchClause],
    needs: AllNeeds,
    source: &mut Source<'_>,
) -> Result<(PlanNode, Schema), Diagnostic> {
    let mut atoms = Atoms::default();
    let mut distinct = Vec::new();
    for clause in clauses {
        distinct.push(atoms.add(clause)?);
    }
    let Atoms { mut atoms, conditions } = atoms;
    let schema = Schema {
        names: atoms.iter().map(|atom| SmolStr::new(&atom.name)).collect(),
        types: atoms.iter().map(types).collect(),
        key: (0..atoms.len()).collect(),
    };
    let Conditions { moved, left } = push_down(&mut atoms, conditions, &schema, source)?;
    set_needs(&mut atoms, needs, &moved, &left);
    let lookups = lookups::plan(&mut atoms);
    let operator = Match { number: source.number(), atoms, lookups, distinct };
    let mut node = PlanNode { operator: Box::new(operator), inputs: Vec::new() };
    for condition in left {
        node = filter(node, &condition, &schema, source)?;
    }
    Ok((node, schema))
}

/// Decides what each scan gives on, and what it looks at to decide: a property that only conditions inside
/// the scan use goes no further, so that changing it changes nothing while they hold.
fn set_needs(atoms: &mut [Atom], mut given: AllNeeds, moved: &[Expr], left: &[Expr]) {
    left.iter().for_each(|condition| given.uses(condition));
    let mut tested = given.clone();
    moved.iter().for_each(|condition| tested.uses(condition));
    for atom in atoms {
        atom.scan.needs = given.get(&atom.name);
        atom.scan.tested = tested.get(&atom.name);
    }
}

impl Atoms {
    /// Adds a clause's elements and conditions; gives the slots of its relationships.
    fn add(&mut self, clause: &MatchClause) -> Result<Vec<usize>, Diagnostic> {
        let mut relationships = Vec::new();
        if clause.optional {
            return Err(Diagnostic::not_yet(clause.span, "OPTIONAL MATCH"));
        }
        for pattern in &clause.patterns {
            refuse_paths(pattern)?;
            let mut left = self.node(&pattern.nodes[0]);
            for (relationship, node) in pattern.relationships.iter().zip(&pattern.nodes[1..]) {
                self.refuse_bound(relationship)?;
                // The relationship's slot comes before its right node's, as in the text.
                let slot = self.atoms.len();
                self.relationship(relationship);
                let right = self.node(node);
                self.tie(slot, relationship.way, left, right);
                relationships.push(slot);
                left = right;
            }
        }
        if self.atoms.len() > ATOMS_MAX {
            let message = format!("a pattern of more than {ATOMS_MAX} elements");
            return Err(Diagnostic::not_supported(crate::language::code::LIMIT, clause.span, message));
        }
        self.conditions.extend(clause.condition.clone());
        Ok(relationships)
    }

    fn node(&mut self, pattern: &NodePattern) -> usize {
        let known =
            pattern.variable.as_ref().and_then(|name| self.atoms.iter().position(|a| a.name == *name.text));
        let slot = known.unwrap_or_else(|| {
            let kind = AtomKind::Node { arranged: false };
            self.push(pattern.variable.as_ref(), Kind::Nodes(Vec::new()), kind)
        });
        if let Kind::Nodes(labels) = &mut self.atoms[slot].scan.kind {
            labels.extend(pattern.labels.iter().map(|label| label.text.clone()));
        }
        self.inline(slot, &pattern.properties);
        slot
    }

    fn refuse_bound(&self, pattern: &RelationshipPattern) -> Result<(), Diagnostic> {
        match &pattern.variable {
            Some(name) if self.atoms.iter().any(|atom| *atom.name == *name.text) => {
                let what = format!("matching the relationship `{}` again in another MATCH", name.text);
                Err(Diagnostic::not_yet(name.span, &what)
                    .with_help("use the nodes at its ends, or put both patterns into one MATCH"))
            }
            _ => Ok(()),
        }
    }

    fn relationship(&mut self, pattern: &RelationshipPattern) {
        let types = pattern.types.iter().map(|kind| kind.text.clone()).collect();
        let ends = Ends { from: 0, to: 0, undirected: false, by_from: false, by_to: false };
        let slot =
            self.push(pattern.variable.as_ref(), Kind::Relationships(types), AtomKind::Relationship(ends));
        self.inline(slot, &pattern.properties);
    }

    fn tie(&mut self, slot: usize, way: Way, left: usize, right: usize) {
        if let AtomKind::Relationship(ends) = &mut self.atoms[slot].kind {
            (ends.from, ends.to) = if way == Way::Left { (right, left) } else { (left, right) };
            ends.undirected = way == Way::Either;
        }
    }

    fn push(&mut self, variable: Option<&Name>, kind: Kind, atom: AtomKind) -> usize {
        let slot = self.atoms.len();
        // A made-up name is no identifier, so no variable can collide with it.
        let name = variable.map_or_else(|| format!("#{slot}"), |name| name.text.to_string());
        let scan = Scan { kind, needs: Needs::nothing(), tested: Needs::nothing(), conditions: Vec::new() };
        self.atoms.push(Atom { name, scan, kind: atom });
        slot
    }

    fn inline(&mut self, slot: usize, properties: &[(Name, Expr)]) {
        let name = SmolStr::new(&self.atoms[slot].name);
        for (key, value) in properties {
            let span = Span { start: key.span.start, end: value.span.end };
            let at = |kind| Expr { kind, span };
            let property =
                ExprKind::Property(Box::new(at(ExprKind::Variable(name.clone()))), key.text.clone());
            self.conditions.push(at(ExprKind::Binary(
                BinaryOp::Equal,
                Box::new(at(property)),
                Box::new(value.clone()),
            )));
        }
    }
}

fn refuse_paths(pattern: &Pattern) -> Result<(), Diagnostic> {
    if let Some(path) = &pattern.path {
        return Err(Diagnostic::not_yet(path.span, "a named path"));
    }
    match pattern.relationships.iter().find(|relationship| relationship.length.is_some()) {
        Some(relationship) => Err(Diagnostic::not_yet(relationship.span, "a path of variable length")),
        None => Ok(()),
    }
}

/// The conditions of a pattern, by where they are evaluated.
struct Conditions {
    /// Inside the scan of one element.
    moved: Vec<Expr>,
    /// On complete rows.
    left: Vec<Expr>,
}

/// Moves conditions on one element alone into its scan.
///
/// Only what cannot fail moves, and only before the first condition that can: a row that a later condition
/// would drop must still reach that one and fail there, as the order of the text has it.
fn push_down(
    atoms: &mut [Atom],
    conditions: Vec<Expr>,
    schema: &Schema,
    source: &Source<'_>,
) -> Result<Conditions, Diagnostic> {
    let (mut moved, mut left) = (Vec::new(), Vec::new());
    let mut movable = true;
    for condition in conditions {
        movable &= compile(&condition, schema, source.params)?.is_infallible();
        if !movable {
            left.push(condition);
            continue;
        }
        for part in conjuncts(&condition) {
            let place = if push_one(atoms, part, source)? { &mut moved } else { &mut left };
            place.push(part.clone());
        }
    }
    Ok(Conditions { moved, left })
}

/// Whether the condition could be moved, and was.
fn push_one(atoms: &mut [Atom], condition: &Expr, source: &Source<'_>) -> Result<bool, Diagnostic> {
    let mut variables = Vec::new();
    collect_variables(condition, &mut variables);
    variables.dedup();
    let [variable] = variables.as_slice() else { return Ok(false) };
    let Some(atom) = atoms.iter_mut().find(|atom| atom.name == **variable) else {
        return Ok(false);
    };
    let one = One { variable, types: types(atom) };
    let compiled: Compiled = compile(condition, &one, source.params)?;
    if !compiled.is_infallible() {
        return Ok(false);
    }
    atom.scan.conditions.push(compiled);
    Ok(true)
}

/// A row that holds one variable.
struct One<'a> {
    variable: &'a str,
    types: TypeSet,
}

impl Scope for One<'_> {
    fn slot(&self, variable: &str) -> Option<usize> {
        (variable == self.variable).then_some(0)
    }

    fn types(&self, _variable: &str) -> TypeSet {
        self.types
    }
}

/// What an atom's slot holds: its element, never null.
fn types(atom: &Atom) -> TypeSet {
    match atom.kind {
        AtomKind::Node { .. } => TypeSet::NODE,
        AtomKind::Relationship(_) => TypeSet::RELATIONSHIP,
    }
}

fn conjuncts(condition: &Expr) -> Vec<&Expr> {
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => [conjuncts(left), conjuncts(right)].concat(),
        _ => vec![condition],
    }
}

fn collect_variables(expr: &Expr, into: &mut Vec<SmolStr>) {
    if let ExprKind::Variable(name) = &expr.kind
        && !into.contains(name)
    {
        into.push(name.clone());
    }
    expr.children().into_iter().for_each(|child| collect_variables(child, into));
}
