//! How far running verifications are.

use livewell::verify::Progress;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};

/// How far the verifications of queries are that are running.
#[derive(Debug, Default)]
pub struct Verifications(Mutex<Vec<(String, Latest)>>);

/// What a verification has said last.
type Latest = Arc<Mutex<Option<Progress>>>;

impl Verifications {
    /// Begins to show one of this query, until what is returned is dropped.
    pub fn begin(self: &Arc<Self>, query: &str) -> Shown {
        let progress = Latest::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((query.to_owned(), progress.clone()));
        Shown { all: self.clone(), progress }
    }

    /// Returns how far each of this query is.
    pub fn of(&self, query: &str) -> Vec<Done> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = all.iter().filter(|(id, _)| id == query);
        of_it
            .map(|(_, progress)| Done::of(*progress.lock().unwrap_or_else(PoisonError::into_inner)))
            .collect()
    }
}

/// One verification that is shown.
#[derive(Debug)]
pub struct Shown {
    all: Arc<Verifications>,
    progress: Latest,
}

impl Shown {
    /// Shows how far it is.
    pub fn at(&self, progress: Progress) {
        *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(progress);
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, progress)| !Arc::ptr_eq(progress, &self.progress));
    }
}

/// How far a verification is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Verification")]
pub struct Done {
    /// `elements` while those of the sources are read, then `rows` while those of the evaluation are compared.
    #[schemars(extend("enum" = ["elements", "rows"]))]
    what: &'static str,
    /// How many of them are done.
    done: u64,
    /// About how many there are, once that is known.
    of: Option<u64>,
}

impl Done {
    fn of(progress: Option<Progress>) -> Self {
        match progress {
            Some(Progress::Read { elements, of }) => Self { what: "elements", done: elements, of: Some(of) },
            Some(Progress::Compared { rows, of }) => Self { what: "rows", done: rows, of: Some(of) },
            _ => Self { what: "elements", done: 0, of: None },
        }
    }
}
