//! The first transaction of a start: where the tables are, and the checkpoints that the target holds.

use super::checkpoint::Owner;
use super::place::Places;
use super::session::Session;
use crate::{Reached, ReactionError, Start};

/// What a reaction knows of its target once it has started.
pub(super) struct Claim {
    pub owner: Owner,
    pub places: Places,
    /// The checkpoints of the target, by query.
    pub reached: Vec<Reached>,
}

impl Claim {
    /// Finds the places of the checkpoints and of `table` (empty if there is none) and reads the checkpoints. A reaction
    /// that starts afresh has none: those in the target are deleted.
    pub fn make(session: &mut Session, start: &Start<'_>, table: &str) -> Result<Self, ReactionError> {
        let [store, reaction] = [start.store, start.reaction].map(ToOwned::to_owned);
        session.transact(1, async |transaction| {
            let places = Places::find(transaction, start.detail, table).await?;
            let owner = Owner { store, reaction, table: places.checkpoint.clone() };
            owner.prepare(transaction).await?;
            if start.detail.is_none() {
                owner.forget(transaction).await?;
            }
            let reached = owner.read(transaction).await?;
            Ok(Self { owner, places, reached })
        })
    }
}
