//! The header: whose document it is, who made it, who keeps it, who had part in it.

use renkei_model::message::Span;

use super::narrative;
use crate::tree::{Leaf, Node};

/// An identifier (II).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Id {
    /// An OID or UUID.
    pub root: String,
    /// What is told apart by it; `None` where the root does so alone.
    pub extension: Option<String>,
    /// Its element.
    pub span: Span,
}

impl Id {
    /// `root^extension`, or the root.
    #[must_use]
    pub fn text(&self) -> String {
        match &self.extension {
            Some(extension) => format!("{}^{extension}", self.root),
            None => self.root.clone(),
        }
    }
}

/// A code (CD, CE), without its translations, which the tree has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// OID of the system.
    pub system: String,
    /// What it means, as the sender says.
    pub display: String,
    /// Its element.
    pub span: Span,
}

/// A name (PN, ON) or an address (AD): parts in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// `@use`: `IDE` kanji, `SYL` kana, `ABC` Roman; `WP`, `HP` for addresses.
    pub uses: String,
    /// The parts by their elements: `family`, `given`; `#text` for what has no element.
    pub parts: Vec<(String, String)>,
    /// Its element.
    pub span: Span,
}

/// Somebody who has to do with the document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// As what: `recordTarget`, `author`, `custodian`, `legalAuthenticator`, `informant`, `participant` …
    pub role: String,
    /// `@typeCode`, where it says more than the role.
    pub type_code: Option<String>,
    /// `time`: its value, or its `low`.
    pub time: Option<Leaf>,
    /// The identifiers of the role.
    pub ids: Vec<Id>,
    /// `code` of the role: a profession, a kinship.
    pub code: Option<Code>,
    /// The names of the person.
    pub names: Vec<Name>,
    /// `telecom`: `tel:0157-00-0000`.
    pub telecoms: Vec<Leaf>,
    /// The addresses.
    pub addresses: Vec<Name>,
    /// A patient's administrativeGenderCode.
    pub gender: Option<Code>,
    /// A patient's birthTime.
    pub birth: Option<Leaf>,
    /// The organisation for which he acts; of a custodian, itself.
    pub organization_ids: Vec<Id>,
    /// Its names.
    pub organization_names: Vec<Name>,
    /// The element of the role.
    pub span: Span,
}

/// The header.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// The document's id; each version has its own.
    pub id: Option<Id>,
    /// What all its versions share.
    pub set_id: Option<Id>,
    /// versionNumber.
    pub version: Option<Leaf>,
    /// What kind of document (LOINC).
    pub code: Option<Code>,
    /// Its title.
    pub title: Option<Leaf>,
    /// effectiveTime: when it was made, `YYYYMMDDHHMMSS+0900` or shorter.
    pub effective_time: Option<Leaf>,
    /// confidentialityCode.
    pub confidentiality: Option<Code>,
    /// languageCode.
    pub language: Option<Leaf>,
    /// recordTarget: one, or several of a group.
    pub patients: Vec<Party>,
    /// author: persons or devices.
    pub authors: Vec<Party>,
    /// custodian.
    pub custodian: Option<Party>,
    /// All others, in the order of the document.
    pub participants: Vec<Party>,
    /// The documents that this one replaces (relatedDocument RPLC).
    pub replaces: Vec<Id>,
}

/// Elements that are somebody, beside the patient, the author and the custodian.
const OTHERS: [&str; 6] = [
    "dataEnterer",
    "informant",
    "informationRecipient",
    "legalAuthenticator",
    "authenticator",
    "participant",
];
/// What is between a participation and the person (CDA R2, 4.2.2).
const ROLES: [&str; 7] = [
    "patientRole",
    "assignedAuthor",
    "assignedEntity",
    "assignedCustodian",
    "intendedRecipient",
    "relatedEntity",
    "associatedEntity",
];
const PERSONS: [&str; 6] = [
    "patient",
    "assignedPerson",
    "associatedPerson",
    "informationRecipient",
    "relatedPerson",
    "assignedAuthoringDevice",
];
const ORGANIZATIONS: [&str; 5] = [
    "representedOrganization",
    "representedCustodianOrganization",
    "scopingOrganization",
    "receivedOrganization",
    "providerOrganization",
];

