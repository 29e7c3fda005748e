//! Everything that a run needs, read once and shared by its connections.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::act::{Act, Scenario};
use crate::caller::{self, Caller, Role};
use crate::error::LoadError;
use crate::request::Base;
use crate::slip::{Form, Values};
use crate::target::{self, Person, Targets};

/// What the connections share.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub base: Base,
    /// What to ask.
    pub scenario: Scenario,
    /// The path that slips are posted to.
    pub messages: String,
    /// Who there is to ask about.
    pub people: Vec<Person>,
    targets: Targets,
    callers: Vec<Caller>,
    crews: Vec<Caller>,
    senders: Vec<Caller>,
    form: Form,
    first: u64,
    serial: AtomicU64,
}

/// Where a stage is read from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The folder that `prepare` wrote.
    pub targets: &'a Path,
    /// Who asks.
    pub callers: &'a Path,
    /// The network's folder.
    pub profile: &'a Path,
}

impl Stage {
    /// Reads everything.
    ///
    /// # Errors
    /// When a file is not as it should be, or lacks what the scenario needs.
    pub fn set(base: Base, scenario: Scenario, from: Sources<'_>) -> Result<Self, LoadError> {
        let callers = caller::read(from.callers)?;
        let of = |role| -> Vec<Caller> {
            let some = callers.iter().filter(|one: &&Caller| one.role == role);
            some.cloned().collect()
        };
        let network = from
            .profile
            .file_name()
            .unwrap_or_default()
            .to_string_lossy();
        let stage = Self {
            base,
            scenario,
            messages: format!("/networks/{network}/messages"),
            people: target::people(from.targets)?,
            targets: target::read(from.targets)?,
            crews: of(Role::Crew),
            senders: of(Role::Sender),
            callers,
            form: Form::read(from.profile)?,
            first: first_record(),
            serial: AtomicU64::new(0),
        };
        for die in 0..100 {
            stage.can(scenario.act(die), from.targets)?;
        }
        Ok(stage)
    }

    fn can(&self, act: Act, targets: &Path) -> Result<(), LoadError> {
        let missing = match act {
            Act::Read => self.targets.reads.is_empty().then_some("reads"),
            Act::Identifier => self.targets.identifiers.is_empty().then_some("identifiers"),
            Act::Name => self.targets.names.is_empty().then_some("names"),
            Act::Emergency => self.crews.is_empty().then_some("callers of role crew"),
            Act::Slip => self.senders.is_empty().then_some("callers of role sender"),
        };
        missing.map_or(Ok(()), |what| {
            Err(LoadError::content(
                targets,
                format!("no {what} for this scenario"),
            ))
        })
    }

    /// A path to get, with the token of somebody who may.
    pub fn path(&self, act: Act, rng: &mut fastrand::Rng) -> (&str, &str) {
        let paths = match act {
            Act::Identifier => &self.targets.identifiers,
            Act::Name => &self.targets.names,
            Act::Read | Act::Emergency | Act::Slip => &self.targets.reads,
        };
        let (staff, path) = &paths[rng.usize(..paths.len())];
        (path, self.token(staff))
    }

    /// The token of a reader.
    fn token(&self, staff: &str) -> &str {
        let reader = |one: &&Caller| one.role == Role::Reader && one.staff == staff;
        self.callers
            .iter()
            .find(reader)
            .map_or("", |one| &one.token)
    }

    /// A crew's token.
    pub fn crew(&self, rng: &mut fastrand::Rng) -> &str {
        &self.crews[rng.usize(..self.crews.len())].token
    }

    /// Writes a slip that nobody has sent yet; its sender's token.
    pub fn slip(&self, rng: &mut fastrand::Rng, into: &mut Vec<u8>) -> &Caller {
        let sender = &self.senders[rng.usize(..self.senders.len())];
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        self.form
            .fill(&Values::of(&self.people, sender, self.first, serial), into);
        sender
    }
}

/// Where this run's record numbers begin: far from every other run's, and of at most 15 digits, as the
/// network's are.
pub fn first_record() -> u64 {
    fastrand::u64(10_000..1_000_000) * 1_000_000_000
}
