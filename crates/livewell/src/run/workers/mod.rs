//! Workers: a few threads for the turns of many tasks.
//!
//! About as many compute as there are cores. A worker whose turn takes long does not count: another one works in its
//! place, up to a limit, so that one heavy query does not hold up the rest. Who has stepped does not wait for the flush:
//! a worker with nothing else to do leads the commits of all in one group, after which each task goes on.

mod cell;
mod deadlines;
mod pool;
mod queue;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use pool::Workers;
