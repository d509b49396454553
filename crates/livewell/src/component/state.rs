//! What a component can be doing.

pub use livewell_model::ComponentKind;

/// What a component is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way to its first step.
    Starting,
    /// At work.
    Running,
    /// At work, with nothing left to do.
    CaughtUp,
    /// Held up: by another component (a full outbox, a full log), by a server that is away, or by a disk.
    Waiting,
    /// Paused by its configuration.
    Paused,
    /// Stopped on request.
    Stopped,
    /// Stopped by a failure, until a person does something.
    Error,
}

impl State {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::Starting,
        Self::Running,
        Self::CaughtUp,
        Self::Waiting,
        Self::Paused,
        Self::Stopped,
        Self::Error,
    ];

    /// The state's name in JSON and on the command line.
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
