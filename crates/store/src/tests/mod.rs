//! Tests of the crate, on SQLite always and on PostgreSQL when `RENKEI_TEST_POSTGRES_URL` names a
//! server (its URL without a database) on which databases may be made.

mod blob;
mod case;
mod directory;
mod group;
mod lane;
mod leaf;
mod message;
mod plan;
mod rights;
mod start;
mod visible;
mod world;
