//! A transaction that is too large for memory: its steps are made again from its messages each time.

use super::form::{Form, Known, steps};
use super::pgoutput::action;
use super::spool::Spool;
use super::step::Step;
use crate::SourceError;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The messages, with all that is needed to make the same steps of them each time.
#[derive(Debug)]
pub(super) struct Spooled {
    pub spool: Spool,
    /// The forms before the transaction.
    pub followed: BTreeMap<u32, Arc<Form>>,
    /// The forms that it announces, in their order.
    pub announced: Vec<(u32, Option<Arc<Form>>)>,
    pub parks: bool,
    /// The units that it changes.
    pub units: BTreeSet<u32>,
    /// The units with a change that does not identify its row.
    pub unclear: BTreeSet<u32>,
}

impl Spooled {
    /// Calls `each` with every step, in order.
    pub fn each(&self, mut each: impl FnMut(Step) -> Result<(), SourceError>) -> Result<(), SourceError> {
        let (mut followed, mut announced) = (self.followed.clone(), self.announced.iter());
        self.spool.replay(|message| {
            let mut made = Vec::new();
            let known = Known { followed: &followed, parks: self.parks };
            if steps(action(message, self.spool.in_parts)?, &known, &mut made, |_| {})?
                && let Some((unit, form)) = announced.next()
            {
                match form {
                    Some(form) => drop(followed.insert(*unit, form.clone())),
                    None => drop(followed.remove(unit)),
                }
            }
            made.into_iter().try_for_each(&mut each)
        })
    }
}
