//! Follows a stream of a NATS server with JetStream, message by message.
//!
//! [`Stream`] is the source: what one read brings carries the position to store in the commit that holds its
//! transactions. The server keeps nothing for it but a consumer that may vanish at any time: the stored position alone
//! says where reading resumes. Sequences without gap are what shows that nothing was left out, so a stream is read
//! whole, and `subject` chooses among its messages here.

mod connection;
mod position;
mod probe;
mod session;
mod stream;
mod subject;

pub use position::NatsPosition;
pub(crate) use probe::probe;
pub use stream::Stream;
