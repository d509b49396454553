//! Something that happened.

use livewell::ComponentKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the caller is called that is the user of a command; no token has a name with a colon.
const BY_USER: &str = "uid:";
/// Longer messages are cut off.
const MESSAGE_CHARS_MAX: usize = 500;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JournalEvent")]
pub struct Event {
    /// Its number, one more than that of the event before.
    pub number: u64,
    /// When, by the machine's clock.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// What it is.
    pub what: What,
    /// The component that it is about, if it is about one.
    pub component: Option<Of>,
    /// The state before, of a change of state.
    pub from: Option<String>,
    /// The state after.
    pub to: Option<String>,
    /// The code of the error, if it is one.
    pub code: Option<String>,
    /// More about it.
    pub message: Option<String>,
    /// Who made the call, of a call; `uid:` and a number is the user of a command, while nobody ran the store.
    pub caller: Option<String>,
    /// What the call did.
    pub call: Option<String>,
    /// The status of its answer.
    pub status: Option<u16>,
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The process began.
    Start,
    /// The process ended in order.
    Stop,
    /// A component has stopped, waits, or does so no longer.
    State,
    /// A call has changed something.
    Call,
    /// A consumer could not simply continue to read what it follows.
    Gap,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Of {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: String,
}

impl Of {
    /// Names a component.
    pub fn new(kind: ComponentKind, id: &str) -> Self {
        Self { kind: kind.noun().to_owned(), id: id.to_owned() }
    }
}

impl Event {
    /// Creates an event, which gets its number and its time once it is recorded.
    pub fn new(what: What) -> Self {
        Self {
            number: 0,
            time: String::new(),
            what,
            component: None,
            from: None,
            to: None,
            code: None,
            message: None,
            caller: None,
            call: None,
            status: None,
        }
    }

    /// Creates the event of what a command has done to a store that nobody runs.
    pub fn of_command(call: &str, component: Option<Of>) -> Self {
        let user = rustix::process::getuid().as_raw();
        let (caller, call) = (Some(format!("{BY_USER}{user}")), Some(call.to_owned()));
        Self { component, caller, call, ..Self::new(What::Call) }
    }

    /// Returns whether a command did this while nobody ran the store.
    pub fn is_of_command(&self) -> bool {
        self.caller.as_deref().is_some_and(|caller| caller.starts_with(BY_USER))
    }

    /// Returns the event with a message, which is cut off if it is too long.
    #[must_use]
    pub fn with(mut self, message: &str) -> Self {
        let mut short: String = message.chars().take(MESSAGE_CHARS_MAX).collect();
        if short.len() < message.len() {
            short.push_str(" ...");
        }
        self.message = Some(short);
        self
    }
}
