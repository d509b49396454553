//! The packages of the clients, beside the archive.

use crate::outcome::Outcome;
use livewell_services::clients::{Typescript, wheel};
use std::path::Path;

/// Makes the package of npm and the wheel in `place`, as of `time`, in seconds since 1970.
///
/// # Errors
/// Returns an error if a program that builds them is missing.
///
/// # Panics
/// If one of them cannot be built.
pub fn make(root: &Path, place: &Path, time: u64) -> Outcome<()> {
    let typescript = Typescript::copy(root).ok_or("the package of npm is made with node and npm")?;
    typescript.pack(place);
    wheel(root, place, time).ok_or("the wheel is made with python3, its venv and pip")?;
    Ok(())
}
