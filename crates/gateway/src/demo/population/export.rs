//! A table of residents as the network's system would export it, with a few lines that are wrong.

use serde_json::Value;

use super::template::Mistake;
use super::{Crowd, Population};

/// An export, as bytes.
#[derive(Debug)]
pub struct Export {
    /// Its media type, with the charset.
    pub content_type: String,
    /// The file: a header, and one line a resident.
    pub body: Vec<u8>,
}

impl Population {
    /// The `lines` residents who come after a crowd, registered by one facility. Mistakes of lines that are
    /// not there are left out.
    ///
    /// # Errors
    /// None that a file of this kind can have: writing to memory.
    pub fn export(&self, crowd: Crowd, lines: u64, facility: &str) -> Result<Export, csv::Error> {
        let form = &self.source.export;
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        let all = Crowd {
            residents: crowd.residents + lines,
            ..crowd
        };
        let mut line = 1;
        for home in self.households(all) {
            for one in home.iter().filter(|one| one.number >= crowd.residents) {
                let Some(mut known) = self.source.known(one, &home, crowd.seed) else {
                    continue;
                };
                known.facts.text("registrar_code", facility);
                let office = self.source.facility(facility);
                known
                    .facts
                    .text("registrar_name", office.map_or("", |office| &office.name));
                let Value::Object(record) = form.record(&known.facts) else {
                    continue;
                };
                if line == 1 {
                    writer.write_record(record.keys())?;
                }
                line += 1;
                let mistake = form.mistakes.iter().find(|mistake| mistake.line == line);
                writer.write_record(cells(&record, mistake))?;
            }
        }
        let body = writer.into_inner().map_err(|error| error.into_error())?;
        Ok(Export {
            content_type: form.content_type.clone(),
            body,
        })
    }
}

fn cells(record: &serde_json::Map<String, Value>, mistake: Option<&Mistake>) -> Vec<String> {
    let wrong = |column: &str| mistake.filter(|one| one.column.as_deref() == Some(column));
    let mut cells: Vec<String> = record
        .iter()
        .map(|(column, value)| match wrong(column) {
            Some(mistake) => mistake.value.clone(),
            None => value.as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    if mistake.is_some_and(|mistake| mistake.column.is_none()) {
        cells.pop();
    }
    cells
}
