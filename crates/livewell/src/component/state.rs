//! The states of components.

pub use livewell_model::ComponentKind;

/// What a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Starting, before its first step.
    Starting,
    /// Working.
    Running,
    /// Working, with nothing left to do.
    CaughtUp,
    /// Waiting: for another component (a full outbox, a full log), for a server that is unreachable, or for a disk.
    Waiting,
    /// Paused by its configuration.
    Paused,
    /// Stopped on request.
    Stopped,
    /// Stopped by a failure, until a person does something.
    Error,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Starting,
        Self::Running,
        Self::CaughtUp,
        Self::Waiting,
        Self::Paused,
        Self::Stopped,
        Self::Error,
    ];

    /// Returns the state's name in JSON and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::CaughtUp => "caught_up",
            Self::Waiting => "waiting",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }
}
