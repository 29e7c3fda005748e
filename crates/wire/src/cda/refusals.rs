//! Bad documents: refused with the place, before anything in them is believed.

use std::time::{Duration, Instant};

use renkei_model::limits::Limits;

use super::laws::SUMMARY;
use super::{CdaError, Notice, read};
use crate::tree::Node;

fn error(xml: &str) -> CdaError {
    read(xml.as_bytes(), &Limits::default()).unwrap_err()
}

/// A document that is good but for what stands in it.
fn with(head: &str, inside: &str) -> String {
    format!(
        "{head}<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><id root=\"1\"/><recordTarget><x>架空</x></recordTarget><component><y>{inside}</y></component></ClinicalDocument>"
    )
}

#[test]
fn xxe() {
    assert!(read(with("", "").as_bytes(), &Limits::default()).is_ok());
    for head in [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>",
        "<!DOCTYPE a [<!ENTITY % x SYSTEM \"http://127.0.0.1/x.dtd\"> %x;]>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE a PUBLIC \"-//x//x\" \"http://127.0.0.1/x.dtd\">",
        "<!doctype a [<!ENTITY x SYSTEM \"expect://id\">]>",
        "<?xml version=\"1.0\"?><!-- x --><!DOCTYPE a>",
        "\n<!DOCTYPE a [<!ENTITY x \"]>\"> ]>",
        "\u{feff}<!DOCTYPE a [<!ENTITY x SYSTEM \"php://filter/read=convert.base64-encode/resource=x\">]>",
    ] {
        let found = error(&with(head, "&x;"));
        assert!(matches!(found, CdaError::Doctype { .. }), "{head}: {found}");
        assert!(found.to_string().contains("a DOCTYPE is refused"));
    }
    // Never closed, in the wrong place.
    for xml in [
        "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">".to_owned(),
        "<!DOCTYPE".to_owned(),
        with("", "<!DOCTYPE a>"),
    ] {
        assert!(matches!(error(&xml), CdaError::Doctype { .. }), "{xml}");
    }
    // Entities without a declaration.
    for reference in ["&x;", "&nbsp;", "&file;", "&#0;", "&#x110000;"] {
        let found = error(&with("", reference));
        assert!(
            matches!(&found, CdaError::Entity { path, .. } if path == "ClinicalDocument/component/y"),
            "{found}"
        );
        let xml = with("", &format!("<z a=\"{reference}\"/>"));
        let found = error(&xml);
        assert!(
            matches!(&found, CdaError::Entity { span, .. } if xml[span.start..].starts_with(reference)),
            "{found}"
        );
    }
}

/// What other readers follow is text here.
#[test]
fn nothing_is_ever_opened() {
    let include = "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"file:///etc/hostname\" parse=\"text\"/>";
    let document = read(
        with("<?xml-stylesheet href=\"file:///etc/hostname\"?>", include).as_bytes(),
        &Limits::default(),
    )
    .unwrap();
    assert!(matches!(document.notices[0], Notice::Instruction { .. }));
    let kept = document.record.root.at(&[
        "component",
        "y",
        "{http://www.w3.org/2001/XInclude}include",
        "@href",
    ]);
    assert_eq!(kept.and_then(Node::text), Some("file:///etc/hostname"));
}

