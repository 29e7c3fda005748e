//! What stored values and searched terms are compared as: names, addresses and telephone numbers folded
//! alike on both sides. Not a room.

use renkei_fhir::index::index;
use renkei_fhir::params::ParamKind;
use renkei_identity::{TermKind, fold_address, fold_name, fold_phone, terms};
use renkei_model::Face;
use renkei_store::IndexRow;
use serde_json::Value;

/// Longer values are no search terms; a database index takes rows of some 2,700 bytes.
const INDEX_BYTES: usize = 512;

/// The rows under which a resource is found. An address has one row for each place at which people begin
/// to say it.
#[must_use]
pub fn index_rows(json: &Value) -> Vec<IndexRow> {
    let mut rows = Vec::new();
    for row in index(json) {
        if row.value.len() > INDEX_BYTES {
            continue;
        }
        let plain = IndexRow {
            param: row.param.to_owned(),
            system: row.system,
            value: row.value,
            folded: None,
            low: row.span.map(|span| span.low),
            high: row.span.map(|span| span.high),
        };
        let mut folded = folded(row.kind, &plain.value).into_iter().peekable();
        if folded.peek().is_none() {
            rows.push(plain);
            continue;
        }
        rows.extend(folded.map(|folded| IndexRow {
            folded: Some(folded),
            ..plain.clone()
        }));
    }
    rows
}

/// A term as it is compared with what is stored; `None` where nothing is left of it.
#[must_use]
pub fn fold_term(kind: ParamKind, text: &str) -> Option<String> {
    let folded = match kind {
        ParamKind::Name => fold_name(text),
        ParamKind::Address => fold_address(text),
        ParamKind::Phone => fold_phone(text)?,
        _ => text.to_owned(),
    };
    Some(folded).filter(|folded| !folded.is_empty())
}

/// The folded values of a stored one, each once.
fn folded(kind: ParamKind, value: &str) -> Vec<String> {
    let mut all: Vec<String> = match kind {
        ParamKind::Name | ParamKind::Phone => fold_term(kind, value).into_iter().collect(),
        ParamKind::Address => {
            let face = Face {
                address: Some(value.to_owned()),
                ..Face::default()
            };
            let parts = terms(&face, &[]).into_iter();
            let parts = parts.filter(|term| term.kind == TermKind::Address);
            let whole = fold_term(kind, value).into_iter();
            whole.chain(parts.map(|term| term.value)).collect()
        }
        _ => Vec::new(),
    };
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn found(resource: &Value, param: &str) -> Vec<String> {
        let rows = index_rows(resource).into_iter();
        let rows = rows.filter(|row| row.param == param);
        rows.filter_map(|row| row.folded).collect()
    }

    #[test]
    fn what_is_stored_and_what_is_asked_fold_alike() {
        let patient = json!({
            "resourceType": "Patient",
            "name": [{"text": "髙橋　ﾊﾅ子", "family": "髙橋"}, {"text": "ﾀｶﾊｼ ﾊﾅｺ"}],
            "telecom": [{"system": "phone", "value": "０１５７－００－１２３４"}, {"system": "phone", "value": "なし"}],
        });
        let names = found(&patient, "name");
        for asked in [
            "高橋",
            "髙橋 ハナ子",
            "たかはしはなこ",
            "ﾀｶﾊｼ",
            "タカハシ ハナ",
        ] {
            let term = fold_term(ParamKind::Name, asked).unwrap();
            assert!(
                names.iter().any(|name| name.starts_with(&term)),
                "{asked}: {names:?}"
            );
        }
        let phone = fold_term(ParamKind::Phone, "0157-00-1234").unwrap();
        assert_eq!(found(&patient, "phone"), [phone]);
        assert_eq!(fold_term(ParamKind::Name, "・ー"), None);
        assert_eq!(fold_term(ParamKind::Phone, "なし"), None);
    }

    #[test]
    fn an_address_is_found_from_where_people_begin_to_say_it() {
        let address = "北海道架空市南町三丁目４番地";
        let patient = json!({"resourceType": "Patient", "address": [{"text": address}]});
        let parts = found(&patient, "address");
        for asked in [address, "架空市", "架空市南町3-4", "南町３丁目"] {
            let term = fold_term(ParamKind::Address, asked).unwrap();
            assert!(
                parts.iter().any(|part| part.starts_with(&term)),
                "{asked}: {parts:?}"
            );
        }
    }

    #[test]
    fn what_is_too_long_is_no_search_term() {
        let long = "あ".repeat(200);
        let patient = json!({"resourceType": "Patient", "name": [{"text": long}]});
        assert!(index_rows(&patient).is_empty());
    }
}
