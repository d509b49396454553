//! What the type of a handler says of its call.

use super::operation::{JSON, Operation};
use super::schemas::{Schemas, written};
use crate::api::context::Shared;
use crate::api::problem::Problem;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::{Extension, Json};
use schemars::JsonSchema;

/// A handler that takes parts `T`, as those of axum.
pub trait Described<T> {
    /// Says what the parts and the answer are.
    fn describe(operation: &mut Operation, schemas: &mut Schemas);
}

/// What a handler takes of a request.
pub trait Part {
    /// Says what it is. What has no schema says nothing.
    fn describe(_operation: &mut Operation, _schemas: &mut Schemas) {}
}

/// What a handler returns.
pub trait Answer {
    /// Says what it is. What has no schema says nothing.
    fn describe(_operation: &mut Operation, _schemas: &mut Schemas) {}
}

impl<F, Fut> Described<((),)> for F
where
    F: FnOnce() -> Fut,
    Fut: Future<Output: Answer>,
{
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        Fut::Output::describe(operation, schemas);
    }
}

macro_rules! described {
    ($($part:ident),+) => {
        impl<F, Fut, M, $($part),+> Described<(M, $($part,)+)> for F
        where
            F: FnOnce($($part),+) -> Fut,
            Fut: Future<Output: Answer>,
            $($part: Part),+
        {
            fn describe(operation: &mut Operation, schemas: &mut Schemas) {
                $($part::describe(operation, schemas);)+
                Fut::Output::describe(operation, schemas);
            }
        }
    };
}

described!(T1);
described!(T1, T2);
described!(T1, T2, T3);
described!(T1, T2, T3, T4);
described!(T1, T2, T3, T4, T5);

impl Part for State<Shared> {}
impl Part for HeaderMap {}
impl Part for Uri {}
impl Part for Body {}
impl Part for Bytes {}
impl<T> Part for Extension<T> {}
// The path itself says which parts it has.
impl<T> Part for Path<T> {}

impl<T: JsonSchema> Part for Query<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.take::<T>(schemas);
    }
}

impl<T: Part> Part for Result<T, QueryRejection> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}

impl Answer for Response {}

impl<T: JsonSchema> Answer for Json<T> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.answer(200, JSON, written::<T>(schemas));
    }
}

impl<T: Answer> Answer for Result<T, Problem> {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}

impl<T: Answer> Answer for (HeaderMap, T) {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}

impl<T: Answer, More> Answer for (Extension<More>, T) {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}

impl<T: Answer, More> Answer for (Option<Extension<More>>, T) {
    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        T::describe(operation, schemas);
    }
}
