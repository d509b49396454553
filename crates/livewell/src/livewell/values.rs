//! Reading a query with `for_each` for one value.

use crate::Error;
use crate::livewell::Livewell;
use crate::read::position::Position;
use crate::read::results::Results;
use crate::read::subscribe::Subscription;
use crate::read::value::dealer::Dealer;
use crate::read::value::one::One;
use crate::read::value::values::Values;
use std::sync::Arc;

impl Livewell {
    /// Returns whether a query has a `for_each`, so that it can be read for one value.
    ///
    /// # Errors
    /// Returns [`crate::ErrorKind::NotFound`] for an unknown query, or an error if the store cannot be read.
    pub fn is_for_each(&self, query: &str) -> Result<bool, Error> {
        let component = self.shared.query(query)?;
        Ok(self.dealers.of(&self.shared, &component)?.is_some())
    }

    /// Returns the live results of a query with `for_each` for one value, as they are now: those of the query with these
    /// parameters. For a value that nothing has, that is a result too, often without rows.
    ///
    /// ```
    /// # use livewell::*;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Error> {
    /// # let livewell = Livewell::builder().store(MemoryStore::new()).build()?;
    /// # let orders = livewell.add_source(InProcess::new("orders")).await?;
    /// let text = "MATCH (o:Order) WHERE o.customer = $customer RETURN o.id AS id";
    /// let query = Query::cypher("orders-of", text).from("orders").for_each("customer", ParameterType::Text);
    /// livewell.add_query(query).await?;
    /// orders.send(Change::insert(Node::new("o1").label("Order").set("id", "o1").set("customer", "c42"))).await?;
    /// livewell.idle().await?;
    ///
    /// let own = livewell.results_for("orders-of", &Values::of([("customer", "c42")]))?;
    /// assert_eq!((own.row_count(), own.columns.as_slice()), (1, &["id".into()][..]));
    /// assert_eq!(livewell.results_for("orders-of", &Values::of([("customer", "c43")]))?.row_count(), 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::results`], and LW0544 if the values are not those that the query declares.
    pub fn results_for(&self, query: &str, values: &Values) -> Result<Results, Error> {
        let (_, one) = self.one(query, values)?;
        self.results(query)?.of(&one)
    }

    /// Subscribes to one value of a query with `for_each`: its rows, then what changes of them. With `after` it begins
    /// with what has changed after a position that the subscriber has seen, or with a reset and the rows if the outbox
    /// no longer reaches back.
    ///
    /// Any number of subscribers may listen, each to a value of its own: a result is read once, and given to those that
    /// it concerns. [`Subscription::position`] moves on without events, so that a subscriber that heard nothing for long
    /// can resume all the same.
    ///
    /// # Errors
    /// Returns the errors of [`Livewell::results_for`].
    pub async fn subscribe_for(
        &self,
        query: &str,
        values: &Values,
        after: Option<Position>,
    ) -> Result<Subscription, Error> {
        let (dealer, one) = self.one(query, values)?;
        Subscription::to_value(&dealer, self.shared.clone(), one, after)
    }

    /// Finds the dealer of a query, and the value.
    fn one(&self, query: &str, values: &Values) -> Result<(Arc<Dealer>, Arc<One>), Error> {
        let component = self.shared.query(query)?;
        let dealer = self.dealers.of(&self.shared, &component)?;
        let one = One::of(query, dealer.as_ref().map(|dealer| &dealer.for_each), values)?;
        Ok((dealer.ok_or_else(|| Error::not_found(query))?, Arc::new(one)))
    }
}
