//! Black-box tests: the running program on both databases, asked by HTTP and by the command line.
//!
//! One file a room, of the room's name, or a proof. `harness/` starts databases and servers and makes
//! tokens; `slip.rs` makes slips, `mail.rs` mailboxes, `leaf.rs` looks into the audit log; `tidy/` holds
//! the house rules and needs no server.

mod accept;
mod attack;
mod attack_more;
mod canary;
mod crash;
mod decode;
mod deliver;
mod disk_full;
mod harness;
mod identify;
mod leaf;
mod look;
mod mail;
mod map;
mod operation;
mod permit;
mod recall;
mod record;
mod refused_doors;
mod register;
mod route;
mod shelve;
mod slip;
mod store;
mod story_demo;
mod tidy;
mod tokens;
