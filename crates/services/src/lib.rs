//! Real servers for tests: each is started by the test that needs it, on a free port, and ended with it.
//!
//! * [`Postgres`]: a cluster in a temporary directory, of each version that is available, ready for logical
//!   replication;
//! * [`Mariadb`]: a server whose binary log holds rows, its data in a temporary directory;
//! * [`Kafka`]: a small imitation of a broker, or the one that `LIVEWELL_KAFKA` names, and a client to write to it;
//! * [`Nats`]: a server with JetStream, its streams in a temporary directory;
//! * [`Redis`]: a server without persistence;
//! * [`Web`]: a web server that answers as it is told;
//! * [`Browser`]: a headless browser that shows a page;
//! * [`Prometheus`]: a server that scrapes metrics, with alert rules;
//! * [`Proxy`]: a proxy before any server that cuts connections when asked;
//! * [`clients`]: the clients for TypeScript and Python, compiled and packed.
//!
//! A missing program is installed with `apt-get`, `npm` or `pip` if the test may do that. A failure here is not the outcome
//! of a test: everything panics with what to do.

mod browser;
pub mod clients;
mod kafka;
mod kafka_front;
mod mariadb;
mod nats;
mod postgres;
mod process;
mod prometheus;
mod proxy;
mod redis;
mod web;

pub use browser::Browser;
pub use kafka::Kafka;
pub use kafka_front::{Certificates, Front};
pub use mariadb::Mariadb;
pub use nats::Nats;
pub use postgres::{Options, Postgres, Session};
pub use process::{free_port, pause, valgrind};
pub use prometheus::{Prometheus, promtool};
pub use proxy::Proxy;
pub use redis::Redis;
pub use web::{Act, Request, Web};
