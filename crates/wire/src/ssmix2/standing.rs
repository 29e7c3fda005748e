//! What holds of several files with one key.

use super::entry::{Condition, Entry};

/// What the files of one key say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'e> {
    /// This file holds; all others are history.
    Active(&'e Entry),
    /// Nothing holds any more: the newest file says so.
    Withdrawn(&'e Entry),
    /// The flags contradict each other. Nothing may be shown as true without a look at it.
    Unclear {
        /// Why.
        doubt: Doubt,
        /// The newest file.
        newest: &'e Entry,
    },
}

/// Why files of one key are unclear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// A file is active although a newer one is not: a deletion that was not finished, or a clock that went back.
    OlderIsActive,
    /// The newest was replaced, and by nothing that is here.
    ReplacedByNothing,
}

/// What holds of files with one key. `None` if there are none.
///
/// The newest 発生日時 decides, not the flag alone: whoever corrects writes the new file first and changes the old
/// one's name then, and may be seen, or stop, in between. Several active files are therefore no doubt as long as
/// the newest is among them.
#[must_use]
pub fn standing(entries: &[Entry]) -> Option<Standing<'_>> {
    let active = |entry: &Entry| entry.condition == Condition::Active;
    let newest = entries
        .iter()
        .max_by(|a, b| (&a.stamp, active(a)).cmp(&(&b.stamp, active(b))))?;
    let any_active = entries.iter().any(active);
    let unclear = |doubt| Standing::Unclear { doubt, newest };
    Some(match newest.condition {
        Condition::Active => Standing::Active(newest),
        _ if any_active => unclear(Doubt::OlderIsActive),
        Condition::Withdrawn => Standing::Withdrawn(newest),
        Condition::Replaced => unclear(Doubt::ReplacedByNothing),
    })
}
