//! What came in, on the handle: the latest transactions of a source, and what is known of one element.

use super::Livewell;
use crate::Error;
use crate::component::Component;
use crate::component::state::ComponentKind;
use crate::component::unknown::unknown;
use crate::read::trace::{self, Trace};
use crate::read::transactions::{self, Page};
use std::sync::Arc;

impl Livewell {
    /// Returns the latest transactions of a source before the position `before`, the latest first, at most `limit` of
    /// the last 100; and the results of these `queries` that they caused. Blocks.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for a source that was not added, or an error if the store cannot be read.
    pub fn transactions(
        &self,
        source: &str,
        before: Option<u64>,
        limit: usize,
        queries: &[String],
    ) -> Result<Page, Error> {
        let source = self.followed(source)?;
        let of = (source.number, &source.lately);
        transactions::page(&*self.shared.store, of, before, limit, queries)
    }

    /// Returns what touched an element last, and which of these `queries` look at it; `None` if the source does not have
    /// it. Blocks, until `is_over` returns true.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for a source that was not added, [`crate::ErrorKind::Unavailable`] if it was
    /// over, or an error if the store cannot be read.
    pub fn trace(
        &self,
        source: &str,
        element: &str,
        queries: &[String],
        is_over: &dyn Fn() -> bool,
    ) -> Result<Option<Trace>, Error> {
        let of = self.followed(source)?;
        trace::trace(&*self.shared.store, (source, &of.lately), element, queries, is_over)
    }

    fn followed(&self, source: &str) -> Result<Arc<Component>, Error> {
        let roster = self.shared.roster();
        let found = roster.get(source).filter(|one| one.kind == ComponentKind::Source).cloned();
        found.ok_or_else(|| {
            let all = roster.all().filter(|one| one.kind == ComponentKind::Source);
            unknown("source", source, &all.map(|one| one.id.as_str()).collect::<Vec<_>>())
        })
    }
}
