//! The data types of HL7 v2.5 (chapter 2.A) that SS-MIX2 uses, read from a field's repetition. They name
//! the components that Japanese systems fill; all others are found by place.

use renkei_model::message::Span;

use super::message::Piece;
use super::moment::{Moment, read_moment};

/// A value that is none of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{rule}")]
pub struct TypeError {
    /// The value's bytes.
    pub span: Span,
    /// What it has to be, in plain Japanese and English.
    pub rule: &'static str,
}

/// A coded value (CE, CWE, CNE): two codes of one meaning, from two systems.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coded {
    /// Code.
    pub code: String,
    /// What people read.
    pub text: String,
    /// The code's system: `HOT9`, `99XYZ`.
    pub system: String,
    /// The other code.
    pub alternate_code: String,
    /// Its text.
    pub alternate_text: String,
    /// Its system.
    pub alternate_system: String,
    /// The text as it was typed (CWE.9).
    pub original_text: String,
}

/// Who assigned something (HD).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authority {
    /// A name of the sender's own.
    pub namespace: String,
    /// An OID or the like.
    pub universal_id: String,
    /// Which: `ISO`.
    pub universal_id_type: String,
}

/// An identifier (CX).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identifier {
    /// The number.
    pub id: String,
    /// Check digit.
    pub check_digit: String,
    /// Who assigned it.
    pub authority: Authority,
    /// What it is: `PI`.
    pub type_code: String,
}

/// A person's name (XPN), and who that is (XCN).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The person's number; of XCN only.
    pub id: String,
    /// Family name (姓).
    pub family: String,
    /// Given name (名).
    pub given: String,
    /// Further given names.
    pub middle: String,
    /// Suffix.
    pub suffix: String,
    /// Prefix.
    pub prefix: String,
    /// What the name is: `L` legal.
    pub name_type: String,
    /// How it is written: `I` kanji (漢字), `P` kana (カナ), `A` alphabet.
    pub representation: String,
    /// Who assigned the number; of XCN only.
    pub authority: Authority,
}

/// An address (XAD). Japanese systems put the whole address into [`Self::other_geographic`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Street.
    pub street: String,
    /// Building.
    pub other_designation: String,
    /// City (市区町村).
    pub city: String,
    /// Prefecture (都道府県).
    pub state: String,
    /// Postal code (郵便番号).
    pub postal_code: String,
    /// Country: `JPN`.
    pub country: String,
    /// `H` home, `B` office.
    pub kind: String,
    /// Free text.
    pub other_geographic: String,
}

/// A way to reach somebody (XTN).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Telecom {
    /// Number in one piece, of older versions.
    pub number: String,
    /// `PRN` home, `WPN` work, `EMR` emergency.
    pub purpose: String,
    /// `PH` telephone, `FX` fax, `CP` mobile.
    pub equipment: String,
    /// Mail address.
    pub email: String,
    /// Free text.
    pub text: String,
    /// The number as it is written (XTN.12), which Japanese systems use.
    pub unformatted: String,
}

/// Where somebody is (PL).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// Ward (病棟) or department.
    pub point_of_care: String,
    /// Room (病室).
    pub room: String,
    /// Bed.
    pub bed: String,
    /// Facility.
    pub facility: Authority,
    /// `C` clinic, `N` nursing unit.
    pub kind: String,
}

/// An organisation (XON).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Organisation {
    /// Name.
    pub name: String,
    /// Number (XON.10, or XON.3 of older versions).
    pub id: String,
}

/// An order's or other thing's number (EI).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entity {
    /// The number.
    pub id: String,
    /// Who assigned it.
    pub authority: Authority,
}

/// A quantity with its unit (CQ).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quantity {
    /// A decimal number as it was written.
    pub value: String,
    /// Unit.
    pub unit: Coded,
}

