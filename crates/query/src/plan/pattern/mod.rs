//! From MATCH clauses to a match operator and the conditions that stay after it.
//!
//! Consecutive MATCH clauses are one pattern. Their conditions (inline properties, then WHERE, clause by clause)
//! are about complete rows, on which every clause is matched, and are evaluated in the order of the text; the
//! first that is not true drops the row. So an error arises exactly where a complete row reaches the condition
//! that fails, whatever the order in which the plan finds the row's elements.

mod atoms;
mod conditions;
mod trails;

use super::clauses::filter;
use super::lookups;
use super::needs::AllNeeds;
use super::planner::{Planner, Stage};
use super::schema::Schema;
use crate::expression::TypeSet;
use crate::language::Diagnostic;
use crate::language::ast::{Expr, Match as MatchClause};
use crate::operator::matching::{Atom, AtomKind, Input, Match};
use crate::operator::nested::Nesting;
use crate::operator::outer::Outer;
use crate::operator::project::{Project, Slot};
use crate::operator::scan::Needs;
use atoms::{Atoms, Path};
use conditions::Conditions;
use livewell_model::{SmolStr, Value};

/// Plans MATCH clauses that are one pattern; `needs` is what is used after them.
pub(super) fn plan(
    stage: &Stage,
    clauses: &[&MatchClause],
    needs: &AllNeeds,
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let mut atoms = Atoms::over(&stage.schema);
    let mut distinct = Vec::new();
    for clause in clauses {
        distinct.push(atoms.add(clause, planner)?);
    }
    let Atoms { width, mut atoms, binds, conditions, moved: asked, paths, .. } = atoms;
    let visible = visible(&stage.schema, &atoms, &paths);
    let Conditions { mut moved, left } = conditions::push_down(&mut atoms, conditions, &visible, planner)?;
    moved.extend(asked);
    set_needs(&mut atoms, needs, &left, &paths);

    let input = (!stage.is_start()).then(|| Input {
        width,
        key: stage.schema.key.clone(),
        binds,
        lookups: Vec::new(),
        arranged: Vec::new(),
        arranged_all: false,
    });
    let mut inputs = Vec::new();
    if input.is_some() {
        inputs.push(planner.rows(stage));
    }
    for atom in &mut atoms {
        if matches!(atom.kind, AtomKind::Trail(_)) {
            inputs.push(trails::edges(atom, &through(atom, &paths, needs, &left), planner));
        }
    }
    let (number, rows_max) = (planner.number(), planner.limits.rows);
    let mut operator = Match { number, input, atoms, lookups: Vec::new(), distinct, rows_max };
    lookups::plan(&mut operator);
    let trails: Vec<bool> =
        operator.atoms.iter().map(|atom| matches!(atom.kind, AtomKind::Trail(_))).collect();
    let node = planner.add(operator, inputs);
    let mut stage = shown(node, visible, width, &trails, &paths, planner);
    for condition in &left {
        stage = filter(stage, condition, planner)?;
    }
    Ok(stage)
}

/// Plans an OPTIONAL MATCH.
pub(super) fn plan_optional(
    stage: Stage,
    clause: &MatchClause,
    needs: &AllNeeds,
    planner: &mut Planner<'_>,
) -> Result<Stage, Diagnostic> {
    let rows = planner.rows(&stage);
    let width = stage.schema.width();
    let key = stage.schema.key.clone();
    let around = if stage.is_start() { Stage::default() } else { Stage::new(rows, stage.schema) };
    let order = around.schema.order.clone();
    let matched = plan(&around, &[clause], needs, planner)?;
    let matches = planner.rows(&matched);
    let mut schema = matched.schema;
    schema.order = order;
    schema.types[width..].iter_mut().for_each(|types| *types = types.or_null());
    let nesting = Nesting { number: planner.number(), outer: key.clone(), inner: key };
    let added = vec![Value::Null; schema.width() - width];
    Ok(Stage::new(planner.add(Outer { nesting, added }, vec![rows, matches]), schema))
}

/// What the rows of a pattern hold, once its trails and paths are shown as the query sees them.
fn visible(input: &Schema, atoms: &[Atom], paths: &[Path]) -> Schema {
    let mut schema = Schema {
        names: input.names.clone(),
        types: input.types.clone(),
        key: input.key.clone(),
        order: input.order.clone(),
        outer: input.outer.clone(),
    };
    for atom in atoms {
        let types = match atom.kind {
            AtomKind::Node { .. } => TypeSet::NODE,
            AtomKind::Relationship(_) => TypeSet::RELATIONSHIP,
            AtomKind::Trail(_) => TypeSet::LIST,
        };
        let slot = schema.push(SmolStr::new(&atom.name), types);
        schema.key.push(slot);
    }
    for path in paths {
        schema.push(path.name.clone(), TypeSet::PATH);
    }
    schema
}

/// Puts a projection over the match that makes lists of its trails, and paths.
fn shown(
    node: usize,
    visible: Schema,
    width: usize,
    trails: &[bool],
    paths: &[Path],
    planner: &mut Planner<'_>,
) -> Stage {
    if paths.is_empty() && !trails.contains(&true) {
        return Stage::new(node, visible);
    }
    let atoms = trails
        .iter()
        .enumerate()
        .map(|(at, trail)| if *trail { Slot::Relationships(width + at) } else { Slot::Keep(width + at) });
    let paths = paths.iter().map(|path| Slot::Path(path.parts.clone()));
    let slots = (0..width).map(Slot::Keep).chain(atoms).chain(paths).collect();
    let text = "the lists and paths of the pattern".to_owned();
    Stage::new(planner.add(Project { slots, text }, vec![node]), visible)
}

/// What is used of the nodes that a trail goes through: they are seen in paths alone.
fn through(trail: &Atom, paths: &[Path], needs: &AllNeeds, left: &[Expr]) -> Needs {
    let mut given = needs.clone();
    left.iter().for_each(|condition| given.uses(condition));
    let shown =
        |path: &Path| path.names.iter().any(|name| *name == *trail.name) && given.is_whole(&path.name);
    if paths.iter().any(shown) { Needs::Whole } else { Needs::nothing() }
}

/// Decides what each scan gives on: a property that only conditions inside the scan use goes no further, so that
/// changing it changes nothing while they hold.
fn set_needs(atoms: &mut [Atom], needs: &AllNeeds, left: &[Expr], paths: &[Path]) {
    let mut given = needs.clone();
    left.iter().for_each(|condition| given.uses(condition));
    for path in paths.iter().filter(|path| given.is_whole(&path.name)).collect::<Vec<_>>() {
        path.names.iter().for_each(|name| given.whole(name));
    }
    for atom in atoms {
        atom.scan.needs = given.get(&atom.name);
    }
}
