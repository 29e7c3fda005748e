//! Typed ids. Ids that we make are UUIDv7; ids that others gave us are checked text.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Text that is not an id of the expected kind. Holds nothing of the text itself: it came from outside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct IdError {
    /// The kind of id that was expected, for example `facility code`.
    pub kind: &'static str,
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A fresh id. Version 7: ids made later sort later, which keeps indexes compact.
            #[must_use]
            #[expect(clippy::new_without_default, reason = "a default id would be a different one each time")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Accepts the one canonical form, lower case with hyphens, so that one id has one spelling.
            fn from_str(text: &str) -> Result<Self, IdError> {
                let error = IdError { kind: stringify!($name) };
                let id = Uuid::try_parse(text).map_err(|_| error.clone())?;
                if id.hyphenated().to_string() == text { Ok(Self(id)) } else { Err(error) }
            }
        }
    )+};
}

uuid_ids! {
    /// One message as it reached us.
    MessageId,
    /// What one network knows of one human being.
    RecordId,
    /// A set of records that were found to be the same human being.
    PersonId,
    /// A FHIR resource. A document's Bundle shares its id with the sheet that it is.
    ResourceId,
    /// One message on its way to one destination.
    DeliveryId,
    /// One audit leaf.
    LeafId,
    /// One stay in hospital, as one sender counts it.
    EpisodeId,
    /// Two records that may be one human being, for a person to decide.
    ReviewId,
    /// One change of links between records and persons. Can be undone as one.
    ChangeId,
    /// One search of an ambulance crew.
    SearchId,
    /// One emergency card that was opened (break-glass).
    OpeningId,
    /// One note on a patient whom nobody could name yet.
    NoteId,
    /// One request from outside; the only id that may appear in an error text and in a log line together.
    RequestId,
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal, $bytes:expr, $allowed:expr);+ $(;)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The text as it is written in tokens, profiles and the database.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let allowed: fn(char) -> bool = $allowed;
                if ($bytes).contains(&text.len()) && text.chars().all(allowed) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { kind: $kind })
                }
            }
        }
    )+};
}

text_ids! {
    /// A regional network, the name of its folder under `profiles/`: `kitamaru`.
    NetworkName, "network name", 1..=32, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    /// 医療機関コード(10桁) or 介護事業所番号(10桁): ten digits, or letters where a care office has them.
    FacilityCode, "facility code", 10..=10, |c| c.is_ascii_digit() || c.is_ascii_uppercase();
    /// A member of staff, as the network's office numbers them.
    StaffId, "staff id", 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    /// A vendor's system, as the network's office registered it.
    ClientId, "client id", 1..=64, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_one_spelling() {
        let id = RecordId::new();
        assert_eq!(id.to_string().parse::<RecordId>(), Ok(id));
        assert!(id.to_string().to_uppercase().parse::<RecordId>().is_err());
        assert!(format!("{{{id}}}").parse::<RecordId>().is_err());
    }

    #[test]
    fn a_facility_code_has_no_wildcards_or_quotes() {
        for text in [
            "",
            "01101'",
            "%",
            "0110000001x",
            "011000001",
            "01 0000001",
            "０１１０００００１",
        ] {
            assert!(text.parse::<FacilityCode>().is_err(), "{text}");
        }
        assert!("0110000001".parse::<FacilityCode>().is_ok());
    }
}