/// A value by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// ST, TX, FT, ID, IS: text.
    Text(String),
    /// NM, SI: a decimal number as it was written.
    Number(String),
    /// TS, DT, TM: a moment.
    Moment(Moment),
    /// CE, CWE, CNE; RPT (TQ1-3) where it is a code alone.
    Coded(Coded),
    /// CX.
    Identifier(Identifier),
    /// XPN, XCN.
    Person(Person),
    /// XAD.
    Address(Address),
    /// XTN.
    Telecom(Telecom),
    /// PL.
    Location(Location),
    /// XON.
    Organisation(Organisation),
    /// EI.
    Entity(Entity),
    /// HD.
    Authority(Authority),
    /// CQ.
    Quantity(Quantity),
    /// Any other type: the texts of its components.
    Components(Vec<String>),
}

/// Reads a repetition of a field as a data type by its HL7 name; `None` if nothing was said.
///
/// # Errors
/// A number or moment that is none.
pub fn typed(value: Piece<'_>, data_type: &str) -> Result<Option<Typed>, TypeError> {
    if value.is_empty() || value.is_null() {
        return Ok(None);
    }
    Ok(Some(match data_type {
        "ST" | "TX" | "FT" | "ID" | "IS" => Typed::Text(value.text().into_owned()),
        "NM" | "SI" => Typed::Number(number(value)?),
        "TS" | "DT" => Typed::Moment(moment(value)?),
        "CE" | "CWE" | "CNE" => Typed::Coded(Coded::read(value)),
        // SS-MIX2 uses the pattern's code alone; a repeat with more is given component by component.
        "RPT" if value.components().skip(1).all(|rest| rest.is_empty()) => {
            Typed::Coded(Coded::of_sub_components(value))
        }
        "CX" => Typed::Identifier(Identifier::read(value)),
        "XPN" => Typed::Person(Person::of_name(value)),
        "XCN" => Typed::Person(Person::of_number(value)),
        "XAD" => Typed::Address(Address::read(value)),
        "XTN" => Typed::Telecom(Telecom::read(value)),
        "PL" => Typed::Location(Location::read(value)),
        "XON" => Typed::Organisation(Organisation::read(value)),
        "EI" => Typed::Entity(Entity::read(value)),
        "HD" => Typed::Authority(Authority::of_components(value, 1)),
        "CQ" => Typed::Quantity(Quantity::read(value)?),
        _ => Typed::Components(
            value
                .components()
                .map(|component| component.text().into_owned())
                .collect(),
        ),
    }))
}

/// The text of a component; of its first sub-component if it has several.
fn part(value: Piece<'_>, number: usize) -> String {
    value
        .component(number)
        .and_then(|component| component.sub_component(1))
        .map(|part| part.text().into_owned())
        .unwrap_or_default()
}

/// NM: a sign, digits, a point and digits (HL7 2.5 section 2.A.46).
///
/// # Errors
/// Anything else.
pub fn number(value: Piece<'_>) -> Result<String, TypeError> {
    let text = value.text();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let good = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if good(whole) && good(rest) && !(whole.is_empty() && rest.is_empty()) {
        return Ok(text.into_owned());
    }
    Err(TypeError {
        span: value.span(),
        rule: "数値ではありません / not a decimal number",
    })
}

/// TS, DT: a date, a time of day, a fraction, an offset, as far as known.
///
/// # Errors
/// No such moment.
pub fn moment(value: Piece<'_>) -> Result<Moment, TypeError> {
    let own = value.component(1).unwrap_or(value);
    read_moment(&own.text()).ok_or(TypeError {
        span: own.span(),
        rule: "YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]ではない日時です / no date and time YYYY[MM[DD[HH[MM[SS[.S]]]]]][+/-ZZZZ]",
    })
}

