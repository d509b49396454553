//! Explanations on the handle: why a row is in the results of a query, why it is not, and where the rows end.

use crate::Error;
use crate::clock::{Clock, SystemClock};
use crate::component::state::State;
use crate::livewell::Livewell;
use crate::read::trial::{Asked, Trial, TriedOver};
use crate::read::value::values::Values;
use crate::read::why::{Answer, Explaining, Left, Question, Within};
use livewell_query::plan::Passed;
use std::sync::atomic::Ordering;

impl Livewell {
    /// Explains a row of a query: why it is in the results, or why it is not. Blocks until that is done.
    ///
    /// ```
    /// # use livewell::*;
    /// # use livewell::why::{Given, Question, Within};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let text = "MATCH (o:Order) WHERE o.total > 100 RETURN o.id AS id";
    /// livewell.add_query(Query::cypher("big", text).from("orders")).await?;
    /// orders.send(Change::insert(Node::new("o1").label("Order").set("id", "o1").set("total", 50))).await?;
    /// # livewell.idle().await?;
    /// let question = Question::Given(vec![Given::Column("id".into(), "o1".into())], None);
    /// let within = Within::new(256 << 20, std::time::Duration::from_secs(10));
    /// let answer = livewell.unblock(move |livewell| livewell.why("big", &question, &within)).await?;
    /// let decides = answer.steps.iter().find(|step| step.ok == Some(false)).unwrap();
    /// assert_eq!((answer.here, decides.text.as_str()), (false, "o.total > 100"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`crate::why::why`].
    pub fn why(&self, query: &str, question: &Question, within: &Within) -> Result<Answer, Error> {
        self.explaining(within).why(query, question)
    }

    /// Returns how many rows each operator of a query has put out since the query was started, in the order of the plan;
    /// `None` if it does not run.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] if there is no such query.
    pub fn passed(&self, query: &str) -> Result<Option<Vec<u64>>, Error> {
        let query = self.shared.query(query)?;
        let runs = query.state() != State::Stopped;
        Ok(query.passed.get().filter(|_| runs).map(Passed::counts))
    }

    /// Counts what is left after each step of a query; of one with `for_each`, for one value. Blocks until that is done.
    ///
    /// # Errors
    /// Returns the errors of [`crate::why::funnel`].
    pub fn funnel(&self, query: &str, values: Option<&Values>, within: &Within) -> Result<Left, Error> {
        self.explaining(within).funnel(query, values)
    }

    /// Computes the rows of a query over all that it reads, at one position; nothing is kept, and nothing else waits.
    /// Blocks until that is done.
    ///
    /// # Errors
    /// Returns an error if the query is refused, reads what is not there, or has no value over these elements; LW0544 if
    /// the values are not those that it declares; LW0529 if what it reads, or what it is compared with, is being built or
    /// is at another position; LW0540 if it needs more memory; LW0821 if it takes longer than it may; LW0543 if it was
    /// cancelled; or if the store cannot be read.
    pub fn try_over(&self, asked: &Asked, within: &Within) -> Result<TriedOver, Error> {
        let shared = self.shared.clone();
        let within = &within.clone().until(move || shared.stopping.load(Ordering::Acquire));
        let (marks, holds) = (&self.shared.marks, &self.shared.holds);
        Trial { store: &*self.shared.store, marks, holds, within }.run(asked, SystemClock.now())
    }

    fn explaining(&self, within: &Within) -> Explaining<'_> {
        let shared = self.shared.clone();
        let within = within.clone().until(move || shared.stopping.load(Ordering::Acquire));
        Explaining {
            store: &*self.shared.store,
            marks: &self.shared.marks,
            holds: Some(&self.shared.holds),
            limited: within.begin(),
        }
    }
}
