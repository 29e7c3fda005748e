//! Native bytes → records, and the message of the network whose plan they follow.

use renkei_model::limits::Limits;
use renkei_model::message::{Fault, FaultKind};
use renkei_wire::format::Unwritable;
use renkei_wire::{Format, Leaf, Record};

use crate::network::{Message, Network};

/// Native bytes, read.
#[derive(Debug)]
pub struct Native<'n> {
    /// The message whose plan the records follow.
    pub message: &'n Message,
    /// The records, at least one.
    pub records: Vec<Record>,
}

impl Network {
    /// The message of a layout among those of a format. Records that name none are of the network's first message, and so are all
    /// records of a network whose messages have no layouts.
    ///
    /// # Errors
    /// A fault that names the layouts of the network; `None` if the network has no messages.
    pub fn of_layout(
        &self,
        format: Format,
        layout: Option<&Leaf>,
    ) -> Result<&Message, Option<Fault>> {
        let of_format = |message: &&Message| message.format() == format;
        let mut messages = self.messages().iter().filter(of_format);
        let known: Vec<&str> = messages.clone().filter_map(Message::layout).collect();
        let Some(layout) = layout.filter(|_| format == Format::Hl7 || !known.is_empty()) else {
            return messages.next().ok_or(None);
        };
        if format == Format::Hl7 && known.is_empty() {
            return Err(Some(nobody_takes(layout)));
        }
        let found = messages.find(|message| message.layout() == Some(layout.text.as_str()));
        found.ok_or_else(|| {
            let known = known.join("、");
            Some(Fault {
                field: layout.field.clone(),
                rule: format!("このネットワークにないレイアウトです。使えるもの: {known} / no layout of this network; known: {known}"),
                span: Some(layout.span),
                kind: FaultKind::Value,
            })
        })
    }

    /// The message that knows most of a table's columns; the first of equals.
    ///
    /// # Errors
    /// A fault if none knows any.
    pub fn of_columns(&self, columns: &[String]) -> Result<&Message, Fault> {
        let mut best = None;
        for message in self.messages() {
            let knows = columns.iter().filter(|column| message.knows(column));
            let count = knows.count();
            if count > best.map_or(0, |(most, _)| most) {
                best = Some((count, message));
            }
        }
        best.map(|(_, message)| message)
            .ok_or_else(|| self.no_column())
    }

    fn no_column(&self) -> Fault {
        let known: Vec<&str> = self.messages().iter().map(Message::title).collect();
        let known = known.join("、");
        Fault {
            field: "見出し行 / the header".to_owned(),
            rule: format!(
                "どの電文の列名もありません。使えるもの: {known} / no column of any message of this network; known: {known}"
            ),
            span: None,
            kind: FaultKind::Structure,
        }
    }

    /// Reads native bytes in the syntax of the network's format, or as a table with a header row where the
    /// content type is `text/csv`. Cells of a table have no types: they get those of the plan.
    ///
    /// # Errors
    /// What is wrong with the bytes, in the sender's own terms.
    pub fn read(
        &self,
        bytes: &[u8],
        content_type: &str,
        limits: &Limits,
    ) -> Result<Native<'_>, Vec<Fault>> {
        let Some(format) = Format::of_media(content_type).filter(|_| !self.messages().is_empty())
        else {
            return Err(Vec::new());
        };
        let read = format.read(bytes, content_type, limits)?;
        let Some(columns) = read.columns else {
            let message = self.of_layout(format, read.layout.as_ref());
            return Ok(Native {
                message: message.map_err(|fault| fault.into_iter().collect::<Vec<_>>())?,
                records: read.records,
            });
        };
        let message = self.of_columns(&columns).map_err(|fault| vec![fault])?;
        let records = read.records.into_iter();
        let records = records.map(|record| message.retyped(record)).collect();
        Ok(Native { message, records })
    }
}

/// A message of HL7 in a network whose profile has none.
fn nobody_takes(kind: &Leaf) -> Fault {
    Fault {
        field: kind.field.clone(),
        rule: "この種別の HL7 電文を受け付けるプロファイルがありません / no profile of this network takes this message of HL7"
            .to_owned(),
        span: Some(kind.span),
        kind: FaultKind::Value,
    }
}

impl Message {
    /// Records as the bytes of the message's format.
    ///
    /// # Errors
    /// [`Unwritable`], never for records of a format that has every character.
    pub fn write(&self, records: &[Record]) -> Result<Vec<u8>, Unwritable> {
        self.format().write(records)
    }
}
