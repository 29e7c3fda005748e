//! Laws of sealing and of the canonical encoding.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use proptest::prelude::*;
use renkei_audit::{
    Decision, Entry, EntryDetail, EntryShelf, EntryShelves, Leaf, Sealer, decode, encode, leaf_hash,
};
use renkei_model::caller::{Caller, CallerKind};
use renkei_model::id::{LeafId, RecordId, RequestId};
use renkei_model::{Category, Instant, Profession, Purpose, Sensitivity, Shelf};

fn any_shelf() -> impl Strategy<Value = EntryShelf> {
    let words = (
        prop::sample::select(Category::ALL),
        prop::sample::select(Sensitivity::ALL),
        "[0-9a-f]{32}",
        any::<i64>(),
    );
    words.prop_map(|(category, sensitivity, record, version)| EntryShelf {
        network: "kitamaru".parse().unwrap(),
        record,
        category,
        owner: "0190000001".parse().unwrap(),
        sensitivity,
        version,
    })
}

fn any_shelves() -> impl Strategy<Value = EntryShelves> {
    prop_oneof![
        proptest::collection::vec(any_shelf(), 0..4).prop_map(EntryShelves::Listed),
        (any::<u64>(), any::<[u8; 32]>())
            .prop_map(|(count, digest)| EntryShelves::Counted { count, digest }),
    ]
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let texts = (
        "\\PC{0,20}",
        "\\PC{0,20}",
        "[\\x00-\\x7f]{0,20}",
        "[0-9a-f]{64}",
    );
    let words = (
        prop::sample::select(Profession::ALL),
        prop::sample::select(Purpose::ALL),
        any::<bool>(),
        any::<bool>(),
    );
    let lists = (
        proptest::collection::vec("[0-9a-f]{32}", 0..4),
        any_shelves(),
        proptest::collection::vec(("\\PC{0,12}", any::<[u8; 32]>()), 0..3),
    );
    (texts, words, lists, any::<i64>(), any::<u64>()).prop_map(
        |(texts, words, lists, at, bytes_out)| {
            let (actor, action, rule, policy) = texts;
            let (profession, purpose, has_network, allowed) = words;
            let (records, shelves, details) = lists;
            Entry {
                leaf: LeafId::new(),
                at: Instant(at),
                network: has_network.then(|| "kitamaru".parse().unwrap()),
                actor,
                profession,
                facility: "0190000001".parse().unwrap(),
                records,
                shelves,
                purpose,
                action,
                decision: if allowed {
                    Decision::Allow
                } else {
                    Decision::Deny
                },
                rule,
                policy,
                request: RequestId::new(),
                bytes_out,
                details: details
                    .into_iter()
                    .map(|(name, digest)| EntryDetail { name, digest })
                    .collect(),
            }
        },
    )
}

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_the_same(entry in any_entry()) {
        let canonical = encode(&entry);
        prop_assert_eq!(canonical.first(), Some(&1));
        prop_assert_eq!(decode(&canonical).unwrap(), entry);
    }

    #[test]
    fn keys_are_in_alphabetical_order(entry in any_entry()) {
        let canonical = encode(&entry);
        let value: serde_json::Value = serde_json::from_slice(&canonical[1..]).unwrap();
        let keys: Vec<&String> = value.as_object().unwrap().keys().collect();
        prop_assert!(keys.is_sorted());
    }

    #[test]
    fn a_changed_byte_is_another_leaf_or_none(
        entry in any_entry(), pick: prop::sample::Index, flip in 1_u8..=255,
    ) {
        let mut canonical = encode(&entry);
        let at = pick.index(canonical.len());
        canonical[at] ^= flip;
        prop_assert!(decode(&canonical).map_or(true, |other| other != entry));
    }
}

