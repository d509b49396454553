//! The parameters of a call to a query: its own, such as `limit`, and the values that a query with `for_each` is read
//! for, by the names of its parameters.

use super::context::Api;
use super::parameters::{Given, decoded, named, pairs, refused};
use super::problem::Problem;
use axum::extract::Query;
use axum::http::Uri;
use livewell::{Results, Subscription, Values};
use serde::de::DeserializeOwned;

/// Splits the parameters of a call to `query` into its `own` and values. What is neither is refused as if all were its
/// own, unless the query takes values: then the message says which.
///
/// # Errors
/// Returns 400 for a parameter that cannot be read, is given twice or is unknown.
pub fn split<T: DeserializeOwned>(
    api: &Api,
    query: &str,
    uri: &Uri,
    own: &[&str],
) -> Result<(T, Given), Problem> {
    let (mut kept, mut given) = (Vec::new(), Vec::new());
    for pair in pairs(uri) {
        let (name, value) = named(pair)?;
        if own.contains(&name.as_str()) {
            kept.push(pair);
        } else {
            given.push((name, decoded(value)?));
        }
    }
    let takes_values = || api.livewell.is_for_each(query);
    let own = if given.is_empty() || takes_values()? {
        kept.join("&")
    } else {
        uri.query().unwrap_or_default().to_owned()
    };
    let uri: Uri = format!("/?{own}").parse().map_err(|_| refused("the address cannot be read"))?;
    let Query(own) = Query::try_from_uri(&uri).map_err(|rejection| refused(rejection.body_text()))?;
    Ok((own, Given(given)))
}

impl Given {
    /// Returns the values; `None` if the call is about all of them.
    pub fn values(&self) -> Option<Values> {
        (!self.0.is_empty()).then(|| Values::of_text(self.0.iter().cloned()))
    }

    /// Returns the current results of these values, or of all.
    ///
    /// # Errors
    /// Returns the errors of [`livewell::Livewell::results_for`].
    pub fn results(&self, api: &Api, query: &str) -> Result<Results, livewell::Error> {
        match self.values() {
            Some(values) => api.livewell.results_for(query, &values),
            None => api.livewell.results(query),
        }
    }

    /// Subscribes to these values, or to all.
    ///
    /// # Errors
    /// Returns the errors of [`livewell::Livewell::subscribe_for`].
    pub async fn subscribe(
        &self,
        api: &Api,
        query: &str,
        after: Option<livewell::Position>,
    ) -> Result<Subscription, livewell::Error> {
        match (self.values(), after) {
            (Some(values), after) => api.livewell.subscribe_for(query, &values, after).await,
            (None, Some(after)) => api.livewell.subscribe_after(query, after).await,
            (None, None) => api.livewell.subscribe(query).await,
        }
    }
}
