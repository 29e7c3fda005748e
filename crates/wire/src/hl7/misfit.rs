//! What does not fit a message's structure, as faults that an answer can name.

use renkei_model::message::{Fault, FaultKind, Span};

use super::message::Message;
use super::place::Place;
use super::structure::Fit;

/// At most so many faults of each kind are told.
const FAULTS: usize = 100;

impl Fit {
    /// What does not fit and what is missing, for an answer that names segments; at most a hundred of each.
    #[must_use]
    pub fn faults(&self, message: &Message) -> Vec<Fault> {
        let fault = |field: String, rule: String, span: Span, kind| Fault {
            field,
            rule: format!("{rule} (byte {})", span.start),
            span: Some(span),
            kind,
        };
        let misfits = self.misfits.iter().take(FAULTS);
        let misfits = misfits.filter_map(|index| {
            let segment = message.segment(*index)?;
            let place = Place::segment(segment.name(), segment.sequence());
            let rule = format!(
                "{0}のこの位置には置けません / does not fit here in {0}",
                self.structure
            );
            Some(fault(
                place.to_string(),
                rule,
                segment.span(),
                FaultKind::Structure,
            ))
        });
        let missing = self.missing.iter().take(FAULTS).map(|missing| {
            let end = message.segments().last().map_or(0, |last| last.span().end);
            let before = message.segment(missing.before);
            let at = before.map_or(end, |segment| segment.span().start);
            let span = Span { start: at, end: at };
            let rule = format!(
                "{0}に{1}が必要です / {1} is required in {0}",
                missing.group, missing.name
            );
            fault(missing.name.clone(), rule, span, FaultKind::Required)
        });
        misfits.chain(missing).collect()
    }
}

#[cfg(test)]
mod tests {
    use renkei_model::limits::Limits;

    use super::*;
    use crate::hl7::decode;

    #[test]
    fn faults_name_segments_and_bytes() {
        let text = "MSH|^~\\&|||||||RAS^O17|1|P|2.5\rPID|1\rORC|1\rRXA|1\rORC|2\rRXR|2\r";
        let message = decode(text.as_bytes(), &Limits::default()).unwrap();
        let faults = message.fit().unwrap().faults(&message);
        let told: Vec<_> = faults
            .iter()
            .map(|fault| (fault.field.as_str(), fault.span.unwrap().start, fault.kind))
            .collect();
        assert_eq!(
            told,
            [
                ("RXR", text.find("RXR").unwrap(), FaultKind::Structure),
                ("RXR", text.find("ORC|2").unwrap(), FaultKind::Required),
                ("ADMINISTRATION", text.len() - 1, FaultKind::Required),
            ]
        );
        assert!(faults[0].rule.contains("does not fit here in RAS_O17"));
        assert!(faults[1].rule.contains("RXR is required in ADMINISTRATION"));
    }
}
