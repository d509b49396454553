//! What the chores left in the repository is what it claims to be.

mod flights;
