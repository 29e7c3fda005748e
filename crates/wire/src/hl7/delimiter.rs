//! The separators of a message, from its MSH-1 and MSH-2.

/// The separators that a message declares. All are printable ASCII and no letters or digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields (MSH-1): `|`.
    pub field: u8,
    /// Between components: `^`.
    pub component: Option<u8>,
    /// Between repetitions of a field: `~`.
    pub repetition: Option<u8>,
    /// Around escapes: `\`.
    pub escape: Option<u8>,
    /// Between sub-components: `&`.
    pub sub_component: Option<u8>,
    /// The truncation character of v2.7, kept: `#`.
    pub truncation: Option<u8>,
}

impl Delimiters {
    /// `|^~\&`, recommended by the standard and prescribed by SS-MIX2.
    pub const USUAL: Self = Self {
        field: b'|',
        component: Some(b'^'),
        repetition: Some(b'~'),
        escape: Some(b'\\'),
        sub_component: Some(b'&'),
        truncation: None,
    };

    /// By MSH-1 and the bytes of MSH-2, one to five of them.
    ///
    /// `None` where one is a letter, a digit, a blank, no ASCII, or stands twice: such a message cannot be
    /// split without guessing.
    #[must_use]
    pub fn read(field: u8, encoding_characters: &[u8]) -> Option<Self> {
        let at = |index: usize| encoding_characters.get(index).copied();
        let mut all = vec![field];
        all.extend_from_slice(encoding_characters);
        let usable = all.iter().all(u8::is_ascii_punctuation) && (2..=6).contains(&all.len());
        let twice = (1..all.len()).any(|end| {
            let (before, rest) = all.split_at(end);
            rest.first().is_some_and(|mark| before.contains(mark))
        });
        (usable && !twice).then(|| Self {
            field,
            component: at(0),
            repetition: at(1),
            escape: at(2),
            sub_component: at(3),
            truncation: at(4),
        })
    }

    /// MSH-2 as it is written.
    #[must_use]
    pub fn encoding_characters(&self) -> String {
        [
            self.component,
            self.repetition,
            self.escape,
            self.sub_component,
            self.truncation,
        ]
        .into_iter()
        .map_while(|mark| mark.map(char::from))
        .collect()
    }

    /// What separates: field, component, repetition and sub-component separator.
    pub(super) fn separators(&self) -> Vec<u8> {
        [
            Some(self.field),
            self.component,
            self.repetition,
            self.sub_component,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The mark that the letter of an escape stands for: `F` for the field separator.
    pub(super) fn of_letter(&self, letter: u8) -> Option<u8> {
        match letter {
            b'F' => Some(self.field),
            b'S' => self.component,
            b'T' => self.sub_component,
            b'R' => self.repetition,
            b'E' => self.escape,
            b'P' => self.truncation,
            _ => None,
        }
    }

    /// The letter by which a mark is escaped; `None` for every other byte.
    pub(super) fn letter_of(&self, byte: u8) -> Option<u8> {
        b"FSTREP"
            .iter()
            .copied()
            .find(|letter| self.of_letter(*letter) == Some(byte))
    }
}

impl Default for Delimiters {
    fn default() -> Self {
        Self::USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::Delimiters;

    #[test]
    fn other_separators_are_read_and_unusable_ones_refused() {
        assert_eq!(Delimiters::read(b'|', b"^~\\&"), Some(Delimiters::USUAL));
        let other = Delimiters::read(b'#', b"@!%$").unwrap();
        assert_eq!(other.encoding_characters(), "@!%$");
        assert_eq!(other.letter_of(b'!'), Some(b'R'));
        assert_eq!(other.letter_of(b'~'), None);
        assert_eq!(Delimiters::read(b'|', b"^").map(|d| d.escape), Some(None));
        for (field, rest) in [
            (b'|', &b"^^\\&"[..]),
            (b'|', b"^~|&"),
            (b'A', b"^~\\&"),
            (b'|', b"^~ &"),
            (b'|', b""),
            (b'|', b"^~\\&#%"),
            (b'|', b"\x81^"),
        ] {
            assert_eq!(Delimiters::read(field, rest), None);
        }
    }
}
