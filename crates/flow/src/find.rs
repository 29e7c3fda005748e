//! Whom an emergency search finds. Not a room: the corridor of emergency.rs asks it.
//!
//! Of those to whom ranges of terms lead, the most promising are fetched (a face is a page of the database), ranked
//! before anybody asks who may see them, and judged, the best first, until as many are found as are shown: of five hundred
//! who share a name, ten. What is told depends on the visible ones alone, as far as nothing is cut. Where nobody is found
//! and something was, those who are hidden may have taken the places of those who are not; then only visible faces are
//! counted, however long it takes.

use std::collections::{HashMap, HashSet};

use renkei_identity::{Fit, Led, Probe, Probes, Query};
use renkei_model::id::{RecordId, ResourceId};
use renkei_model::permit::Permit;
use renkei_store::{Candidate, Lead, Person, StoreError, TermRange, VisibleFace};

use crate::house::House;

/// Faces that one range brings at most.
const RANGE: usize = 500;
/// Sheets of a broad range that are looked through for those who share more than one thing.
const WIDE: usize = 4_000;
/// Of those to whom the near ranges lead, so many are ranked at first: several times as many as are shown.
const NEAREST: usize = 48;
/// Of those to whom all ranges lead, so many are ranked then.
const LIKELY: usize = 300;
/// Faces that are ranked at most; beyond that more of the same name would not change the first ten.
const RANKED: usize = 3_000;

/// Who was found.
pub struct Found {
    /// The best face of each human being, the best first.
    pub faces: Vec<VisibleFace>,
    /// How much of those to whom the query leads was looked at.
    pub looked: Looked,
}

/// How much of those to whom a query leads was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// At everybody.
    Everybody,
    /// At those nearest to what was typed, of whom somebody fits.
    Nearest,
    /// At those nearest to what was typed, of whom somebody fits but for a slip.
    Near,
    /// Not at everybody: finding nobody means nothing.
    Cut,
}

/// The query of a search, and what goes with it.
pub struct Search<'a> {
    /// The house.
    pub house: &'a House,
    /// The crew's.
    pub permit: &'a Permit,
    /// What was asked.
    pub query: &'a Query,
    /// Whether a card was asked for.
    pub cards: bool,
    /// How many human beings to find.
    pub most: usize,
}

/// What the near ranges of a query lead to.
pub struct Near {
    probes: Probes,
    led: Vec<Lead>,
}

/// Faces that were fetched, to be ranked.
#[derive(Default)]
struct Pool {
    seen: HashSet<ResourceId>,
    faces: Vec<(Candidate, Vec<String>)>,
    cut: bool,
}

