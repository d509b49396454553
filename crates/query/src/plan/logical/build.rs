//! From a query's tree to its logical plan.

use super::builder::{Builder, Stage};

use super::identity::identity;
use super::nodes::{Item, Logical, LogicalOp};
use super::schema::Schema;
use super::{clauses, each, nothing, projection};
use crate::for_each::Parameter;
use crate::language::Diagnostic;
use crate::language::ast::{Query, SingleQuery, Span};
use crate::operator::output::Key;
use crate::types::TypeSet;
use livewell_model::{Map, SmolStr, Value};

/// Plans a query.
///
/// # Errors
/// A [`Diagnostic`] if it cannot be maintained exactly.
pub(crate) fn build(query: &Query, params: &Map, for_each: &[Parameter]) -> Result<Logical, Diagnostic> {
    let mut builder = Builder::new(params, for_each);
    let branches =
        query.branches.iter().map(|branch| single(branch, &mut builder)).collect::<Result<Vec<_>, _>>()?;
    let values = for_each.iter().map(|parameter| parameter.name.clone());
    let columns: Vec<SmolStr> =
        values.chain(query.branches[0].returns.items.iter().map(|item| item.name.clone())).collect();
    let types = types(&branches, columns.len());
    let (key, order) = match <[Stage; 1]>::try_from(branches) {
        Ok([only]) => (Key::Slots(only.schema.key), only.schema.order),
        Err(branches) => (union(branches, &columns, &types, query.distinct, &mut builder), Vec::new()),
    };
    let nothing = match builder.over_nothing {
        Some(aggregate) => nothing::row(&builder.nodes, aggregate, params)?,
        None => None,
    };
    let nothing = nothing.map(|row| row[for_each.len()..columns.len()].to_vec());
    let identity = identity(query, for_each);
    Ok(Logical { nodes: builder.nodes, columns, types, key, order, identity, nothing })
}

fn single(query: &SingleQuery, builder: &mut Builder<'_>) -> Result<Stage, Diagnostic> {
    let stage = clauses::plan(Stage::default(), &query.clauses, builder)?;
    builder.span = query.returns.span;
    let stage = projection::plan(stage, &query.returns, builder)?;
    let stage = each::first(stage, builder);
    builder.span = Span::default();
    Ok(stage)
}

/// What each column can hold, in any branch.
fn types(branches: &[Stage], columns: usize) -> Vec<TypeSet> {
    let of_column = |at: usize| branches.iter().map(move |branch| branch.schema.types[at]);
    (0..columns).map(|at| of_column(at).fold(TypeSet::NONE, TypeSet::or)).collect()
}

/// Puts the branches of a UNION together; returns what identifies their rows.
fn union(
    branches: Vec<Stage>,
    columns: &[SmolStr],
    types: &[TypeSet],
    distinct: bool,
    builder: &mut Builder<'_>,
) -> Key {
    let width = columns.len();
    let mut inputs = Vec::with_capacity(branches.len());
    let mut keys = Vec::with_capacity(branches.len());
    for (number, branch) in (0_i64..).zip(branches) {
        let mut items: Vec<Item> = (0..width).map(Item::Keep).collect();
        let mut schema = shown(columns, &branch.schema.types);
        if !distinct {
            items.push(Item::Constant(Value::Int(number)));
            schema.push(SmolStr::default(), TypeSet::INTEGER);
            for slot in &branch.schema.key {
                items.push(Item::Keep(*slot));
                schema.push(SmolStr::default(), branch.schema.types[*slot]);
            }
            schema.key = (width..schema.width()).collect();
            keys.push(schema.key.clone());
        }
        let input = builder.rows(&branch);
        inputs.push(builder.add(LogicalOp::Project(items), vec![input], &schema));
    }
    let schema = shown(columns, types);
    let union = builder.add(LogicalOp::Union { distinct }, inputs, &schema);
    if !distinct {
        return Key::ByBranch { number: width, slots: keys };
    }
    builder.add(LogicalOp::distinct((0..width).map(Item::Keep).collect()), vec![union], &schema);
    Key::Slots((0..width).collect())
}

/// The columns alone, all of which identify a row.
fn shown(columns: &[SmolStr], types: &[TypeSet]) -> Schema {
    let types = types[..columns.len()].to_vec();
    Schema { names: columns.to_vec(), types, key: (0..columns.len()).collect(), ..Schema::default() }
}
