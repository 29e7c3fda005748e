//! From a record to bytes. Nothing is replaced: what the standard cannot hold is refused by its place.

use super::layout::{Standard, is_group};
use super::{CATEGORY, VERSION};
use crate::charset::is_own;
use crate::csv::{Charset, Unwritable, write_plain};
use crate::tree::{Content, Node, Record};

/// Why a record cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The root has no version, or the notebook no 出力区分.
    #[error("{0}がありません / {0} is missing")]
    Missing(&'static str),
    /// The version is none of the root's standard.
    #[error("バージョンが正しくありません / the version is none of this standard")]
    Version,
    /// A node that is no record, group or item.
    #[error("{0}: レコードではありません / not a record")]
    NotARecord(String),
    /// A record in a record, or an item that is no text.
    #[error("{0}: 項目は文字です / an item must be text")]
    NotText(String),
    /// A comma, a line end or another control character: the standard has no way to write them.
    #[error(
        "{0}: カンマ、改行、制御文字は使えません / commas, line ends and control characters cannot be written"
    )]
    Forbidden(String),
    /// 外字, which the standard forbids.
    #[error(
        "{0}: 外字は使えません(■に置き換えてください) / a character that only one system can show"
    )]
    OwnCharacter(String),
    /// A character that MS932 does not have.
    #[error("{place}: {unwritable}")]
    Unwritable {
        /// Where.
        place: String,
        /// Which.
        unwritable: Unwritable,
    },
}

/// Writes a record as one text, its groups line by line: MS932, CR LF at each end. A set in parts is written whole.
///
/// What comes out is the normal form of what was read: the records of a group together and before what follows the
/// group, no record 911, no repeated patient, no empty lines, no mark of the end of a file.
///
/// # Errors
/// The first thing that the standard cannot hold.
pub fn encode(record: &Record) -> Result<Vec<u8>, EncodeError> {
    let root = &record.root;
    let version = root
        .child(VERSION)
        .and_then(Node::text)
        .ok_or(EncodeError::Missing(VERSION))?;
    let standard = Standard::of_version(version).filter(|standard| standard.root() == root.name);
    let standard = standard.ok_or(EncodeError::Version)?;
    let mut out = Vec::new();
    out.extend(version.as_bytes());
    if standard == Standard::Notebook {
        let category = root.child(CATEGORY).and_then(Node::text);
        let category = category.filter(|category| matches!(*category, "1" | "2"));
        out.push(b',');
        out.extend(category.ok_or(EncodeError::Missing(CATEGORY))?.as_bytes());
    }
    let known = [VERSION, CATEGORY];
    let rest = || {
        root.branch()
            .iter()
            .filter(|node| !known.contains(&node.name.as_str()))
    };
    let is_item = |node: &&Node| node.name.starts_with("項目");
    for item in rest().filter(is_item) {
        out.push(b',');
        write_item(standard.root(), item, &mut out)?;
    }
    out.extend(b"\r\n");
    let records = rest().filter(|node| !is_item(node));
    for node in records {
        write(node, &mut out)?;
    }
    Ok(out)
}

/// A record or a group; groups are at most five deep in what is read, and a tree from elsewhere is refused by its names.
fn write(node: &Node, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    if is_group(&node.name) {
        for child in node.branch() {
            if child.name == node.name {
                return Err(EncodeError::NotARecord(child.name.clone()));
            }
            write(child, out)?;
        }
        return Ok(());
    }
    let number = &node.name;
    let is_number =
        (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let Content::Branch(items) = &node.content else {
        return Err(EncodeError::NotARecord(number.clone()));
    };
    if !is_number {
        return Err(EncodeError::NotARecord(number.clone()));
    }
    out.extend(number.as_bytes());
    for item in items {
        out.push(b',');
        write_item(number, item, out)?;
    }
    out.extend(b"\r\n");
    Ok(())
}

fn write_item(record: &str, item: &Node, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let place = || format!("{record}.{}", item.name);
    let text = match &item.content {
        Content::Text(text) | Content::Number(text) => text.as_str(),
        Content::Null => "",
        Content::Bool(_) | Content::Branch(_) => return Err(EncodeError::NotText(place())),
    };
    if text.contains(|c: char| c == ',' || c.is_control()) {
        return Err(EncodeError::Forbidden(place()));
    }
    if text.contains(is_own) {
        return Err(EncodeError::OwnCharacter(place()));
    }
    write_plain(out, text, Charset::Ms932).map_err(|unwritable| EncodeError::Unwritable {
        place: place(),
        unwritable,
    })
}
