//! What the people of the network were promised, in sentences, against their table.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use renkei_access::{Action, Decider, PolicySet, Question, compile, read_table};
use renkei_model::{Category, Profession, Purpose, Relation, Sensitivity};

fn policies() -> PolicySet {
    let text = include_str!("../../../profiles/kitamaru/access.csv");
    compile(&[read_table("profiles/kitamaru/access.csv", text).unwrap()]).unwrap()
}

/// The purpose that the permit room finds for a profession.
const fn purpose_of(profession: Profession) -> Purpose {
    match profession {
        Profession::Auditor => Purpose::Audit,
        Profession::NetworkOffice | Profession::FacilityAdministrator => Purpose::Operation,
        _ => Purpose::Treatment,
    }
}

fn may(
    policies: &PolicySet,
    profession: Profession,
    action: Action,
    category: Category,
    relation: Relation,
) -> bool {
    let question = Question {
        network: "kitamaru".parse().unwrap(),
        profession,
        category,
        sensitivity: Sensitivity::Normal,
        relation,
        purpose: purpose_of(profession),
        action,
    };
    policies.decide(&question).is_allow()
}

/// What an admission slip is made of.
const SLIP: [Category; 5] = [
    Category::Sheet,
    Category::Demographics,
    Category::Contacts,
    Category::Diagnosis,
    Category::Care,
];

#[test]
fn everybody_reads_the_directory_and_the_office_alone_keeps_it() {
    let policies = policies();
    for profession in Profession::ALL.iter().copied() {
        let on_directory = |action| {
            may(
                &policies,
                profession,
                action,
                Category::Directory,
                Relation::None,
            )
        };
        assert!(on_directory(Action::ReadFull), "{profession}");
        let is_office = profession == Profession::NetworkOffice;
        assert_eq!(on_directory(Action::Write), is_office, "{profession}");
    }
}

#[test]
fn a_slip_can_be_written_for_anybody_and_seen_again_by_its_writer_only() {
    let policies = policies();
    for profession in [Profession::CareManager, Profession::VendorSystem] {
        for category in SLIP {
            let may = |action, relation| may(&policies, profession, action, category, relation);
            assert!(
                may(Action::Write, Relation::None),
                "{profession} {category}"
            );
            assert!(may(Action::Send, Relation::None), "{profession} {category}");
            assert!(
                !may(Action::ReadFull, Relation::None),
                "{profession} {category}"
            );
            assert!(
                may(Action::ReadFull, Relation::AuthorFacility),
                "{profession} {category}"
            );
        }
    }
}

#[test]
fn the_hospital_sees_the_slip_that_it_was_sent() {
    let policies = policies();
    for profession in [
        Profession::VendorSystem,
        Profession::Physician,
        Profession::Nurse,
        Profession::MedicalSocialWorker,
    ] {
        for category in SLIP {
            let seen = may(
                &policies,
                profession,
                Action::ReadFull,
                category,
                Relation::Exchange,
            );
            assert!(seen, "{profession} {category}");
        }
    }
}

#[test]
fn nobody_without_a_relation_reads_of_anybodys_care() {
    let policies = policies();
    for profession in Profession::ALL.iter().copied() {
        for category in Category::ALL.iter().copied() {
            let read = may(
                &policies,
                profession,
                Action::ReadFull,
                category,
                Relation::None,
            );
            let is_office = profession == Profession::NetworkOffice
                && matches!(
                    category,
                    Category::Demographics | Category::Contacts | Category::Consent
                );
            assert_eq!(
                read,
                category == Category::Directory || is_office,
                "{profession} {category}"
            );
        }
    }
}

#[test]
fn a_pharmacist_sees_drugs_and_what_drugs_need_in_the_team_only() {
    let policies = policies();
    let expected = [
        Category::Demographics,
        Category::Diagnosis,
        Category::Allergy,
        Category::Prescription,
        Category::Injection,
        Category::Lab,
    ];
    for category in Category::ALL
        .iter()
        .copied()
        .filter(|one| *one != Category::Directory)
    {
        let may = |action, relation| {
            may(
                &policies,
                Profession::Pharmacist,
                action,
                category,
                relation,
            )
        };
        for relation in [Relation::FacilityInTeam, Relation::TeamMember] {
            assert_eq!(
                may(Action::ReadFull, relation),
                expected.contains(&category),
                "{category}"
            );
        }
        for action in Action::ALL.iter().copied() {
            assert!(!may(action, Relation::None), "{category}");
            assert!(!may(action, Relation::Exchange), "{category}");
        }
    }
}

