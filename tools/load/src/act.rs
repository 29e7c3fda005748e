//! What a run does: one thing, or a day's mixture.

use clap::ValueEnum;

/// What a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// Read by id
    Read,
    /// Search by identifier
    Identifier,
    /// Search by name, twenty hits
    Name,
    /// Search in an emergency, then open the first one's card
    Emergency,
    /// Send an admission slip
    Slip,
    /// All of these, as in [`MIXED`]
    Mixed,
}

/// One turn of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// One read.
    Read,
    /// One search by identifier.
    Identifier,
    /// One search by name.
    Name,
    /// A search and a card.
    Emergency,
    /// One slip.
    Slip,
}

/// A day's shares, in hundredths of all turns: people read most, look for somebody sometimes; slips come in all day, and
/// an ambulance's look-up is rare.
pub const MIXED: [(Act, u32); 5] = [
    (Act::Read, 55),
    (Act::Identifier, 10),
    (Act::Name, 10),
    (Act::Emergency, 5),
    (Act::Slip, 20),
];

/// What is measured apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Read by id.
    Read,
    /// Search by identifier.
    Identifier,
    /// Search by name.
    Name,
    /// Emergency search.
    Search,
    /// Emergency card.
    Card,
    /// Both together, from the search's beginning.
    LookUp,
    /// A slip.
    Slip,
}

impl Part {
    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Identifier => "identifier",
            Self::Name => "name",
            Self::Search => "search",
            Self::Card => "card",
            Self::LookUp => "look_up",
            Self::Slip => "slip",
        }
    }

    /// Whether it is one request, and not several together.
    pub const fn is_request(self) -> bool {
        !matches!(self, Self::LookUp)
    }
}

impl Scenario {
    /// Its name in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Identifier => "identifier",
            Self::Name => "name",
            Self::Emergency => "emergency",
            Self::Slip => "slip",
            Self::Mixed => "mixed",
        }
    }

    /// The next turn; `die` is below 100.
    pub fn act(self, die: u32) -> Act {
        match self {
            Self::Read => Act::Read,
            Self::Identifier => Act::Identifier,
            Self::Name => Act::Name,
            Self::Emergency => Act::Emergency,
            Self::Slip => Act::Slip,
            Self::Mixed => {
                let mut left = die;
                for (act, share) in MIXED {
                    if left < share {
                        return act;
                    }
                    left -= share;
                }
                Act::Read
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_a_day_are_whole() {
        assert_eq!(MIXED.iter().map(|(_, share)| share).sum::<u32>(), 100);
        for (act, share) in MIXED {
            let times = (0..100)
                .filter(|die| Scenario::Mixed.act(*die) == act)
                .count();
            assert_eq!(times, share as usize, "{act:?}");
        }
    }
}
