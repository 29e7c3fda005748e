//! What words about staff change: cases by name, and what holds whatever is said.

use proptest::prelude::*;
use renkei_model::clock::Instant;
use renkei_model::id::NetworkName;
use renkei_model::lists::Profession;
use renkei_store::{ALWAYS, Employment};

use crate::register_change::{Column, Entry, Plan, What, plan};

const NOW: i64 = 1_000;

fn network() -> NetworkName {
    "somewhere".parse().unwrap()
}

fn row(place: u8, since: i64, until: Option<i64>) -> Employment {
    Employment {
        network: network(),
        id: "n-1".parse().unwrap(),
        facility: format!("011411000{place}").parse().unwrap(),
        profession: Profession::Nurse,
        name: "架空 花子".to_owned(),
        since: Instant(since),
        until: until.map(Instant),
    }
}

fn entry(place: u8, since: Option<i64>, until: Option<i64>) -> Entry {
    let like = row(place, 0, None);
    Entry {
        place: 2,
        id: like.id,
        name: like.name,
        profession: like.profession,
        facility: like.facility,
        since: since.map(Instant),
        until: until.map(Instant),
    }
}

fn planned(entries: &[Entry], known: &[Employment]) -> Plan {
    plan(&network(), entries, known, Instant(NOW))
}

/// The directory after a plan, in the store's order.
fn applied(mut known: Vec<Employment>, plan: &Plan) -> Vec<Employment> {
    let key = |row: &Employment| {
        let place = (row.id.clone(), row.since, row.facility.clone());
        (place, row.profession)
    };
    known.retain(|row| !plan.drops.iter().any(|drop| key(drop) == key(row)));
    known.retain(|row| !plan.puts.iter().any(|put| key(put) == key(row)));
    known.extend(plan.puts.iter().cloned());
    known.sort_by_key(key);
    known
}

/// One entry beside what is known: the kind of change, and what is known then.
fn one(entry: Entry, known: &[Employment]) -> (What, Vec<Employment>) {
    let plan = planned(&[entry], known);
    assert_eq!(plan.snags, [], "{plan:?}");
    (plan.changes[0].what, applied(known.to_vec(), &plan))
}

#[test]
fn somebody_new_begins_on_the_first_day_or_has_always_been() {
    let (what, rows) = one(entry(1, Some(5), None), &[]);
    assert_eq!((what, rows), (What::Added, vec![row(1, 5, None)]));
    let (what, rows) = one(entry(1, None, None), &[]);
    assert_eq!((what, rows), (What::Added, vec![row(1, ALWAYS.0, None)]));
}

#[test]
fn an_end_ends_and_an_empty_end_opens() {
    let known = [row(1, 5, None)];
    let (what, rows) = one(entry(1, None, Some(2_000)), &known);
    assert_eq!((what, rows), (What::Ended, vec![row(1, 5, Some(2_000))]));
    let (what, rows) = one(entry(1, None, None), &[row(1, 5, Some(2_000))]);
    assert_eq!((what, rows), (What::Changed, vec![row(1, 5, None)]));
    let (what, rows) = one(entry(1, Some(5), None), &known);
    assert_eq!((what, rows), (What::Unchanged, known.to_vec()));
}

#[test]
fn a_new_place_ends_the_old_one() {
    let known = [row(1, 5, None)];
    let (what, rows) = one(entry(2, Some(1_500), None), &known);
    let expected = vec![row(1, 5, Some(1_500)), row(2, 1_500, None)];
    assert_eq!((what, rows), (What::Moved, expected));
    let (what, rows) = one(entry(2, None, None), &known);
    let expected = vec![row(1, 5, Some(NOW)), row(2, NOW, None)];
    assert_eq!((what, rows), (What::Moved, expected));
    // What was still to come does not come any more.
    let (what, rows) = one(entry(2, None, None), &[row(1, 1_200, None)]);
    assert_eq!((what, rows), (What::Moved, vec![row(2, NOW, None)]));
    // What ends by itself before is left alone.
    let (what, rows) = one(entry(2, Some(1_500), None), &[row(1, 5, Some(1_400))]);
    let expected = vec![row(1, 5, Some(1_400)), row(2, 1_500, None)];
    assert_eq!((what, rows), (What::Added, expected));
}

#[test]
fn another_profession_at_the_same_place_is_no_move() {
    let mut said = entry(1, Some(1_500), None);
    said.profession = Profession::CareManager;
    let (what, rows) = one(said, &[row(1, 5, None)]);
    assert_eq!(what, What::ProfessionChanged);
    assert_eq!(rows[0], row(1, 5, Some(1_500)));
    assert_eq!(rows[1].profession, Profession::CareManager);
}

#[test]
fn two_lines_are_two_jobs() {
    let said = [entry(1, None, None), entry(2, None, None)];
    let plan = planned(&said, &[row(1, 5, None)]);
    let rows = applied(vec![row(1, 5, None)], &plan);
    assert_eq!(rows, [row(1, 5, None), row(2, NOW, None)]);
    // And the end of one is not the end of the other.
    let (what, left) = one(entry(1, None, Some(NOW)), &rows);
    assert_eq!(what, What::Ended);
    assert_eq!(left, [row(1, 5, Some(NOW)), row(2, NOW, None)]);
}

