//! One HL7 message, explained: also what a reader lets pass, since a sender wants to hear it before his partners do.

use renkei_model::limits::Limits;

use super::finding::{Finding, Findings};
use super::message::{Fact, Message};
use crate::hl7::{self, Place};
use crate::ssmix2::Entry;

pub(super) fn read(bytes: &[u8], limits: &Limits, entry: Option<&Entry>) -> Message {
    let message = match hl7::decode(bytes, limits) {
        Ok(message) => message,
        Err(error) => return Message::refused(bytes, [error.fault().into()]),
    };
    let mut findings = Findings::default();
    for note in message.notes() {
        findings.push(Finding::notice("", note.kind.text(), note.span));
    }
    let structure = fit(&message, &mut findings);
    types(&message, &mut findings);
    if let Some(entry) = entry {
        agrees(&message, entry, &mut findings);
    }
    let records = match message.record() {
        Ok(record) => vec![record],
        Err(error) => {
            findings.push(error.fault().into());
            Vec::new()
        }
    };
    let (kind, event, _) = message.kind();
    let segments = message.len();
    let facts = vec![
        Fact::new("電文 / message", format!("{kind}^{event}")),
        Fact::new(
            "構造 / structure",
            format!("{structure}, {segments}セグメント / segments"),
        ),
        Fact::new("文字コード / charset", message.encoding().name()),
    ];
    Message::read(bytes, facts, findings, records)
}

/// What the structure says; its name, for the facts.
fn fit(message: &hl7::Message, findings: &mut Findings) -> &'static str {
    let head = |field| {
        let piece = message.at(Place::header(field));
        piece.map(|piece| piece.span()).unwrap_or_default()
    };
    let Ok(fit) = message.fit() else {
        findings.push(Finding::notice(
            "MSH-9",
            hl7::NoStructure.to_string(),
            head(9),
        ));
        return "不明 / unknown";
    };
    if fit.declared_otherwise {
        let text = format!(
            "MSH-9.3の構造が電文型・イベントの構造({0})と違います / MSH-9.3 names another structure than {0}, which MSH-9.1 and MSH-9.2 mean",
            fit.structure
        );
        findings.push(Finding::notice("MSH-9.3", text, head(9)));
    }
    let all = fit.misfits.len() + fit.missing.len();
    let faults = fit.faults(message);
    findings.count_faults(all.saturating_sub(faults.len()));
    findings.extend(faults.into_iter().map(Finding::from));
    fit.structure
}

/// Values that are none of their data type.
fn types(message: &hl7::Message, findings: &mut Findings) {
    let mut sequences = std::collections::HashMap::new();
    for segment in message.segments() {
        let sequence = sequences.entry(segment.name()).or_insert(0_usize);
        *sequence += 1;
        // MSH-1 and MSH-2 are separators.
        let first = if segment.name() == hl7::SegmentName::MSH {
            2
        } else {
            0
        };
        for (number, field) in segment.fields().filter(|(number, _)| *number > first) {
            let Some(data_type) = segment.data_type(number) else {
                continue;
            };
            for (at, value) in field.repetitions().enumerate() {
                let Err(error) = hl7::typed(value, data_type) else {
                    continue;
                };
                let mut place = Place::field(segment.name(), *sequence, number);
                place.repetition = Some(at + 1);
                let text = format!("{data_type}: {error}");
                findings.push(Finding::fault(place.to_string(), text, error.span));
            }
        }
    }
}

/// A file of a storage says twice whose it is and what it is.
fn agrees(message: &hl7::Message, entry: &Entry, findings: &mut Findings) {
    let field = |place: Place| {
        message
            .at(place)
            .map(|piece| piece.span())
            .unwrap_or_default()
    };
    let (kind, event, _) = message.kind();
    let said = format!("{kind}^{event}");
    let kind = entry.key.kind;
    if !kind.messages().contains(&said.as_str()) {
        let text = format!(
            "ファイル名のデータ種別{}の電文型ではありません / not a message of {0}, which the file's name says",
            kind.code()
        );
        findings.push(Finding::fault("MSH-9", text, field(Place::header(9))));
    }
    let Some(patient) = message.all("PID").next() else {
        return;
    };
    let Some(numbers) = patient.field(3) else {
        return;
    };
    let same = numbers.repetitions().any(|number| {
        let id = number.component(1);
        id.is_some_and(|id| id.text() == entry.key.patient)
    });
    if !same {
        let text = "ファイル名の患者IDとPID-3が違います / PID-3 is not the patient's number in the file's name";
        findings.push(Finding::fault("PID-3", text, numbers.span()));
    }
}
