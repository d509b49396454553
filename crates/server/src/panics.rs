//! Panics: logged as one event with the place, and counted.

use std::panic;
use std::sync::atomic::{AtomicU64, Ordering};

static COUNT: AtomicU64 = AtomicU64::new(0);

/// Starts logging and counting every panic of the process.
pub fn watch() {
    panic::set_hook(Box::new(|panic| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        let thread = std::thread::current().name().unwrap_or_default().to_owned();
        // Calls are answered on the threads of the runtime.
        let code = if thread.starts_with("tokio") { "LW0542" } else { "LW0541" };
        tracing::error!(code, %place, %thread, "panicked: {message}");
    }));
}

/// Returns how many there were since the start.
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}
