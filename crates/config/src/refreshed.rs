//! An item whose values from outside are read again, since a secret may have been replaced.

use super::called::{Change, Judge};
use super::configuration::Config;
use super::made::Made;
use super::secret;
use super::substitute::Outside;
use livewell::ComponentKind;
use livewell_query::language::Diagnostic;
use std::sync::Arc;

impl Config {
    /// Returns the sources and reactions with references to values outside.
    pub fn referring(&self) -> Vec<(ComponentKind, String)> {
        let refers =
            |kind, id: &str| self.nodes(kind, id).is_some_and(|(node, written)| !Arc::ptr_eq(node, written));
        let referring =
            self.components().filter(|(kind, id)| *kind != ComponentKind::Query && refers(*kind, id));
        referring.map(|(kind, id)| (kind, id.to_owned())).collect()
    }

    /// Judges a source or a reaction again, with the values that its references lead to now. Returns `None` if it has no
    /// references, or if they lead to the same values.
    ///
    /// # Errors
    /// Returns what cannot be had, or what is wrong with it.
    pub fn refreshed(&self, kind: ComponentKind, id: &str) -> Result<Option<Change>, Vec<Diagnostic>> {
        let Some((node, written)) = self.nodes(kind, id).filter(|_| kind != ComponentKind::Query) else {
            return Ok(None);
        };
        if Arc::ptr_eq(node, written) {
            return Ok(None);
        }
        let allowed = self.server.as_ref().map(|server| &server.allowed_environment[..]).unwrap_or_default();
        let mut outside = Outside::of_file(&self.place.folder);
        // What a call has written may use no more than it could then.
        let is_of_file = self.node_in_file(kind, id).is_some_and(|in_file| Arc::ptr_eq(in_file, written));
        outside.called = (!is_of_file).then_some(allowed);
        let (mut again, mut problems) = ((**written).clone(), Vec::new());
        outside.fill_in(&mut again, &mut problems);
        if problems.is_empty() && again == **node {
            return Ok(None);
        }
        let judge = Judge { config: self, kind, id, is_advised: false };
        let read = if problems.is_empty() { judge.read(&again, "", &mut problems) } else { None };
        let hidden = outside.hidden.into_inner();
        let Some((settings, traits)) = read.filter(|_| problems.is_empty()) else {
            secret::hide_in(&mut problems, "", [&again]);
            hidden.hide(&mut problems);
            return Err(problems);
        };
        let made = Made { settings, node: Arc::new(again), written: written.clone(), traits };
        Ok(Some(Change { kind, id: id.to_owned(), made: Some(made), hidden }))
    }
}
