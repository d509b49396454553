//! The first transaction of a start: where the tables are, and the checkpoints that the target holds.

use super::checkpoint::Owner;
use super::place::Places;
use super::session::Session;
use crate::aside::Asides;
use crate::{Reached, ReactionError, Start};

/// What a reaction knows of its target once it has started.
pub(super) struct Claim {
    pub owner: Owner,
    pub places: Places,
    /// The checkpoints of the target, by query.
    pub reached: Vec<Reached>,
    /// What was set aside of results that the target does not have.
    pub asides: Asides,
}

impl Claim {
    /// Finds the places of the checkpoints and of `table` (empty if there is none) and reads the checkpoints. A reaction
    /// that starts afresh has none: those in the target are deleted.
    pub fn make(session: &mut Session, start: &Start<'_>, table: &str) -> Result<Self, ReactionError> {
        let [store, reaction] = [start.store, start.reaction].map(ToOwned::to_owned);
        session.transact(1, async |transaction| {
            let (places, mut asides) = Places::find(transaction, start.detail, table).await?;
            let owner = Owner { store, reaction, table: places.checkpoint.clone() };
            owner.prepare(transaction).await?;
            if start.detail.is_none() {
                owner.forget(transaction).await?;
            }
            let reached = owner.read(transaction).await?;
            asides.forget(&reached);
            Ok(Self { owner, places, reached, asides })
        })
    }
}
