//! What holds for every message: what was built is read again, what was read is written again, spans lead
//! back, nothing panics.

use proptest::prelude::*;
use renkei_model::limits::Limits;

use super::{
    Delimiters, Draft, DraftSegment, EncodeError, Message, Part, Piece, SegmentName, Value, decode,
};
use crate::charset::{self, Encoding, Sets, Switch};
use crate::mutants;

/// An update of a patient (ADT^A08, SS-MIX2 data kind ADT-00) in ISO-2022-JP; its persons are invented.
pub(super) fn admission() -> Vec<u8> {
    let text = "MSH|^~\\&|HIS|架空病院|GW|RCV|20260401101530.1234||ADT^A08^ADT_A01|A0001|P|2.5||||||~ISO IR87||ISO 2022-1994|SS-MIX2_1.20^SS-MIX2^1.2.392.200250.2.1.100.1.2.120^ISO\r\
        EVN||202604011015|||||S01\r\
        PID|0001||K900001^^^^PI||架空^花子^^^^^L^I~カクウ^ハナコ^^^^^L^P||19410203|F|||^^^^090-0000^JPN^H^架空県架空市表一丁目１−２||^PRN^PH^^^^^^^^^0157-00-0000\r\
        NK1|1|架空^一郎^^^^^L^I|CHD^子供^HL70063||^PRN^PH^^^^^^^^^0157-00-0001\r\
        PV1|0001|I|32^302^1^^^N||||D001^能登^十郎^^^^^^^L^^^^^I\r\
        OBX|1|NM|9N001000000000001^身長^JC10||151.5|cm^cm^ISO+|||||F\r\
        OBX|2|TX|9N999^所見\\T\\経過^99XYZ||一行目\\.br\\二行目 \\H\\強調\\N\\ \\X41\\||||||F\r\
        AL1|1|DA^薬剤アレルギー^HL70127|1^ペニシリン^99XYZ\r\
        ZZ1|\"\"|a&b&c^d~e|\\Zxx\\\r";
    let mut out = Vec::new();
    for line in text.split_inclusive('\r') {
        charset::encode(line, Encoding::SSMIX2, charset::Marks::USUAL, &mut out).unwrap();
    }
    out
}

fn read(bytes: &[u8]) -> Message {
    decode(bytes, &Limits::default()).unwrap()
}

fn encodings() -> impl Strategy<Value = Encoding> {
    let sets = any::<[bool; 4]>().prop_map(|[kanji, supplement, kana, hl7]| {
        Encoding::Iso2022(Sets {
            kanji,
            vendor_rows: false,
            supplement,
            kana,
            roman: false,
            switch: if hl7 { Switch::Hl7 } else { Switch::Escape },
        })
    });
    prop_oneof![4 => sets, 1 => Just(Encoding::Utf8), 1 => Just(Encoding::Ms932)]
}

fn delimiters() -> impl Strategy<Value = Delimiters> {
    prop_oneof![
        3 => Just(Delimiters::USUAL),
        1 => Just(Delimiters::read(b'#', b"@!%$").unwrap()),
        1 => Just(Delimiters::read(b'|', b"^~\\&*").unwrap()),
    ]
}

/// Text that the charset has: what it lacks is taken out.
fn text(encoding: Encoding) -> impl Strategy<Value = String> {
    let any_text = prop_oneof![
        3 => "[ -~\t]{1,8}",
        3 => "[ぁ-んァ-ヶ亜唖愛架空表能十予貼竹瘡ｱ-ﾝ丂侄ソ￥|^~\\\\&#@\"]{1,8}",
        1 => "[\\x00-\\x1f\\x7f]{1,3}",
        1 => Just("\"\"".to_owned()),
        1 => "[MC\\\\0-9A-F]{1,9}",
    ];
    any_text.prop_map(move |text| {
        let lacking: Vec<usize> = charset::lacking(&text, encoding)
            .iter()
            .map(|one| one.at)
            .collect();
        let kept = text
            .char_indices()
            .filter(|(at, c)| c.is_ascii() || !lacking.contains(at));
        kept.map(|(_, c)| c).collect()
    })
}

fn value(encoding: Encoding) -> impl Strategy<Value = Value> {
    let commands = prop::sample::select(vec!["H", "N", ".sp2", ".in+4", "Z12", "XE38182", "Q"]);
    let part = prop_oneof![
        6 => text(encoding).prop_map(Part::Text),
        1 => Just(Part::Break),
        1 => commands.prop_map(|body| Part::Command(body.to_owned())),
    ];
    let parts = prop::collection::vec(part, 0..4).prop_map(|parts| {
        // As reading makes them: no empty text, no two texts side by side.
        let mut joined: Vec<Part> = Vec::new();
        for part in parts {
            match (joined.last_mut(), part) {
                (_, Part::Text(text)) if text.is_empty() => {}
                (Some(Part::Text(before)), Part::Text(text)) => before.push_str(&text),
                (_, part) => joined.push(part),
            }
        }
        Value::Parts(joined)
    });
    prop_oneof![8 => parts, 1 => Just(Value::Null)]
}

fn segment(encoding: Encoding) -> impl Strategy<Value = DraftSegment> {
    let component = prop::collection::vec(value(encoding), 1..3);
    let repetition = prop::collection::vec(component, 1..4);
    let field = prop::collection::vec(repetition, 1..3);
    let fields = prop::collection::vec(field, 0..6);
    ("[A-Z][A-Z0-9]{2}", fields).prop_map(|(name, fields)| DraftSegment {
        name: SegmentName::read(name.as_bytes()).unwrap(),
        fields,
    })
}

