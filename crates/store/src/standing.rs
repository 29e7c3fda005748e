//! How people stand to networks, asked for every request and remembered for a second.
//!
//! What is remembered are the rows, never the verdict: dates are judged at each request's own instant. A
//! change that this process commits counts from the next request on; another process's within the second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Stopwatch};

use quick_cache::Equivalent;
use quick_cache::sync::Cache;
use renkei_model::id::{FacilityCode, NetworkName, StaffId};
use renkei_model::{Instant, Profession};
use serde_json::json;
use sqlx::any::AnyRow;

use crate::fault::StoreError;
use crate::sql::{Reader, Sql, query};
use crate::store::Store;

/// How a person stands to a network in which the directory knows their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Works now at the facility and in the profession that was asked about.
    Employed,
    /// Known there, but not now, not there, or not as that.
    Otherwise,
}

const TERMS: Sql = Sql {
    sqlite: "-- store.standings\nSELECT network, facility, profession, since, until FROM staff \
             WHERE network IN (SELECT value FROM json_each($1)) AND id = $2 ORDER BY network",
    postgres: "-- store.standings\nSELECT network, facility, profession, since, until FROM staff \
               WHERE network IN (SELECT json_array_elements_text($1::json)) AND id = $2 ORDER BY network",
};

/// For the test that looks at their plans.
#[cfg(test)]
pub(crate) const STATEMENTS: &[&str] = &[TERMS.sqlite];

/// People remembered at most; some hundred bytes each.
const PEOPLE: usize = 10_000;

/// How long rows are believed.
const BELIEVED: Duration = Duration::from_secs(1);

/// An employment, without its name.
#[derive(Debug)]
pub(crate) struct Term {
    network: NetworkName,
    facility: FacilityCode,
    profession: Profession,
    since: Instant,
    until: Option<Instant>,
}

/// Somebody in some networks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Person {
    staff: StaffId,
    networks: Vec<NetworkName>,
}

/// The same, borrowed. Hashes as [`Person`] does.
#[derive(Hash)]
pub(crate) struct Asked<'a> {
    pub(crate) staff: &'a StaffId,
    pub(crate) networks: &'a [NetworkName],
}

impl Equivalent<Person> for Asked<'_> {
    fn equivalent(&self, person: &Person) -> bool {
        *self.staff == person.staff && self.networks == person.networks
    }
}

/// What was read of somebody, and when.
#[derive(Clone)]
struct Known {
    /// The generation before the read.
    generation: u64,
    /// The time before the read.
    read: Stopwatch,
    terms: Arc<[Term]>,
}

/// What this process remembers of the directory's people.
pub(crate) struct Standings {
    /// Counts the changes that this process committed, or may have.
    generation: AtomicU64,
    known: Cache<Person, Known>,
}

/// The moment before a read of the directory.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    generation: u64,
    read: Stopwatch,
}

impl Standings {
    pub(crate) fn new() -> Self {
        Self {
            generation: AtomicU64::new(0),
            known: Cache::new(PEOPLE),
        }
    }

    /// Forgets everybody, and whatever is being read at this moment.
    fn changed(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Moment {
        Moment {
            generation: self.generation.load(Ordering::SeqCst),
            read: Stopwatch::now(),
        }
    }

    /// What is known at a moment: nothing that is older than the last change or than a second.
    pub(crate) fn find(&self, asked: &Asked<'_>, moment: Moment) -> Option<Arc<[Term]>> {
        let known = self.known.get(asked)?;
        let fresh = known.generation == moment.generation
            && moment.read.saturating_duration_since(known.read) < BELIEVED;
        fresh.then_some(known.terms)
    }

    /// Remembers what was read after a moment.
    pub(crate) fn keep(&self, asked: &Asked<'_>, moment: Moment, terms: Arc<[Term]>) {
        let person = Person {
            staff: asked.staff.clone(),
            networks: asked.networks.to_vec(),
        };
        let known = Known {
            generation: moment.generation,
            read: moment.read,
            terms,
        };
        self.known.insert(person, known);
    }
}

/// Held by a transaction that changed employments: when it ends, in whichever way, everybody is forgotten.
pub(crate) struct Forget(Arc<Standings>);

impl Forget {
    pub(crate) fn at_the_end(standings: &Arc<Standings>) -> Self {
        Self(Arc::clone(standings))
    }
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.0.changed();
    }
}

