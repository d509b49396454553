//! Limits on the open files of the process: each client needs one, and shells often allow far fewer than the system.

/// Files that stay free for the store, for logs, and for files that are open briefly.
const RESERVE: usize = 24;
/// Files that stay free for each component.
const RESERVE_EACH: usize = 2;
/// How many connections the store's owner has at most.
const OWNERS_MAX: usize = 64;

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
            let files = current.unwrap_or(u64::MAX);
            tracing::warn!(
                code = "LW0704",
                "at most {files} files can be open, and so many clients served: {error}"
            );
        }
    }
}

/// Returns how many of the `wanted` connections there may be, so that files stay free for the components and the store.
pub fn connections(wanted: usize, components: usize) -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
        let room = within(files.saturating_sub(owner_share(files)), components);
        if room < wanted {
            tracing::info!("{files} files can be open, so at most {room} connections are accepted");
        }
        wanted.min(room)
    }
    #[cfg(not(unix))]
    wanted
}

/// Returns how many connections of the store's owner there may be, beside the others.
pub fn owner_connections() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        owner_share(getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize))
    }
    #[cfg(not(unix))]
    OWNERS_MAX
}

/// Returns the share of the store's owner of this many files, so that clients that take all the rest do not keep the
/// owner out.
fn owner_share(files: usize) -> usize {
    (files / 16).clamp(1, OWNERS_MAX)
}

/// Returns the share of connections of this many files: at most three quarters, at least an eighth.
fn within(files: usize, components: usize) -> usize {
    let reserve = RESERVE.saturating_add(components.saturating_mul(RESERVE_EACH)).max(files / 4);
    files.saturating_sub(reserve).max(files / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_free_for_the_store_and_for_components() {
        assert_eq!(within(64, 3), 64 - 24 - 6);
        assert_eq!(within(1024, 3), 768);
        assert_eq!(within(1024, 1000), 128);
        assert_eq!(within(0, 0), 1);
        assert_eq!([64, 1024, 1 << 20].map(owner_share), [4, 64, 64]);
    }
}