#[test]
fn only_the_canonical_spelling_is_read() {
    let leaf = sealed(&sealer(), 1).canonical;
    let text = String::from_utf8(leaf.clone()).unwrap();
    for other in [
        text.replacen(':', ": ", 1),
        format!("{text} "),
        text.replacen("{\"action\"", "{\"extra\":1,\"action\"", 1),
        text.replacen("\u{1}", "\u{2}", 1),
        text.replacen("\"bytes_out\":77", "\"bytes_out\":77.0", 1),
        String::new(),
    ] {
        assert_ne!(other, text);
        assert!(decode(other.as_bytes()).is_err(), "{other}");
    }
    assert!(decode(&leaf).is_ok());
}

fn sealer() -> Sealer {
    Sealer::new([9; 32])
}

fn leaf(shelves: usize) -> Leaf {
    let record = RecordId::new();
    let shelf = Shelf {
        network: "kitamaru".parse().unwrap(),
        record,
        category: Category::Diagnosis,
        owner: "0190000001".parse().unwrap(),
        sensitivity: Sensitivity::Normal,
    };
    Leaf {
        at: Instant(1_795_312_800_000_000),
        network: Some("kitamaru".parse().unwrap()),
        caller: Caller {
            kind: CallerKind::Person {
                staff: "cm-0007".parse().unwrap(),
                profession: Profession::CareManager,
            },
            facility: "0190000001".parse().unwrap(),
            networks: vec!["kitamaru".parse().unwrap()],
        },
        records: vec![record, record],
        shelves: (0..shelves)
            .map(|version| (shelf.clone(), version as i64))
            .collect(),
        purpose: Purpose::Treatment,
        action: "fhir.read",
        decision: Decision::Allow,
        rule: "kitamaru.care_manager.author_facility.read_full".to_owned(),
        policy: "00".repeat(32),
        request: RequestId::new(),
        bytes_out: 77,
        details: vec![("query".to_owned(), "キタミ ショウコ".to_owned())],
    }
}

fn sealed(sealer: &Sealer, shelves: usize) -> renkei_model::leaf::SealedLeaf {
    sealer.seal(&leaf(shelves))
}

#[test]
fn a_sealed_leaf_holds_no_record_id_and_nothing_personal() {
    let leaf = leaf(2);
    let sealed = sealer().seal(&leaf);
    let text = String::from_utf8(sealed.canonical.clone()).unwrap();
    assert!(!text.contains(&leaf.records[0].to_string()));
    assert!(!text.contains("キタミ"));
    assert_eq!(sealed.hash, leaf_hash(&sealed.canonical));
    assert_eq!(sealed.details[0].value, "キタミ ショウコ");
    let entry = decode(&sealed.canonical).unwrap();
    assert_eq!(
        entry.records,
        [sealer().pseudonym(&leaf.records[0])],
        "each record once"
    );
    assert_eq!(sealed.pseudonyms, entry.records);
    assert_eq!(entry.actor, "person:cm-0007");
}

#[test]
fn the_same_detail_gets_another_digest_each_time() {
    let leaf = leaf(0);
    let digest = |canonical: &[u8]| decode(canonical).unwrap().details[0].digest;
    assert_ne!(
        digest(&sealer().seal(&leaf).canonical),
        digest(&sealer().seal(&leaf).canonical)
    );
}

#[test]
fn many_shelves_become_a_number_and_a_digest() {
    let shelves = |count| decode(&sealed(&sealer(), count).canonical).unwrap().shelves;
    assert!(matches!(shelves(50), EntryShelves::Listed(list) if list.len() == 50));
    assert!(matches!(
        shelves(51),
        EntryShelves::Counted { count: 51, .. }
    ));
}

/// HMAC-SHA-256 as in any other implementation, so that pseudonyms can be found again elsewhere.
#[test]
fn pseudonyms_depend_on_the_key() {
    let record: RecordId = "0192f0c1-2d3e-7f40-8a5b-6c7d8e9f0a1b".parse().unwrap();
    let other = Sealer::new([8; 32]);
    assert_ne!(sealer().pseudonym(&record), other.pseudonym(&record));
    assert_eq!(
        sealer().pseudonym(&record),
        "f1971dddb7a2a2d5ebdea32e257ccf92"
    );
}
