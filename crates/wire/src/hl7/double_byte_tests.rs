//! Every double-byte character that has the code of a delimiter in it, in every position of a field: first,
//! last, between, alone, doubled; as component, repetition, sub-component; in the header and in the body.

use renkei_model::limits::Limits;

use super::{Draft, decode};
use crate::charset::{self, Encoding, Sets, Switch};

/// What stands in each place of the field; `*` is the character.
const PLACES: [(&str, &str); 11] = [
    ("PID-5[1].1", "*"),
    ("PID-5[1].2", "*a"),
    ("PID-5[1].3", "a*"),
    ("PID-5[1].4", "漢*字"),
    ("PID-5[1].5", "**"),
    ("PID-5[1].6.1", "*"),
    ("PID-5[1].6.2", "a*漢"),
    ("PID-5[2].1", "*|*"),
    ("PID-5[2].2", "^*&~\\*"),
    ("MSH-4", "*a*"),
    ("PID-6", "*"),
];

fn encodings() -> [Encoding; 4] {
    let sets = Sets {
        kanji: true,
        vendor_rows: true,
        supplement: true,
        kana: true,
        roman: false,
        switch: Switch::Escape,
    };
    let by_hl7 = Sets {
        switch: Switch::Hl7,
        ..sets
    };
    let supplement = Sets {
        kanji: false,
        vendor_rows: false,
        ..sets
    };
    [
        Encoding::Iso2022(sets),
        Encoding::Iso2022(by_hl7),
        Encoding::Iso2022(supplement),
        Encoding::Ms932,
    ]
}

/// Whether one of the two bytes of a character is a delimiter's.
fn holds_a_delimiter(c: char, encoding: Encoding) -> bool {
    let plain = match encoding {
        Encoding::Iso2022(sets) => Encoding::Iso2022(Sets {
            switch: Switch::Escape,
            ..sets
        }),
        other => other,
    };
    let mut own = Vec::new();
    if charset::encode(&c.to_string(), plain, charset::Marks::USUAL, &mut own).is_err() {
        return false;
    }
    // Seven characters are written as the one that Windows has for the same code.
    let read = charset::decode(&own, 0, plain, charset::Marks::USUAL).unwrap();
    if read.0.text != c.to_string() {
        return false;
    }
    // Without the escape sequences before and behind.
    let bare = match own.as_slice() {
        [0x1b, b'$', b'(', b'D', first, second, ..] | [0x1b, b'$', b'B', first, second, ..] => {
            vec![*first, *second]
        }
        [0x1b, b'(', b'I', kana, ..] => vec![*kana],
        bare => bare.to_vec(),
    };
    bare.iter().any(|byte| b"|^~\\&".contains(byte))
}

#[test]
fn characters_with_delimiters_in_them_stand_anywhere() {
    for encoding in encodings() {
        let mut tried = 0;
        for c in ('\u{80}'..='\u{ffff}').filter(|c| holds_a_delimiter(*c, encoding)) {
            tried += 1;
            let filled = |text: &str| {
                let kanji = matches!(encoding, Encoding::Iso2022(sets) if !sets.kanji);
                let text = text.replace('*', &c.to_string());
                if kanji {
                    text.replace(['漢', '字'], "丂")
                } else {
                    text
                }
            };
            let mut draft = Draft::new(encoding);
            draft.set_text("MSH-9.1", "ADT").unwrap();
            draft.set_text("MSH-10", "A1").unwrap();
            for (place, text) in PLACES {
                draft.set_text(place, &filled(text)).unwrap();
            }
            let bytes = draft.encode().unwrap();
            let message = decode(&bytes, &Limits::default()).unwrap();
            for (place, text) in PLACES {
                assert_eq!(message.text_at(place), filled(text), "{c} {place}");
            }
            assert_eq!(message.encode().unwrap(), bytes);
        }
        // In MS932 it is the second byte only, and an ampersand never is.
        let least = if encoding == Encoding::Ms932 {
            190
        } else {
            500
        };
        assert!(tried > least, "{tried} {encoding:?}");
    }
}
