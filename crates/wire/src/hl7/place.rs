//! Places of a message in the sender's own terms: `PID[1]-3[2].1`.

use std::fmt;
use std::str::FromStr;

/// The three letters or digits of a segment: `PID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentName([u8; 3]);

impl SegmentName {
    /// The header.
    pub const MSH: Self = Self(*b"MSH");

    /// The name at the head of a segment's text: a capital letter, then capital letters or digits.
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let name: [u8; 3] = text.get(..3)?.try_into().ok()?;
        let [first, rest @ ..] = name;
        let good = first.is_ascii_uppercase()
            && rest
                .iter()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        good.then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only capital letters and digits get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether the sender made the segment itself (Zセグメント).
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.0[0] == b'Z'
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place of a message. Everything counts from 1; absent parts mean the whole of what stands before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The segment.
    pub segment: SegmentName,
    /// Which of the segments of this name.
    pub sequence: usize,
    /// The field.
    pub field: Option<usize>,
    /// The repetition; the first unless said.
    pub repetition: Option<usize>,
    /// The component.
    pub component: Option<usize>,
    /// The sub-component.
    pub sub_component: Option<usize>,
}

impl Place {
    /// A whole segment.
    #[must_use]
    pub const fn segment(segment: SegmentName, sequence: usize) -> Self {
        Self {
            segment,
            sequence,
            field: None,
            repetition: None,
            component: None,
            sub_component: None,
        }
    }

    /// A field of a segment.
    #[must_use]
    pub const fn field(segment: SegmentName, sequence: usize, field: usize) -> Self {
        Self {
            field: Some(field),
            ..Self::segment(segment, sequence)
        }
    }

    /// A field of the header.
    #[must_use]
    pub const fn header(field: usize) -> Self {
        Self::field(SegmentName::MSH, 1, field)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.segment)?;
        if self.sequence != 1 {
            write!(f, "[{}]", self.sequence)?;
        }
        let Some(field) = self.field else {
            return Ok(());
        };
        write!(f, "-{field}")?;
        if let Some(repetition) = self.repetition.filter(|r| *r != 1) {
            write!(f, "[{repetition}]")?;
        }
        if let Some(component) = self.component {
            write!(f, ".{component}")?;
        }
        if let Some(sub) = self.sub_component {
            write!(f, ".{sub}")?;
        }
        Ok(())
    }
}

/// A text that is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("PID-3[1].1のように書きます / a place is written like PID-3[1].1 or OBX[2]-5")]
pub struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    /// Reads `PID`, `PID-3`, `PID-3[2]`, `PID-3[1].1`, `PID-3.4.2`, `OBX[3]-5`.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (head, rest) = match text.split_once('-') {
            Some((head, rest)) => (head, Some(rest)),
            None => (text, None),
        };
        let (name, sequence) = numbered(head)?;
        let segment = SegmentName::read(name.as_bytes()).filter(|_| name.len() == 3);
        let mut place = Self::segment(segment.ok_or(NoPlace)?, sequence.unwrap_or(1));
        let Some(rest) = rest else {
            return Ok(place);
        };
        let mut parts = rest.split('.');
        let (field, repetition) = numbered(parts.next().unwrap_or_default())?;
        place.field = Some(number(field)?);
        place.repetition = repetition;
        place.component = parts.next().map(number).transpose()?;
        place.sub_component = parts.next().map(number).transpose()?;
        match parts.next() {
            None => Ok(place),
            Some(_) => Err(NoPlace),
        }
    }
}

/// `OBX[3]`: the word and the number behind it.
fn numbered(text: &str) -> Result<(&str, Option<usize>), NoPlace> {
    match text.split_once('[') {
        None => Ok((text, None)),
        Some((word, rest)) => {
            let index = rest.strip_suffix(']').ok_or(NoPlace)?;
            Ok((word, Some(number(index)?)))
        }
    }
}

fn number(text: &str) -> Result<usize, NoPlace> {
    let digits = text.chars().all(|c| c.is_ascii_digit());
    match text.parse() {
        Ok(number) if number > 0 && digits => Ok(number),
        _ => Err(NoPlace),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written() {
        for text in [
            "PID",
            "PID-3",
            "PID-3[2]",
            "PID-3[2].1",
            "PID-3.4.2",
            "OBX[3]-5",
            "ZE1[2]",
        ] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert_eq!(
            "PID[1]-3[1].1".parse::<Place>().unwrap().to_string(),
            "PID-3.1"
        );
        for text in [
            "",
            "pid-3",
            "PID-",
            "PID-0",
            "PID-3.",
            "PID-3[",
            "PID-3[0]",
            "PID-3.1.1.1",
            "PIDX-1",
            "PID-+3",
            "患者-1",
        ] {
            assert_eq!(text.parse::<Place>(), Err(NoPlace), "{text}");
        }
    }
}
