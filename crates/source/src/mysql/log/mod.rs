//! The binary log: `stream` receives its `event`s; `table_map` and `rows` read the rows in them, value by value
//! (`bytes`); `group` collects what belongs together, and `statement` judges what is not a row.

mod bytes;
mod event;
mod group;
mod rows;
mod statement;
mod stream;
mod table_map;

pub(super) use group::{Ended, Groups, Step};
pub(super) use stream::{Received, Stream};