impl Store {
    /// How a person stands at an instant to those of the networks whose directory knows their number;
    /// networks that do not know it are left out. Asked for every request: rows are remembered for a second at
    /// most, and never past a change that this process committed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn standings(
        &self,
        networks: &[NetworkName],
        (id, facility, profession): (&StaffId, &FacilityCode, Profession),
        at: Instant,
    ) -> Result<Vec<(NetworkName, Standing)>, StoreError> {
        let asked = Asked {
            staff: id,
            networks,
        };
        let moment = self.standings.now();
        let terms = match self.standings.find(&asked, moment) {
            Some(terms) => terms,
            None => {
                let terms = self.terms(&asked).await?;
                self.standings.keep(&asked, moment, Arc::clone(&terms));
                terms
            }
        };
        Ok(judged(&terms, (facility, profession), at))
    }

    async fn terms(&self, asked: &Asked<'_>) -> Result<Arc<[Term]>, StoreError> {
        let names: Vec<&str> = asked.networks.iter().map(NetworkName::as_str).collect();
        let query = query(TERMS.of(self.dialect()))
            .bind(json!(names).to_string())
            .bind(asked.staff.as_str());
        self.all(query).await?.iter().map(term).collect()
    }
}

/// The verdict at an instant, network by network.
fn judged(
    terms: &[Term],
    (facility, profession): (&FacilityCode, Profession),
    at: Instant,
) -> Vec<(NetworkName, Standing)> {
    terms
        .chunk_by(|one, next| one.network == next.network)
        .filter_map(|terms| {
            let employed = terms.iter().any(|term| {
                term.facility == *facility
                    && term.profession == profession
                    && term.since <= at
                    && term.until.is_none_or(|until| until > at)
            });
            let standing = if employed {
                Standing::Employed
            } else {
                Standing::Otherwise
            };
            Some((terms.first()?.network.clone(), standing))
        })
        .collect()
}

fn term(row: &AnyRow) -> Result<Term, StoreError> {
    let row = Reader::new("staff", row);
    Ok(Term {
        network: row.parsed("network")?,
        facility: row.parsed("facility")?,
        profession: row.parsed("profession")?,
        since: row.instant("since")?,
        until: row.instant_or_null("until")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: usize) -> (StaffId, Vec<NetworkName>) {
        let staff = format!("n-{number}").parse().unwrap();
        (staff, vec!["kitamaru".parse().unwrap()])
    }

    fn nobody() -> Arc<[Term]> {
        Vec::new().into()
    }

    #[test]
    fn what_was_read_before_a_change_is_never_found_after_it() {
        let standings = Arc::new(Standings::new());
        let (staff, networks) = person(1);
        let asked = Asked {
            staff: &staff,
            networks: &networks,
        };
        let before = standings.now();
        standings.keep(&asked, before, nobody());
        assert!(standings.find(&asked, standings.now()).is_some(), "control");
        drop(Forget::at_the_end(&standings));
        assert!(standings.find(&asked, standings.now()).is_none());
        // A read that began before the change and is remembered only now.
        standings.keep(&asked, before, nobody());
        assert!(standings.find(&asked, standings.now()).is_none());
        standings.keep(&asked, standings.now(), nobody());
        assert!(standings.find(&asked, standings.now()).is_some());
    }

    #[test]
    fn nothing_is_believed_for_longer_than_a_second() {
        let standings = Standings::new();
        let (staff, networks) = person(1);
        let asked = Asked {
            staff: &staff,
            networks: &networks,
        };
        let moment = standings.now();
        standings.keep(&asked, moment, nobody());
        let after = |millis| Moment {
            read: moment.read + Duration::from_millis(millis),
            ..moment
        };
        assert!(standings.find(&asked, after(999)).is_some());
        assert!(standings.find(&asked, after(1_000)).is_none());
    }

    #[test]
    fn people_are_told_apart_and_not_without_end() {
        let standings = Standings::new();
        for number in 0..3 * PEOPLE {
            let (staff, networks) = person(number);
            let asked = Asked {
                staff: &staff,
                networks: &networks,
            };
            assert!(standings.find(&asked, standings.now()).is_none());
            standings.keep(&asked, standings.now(), nobody());
        }
        assert!(standings.known.len() < 2 * PEOPLE);
        let (staff, networks) = person(3 * PEOPLE - 1);
        let elsewhere = Asked {
            staff: &staff,
            networks: &[],
        };
        assert!(standings.find(&elsewhere, standings.now()).is_none());
        let here = Asked {
            staff: &staff,
            networks: &networks,
        };
        assert!(standings.find(&here, standings.now()).is_some());
    }
}
