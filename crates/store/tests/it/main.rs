//! The store's promises, checked from outside.

mod backends;
mod backups;
mod broken;
mod by_value;
mod child;
mod conformance;
mod directories;
mod extents;
mod flipped;
mod full_disk;
mod grouped;
mod killed;
mod model;
mod overlays;
mod pages;
mod parts;
mod small_disk;
mod truncated;
