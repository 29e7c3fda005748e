//! Black-box tests: the running program on both databases, asked by HTTP and by the command line.
//!
//! One file a room or a proof. `harness/` starts databases and servers and makes tokens; `slip.rs` makes
//! slips; `tidy/` holds the house rules and needs no server.

mod audit;
mod bad_input;
mod canary;
mod crash;
mod disk_full;
mod fhir_rest;
mod harness;
mod identity;
mod intake;
mod limits;
mod mapping;
mod operation;
mod refused_doors;
mod routing;
mod slip;
mod story_demo;
mod tidy;
mod tokens;
