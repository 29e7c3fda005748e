//! Pages as FHIR Bundles. Pure; stored texts are passed on byte for byte.

use renkei_fhir::instant::instant_text;
use renkei_store::VisibleVersion;
use serde_json::{Value, json};

use crate::render::{Form, Sight};

/// A page of a search or of a history.
pub struct PageOf<'a> {
    /// Base of links, without a slash at the end.
    pub base: &'a str,
    /// What the links are made of, after the base: `Patient`, `Patient/ID/_history`.
    pub path: &'a str,
    /// FHIR type of the entries.
    pub resource_type: &'static str,
    /// The entries.
    pub rows: Vec<&'a VisibleVersion>,
    /// How many there are on all pages, where that is told.
    pub total: Option<u64>,
    /// Settings of the page for the link to itself: `_count`, `_sort`. Never what was searched for.
    pub settings: Vec<(&'static str, String)>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// A searchset.
#[must_use]
pub fn searchset(page: &PageOf<'_>) -> Sight {
    let entries = page.rows.iter().map(|row| {
        format!(
            r#"{{"fullUrl":{},"resource":{},"search":{{"mode":"match"}}}}"#,
            full_url(page, row),
            row.text
        )
    });
    bundle("searchset", page, entries.collect())
}

/// A history: what was done to the resource, newest first.
#[must_use]
pub fn history(page: &PageOf<'_>) -> Sight {
    let entries = page.rows.iter().map(|row| {
        let (method, status) = match (row.deleted, row.version) {
            (true, _) => ("DELETE", "204"),
            (false, 1) => ("POST", "201"),
            (false, _) => ("PUT", "200"),
        };
        let url = match method {
            "POST" => page.resource_type.to_owned(),
            _ => format!("{}/{}", page.resource_type, row.resource),
        };
        let request = json!({ "method": method, "url": url });
        let response = json!({
            "status": status,
            "etag": format!("W/\"{}\"", row.version),
            "lastModified": instant_text(row.at),
        });
        let resource = if row.deleted {
            String::new()
        } else {
            format!(r#""resource":{},"#, row.text)
        };
        let full_url = full_url(page, row);
        format!(r#"{{"fullUrl":{full_url},{resource}"request":{request},"response":{response}}}"#)
    });
    bundle("history", page, entries.collect())
}

fn full_url(page: &PageOf<'_>, row: &VisibleVersion) -> Value {
    format!("{}/{}/{}", page.base, page.resource_type, row.resource).into()
}

fn bundle(kind: &str, page: &PageOf<'_>, entries: Vec<String>) -> Sight {
    let here = format!("{}/{}", page.base, page.path);
    let settings: Vec<String> = page
        .settings
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let itself = if settings.is_empty() {
        here.clone()
    } else {
        format!("{here}?{}", settings.join("&"))
    };
    let mut links = vec![json!({ "relation": "self", "url": itself })];
    if let Some(cursor) = &page.next {
        links.push(json!({ "relation": "next", "url": format!("{here}?cursor={cursor}") }));
    }
    let total = page
        .total
        .map_or_else(String::new, |total| format!(r#""total":{total},"#));
    let entry = if entries.is_empty() {
        String::new()
    } else {
        format!(r#","entry":[{}]"#, entries.join(","))
    };
    let links = Value::Array(links);
    let body =
        format!(r#"{{"resourceType":"Bundle","type":"{kind}",{total}"link":{links}{entry}}}"#);
    Sight {
        body: body.into_bytes(),
        form: Form::Fhir,
        version: None,
        modified: None,
    }
}
