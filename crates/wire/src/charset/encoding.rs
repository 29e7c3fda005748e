//! The charsets of HL7 messages by the labels of MSH-18 and MSH-20 (HL7 tables 0211 and 0356).

/// How a message's text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// One or two bytes a character, with escape sequences between the sets (ISO 2022). Without any set
    /// besides the first this is plain ASCII.
    Iso2022(Sets),
    /// UTF-8.
    Utf8,
    /// MS932 (Windows-31J), the Shift_JIS of Windows.
    Ms932,
}

/// The sets that a message in ISO 2022 uses besides ASCII (ISO IR6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sets {
    /// JIS X 0208 (ISO IR87): kanji.
    pub kanji: bool,
    /// The vendors' characters in rows 9–15 and 85–94 of JIS X 0208: ①, 髙, ㈱. No label announces them.
    pub vendor_rows: bool,
    /// JIS X 0212 (ISO IR159): supplementary kanji (補助漢字).
    pub supplement: bool,
    /// JIS X 0201 katakana (ISO IR13): half-width kana (半角カナ).
    pub kana: bool,
    /// JIS X 0201 Roman (ISO IR14): ASCII with ¥ and ‾ in two places. Written for these two only.
    pub roman: bool,
    /// How the sets are switched.
    pub switch: Switch,
}

/// How a message switches between its sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Switch {
    /// By escape sequences of ISO 2022: `ESC $ B`.
    #[default]
    Escape,
    /// By HL7's own escapes `\M2442\` and `\C2842\` (MSH-20 `2.3`; HL7 2.5 section 2.7.2).
    Hl7,
}

/// A label that names no charset that we read, or one that does not go with the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// No charset that we read.
    #[error(
        "文字コードはISO IR87などのISO-2022-JP、UNICODE UTF-8、MS932のいずれかです / the charset is none of ASCII, ISO IR13, ISO IR14, ISO IR87, ISO IR159, UNICODE UTF-8, MS932"
    )]
    Unknown,
    /// UTF-8 or MS932 beside another charset.
    #[error("UTF-8・MS932は単独で指定します / UTF-8 and MS932 stand alone")]
    Mixed,
    /// A way of switching that we do not read.
    #[error(
        "MSH-20はISO 2022-1994または2.3です / the handling scheme is neither ISO 2022-1994 nor 2.3"
    )]
    Scheme,
}

impl Encoding {
    /// ASCII alone: what a message has that declares nothing.
    pub const ASCII: Self = Self::Iso2022(Sets {
        kanji: false,
        vendor_rows: false,
        supplement: false,
        kana: false,
        roman: false,
        switch: Switch::Escape,
    });
    /// ASCII and JIS X 0208, what SS-MIX2 prescribes: MSH-18 `~ISO IR87`, MSH-20 `ISO 2022-1994`.
    pub const SSMIX2: Self = Self::Iso2022(Sets {
        kanji: true,
        vendor_rows: false,
        supplement: false,
        kana: false,
        roman: false,
        switch: Switch::Escape,
    });

