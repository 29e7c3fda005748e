//! The running program, its databases, its callers. Tests speak HTTP and the command line, nothing else.

mod call;
mod cluster;
pub mod database;
mod raw;
pub mod run;
mod server;
pub mod token;
pub mod world;

pub use call::{Answer, Call};
pub use cluster::Cluster;
pub use database::Database;
pub use raw::raw;
pub use run::{is_root, long, run_folder, skipped};
pub use server::{Server, Start};
pub use token::{Who, day, now_s};
pub use world::*;

/// Makes two tests of each story: one on SQLite, one on PostgreSQL, each against the server that all such
/// tests of its database share.
macro_rules! on_both {
    ($(fn $name:ident($server:ident) $body:block)+) => {$(
        fn $name($server: &'static $crate::harness::Server) $body

        mod $name {
            #[test]
            fn sqlite() {
                super::$name($crate::harness::shared($crate::harness::Database::Sqlite));
            }

            #[test]
            fn postgres() {
                super::$name($crate::harness::shared($crate::harness::Database::Postgres));
            }
        }
    )+};
}

/// The same with a server of its own for each test: `start` is a [`Start`] that the story may change.
macro_rules! alone_on_both {
    ($(fn $name:ident($start:ident) $body:block)+) => {$(
        fn $name($start: $crate::harness::Start) $body

        mod $name {
            #[test]
            fn sqlite() {
                super::$name($crate::harness::Start::on($crate::harness::Database::Sqlite));
            }

            #[test]
            fn postgres() {
                super::$name($crate::harness::Start::on($crate::harness::Database::Postgres));
            }
        }
    )+};
}

pub(crate) use {alone_on_both, on_both};