fn draft() -> impl Strategy<Value = Draft> {
    (encodings(), delimiters())
        .prop_flat_map(|(encoding, delimiters)| {
            let segments = prop::collection::vec(segment(encoding), 0..5);
            (Just(encoding), Just(delimiters), segments)
        })
        .prop_map(|(encoding, delimiters, segments)| {
            let mut draft = Draft::new(encoding);
            draft.delimiters = delimiters;
            draft.set_text("MSH-9.1", "ADT").unwrap();
            draft.set_text("MSH-10", "A1").unwrap();
            if encoding == Encoding::Ms932 {
                // So that it is no UTF-8: a kanji and a half-width kana of MS932 may be.
                draft.set_text("MSH-3", "病院").unwrap();
            }
            let own = segments
                .into_iter()
                .filter(|own| own.name != SegmentName::MSH);
            draft.segments.extend(own);
            draft
        })
}

proptest! {
    #[test]
    fn what_is_built_is_read_again(draft in draft()) {
        let bytes = draft.encode().unwrap();
        let message = read(&bytes);
        let again = Draft::of(&message);
        prop_assert_eq!(&again.segments, &draft.segments);
        prop_assert_eq!(again.delimiters, draft.delimiters);
        prop_assert_eq!(again.encode().unwrap(), bytes);
    }

    #[test]
    fn what_is_read_is_written_again(draft in draft()) {
        let bytes = draft.encode().unwrap();
        prop_assert_eq!(read(&bytes).encode().unwrap(), bytes);
    }

    /// The bytes under a value's span, decoded by themselves, are the value.
    #[test]
    fn spans_lead_back(draft in draft()) {
        let bytes = draft.encode().unwrap();
        let message = read(&bytes);
        leaves(&message, |leaf| {
            let span = leaf.span();
            assert_eq!(alone(&bytes[span.start..span.end], &message), leaf.raw());
        });
    }
}

/// A part of a message's bytes, read by itself.
fn alone(bytes: &[u8], message: &Message) -> String {
    let separators = message.delimiters().separators();
    let marks = charset::Marks {
        delimiters: &separators,
        escape: message.delimiters().escape,
    };
    match message.encoding() {
        // A few bytes of MS932 may be UTF-8 as well, which is refused.
        Encoding::Ms932 => encoding_rs::SHIFT_JIS.decode(bytes).0.into_owned(),
        encoding => charset::decode(bytes, 0, encoding, marks).unwrap().0.text,
    }
}

/// Every sub-component of a message.
fn leaves(message: &Message, mut each: impl FnMut(Piece<'_>)) {
    for segment in message.segments() {
        for (_, field) in segment.fields() {
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    component.sub_components().for_each(&mut each);
                }
            }
        }
    }
}

#[test]
fn damaged_messages_are_read_or_refused_with_their_place() {
    let usual = admission();
    let text = read(&usual).text().to_owned();
    let utf8 = text.replace("~ISO IR87||ISO 2022-1994", "UNICODE UTF-8||");
    let ms932 = text.replace("~ISO IR87||ISO 2022-1994", "~MS932||");
    let ms932 = encoding_rs::SHIFT_JIS.encode(&ms932).0.into_owned();
    let pieces =
        b"|^~\\&\x0b\x1c\r\x1b(I\x1b(J\x1b$(D\\M2442\\\\C2842\\MSH|PID\rORC|RXE|\r\"\"".to_vec();
    let seeds = [usual, utf8.into_bytes(), ms932, pieces];
    let mut read = 0;
    mutants::survive(&seeds, |bytes| match decode(bytes, &Limits::default()) {
        Ok(message) => {
            read += 1;
            holds(bytes, &message);
        }
        Err(error) => {
            assert!(
                error.span.end <= bytes.len() && error.span.start <= error.span.end,
                "{error:?}"
            );
            assert!(!error.to_string().is_empty());
        }
    });
    assert!(
        read > 1_000,
        "only {read} were read: the damage is too great to prove anything"
    );
}

/// What holds for a message that was read, whatever its bytes.
fn holds(bytes: &[u8], message: &Message) {
    let normal = message.encode().unwrap();
    let again = read(&normal);
    assert_eq!(again.encode().unwrap(), normal);
    assert_eq!(again.len(), message.len());
    let values = Draft::of(message);
    assert_eq!(Draft::of(&again).segments, values.segments);
    match values.encode() {
        Ok(built) => assert_eq!(Draft::of(&read(&built)).segments, values.segments),
        // A control character needs an escape, which this message has no character for.
        Err(error) => assert!(
            matches!(error, EncodeError::NoEscape(_)) && message.delimiters().escape.is_none(),
            "{error:?}: {}",
            bytes.escape_ascii()
        ),
    }
    let mut end = 0;
    leaves(message, |leaf| {
        let span = leaf.span();
        assert!(end <= span.start && span.start <= span.end && span.end <= bytes.len());
        end = span.end;
    });
    if let Ok(fit) = message.fit() {
        let mut placed = fit.root.segments();
        placed.extend(fit.misfits);
        placed.sort_unstable();
        assert_eq!(placed, (0..message.len()).collect::<Vec<_>>());
    }
}