    /// By the repetitions of MSH-18 and by MSH-20, as they stand. An empty first repetition means ASCII.
    /// Blanks, hyphens and case do not count: `ISOIR87` and `ISO2022-1994` are in the wild.
    ///
    /// # Errors
    /// [`LabelError`], with the index of the repetition of MSH-18; `None` for MSH-20.
    pub fn of_labels<'l>(
        labels: impl IntoIterator<Item = &'l str>,
        scheme: &str,
    ) -> Result<Self, (Option<usize>, LabelError)> {
        let switch = match folded(scheme).as_str() {
            "" | "ISO20221994" | "ISO2022" | "ISO2022JP" => Switch::Escape,
            "2.3" => Switch::Hl7,
            _ => return Err((None, LabelError::Scheme)),
        };
        let mut sets = Sets {
            switch,
            ..Sets::default()
        };
        let mut alone: Option<Self> = None;
        let mut others = false;
        for (index, label) in labels.into_iter().enumerate() {
            let wrong = |error| Err((Some(index), error));
            let whole = match folded(label).as_str() {
                "" => continue,
                "ASCII" | "USASCII" | "ISOIR6" | "ISOIR006" => None,
                "ISOIR13" | "ISOIR013" => {
                    sets.kana = true;
                    None
                }
                "ISOIR14" | "ISOIR014" => {
                    sets.roman = true;
                    None
                }
                "ISOIR87" | "ISOIR087" => {
                    sets.kanji = true;
                    None
                }
                "ISOIR159" => {
                    sets.supplement = true;
                    None
                }
                "ISO2022JP" | "JAS2020" => {
                    sets.kanji = true;
                    sets.roman = true;
                    None
                }
                "UNICODEUTF8" | "UTF8" | "UNICODE" => Some(Self::Utf8),
                "MS932" | "CP932" | "WINDOWS31J" | "SHIFTJIS" | "SHIFT_JIS" | "SJIS" | "XSJIS" => {
                    Some(Self::Ms932)
                }
                _ => return wrong(LabelError::Unknown),
            };
            others |= whole.is_none();
            if others && (alone.is_some() || whole.is_some())
                || alone.is_some_and(|a| whole != Some(a))
            {
                return wrong(LabelError::Mixed);
            }
            alone = alone.or(whole);
        }
        Ok(alone.unwrap_or(Self::Iso2022(sets)))
    }

    /// Whether both are read by the same rules; the sets of ISO 2022 do not count.
    #[must_use]
    pub const fn is_like(self, other: Self) -> bool {
        matches!(
            (self, other),
            (Self::Utf8, Self::Utf8)
                | (Self::Ms932, Self::Ms932)
                | (Self::Iso2022(_), Self::Iso2022(_))
        )
    }

    /// What MSH-18 (its repetitions) and MSH-20 say of this charset.
    #[must_use]
    pub fn labels(self) -> (Vec<&'static str>, &'static str) {
        let sets = match self {
            Self::Utf8 => return (vec!["UNICODE UTF-8"], ""),
            Self::Ms932 => return (vec!["MS932"], ""),
            Self::Iso2022(sets) => sets,
        };
        let mut labels = vec![""];
        let table = [
            (sets.kanji, "ISO IR87"),
            (sets.supplement, "ISO IR159"),
            (sets.kana, "ISO IR13"),
            (sets.roman, "ISO IR14"),
        ];
        labels.extend(
            table
                .into_iter()
                .filter_map(|(has, label)| has.then_some(label)),
        );
        match (labels.len(), sets.switch) {
            (1, _) => (Vec::new(), ""),
            (_, Switch::Escape) => (labels, "ISO 2022-1994"),
            (_, Switch::Hl7) => (labels, "2.3"),
        }
    }

    /// The charset's name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Ms932 => "MS932 (Shift_JIS)",
            Self::Iso2022(sets) => {
                if sets.kanji || sets.supplement || sets.kana {
                    "ISO-2022-JP"
                } else {
                    "ASCII"
                }
            }
        }
    }
}

/// A label without what senders write differently.
fn folded(label: &str) -> String {
    label
        .chars()
        .filter(|c| !matches!(c, ' ' | '-'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &str, scheme: &str) -> Result<Encoding, (Option<usize>, LabelError)> {
        Encoding::of_labels(labels.split('~'), scheme)
    }

    #[test]
    fn labels_name_charsets_and_come_back() {
        for labels in [
            "~ISO IR87",
            "~ISOIR87",
            "ASCII~ISO IR87",
            "ISO IR6~ISO-IR 87",
        ] {
            for scheme in ["ISO 2022-1994", "ISO2022-1994", ""] {
                assert_eq!(of(labels, scheme), Ok(Encoding::SSMIX2), "{labels}");
            }
        }
        assert_eq!(of("", ""), Ok(Encoding::ASCII));
        assert_eq!(of("UNICODE UTF-8", ""), Ok(Encoding::Utf8));
        assert_eq!(of("~MS932", ""), Ok(Encoding::Ms932));
        for switch in [Switch::Escape, Switch::Hl7] {
            let encoding = Encoding::Iso2022(Sets {
                kanji: true,
                supplement: true,
                kana: true,
                roman: true,
                vendor_rows: false,
                switch,
            });
            let (labels, scheme) = encoding.labels();
            assert_eq!(Encoding::of_labels(labels, scheme), Ok(encoding));
        }
        for encoding in [
            Encoding::ASCII,
            Encoding::SSMIX2,
            Encoding::Utf8,
            Encoding::Ms932,
        ] {
            let (labels, scheme) = encoding.labels();
            assert_eq!(Encoding::of_labels(labels, scheme), Ok(encoding));
        }
    }

    #[test]
    fn labels_that_say_nothing_we_read_are_refused_by_place() {
        assert_eq!(of("~8859/1", ""), Err((Some(1), LabelError::Unknown)));
        assert_eq!(of("UTF-8~ISO IR87", ""), Err((Some(1), LabelError::Mixed)));
        assert_eq!(of("~ISO IR87~MS932", ""), Err((Some(2), LabelError::Mixed)));
        assert_eq!(of("UTF-8~MS932", ""), Err((Some(1), LabelError::Mixed)));
        assert_eq!(of("~ISO IR87", "X"), Err((None, LabelError::Scheme)));
    }
}
