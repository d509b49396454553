//! What the chores left in the repository is what it says it is.

mod flights;
