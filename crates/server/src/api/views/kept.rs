//! The views that are kept: few, bounded in memory, and gone once nobody has used them for a while.

use crate::api::problem::Problem;
use livewell::view::View;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many views are kept.
pub const VIEWS_MAX: usize = 16;
/// How long a view is kept that nobody uses.
pub const UNUSED_MAX: Duration = Duration::from_secs(300);
/// How long a view is safe from making room for another.
const SAFE: Duration = Duration::from_secs(30);

/// The views by their ids.
#[derive(Default)]
pub struct Views {
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    view: Arc<View>,
    /// The hash of the values that it is of; 0 for those of all.
    of: u64,
    used: Instant,
}

impl Views {
    /// Keeps a view, of values with this hash, under an id that nobody can guess. All together hold at most `bytes_max`.
    ///
    /// # Errors
    /// Returns 503 if there is no room, and none that was unused for a while to make some.
    pub fn keep(&self, view: Arc<View>, of: u64, bytes_max: usize, now: Instant) -> Result<String, Problem> {
        let id = new_id()?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept, now);
        while kept.len() >= VIEWS_MAX || held(&kept) + view.bytes() > bytes_max {
            make_room(&mut kept, now)?;
        }
        kept.insert(id.clone(), Kept { view, of, used: now });
        Ok(id)
    }

    /// Returns the view of a query and of values with this hash, which is used with that.
    ///
    /// # Errors
    /// Returns 410 if it is not, or no longer, kept.
    pub fn get(&self, id: &str, query: &str, of: u64, now: Instant) -> Result<Arc<View>, Problem> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        forget_old(&mut kept, now);
        let found = kept.get_mut(id).filter(|kept| kept.of == of && kept.view.query_id == query);
        let found = found.ok_or_else(|| gone(query))?;
        found.used = now;
        Ok(found.view.clone())
    }

    /// Forgets a view.
    ///
    /// # Errors
    /// Returns the errors of [`Views::get`].
    pub fn forget(&self, id: &str, query: &str, of: u64, now: Instant) -> Result<(), Problem> {
        self.get(id, query, of, now)?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(())
    }

    /// Forgets views that nobody has used for a while.
    pub fn sweep(&self) {
        forget_old(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
    }
}

/// The problem of a view that is not kept.
pub fn gone(query: &str) -> Problem {
    let message = format!(
        "there is no such view of `{query}`: one that nobody uses for {} minutes goes, and so does the one unused for \
         longest if there are more than {VIEWS_MAX}; make it again",
        UNUSED_MAX.as_secs() / 60
    );
    Problem::new(410, "LW0862", message)
}

fn forget_old(kept: &mut HashMap<String, Kept>, now: Instant) {
    kept.retain(|_, kept| now.saturating_duration_since(kept.used) < UNUSED_MAX);
}

fn held(kept: &HashMap<String, Kept>) -> usize {
    kept.values().map(|kept| kept.view.bytes()).sum()
}

/// Forgets the view that was unused for longest, if that was for a while.
fn make_room(kept: &mut HashMap<String, Kept>, now: Instant) -> Result<(), Problem> {
    let is_unused = |kept: &Kept| now.saturating_duration_since(kept.used) >= SAFE;
    let oldest = kept.iter().min_by_key(|(_, kept)| kept.used).filter(|(_, kept)| is_unused(kept));
    let Some(id) = oldest.map(|(id, _)| id.clone()) else {
        let message = format!(
            "{} views are in use, as many as there is room for on this server; try again",
            kept.len()
        );
        return Err(Problem::new(503, "LW0863", message).retry_after(5));
    };
    kept.remove(&id);
    Ok(())
}

fn new_id() -> Result<String, Problem> {
    let id = getrandom::u64().map_err(|error| Problem::new(500, "LW0300", error.to_string()))?;
    Ok(format!("{id:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use livewell::view::{Asked, Bounds};
    use livewell::{Change, InProcess, Livewell, MemoryStore, Node, Query};

    async fn view() -> Arc<View> {
        let livewell = Livewell::builder().store(MemoryStore::new()).build().unwrap();
        let orders = livewell.add_source(InProcess::new("orders")).await.unwrap();
        livewell.add_query(Query::cypher("all", "MATCH (o) RETURN o.id AS id").from("orders")).await.unwrap();
        orders.send(Change::insert(Node::new("o1").set("id", "o1"))).await.unwrap();
        livewell.idle().await.unwrap();
        let bounds = Bounds { bytes: 1 << 20, time: Duration::from_secs(60) };
        Arc::new(livewell.results("all").unwrap().view(&Asked::default(), bounds, || false).unwrap())
    }

    fn code<T>(of: Result<T, Problem>) -> String {
        of.err().map(|problem| problem.on_one_line()).unwrap_or_default()
    }

    #[tokio::test]
    async fn a_view_goes_once_nobody_has_used_it_for_a_while() {
        let (views, view, begin) = (Views::default(), view().await, Instant::now());
        let id = views.keep(view, 0, 1 << 20, begin).unwrap();
        let almost = begin + UNUSED_MAX - Duration::from_secs(1);
        assert!(views.get(&id, "all", 0, almost).is_ok());
        assert!(
            views.get(&id, "all", 0, almost + UNUSED_MAX - Duration::from_secs(1)).is_ok(),
            "it was used"
        );
        assert!(code(views.get(&id, "all", 0, almost + 3 * UNUSED_MAX)).contains("LW0862"));
    }

    #[tokio::test]
    async fn a_view_is_only_found_for_its_own_query_and_values() {
        let (views, view, now) = (Views::default(), view().await, Instant::now());
        let id = views.keep(view, 7, 1 << 20, now).unwrap();
        for (query, of) in [("all", 0), ("all", 8), ("other", 7)] {
            assert!(code(views.get(&id, query, of, now)).contains("LW0862"), "{query} {of}");
            assert!(code(views.forget(&id, query, of, now)).contains("LW0862"), "{query} {of}");
        }
        assert!(views.forget(&id, "all", 7, now).is_ok());
        assert!(code(views.get(&id, "all", 7, now)).contains("LW0862"));
    }

    #[tokio::test]
    async fn only_a_view_that_is_unused_makes_room() {
        let (views, view, begin) = (Views::default(), view().await, Instant::now());
        let keep = |at: Instant| views.keep(view.clone(), 0, 1 << 20, at);
        let ids: Vec<String> = (0..VIEWS_MAX).map(|_| keep(begin).unwrap()).collect();
        assert!(code(keep(begin)).contains("LW0863"));
        let later = begin + SAFE;
        for id in &ids[1..] {
            views.get(id, "all", 0, later).unwrap();
        }
        keep(later).unwrap();
        assert!(
            code(views.get(&ids[0], "all", 0, later)).contains("LW0862"),
            "it was the one unused for longest"
        );
        assert!(code(keep(later)).contains("LW0863"));
        // The bytes of all are bounded, too.
        let views = Views::default();
        views.keep(view.clone(), 0, view.bytes(), begin).unwrap();
        assert!(code(views.keep(view.clone(), 0, view.bytes(), begin)).contains("LW0863"));
    }
}
