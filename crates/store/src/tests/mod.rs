//! Tests of the crate, on SQLite always and on PostgreSQL when `RENKEI_TEST_POSTGRES_URL` names a
//! server (its URL without a database) on which databases may be made.

mod again;
mod blob;
mod candidate;
mod case;
mod directory;
mod emergency;
mod face;
mod foresight;
mod gather;
mod group;
mod lane;
mod leaf;
mod leaf_group;
mod link;
mod message;
mod migrate;
mod permits;
mod plan;
mod range;
mod reach;
mod readers;
mod report;
mod review;
mod rights;
mod search;
mod staff;
mod stand;
mod start;
mod together;
mod visible;
mod wal;
mod walk;
mod world;
