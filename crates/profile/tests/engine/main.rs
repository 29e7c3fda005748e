//! The engine on small made-up networks: mistakes are refused with their places, and the grammar
//! carries trees that have nothing of FileMaker.

#![expect(clippy::expect_used, reason = "a test says what it expects by failing")]

mod both_ways;
mod groups;
mod rules;
mod small;
mod wrong;
mod wrong_thoughts;
