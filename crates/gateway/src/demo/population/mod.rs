//! Invented residents of a region, from a seed: the same seed makes the same people on every machine.
//!
//! Everything regional stands in `profiles/<network>/population/`: names, towns, facilities, staff, drugs,
//! and templates that say which native field gets what. Here are only neutral ideas: households, ages,
//! illnesses. Residents are made one household after the other and forgotten, so that a hundred thousand
//! need no more memory than forty.
//!
//! Chance is divided into streams: household `n` throws with stream `2n`, what is known of resident `n` with
//! stream `2n + 1`. So people stay who they are when a table of illnesses gets a line more.

pub mod circle;
pub mod dice;
pub mod export;
pub mod facts;
pub mod household;
pub mod illness;
pub mod messages;
pub mod names;
pub mod people;
pub mod place;
pub mod record;
pub mod settings;
pub mod source;
pub mod tables;
pub mod template;

#[cfg(test)]
mod tests;

use std::path::Path;

use serde_json::json;

use self::household::{Households, Resident};
use self::source::{PopulationError, Source};
use self::tables::{Facility, Flag};

/// A region's people.
#[derive(Debug)]
pub struct Population {
    source: Source,
}

/// Which people.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Crowd {
    /// 住民の人数 / how many residents
    #[arg(long, default_value_t = 2_000)]
    pub residents: u64,
    /// 乱数の種。同じ種からは同じ住民 / seed; the same seed makes the same residents
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Population {
    /// The population of a network's folder; none if it has no `population/`.
    ///
    /// # Errors
    /// What is wrong with its files.
    pub fn read(network_folder: &Path) -> Result<Option<Self>, PopulationError> {
        let folder = network_folder.join("population");
        if !folder.is_dir() {
            return Ok(None);
        }
        source::read(&folder).map(|source| Some(Self { source }))
    }

    /// Households, until so many residents are there; the last one may be cut.
    pub fn households(&self, crowd: Crowd) -> impl Iterator<Item = Vec<Resident>> {
        let mut left = crowd.residents;
        Households::new(&self.source, crowd.seed).map_while(move |mut home| {
            home.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            left -= home.len() as u64;
            (!home.is_empty()).then_some(home)
        })
    }

    /// Facilities and staff, as the office posts them.
    #[must_use]
    pub fn directory(&self) -> Vec<u8> {
        let facility = |one: &Facility| {
            json!({
                "code": one.code, "name": one.name, "kind": one.kind,
                "mailbox": one.mailbox == Flag::Yes,
            })
        };
        let facilities: Vec<_> = self.source.facilities.iter().map(facility).collect();
        let staff: Vec<_> = self
            .source
            .staff
            .iter()
            .map(|one| {
                json!({
                    "id": one.id, "name": one.name, "profession": one.profession,
                    "facility": one.facility,
                })
            })
            .collect();
        let directory = json!({ "facilities": facilities, "staff": staff });
        directory.to_string().into_bytes()
    }

    /// The codes of the facilities that send records.
    pub fn senders(&self) -> impl Iterator<Item = &str> {
        let senders = self.source.facilities.iter().filter(|one| one.registers());
        senders.map(|one| one.code.as_str())
    }
}
