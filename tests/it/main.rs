//! Black-box tests: the running program on both databases, asked by HTTP and by the command line.
//!
//! One file a room, of the room's name, or a proof. `harness/` starts databases and servers and makes
//! tokens; `slip.rs` makes slips, `mail.rs` mailboxes, `leaf.rs` looks into the audit log, `wire.rs` and `frame.rs` hold
//! connections in a test's hand, of HTTP and of MLLP; `tidy/` holds the house rules and needs no server.

mod accept;
mod admission;
mod attack;
mod attack_more;
mod attack_people;
mod batch;
mod canary;
mod canary_emergency;
mod card;
mod crash;
mod crew_doors;
mod crowd;
mod decode;
mod deliver;
mod demo_stop;
mod disk_full;
mod draft;
mod emergency;
mod frame;
mod harness;
mod history;
mod identify;
mod leaf;
mod lineage;
mod look;
mod mail;
mod map;
mod mistakes;
mod mllp;
mod non_disclosure;
mod note;
mod operation;
mod permit;
mod profile;
mod recall;
mod record;
mod refused_doors;
mod register;
mod report;
mod resident;
mod review;
mod route;
mod search;
mod search_quality;
mod sheet;
mod shelve;
mod slip;
mod slow;
mod staff;
mod staff_file;
mod store;
mod story_demo;
mod tidy;
mod tokens;
mod wire;
mod wire_cli;
