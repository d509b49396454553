//! Turns the messages of a transaction into steps, by the forms that the stream has announced.

use super::assemble::Finished;
use super::catalog::facts::UnitFacts;
use super::catalog::shapes;
use super::catalog::watch::Watch;
use super::copy::Copy;
use super::form::{Form, Known, steps};
use super::pgoutput::{Action, Relation, action};
use super::position::Lsn;
use super::rows::{MappedColumn, RowMap, Shape};
use super::spool::Spool;
use super::spooled::Spooled;
use super::step::{Step, What};
use super::upstream::{Steps, Upstream};
use super::value::{Types, kind};
use crate::error::code;
use crate::settings::{OnError, PostgresSettings};
use crate::{ErrorKind, SourceError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The steps of a transaction of more bytes than these are not kept in memory.
const LISTED_MAX: u64 = 4 << 20;

/// A unit, and the form that its rows have from then on; `None`: they are ignored.
type Announced = (u32, Option<Arc<Form>>);

/// The forms of the tables' rows, as the stream announced them last.
#[derive(Debug, Default)]
pub(super) struct Forms {
    followed: BTreeMap<u32, Arc<Form>>,
    /// What was announced about tables that were not followed at that time.
    passed_over: BTreeMap<u32, Relation>,
    /// The types that columns have or had.
    types: Types,
    /// Units whose stored rows are outdated: changes came that could not be interpreted.
    pub missed: BTreeSet<u32>,
}

/// What is needed to make forms.
pub(super) struct Context<'a> {
    pub watch: &'a Watch,
    pub settings: &'a PostgresSettings,
    /// The roots of units that are gone from the catalogs and not yet from the stream.
    pub gone: &'a BTreeMap<u32, u32>,
    /// Units that have stored rows.
    pub stored: &'a BTreeMap<u32, UnitFacts>,
    /// The copy in progress, whose units have staged rows.
    pub copy: Option<&'a Copy>,
}

impl Context<'_> {
    fn parks(&self) -> bool {
        self.settings.on_error == OnError::Park
    }

    fn has_rows(&self, unit: u32) -> bool {
        self.stored.contains_key(&unit) || self.copy.is_some_and(|copy| copy.has(unit))
    }

    fn shape(&self, oid: u32) -> Option<&Arc<Shape>> {
        let gone = || self.watch.shapes.get(self.gone.get(&oid)?);
        self.watch.shape(oid).or_else(gone)
    }
}

impl Forms {
    /// Records the current types; types that columns had before stay known.
    pub fn learn(&mut self, types: &Types) {
        self.types.extend(types.iter().map(|(oid, facts)| (*oid, facts.clone())));
    }

    /// Follows the tables that could not be followed when their form was announced, and can be now: the server announces
    /// a form once.
    pub fn follow_late(&mut self, context: &Context<'_>) {
        let is_followed = |oid: &&u32| context.shape(**oid).is_some();
        let late: Vec<u32> = self.passed_over.keys().filter(is_followed).copied().collect();
        for relation in late.iter().filter_map(|oid| self.passed_over.remove(oid)).collect::<Vec<_>>() {
            self.relation(&relation, context);
        }
    }

    /// Returns what a transaction did to the rows that are followed.
    ///
    /// # Errors
    /// Returns an error if a value cannot be represented exactly, unless such rows are set aside, or if the transaction
    /// is beyond the limit.
    pub fn replay(&mut self, finished: Finished, context: &Context<'_>) -> Result<Upstream, SourceError> {
        let Finished { xid, spool, committed } = finished;
        let steps = if spool.length() > LISTED_MAX {
            Steps::Spooled(Box::new(self.survey(spool, context)?))
        } else {
            let mut steps = Vec::new();
            self.go_through(&spool, context, |made| steps.append(made))?;
            Steps::Listed(steps)
        };
        let transaction = context.watch.last.seen.widen(xid);
        Ok(Upstream { transaction, end: Lsn(committed.end), timestamp: committed.timestamp, steps })
    }

    /// Scans a large transaction, so that it can be replayed later with the forms of now.
    fn survey(&mut self, spool: Spool, context: &Context<'_>) -> Result<Spooled, SourceError> {
        let followed = self.followed.clone();
        let (mut units, mut unclear) = (BTreeSet::new(), BTreeSet::new());
        let announced = self.go_through(&spool, context, |made| {
            for step in made.drain(..) {
                units.insert(step.unit);
                if matches!(step.what, What::Unclear) {
                    unclear.insert(step.unit);
                }
            }
        })?;
        Ok(Spooled { spool, followed, announced, parks: context.parks(), units, unclear })
    }

    /// Makes the steps of each message, and passes them to `take`. Returns the forms that were announced.
    fn go_through(
        &mut self,
        spool: &Spool,
        context: &Context<'_>,
        mut take: impl FnMut(&mut Vec<Step>),
    ) -> Result<Vec<Announced>, SourceError> {
        let (mut made, mut announced) = (Vec::new(), Vec::new());
        let (mut count, max) = (0, context.settings.limits.changes_max);
        spool.replay(|message| {
            let action = action(message, spool.in_parts)?;
            if let Action::Relation(relation) = &action {
                announced.push(self.relation(relation, context));
                return Ok(());
            }
            let known = Known { followed: &self.followed, parks: context.parks() };
            steps(action, &known, &mut made, |unit| {
                // A change that cannot be interpreted.
                if context.has_rows(unit) && !context.gone.contains_key(&unit) {
                    self.missed.insert(unit);
                }
            })?;
            count += made.len();
            if count > max {
                let table = made.last().map(|step| step.shape.name.clone()).unwrap_or_default();
                return Err(too_large(max, &table));
            }
            take(&mut made);
            Ok(())
        })?;
        Ok(announced)
    }

    fn relation(&mut self, relation: &Relation, context: &Context<'_>) -> Announced {
        let Some(shape) = context.shape(relation.oid).cloned() else {
            self.followed.remove(&relation.oid);
            self.passed_over.insert(relation.oid, relation.clone());
            return (relation.oid, None);
        };
        self.passed_over.remove(&relation.oid);
        let identifies =
            |name: &String| relation.columns.iter().any(|column| column.identifies && column.name == *name);
        let infinity = shapes::instead(context.settings);
        let columns = relation.columns.iter().map(|column| MappedColumn {
            name: column.name.as_str().into(),
            kind: shape.kind(&column.name, kind(&self.types, column.kind, column.modifier, infinity)),
        });
        let map = RowMap::new(&shape, columns.collect()).ok();
        let map = map.filter(|_| shape.key.iter().all(identifies));
        let form = Arc::new(Form { shape, map });
        self.followed.insert(relation.oid, form.clone());
        (relation.oid, Some(form))
    }
}

fn too_large(max: usize, table: &str) -> SourceError {
    let text = format!(
        "a transaction has more than {max} row changes, the last of them in `{table}`; allow more of them \
         (`limits: {{ changes_max: ... }}` of this source)"
    );
    SourceError::new(ErrorKind::Input, code::LIMIT, text)
}