#[test]
fn billion_laughs() {
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY lol \"lol\">");
    for level in 1..10 {
        let before = format!("&lol{};", level - 1)
            .repeat(10)
            .replace("lol0", "lol");
        laughs.push_str(&format!("<!ENTITY lol{level} \"{before}\">"));
    }
    laughs.push_str("]>");
    let quadratic = format!("<!DOCTYPE q [<!ENTITY q \"{}\">]>", "q".repeat(100_000));
    for (head, inside) in [
        (laughs, "&lol9;".to_owned()),
        (quadratic, "&q;".repeat(10_000)),
    ] {
        let start = Instant::now();
        assert!(matches!(
            error(&with(&head, &inside)),
            CdaError::Doctype { .. }
        ));
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn depth_size_and_numbers_are_limited() {
    let deep = "<a>".repeat(100) + &"</a>".repeat(100);
    let found = error(&with("", &deep));
    assert!(
        matches!(
            &found,
            CdaError::TooMuch {
                what: "階層 / levels",
                max: 64,
                ..
            }
        ),
        "{found}"
    );
    let bottomless = with("", &"<a>".repeat(500_000));
    assert!(matches!(
        error(&bottomless),
        CdaError::TooMuch { max: 64, .. }
    ));
    let attributes: String = (0..65).map(|number| format!(" a{number}=''")).collect();
    assert!(matches!(
        error(&with("", &format!("<a{attributes}/>"))),
        CdaError::TooMuch {
            what: "属性 / attributes",
            ..
        }
    ));
    let many: String = (0..500_000)
        .map(|number| format!(" a{number}=''"))
        .collect();
    let start = Instant::now();
    assert!(matches!(
        error(&with("", &format!("<a{many}/>"))),
        CdaError::TooMuch { .. }
    ));
    assert!(matches!(
        error(&with("", &"<a/>".repeat(300_000))),
        CdaError::TooMuch { max: 200_000, .. }
    ));
    let scopes: String = (0..40)
        .map(|number| format!(" xmlns:n{number}='u'"))
        .collect();
    let nested = format!("<a{scopes}><a{scopes}/></a>");
    assert!(matches!(
        error(&with("", &nested)),
        CdaError::TooMuch { max: 64, .. }
    ));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert!(matches!(
        error(&" ".repeat(5_000_001)),
        CdaError::TooMuch { max: 5_000_000, .. }
    ));
}

#[test]
fn what_is_not_well_formed_is_placed() {
    for (inside, rule) in [
        ("<a></b>", "an end that does not fit"),
        ("<a>", "an end that does not fit"),
        ("</a>", "an end that does not fit"),
        ("<a b=c/>", "an attribute that is none"),
        ("<a b='1' b='2'/>", "the same attribute twice"),
        ("<a b='<'/>", "no attribute may have"),
        ("<a b='\u{1}'/>", "no attribute may have"),
        ("a\0b", "a character that XML does not have"),
        ("<a:b/>", "a prefix that is not declared"),
        ("<1/>", "not a name"),
        ("<a xmlns:p=''/>", "not a name"),
        ("a & b", "& without ;"),
        ("<![CDATA[x", "not well-formed"),
        ("<!-- x", "not well-formed"),
        ("<?xml version='1.0'?>", "not at the beginning"),
    ] {
        let found = error(&with("", inside)).to_string();
        assert!(
            found.contains(rule) && found.starts_with("ClinicalDocument/component/y"),
            "{inside}: {found}"
        );
    }
    let good = with("", "");
    assert!(
        error(&format!("{good}<a/>"))
            .to_string()
            .contains("a second document element")
    );
    assert!(
        error(&format!("{good}x"))
            .to_string()
            .contains("text outside")
    );
    assert!(error(&good[..good.len() - 4]).to_string().contains(" / "));
    assert!(
        error(good.strip_suffix("</ClinicalDocument>").unwrap())
            .to_string()
            .contains("never closed")
    );
    assert!(error("<!-- x -->").to_string().contains("no element"));
    assert!(
        !error(&with("", "<架空>x</山田>"))
            .to_string()
            .contains("山田")
    );
}

#[test]
fn charsets_are_named() {
    let bytes = |xml: &str| {
        read(xml.as_bytes(), &Limits::default())
            .unwrap_err()
            .to_string()
    };
    assert!(
        bytes(&with("<?xml version='1.0' encoding='Shift_JIS'?>", ""))
            .contains("the declared encoding")
    );
    assert!(bytes("").contains("an empty body"));
    let ms932 = encoding_rs::SHIFT_JIS.encode(SUMMARY).0;
    assert!(
        read(&ms932, &Limits::default())
            .unwrap_err()
            .to_string()
            .contains("MS932")
    );
    let wide: Vec<u8> = SUMMARY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(
        read(&wide, &Limits::default())
            .unwrap_err()
            .to_string()
            .contains("UTF-16")
    );
    assert!(
        read(
            with("<?xml version='1.0' encoding='utf-8'?>", "").as_bytes(),
            &Limits::default()
        )
        .is_ok()
    );
}

#[test]
fn other_documents_and_missing_parts() {
    for xml in [
        "<a/>",
        "<ClinicalDocument/>",
        "<ClinicalDocument xmlns='urn:hl7-org:v2'/>",
        "<Bundle xmlns='http://hl7.org/fhir'/>",
    ] {
        assert!(matches!(error(xml), CdaError::NotCda { .. }), "{xml}");
    }
    for part in ["id", "recordTarget", "component"] {
        let xml = with("", "")
            .replace(&format!("<{part}"), "<other")
            .replace(&format!("</{part}"), "</other");
        assert!(
            matches!(error(&xml), CdaError::Missing { path, .. } if path == part),
            "{part}"
        );
    }
    let notices = read(with("", "").as_bytes(), &Limits::default())
        .unwrap()
        .notices;
    let lacks: Vec<String> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(lacks.len(), 5);
    assert!(lacks[3].starts_with("ClinicalDocument/author: "));
}

#[test]
fn own_characters_are_named() {
    let xml = with("", "吉\u{e000}田");
    let document = read(xml.as_bytes(), &Limits::default()).unwrap();
    let own = |notice: &&Notice| matches!(notice, Notice::OwnCharacter { path, .. } if path == "ClinicalDocument/component/y");
    assert_eq!(document.notices.iter().filter(own).count(), 1);
}
