//! Log lines about a component: its id is in a field that is named after its kind.

/// Logs at `$level` about `$component`, as `tracing` does, with the field `source`, `query` or `reaction`.
macro_rules! log {
    ($level:ident, $component:expr, $($rest:tt)+) => {{
        use $crate::component::state::ComponentKind::{Query, Reaction, Source};
        let about = &$component;
        match about.kind {
            Source => tracing::$level!(source = %about.id, $($rest)+),
            Query => tracing::$level!(query = %about.id, $($rest)+),
            Reaction => tracing::$level!(reaction = %about.id, $($rest)+),
        }
    }};
}

pub(crate) use log;
