//! File descriptors: each connection is one, and the usual soft limit is far below what the hard one allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Descriptors for all that is no connection: the log, the listener, large originals, newcomers who are
/// told that there is no room. A connection to the database is two or three.
const OTHERS: u64 = 256;

/// How many there are, and how many are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// What this process may open now.
    pub limit: u64,
    /// What the settings ask for.
    pub needed: u64,
}

impl Descriptors {
    /// Whether there are enough.
    #[must_use]
    pub const fn suffice(self) -> bool {
        self.limit >= self.needed
    }
}

/// Raises the soft limit to the hard one.
#[must_use]
pub fn raise(config: &Config) -> Descriptors {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let wanted = Rlimit {
        current: maximum,
        maximum,
    };
    // Where that is refused, what there is remains, and is what is told.
    let _ = setrlimit(Resource::Nofile, wanted);
    let connections = u64::try_from(config.connections.max).unwrap_or(u64::MAX);
    let database = u64::from(config.store.read_connections).saturating_mul(3);
    Descriptors {
        limit: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
        needed: connections.saturating_add(database).saturating_add(OTHERS),
    }
}
