//! What a consumer does when it cannot simply read on in a feed.

use crate::Error;
use livewell_store::Resume;

/// Why a consumer cannot simply go on, and what to do about it.
pub(crate) fn broken(id: &str, upstream: &str, resume: &Resume, policy: &str) -> Error {
    let what = match resume {
        Resume::Gap { low } => {
            format!(
                "`{upstream}` no longer holds what comes next for `{id}`; the oldest result it holds is {low}"
            )
        }
        Resume::Ahead => format!("`{id}` has seen more of `{upstream}` than is there: it was rolled back"),
        Resume::OtherEpoch => {
            format!(
                "`{upstream}` has another history than the one `{id}` followed: it was wiped, or restored from a backup"
            )
        }
        Resume::Changed { .. } | Resume::Follow => format!("`{upstream}` has changed under `{id}`"),
    };
    let code = match resume {
        Resume::Gap { .. } => "LW0530",
        Resume::Ahead => "LW0531",
        _ => "LW0532",
    };
    let way_out = if policy == "auto_skip_gap" {
        format!(
            "`livewell reset {id}` continues with the next result and leaves out all before it; with `recovery: {policy}` \
             it continues by itself with the oldest result that is there"
        )
    } else {
        format!(
            "`livewell reset {id}` continues from what is true now, and `recovery: {policy}` does so by itself"
        )
    };
    Error::stopped(code, format!("{what}; {way_out}"))
}
