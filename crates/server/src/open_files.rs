//! How many files the process may have open: each client is one, and shells allow few where the system allows many.

/// Raises the limit as far as the system lets this process.
pub fn allow_many() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        if current == maximum {
            return;
        }
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
            tracing::warn!("at most {current:?} files can be open, and so many clients served: {error}");
        }
    }
}