/// Reads the header of a `ClinicalDocument`. What is not there is not there; nothing is guessed.
#[must_use]
pub fn header(root: &Node) -> Header {
    let parties = |name: &str| {
        root.branch()
            .iter()
            .filter(|node| node.name == name)
            .map(party)
            .collect::<Vec<_>>()
    };
    let others = root
        .branch()
        .iter()
        .filter(|node| OTHERS.contains(&node.name.as_str()));
    let related = root.branch().iter().filter(|node| {
        node.name == "relatedDocument" && attribute(node, "@typeCode") == Some("RPLC")
    });
    let replaced = related
        .flat_map(|node| node.branch())
        .filter(|node| node.name == "parentDocument");
    Header {
        id: root.child("id").and_then(id),
        set_id: root.child("setId").and_then(id),
        version: root
            .child("versionNumber")
            .and_then(|node| leaf(node, "@value", "versionNumber")),
        code: root.child("code").and_then(code),
        title: root.child("title").map(|node| Leaf {
            field: "title".to_owned(),
            text: narrative::inline(node),
            span: node.span,
        }),
        effective_time: root
            .child("effectiveTime")
            .and_then(|node| leaf(node, "@value", "effectiveTime")),
        confidentiality: root.child("confidentialityCode").and_then(code),
        language: root
            .child("languageCode")
            .and_then(|node| leaf(node, "@code", "languageCode")),
        patients: parties("recordTarget"),
        authors: parties("author"),
        custodian: parties("custodian").into_iter().next(),
        participants: others.map(party).collect(),
        replaces: replaced
            .flat_map(|node| node.branch())
            .filter(|node| node.name == "id")
            .filter_map(id)
            .collect(),
    }
}

fn party(node: &Node) -> Party {
    let role = node
        .branch()
        .iter()
        .find(|child| ROLES.contains(&child.name.as_str()));
    let role = role.unwrap_or(node);
    let person = role
        .branch()
        .iter()
        .find(|child| PERSONS.contains(&child.name.as_str()));
    let organization = role
        .branch()
        .iter()
        .find(|child| ORGANIZATIONS.contains(&child.name.as_str()));
    let named = |node: Option<&Node>, name: &str| {
        let found = node
            .into_iter()
            .flat_map(Node::branch)
            .filter(|child| child.name == name);
        found.map(self::name).collect::<Vec<_>>()
    };
    let ids = |node: Option<&Node>| {
        let found = node
            .into_iter()
            .flat_map(Node::branch)
            .filter(|child| child.name == "id");
        found.filter_map(id).collect::<Vec<_>>()
    };
    let time = node.child("time").and_then(|time| {
        leaf(time, "@value", "time").or_else(|| {
            time.child("low")
                .and_then(|low| leaf(low, "@value", "time/low"))
        })
    });
    let telecoms = role
        .children("telecom")
        .filter_map(|telecom| leaf(telecom, "@value", "telecom"));
    Party {
        role: node.name.clone(),
        type_code: attribute(node, "@typeCode").map(str::to_owned),
        time,
        ids: ids(Some(role)),
        code: role.child("code").and_then(code),
        names: named(person, "name"),
        telecoms: telecoms.collect(),
        addresses: named(Some(role), "addr"),
        gender: person
            .and_then(|person| person.child("administrativeGenderCode"))
            .and_then(code),
        birth: person
            .and_then(|person| person.child("birthTime"))
            .and_then(|birth| leaf(birth, "@value", "birthTime")),
        organization_ids: ids(organization),
        organization_names: named(organization, "name"),
        span: node.span,
    }
}

pub(super) fn attribute<'n>(node: &'n Node, name: &str) -> Option<&'n str> {
    node.child(name).and_then(Node::text)
}

fn leaf(node: &Node, name: &str, field: &str) -> Option<Leaf> {
    let value = node.child(name)?;
    Some(Leaf {
        field: field.to_owned(),
        text: value.text()?.to_owned(),
        span: value.span,
    })
}

fn id(node: &Node) -> Option<Id> {
    Some(Id {
        root: attribute(node, "@root")?.to_owned(),
        extension: attribute(node, "@extension").map(str::to_owned),
        span: node.span,
    })
}

pub(super) fn code(node: &Node) -> Option<Code> {
    let text = |name: &str| attribute(node, name).unwrap_or_default().to_owned();
    Some(Code {
        code: attribute(node, "@code")?.to_owned(),
        system: text("@codeSystem"),
        display: text("@displayName"),
        span: node.span,
    })
}

fn name(node: &Node) -> Name {
    let parts = match node.text() {
        Some(text) => vec![(super::TEXT.to_owned(), text.to_owned())],
        None => {
            let parts = node
                .branch()
                .iter()
                .filter(|part| !part.name.starts_with('@'));
            parts
                .map(|part| (part.name.clone(), narrative::inline(part)))
                .collect()
        }
    };
    Name {
        uses: attribute(node, "@use").unwrap_or_default().to_owned(),
        parts,
        span: node.span,
    }
}
