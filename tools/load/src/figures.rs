//! What a run found out, before it is written down.

use crate::process::Memory;
use crate::tally::Tally;

/// The result of a run.
#[derive(Debug)]
pub struct Figures {
    /// How long was measured.
    pub seconds: f64,
    /// What came back.
    pub tally: Tally,
    /// Requests that were due and never sent.
    pub unsent: u64,
    /// How long after the end the last answer came.
    pub drained_s: f64,
    /// What the server said when it first refused for another reason than too much work.
    pub refusal: Option<String>,
    /// What it took.
    pub costs: Costs,
}

/// What the stretch that counts cost.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// The server's processor time in seconds; none when its process was not named.
    pub server_cpu_s: Option<f64>,
    /// This tool's.
    pub tool_cpu_s: f64,
    /// The server's memory at its largest.
    pub memory: Memory,
    /// The server's open files at most.
    pub descriptors: usize,
    /// The mean time of the server's write groups.
    pub group_ms: Option<f64>,
}
