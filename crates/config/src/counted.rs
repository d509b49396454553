//! What tests count: how many items were read, and how many queries compiled.

use std::cell::Cell;

thread_local! {
    static COUNTS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Counts an item that is read.
pub fn item() {
    COUNTS.with(|counts| counts.set((counts.get().0 + 1, counts.get().1)));
}

/// Counts a query that is compiled.
pub fn compilation() {
    COUNTS.with(|counts| counts.set((counts.get().0, counts.get().1 + 1)));
}

/// What `done` reads and compiles.
pub fn counted<T>(done: impl FnOnce() -> T) -> ((usize, usize), T) {
    COUNTS.with(|counts| counts.set((0, 0)));
    let result = done();
    (COUNTS.with(Cell::get), result)
}