impl Search<'_> {
    /// The ranges where those stand who are nearest to what was typed.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn near(&self) -> Result<Near, StoreError> {
        let probes = self.query.probes();
        let led = self.lead(&probes.near, RANGE).await?;
        Ok(Near { probes, led })
    }

    /// Finds: among the nearest; if nobody there fits, or fits but for a slip, among those who are likely; if nobody at
    /// all is found, among the first of each range.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn find(&self, near: Near) -> Result<Found, StoreError> {
        let Near { probes, led: near } = near;
        let mut pool = Pool::default();
        let near_led = sheets(&near)?;
        let nearest = self.query.nearest(&probes.near, &near_led, NEAREST);
        self.add(&mut pool, &nearest).await?;
        let (faces, fit) = self.best(&pool).await?;
        if fit != Fit::No {
            let everybody = probes.broad.is_empty() && !pool.leaves_out(&near_led);
            let looked = match fit {
                _ if everybody => Looked::Everybody,
                Fit::ButForASlip => Looked::Near,
                _ => Looked::Nearest,
            };
            return Ok(Found { faces, looked });
        }
        let broad = self.lead(&probes.broad, WIDE).await?;
        let ranges: Vec<&Probe> = probes.near.iter().chain(&probes.broad).collect();
        let mut led = near_led;
        led.extend(sheets(&broad)?);
        self.add(&mut pool, &self.query.likely(&ranges, &led, LIKELY))
            .await?;
        let (faces, _) = self.best(&pool).await?;
        if !faces.is_empty() {
            let looked = Looked::Cut;
            return Ok(Found { faces, looked });
        }
        let cut = |led: &Lead| led.cut || led.size() > RANGE;
        pool.cut |= probes.left_out || near.iter().any(|led| led.cut) || broad.iter().any(cut);
        let first = led.iter().flat_map(|led| led.iter().take(RANGE));
        self.add(&mut pool, first.map(|(sheet, _)| sheet)).await?;
        let (faces, _) = self.best(&pool).await?;
        if faces.is_empty() && pool.cut {
            return self.visible_only(ranges.into_iter(), probes.left_out).await;
        }
        let looked = if pool.cut {
            Looked::Cut
        } else {
            Looked::Everybody
        };
        Ok(Found { faces, looked })
    }

    async fn lead(&self, probes: &[Probe], most: usize) -> Result<Vec<Lead>, StoreError> {
        let ranges: Vec<TermRange<'_>> = probes.iter().map(range).collect();
        self.house.store.lead(self.permit, &ranges, most).await
    }

    /// Adds the faces of these sheets.
    async fn add(
        &self,
        pool: &mut Pool,
        sheets: impl IntoIterator<Item = &ResourceId>,
    ) -> Result<(), StoreError> {
        let store = &self.house.store;
        let new = sheets.into_iter().filter(|sheet| pool.seen.insert(**sheet));
        let mut sheets: Vec<ResourceId> = new.copied().collect();
        let room = RANKED.saturating_sub(pool.faces.len());
        pool.cut |= sheets.len() > room;
        sheets.truncate(room);
        let candidates = store.candidates(self.permit, &sheets).await?;
        let mut cards = self.card_numbers(&sheets).await?;
        pool.faces.extend(candidates.into_iter().map(|one| {
            let cards = cards.remove(&one.sheet).unwrap_or_default();
            (one, cards)
        }));
        Ok(())
    }

    /// The numbers of the cards in these sheets, where a card was asked for.
    async fn card_numbers(
        &self,
        sheets: &[ResourceId],
    ) -> Result<HashMap<ResourceId, Vec<String>>, StoreError> {
        if self.cards {
            self.house.store.card_numbers(sheets).await
        } else {
            Ok(HashMap::new())
        }
    }

    /// The best visible face of each human being: records that are linked are one line. And how far what was asked is
    /// true of the first.
    async fn best(&self, pool: &Pool) -> Result<(Vec<VisibleFace>, Fit), StoreError> {
        let known = pool.faces.iter().map(|one| (&one.0.face, &*one.1, one));
        let ranked: Vec<&(Candidate, Vec<String>)> = self
            .query
            .rank(known)
            .into_iter()
            .map(|(_, one)| one)
            .collect();
        let mut people = People::new(self);
        let mut fit = None;
        let (mut rest, mut size) = (&ranked[..], self.most);
        while !rest.is_empty() && !people.enough() {
            let (next, later) = rest.split_at(size.min(rest.len()));
            rest = later;
            // Who has a hundred sheets fills many a handful.
            size = size.saturating_mul(2);
            let next = next
                .iter()
                .filter(|one| !people.covered.contains(&one.0.record));
            let sheets: Vec<ResourceId> = next.clone().map(|one| one.0.sheet).collect();
            let mut records: Vec<RecordId> = next.clone().map(|one| one.0.record).collect();
            records.sort_unstable();
            records.dedup();
            let store = &self.house.store;
            let (visible, persons) = tokio::join!(
                store.visible_among(self.permit, &sheets),
                store.persons(self.permit, &records)
            );
            let mut visible = visible?;
            people.known.extend(persons?);
            let faces =
                next.filter_map(|one| visible.remove(&one.0.sheet).map(|face| (face, *one)));
            let (faces, known): (Vec<VisibleFace>, Vec<_>) = faces.unzip();
            people.add(faces).await?;
            if let (None, Some(first)) = (fit, people.found.first()) {
                let first = known.into_iter().find(|one| one.0.sheet == first.sheet);
                fit = first.map(|one| self.query.fit(&one.0.face, &one.1));
            }
        }
        Ok((people.found, fit.unwrap_or(Fit::No)))
    }

    /// As if nobody else were there: of each range as many as are visible.
    async fn visible_only(
        &self,
        probes: impl Iterator<Item = &Probe>,
        left_out: bool,
    ) -> Result<Found, StoreError> {
        let store = &self.house.store;
        let (mut seen, mut faces, mut cut) = (HashSet::new(), Vec::new(), left_out);
        for probe in probes {
            if faces.len() >= RANKED {
                cut = true;
                break;
            }
            let range = range(probe);
            let found = store.visible_faces(self.permit, range, RANGE).await?;
            cut |= found.cut;
            let new = found.faces.into_iter();
            faces.extend(new.filter(|face| seen.insert(face.sheet)));
        }
        let sheets: Vec<ResourceId> = faces.iter().map(|face| face.sheet).collect();
        let mut cards = self.card_numbers(&sheets).await?;
        let faces: Vec<(VisibleFace, Vec<String>)> = faces
            .into_iter()
            .map(|face| {
                let cards = cards.remove(&face.sheet).unwrap_or_default();
                (face, cards)
            })
            .collect();
        let known = faces.iter().map(|one| (&one.0.face, &*one.1, &one.0));
        let ranked = self.query.rank(known).into_iter();
        let mut people = People::new(self);
        people
            .add(ranked.map(|(_, face)| face.clone()).collect())
            .await?;
        let looked = if cut { Looked::Cut } else { Looked::Everybody };
        let faces = people.found;
        Ok(Found { faces, looked })
    }
}

