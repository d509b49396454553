//! `kind: postgres`: a table that equals the live results, or a statement for each diff; exactly once, because the
//! checkpoint moves in the same transaction of the target database.

mod checkpoint;
mod claim;
mod compare;
mod execute;
mod failure;
mod kind;
mod layout;
mod login;
mod parameter;
mod place;
mod probe;
mod refusal;
mod session;
mod settings;
mod snapshot;
mod statement;
mod table;
mod text;
mod write;

pub use execute::Execute;
pub use settings::{PostgresMode, PostgresSettings};
pub use table::Table;

use crate::kind::Kind;
use crate::settings_error::{SettingsError, one_query};
use crate::shared::Shared;
use crate::{Guarantee, Reaction, ReactionError, Role};
use livewell_link::postgres::Address;
use livewell_model::probe::Probed;
use std::path::PathBuf;

impl Kind for PostgresSettings {
    fn role(&self) -> Role {
        match self.mode {
            PostgresMode::Table => Role::StateKeeper,
            PostgresMode::Execute => Role::Trigger,
        }
    }

    fn guarantee(&self) -> Guarantee {
        Guarantee::ExactlyOnce
    }

    fn probe(&self) -> Option<Result<Probed, ReactionError>> {
        Some(probe::probe(self))
    }

    fn validate(&self, queries: usize) -> Result<(), SettingsError> {
        match self.mode {
            PostgresMode::Table => one_query(queries).and_then(|()| self.check()),
            PostgresMode::Execute => self.check(),
        }
    }

    fn build(&self, shared: &Shared) -> Box<dyn Reaction> {
        match self.mode {
            PostgresMode::Table => Box::new(Table::new(self.clone()).on_refusal(shared.on_refusal)),
            PostgresMode::Execute => Box::new(Execute::new(self.clone()).on_refusal(shared.on_refusal)),
        }
    }

    fn can_refuse(&self) -> bool {
        true
    }

    fn shares_target(&self, other: &Self) -> Option<&'static str> {
        let same = !self.table.is_empty() && (&self.url, &self.table) == (&other.url, &other.table);
        same.then_some("table")
    }

    fn key(&self) -> &[String] {
        &self.key
    }

    fn reads(&self) -> Vec<PathBuf> {
        Address::parse(self.url.reveal()).map(|address| address.files()).unwrap_or_default()
    }
}
