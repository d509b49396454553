//! Removes components, and puts others in their place, in one commit.

use super::Livewell;
use super::leftover::{self, Removed};
use crate::Error;
use crate::component::Component;
use crate::component::lock::lock;
use crate::register::registrar::Registrar;
use crate::register::setup::Setup;
use crate::source::upstream;
use livewell_source::source::OtherSide;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A component that has stopped and is to be removed.
struct Leaving {
    component: Arc<Component>,
    /// The other side of a source, and what the source keeps there.
    kept: Option<(Arc<dyn OtherSide>, String)>,
}

/// What there is in a setup.
struct Coming {
    ids: BTreeSet<String>,
    /// Which of them read a component, by its id.
    readers: BTreeMap<String, Vec<String>>,
}

impl Livewell {
    /// Stops a component and removes it with all it stored, and with the slot that a source has in its database. A
    /// component of the same id that is added later is a new one. Also removes what the store holds of a component that
    /// was not added; the slot of such a source stays, and is returned.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::Invalid`] if others still follow it, or the errors of [`Livewell::stop`].
    pub async fn remove(&self, id: &str) -> Result<Removed, Error> {
        if self.shared.component(id).is_err() {
            let removed = leftover::remove(&self.shared, id)?;
            self.sweeper.bell.ring();
            return Ok(removed);
        }
        self.exchange(&[id.to_owned()], Setup::default()).await?;
        Ok(Removed::default())
    }

    /// Removes components, as [`Livewell::remove`] does, and adds others, as [`Livewell::add`] does, all in one commit:
    /// whoever is killed meanwhile has done everything of it or nothing. What is removed ends before anything that is
    /// added starts, and may be read by components that are removed with it, or are added again and no longer read it.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown id, [`crate::ErrorKind::Invalid`] if something is read that is
    /// to be removed, and the errors of [`Livewell::stop`] and of the calls that add a single component. Then nothing is
    /// removed or added; what was to be removed may have stopped.
    pub async fn exchange(&self, removed: &[String], added: Setup) -> Result<(), Error> {
        let coming = Coming::of(&added);
        self.check_unread(removed, &coming)?;
        for id in removed {
            self.stop(id).await?;
        }
        // No source takes in anything meanwhile: it would not know yet that its log is held.
        let turn = self.shared.positions.take();
        self.check_unread(removed, &coming)?;
        let leaving = removed.iter().map(|id| self.leaving(id)).collect::<Result<Vec<_>, _>>()?;
        let mut registrar = Registrar::begin(&self.shared, added.specs.clone())?;
        for Leaving { component, .. } in &leaving {
            registrar.remove(&component.id, component.number)?;
        }
        let starts = self.starts(&mut registrar, added)?;
        registrar.commit()?;
        leaving.into_iter().for_each(|leaving| self.part_with(leaving));
        self.shared.enlist(starts.iter().map(|(component, _)| component.clone()));
        drop(turn);
        self.start_all(starts)
    }

    /// Checks that what is to be removed is there, is not added at once, and is read by nothing that stays or comes.
    fn check_unread(&self, removed: &[String], coming: &Coming) -> Result<(), Error> {
        let leaving: BTreeSet<&String> = removed.iter().collect();
        for id in removed {
            let component = self.shared.component(id)?;
            if coming.ids.contains(id) {
                let message = format!("`{id}` is to be removed and added at once");
                return Err(Error::invalid("LW0503", message));
            }
            let roster = self.shared.roster();
            let followers = roster.followers(component.number).map(|follower| &follower.id);
            let stay = followers.filter(|other| !leaving.contains(other) && !coming.ids.contains(*other));
            let new = coming.readers.get(id).into_iter().flatten();
            let readers: Vec<String> = stay.chain(new).cloned().collect();
            if !readers.is_empty() {
                return Err(Error::is_read(id, &readers));
            }
        }
        Ok(())
    }

    fn leaving(&self, id: &str) -> Result<Leaving, Error> {
        let component = self.shared.component(id)?;
        let other_side = lock(&self.other_sides).get(id).cloned();
        let kept = match other_side {
            Some(other_side) => {
                upstream::kept_there(&self.shared, &component, &*other_side)?.map(|kept| (other_side, kept))
            }
            None => None,
        };
        Ok(Leaving { component, kept })
    }

    /// Forgets a component that the store no longer has, and drops what it kept elsewhere.
    fn part_with(&self, Leaving { component, kept }: Leaving) {
        let id = &component.id;
        self.shared.roster_mut().remove(id);
        self.shared.leftovers.forget(id);
        lock(&self.handles).remove(id);
        lock(&self.other_sides).remove(id);
        lock(&self.targets).remove(id);
        if let Some((other_side, kept)) = kept {
            let (store, source) = (self.shared.store_name().to_owned(), id.clone());
            std::thread::spawn(move || {
                if let Err(error) = other_side.drop_there(&store, &kept) {
                    tracing::warn!(source, code = error.code, "{error}");
                }
            });
        }
        // Components that waited for what it held.
        component.follows.iter().for_each(|feed| self.shared.bells.ring(*feed));
        self.shared.bells.forget(component.number, &component.follows, &component.bell);
        self.sweeper.bell.ring();
    }
}

impl Coming {
    fn of(setup: &Setup) -> Self {
        let queries = setup.queries.iter().map(|query| (&query.id, &query.sources));
        let reactions = setup.reactions.iter().map(|reaction| (&reaction.id, &reaction.queries));
        let mut ids: BTreeSet<String> = setup.sources.iter().map(|source| source.id().to_owned()).collect();
        let mut readers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, read) in queries.chain(reactions) {
            ids.insert(id.clone());
            for other in read {
                readers.entry(other.clone()).or_default().push(id.clone());
            }
        }
        Self { ids, readers }
    }
}