impl Pool {
    /// Whether somebody to whom a range leads is not in it.
    fn leaves_out(&self, led: &[Led<'_, ResourceId>]) -> bool {
        led.iter()
            .flatten()
            .any(|(sheet, _)| !self.seen.contains(sheet))
    }
}

fn sheets(lead: &[Lead]) -> Result<Vec<Led<'_, ResourceId>>, StoreError> {
    lead.iter().map(Lead::sheets).collect()
}

fn range(probe: &Probe) -> TermRange<'_> {
    TermRange {
        kind: probe.kind.as_str(),
        low: &probe.low,
        high: &probe.high,
    }
}

/// Human beings, each once.
struct People<'s> {
    search: &'s Search<'s>,
    covered: HashSet<RecordId>,
    /// Whom the store was asked about already.
    known: HashMap<RecordId, Person>,
    found: Vec<VisibleFace>,
}

impl<'s> People<'s> {
    fn new(search: &'s Search<'s>) -> Self {
        Self {
            search,
            covered: HashSet::new(),
            known: HashMap::new(),
            found: Vec::new(),
        }
    }

    fn enough(&self) -> bool {
        self.found.len() >= self.search.most
    }

    /// Adds those of whom no face was there before, but for those whom a refusal hides. As many records are asked
    /// about at once as there are lines.
    async fn add(&mut self, faces: Vec<VisibleFace>) -> Result<(), StoreError> {
        let Search {
            house,
            permit,
            most,
            ..
        } = *self.search;
        let mut faces = faces.into_iter().peekable();
        while !self.enough() && faces.peek().is_some() {
            let mut next: Vec<VisibleFace> = Vec::new();
            while next.len() < most
                && let Some(face) = faces.next()
            {
                let known = next.iter().any(|one| one.record == face.record);
                if !known && !self.covered.contains(&face.record) {
                    next.push(face);
                }
            }
            let records = next.iter().map(|face| face.record);
            let records: Vec<RecordId> = records
                .filter(|one| !self.known.contains_key(one))
                .collect();
            if !records.is_empty() {
                self.known
                    .extend(house.store.persons(permit, &records).await?);
            }
            for face in next {
                if self.enough() || !self.covered.insert(face.record) {
                    continue;
                }
                let person = self.known.remove(&face.record).unwrap_or_default();
                self.covered
                    .extend(person.records.into_iter().map(|(record, _)| record));
                if !person.limits.hide() {
                    self.found.push(face);
                }
            }
        }
        Ok(())
    }
}
