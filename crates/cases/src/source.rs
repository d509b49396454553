//! A source in plain memory: JSON becomes applied transactions as on the way into a store.

use super::page::Fed;
use livewell_model::{AppliedChange, AppliedTransaction, Element, ElementId};
use livewell_source::Limits;
use livewell_source::json::parse_transaction;
use std::collections::BTreeMap;

/// The present elements.
#[derive(Debug, Default)]
pub struct Source {
    elements: BTreeMap<ElementId, Element>,
    sequence: u64,
}

impl Source {
    /// Applies a transaction: each element it changes once, with both images.
    ///
    /// # Errors
    /// Returns what is wrong with its JSON, or does not fit its element.
    pub fn take_in(&mut self, fed: &Fed) -> Result<AppliedTransaction, String> {
        let transaction = parse_transaction(fed.json.as_bytes(), &fed.source, &Limits::default())
            .map_err(|error| error.to_string())?;
        let mut before: BTreeMap<ElementId, Option<Element>> = BTreeMap::new();
        for change in &transaction.changes {
            let id = change.id();
            let was = self.elements.get(id).cloned();
            match change.apply(was.as_ref()).map_err(|error| error.to_string())? {
                Some(element) => self.elements.insert(id.clone(), element),
                None => self.elements.remove(id),
            };
            before.entry(id.clone()).or_insert(was);
        }
        let images = before.into_iter().map(|(id, before)| {
            let after = self.elements.get(&id).cloned();
            AppliedChange { before, after }
        });
        let changes = images.filter(|change| change.before != change.after).collect();
        self.sequence += 1;
        Ok(AppliedTransaction {
            sequence: self.sequence,
            position: self.sequence,
            timestamp: transaction.timestamp.unwrap_or(fed.time),
            changes,
        })
    }
}