#[test]
fn crews_auditors_and_administrators_touch_no_patient() {
    let policies = policies();
    for profession in [
        Profession::AmbulanceCrew,
        Profession::Auditor,
        Profession::FacilityAdministrator,
    ] {
        for category in Category::ALL
            .iter()
            .copied()
            .filter(|one| *one != Category::Directory)
        {
            for relation in Relation::ALL.iter().copied() {
                for action in Action::ALL.iter().copied() {
                    let allowed = may(&policies, profession, action, category, relation);
                    assert!(!allowed, "{profession} {action} {category} {relation}");
                }
            }
        }
    }
}

#[test]
fn a_home_helper_reads_no_notes_and_no_diagnoses() {
    let policies = policies();
    for category in [
        Category::Notes,
        Category::Diagnosis,
        Category::Lab,
        Category::Prescription,
    ] {
        for relation in Relation::ALL.iter().copied() {
            let read = may(
                &policies,
                Profession::HomeHelper,
                Action::ReadFull,
                category,
                relation,
            );
            assert!(!read, "{category} {relation}");
        }
    }
}

/// A row that can never take effect would mislead whoever reads the table.
#[test]
fn every_row_takes_effect() {
    let policies = policies();
    let rows = include_str!("../../../profiles/kitamaru/access.csv")
        .lines()
        .skip(1);
    for (index, row) in rows.enumerate() {
        let words: Vec<&str> = row.split(',').collect();
        let (category, sensitivity) = words[2].split_once('+').unwrap_or((words[2], "normal"));
        let profession: Profession = words[1].parse().unwrap();
        let (relation, purpose) = words[3]
            .strip_suffix("+emergency")
            .map_or((words[3], purpose_of(profession)), |relation| {
                (relation, Purpose::Emergency)
            });
        for (action, given) in [
            (Action::ReadFull, words[4] == "full"),
            (Action::Write, words[5] == "yes"),
            (Action::Send, words[6] == "yes"),
        ] {
            let question = Question {
                network: words[0].parse().unwrap(),
                profession,
                category: category.parse().unwrap(),
                sensitivity: sensitivity.parse().unwrap(),
                relation: relation.parse().unwrap(),
                purpose,
                action,
            };
            let line = index + 2;
            assert_eq!(
                policies.decide(&question).is_allow(),
                given,
                "line {line}: {action}"
            );
        }
    }
}

/// A suspicion of abuse travels on a slip, but into no recipient's system: there are too many eyes.
#[test]
fn a_suspicion_of_abuse_reaches_those_it_was_sent_to_and_few_others() {
    let policies = policies();
    let may = |profession, action, relation| {
        let question = Question {
            network: "kitamaru".parse().unwrap(),
            profession,
            category: Category::Care,
            sensitivity: Sensitivity::Abuse,
            relation,
            purpose: purpose_of(profession),
            action,
        };
        policies.decide(&question).is_allow()
    };
    for writer in [Profession::CareManager, Profession::VendorSystem] {
        assert!(may(writer, Action::Write, Relation::None), "{writer}");
        assert!(may(writer, Action::Send, Relation::None), "{writer}");
        assert!(
            may(writer, Action::ReadFull, Relation::AuthorFacility),
            "{writer}"
        );
    }
    for reader in [
        Profession::Physician,
        Profession::MedicalSocialWorker,
        Profession::VendorSystem,
    ] {
        assert!(
            may(reader, Action::ReadFull, Relation::Exchange),
            "{reader}"
        );
    }
    for reader in [Profession::Nurse, Profession::HomeHelper] {
        assert!(
            !may(reader, Action::ReadFull, Relation::Exchange),
            "{reader}"
        );
        assert!(
            !may(reader, Action::ReadFull, Relation::FacilityInTeam),
            "{reader}"
        );
    }
}

/// What a crew sees of a stranger, and that it sees it under break-glass only.
#[test]
fn a_crew_sees_what_matters_on_scene_and_only_under_break_glass() {
    let policies = policies();
    let may = |profession, category, purpose| {
        let question = Question {
            network: "kitamaru".parse().unwrap(),
            profession,
            category,
            sensitivity: Sensitivity::Normal,
            relation: Relation::None,
            purpose,
            action: Action::ReadFull,
        };
        policies.decide(&question).is_allow()
    };
    let crew = Profession::AmbulanceCrew;
    for category in [
        Category::Demographics,
        Category::Contacts,
        Category::Emergency,
        Category::Diagnosis,
        Category::Allergy,
        Category::Prescription,
        Category::Care,
        Category::Acp,
    ] {
        assert!(may(crew, category, Purpose::Emergency), "{category}");
        assert!(!may(crew, category, Purpose::Treatment), "{category}");
    }
    for category in [
        Category::Notes,
        Category::Sheet,
        Category::Consent,
        Category::Lab,
    ] {
        assert!(!may(crew, category, Purpose::Emergency), "{category}");
    }
    for profession in [
        Profession::Pharmacist,
        Profession::CareManager,
        Profession::VendorSystem,
    ] {
        assert!(
            !may(profession, Category::Demographics, Purpose::Emergency),
            "{profession}"
        );
    }
}
