//! Follows a stream of a NATS server with JetStream, message by message.
//!
//! [`Stream`] is pulled: what one [`Stream::read`] brings carries the position to store in the commit that holds its
//! transactions. The server keeps nothing for it but a consumer that may vanish at any time: the stored position alone
//! says where reading goes on. Sequences without gap are what shows that nothing was left out, so a stream is read
//! whole, and `subject` chooses among its messages here.

mod connection;
mod position;
mod session;
mod subject;

pub use position::NatsPosition;
pub use session::{Parked, Received, Taken};

use crate::SourceError;
use crate::settings::NatsSettings;
use session::Session;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A stream that is followed, on the thread that asks for it.
pub struct Stream {
    // Dropped before the runtime that its connection lives on.
    session: Session,
    runtime: Runtime,
}

impl Stream {
    /// Connects and goes on after a stored position; without one, at the first message that the stream still holds.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable) where the server or the stream is away;
    /// [`ErrorKind::Refused`](crate::ErrorKind::Refused) where the server does not let us in;
    /// [`ErrorKind::Changed`](crate::ErrorKind::Changed) where the messages after the position cannot be had.
    pub fn open(settings: &NatsSettings, position: Option<NatsPosition>) -> Result<Self, SourceError> {
        // A thread of its own answers the server's pings while nobody reads.
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| connection::unreachable(format!("no runtime: {error}")))?;
        let session = runtime.block_on(Session::open(settings.clone(), position))?;
        Ok(Self { session, runtime })
    }

    /// Reads what there is, up to limits; waits for the first message if there is none.
    ///
    /// # Errors
    /// As [`Stream::open`]; [`ErrorKind::Input`](crate::ErrorKind::Input) for a message that is not a change, unless
    /// such are parked. It is to be opened anew then.
    pub fn read(
        &mut self,
        messages_max: usize,
        bytes_max: usize,
        wait: Duration,
    ) -> Result<Received, SourceError> {
        self.runtime.block_on(self.session.read(messages_max, bytes_max, wait))
    }
}