#[test]
fn a_renewal_to_come_sends_nobody_home() {
    let known = [row(1, 5, None)];
    let (what, rows) = one(entry(1, Some(1_500), None), &known);
    assert_eq!((what, rows), (What::Unchanged, known.to_vec()));
    // A beginning that is still to come can be moved.
    let (what, rows) = one(entry(1, Some(1_500), None), &[row(1, 1_200, None)]);
    assert_eq!((what, rows), (What::Changed, vec![row(1, 1_500, None)]));
}

#[test]
fn who_comes_back_begins_anew() {
    let known = [row(1, 5, Some(500))];
    let (what, rows) = one(entry(1, Some(900), None), &known);
    let expected = vec![row(1, 5, Some(500)), row(1, 900, None)];
    assert_eq!((what, rows), (What::Added, expected));
}

#[test]
fn what_cannot_be_is_refused() {
    let snag = |entries: &[Entry], known: &[Employment]| {
        let plan = planned(entries, known);
        plan.snags
            .iter()
            .map(|snag| snag.column)
            .collect::<Vec<_>>()
    };
    let twice = [entry(1, None, None), entry(1, Some(5), None)];
    assert_eq!(snag(&twice, &[]), [Column::Id]);
    assert_eq!(snag(&[entry(1, None, Some(9))], &[]), [Column::Until]);
    let known = [row(1, 1_200, None)];
    assert_eq!(
        snag(&[entry(1, None, Some(1_100))], &known),
        [Column::Until]
    );
}

fn instants() -> impl Strategy<Value = i64> {
    prop_oneof![Just(0), Just(NOW), 1_i64..2 * NOW]
}

fn rows() -> impl Strategy<Value = Vec<Employment>> {
    let times = (1_u8..4, instants(), prop::option::of(1_i64..800));
    prop::collection::vec(times, 0..5).prop_map(|times| {
        let mut rows: Vec<Employment> = Vec::new();
        for (place, since, length) in times {
            let new = row(place, since, length.map(|length| since + length));
            // One employment is one row at a time: a plan never makes another beside it.
            let ends = |row: &Employment| row.until.map_or(i64::MAX, |until| until.0);
            let beside = |row: &&Employment| {
                row.facility == new.facility && row.since.0 < ends(&new) && new.since.0 < ends(row)
            };
            if !rows.iter().any(|row| beside(&row)) {
                rows.push(new);
            }
        }
        rows.sort_by_key(|row| (row.since, row.facility.clone()));
        rows
    })
}

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let said = (
        prop::option::of(instants()),
        prop::option::weighted(0.3, 1_i64..2 * NOW),
    );
    // Each place once: the same twice is refused.
    let places = prop::collection::btree_map(1_u8..4, said, 1..4);
    places.prop_map(|places| {
        let said = places.into_iter().map(|(place, (since, length))| {
            let until = length.map(|length| since.unwrap_or_default() + length);
            entry(place, since, until)
        });
        said.collect()
    })
}

fn covers(row: &Employment, at: i64) -> bool {
    row.since.0 <= at && row.until.is_none_or(|until| until.0 > at)
}

proptest! {
    #![proptest_config(ProptestConfig {
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    })]

    /// The same file again changes nothing.
    #[test]
    fn what_was_done_is_done(known in rows(), said in entries()) {
        let first = planned(&said, &known);
        prop_assume!(first.snags.is_empty());
        let known = applied(known, &first);
        let again = planned(&said, &known);
        prop_assert_eq!(&again.snags, &[]);
        prop_assert!(again.changes.iter().all(|change| change.what == What::Unchanged), "{:?}", again);
        prop_assert!(again.puts.is_empty() && again.drops.is_empty());
    }

    /// Who is said to work now works now, and a row never ends before it begins.
    #[test]
    fn who_is_said_to_work_works(known in rows(), said in entries()) {
        let done = planned(&said, &known);
        prop_assume!(done.snags.is_empty());
        let rows = applied(known.clone(), &done);
        for entry in &said {
            // Without a beginning, one that is known to be still to come is meant.
            let to_come = known.iter().any(|row| row.facility == entry.facility && row.since.0 > NOW);
            let since = entry.since.map_or(if to_come { i64::MAX } else { NOW }, |since| since.0);
            let now = since <= NOW && entry.until.is_none_or(|until| until.0 > NOW);
            let works = rows.iter().any(|row| row.facility == entry.facility && covers(row, NOW));
            prop_assert!(!now || works, "{:?}", rows);
        }
        prop_assert!(rows.iter().all(|row| row.until.is_none_or(|until| until > row.since)));
    }

    /// Somebody who begins something new today works nowhere else than the file says.
    #[test]
    fn a_move_leaves_nothing_behind(known in rows(), said in entries()) {
        let done = planned(&said, &known);
        prop_assume!(done.snags.is_empty());
        let begins = done.changes.iter().any(|change| {
            matches!(change.what, What::Moved | What::Added) && covers(&change.after, NOW)
        });
        prop_assume!(begins);
        for row in applied(known, &done).iter().filter(|row| covers(row, NOW)) {
            prop_assert!(said.iter().any(|entry| entry.facility == row.facility), "{:?}", row);
        }
    }
}
