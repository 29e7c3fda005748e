//! FHIR's own words and dates in Japanese.

use renkei_model::day;
use serde_json::Value;

use crate::read::{each, text};

/// Codes that FHIR itself defines, as people say them; a code that is not here stays as it is.
pub(crate) fn word(code: &str) -> &str {
    match code {
        "male" => "男",
        "female" => "女",
        "other" => "その他",
        "unknown" => "不明",
        "mild" => "軽度",
        "moderate" => "中等度",
        "severe" => "重度",
        "active" => "治療中",
        "recurrence" => "再発",
        "relapse" => "悪化",
        "inactive" => "症状なし",
        "remission" => "寛解",
        "resolved" => "治癒",
        other => other,
    }
}

/// A concept for people: its text, or the display of its first coding, or what we say for the code.
pub(crate) fn concept(concept: Option<&Value>) -> Option<String> {
    let concept = concept?;
    text(concept, "/text").or_else(|| {
        each(concept.get("coding")).iter().find_map(|coding| {
            let code = text(coding, "/code");
            let ours = code.as_deref().map(word);
            match (ours, text(coding, "/display")) {
                // FHIR's own displays are English.
                (Some(ours), Some(display)) if display.is_ascii() && ours != code.as_deref()? => {
                    Some(ours.to_owned())
                }
                (_, Some(display)) => Some(display),
                (ours, None) => ours.map(str::to_owned),
            }
        })
    })
}

/// `2026-10-01` as 2026年10月1日, `2026-10` as 2026年10月, `2026` as 2026年. Anything else as it is.
pub(crate) fn date(iso: &str) -> String {
    let day = iso.split_once('T').map_or(iso, |(day, _)| day);
    let mut parts = day.split('-').map(|part| part.trim_start_matches('0'));
    let all_digits = day.chars().all(|c| c.is_ascii_digit() || c == '-');
    match (all_digits, parts.next(), parts.next(), parts.next()) {
        (true, Some(year), Some(month), Some(day)) => format!("{year}年{month}月{day}日"),
        (true, Some(year), Some(month), None) => format!("{year}年{month}月"),
        (true, Some(year), None, None) => format!("{year}年"),
        _ => iso.to_owned(),
    }
}

/// A date of birth with its year in the era that old people know it by: 昭和10年3月5日(1935年).
pub(crate) fn era_date(iso: &str) -> String {
    let era = day::parse(iso)
        .ok()
        .and_then(|(day, _)| day::era_text(&day));
    let year = iso.split('-').next().unwrap_or(iso);
    era.map_or_else(|| date(iso), |era| format!("{era}({year}年)"))
}

/// A text of several lines as one: 玄関右の棚、二段目. Systems end lines by CR, LF or both.
pub(crate) fn one_line(text: &str) -> String {
    let ends = |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}');
    let pieces: Vec<String> = text
        .split(ends)
        .map(|piece| piece.trim().replace('\t', " "))
        .collect();
    joined(&pieces)
}

/// Parts with 、 between, where a part does not end its own sentence. Empty parts are left out.
pub(crate) fn joined(parts: &[String]) -> String {
    let mut out = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        let ended = out.is_empty() || out.ends_with(['。', '、', '！', '？', '!', '?']);
        if !ended {
            out.push('、');
        }
        out.push_str(part);
    }
    out
}
