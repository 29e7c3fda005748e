//! Names of columns in an export, and the places of the tree that they stand for.

use super::{FIELD_DATA, MOD_ID, PORTAL_DATA, RECORD_ID};

/// Rows of a portal that an export can have columns for. A form has ten at most; the number decides how
/// many nodes one line can make.
const ROWS_MAX: usize = 200;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Column {
    /// The record's key.
    Key,
    /// The record's version.
    Version,
    /// A plain field, by its name.
    Field(String),
    /// A field of a portal's row: `緊急連絡先[1]::氏名`.
    Portal {
        /// The portal: `緊急連絡先`.
        portal: String,
        /// The row, from 0.
        row: usize,
        /// The name in the tree: `緊急連絡先::氏名`; `recordId` and `modId` are the row's own.
        name: String,
    },
}

impl Column {
    /// Reads a column's name.
    ///
    /// # Errors
    /// The rule that the name breaks.
    pub(super) fn read(name: &str) -> Result<Self, String> {
        match name {
            "" => return Err("列名が空です / a column without a name".to_owned()),
            RECORD_ID => return Ok(Self::Key),
            MOD_ID => return Ok(Self::Version),
            _ => {}
        }
        let Some((portal, number, field)) = portal_parts(name) else {
            return Ok(Self::Field(name.to_owned()));
        };
        let row = number
            .parse::<usize>()
            .ok()
            .filter(|row| (1..=ROWS_MAX).contains(row) && !number.starts_with('0'));
        let Some(row) = row else {
            return Err(format!(
                "行番号は1から{ROWS_MAX}までです / rows of a portal are numbered from 1 to {ROWS_MAX}"
            ));
        };
        let name = if matches!(field, RECORD_ID | MOD_ID) {
            field.to_owned()
        } else {
            format!("{portal}::{field}")
        };
        Ok(Self::Portal {
            portal: portal.to_owned(),
            row: row - 1,
            name,
        })
    }

    /// The column's name; `None` for a place that no column can stand for.
    pub(super) fn name(&self) -> Option<String> {
        let name = match self {
            Self::Key => RECORD_ID.to_owned(),
            Self::Version => MOD_ID.to_owned(),
            Self::Field(name) => name.clone(),
            Self::Portal { portal, row, name } => portal_column(portal, *row, name)?,
        };
        (Self::read(&name).as_ref() == Ok(self)).then_some(name)
    }
}

/// `緊急連絡先[1]::氏名` in its three parts.
fn portal_parts(name: &str) -> Option<(&str, &str, &str)> {
    let (head, field) = name.split_once("]::")?;
    let (portal, number) = head.rsplit_once('[')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !portal.is_empty() && !field.is_empty()).then_some((portal, number, field))
}

fn portal_column(portal: &str, row: usize, name: &str) -> Option<String> {
    let field = if matches!(name, RECORD_ID | MOD_ID) {
        name
    } else {
        name.strip_prefix(portal)?.strip_prefix("::")?
    };
    Some(format!("{portal}[{}]::{field}", row + 1))
}

/// A field as it is named in a message (`data[0].fieldData.氏名`), named as the columns of an export are
/// (`氏名`): what a sender of CSV is told. Anything else stays as it is.
#[must_use]
pub fn as_column(field: &str) -> String {
    within_record(field).unwrap_or_else(|| field.to_owned())
}

fn within_record(field: &str) -> Option<String> {
    let (number, rest) = field.strip_prefix("data[")?.split_once("].")?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if matches!(rest, RECORD_ID | MOD_ID) {
        return Some(rest.to_owned());
    }
    if let Some(name) = rest.strip_prefix(FIELD_DATA) {
        return Some(name.strip_prefix('.')?.to_owned());
    }
    let portal = rest.strip_prefix(PORTAL_DATA)?.strip_prefix('.')?;
    let Some((portal, rest)) = portal.split_once('[') else {
        return Some(portal.to_owned());
    };
    let (row, name) = rest.split_once(']')?;
    let row: usize = row.parse().ok()?;
    match name.strip_prefix('.') {
        Some(name) => portal_column(portal, row, name),
        None => Some(format!("{portal}[{}]", row + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_one_name_and_names_one_column() {
        for name in [
            "recordId",
            "modId",
            "氏名",
            "連絡先::氏名",
            "連絡先[1]::氏名",
            "連絡先[12]::recordId",
            "表[1][2]::項目",
            "a[]::b",
            "a[1]",
            "[1]::b",
        ] {
            let column = Column::read(name).unwrap();
            assert_eq!(column.name().as_deref(), Some(name));
        }
        for wrong in [
            "",
            "連絡先[0]::氏名",
            "連絡先[01]::氏名",
            "連絡先[201]::氏名",
        ] {
            assert!(Column::read(wrong).is_err(), "{wrong}");
        }
        for unnamed in [
            Column::Field("recordId".to_owned()),
            Column::Field("a[1]::b".to_owned()),
            Column::Field(String::new()),
        ] {
            assert_eq!(unnamed.name(), None);
        }
        let portal = |name: &str| Column::Portal {
            portal: "連絡先".to_owned(),
            row: 0,
            name: name.to_owned(),
        };
        assert_eq!(portal("氏名").name(), None);
        assert_eq!(portal("連絡先::recordId").name(), None);
    }

    #[test]
    fn fields_of_a_message_are_named_as_columns() {
        for (field, column) in [
            ("data[0].fieldData.氏名", "氏名"),
            ("data[3].recordId", "recordId"),
            (
                "data[0].portalData.連絡先[0].連絡先::氏名",
                "連絡先[1]::氏名",
            ),
            ("data[0].portalData.連絡先[1].modId", "連絡先[2]::modId"),
            ("data[0].portalData.連絡先[1]", "連絡先[2]"),
            ("data[0].portalData.連絡先", "連絡先"),
            ("氏名", "氏名"),
            ("data[x].fieldData.氏名", "data[x].fieldData.氏名"),
        ] {
            assert_eq!(as_column(field), column);
        }
    }
}
