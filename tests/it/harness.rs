//! The running program, its databases, its callers. Tests speak HTTP and the command line, nothing else.

mod call;
mod cluster;
pub mod database;
pub mod run;
mod server;
pub mod token;
pub mod world;

pub use call::{Answer, Call};
pub use cluster::Cluster;
pub use database::Database;
pub use run::{is_root, long, run_folder};
pub use server::{Server, Start};
pub use token::{Who, now_s};
pub use world::*;

/// Makes two tests of each function: one on SQLite, one on PostgreSQL, each against the server that all
/// such tests of its database share.
macro_rules! on_both {
    ($($(#[$meta:meta])* fn $name:ident($server:ident) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports, clippy::allow_attributes, reason = "not every story needs every name")]
                use super::*;

                fn story($server: &'static $crate::harness::Server) $body

                #[test]
                fn sqlite() {
                    story($crate::harness::shared($crate::harness::Database::Sqlite));
                }

                #[test]
                fn postgres() {
                    story($crate::harness::shared($crate::harness::Database::Postgres));
                }
            }
        )+
    };
}

/// The same with a fresh server for each test: `start` is a [`Start`] that the story may change.
macro_rules! alone_on_both {
    ($($(#[$meta:meta])* fn $name:ident($start:ident) $body:block)+) => {
        $(
            $(#[$meta])*
            mod $name {
                #[allow(unused_imports, clippy::allow_attributes, reason = "not every story needs every name")]
                use super::*;

                fn story($start: $crate::harness::Start) $body

                #[test]
                fn sqlite() {
                    story($crate::harness::Start::on($crate::harness::Database::Sqlite));
                }

                #[test]
                fn postgres() {
                    story($crate::harness::Start::on($crate::harness::Database::Postgres));
                }
            }
        )+
    };
}

pub(crate) use {alone_on_both, on_both};