impl Coded {
    /// CE, CWE, CNE.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            code: part(value, 1),
            text: part(value, 2),
            system: part(value, 3),
            alternate_code: part(value, 4),
            alternate_text: part(value, 5),
            alternate_system: part(value, 6),
            original_text: part(value, 9),
        }
    }

    /// CE as sub-components of a component, as in CQ.2 and RPT.1.
    #[must_use]
    pub fn of_sub_components(component: Piece<'_>) -> Self {
        let sub = |number| {
            let found = component.sub_component(number);
            found
                .map(|part| part.text().into_owned())
                .unwrap_or_default()
        };
        Self {
            code: sub(1),
            text: sub(2),
            system: sub(3),
            alternate_code: sub(4),
            alternate_text: sub(5),
            alternate_system: sub(6),
            original_text: sub(9),
        }
    }
}

impl Authority {
    /// HD as three components from a number on.
    fn of_components(value: Piece<'_>, first: usize) -> Self {
        Self {
            namespace: part(value, first),
            universal_id: part(value, first + 1),
            universal_id_type: part(value, first + 2),
        }
    }

    /// HD as the sub-components of one component.
    fn of_component(value: Piece<'_>, number: usize) -> Self {
        let sub = |at| {
            let found = value
                .component(number)
                .and_then(|own| own.sub_component(at));
            found
                .map(|part| part.text().into_owned())
                .unwrap_or_default()
        };
        Self {
            namespace: sub(1),
            universal_id: sub(2),
            universal_id_type: sub(3),
        }
    }
}

impl Identifier {
    /// CX.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            id: part(value, 1),
            check_digit: part(value, 2),
            authority: Authority::of_component(value, 4),
            type_code: part(value, 5),
        }
    }
}

impl Person {
    /// XPN.
    #[must_use]
    pub fn of_name(value: Piece<'_>) -> Self {
        Self {
            id: String::new(),
            name_type: part(value, 7),
            representation: part(value, 8),
            authority: Authority::default(),
            ..Self::named(value, 1)
        }
    }

    /// XCN.
    #[must_use]
    pub fn of_number(value: Piece<'_>) -> Self {
        Self {
            id: part(value, 1),
            name_type: part(value, 10),
            representation: part(value, 15),
            authority: Authority::of_component(value, 9),
            ..Self::named(value, 2)
        }
    }

    fn named(value: Piece<'_>, first: usize) -> Self {
        Self {
            family: part(value, first),
            given: part(value, first + 1),
            middle: part(value, first + 2),
            suffix: part(value, first + 3),
            prefix: part(value, first + 4),
            ..Self::default()
        }
    }
}

impl Address {
    /// XAD.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            street: part(value, 1),
            other_designation: part(value, 2),
            city: part(value, 3),
            state: part(value, 4),
            postal_code: part(value, 5),
            country: part(value, 6),
            kind: part(value, 7),
            other_geographic: part(value, 8),
        }
    }
}

impl Telecom {
    /// XTN.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            number: part(value, 1),
            purpose: part(value, 2),
            equipment: part(value, 3),
            email: part(value, 4),
            text: part(value, 9),
            unformatted: part(value, 12),
        }
    }
}

impl Location {
    /// PL.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            point_of_care: part(value, 1),
            room: part(value, 2),
            bed: part(value, 3),
            facility: Authority::of_component(value, 4),
            kind: part(value, 6),
        }
    }
}

impl Organisation {
    /// XON.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        let id = part(value, 10);
        Self {
            name: part(value, 1),
            id: if id.is_empty() { part(value, 3) } else { id },
        }
    }
}

impl Entity {
    /// EI.
    #[must_use]
    pub fn read(value: Piece<'_>) -> Self {
        Self {
            id: part(value, 1),
            authority: Authority::of_components(value, 2),
        }
    }
}

impl Quantity {
    /// CQ.
    ///
    /// # Errors
    /// The quantity is no number.
    pub fn read(value: Piece<'_>) -> Result<Self, TypeError> {
        let own = value.component(1).filter(|own| !own.is_empty());
        Ok(Self {
            value: own.map(number).transpose()?.unwrap_or_default(),
            unit: value
                .component(2)
                .map(Coded::of_sub_components)
                .unwrap_or_default(),
        })
    }
}
